"""Runs: what is kept of one, how it is found, who may write it."""

import time

import pytest
from sqlalchemy import event, func, select

from seg.errors import LostRun, RunError
from seg.store import Evaluation, Picture, SavedFile
from seg.store.schema import epochs, metadata, steps
from tests.store.points import make_epoch, make_step


def test_a_new_run_is_queued_and_free(store):
    before = time.time()
    run = store.create_run("  Two\nwords ", {"alpha": 0.5, "heads": [1, None]}, "samples")
    assert len(run.id) == 12
    assert (run.name, run.status, run.data_name) == ("Two words", "queued", "samples")
    assert run.config == {"alpha": 0.5, "heads": [1, None]}
    assert (run.step, run.epoch, run.controls, run.reason, run.stage) == (0, 0, {}, "", "")
    assert (run.owner, run.lease_until, run.best_dice, run.started_at) == (None,) * 4
    assert before <= run.created_at == run.queued_at <= time.time()
    assert store.run(run.id) == run


def test_texts_that_a_database_refuses_are_cleaned(store):
    run = store.create_run("a\0b\udcff", {"path": "a\0b\udcff"}, "c\0d\udcff")
    assert (run.name, run.data_name) == ("ab?", "cd?")
    assert run.config == {"path": "a\0b\udcff"}


@pytest.mark.parametrize("name", ["", " \n", "x" * 121])
def test_a_name_is_1_to_120_characters(store, name):
    with pytest.raises(RunError, match=r"Expected 1 to 120 characters\. Received: (0|121)\."):
        store.create_run(name, {}, "samples")
    assert store.create_run("x" * 120, {}, "samples").name == "x" * 120


def test_only_plain_bounded_json_is_kept(store):
    for value in (float("nan"), b"code", object(), {1, 2}):
        with pytest.raises(ValueError, match="is not plain JSON"):
            store.create_run("First", {"x": value}, "samples")
    with pytest.raises(
        ValueError, match=r"at most 1,048,576 characters of JSON\. Received: 1,048,5"
    ):
        store.create_run("First", {"x": "y" * 2**20}, "samples")
    assert store.runs() == []


