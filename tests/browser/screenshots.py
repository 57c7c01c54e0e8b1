"""The README's pictures, taken from the real app: `make screenshots`."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.server import FLAGS, ROOT, chromium, running
from tests.browser.train_page import WAIT_S, TrainPage, end_trainings, store_of

SCHEMES = ("light", "dark")
SIZE = {"width": 1366, "height": 768}
EPOCHS = 6  # of the recipe's 11 before its picture is taken
EPOCH_S = 60  # at most
SETTLE_MS = 2000


def main(folder: Path) -> None:
    """Both pages in light and dark."""
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        with running(ROOT / "app.py", SEG_HOME=home) as url:
            explore(browser, url, folder)
            try:
                train(browser, url, folder)
            finally:
                end_trainings(store_of(Path(home)))
        browser.close()


def explore(browser: Browser, url: str, folder: Path) -> None:
    """A sample, with the errors in colour."""
    for scheme in SCHEMES:
        page = browser.new_page(viewport=SIZE, color_scheme=scheme)
        page.goto(url)
        page.wait_for_selector('.viewer[data-state="ready"]')
        page.locator(".stage").press("e")
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=folder / f"explore-{scheme}.png")


def train(browser: Browser, url: str, folder: Path) -> None:
    """The 2019 question, as it trains."""
    expect.set_options(timeout=WAIT_S * 1000)
    first = TrainPage(browser.new_page(viewport=SIZE), url).open()
    first.ask("Run this recipe")
    (run_id,) = first.opened()
    done = first.page.get_by_text(f"epoch {EPOCHS} of 11 done")
    expect(done).to_be_visible(timeout=EPOCHS * EPOCH_S * 1000)
    for scheme in SCHEMES:
        window = TrainPage(browser.new_page(viewport=SIZE, color_scheme=scheme), url)
        window.open(f"?run={run_id}").reaches(first.newest())
        window.page.wait_for_timeout(SETTLE_MS)
        window.page.screenshot(path=folder / f"train-{scheme}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
