"""What a run records: comes back as it was, by cursor, and can be forgotten from a step on."""

import math
from contextlib import suppress

import numpy as np
import pytest
from sqlalchemy import event

from seg.errors import RunError
from seg.store import Evaluation, Picture, SavedFile
from tests.store.points import make_epoch, make_step


def test_steps_come_back_bit_for_bit_and_by_cursor(store, run):
    steps = [make_step(number, loss=math.pi / number) for number in range(1, 26)]
    with store.writing(run.id, "me") as write:
        write.steps([])
        write.steps(steps[::-1])
    assert store.steps_after(run.id, 0) == steps
    assert store.steps_after(run.id, 20) == steps[20:]
    assert store.steps_after(run.id, 3, limit=2) == steps[3:5]
    assert store.steps_after(run.id, 25) == []
    assert store.steps_after("000000000000", 0) == []


def test_a_step_recorded_twice_is_there_once(store, run):
    with store.writing(run.id, "me") as write:
        write.steps([make_step(1), make_step(2)])
    with store.writing(run.id, "me") as write:
        write.steps([make_step(2, loss=9.0), make_step(3)])
    assert [step.loss for step in store.steps_after(run.id, 0)] == [1.0, 9.0, 1 / 3]


@pytest.mark.parametrize("loss", [math.inf, -math.inf])
def test_a_loss_without_end_comes_back(store, run, loss):
    with store.writing(run.id, "me") as write:
        write.steps([make_step(1, loss=loss)])
    assert store.steps_after(run.id, 0)[0].loss == loss


def test_a_loss_that_is_no_number_comes_back(store, run):
    nan = math.nan
    with store.writing(run.id, "me") as write:
        write.steps([make_step(1, loss=nan, l2=nan)])
        write.epoch(make_epoch(1, loss=nan, validation_loss=nan, validation_dice=None))
        write.run(best_dice=nan)
    (step,), (epoch,) = store.steps_after(run.id, 0), store.epochs_after(run.id, 0)
    assert [math.isnan(value) for value in (step.loss, step.l2, epoch.loss)] == [True] * 3
    assert (epoch.validation_loss, epoch.validation_dice) == (None, None)
    assert store.run(run.id).best_dice is None


def test_numbers_of_numpy_are_numbers(store, run):
    """SQLite would keep them as their bytes, without a word."""
    step = make_step(np.int64(7), loss=np.float32(0.5), alpha=np.float32(0.25), epoch=np.int32(2))
    with store.writing(run.id, "me") as write:
        write.steps([step])
        write.run(step=np.int64(7), best_dice=np.float32(0.5))
    (read,) = store.steps_after(run.id, 6)
    assert (read.step, read.loss, read.alpha, read.epoch) == (7, 0.5, 0.25, 2)
    assert all(type(v) in (int, float) for v in (read.step, read.loss, read.alpha))
    assert (store.run(run.id).step, store.run(run.id).best_dice) == (7, 0.5)


def test_epochs_with_their_predictions(store, run):
    pictures = [Picture(n, f"case {n}", f"name {n}\0", b"image", b"mask") for n in (1, 0)]
    with store.writing(run.id, "me") as write:
        write.pictures(pictures)
        write.epoch(make_epoch(1, is_best=True), {0: b"\0a", 1: b"b"})
        write.epoch(make_epoch(2), {1: b"c"})
        write.epoch(make_epoch(3))
    assert store.epochs_after(run.id, 0) == [
        make_epoch(1, is_best=True), make_epoch(2), make_epoch(3),
    ]  # fmt: skip
    assert store.epochs_after(run.id, 2) == [make_epoch(3)]
    assert store.epochs_after(run.id, 0)[0].is_best is True
    assert store.predictions(run.id, 1) == {0: b"\0a", 1: b"b"}
    assert store.predictions(run.id, 2) == {1: b"c"}
    assert store.predictions(run.id, 3) == {}
    assert store.pictures(run.id) == [
        Picture(n, f"case {n}", f"name {n}", b"image", b"mask") for n in (0, 1)
    ]
    with store.writing(run.id, "me") as write:
        write.pictures([Picture(0, "case 0", "new", b"image", b"mask")])
    assert store.predictions(run.id, 1) == {0: b"\0a", 1: b"b"}
    assert store.pictures(run.id)[0].name == "new"


