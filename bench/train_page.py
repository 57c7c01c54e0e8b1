"""How soon the Train page shows a step, and how soon a training feels a hand on alpha.

Starts the app and real trainings of the 130 lung patches on the CPU, one as the form suggests it
and a tiny one of many steps a second, opens each in a real Chromium and prints medians and 95th
percentiles:

    step to chart      from a step's time in the store to a chart drawn with it
    click to command   from letting go of alpha's slider to the command in the store
    click to step      ... to the beginning of the first step that uses it
    click to chart     ... to a chart drawn with that step

    .venv/bin/python -m bench.train_page
"""

import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, expect, sync_playwright

from seg.store import Run, Store
from tests.browser.server import FLAGS, ROOT, chromium, running
from tests.browser.train_page import (
    ALPHA,
    SAMPLE,
    WAIT_S,
    TrainPage,
    end_trainings,
    start_tiny,
    store_of,
    until,
)

WATCH_S = 40
TURNS = 12
BETWEEN_S = 1.5  # two turns
# When the chart was drawn, and with which step; when a pointer was let go.
NOTE = """
() => {
  const chart = document.querySelector(".st-key-main .plot");
  const newest = () => chart._fullData.find(({ uid }) => uid === "loss").x.at(-1);
  window.drawn = [];
  window.clicked = [];
  new MutationObserver(() => window.drawn.push([Number(chart.dataset.drawn) / 1000, newest()]))
    .observe(chart, { attributes: true, attributeFilter: ["data-drawn"] });
  addEventListener("pointerup", () => window.clicked.push(Date.now() / 1000), true);
}
"""


def main() -> None:
    expect.set_options(timeout=WAIT_S * 1000)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        with running(ROOT / "app.py", SEG_HOME=home, SEG_DEVICE="cpu") as url:
            store = store_of(Path(home))
            try:
                for name, begin in (("as suggested", _start_suggested), ("tiny", start_tiny)):
                    _measure(name, _open(browser, url), begin, store)
            finally:
                end_trainings(store)
        browser.close()


def _open(browser: Browser, url: str) -> TrainPage:
    """A window of the size of a laptop's."""
    return TrainPage(browser.new_page(viewport={"width": 1366, "height": 768}), url)


def _start_suggested(train: TrainPage, store: Store) -> Run:
    """The lung patches, and whatever the form suggests for them."""
    train.open()
    expect(train.start).to_be_enabled()
    train.page.get_by_role("combobox", name="Data set").click()
    train.page.get_by_role("option", name=SAMPLE).click()
    train.facts("80 to learn from, 20 to judge by")
    train.start.click()
    run = store.run(*train.opened())
    train.reaches(3)
    return run


def _measure(name: str, train: TrainPage, begin, store: Store) -> None:
    """One run: watched, then turned."""
    run = begin(train, store)
    train.page.evaluate(NOTE)
    begun = time.time()
    train.page.wait_for_timeout(WATCH_S * 1000)
    ended = time.time()
    drawn = train.page.evaluate("window.drawn")
    steps = {one.step: one for one in store.steps_after(run.id, 0)}
    seen = [_seen(drawn, one.step) - one.at for one in steps.values() if begun < one.at < ended - 5]
    seconds = np.median([one.seconds for one in steps.values()])
    busy = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{name}: {len(steps)} steps of {1000 * seconds:.0f} ms, {len(drawn)} charts, {busy}")
    _row("step to chart", seen)
    for number in range(TURNS):
        _turn(train.page, number)
        until(lambda n=number: len(_turns(store, run)) > n, "the turn is taken")
        train.reaches(_turns(store, run)[-1].step)
        train.page.wait_for_timeout(BETWEEN_S * 1000)
    clicks, drawn = train.page.evaluate("[window.clicked, window.drawn]")
    pairs = list(zip(clicks, _turns(store, run), strict=True))
    used = {one.step: one for one in store.steps_after(run.id, len(steps))}
    _row("click to command", [turn.at - click for click, turn in pairs])
    _row(
        "click to step",
        [used[turn.step].at - used[turn.step].seconds - click for click, turn in pairs],
    )
    _row("click to chart", [_seen(drawn, turn.step) - click for click, turn in pairs])
    train.stop()
    train.page.close()


def _turn(page: Page, number: int) -> None:
    """A click on alpha's slider, left and right of its middle by turns."""
    slider = page.get_by_role("slider", name=ALPHA)
    width = slider.bounding_box()["width"]
    slider.click(position={"x": width * (0.3, 0.6)[number % 2], "y": 10})


def _turns(store: Store, run: Run) -> list:
    """Those that are in force."""
    return [one for one in store.commands(run.id) if one.name == "set" and one.step is not None]


def _seen(drawn: list[tuple[float, float]], step: int) -> float:
    """When a chart with a step was drawn."""
    return next((at for at, newest in drawn if newest >= step), np.nan)


def _row(name: str, seconds: Iterable[float]) -> None:
    """Median, 95th percentile and the most, in milliseconds."""
    values = 1000 * np.array([*seconds])
    p50, p95, most = np.percentile(values, (50, 95, 100))
    figures = f"p50 {p50:6.0f} ms   p95 {p95:6.0f} ms   max {most:6.0f} ms   n {len(values)}"
    print(f"    {name:<17} {figures}")


if __name__ == "__main__":
    main()
