"""The README's pictures, taken from the real app: `make screenshots`."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.server import FLAGS, ROOT, chromium, running


def main(folder: Path) -> None:
    """Explore in light and dark, with the errors in colour."""
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        with running(ROOT / "app.py", SEG_HOME=home) as url:
            for scheme in ("light", "dark"):
                page = browser.new_page(
                    viewport={"width": 1366, "height": 768}, color_scheme=scheme
                )
                page.goto(url)
                page.wait_for_selector('.viewer[data-state="ready"]')
                page.locator(".stage").press("e")
                page.wait_for_timeout(2000)
                page.screenshot(path=folder / f"explore-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
