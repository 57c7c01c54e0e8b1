"""What else goes wrong around a run: no room, no database, no server, no data, no numbers."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from seg import launch
from seg.settings import settings
from tests.faults.lives import ROOT, nursery, opened, wait_for
from tests.faults.same import all_epochs, all_steps, assert_same, best
from tests.faults.tiny import create, write_squares

LONG = 100_000  # epochs, of runs that a test ends
BUSY_S = 5  # how long the store waits for a lock: held longer than that here


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A home with a data set, and a nursery in it."""
    home = tmp_path_factory.mktemp("home")
    write_squares(home / "data")
    with opened(home) as store, nursery(home) as lives:
        yield home, store, lives


@pytest.fixture(autouse=True)
def settled(place, monkeypatch):
    """This process looks at the same home."""
    monkeypatch.setenv("SEG_HOME", str(place[0]))
    settings.cache_clear()
    yield
    place[2].abandon()
    settings.cache_clear()


@pytest.fixture(scope="module")
def reference(place):
    """A run of 30 epochs that nothing happened to."""
    home, store, lives = place
    run = create(store, home / "data", epochs=30)
    assert lives.train(run.id) == 0
    return run.id


@contextlib.contextmanager
def small_disk(path, size):
    """A tmpfs at a path, which needs root."""
    path.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(path)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("A small file system cannot be mounted here: that needs root.")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def fill(path):
    """Take all room of a disk; returns the file to be removed."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return path


def test_a_full_disk_is_waited_for(place, reference):
    """The run's folder has no room: it pauses with its reason, and goes on when there is room."""
    home, store, lives = place
    run = create(store, home / "data", epochs=30)
    with small_disk(launch.folder(run.id), "1m"):
        ballast = fill(launch.folder(run.id) / ".ballast")
        lives.begin(run.id)
        wait_for(lambda: store.run(run.id).status == "paused")
        paused = store.run(run.id)
        assert paused.reason.startswith("A file of the run cannot be written: No space left on")
        assert "goes on by itself" in paused.reason
        assert launch.status(paused) == "paused"
        ballast.unlink()
        assert lives.end() == 0
        assert store.run(run.id).reason == ""
        assert_same(home, store, run.id, reference)


def test_a_full_disk_in_the_middle_leaves_the_last_good_files(place):
    home, store, lives = place
    run = create(store, home / "data", epochs=LONG)
    with small_disk(launch.folder(run.id), "1m"):
        pid = lives.begin(run.id)
        wait_for(lambda: store.run(run.id).epoch >= 2)
        ballast = fill(launch.folder(run.id) / ".ballast")
        wait_for(lambda: store.run(run.id).status == "paused")
        assert all(
            np.isfinite(np.frombuffer(w, "f4")).all() for w in best(home, run.id)[0].values()
        )
        os.kill(pid, signal.SIGKILL)  # and to crown it all
        assert lives.end() == -signal.SIGKILL
        ballast.unlink()
        lives.begin(run.id)
        step = store.run(run.id).step
        wait_for(lambda: store.run(run.id).step > step + 10)
        store.command(run.id, "stop")
        assert lives.end() == 0
        steps = [one["step"] for one in all_steps(store, run.id)]
        assert steps == list(range(1, store.run(run.id).step + 1))


def test_a_full_disk_under_the_store_too(tmp_path, reference, place):
    """Store and run lie on the same full disk: nothing can be told, nothing is lost."""
    small = tmp_path / "home"
    with small_disk(small, "6m"), opened(small) as store, nursery(small) as lives:
        run = create(store, place[0] / "data", epochs=30)
        lives.begin(run.id)
        wait_for(lambda: store.run(run.id).epoch >= 2)
        ballast = fill(small / ".ballast")
        time.sleep(2)
        assert launch_is_held(small, run.id)
        ballast.unlink()
        assert lives.end() == 0
        ended = store.run(run.id)
        assert (ended.status, ended.epoch) == ("finished", 30)
        assert all_steps(store, run.id) == all_steps(place[1], reference)
        assert all_epochs(store, run.id) == all_epochs(place[1], reference)
        assert best(small, run.id) == best(place[0], reference)


def launch_is_held(home, run_id):
    """Whether a process works on a run of another home than this process's."""
    from seg.launch import locks

    return locks.is_held(home / "runs" / run_id / "lock")


