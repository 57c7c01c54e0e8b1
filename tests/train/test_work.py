"""Runs through the real store: what they record; how they are steered, stopped and taken up."""

import sqlite3
import threading
import time
from contextlib import closing

import numpy as np
import pytest

from seg.architecture import Architecture
from seg.checkpoint import open_checkpoint
from seg.errors import LostRun, RunError
from seg.launch import folder
from seg.objective import Costs, head_parts
from seg.scores import dice
from seg.store import SavedFile
from seg.train.branch import branch
from seg.train.bundle import read_bundle
from seg.train.config import Loss, Optimizer, Views
from seg.train.describe import foreground_sums
from seg.train.desk import EVERY_S
from seg.train.record import Record
from seg.train.schedule import Schedule
from seg.train.work import work
from tests.training import make_config, make_run, write_squares

TWO = Architecture(filters=(4, 8, 12), classes=2, norm="none", dropout=0.2, l2=1e-3)


def recorded(store, run):
    """Every step without its times."""
    return [
        (s.step, s.epoch, s.loss, s.l2, s.alpha, s.beta, s.learning_rate, s.record)
        for s in store.steps_after(run.id, 0)
    ]


def best_weights(run):
    return open_checkpoint(folder(run.id) / "best.safetensors").weights()


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, weight in one.items():
        np.testing.assert_array_equal(weight, other[name], err_msg=name)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"loss": Loss(alpha=0.3, beta=0.7, gamma=0.3, head_weights=(1, 0.5), cross_entropy=0.4)},
        {
            "architecture": TWO,
            "loss": Loss(class_weights=(0.3, 0.7), head_weights=(1, 1), reduction="batch"),
        },
    ],
)
def test_the_loss_comes_out_of_the_recorded_sums_again(store, squares, changes):
    config = make_config(squares, **changes)
    run = work(make_run(store, config).id)
    assert (run.status, run.reason) == ("finished", "")
    steps = store.steps_after(run.id, 0)
    assert [step.step for step in steps] == [1, 2, 3, 4, 5, 6]
    for step in steps:
        record = Record.decode(step.record)
        costs = Costs(step.alpha, step.beta, step.gamma)
        parts = head_parts(record.soft.astype(float), costs, config.terms)
        assert record.head_weights @ parts.total + step.l2 == pytest.approx(step.loss, abs=1e-5)
        pixels = record.soft[..., :4].sum(-1)
        np.testing.assert_allclose(pixels, 32 * 32, rtol=1e-5)
        assert (record.hard.sum(-1) == 32 * 32).all()
    epochs = store.epochs_after(run.id, 0)
    assert [epoch.step for epoch in epochs] == [3, 6]
    for epoch in epochs:
        record = Record.decode(epoch.record)
        costs = Costs(epoch.alpha, epoch.beta, epoch.gamma)
        parts = head_parts(record.soft.astype(float), costs, config.terms)
        again = record.head_weights @ parts.total + epoch.validation_l2
        assert again == pytest.approx(epoch.validation_loss, abs=1e-5)
    assert epochs[0].loss == pytest.approx(np.mean([step.loss for step in steps[:3]]))
    found = Record.decode(epochs[-1].record)
    assert found.soft.shape == (2, 2, config.architecture.classes, 5)
    assert np.mean(dice(foreground_sums(found.hard[1]))) == pytest.approx(
        epochs[-1].validation_dice
    )


