"""How long the first page and a prediction take, beside what the bare model takes.

Starts the app as `make run` does, opens pages in a real Chromium, and prints medians:

    first page      from the address to the sample's overlay on screen, server running
    warm overlay    from a click on a checkpoint to its Dice on the page, a 256 x 256 image
    bare model      the same network's pass alone, in a process of its own

    .venv/bin/python -m bench.explore
"""

import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.server import FLAGS, ROOT, chromium, running
from tests.images import png

CHECKPOINT = ROOT / "samples" / "checkpoints" / "nuclei-dice-0.5-0.5.safetensors"
TITLES = ("Nuclei, Dice 0.5/0.5", "Nuclei, Tversky 0.3/0.7")
SIDE = 256
REPEATS = 7
QUIET = {"SEG_DEVICE": "cpu", "SEG_RESULTS_MEMORY_MB": "0", "SEG_RESULTS_DISK_MB": "0"}


def main() -> None:
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        start = time.perf_counter()
        with running(ROOT / "app.py", **QUIET, SEG_HOME=home) as url:
            print(f"server answers after            {time.perf_counter() - start:6.2f} s")
            pages = [_open(browser.new_page(), url) for _ in range(REPEATS)]
            print(f"first page, its first visit     {pages[0]:6.2f} s")
            print(f"first page, running server      {statistics.median(pages[1:]):6.2f} s")
            warm = _warm(browser.new_page(), url)
            print(f"click to overlay, 256 x 256     {1000 * statistics.median(warm):6.0f} ms")
        browser.close()
    bare = _bare()
    print(f"bare model, 256 x 256, mean     {1000 * statistics.median(bare):6.0f} ms")
    print(
        f"ratio                           {statistics.median(warm) / statistics.median(bare):6.2f}"
    )


def _open(page: Page, url: str) -> float:
    """Seconds from the address to an overlay that is painted."""
    start = time.perf_counter()
    page.goto(url)
    page.wait_for_selector('.viewer[data-state="ready"]')
    seconds = time.perf_counter() - start
    page.close()
    return seconds


def _warm(page: Page, url: str) -> list[float]:
    """Seconds from choosing the other checkpoint to its Dice on the page, both networks warm.

    The server keeps no results here, so that each choice is predicted anew.
    """
    page.set_default_timeout(120_000)
    expect.set_options(timeout=120_000)
    page.goto(url)
    page.wait_for_selector('.viewer[data-state="ready"]')
    expect(page.get_by_role("heading", name="All cases, worst first")).to_be_visible()
    page.get_by_role("button", name="Bring your own images").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(_files())
    expect(page.get_by_role("heading", name="cut")).to_be_visible()
    page.keyboard.press("Escape")
    dice = page.get_by_test_id("stMetricValue").first
    seconds = []
    for number in range(REPEATS + 3):
        page.wait_for_timeout(1000)
        before = dice.inner_text()
        box = page.get_by_role("combobox", name="Checkpoint")
        box.click()
        option = page.get_by_role("option", name=TITLES[number % 2 == 0], exact=True)
        option.wait_for()
        start = time.perf_counter()
        option.click()
        expect(dice).not_to_have_text(before)
        seconds.append(time.perf_counter() - start)
    page.close()
    return seconds[3:]


def _files() -> list[dict[str, object]]:
    """256 x 256 pixels of a sample and of its mask."""
    folder = ROOT / "samples" / "nuclei"
    files = []
    for kind, name in (("images", "cut.png"), ("masks", "cut_mask.png")):
        with Image.open(folder / kind / "fluo-360-1.png") as image:
            pixels = np.asarray(image)[:SIDE, :SIDE]
        files.append({"name": name, "mimeType": "image/png", "buffer": png(pixels)})
    return files


def _bare() -> list[float]:
    """Seconds of the network's pass on the same size, warm."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    from seg.checkpoint import open_checkpoint
    from seg.network import forward, load

    checkpoint = open_checkpoint(Path(CHECKPOINT))
    run = forward(load(checkpoint), checkpoint.metadata.architecture.heads, "mean")
    image = np.zeros((1, SIDE, SIDE, 3), np.float32)
    run(image)
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run(image)
        seconds.append(time.perf_counter() - start)
    return seconds


if __name__ == "__main__":
    main()
