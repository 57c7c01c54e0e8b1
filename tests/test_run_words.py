"""Runs in words, a command that makes the same run, turns by hand as a schedule: no page drawn."""

import argparse
import shlex
from dataclasses import replace

import pytest

from pages.widgets.train import command, rows, schedule
from pages.widgets.train.command import command_of
from pages.widgets.train.numbers import numbers_of
from seg.architecture import Architecture
from seg.cli import train as cli
from seg.errors import ConfigError
from seg.plan import ramp
from seg.presets import LOSSES
from seg.store import Event, Run
from seg.train.config import Loss, Optimizer
from seg.train.recipes import RECIPES
from seg.train.schedule import Schedule
from tests.training import make_config

TWO = Architecture(filters=(4, 8, 12), classes=3)
LINE = Schedule(control="learning_rate", points=((0, 1e-3), (1 / 3, 1e-4)))
RUN = Run(
    id="0123456789ab", name="First", created_at=0.0, queued_at=0.0, started_at=None,
    finished_at=None, status="queued", stage="", reason="",
    config=make_config("data", epochs=20).model_dump(mode="json"), controls={},
    data_name="Squares", data_fingerprint="", steps_per_epoch=None, total_steps=None, step=0,
    epoch=0, best_epoch=None, best_dice=None, device="", memory_bytes=None, owner=None, host="",
    lease_s=None, lease_until=None, parent_id=None, parent_step=None,
)  # fmt: skip


def test_a_row_says_where_a_run_stands():
    run = replace(RUN, step=30, total_steps=200, epoch=3, best_dice=0.4567, started_at=1000.0)
    row = rows.row_of(run, "running", now=1090.0)
    assert (row.status, row.state, row.progress) == ("Training", "live", "3 of 20 epochs")
    assert (row.share, row.dice, row.duration) == (0.15, "0.457", "90 s")
    assert (row.loss, row.data, row.can_resume) == ("Dice", "Squares", False)


@pytest.mark.parametrize(
    ("status", "word", "can_resume"),
    [
        ("queued", "Waiting", False),
        ("paused", "Paused", False),
        ("finished", "Finished", False),
        ("stopped", "Stopped", True),
        ("failed", "Failed", True),
        ("interrupted", "Interrupted", True),
    ],
)
def test_a_status_is_a_word_and_says_whether_it_can_go_on(status, word, can_resume):
    row = rows.row_of(RUN, status, now=0.0)
    assert (row.status, row.can_resume) == (word, can_resume)


def test_one_that_waits_shows_its_place_and_one_cut_off_says_so():
    run = replace(RUN, stage="Waiting: 2 runs before this one.")
    assert rows.row_of(run, "queued", 0.0).progress == "Waiting: 2 runs before this one."
    assert "ended before its time" in rows.row_of(run, "interrupted", 0.0).reason
    assert rows.row_of(replace(run, reason="NaN."), "failed", 0.0).reason == "NaN."


def test_a_run_with_another_programs_settings_is_still_listed():
    run = replace(RUN, config={"loss": {"alpha": 0.3, "new": 1}})
    assert rows.row_of(run, "finished", 0.0).loss == "Tversky 0.3/0.5"
    assert rows.row_of(replace(run, config={}), "finished", 0.0).progress == "0 epochs"


def test_those_that_train_come_first_then_those_that_wait_in_their_order():
    made = [replace(RUN, name=name, queued_at=at) for at, name in enumerate("abcd")]
    statuses = ["finished", "queued", "queued", "running"]
    pairs = list(zip(made, statuses, strict=True))
    newest_first = list(reversed(pairs))
    assert [run.name for run, _ in rows.in_order(newest_first)] == ["d", "b", "c", "a"]


def test_turns_by_hand_become_a_schedule():
    run = replace(RUN, steps_per_epoch=10)
    event = Event(1, run.id, 0.0, 11, 2, "turn", "", "alpha", 0.5, 0.3, None)
    (found,) = schedule.schedules_of(run, [event])
    assert (found.control, found.points) == ("alpha", ((0.0, 0.5), (1.0, 0.3)))
    assert schedule.schedules_of(run, []) == ()


def test_numbers_between_commas():
    assert numbers_of("0.3; 0.7,", "Weights") == (0.3, 0.7)
    with pytest.raises(ConfigError, match=r"Weights cannot be used.*Received: a, b"):
        numbers_of("a, b", "Weights")


def parsed(line):
    parser = argparse.ArgumentParser()
    cli.add(parser.add_subparsers())
    assert line.startswith("python -m seg train ")
    return cli.make_config(vars(parser.parse_args(shlex.split(line)[3:])))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"loss": LOSSES["focal-tversky"].loss, "title": "It's a 'run', $HOME", "xla": True},
        {"loss": Loss(head_weights=(1, 0.5), cross_entropy=0.5, reduction="batch")},
        {"optimizer": Optimizer(decay="constant"), "patience": 4, "validation": "a|b c"},
        {"optimizer": Optimizer(name="sgd", warm_up=0.25, clip_norm=0.0)},
        {"schedules": (*ramp(0.5, 1 / 3, 20, stairs=True), LINE)},
        {"architecture": Architecture(classes=2, upsampling="bilinear", norm="group")},
        {"class_names": ("edema", "core"), "architecture": TWO, "seed": 7, "averaging": 0.0},
    ],
)
def test_the_command_makes_the_same_run(tmp_path, changes):
    config = make_config(tmp_path / "with space", **changes)
    assert parsed(command_of(config)) == config


def test_a_recipe_is_named():
    config = RECIPES["2019-question"].config
    assert command_of(config) == f"{command.PROGRAM} --recipe 2019-question"