def test_a_run_learns_and_says_what_it_did(store, squares):
    config = make_config(squares, epochs=20)
    run = work(make_run(store, config).id)
    losses = [epoch.loss for epoch in store.epochs_after(run.id, 0)]
    assert losses[-1] < 0.85 * losses[0]
    assert run.best_dice > 0.8
    checkpoint = open_checkpoint(folder(run.id) / "best.safetensors")
    metadata = checkpoint.metadata
    assert metadata.training.best_epoch == run.best_epoch
    assert {part: len(ids) for part, ids in metadata.data.seen.items()} == {
        "train": 6, "validation": 2, "test": 2,
    }  # fmt: skip
    kept = {(score.part, score.metric): score.value for score in metadata.scores}
    assert kept["validation", "dice"] == pytest.approx(run.best_dice, abs=1e-4)
    evaluations = store.evaluations(checkpoint_sha256=checkpoint.sha256)
    assert [one.part for one in evaluations] == ["validation", "test"]
    assert [picture.number for picture in store.pictures(run.id)] == [0, 1]
    assert set(store.predictions(run.id, 20)) == {0, 1}
    with pytest.raises(RunError, match=r"is finished\. Expected one that is not"):
        work(run.id)


def ask_at(store, asked):
    """Ask something of a run when an epoch is over, so that it is taken at the next step."""

    def on_epoch(run, epoch):
        if epoch.epoch in asked:
            store.command(run.id, *asked[epoch.epoch])
            time.sleep(3 * EVERY_S)

    return on_epoch


def test_a_run_that_was_stopped_goes_on_to_the_very_same_end(store, squares):
    config = make_config(squares, epochs=6)
    whole = work(make_run(store, config).id)
    parts = work(make_run(store, config).id, ask_at(store, {3: ["stop"]}))
    assert (parts.status, parts.step) == ("stopped", 9)
    assert parts.reason == "Stopped after step 9."
    parts = work(parts.id)
    assert parts.status == "finished"
    assert recorded(store, parts) == recorded(store, whole)
    assert_same(best_weights(parts), best_weights(whole))
    last = [store.saved(run.id)[-2] for run in (whole, parts)]
    states = [read_bundle(folder(s.run_id) / s.file, s.sha256)[0] for s in last]
    assert_same(*states)
    kinds = [event.kind for event in store.events_after(parts.id, 0)]
    assert kinds == ["stop", "resume", "finish"]


def test_turning_takes_effect_at_the_next_step_and_can_be_branched_from(store, squares):
    values = {"alpha": 0.2, "beta": 0.8, "head_weight_1": 0.0}
    asked = {2: ["set", values], 3: ["set", {"alpha": -1}]}
    run = work(make_run(store, make_config(squares, epochs=5)).id, ask_at(store, asked))
    turns = [event for event in store.events_after(run.id, 0) if event.kind == "turn"]
    assert {turn.name: (turn.old, turn.new) for turn in turns} == {
        "alpha": (0.5, 0.2), "beta": (0.5, 0.8), "head_weight_1": (0.5, 0.0),
    }  # fmt: skip
    step = 7
    assert {turn.step for turn in turns} == {step}
    steps = store.steps_after(run.id, 0)
    assert [(s.alpha, s.beta) for s in steps if s.step < step] == [(0.5, 0.5)] * (step - 1)
    assert {(s.alpha, s.beta) for s in steps if s.step >= step} == {(0.2, 0.8)}
    assert Record.decode(steps[step - 1].record).head_weights.tolist() == [0.0, 0.5]
    command = store.commands(run.id)[0]
    assert command.step == step
    (problem,) = [one for one in store.events_after(run.id, 0) if one.kind == "problem"]
    assert "alpha cannot be set. Expected a number from 0 to 100" in problem.text
    best = open_checkpoint(folder(run.id) / "best.safetensors").metadata.training
    turned = run.best_epoch > 2
    assert best.best_epoch == run.best_epoch
    assert (best.alpha, best.beta) == ((0.2, 0.8) if turned else (0.5, 0.5))
    assert bool(best.turned) == turned

    (before,) = [saved for saved in store.saved(run.id) if saved.note.startswith("Before alpha")]
    assert before.step == step - 1
    same = work(branch(store, run, before, values).id)
    assert (same.status, same.reason) == ("finished", "")
    assert recorded(store, same) == recorded(store, run)[step - 1 :]
    other = work(branch(store, run, before).id)
    assert other.parent_step == step - 1
    assert store.steps_after(other.id, 0)[0].alpha == 0.5


