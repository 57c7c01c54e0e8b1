"""The Train page's branches; no training is started. What a browser adds is in tests/browser."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.widgets.train import actions, runs
from seg import launch
from seg.curves import Curves
from seg.errors import RunError
from seg.settings import settings
from seg.store import open_store
from seg.train.recipes import RECIPES
from tests.training import make_config

ROOT = Path(__file__).parent.parent
INDEX = ROOT / "pages" / "index.py"
WAIT_S = 60


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SEG_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()


@pytest.fixture
def store(home):
    return open_store()


@pytest.fixture
def started(monkeypatch):
    ids = []
    monkeypatch.setattr(launch, "start", ids.append)
    return ids


def a_run(store, name="First", **changes):
    config = make_config("data", epochs=20).model_dump(mode="json")
    run = store.create_run(name, config, "Squares")
    owner = "somebody"
    if changes:
        assert store.claim(run.id, owner, launch.this_host(), 30)
        status = changes.pop("status", "running")
        with store.writing(run.id, owner) as write:
            write.run(status="running", **changes)
        if status != "running":
            store.release(run.id, owner, status)
    return store.run(run.id)


def page(query=""):
    test = AppTest.from_file(str(INDEX), default_timeout=WAIT_S).run()
    test.switch_page("train.py")
    if query:
        test.query_params["run"] = query
    return test


def first_page():
    """With its images counted, which takes longer on a busy machine."""
    test = page().run()
    end = time.monotonic() + WAIT_S
    while start_button(test).disabled and time.monotonic() < end:
        test.run()
    return test


def start_button(test):
    return button(test, "Start training")


def button(test, label):
    return next(one for one in test.button if one.label == label)


def texts(test):
    elements = [*test.markdown, *test.caption, *test.error, *test.warning]
    return " ".join(str(element.value) for element in elements)


def test_the_first_visit_teaches_and_offers_one_button(home):
    test = first_page()
    assert not test.exception
    assert "**alpha** is the cost of a false positive" in texts(test)
    primary = [one.label for one in test.button if one.proto.type == "primary"]
    assert primary == ["Start training"]


def test_a_click_makes_one_run_and_the_address_names_it(home, started):
    test = first_page()
    test.selectbox(key="start loss").select("tversky").run()
    assert test.slider(key="start beta").value == 0.7
    start_button(test).click().run()
    assert not test.exception
    (run,) = open_store().runs()
    assert started == [run.id]
    assert test.query_params["run"] == run.id
    assert run.name.endswith("Tversky 0.3/0.7")
    assert run.config["loss"]["alpha"] == 0.3
    assert run.config["title"] == run.name


def test_a_recipe_starts_as_it_is(home, started):
    test = first_page()
    button(test, "Run this recipe").click().run()
    (run,) = open_store().runs()
    assert run.config == RECIPES["2019-question"].config.model_dump(mode="json")


def test_why_a_run_cannot_start_is_told(home, monkeypatch):
    def refuse(run_id):
        raise RunError("No memory for another process.")

    monkeypatch.setattr(launch, "start", refuse)
    test = first_page()
    start_button(test).click().run()
    assert [error.value for error in test.error] == [r"No memory for another process\."]


def test_costs_hold_together_until_the_lock_is_opened(home):
    test = first_page()
    test.slider(key="start alpha").set_value(0.2).run()
    assert test.slider(key="start beta").value == 0.8
    test.toggle(key="start locked").set_value(False).run()
    test.slider(key="start alpha").set_value(1.0).run()
    assert test.slider(key="start beta").value == 0.8
    assert "A false alarm costs 1.2 times as much as a miss" in texts(test)


def test_settings_that_do_not_go_together_are_told_beside_the_button(home):
    test = first_page()
    test.number_input(key="start crop").set_value(50).run()
    assert "crop must be a multiple of 16" in test.error[0].value.replace("\\", "")
    assert start_button(test).disabled


def test_the_loss_of_2019_brings_its_background(home, started):
    test = first_page()
    test.selectbox(key="start loss").select("weighted-dice").run()
    assert test.toggle(key="start background").disabled
    start_button(test).click().run()
    (run,) = open_store().runs()
    assert run.config["architecture"]["classes"] == 2
    assert run.config["loss"]["class_weights"] == [0.3, 0.7]


def test_an_unknown_run_is_told_and_the_list_is_there(store):
    a_run(store)
    test = page("ffffffff").run()
    assert not test.exception
    assert "is not to be found" in texts(test)
    assert "### Runs" in texts(test)


def test_a_deletion_can_be_undone_until_its_time_has_come(store, monkeypatch):
    run = a_run(store, status="stopped", step=1)
    now = 1000.0
    monkeypatch.setattr(runs.time, "monotonic", lambda: now)
    state = {runs.LEAVING: {run.id: now + runs.UNDO_S}}
    monkeypatch.setattr(runs.st, "session_state", state)
    assert list(runs.leave([run])) == [run.id]
    assert store.run(run.id) == run
    now += runs.UNDO_S
    left = [run]
    assert runs.leave(left) == {}
    assert left == []
    with pytest.raises(RunError, match="not to be found"):
        store.run(run.id)


def test_a_turn_that_is_delivered_twice_is_one_command(store):
    run = a_run(store)
    view = Curves().view(store, run.id)
    first, second = {"alpha": 0.3, "beta": 0.7}, {"alpha": 0.4, "beta": 0.6}
    for turn in (first, first, second, first):
        actions._turn(view, turn)
    assert [one.value for one in store.commands(run.id)] == [first, second, first]


def test_explore_does_not_wait_for_what_only_training_needs(home):
    code = (
        "import sys; from streamlit.testing.v1 import AppTest; "
        f"test = AppTest.from_file({str(INDEX)!r}, default_timeout={WAIT_S}); "
        "test.run(); assert not test.exception; "
        "print([m for m in ('sqlalchemy', 'alembic', 'seg.store', 'keras') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