def test_a_run_is_found_by_its_first_digits(store, monkeypatch):
    ids = iter(["aaaa11111111", "aaaa22222222"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(ids))
    first = store.create_run("First", {}, "samples")
    assert store.run("aaaa") == first
    store.create_run("Second", {}, "samples")
    assert store.run("aaaa1") == first
    with pytest.raises(RunError, match=r"'aaaa' .* fits more than one run\. Look at the list"):
        store.run("aaaa")
    for wrong in ("aaa", "aaaa3", "%%%%", "AAAA1", "", "aaaa111111111"):
        with pytest.raises(RunError, match=r"fits no run\."):
            store.run(wrong)


def test_runs_come_newest_first(store):
    names = ["First", "Second", "Third"]
    for name in names:
        store.create_run(name, {}, "samples")
    assert [run.name for run in store.runs()] == names[::-1]


def test_renaming(store, run):
    store.rename(run.id, " Other ")
    assert store.run(run.id).name == "Other"
    with pytest.raises(RunError, match="fits no run"):
        store.rename("0000" + run.id[4:], "Other")
    with pytest.raises(RunError, match="name cannot be used"):
        store.rename(run.id, "")


def test_one_owner_at_a_time(store):
    run = store.create_run("First", {}, "samples")
    assert store.claim(run.id, "me", "here", lease_s=30)
    assert not store.claim(run.id, "you", "there", lease_s=30)
    assert store.claim(run.id, "me", "here", lease_s=60)
    held = store.run(run.id)
    assert (held.owner, held.host, held.lease_s) == ("me", "here", 60)
    assert held.lease_until == pytest.approx(time.time() + 60, abs=5)
    assert store.claim(run.id, "you", "there", lease_s=30, even_if_leased=True)
    assert (store.run(run.id).owner, store.run(run.id).host) == ("you", "there")
    assert not store.claim("000000000000", "me", "here", lease_s=30)


def test_a_lease_that_is_over_can_be_taken(store):
    run = store.create_run("First", {}, "samples")
    assert store.claim(run.id, "me", "here", lease_s=-1)
    assert store.claim(run.id, "you", "there", lease_s=30)
    assert store.run(run.id).owner == "you"


def test_a_stale_owner_writes_nothing(store, run):
    store.claim(run.id, "you", "there", lease_s=30, even_if_leased=True)
    with (
        pytest.raises(LostRun, match=r"not this process's any more.* another process holds it"),
        store.writing(run.id, "me") as write,
    ):
        write.steps([make_step(1)])
    assert store.steps_after(run.id, 0) == []
    with pytest.raises(LostRun, match="not this process's"):
        store.release(run.id, "me", "failed")
    assert (store.run(run.id).owner, store.run(run.id).status) == ("you", "queued")


def test_a_write_renews_the_lease(store, run, monkeypatch):
    now = time.time() + 20
    monkeypatch.setattr(time, "time", lambda: now)
    with store.writing(run.id, "me"):
        pass
    assert store.run(run.id).lease_until == pytest.approx(now + 30, abs=1e-3)


def test_release(store, run):
    with store.writing(run.id, "me") as write:
        write.run(stage="Step 3")
    store.release(run.id, "me", "paused", "Because of me.")
    free = store.run(run.id)
    assert (free.owner, free.lease_until, free.lease_s) == (None, None, None)
    assert (free.status, free.reason, free.stage) == ("paused", "Because of me.", "")
    assert (free.finished_at, free.host) == (None, "host")
    assert store.claim(run.id, "you", "there", lease_s=30)
    store.release(run.id, "you", "finished")
    assert store.run(run.id).finished_at == pytest.approx(time.time(), abs=5)
    assert store.run(run.id).reason == ""
    with pytest.raises(ValueError, match=r"must be one of .*'queued'.* not 'dead'"):
        store.release(run.id, "you", "dead")


def test_a_deleted_run_takes_all_its_rows_and_nobody_elses(store, run):
    other = store.create_run("Branch", {}, "samples", parent_id=run.id, parent_step=3)
    assert (other.parent_id, other.parent_step) == (run.id, 3)
    assert store.claim(other.id, "me", "host", lease_s=30)
    for each in (run, other):
        command = store.command(each.id, "set", {"alpha": 0.3})
        with store.writing(each.id, "me") as write:
            write.steps([make_step(1)])
            write.pictures([Picture(0, "case", "name", b"image", b"mask")])
            write.epoch(make_epoch(1), {0: b"png"})
            write.event("turn", "text", step=1, epoch=1, command_id=command.id)
            write.saved(SavedFile(1, 1, "best", "file", "0" * 64, 1))
            write.evaluation(Evaluation("0" * 64, "", "test", "", {}))
    store.delete_run(run.id)
    store.delete_run(run.id)
    with store.reading() as connection:
        for table in metadata.sorted_tables:
            rows = connection.execute(select(func.count()).select_from(table)).scalar()
            assert rows == 1, table.name
    assert store.runs()[0].parent_id is None
    with pytest.raises(LostRun, match="or it was deleted"), store.writing(run.id, "me"):
        pass


def test_a_long_run_is_deleted_in_portions(store, run, monkeypatch):
    """Its worker is sent away first; other writers come in between; cut short, it says so."""
    monkeypatch.setattr("seg.store.runs.PORTIONS", {steps.c.step: 10, epochs.c.epoch: 2})
    other = store.create_run("Other", {}, "samples")
    assert store.claim(other.id, "me", "host", lease_s=30)
    with store.writing(run.id, "me") as write:
        write.steps([make_step(number) for number in range(1, 26)])
        for number in range(1, 5):
            write.epoch(make_epoch(number))
    left = []

    def meanwhile(seconds):
        left.append([len(store.steps_after(run.id, 0)), len(store.epochs_after(run.id, 0))])
        with store.writing(other.id, "me") as write:
            write.steps([make_step(len(left))])
        with pytest.raises(LostRun, match="not this process's"), store.writing(run.id, "me"):
            pass
        if len(left) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", meanwhile)
    with pytest.raises(KeyboardInterrupt):
        store.delete_run(run.id)
    assert left == [[15, 4], [5, 4], [0, 2], [0, 0]]
    assert (store.run(run.id).status, store.run(run.id).owner) == ("failed", None)
    assert "Delete it again" in store.run(run.id).reason
    store.delete_run(run.id)
    assert [kept.id for kept in store.runs()] == [other.id]
    assert len(store.steps_after(other.id, 0)) == 4


def test_a_list_of_runs_reads_the_table_of_runs_only(store, run):
    asked = []
    event.listen(store._engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    store.runs()
    reading = [text for text in asked if text != "BEGIN"]
    assert len(reading) == 1
    assert "\nFROM runs ORDER BY" in reading[0]