def test_a_database_locked_for_long_is_waited_for(place, reference):
    home, store, lives = place
    run = create(store, home / "data", epochs=30)
    lives.begin(run.id)
    wait_for(lambda: store.run(run.id).epoch >= 2)
    with contextlib.closing(sqlite3.connect(home / "store.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        before = store.run(run.id)
        time.sleep(BUSY_S + 2)
        assert store.run(run.id).step == before.step
        assert launch.is_alive(before)
        other.execute("ROLLBACK")
    assert lives.end() == 0
    assert_same(home, store, run.id, reference)


def test_a_busy_store_does_not_change_the_numbers(place, reference):
    """While a run waits for its turn to write, in a thread, its first weights are drawn."""
    home, store, lives = place
    run = create(store, home / "data", epochs=30)
    over = threading.Event()

    def be_busy():
        path = home / "store.sqlite"
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            while not over.wait(0.02):
                with contextlib.suppress(sqlite3.OperationalError):
                    other.execute("BEGIN IMMEDIATE")
                    over.wait(1)
                    other.execute("ROLLBACK")

    thread = threading.Thread(target=be_busy)
    lives.begin(run.id)
    thread.start()
    try:
        wait_for(lambda: store.run(run.id).epoch)
    finally:
        over.set()
        thread.join()
    assert lives.end() == 0
    assert_same(home, store, run.id, reference)


def test_one_of_many_workers_trains(place):
    """Six processes begin a run at the same moment."""
    home, store, _ = place
    run = create(store, home / "data", epochs=3)
    command = [sys.executable, "-m", "seg", "runs", "resume", run.id, "--quiet"]
    racers = [
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"SEG_DEVICE": "cpu"},
        )
        for _ in range(6)
    ]  # fmt: skip
    said = [racer.communicate(timeout=180)[1] for racer in racers]
    assert sorted(racer.returncode for racer in racers) == [0] + [2] * 5
    refused = [text for text, racer in zip(said, racers, strict=True) if racer.returncode]
    for text in refused:
        assert "is being trained by another process" in text or "is finished" in text
    assert any("is being trained by another process" in text for text in refused)
    assert [one["step"] for one in all_steps(store, run.id)] == list(range(1, 10))
    assert [one["epoch"] for one in all_epochs(store, run.id)] == [1, 2, 3]


def test_who_lost_a_run_writes_nothing_more(place):
    """Another machine has taken the run over: the old worker finds out at its next write."""
    home, store, lives = place
    run = create(store, home / "data", epochs=LONG)
    lives.begin(run.id)
    wait_for(lambda: store.run(run.id).epoch >= 1)
    assert store.claim(run.id, "another", "elsewhere", 60, even_if_leased=True)
    step = store.run(run.id).step
    assert lives.end() == 2
    assert "is not this process's any more" in "\n".join(launch.tail(run.id))
    after = store.run(run.id)
    assert (after.step, after.owner, after.host) == (step, "another", "elsewhere")
    assert [one["step"] for one in all_steps(store, run.id)] == list(range(1, step + 1))


SERVER = """
import sys, time
from seg import launch
from seg.store import open_store
run = open_store().run(sys.argv[1])
print(launch.status(run), flush=True)
if sys.argv[2] == "start":
    launch.start(run.id)
    print(launch.status(run), flush=True)
    time.sleep(600)
"""


