"""The Train page in the words of the tests: what is clicked, and what then stands on it."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil
from playwright.sync_api import ConsoleMessage, Locator, Page, expect

from seg.store import Run, Store, open_store

WAIT_S = 90  # a training loads TensorFlow at its start, on a busy machine
POLL_S = 0.05
END_S = 10
SAMPLE = "Lung tumours, CT"
EPOCHS = 400  # of the tiny run: far more than any test waits for
REPEATS = 4  # views of each image in an epoch: 40 steps
CROP = 32
ALPHA, BETA = "alpha: cost of a false positive", "beta: cost of a false negative"
# Streamlit looks for its server under the page's own path first.
PROBES = re.compile(r"/train/_stcore/(health|host-config)$")
# The newest step of each run's loss on the chart, by trace; how many points; lines and labels.
CHART = """
() => {
  const chart = document.querySelector(".st-key-main .plot");
  const traces = (chart?._fullData ?? []).filter(({ uid }) => /^loss/.test(uid));
  return {
    runs: Object.fromEntries(traces.map(({ uid, x }) => [uid, [x[0] ?? 0, x.at(-1) ?? 0]])),
    points: traces[0]?.x.length ?? 0,
    lines: (chart?.layout?.shapes ?? []).map(({ x0 }) => x0),
    last: Object.fromEntries((chart?._fullData ?? []).map(({ uid, y }) => [uid, y?.at(-1)])),
  };
}
"""


class TrainPage:
    """One browser window on the Train page.

    Attributes:
        errors: What the browser complained of.
        hosts: Every machine that was asked for something.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        page.set_default_timeout(WAIT_S * 1000)
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda socket: self._asked(socket.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._said)

    def _asked(self, url: str) -> None:
        """A blob and a data URL ask nobody."""
        if host := urlsplit(url).netloc:
            self.hosts.add(host)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not PROBES.search(message.location["url"]):
            self.errors.append(f"{message.text} {message.location['url']}")

    def open(self, query: str = "") -> "TrainPage":
        self.page.goto(f"{self.url}/train{query}")
        return self

    @property
    def start(self) -> Locator:
        return self.page.get_by_role("button", name="Start training")

    def choose_tiny(self) -> None:
        """The lung patches, and a network of two levels that makes many steps a second."""
        page = self.page
        expect(self.start).to_be_enabled()
        page.get_by_role("combobox", name="Data set").click()
        page.get_by_role("option", name=SAMPLE).click()
        self.facts("80 to learn from, 20 to judge by")
        page.get_by_text("Settings: network").click()
        page.get_by_role("radio", name="Smallest").click()
        for head in ("L4", "L3"):
            page.get_by_role("button", name=head, exact=True).click()
        self.facts("32,698 parameters")
        self._number("Optimizer", "Epochs", EPOCHS)
        self._number("Views", "Views of each image in an epoch", REPEATS)
        self._number("Views", "Crop, pixels", CROP)
        self.facts(f"40 an epoch, {40 * EPOCHS:,} in {EPOCHS} epochs")

    def _number(self, tab: str, name: str, value: int) -> None:
        self.page.get_by_role("tab", name=tab, exact=True).click()
        field = self.page.get_by_role("spinbutton", name=name, exact=True)
        field.fill(str(value))
        field.press("Enter")

    def facts(self, text: str) -> None:
        """What a run will take says so."""
        expect(self.page.locator(".st-key-summary .facts")).to_contain_text(text)

    def opened(self) -> tuple[str, ...]:
        """The runs the address names, once it names some."""
        expect(self.page).to_have_url(re.compile(r"/train\?(.*&)?run=[0-9a-f]{12}"))
        return tuple(parse_qs(urlsplit(self.page.url).query)["run"][0].split(","))

    def is_now(self, word: str) -> None:
        """The run's status is this word."""
        expect(self.page.locator(".st-key-run-title .stMarkdownBadge")).to_contain_text(word)

    def chart(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate(CHART)
        return found

    def newest(self, run_id: str = "") -> int:
        """The newest step on the chart, of the one run or of this one of several."""
        _, newest = self.chart()["runs"].get(f"loss-{run_id}" if run_id else "loss", (0, 0))
        return int(newest)

    def reaches(self, step: int, run_id: str = "") -> None:
        """Until a step is on the chart."""
        until(lambda: self.newest(run_id) >= step, f"step {step} is on the page")

    def control(self, name: str, role: Any = "slider") -> Locator:
        return self.page.get_by_role(role, name=name)

    def turn_down(self) -> int:
        """Alpha two tenths down by the keyboard; the first step that used it, as the page says."""
        slider = self.control(ALPHA)
        slider.press("PageDown")
        slider.press("PageDown")
        told = self.page.get_by_text(re.compile(r"^In force from step [\d,]+: alpha 0\.3, beta"))
        return int(told.inner_text().split()[4].strip(":").replace(",", ""))

    def ask(self, name: str) -> None:
        """One of the buttons."""
        self.page.get_by_role("button", name=name).click()

    def stop(self) -> None:
        """After this step."""
        self.page.get_by_test_id("stPopover").filter(has_text="Stop").get_by_role("button").click()
        self.page.get_by_role("button", name="Stop after this step").click()
        self.is_now("Stopped")

    def row(self, name: str) -> Locator:
        """A run in the list."""
        return self.page.locator(".runs tbody tr", has_text=name)


def until(is_so: Callable[[], object], what: str) -> None:
    """Until something is so that a page does not show.

    Raises:
        AssertionError: It is not in time.
    """
    end = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < end, f"Not in {WAIT_S} s: {what}."
        time.sleep(POLL_S)


def store_of(home: Path) -> Store:
    """The store of a server with this home."""
    return open_store(f"sqlite:///{home / 'store.sqlite'}")


def start_tiny(train: TrainPage, store: Store) -> Run:
    """A tiny run by the form and one click, with its first steps on the page."""
    train.open().choose_tiny()
    train.start.click()
    run = store.run(*train.opened())
    train.reaches(3)
    return run


def end_trainings(store: Store) -> None:
    """End by force what still trains: it outlives its server by design."""
    ids = {run.id for run in store.runs()}
    ended = [
        process
        for process in psutil.process_iter(["cmdline"])
        if ids & set(process.info["cmdline"] or ())
    ]
    for process in ended:
        process.kill()
    psutil.wait_procs(ended, timeout=END_S)
