"""The viewer in a real Chromium: a real server, synthetic planes with known answers."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from playwright.sync_api import Browser, ConsoleMessage, FloatRect, Page, ViewportSize, expect

from pages.widgets.viewer import ClassInfo, Plane, ViewerData, Window, viewer
from tests.browser.server import ROOT, running

APP = ROOT / "tests" / "browser" / "viewer_app"
sys.path.insert(0, str(APP))
from planes import make_case  # noqa: E402

SIZE: ViewportSize = {"width": 1100, "height": 900}
GROUND = (11, 13, 16)
YELLOW, BLUE = (240, 228, 66), (86, 180, 233)
GREEN, ORANGE, PURPLE = (0, 158, 115), (230, 159, 0), (204, 121, 167)


@pytest.fixture(scope="module")
def viewer_server() -> Iterator[str]:
    with running(APP / "app.py") as url:
        yield url


@pytest.fixture(scope="module")
def viewer_shown(browser: Browser) -> Iterator[Shown]:
    """One page for the file, loaded anew for each test: its scripts are then compiled once."""
    context = browser.new_context(viewport=SIZE)
    context.set_default_timeout(8000)
    yield Shown(context.new_page())
    context.close()


class Shown:
    """A page with the viewer on it, in the words of the tests."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.sent = 0
        self._pixels: np.ndarray[Any, Any] | None = None
        self.errors: list[str] = []
        page.on("websocket", lambda socket: socket.on("framesent", self._count))
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _count(self, _: Any) -> None:
        self.sent += 1

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def open(self, url: str, state: str) -> Shown:
        self.page.set_viewport_size(SIZE)
        self.page.emulate_media(color_scheme="light", reduced_motion="no-preference")
        self.errors.clear()
        if self.page.url.startswith("http"):
            self.page.evaluate("sessionStorage.clear()")
        self.page.goto(url)
        self.page.wait_for_selector(f".viewer[data-state='{state}']")
        return self.settle()

    def settle(self) -> Shown:
        """Wait until what was asked for is painted: a frame, and one more."""
        self._pixels = None
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        return self

    def press(self, *keys: str) -> Shown:
        for key in keys:
            self.page.locator(".stage").press(key)
        return self.settle()

    def box(self, selector: str) -> FloatRect:
        box = self.page.locator(selector).bounding_box()
        assert box is not None
        return box

    def pixels(self) -> np.ndarray[Any, Any]:
        """The canvas as (H, W, 3) uint8, as it was when first asked for after `settle`."""
        if self._pixels is not None:
            return self._pixels
        width, height, text = self.page.locator("canvas").evaluate(
            """canvas => {
                const data = canvas.getContext('2d')
                    .getImageData(0, 0, canvas.width, canvas.height).data;
                let text = '';
                for (let i = 0; i < data.length; i += 8192)
                    text += String.fromCharCode(...data.subarray(i, i + 8192));
                return [canvas.width, canvas.height, btoa(text)];
            }"""
        )
        raw = np.frombuffer(base64.b64decode(text), np.uint8)
        self._pixels = raw.reshape(height, width, 4)[:, :, :3]
        return self._pixels

    def picture(self) -> np.ndarray[Any, Any]:
        """The part of the canvas that is not ground."""
        pixels = self.pixels()
        on = (pixels != GROUND).any(axis=2)
        rows, columns = np.flatnonzero(on.any(axis=1)), np.flatnonzero(on.any(axis=0))
        return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]

    def colour(self, x: float, y: float) -> tuple[int, ...]:
        """Colour at a place of the picture, both 0..1."""
        picture = self.picture()
        row, column = int(y * picture.shape[0]), int(x * picture.shape[1])
        return tuple(int(value) for value in picture[row, column])

    def scores(self) -> dict[str, str]:
        items = self.page.locator(".scores > div").all()
        return {one.locator("dt").inner_text(): one.locator("dd").inner_text() for one in items}

    def set_threshold(self, threshold: float) -> Shown:
        self.page.locator("[name=threshold_number]").fill(f"{threshold:.2f}")
        return self.settle()

    def set_opacity(self, opacity: float) -> Shown:
        self.page.locator("[name=opacity]").fill(str(opacity))
        return self.settle()

    def window_name(self) -> str:
        return self.page.locator("[name=window] option:checked").inner_text()

    def now(self, case: str) -> Shown:
        """Wait until that case is the picture."""
        expect(self.page.get_by_text(re.compile(rf"for {case}$"))).to_be_visible()
        self.page.wait_for_selector(".viewer[data-state='ready']")
        return self.settle()

    def choose_case(self, case: str) -> None:
        field = self.page.get_by_label("Case")
        field.fill(case)
        field.press("Enter")