def serve(run_id, what):
    return subprocess.Popen(
        [sys.executable, "-c", SERVER, run_id, what],
        cwd=ROOT,
        env=os.environ | {"SEG_DEVICE": "cpu"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_run_goes_on_without_its_server_and_is_found_again(place, reference):
    home, store, _ = place
    run = create(store, home / "data", epochs=LONG)
    with serve(run.id, "start") as server:
        assert server.stdout.readline() == "interrupted\n"  # nobody works on it yet
        assert server.stdout.readline() == "queued\n"
        wait_for(lambda: store.run(run.id).epoch >= 1)
        os.killpg(server.pid, signal.SIGKILL)
    step = store.run(run.id).step
    wait_for(lambda: store.run(run.id).step > step + 10)
    with serve(run.id, "look") as again:
        assert again.stdout.readline() == "running\n"
    store.command(run.id, "stop")
    wait_for(lambda: store.run(run.id).status == "stopped")
    wait_for(lambda: not launch.is_alive(run))
    ended = store.run(run.id)
    assert [one["step"] for one in all_steps(store, run.id)] == list(range(1, ended.step + 1))
    with serve(run.id, "start") as server:  # and with one click it goes on
        assert server.stdout.readline() == "stopped\n"
        wait_for(lambda: store.run(run.id).step > ended.step)
        os.killpg(server.pid, signal.SIGKILL)
    assert launch.end_by_force(store, run.id) is True
    assert launch.status(store.run(run.id)) == "stopped"


@pytest.mark.parametrize("end", [signal.SIGTERM, "stop", "stop_now"])
def test_a_run_that_is_ended_politely_goes_on_as_if_it_was_not(place, reference, end):
    home, store, lives = place
    run = create(store, home / "data", epochs=30)
    pid = lives.begin(run.id)
    wait_for(lambda: store.run(run.id).epoch >= 3)
    if end == signal.SIGTERM:
        os.kill(pid, end)
    else:
        store.command(run.id, end)
    assert lives.end() == 0
    stopped = store.run(run.id)
    assert (stopped.status, launch.status(stopped)) == ("stopped", "stopped")
    assert 3 <= stopped.epoch < 30
    assert stopped.reason
    assert lives.train(run.id) == 0
    assert_same(home, store, run.id, reference)


def test_a_damaged_state_is_passed_over(place, reference):
    home, store, lives = place
    run = create(store, home / "data", epochs=30)
    pid = lives.begin(run.id)
    wait_for(lambda: len([one for one in store.saved(run.id) if one.kind == "resume"]) > 1)
    os.kill(pid, signal.SIGKILL)
    lives.end()
    newest = [one for one in store.saved(run.id) if one.kind == "resume"][-1]
    path = launch.folder(run.id) / newest.file
    content = bytearray(path.read_bytes())
    content[-3] ^= 1  # one bit of the last array
    path.write_bytes(content)
    assert lives.train(run.id) == 0
    assert_same(home, store, run.id, reference)


def test_a_loss_that_is_no_number_ends_the_run(place):
    """The learning rate is turned beyond all reason; the best checkpoint stays a good one."""
    home, store, lives = place
    run = create(store, home / "data", epochs=LONG)
    lives.begin(run.id)
    wait_for(lambda: store.run(run.id).epoch >= 2)
    store.command(run.id, "set", {"learning_rate": 1e30})
    assert lives.end() == 0
    failed = store.run(run.id)
    assert failed.status == launch.status(failed) == "failed"
    assert "loss became" in failed.reason
    assert "The best checkpoint so far is whole." in failed.reason
    weights, _ = best(home, run.id)
    assert all(np.isfinite(np.frombuffer(w, "f4")).all() for w in weights.values())
    turn = next(event for event in store.events_after(run.id, 0) if event.kind == "turn")
    kept = [one for one in store.saved(run.id) if one.note]
    assert [one.step for one in kept] == [turn.step - 1]  # to branch from
    assert failed.best_epoch <= failed.epoch
    assert all(np.isfinite(epoch["validation_loss"]) for epoch in all_epochs(store, run.id))


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda data: (data / "masks" / "case3.png").unlink(), "have no mask, the first case3"),
        (lambda data: shutil.copy(data / "images" / "case1.png", data / "images" / "case0.png"),
         "has changed since the run began"),
        (lambda data: (data / "images" / "case4.png").write_bytes(b"x"),
         "has changed since the run began"),
        (lambda data: data.rename(data.with_name("moved")), "images"),
    ],
    ids=["mask gone", "image swapped", "image damaged", "folder moved"],
)  # fmt: skip
def test_data_that_vanished_or_changed_stop_a_resume(place, reference, tmp_path, spoil, text):
    home, store, lives = place
    data = shutil.copytree(home / "data", tmp_path / "data")
    run = create(store, data, epochs=30)
    pid = lives.begin(run.id)
    wait_for(lambda: store.run(run.id).epoch >= 2)
    os.kill(pid, signal.SIGKILL)
    lives.end()
    before = store.run(run.id)
    spoil(data)
    assert lives.train(run.id) == 0
    failed = store.run(run.id)
    assert failed.status == "failed"
    assert text in failed.reason
    assert (failed.step, failed.epoch) == (before.step, before.epoch)
    for moved in (data, data.with_name("moved")):
        shutil.rmtree(moved, ignore_errors=True)
    shutil.copytree(home / "data", data)
    assert lives.train(run.id) == 0  # put back, it goes on
    assert_same(home, store, run.id, reference)