def test_a_command_is_pending_until_it_is_taken_once(store, run):
    first = store.command(run.id[:6], "set", {"alpha": 0.3, "beta": 0.7})
    second = store.command(run.id, "pause")
    assert (first.run_id, first.value, second.value) == (run.id, {"alpha": 0.3, "beta": 0.7}, None)
    assert store.commands(run.id) == [first, second]
    with store.writing(run.id, "me") as write:
        write.taken(first.id, 5)
        write.taken(first.id, 9)
    assert store.commands(run.id, pending_only=True) == [second]
    assert (store.commands(run.id)[0].step, store.commands(run.id)[1].step) == (5, None)
    assert store.commands(run.id)[0].taken_at >= first.at
    with pytest.raises(ValueError, match=r"one of set, pause, .*, not 'rm'"):
        store.command(run.id, "rm")
    with pytest.raises(RunError, match="fits no run"):
        store.command("000000000000", "pause")


def test_another_runs_command_and_checkpoint_stay(store, run):
    other = store.create_run("Other", {}, "samples")
    assert store.claim(other.id, "me", "host", lease_s=30)
    command = store.command(other.id, "pause")
    taken = store.command(other.id, "save")
    with store.writing(other.id, "me") as write:
        write.taken(taken.id, 5)
        saved = write.saved(SavedFile(1, 1, "best", "file", "0" * 64, 1))
    with store.writing(run.id, "me") as write:
        write.taken(command.id, 1)
        write.forget_saved(saved.id)
        assert write.rewind(0) == []
    assert store.commands(other.id, pending_only=True) == [command]
    assert store.saved(other.id) == [saved]


def test_events_by_cursor(store, run):
    command = store.command(run.id, "set", {"alpha": 0.3})
    with store.writing(run.id, "me") as write:
        first = write.event(
            "turn", "alpha 0.5 to 0.3" + "!" * 2000, step=5, epoch=1, name="alpha", old=0.5,
            new=0.3, command_id=command.id,
        )  # fmt: skip
        second = write.event("pause", "Paused.", step=6, epoch=1)
        with pytest.raises(ValueError, match=r"kind must be one of turn, .*, not 'eval'"):
            write.event("eval", "", step=6, epoch=1)
    (turn, pause) = store.events_after(run.id, 0)
    assert (turn.id, pause.id) == (first, second)
    assert (turn.name, turn.old, turn.new, turn.command_id) == ("alpha", 0.5, 0.3, command.id)
    assert (turn.kind, turn.step, turn.epoch, len(turn.text)) == ("turn", 5, 1, 2000)
    assert (pause.old, pause.new, pause.command_id, pause.name) == (None, None, None, "")
    assert store.events_after(run.id, first) == [pause]


def test_a_cursor_never_meets_an_id_again(store, run):
    with store.writing(run.id, "me") as write:
        first = write.event("pause", "Paused.", step=6, epoch=1)
    with store.writing(run.id, "me") as write:
        write.rewind(5)
        assert write.event("resume", "Resumed.", step=5, epoch=1) > first
    assert [event.kind for event in store.events_after(run.id, first)] == ["resume"]


def test_checkpoints(store, run):
    with store.writing(run.id, "me") as write:
        best = write.saved(SavedFile(3, 1, "best", "best.safetensors", "a" * 64, 2**40, at=5.5))
        kept = write.saved(SavedFile(4, 1, "saved", "4.safetensors", "b" * 64, 7, "before"))
        with pytest.raises(ValueError, match="kind must be one of best, saved, resume, not 'x'"):
            write.saved(SavedFile(4, 1, "x", "4.safetensors", "b" * 64, 7))
    assert store.saved(run.id) == [best, kept]
    assert (best.run_id, best.size_bytes, best.at, kept.note) == (run.id, 2**40, 5.5, "before")
    with store.writing(run.id, "me") as write:
        write.forget_saved(best.id)
    assert store.saved(run.id) == [kept]


def test_evaluations_of_a_run_and_of_none(store, run):
    scores = {"dice": [0.5, None]}
    with store.writing(run.id, "me") as write:
        own = write.evaluation(Evaluation("a" * 64, "data", "test", "hard", scores, at=7.0))
    free = store.add_evaluation(Evaluation("b" * 64, "data", "test", "hard", scores))
    assert (own.run_id, free.run_id) == (run.id, None)
    assert store.evaluations() == [own, free]
    assert store.evaluations(run_id=run.id) == [own]
    assert store.evaluations(checkpoint_sha256="b" * 64) == [free]
    assert store.evaluations(run_id=run.id, checkpoint_sha256="b" * 64) == []