def test_a_schedule_moves_alpha_until_a_hand_does(store, squares):
    schedules = (Schedule(control="alpha", points=((0, 0.5), (4, 0.3))),)
    config = make_config(squares, epochs=6, schedules=schedules)
    run = work(make_run(store, config).id, ask_at(store, {5: ["set", {"alpha": 0.9}]}))
    alphas = [step.alpha for step in store.steps_after(run.id, 0)]
    falling = [0.5 - 0.2 * steps / 12 for steps in range(12)]
    assert alphas == pytest.approx(falling + [0.3] * 3 + [0.9] * 3)


def test_patience_ends_a_run(store, squares):
    still = {"architecture": TWO, "optimizer": Optimizer(learning_rate=1e-12)}
    config = make_config(squares, epochs=50, patience=3, **still)
    run = work(make_run(store, config).id)
    assert (run.status, run.epoch, run.best_epoch) == ("finished", 4, 1)


def test_a_loss_that_is_no_number_fails_the_run_and_keeps_the_best(store, squares):
    plain = Architecture(filters=(4, 8), l2=1.0)
    config = make_config(squares, epochs=20, architecture=plain, averaging=0.0)
    asked = {2: ["set", {"learning_rate": 1e38}]}
    run = work(make_run(store, config).id, ask_at(store, asked))
    assert run.status == "failed"
    assert "no numbers any more" in run.reason or "Expected a number" in run.reason
    assert all(np.isfinite(weight).all() for weight in best_weights(run).values())


def test_data_that_changed_are_refused(store, tmp_path):
    data = write_squares(tmp_path / "mine")
    run = work(make_run(store, make_config(data)).id, ask_at(store, {1: ["stop"]}))
    (data / "masks" / "case3.png").write_bytes((data / "masks" / "case4.png").read_bytes())
    run = work(run.id)
    assert run.status == "failed"
    assert "The data set mine has changed since the run began" in run.reason
    (data / "masks" / "case3.png").unlink()
    run = work(run.id)
    assert "1 images of mine have no mask, the first case3" in run.reason


def test_a_run_that_another_took_over_writes_nothing_more(store, squares):
    def on_epoch(run, epoch):
        if epoch.epoch == 2:
            assert store.claim(run.id, "another", "elsewhere", 30, even_if_leased=True)

    run = make_run(store, make_config(squares, epochs=5))
    with pytest.raises(LostRun, match="is not this process's any more"):
        work(run.id, on_epoch)
    assert store.run(run.id).owner == "another"
    assert store.run(run.id).epoch <= 3


def test_several_classes_and_whole_views(store, squares):
    views = Views(crop=32, augmentation="mirror", foreground_share=1.0)
    config = make_config(squares, architecture=TWO, views=views, half=True)
    run = work(make_run(store, config).id)
    assert run.status == "finished"
    checkpoint = open_checkpoint(folder(run.id) / "best.safetensors")
    assert checkpoint.size_bytes < 2.5 * TWO.parameters + 20_000


def test_pause_save_and_go_on(store, squares):
    run = make_run(store, make_config(squares, epochs=4))
    seen = []

    def somebody():
        while store.run(run.id).status != "paused":
            time.sleep(EVERY_S)
        seen.append(store.run(run.id))
        store.command(run.id, "save")
        store.command(run.id, "set", {"alpha": 0.4})
        time.sleep(5 * EVERY_S)
        seen.append(store.run(run.id))
        store.command(run.id, "go_on")

    person = threading.Thread(target=somebody)
    person.start()
    end = work(run.id, ask_at(store, {2: ["pause"]}))
    person.join()
    assert [(one.status, one.step) for one in seen] == [("paused", 6)] * 2
    assert seen[1].controls["alpha"] == 0.4
    assert (end.status, end.step) == ("finished", 12)
    events = [(event.kind, event.step) for event in store.events_after(run.id, 0)]
    assert events == [("pause", 6), ("save", 6), ("turn", 7), ("go_on", 6), ("finish", 12)]
    saved = open_checkpoint(folder(run.id) / "saved-6.safetensors")
    assert saved.sha256 in {one.sha256 for one in store.saved(run.id) if one.kind == "saved"}