Opener = Callable[..., Shown]


@pytest.fixture
def viewer_open(viewer_server: str, viewer_shown: Shown) -> Opener:
    def opener(case: str, state: str = "ready", more: str = "") -> Shown:
        return viewer_shown.open(f"{viewer_server}/?case={case}{more}", state)

    return opener


def expected_scores(case: str, threshold: float) -> dict[str, str]:
    """Dice, sensitivity and precision from their definitions, over the pixels themselves."""
    one = make_case(case)
    assert one.truth is not None
    assert one.probability is not None
    mask_pred = one.probability >= round(threshold * 10_000)
    mask_true = one.truth == 1
    tp, fp = int((mask_true & mask_pred).sum()), int((~mask_true & mask_pred).sum())
    fn = int((mask_true & ~mask_pred).sum())
    assert fp != fn
    return {
        "Dice": f"{2 * tp / (2 * tp + fp + fn):.3f}",
        "Sensitivity": f"{tp / (tp + fn):.3f}",
        "Precision": f"{tp / (tp + fp):.3f}" if tp + fp else "–",
    }


def blend(grey: int, colour: tuple[int, ...], alpha: float) -> tuple[int, ...]:
    return tuple(round(grey * (1 - alpha) + part * alpha) for part in colour)


def near(colour: tuple[int, ...], wanted: tuple[int, ...], within: int = 1) -> bool:
    return all(abs(a - b) <= within for a, b in zip(colour, wanted, strict=True))


def near_all(pixels: np.ndarray[Any, Any], wanted: tuple[int, ...]) -> np.ndarray[Any, Any]:
    return np.abs(pixels.astype(int) - wanted).max(axis=2) <= 1


def test_scores_follow_the_threshold_exactly(viewer_open: Opener) -> None:
    shown = viewer_open("discs")
    for threshold in (0.5, 0.03, 0.29, 0.57, 0.58, 0.99, 1.0):
        shown.set_threshold(threshold)
        assert shown.scores() == expected_scores("discs", threshold), threshold
    assert shown.errors == []


def test_overlay_has_its_colours_where_it_should(viewer_open: Opener) -> None:
    shown = viewer_open("quarters").press("x")  # From "both" on to "fill".
    found, too_much, missed, clear = (0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)
    assert near(shown.colour(*found), blend(100, YELLOW, 0.45))
    assert near(shown.colour(*too_much), blend(100, YELLOW, 0.45))
    assert near(shown.colour(*missed), (100, 100, 100))
    assert near(shown.colour(*clear), (100, 100, 100))
    shown.press("t")
    assert near(shown.colour(*missed), blend(100, BLUE, 0.45))
    assert near(shown.colour(*too_much), (100, 100, 100))
    shown.press("e").set_opacity(1)
    assert near(shown.colour(*found), GREEN)
    assert near(shown.colour(*too_much), ORANGE)
    assert near(shown.colour(*clear), (100, 100, 100))
    corner = shown.picture()[-200:-100, 100:200].reshape(-1, 3)
    hatch = {tuple(int(v) for v in one) for one in corner}
    assert hatch == {PURPLE, blend(100, PURPLE, 0.6)}  # Misses are told without colour too.
    shown.press("i")
    assert near(shown.colour(*found), (100, 100, 100))
    shown.press("m")
    assert near(shown.colour(*found), (189, 223, 38), within=6)  # viridis(0.9)


def test_contour_is_a_rim(viewer_open: Opener) -> None:
    shown = viewer_open("quarters")
    shown.page.get_by_role("radio", name="Contour").check()
    shown.set_opacity(1)
    assert near(shown.colour(0.25, 0.25), (100, 100, 100))
    picture = shown.picture()
    assert near(tuple(picture[1, 200]), YELLOW)  # Along the rim of the picture,
    half = picture.shape[0] // 2
    assert near(tuple(picture[half - 1, 200]), YELLOW)  # on the prediction's side of its border
    assert near(tuple(picture[half + 1, 200]), (100, 100, 100))  # and not on the other.


