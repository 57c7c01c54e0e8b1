"""How long the viewer takes for a frame: 512 and 2048, slider by slider.

Starts the small server of the browser tests, moves one control a frame in a real Chromium
without a GPU, and prints the milliseconds of script a frame costs (what the viewer measures
itself: sampling, threshold, colour, putImageData, numbers) and the time from frame to frame.

    .venv/bin/python -m bench.viewer_frames
"""

from __future__ import annotations

import statistics

from playwright.sync_api import Page, sync_playwright

from tests.browser.server import FLAGS, ROOT, chromium, running

APP = ROOT / "tests" / "browser" / "viewer_app" / "app.py"
SIZES = ("512", "2048")
BUDGET_MS = {"512": 16, "2048": 33}
FRAMES = 120

# One change a frame, as a hand on the control makes them; keys go through the same code.
DRIVE = """
async ([name, frames]) => {
  const root = document.querySelector("[data-testid=stBidiComponentIsolated]").shadowRoot;
  const stage = root.querySelector(".stage");
  const slide = (name, value) => {
    const input = root.querySelector(`[name=${name}]`);
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const key = (key, shiftKey) =>
    stage.dispatchEvent(new KeyboardEvent(
      "keydown", { key, shiftKey, bubbles: true, composed: true }));
  const pick = (name, value) => root.querySelector(`[name=${name}][value=${value}]`).click();
  const wave = (i) => (0.5 + 0.4 * Math.sin(i / 7)).toFixed(2);
  const moves = {
    threshold: (i) => slide("threshold", wave(i)),
    opacity: (i) => slide("opacity", wave(i)),
    window: (i) => key(i % 40 < 20 ? "ArrowRight" : "ArrowLeft", true),
    pan: (i) => key(i % 10 < 5 ? "ArrowRight" : "ArrowLeft", false),
    zoom: (i) => stage.dispatchEvent(new WheelEvent("wheel", {
      deltaY: i % 20 < 10 ? -40 : 40, clientX: 500, clientY: 400, cancelable: true })),
  };
  const [move, layer, style] = name.split(" ");
  pick("layer", layer);
  pick("style", style);
  const next = () => new Promise((done) => requestAnimationFrame(done));
  for (let i = 0; i < 10; i++) { moves[move](i); await next(); }
  performance.clearMeasures("viewer-frame");
  const intervals = [];
  let before = await next();
  for (let i = 0; i < frames; i++) {
    moves[move](i);
    const now = await next();
    intervals.push(now - before);
    before = now;
  }
  await next();
  const frame = performance.getEntriesByName("viewer-frame").map((one) => one.duration);
  const canvas = root.querySelector("canvas");
  return [frame, intervals, canvas.width, canvas.height];
}
"""

CASES = (
    "threshold prediction fill",
    "threshold prediction both",
    "threshold errors both",
    "threshold heat both",
    "opacity prediction both",
    "opacity errors both",
    "window prediction both",
    "window none fill",
    "pan errors both",
    "zoom errors both",
)


def main() -> None:
    with running(APP) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1060, "height": 900})
        print("size  what                       median   p95  budget   frame to frame, median")
        for size in SIZES:
            page.goto(f"{address}/?case={size}")
            page.wait_for_selector(".viewer[data-state='ready']", timeout=60_000)
            for case in CASES:
                print_case(page, size, case)
        browser.close()


def print_case(page: Page, size: str, case: str) -> None:
    frame, intervals, width, height = page.evaluate(DRIVE, [case, FRAMES])
    percentile_95 = statistics.quantiles(frame, n=20)[-1]
    print(
        f"{size:>4}  {case:<25} {statistics.median(frame):7.1f} {percentile_95:5.1f} "
        f"{BUDGET_MS[size]:5d}    {statistics.median(intervals):6.1f}   ({width} x {height})"
    )


if __name__ == "__main__":
    main()