def test_what_was_recorded_is_not_wiped_where_the_saved_states_are_gone(store, squares):
    run = work(make_run(store, make_config(squares, epochs=4)).id, ask_at(store, {2: ["stop"]}))
    steps = recorded(store, run)
    for path in folder(run.id).glob("*.bundle"):
        path.write_bytes(b"")
    run = work(run.id)
    assert run.status == "failed"
    assert "The saved states of run" in run.reason
    assert recorded(store, run) == steps


def test_a_branch_has_its_own_best_and_patience(store, squares):
    config = make_config(squares, epochs=4, patience=2)
    run = work(make_run(store, config).id, ask_at(store, {2: ["stop"]}))
    (state, *_) = [saved for saved in store.saved(run.id) if saved.epoch == 2][::-1]
    other = work(branch(store, run, state).id)
    assert (other.status, other.reason) == ("finished", "")
    assert other.best_epoch in (3, 4)
    best = open_checkpoint(folder(other.id) / "best.safetensors")
    assert best.metadata.training.best_epoch == other.best_epoch
    last = [saved for saved in store.saved(other.id) if saved.kind == "resume"][-1]
    with pytest.raises(RunError, match="Nothing is left to train after step 12"):
        branch(store, other, last)


def test_a_best_checkpoint_that_was_never_named_is_dropped(store, squares):
    run = work(make_run(store, make_config(squares, epochs=4)).id, ask_at(store, {2: ["stop"]}))
    best = folder(run.id) / "best.safetensors"
    whole = best.read_bytes()
    (folder(run.id) / "best.pending").write_bytes(b"of an epoch that never was")
    run = work(run.id, ask_at(store, {3: ["stop"]}))
    assert not (folder(run.id) / "best.pending").exists()
    assert [saved.kind for saved in store.saved(run.id)].count("best") == 1
    best.rename(folder(run.id) / "best.pending")  # named, and killed before it took its place
    if run.best_epoch < 3:
        assert (folder(run.id) / "best.pending").read_bytes() == whole
    work(run.id)
    assert open_checkpoint(best).metadata.training.best_epoch == store.run(run.id).best_epoch


def test_names_from_the_store_do_not_lead_out_of_the_run(store, squares, tmp_path):
    run = work(make_run(store, make_config(squares, epochs=3)).id, ask_at(store, {1: ["stop"]}))
    outside = tmp_path / "precious.bundle"
    outside.write_bytes(b"precious")
    assert store.claim(run.id, "me", "", 30)
    with store.writing(run.id, "me") as write:
        write.saved(SavedFile(1, 1, "resume", str(outside), "0" * 64, 8))
    store.release(run.id, "me", "stopped")
    assert work(run.id).status == "failed"
    assert outside.read_bytes() == b"precious"


def test_a_locked_store_does_not_stop_the_training(store, squares):
    """Another writer holds the database for four seconds; the steps go on meanwhile."""
    run = make_run(store, make_config(squares, views=Views(crop=32, repeats=400)))
    held = []

    def hold():
        while store.run(run.id).step < 3:
            time.sleep(EVERY_S)
        with closing(sqlite3.connect(store.place, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            held.append(time.time())
            time.sleep(4)
            other.execute("COMMIT")
            held.append(time.time())
        store.command(run.id, "stop")

    person = threading.Thread(target=hold)
    person.start()
    work(run.id)
    person.join()
    during = [s for s in store.steps_after(run.id, 0) if held[0] + 1 < s.at < held[1] - 0.5]
    assert len(during) > 20