def test_nothing_is_sent_until_release(viewer_open: Opener) -> None:
    shown = viewer_open("discs")
    mouse = shown.page.mouse
    before = shown.sent
    slider = shown.box("[name=threshold]")
    y = slider["y"] + slider["height"] / 2
    mouse.move(slider["x"] + slider["width"] / 2, y)
    mouse.down()
    seen = set()
    for step in range(1, 21):
        mouse.move(slider["x"] + slider["width"] * (0.5 + step * 0.015), y)
        seen.add(shown.settle().scores()["Dice"])
    shown.page.wait_for_timeout(600)  # Longer than the pause that ends a run of keys.
    assert len(seen) > 10
    assert shown.sent == before
    mouse.up()
    chosen = float(shown.page.locator("[name=threshold_number]").input_value())
    assert 0.7 < chosen < 0.9
    expect(shown.page.get_by_text(f"Python has {chosen:.2f}")).to_be_visible()
    assert shown.sent > before
    assert shown.scores() == expected_scores("discs", chosen)


def test_window_opacity_pan_and_zoom_send_nothing(viewer_open: Opener) -> None:
    shown = viewer_open("quarters").press("i")
    before, mouse, stage = shown.sent, shown.page.mouse, shown.box(".stage")
    x, y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
    state = shown.page.locator(".state")
    assert "W 255 L 127.5" in " ".join(state.inner_text().split())
    drags: list[tuple[Literal["left", "right"], bool]] = [("right", False), ("left", True)]
    for button, shift in drags:
        grey = shown.settle().colour(0.25, 0.25)
        mouse.move(x, y)
        if shift:
            shown.page.keyboard.down("Shift")
        mouse.down(button=button)
        mouse.move(x, y - 60, steps=3)
        mouse.up(button=button)
        shown.page.keyboard.up("Shift")
        assert shown.settle().colour(0.25, 0.25) > grey  # Up brightens.
    assert shown.page.locator("[name=window] option:checked").inner_text() == "Custom"
    shown.page.locator("[name=window]").select_option("Full")
    mouse.move(x, y)
    mouse.wheel(0, -400)
    shown.settle()
    mouse.down()
    mouse.move(x + 80, y + 40, steps=3)
    mouse.up()
    shown.set_opacity(0.9)
    shown.page.wait_for_timeout(500)
    assert shown.sent == before
    assert shown.errors == []


def test_wheel_zooms_to_the_pointer(viewer_open: Opener) -> None:
    shown = viewer_open("discs")
    stage = shown.box(".stage")
    mouse = shown.page.mouse
    mouse.move(stage["x"] + stage["width"] * 0.45, stage["y"] + stage["height"] * 0.3)
    before = shown.settle().page.locator(".readout").inner_text()
    for _ in range(4):
        mouse.wheel(0, -240)
        shown.settle()
    assert shown.page.locator(".readout").inner_text() == before
    assert shown.page.locator(".state").inner_text().split()[-2] != "292"


def test_keys(viewer_open: Opener) -> None:
    shown = viewer_open("discs")
    page = shown.page
    state = page.locator(".state")
    fitted = state.inner_text()
    shown.press("+")
    assert state.inner_text() != fitted
    shown.press("0")
    assert state.inner_text() == fitted
    shown.press("1")
    assert "100 %" in state.inner_text()
    shown.press("f", "e")
    expect(page.locator("[name=layer][value=errors]")).to_be_checked()
    window = state.inner_text()
    shown.press("Shift+ArrowRight")
    assert state.inner_text() != window
    shown.press("]", "]", "]")
    assert page.locator("[name=threshold_number]").input_value() == "0.53"
    expect(page.get_by_text("Python has 0.53")).to_be_visible()
    shown.press("+", "+", "ArrowRight")
    expect(page.locator(".readout")).to_contain_text("intensity")


def test_keys_belong_to_the_field_that_has_the_focus(viewer_open: Opener) -> None:
    shown = viewer_open("quarters")
    page = shown.page
    stage = shown.box(".stage")
    page.get_by_label("Given threshold").click()
    page.mouse.move(stage["x"] + 50, stage["y"] + 50)
    page.keyboard.type("t1+")
    assert page.get_by_label("Given threshold").input_value() == "0.5t1+"
    expect(page.locator("[name=layer][value=prediction]")).to_be_checked()
    page.get_by_label("Given threshold").fill("0.5")
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(stage["x"] + 50, stage["y"] + 50)
    page.keyboard.press("t")  # No field has the focus and the pointer is over the picture.
    expect(page.locator("[name=layer][value=truth]")).to_be_checked()


