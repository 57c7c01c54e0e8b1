"""Explore in a real Chromium against the real server: what a clinician does on the first day."""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from seg.settings import SAMPLES
from tests.browser.server import ROOT, running
from tests.images import png

ARTIFACTS = ROOT / "artifacts"
LUNG = SAMPLES / "lung-tumour"
WAIT_MS = 90_000  # a prediction loads TensorFlow the first time, on a busy machine
expect.set_options(timeout=WAIT_MS)


class Explore:
    """The page, in the words of the tests."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.sent = 0
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        page.set_default_timeout(WAIT_MS)
        page.on("websocket", lambda socket: socket.on("framesent", self._count))
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda one: self.errors.append(one.text) if one.type == "error" else 0)

    def _count(self, _: object) -> None:
        self.sent += 1

    def open(self, query: str = "") -> "Explore":
        self.page.goto(f"{self.url}/{query}")
        self.page.wait_for_selector('.viewer[data-state="ready"]')
        expect(self.page.get_by_role("heading", name="All cases, worst first")).to_be_visible()
        return self.settle()

    def number(self, label: str) -> Locator:
        metric = self.page.get_by_test_id("stMetric").filter(has_text=re.compile(f"^{label}"))
        return metric.get_by_test_id("stMetricValue")

    def live_dice(self) -> str:
        row = self.page.locator(".scores > div").filter(has_text="Dice")
        return row.locator("dd").inner_text()

    def upload(self, files: list[dict[str, object]]) -> "Explore":
        self.page.get_by_role("button", name="Bring your own images").click()
        self.page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(files)
        expect(self.page.get_by_role("combobox", name="Cases")).to_have_value("Your images")
        self.page.keyboard.press("Escape")
        return self.settle()

    def settle(self) -> "Explore":
        """Until the page is drawn: what is on it then belongs together."""
        self.page.wait_for_timeout(500)
        self.page.wait_for_selector('[data-test-script-state="notRunning"]')
        return self

    def choose(self, label: str, option: str) -> None:
        box = self.page.get_by_role("combobox", name=re.compile(label))
        box.click()
        self.page.get_by_role("option", name=option, exact=True).click()


def file(name: str, content: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def sample(kind: str, name: str = "p068") -> bytes:
    return (LUNG / kind / f"{name}.png").read_bytes()


@pytest.fixture
def explore(browser: Browser, app_url: str) -> Iterator[Explore]:
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    yield Explore(context.new_page(), app_url)
    context.close()


@pytest.fixture
def new_browser(browser: Browser, app_url: str) -> Iterator[Callable[[], Explore]]:
    contexts = []

    def make() -> Explore:
        contexts.append(browser.new_context(viewport={"width": 1366, "height": 768}))
        return Explore(contexts[-1].new_page(), app_url)

    yield make
    for context in contexts:
        context.close()


def test_first_page_has_an_overlay_and_its_numbers(explore: Explore) -> None:
    explore.open()
    dice = explore.number("Dice")
    expect(dice).to_have_text(re.compile(r"^0\.9\d\d$"))
    assert explore.live_dice() == dice.inner_text()
    expect(explore.page.locator(".strip .frame")).to_have_count(12)
    texts = explore.page.locator(".strip .text").all_inner_texts()
    assert all(re.fullmatch(r"[01]\.\d{3}", text) for text in texts)
    assert explore.errors == []
    assert explore.hosts == {explore.url.removeprefix("http://")}


def test_upload_of_image_and_mask_gives_the_right_dice(explore: Explore) -> None:
    explore.open("?set=Lung+tumours,+CT")
    explore.upload([file("scan.png", sample("images")), file("scan_mask.png", sample("masks"))])
    expect(explore.page.get_by_role("heading", name="scan")).to_be_visible()
    expect(explore.number("Dice")).to_have_text(re.compile(r"^0\.\d{3}$"))
    with explore.page.expect_download() as mask:
        explore.page.get_by_role("link", name="Mask", exact=True).click()
    assert mask.value.suggested_filename == "scan_prediction.png"
    predicted = pixels(mask.value.path()) > 0
    truth = pixels(io.BytesIO(sample("masks"))) > 0
    dice = 2 * (predicted & truth).sum() / (predicted.sum() + truth.sum())
    expect(explore.number("Dice")).to_have_text(f"{dice:.3f}")
    assert 0 < dice < 1


def pixels(source: Path | io.BytesIO) -> np.ndarray:
    with Image.open(source) as image:
        return np.asarray(image)


def test_threshold_drag_is_live_and_silent_and_comes_back_on_release(explore: Explore) -> None:
    explore.open("?set=Lung+tumours,+CT&case=" + case_id("p068"))
    before = explore.live_dice()
    slider = explore.page.locator("[name=threshold]").bounding_box()
    assert slider is not None
    y = slider["y"] + slider["height"] / 2
    explore.page.mouse.move(slider["x"] + slider["width"] * 0.5, y)
    explore.page.mouse.down()
    explore.page.wait_for_timeout(300)
    sent = explore.sent
    seen = set()
    for step in range(1, 16):
        explore.page.mouse.move(slider["x"] + slider["width"] * (0.5 - step * 0.03), y)
        explore.page.wait_for_timeout(30)
        seen.add(explore.live_dice())
    assert explore.sent == sent
    assert len(seen) > 3
    explore.page.mouse.up()
    live = explore.live_dice()
    assert live != before
    expect(explore.number("Dice")).to_have_text(live)
    expect(explore.page).to_have_url(re.compile(r"threshold=0\.\d\d"))
    explore.page.reload()
    explore.page.wait_for_selector('.viewer[data-state="ready"]')
    expect(explore.number("Dice")).to_have_text(live)


def case_id(name: str) -> str:
    from seg.files import read_image

    return read_image(sample("images", name), name).sha256[:16]


def test_bad_files_are_named_and_the_good_ones_go_on(explore: Explore) -> None:
    good = sample("images")
    explore.open("?set=Lung+tumours,+CT").upload(
        [
            file("good.png", good),
            file("note.png", b"This is a text."),
            file("short.jpg", jpeg()[:400]),
            file("bomb.png", bomb()),
            file("turned.png", png(np.zeros((20, 30), np.uint8) + 7)),
            file("turned_mask.png", png(np.eye(30, 20, dtype=np.uint8) * 255)),
            file("alone_mask.png", sample("masks")),
        ]
    )
    explore.page.get_by_text("5 files not used; 2 cases read").click()
    for reason in (
        r"note\.png.* not an image",
        r"short\.jpg.*",
        r"bomb\.png.*20,000",
        r"turned_mask\.png.*30.*20",
        r"alone_mask\.png.*image",
    ):
        expect(explore.page.get_by_text(re.compile(reason))).to_be_visible()
    expect(explore.page.locator(".strip .frame")).to_have_count(2)
    expect(explore.page.get_by_text("No mask came with this image")).to_be_visible()


def jpeg() -> bytes:
    content = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save(content, "JPEG")
    return content.getvalue()


def bomb() -> bytes:
    """20000 x 20000 pixels in 50 kB."""
    content = io.BytesIO()
    Image.new("1", (20000, 20000)).save(content, "PNG")
    return content.getvalue()


def test_a_deep_link_is_the_first_visit_of_a_fresh_server(browser: Browser, tmp_path: Path) -> None:
    with running(ROOT / "app.py", SEG_HOME=str(tmp_path), SEG_DEVICE="cpu") as url:
        page = browser.new_page()
        explore = Explore(page, url)
        explore.open(f"explore?set=MS+lesions,+FLAIR+MRI&head=L1&case={ms_case()}")
        expect(page.get_by_role("heading", name="patient19_z086")).to_be_visible()
        expect(explore.number("Dice")).to_have_text(re.compile(r"^0\.\d{3}$"))
        expect(page.get_by_text("not found")).to_have_count(0)
        expect(page.get_by_role("radio", name="L1")).to_have_attribute("aria-checked", "true")
        page.close()


def ms_case() -> str:
    from seg.files import read_image

    path = SAMPLES / "ms-lesion" / "images" / "patient19_z086.png"
    return read_image(path.read_bytes(), path.name).sha256[:16]


def test_case_checkpoint_and_head_follow_the_hand(explore: Explore) -> None:
    explore.open()
    explore.choose("Cases", "Lung tumours, CT")
    expect(explore.page.get_by_role("heading", name="p062")).to_be_visible()
    expect(explore.page.get_by_role("combobox", name="Checkpoint")).to_have_value(
        "Lung tumour, Dice 0.5/0.5"
    )
    explore.page.locator(".strip .frame", has_text="p120").click()
    expect(explore.page.get_by_role("heading", name="p120")).to_be_visible()
    expect(explore.page).to_have_url(re.compile(f"case={case_id('p120')}"))
    whole = explore.number("Dice").inner_text()
    explore.page.get_by_role("radio", name="L1").click()
    expect(explore.number("Dice")).not_to_have_text(whole)
    explore.choose("Checkpoint", "Lung tumour, Tversky 0.3/0.7")
    expect(explore.page.get_by_text("alpha 0.3, beta 0.7")).to_be_visible()
    address = explore.page.url
    second = explore.page.context.new_page()
    other = Explore(second, explore.url)
    second.goto(address)
    second.wait_for_selector('.viewer[data-state="ready"]')
    expect(second.get_by_role("heading", name="p120")).to_be_visible()
    expect(other.page.get_by_text("alpha 0.3, beta 0.7")).to_be_visible()


def test_two_browsers_with_the_same_names_get_their_own_masks(
    new_browser: Callable[[], Explore],
) -> None:
    masks, links = [], []
    for name in ("p068", "p120"):
        explore = new_browser().open("?set=Lung+tumours,+CT")
        explore.upload([file("scan.png", sample("images", name))])
        link = explore.page.get_by_role("link", name="Mask", exact=True)
        links.append(link.get_attribute("href"))
        with explore.page.expect_download() as download:
            link.click()
        assert download.value.suggested_filename == "scan_prediction.png"
        masks.append(pixels(download.value.path()))
        explore_page = explore.page
    assert masks[0].shape == masks[1].shape
    assert not np.array_equal(*masks)
    assert links[0] != links[1]
    explore_page.close()
    assert masks[1].any()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1366, 768), (800, 900)])
def test_screenshots_are_kept(
    browser: Browser, app_url: str, scheme: str, width: int, height: int
) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    explore = Explore(page, app_url).open()
    expect(explore.number("Dice")).to_be_visible()
    page.locator(".stage").press("e")
    page.wait_for_timeout(1000)
    page.screenshot(path=ARTIFACTS / f"explore-{scheme}-{width}.png")
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    assert stage["y"] + stage["height"] < height, "the image needs no scrolling"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 150) == (scheme == "dark")
    page.close()


def test_a_mask_with_more_classes_than_the_checkpoint_knows_is_told(explore: Explore) -> None:
    classes = np.zeros((48, 48), np.uint8)
    classes[5:20, 5:20], classes[25:40, 25:40], classes[5:9, 30:40] = 1, 2, 3
    explore.open("?set=Lung+tumours,+CT").upload(
        [file("<b>a*b*.png", sample("images")), file("<b>a*b*_mask.png", png(classes))]
    )
    expect(explore.page.get_by_text("it holds more classes than the checkpoint")).to_be_visible()
    expect(explore.page.get_by_role("heading", name="<b>a*b*")).to_be_visible()
    expect(explore.number("Dice")).to_have_count(0)
    expect(explore.number("Area")).to_be_visible()


def test_a_click_in_the_table_opens_the_case(explore: Explore) -> None:
    explore.open("?set=Lung+tumours,+CT")
    expect(explore.page.get_by_role("heading", name="p062")).to_be_visible()
    grid = explore.page.get_by_test_id("stDataFrameResizable").last
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    explore.page.mouse.click(box["x"] + 90, box["y"] + 35 + 17)  # the first row: the worst
    expect(explore.page.get_by_role("heading", name="p062")).to_have_count(0)
    expect(explore.number("Dice")).to_have_text("0.000")


def test_every_head_is_run_and_shown(explore: Explore) -> None:
    explore.open("?set=Lung+tumours,+CT")
    explore.page.get_by_text("Speed against Dice").click()
    explore.page.get_by_role("button", name="Run every head").click()
    expect(explore.page.get_by_text("Every head was run.")).to_be_visible()
    explore.page.get_by_role("radio", name="L2").click()
    expect(explore.page.get_by_text(re.compile(r"\d ms on CPU"))).to_be_visible()
