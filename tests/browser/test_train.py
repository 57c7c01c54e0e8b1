"""Train in a real Chromium: real trainings, steered by hand, that outlive page and server."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from seg.store import Run, Store
from seg.train.config import TrainConfig
from seg.train.recipes import QUESTION
from tests.browser.server import ROOT, Server
from tests.browser.train_page import (
    ALPHA,
    BETA,
    CROP,
    WAIT_S,
    TrainPage,
    end_trainings,
    start_tiny,
    store_of,
    until,
)

ARTIFACTS = ROOT / "artifacts"
SIZE = {"width": 1366, "height": 768}
UNREACHABLE = re.compile("ERR_CONNECTION|when disconnected|WebSocket")  # of a killed server
expect.set_options(timeout=WAIT_S * 1000)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("train-home")


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    server = Server(ROOT / "app.py", SEG_HOME=str(home), SEG_DEVICE="cpu")
    try:
        server.start()
        yield server
    finally:
        server.stop()
        end_trainings(store_of(home))


@pytest.fixture(scope="module")
def store(server: Server, home: Path) -> Store:
    return store_of(home)


@pytest.fixture
def windows(browser: Browser, server: Server) -> Iterator[Callable[[], TrainPage]]:
    """Makes windows, each of a browser of its own; nothing on them may go wrong or go out."""
    opened: list[TrainPage] = []

    def make() -> TrainPage:
        opened.append(TrainPage(browser.new_context(viewport=SIZE).new_page(), server.url))
        return opened[-1]

    yield make
    for window in opened:
        window.page.context.close()
    assert [error for window in opened for error in window.errors] == []
    assert set().union(*(window.hosts for window in opened)) <= {urlsplit(server.url).netloc}


@pytest.fixture
def train(windows: Callable[[], TrainPage]) -> TrainPage:
    return windows()


@pytest.fixture
def turned(windows: Callable[[], TrainPage], store: Store) -> tuple[Run, int]:
    """A run that was turned and has stopped, and its first step with the new alpha."""
    for run in store.runs():
        steps = [one.step for one in store.events_after(run.id, 0) if one.kind == "turn"]
        if steps and run.status == "stopped":
            return run, steps[0]
    window = windows()
    run = start_tiny(window, store)
    step = window.turn_down()
    window.stop()
    return run, step


@pytest.fixture
def living(windows: Callable[[], TrainPage], store: Store) -> Run:
    """A run that trains."""
    found = [run for run in store.runs() if run.status == "running" and run.step]
    return found[0] if found else start_tiny(windows(), store)


def test_a_run_from_its_first_click_to_its_checkpoint(
    train: TrainPage, windows: Callable[[], TrainPage], store: Store
) -> None:
    before = len(store.runs())
    train.open().choose_tiny()
    train.start.dblclick()
    run_id, *others = train.opened()
    assert others == []
    config = TrainConfig.model_validate(store.run(run_id).config)
    assert (config.views.crop, config.architecture.heads) == (CROP, (1, 2))
    assert (config.loss.alpha, config.loss.beta) == (0.5, 0.5)

    train.is_now("Training")
    train.reaches(2)
    first = train.chart()["points"]
    for _ in range(3):
        train.reaches(store.run(run_id).step + 1)
    assert train.chart()["points"] > first
    assert store.steps_after(run_id, train.newest() - 1, limit=1), "what is drawn is recorded"
    assert len(store.runs()) == before + 1, "a double click starts one run"

    step = train.turn_down()
    expect(train.control(BETA)).to_have_value("0.7")
    expect(train.control(ALPHA, "spinbutton")).to_have_value("0.3")
    label = train.page.locator(".st-key-main .plot .annotation-text", has_text="→0.3")
    expect(label).to_have_text(re.compile(r"^alpha 0\.\d+→0\.3\s+beta 0\.\d+→0\.7$"))
    assert step - 0.5 in train.chart()["lines"]
    train.reaches(step + 5)
    costs = [(one.alpha, one.beta) for one in store.steps_after(run_id, 0, limit=step + 4)]
    assert costs[0] == (0.5, 0.5)
    assert costs[step - 2] != (0.3, 0.7)
    assert costs[step - 1 :] == [(0.3, 0.7)] * 5
    last = train.chart()["last"]
    assert (last["alpha"], last["beta"]) == pytest.approx((0.3, 0.7))
    turns = [one.value for one in store.commands(run_id)]
    assert all(one != other for one, other in pairwise(turns)), "a turn is one command"

    train.ask("Pause")
    train.is_now("Paused")
    paused = store.run(run_id)
    assert paused.status == "paused"
    train.page.reload()
    other = windows().open(f"?run={run_id}")
    for window in (train, other):
        window.is_now("Paused")
        window.reaches(paused.step)
        assert window.opened() == (run_id,)
        expect(window.control(ALPHA)).to_have_value("0.3")
    assert store.run(run_id).step == paused.step == train.newest() == other.newest()
    other.ask("Go on")
    train.is_now("Training")
    train.reaches(paused.step + 1)

    until(lambda: store.run(run_id).epoch, "an epoch is over")
    train.stop()
    other.is_now("Stopped")
    stopped = store.run(run_id)
    assert (stopped.status, stopped.owner) == ("stopped", None)
    told = train.page.get_by_test_id("stAlert")
    expect(told).to_contain_text(f"Stopped after step {stopped.step:,}.")
    train.reaches(stopped.step)

    train.page.get_by_role("link", name="Open on Explore").click()
    train.page.wait_for_selector('.viewer[data-state="ready"]')
    expect(train.page.get_by_role("combobox", name="Checkpoint")).to_have_value(stopped.name)
    dice = train.page.get_by_test_id("stMetric").filter(has_text=re.compile("^Dice"))
    expect(dice.get_by_test_id("stMetricValue")).to_have_text(re.compile(r"^[01]\.\d{3}$"))


def test_a_branch_from_before_the_turn_is_drawn_with_its_parent(
    train: TrainPage, store: Store, turned: tuple[Run, int]
) -> None:
    parent, step = turned
    before = len(store.runs())
    train.open(f"?run={parent.id}")
    train.is_now("Stopped")
    train.ask("Branch")
    popover = train.page.get_by_test_id("stPopoverBody")
    expect(popover.get_by_role("combobox", name="From")).to_have_value(
        re.compile(rf"^Before alpha .* \(step {step:,}\)$")
    )
    alpha, beta = (popover.get_by_role("spinbutton", name=name) for name in ("alpha", "beta"))
    expect(alpha).to_have_value("0.50")
    for field, value in ((alpha, "0.6"), (beta, "0.4")):
        field.fill(value)
        field.press("Enter")
    popover.get_by_role("button", name="Start the branch").click()
    expect(train.page).to_have_url(re.compile(f"run={parent.id}(,|%2C)[0-9a-f]{{12}}"))
    branch = store.run(train.opened()[1])
    assert (branch.parent_id, branch.parent_step) == (parent.id, step - 1)
    train.reaches(step + 3, branch.id)
    train.reaches(store.run(parent.id).step, parent.id)
    runs = train.chart()["runs"]
    assert (runs[f"loss-{branch.id}"][0], runs[f"loss-{parent.id}"][0]) == (step, 1)
    recorded = store.steps_after(branch.id, 0, limit=4)
    assert [(one.step, one.alpha, one.beta) for one in recorded] == [
        (step + i, 0.6, 0.4) for i in range(4)
    ]
    differs = train.page.locator(".facts.beside").last
    expect(differs).to_contain_text("branched after step")
    assert len(store.runs()) == before + 1


def test_a_run_outlives_its_server_and_its_page_finds_it_again(
    train: TrainPage, windows: Callable[[], TrainPage], server: Server, store: Store, living: Run
) -> None:
    train.open(f"?run={living.id}")
    train.reaches(living.step)
    server.kill()
    step = store.run(living.id).step
    until(lambda: store.run(living.id).step > step + 3, "the run goes on without a server")
    server.start()
    new = windows().open(f"?run={living.id}")
    for window in (new, train):  # one that is opened, and the one that was open all the time
        window.is_now("Training")
        window.reaches(store.run(living.id).step)
        assert window.opened() == (living.id,)
    train.errors[:] = [error for error in train.errors if not UNREACHABLE.search(error)]
    new.stop()
    assert store.run(living.id).status == "stopped"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1366, 768), (800, 900)])
def test_screenshots_are_kept(
    browser: Browser,
    server: Server,
    turned: tuple[Run, int],
    scheme: str,
    width: int,
    height: int,
) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    run, _ = turned
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    TrainPage(page, server.url).open(f"?run={run.id}").reaches(run.step)
    expect(page.locator(".film figure")).to_have_count(6)
    page.screenshot(path=ARTIFACTS / f"train-{scheme}-{width}.png")
    chart = page.locator(".st-key-main .plot").bounding_box()
    assert chart is not None
    assert chart["y"] + chart["height"] < height, "the curves need no scrolling"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 150) == (scheme == "dark")
    page.close()


def test_a_deleted_run_can_be_had_back_for_a_moment(train: TrainPage, store: Store) -> None:
    config = QUESTION.config.model_dump(mode="json")
    kept = store.create_run("Kept after all", config, "MS lesions")
    gone = store.create_run("Gone for good", config, "MS lesions")
    train.open()
    for name in (kept.name, gone.name):
        train.row(name).get_by_role("checkbox").check()
    expect(train.page.get_by_role("button", name="Draw 2 together")).to_be_enabled()
    train.ask("Delete")
    train.ask("Delete these 2 runs")
    for name in (kept.name, gone.name):
        expect(train.row(name)).to_have_count(0)
        expect(train.page.get_by_text(f"{name} will be deleted.")).to_be_visible()
    train.page.locator(f".st-key-leaving-{kept.id}").get_by_role("button", name="Undo").click()
    expect(train.row(kept.name)).to_have_count(1)
    expect(train.page.get_by_text(f"{gone.name} will be deleted.")).to_have_count(0)
    ids = {run.id for run in store.runs()}
    assert kept.id in ids
    assert gone.id not in ids


def test_an_address_of_no_run_says_so(train: TrainPage) -> None:
    train.open("?run=0123456789ab")
    expect(train.page.get_by_text("The run '0123456789ab' is not to be found.")).to_be_visible()
    expect(train.start).to_be_enabled()