def test_help_opens_and_closes(viewer_open: Opener) -> None:
    shown = viewer_open("quarters").press("?")
    panel = shown.page.get_by_role("dialog", name="Keys and gestures")
    expect(panel).to_be_visible()
    expect(panel).to_contain_text("Fit to the window")
    expect(shown.page.get_by_role("button", name="Close")).to_be_focused()
    shown.page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(shown.page.locator(".stage")).to_be_focused()
    shown.page.get_by_role("button", name="Keys and gestures").click()
    expect(panel).to_be_visible()


def test_swipe_parts_with_and_without(viewer_open: Opener) -> None:
    shown = viewer_open("quarters").press("x", "s").set_opacity(1)
    assert near(shown.colour(0.4, 0.25), YELLOW)
    assert near(shown.colour(0.6, 0.25), (100, 100, 100))
    divider, stage = shown.box(".divider"), shown.box(".stage")
    mouse = shown.page.mouse
    mouse.move(divider["x"] + divider["width"] / 2, divider["y"] + 300)
    mouse.down()
    mouse.move(stage["x"] + stage["width"] / 2 + 140, divider["y"] + 300, steps=4)
    mouse.up()
    assert near(shown.settle().colour(0.6, 0.25), YELLOW)
    slider = shown.page.get_by_role("slider", name="Divider")
    now = float(slider.get_attribute("aria-valuenow") or 0)
    slider.press("ArrowLeft")
    shown.settle()
    assert float(slider.get_attribute("aria-valuenow") or 0) == pytest.approx(now - 2, abs=1)


def test_another_case_is_another_picture(viewer_open: Opener) -> None:
    shown = viewer_open("quarters").press("+", "+")
    shown.choose_case("colours")
    expect(shown.page.get_by_text("for colours")).to_be_visible()
    shown.page.wait_for_selector(".viewer[data-state='ready']")
    shown.settle()
    for x, wanted in ((0.15, (200, 0, 0)), (0.5, (0, 200, 0)), (0.85, (0, 0, 200))):
        assert near(shown.colour(x, 0.5), wanted)
    assert shown.picture().shape[0] == shown.pixels().shape[0]  # Fitted again.
    assert shown.scores() == {}
    expect(shown.page.locator("[name=layer][value=none]")).to_be_checked()


def test_another_checkpoint_keeps_zoom_and_pan(viewer_open: Opener) -> None:
    shown = viewer_open("quarters").press("x", "+", "ArrowLeft")
    picture, where = shown.pixels(), shown.page.locator(".state").inner_text()
    assert shown.scores()["Dice"] == "0.500"  # 400 found, 400 too much, 400 missed.
    shown.page.get_by_text("Other checkpoint").click()
    expect(shown.page.locator(".scores dd").first).to_have_text(
        "0.667"
    )  # 400 found and 400 missed.
    assert shown.settle().page.locator(".state").inner_text() == where
    was_on = near_all(picture, blend(100, YELLOW, 0.45))
    is_on = near_all(shown.pixels(), blend(100, YELLOW, 0.45))
    assert not (is_on & ~was_on).any()
    assert 0 < is_on.sum() < was_on.sum()


def test_a_late_case_never_shows_under_another_name(viewer_open: Opener) -> None:
    shown = viewer_open("quarters").press("i")
    shown.choose_case("slow")
    shown.page.wait_for_selector(".viewer[data-state='loading']")
    assert (shown.settle().pixels() == GROUND).all()  # Not the older case either.
    shown.choose_case("quarters")
    expect(shown.page.get_by_text("for quarters")).to_be_visible()
    shown.page.wait_for_timeout(1500)
    assert near(shown.settle().colour(0.5, 0.5), (100, 100, 100))
    label = shown.page.locator(".stage").get_attribute("aria-label")
    assert label == "Picture of quarters. Press ? for keys."  # A case without a name of its own.


def test_a_dead_link_is_told_calmly(viewer_open: Opener) -> None:
    shown = viewer_open("gone", state="failed")
    message = shown.page.locator(".message")
    expect(message).to_have_text("This picture's link has ended with its session. Reload the page.")
    assert (shown.pixels() == GROUND).all()


def test_a_cut_plane_is_not_shown(viewer_open: Opener) -> None:
    shown = viewer_open("short", state="failed")
    expect(shown.page.locator(".message")).to_contain_text("did not arrive whole")
    assert near(shown.colour(0.25, 0.25), (100, 100, 100))  # The image alone, no overlay.
    assert shown.scores() == {}