def test_progress_and_what_is_not_progress(store, run):
    with store.writing(run.id, "me") as write:
        write.run()
        write.run(status="running", step=3, controls={"alpha": 0.3}, memory_bytes=2**40)
        with pytest.raises(ValueError, match=r"no columns of a run to write: \['id', 'owner'\]"):
            write.run(owner="you", id="0", step=4)
        with pytest.raises(ValueError, match=r"status must be one of .*, not 'dead'"):
            write.run(status="dead")
    now = store.run(run.id)
    assert (now.status, now.step, now.controls) == ("running", 3, {"alpha": 0.3})
    assert (now.memory_bytes, now.owner) == (2**40, "me")


def test_a_transaction_is_whole_or_nothing(store, run):
    with suppress(ZeroDivisionError), store.writing(run.id, "me") as write:
        write.steps([make_step(1)])
        raise ZeroDivisionError
    assert store.steps_after(run.id, 0) == []


def test_rewind_forgets_what_came_after_and_tells_what_to_repeat(store, run):
    early, late, pending = (store.command(run.id, "set", {"alpha": n}) for n in range(3))
    with store.writing(run.id, "me") as write:
        write.steps([make_step(number) for number in range(1, 26)])
        write.pictures([Picture(0, "case", "name", b"image", b"mask")])
        write.epoch(make_epoch(1), {0: b"a"})
        write.epoch(make_epoch(2), {0: b"b"})
        for step, command in ((10, early), (11, late)):
            write.taken(command.id, step)
            write.event("turn", str(step), step=step, epoch=1, command_id=command.id)
    with store.writing(run.id, "me") as write:
        again = write.rewind(10)
    assert [(command.id, command.step) for command in again] == [(late.id, 11)]
    assert [step.step for step in store.steps_after(run.id, 0)] == list(range(1, 11))
    assert [epoch.epoch for epoch in store.epochs_after(run.id, 0)] == [1]
    assert (store.predictions(run.id, 1), store.predictions(run.id, 2)) == ({0: b"a"}, {})
    assert [event.text for event in store.events_after(run.id, 0)] == ["10"]
    assert store.commands(run.id, pending_only=True) == [pending]
    assert len(store.pictures(run.id)) == 1


@pytest.mark.parametrize(
    ("read", "index", "sqlite", "postgres"),
    [
        (lambda store, run: store.steps_after(run, 9), "steps", "AND step>?", "AND (step > 9)"),
        (lambda store, run: store.epochs_after(run, 9), "epochs", "AND epoch>?", "(epoch > 9)"),
        (lambda store, run: store.events_after(run, 9), "ix_events_run_id_id", "id>?", "(id > 9)"),
        (
            lambda store, run: store.commands(run, pending_only=True),
            "ix_commands_run_id_step_id", "AND step=?", "AND (step IS NULL)",
        ),
        (lambda store, run: store.predictions(run, 9), "predictions", "epoch=?", "(epoch = 9)"),
    ],
)  # fmt: skip
def test_a_cursor_reads_from_the_middle_of_an_index(store, run, read, index, sqlite, postgres):
    """Found by the key from where it is asked, in its order: no scan, no sort."""
    asked = []
    event.listen(store._engine, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
    assert not read(store, run.id)
    statement, values = next(one for one in asked if one[0].startswith("SELECT"))
    explain = "EXPLAIN QUERY PLAN " if store.is_sqlite else "EXPLAIN "
    with store.reading() as connection:
        if not store.is_sqlite:  # its tables are empty: a scan would cost less
            connection.exec_driver_sql("SET enable_seqscan = off")
            connection.exec_driver_sql("SET enable_bitmapscan = off")
        rows = connection.exec_driver_sql(explain + statement, values).all()
    plan = " ".join(str(row) for row in rows)
    if store.is_sqlite:
        names = (f"INDEX sqlite_autoindex_{index}_1 (run_id=?", f"INDEX {index} (run_id=?")
    else:
        names = (f"using pk_{index} ", f"using {index} ")
    assert any(name in plan for name in names), plan
    assert (sqlite if store.is_sqlite else postgres) in plan
    assert "SCAN" not in plan
    assert "Seq Scan" not in plan
    assert "B-TREE" not in plan
    assert "Sort" not in plan or "step IS NULL" in plan  # PostgreSQL sorts the few pending ones