def test_sixteen_bits_and_presets(viewer_open: Opener) -> None:
    shown = viewer_open("wide").press("i")
    picture = shown.picture()
    assert near(tuple(picture[10, 2]), (0, 0, 0))
    assert near(tuple(picture[10, -3]), (255, 255, 255))
    assert near(shown.colour(0.5, 0.5), (128, 128, 128), within=3)
    shown.press("v")
    assert near(shown.colour(0.29, 0.5), (0, 0, 0))
    assert near(shown.colour(0.64, 0.5), (255, 255, 255))


def test_area_where_there_is_no_truth(viewer_open: Opener) -> None:
    shown = viewer_open("wide").set_threshold(0.25)
    stored = make_case("wide").probability
    assert stored is not None
    pixels = int((stored >= 2500).sum())
    texts = shown.page.locator(".scores dd").all_inner_texts()
    assert texts == [f"{pixels:,} px, {pixels * 0.25:,.0f} mm²"]
    expect(shown.page.locator("[name=layer][value=errors]")).to_be_disabled()


def test_empty_masks(viewer_open: Opener) -> None:
    shown = viewer_open("empty").set_threshold(0.5)
    assert shown.scores() == {"Dice": "0.000", "Sensitivity": "–", "Precision": "0.000"}
    shown.set_threshold(0.6)
    assert shown.scores() == {"Dice": "1.000", "Sensitivity": "–", "Precision": "–"}
    titles = [one.get_attribute("title") or "" for one in shown.page.locator(".scores > div").all()]
    assert "the truth has no pixel" in titles[1]
    assert "no pixel is predicted" in titles[2]


def test_argmax_and_names_that_are_markup(viewer_open: Opener) -> None:
    shown = viewer_open("argmax")
    expect(shown.page.locator("[name=threshold]")).to_be_disabled()
    assert "most probable" in (shown.page.locator(".threshold").get_attribute("title") or "")
    case = make_case("argmax")
    assert case.probability is not None
    mask_pred, mask_true = case.probability.argmax(axis=0) == 1, case.truth == 1
    tp = (mask_pred & mask_true).sum()
    assert mask_pred.sum() != mask_true.sum()
    assert shown.scores()["Dice"] == f"{2 * tp / (mask_pred.sum() + mask_true.sum()):.3f}"
    assert shown.page.locator(".legend .name").inner_text() == "<img src=x onerror=alert(1)>"
    assert shown.page.locator(".viewer img").count() == 0
    assert shown.errors == []


def test_one_pixel_is_seen_in_a_large_picture(viewer_open: Opener) -> None:
    shown = viewer_open("speck").press("e").set_opacity(1)
    for style in ("both", "fill", "contour"):
        pixels = shown.pixels().reshape(1, -1, 3)
        for colour in (ORANGE, PURPLE):
            lit = near_all(pixels, colour) | near_all(pixels, blend(60, colour, 0.6))
            assert 1 <= lit.sum() <= 4, (style, colour)
        shown.press("x")


def test_unequal_spacing_and_scale_bar(viewer_open: Opener) -> None:
    shown = viewer_open("discs").press("i")
    height, width = shown.picture().shape[:2]
    assert width / height == pytest.approx(128 * 0.5 / (96 * 1.0), abs=0.01)
    bar = shown.box(".scale i")["width"]
    length = float(shown.page.locator(".scale span").inner_text().split()[0])
    assert bar * 96.0 / height == pytest.approx(length, rel=0.01)
    assert viewer_open("quarters").page.locator(".scale").is_hidden()


def test_a_given_threshold_moves_the_slider_and_an_echo_does_not(viewer_open: Opener) -> None:
    shown = viewer_open("discs").press("}")
    expect(shown.page.get_by_text("Python has 0.55")).to_be_visible()
    field = shown.page.get_by_label("Given threshold")
    field.fill("0.55")
    field.press("Enter")
    shown.press("}")
    expect(shown.page.get_by_text("Python has 0.60")).to_be_visible()
    field.fill("0.3")
    field.press("Enter")
    expect(shown.page.get_by_text("Python has 0.30")).to_be_visible()
    expect(shown.page.locator("[name=threshold_number]")).to_have_value("0.30")
    assert shown.settle().scores() == expected_scores("discs", 0.3)


def test_leaves_and_comes_back(viewer_open: Opener) -> None:
    shown = viewer_open("quarters")
    box = shown.page.get_by_text("Mounted")
    for _ in range(2):
        box.click()
        expect(shown.page.locator(".stage")).to_have_count(0)
        shown.page.keyboard.press("+")
        box.click()
        shown.page.wait_for_selector(".viewer[data-state='ready']")
    assert near(shown.settle().press("i").colour(0.5, 0.5), (100, 100, 100))
    assert shown.errors == []


def test_narrow_and_dark(viewer_open: Opener) -> None:
    shown = viewer_open("discs")
    shown.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    for width in (800, 390):
        shown.page.set_viewport_size({"width": width, "height": 800})
        shown.page.wait_for_timeout(200)
        box = shown.settle().box(".viewer")
        assert box["x"] + box["width"] <= width
        assert not shown.page.locator(".viewer").evaluate(
            "viewer => viewer.scrollWidth > viewer.clientWidth + 1"
        )
        assert shown.picture().shape[0] == shown.pixels().shape[0]  # Still fitted.
    assert shown.errors == []


def test_the_name_is_text_for_the_eye_and_for_screen_readers(viewer_open: Opener) -> None:
    shown = viewer_open("wide")
    name = "Slice 7 <b>of</b> 9"
    expect(shown.page.get_by_label(f"Picture of {name}. Press ? for keys.")).to_be_visible()
    assert shown.page.locator(".state .case").inner_text() == name
    shown.choose_case("colours")
    shown.now("colours")
    expect(shown.page.locator(".spoken")).to_have_text("colours")
    expect(shown.page.locator(".state .case")).to_be_hidden()  # Its identity is nothing to read.


def test_a_preset_stays_by_name_in_its_series_only(viewer_open: Opener) -> None:
    shown = viewer_open("wide").press("v")
    assert shown.window_name() == "High"
    shown.choose_case("next_of_series")
    shown.now("next_of_series").press("i")
    assert shown.window_name() == "High"
    assert near(shown.colour(0.43, 0.5), (0, 0, 0))  # By its own numbers: black below 30000.
    for case, default in (("stranger", "Half"), ("next_of_series", "High"), ("wide", "Full")):
        shown.choose_case(case)
        assert shown.now(case).window_name() == default, case
    shown.choose_case("stranger")
    assert shown.now("stranger").press("v").window_name() == "High"
    for case in ("loner", "another_loner"):  # No series is not one more series.
        shown.choose_case(case)
        assert shown.now(case).window_name() == "Half", case
        shown.press("v")


def test_a_preset_nobody_chose_is_not_kept(viewer_open: Opener) -> None:
    shown = viewer_open("wide")
    assert shown.window_name() == "Full"
    shown.choose_case("next_of_series")  # Knows "Full" too, but starts from "High".
    assert shown.now("next_of_series").window_name() == "High"


def test_help_hides_what_is_under_it(viewer_open: Opener) -> None:
    shown = viewer_open("colours").press("s", "?")
    panel = shown.page.locator(".help")
    assert panel.evaluate("panel => getComputedStyle(panel).backgroundColor") == "rgb(11, 13, 16)"
    ring = "one => [getComputedStyle(one).outlineStyle, getComputedStyle(one).borderTopColor]"
    assert shown.page.locator(".close").evaluate(ring) == ["solid", "rgba(0, 0, 0, 0)"]
    expect(panel).to_contain_text("Page Up/Down")
    box = panel.bounding_box()
    assert box is not None
    for share in (0.25, 0.5, 0.75):  # Also over the divider, which is in the middle.
        x, y = box["x"] + box["width"] * share, box["y"] + box["height"] / 2
        hit = "(panel, at) => panel.contains(panel.getRootNode().elementFromPoint(...at))"
        assert panel.evaluate(hit, [x, y])


def test_the_picture_grows_with_the_window(viewer_open: Opener) -> None:
    shown = viewer_open("discs", more="&height=460")
    for width, height, wanted in ((1920, 1080, 626.4), (1366, 768, 460), (900, 1000, 580)):
        shown.page.set_viewport_size({"width": width, "height": height})
        shown.page.wait_for_timeout(200)
        assert shown.settle().box(".stage")["height"] == pytest.approx(wanted, abs=0.5)
        assert shown.pixels().shape[0] == pytest.approx(wanted, abs=1)
        assert shown.picture().shape[0] == shown.pixels().shape[0]  # Fitted to the new size.


def test_the_look_outlives_a_reload(viewer_open: Opener) -> None:
    shown = viewer_open("quarters").press("e", "x").set_opacity(0.8).press("}")
    expect(shown.page.get_by_text("Python has 0.55")).to_be_visible()
    shown.page.reload()
    shown.page.wait_for_selector(".viewer[data-state='ready']")
    assert near(shown.settle().colour(0.75, 0.25), ORANGE)  # 0.8 * 1.3 is opaque.
    expect(shown.page.locator("[name=layer][value=errors]")).to_be_checked()
    expect(shown.page.locator("[name=style][value=fill]")).to_be_checked()
    assert shown.page.locator("[name=opacity]").input_value() == "0.8"
    assert shown.page.locator("[name=threshold_number]").input_value() == "0.50"
    kept = shown.page.evaluate("JSON.stringify(sessionStorage)")
    assert "0.55" not in kept
    assert "quarters" not in kept
    assert shown.errors == []


@pytest.mark.parametrize(
    "kept", ["{", "7", '{"layer": "none!", "style": 1, "opacity": null}', '{"opacity": 40}']
)
def test_a_look_that_makes_no_sense_is_ignored(viewer_open: Opener, kept: str) -> None:
    shown = viewer_open("quarters")
    shown.page.evaluate("kept => sessionStorage.setItem('seg.viewer.look', kept)", kept)
    shown.page.reload()
    shown.page.wait_for_selector(".viewer[data-state='ready']")
    expect(shown.page.locator("[name=layer][value=prediction]")).to_be_checked()
    expect(shown.page.locator("[name=style][value=both]")).to_be_checked()
    assert shown.page.locator("[name=opacity]").input_value() == "0.45"


def test_without_storage_the_viewer_still_works(browser: Browser, viewer_server: str) -> None:
    page = browser.new_page(viewport=SIZE)
    page.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('no'); } })"
    )
    page.goto(f"{viewer_server}/?case=quarters")
    page.wait_for_selector(".viewer[data-state='ready']")
    shown = Shown(page).press("e")
    expect(page.locator("[name=layer][value=errors]")).to_be_checked()
    assert near(shown.set_opacity(1).colour(0.75, 0.25), ORANGE)
    page.close()


def test_page_keys_step_through_the_strip(viewer_open: Opener) -> None:
    shown = viewer_open("quarters", more="&strip=1").press("PageDown").now("colours")
    assert near(shown.colour(0.15, 0.5), (200, 0, 0))
    expect(shown.page.locator(".stage")).to_be_focused()
    expect(shown.page.locator(".frame[aria-selected=true]")).to_contain_text("stopped")
    shown.press("PageUp").now("quarters").press("PageUp").now("discs")
    sent = shown.sent
    shown.press("PageUp").page.wait_for_timeout(400)  # The first case has none before it.
    assert shown.sent == sent
    shown.press("PageDown", "PageDown").now("colours")  # Faster than the server answers.
    assert shown.errors == []


def test_page_keys_belong_to_a_slider_and_to_the_help(viewer_open: Opener) -> None:
    shown = viewer_open("quarters", more="&strip=1")
    shown.page.locator("[name=opacity]").press("PageDown")
    assert float(shown.page.locator("[name=opacity]").input_value()) < 0.45
    shown.press("?")
    shown.page.keyboard.press("PageDown")
    shown.page.wait_for_timeout(500)
    expect(shown.page.get_by_text("for quarters")).to_be_visible()


def test_nobody_listens_once_the_strip_has_left(viewer_open: Opener) -> None:
    shown = viewer_open("quarters", more="&strip=1")
    unheard = """() => window.dispatchEvent(
        new CustomEvent('seg:step-case', { detail: 1, cancelable: true }))"""
    shown.page.get_by_text("Mounted").click()
    expect(shown.page.locator(".strip")).to_have_count(0)
    assert shown.page.evaluate(unheard) is True
    shown.page.get_by_text("Mounted").click()
    expect(shown.page.locator(".strip")).to_have_count(1)
    shown.now("quarters")
    assert shown.page.evaluate(unheard) is False
    shown.now("colours")


def test_strip_keys(viewer_open: Opener) -> None:
    shown = viewer_open("quarters", more="&strip=1")
    frames, page = shown.page.locator(".frame"), shown.page
    page.get_by_label("Other checkpoint").focus()
    page.keyboard.press("Tab")
    expect(frames.nth(1)).to_be_focused()  # The case on the page.
    for key, at in (("End", 4), ("ArrowRight", 4), ("Home", 0), ("ArrowLeft", 0), ("ArrowRight", 1),
                    ("ArrowRight", 2)):  # fmt: skip
        page.keyboard.press(key)
        expect(frames.nth(at)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".stage")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(frames.nth(1)).to_be_focused()  # Not where the arrows had been.
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    shown.now("colours")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    shown.now("quarters")


def test_strip_names_states_and_bars(viewer_open: Opener) -> None:
    shown = viewer_open("discs", more="&strip=1")
    frames = shown.page.locator(".frame")
    assert frames.locator(".name").all_inner_texts() == [
        "discs",
        "pat…9_z086",
        "aaa…\U0001f9d1\u200d\u2695\ufe0f_5678",  # No character is cut in two.
        "\u05d0\u05d1(1)",
        "<i>…78</i>",
    ]
    assert frames.nth(1).get_attribute("title") == "patient19_z086: waiting"
    expect(shown.page.get_by_role("option", name="patient19_z086, waiting")).to_be_visible()
    look = "one => [getComputedStyle(one).color, getComputedStyle(one).opacity]"
    waiting, stopped, failed = (frames.nth(i).locator(".text").evaluate(look) for i in (1, 2, 3))
    assert stopped == waiting
    assert failed == ["rgb(213, 94, 0)", "1"]
    wide = frames.nth(0).locator("img").bounding_box()
    assert wide is not None
    for at, share in ((0, 0.6), (4, 1.0)):
        bar = frames.nth(at).locator(".bar").bounding_box()
        assert bar is not None
        assert (bar["width"], bar["height"]) == (pytest.approx(share * wide["width"], abs=0.1), 2)
    for at in (1, 2, 3):
        expect(frames.nth(at).locator(".bar")).to_be_hidden()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_a_case_chosen_far_below_comes_into_sight(viewer_open: Opener, motion: str) -> None:
    shown = viewer_open("quarters", more="&tall=1")
    shown.page.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
    shown.page.evaluate(WATCH_SCROLL)
    shown.page.get_by_role("button", name="Open colours").click()
    shown.now("colours").page.wait_for_timeout(1200)
    stage = shown.box(".stage")
    assert 0 < stage["y"] < stage["y"] + stage["height"] < SIZE["height"] + 1
    assert shown.page.evaluate("scrollSeen") == ["auto" if motion == "reduce" else "smooth"]


def test_a_picture_in_sight_is_left_where_it_is(viewer_open: Opener) -> None:
    shown = viewer_open("quarters", more="&strip=1&tall=1")
    shown.page.locator(".frame").nth(1).hover()
    shown.page.mouse.wheel(0, 150)
    shown.page.wait_for_timeout(400)
    shown.page.evaluate(WATCH_SCROLL)
    before = shown.box(".stage")["y"]
    assert before < 150
    shown.press("PageDown").now("colours").page.wait_for_timeout(600)
    assert shown.box(".stage")["y"] == before
    assert shown.page.evaluate("scrollSeen") == []


WATCH_SCROLL = """() => {
    const scroll = Element.prototype.scrollIntoView;
    window.scrollSeen = [];
    Element.prototype.scrollIntoView = function (options) {
        if (this.matches('.stage')) window.scrollSeen.push(options.behavior);
        return scroll.call(this, options);
    };
}"""


@pytest.mark.parametrize(
    ("case", "titles"),
    [
        ("wide", {"truth": "no reference mask", "errors": "no reference mask"}),
        ("colours", {"truth": "no reference mask", "errors": "no reference mask for this case. "
                     "There is no prediction", "heat": "no prediction"}),
        ("quarters", {}),
    ],
)  # fmt: skip
def test_a_layer_that_cannot_be_shown_says_why(
    viewer_open: Opener, case: str, titles: dict[str, str]
) -> None:
    shown = viewer_open(case)
    for layer in ("truth", "errors", "heat"):
        radio = shown.page.locator(f"[name=layer][value={layer}]")
        assert radio.is_disabled() == (layer in titles)
        assert titles.get(layer, "") in (radio.get_attribute("title") or "")
        assert bool(radio.get_attribute("title")) == (layer in titles)


GOOD = ViewerData("a", 2, 2, Plane("/image"), [Window("Full", 0, 255)], [ClassInfo(1, "lesion")])


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"shown_class": 3}, "Class 3 cannot be shown. Expected one of"),
        ({"decision": "argmax", "probability": "/p"}, "lacks the background"),
        ({"threshold": 1.5}, "threshold is out of range"),
        ({"windows": []}, "picture is incomplete"),
    ],
)
def test_data_that_contradicts_itself_is_refused(change: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        viewer(replace(GOOD, **change), key="refused")
