"""Where runs run: real processes that hold, wait, are killed, and outlive what started them."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from seg import launch
from seg.disk import TEMPORARY
from seg.errors import Cancelled, ConfigError, RunError
from seg.launch import hold, locks, place, process, slots, stop
from seg.settings import settings
from seg.store import open_store

ROOT = Path(__file__).parent.parent
WAIT_S = 30
RUN = "0123456789ab"
HOLD = """
import sys
from seg.launch import Hold
with Hold(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""
QUEUE = """
import sys
from seg.launch import Hold, Slot
from seg.store import open_store
store = open_store()
run = store.run(sys.argv[1])
told = []
def on_wait(place):
    if told[-1:] != [place]:
        told.append(place)
        print("waits", place, flush=True)
with Hold(run.id):
    with Slot(store, run, on_wait) as slot:
        print("works", slot.number, flush=True)
        sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("SEG_HOME", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


@pytest.fixture
def store():
    store = open_store()
    yield store
    store.close()


@pytest.fixture
def program():
    """Start small programs; whatever still runs at the end of a test is killed."""
    started = []

    def start(code, *arguments, **options):
        child = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **options,
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()


def wait_for(condition):
    until = time.monotonic() + WAIT_S
    while not (found := condition()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.01)
    return found


def says(child, text):
    line = child.stdout.readline()
    assert line.strip() == text, line


def state(pid):
    """The letter of a process's state; None where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return None


def make_run(store, **changes):
    return replace(store.create_run("One", {}, "samples"), **changes)


# folders


def test_folders_are_private_and_ids_are_no_paths(home):
    path = launch.make_folder(RUN)
    assert path == home / "runs" / RUN == launch.folder(RUN)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (path, path.parent)] == [0o700, 0o700]


@pytest.mark.parametrize(
    "name", ["", "..", "0123456789a", "0123456789AB", "../0123456789", RUN * 2]
)
def test_no_other_name_becomes_a_path(name):
    with pytest.raises(ValueError, match="12 hexadecimal digits"):
        launch.folder(name)


# the lock


def test_one_process_holds_a_run(program, store):
    run = make_run(store)
    assert not launch.is_alive(run)
    child = program(HOLD, run.id)
    says(child, "held")
    assert launch.is_alive(run)
    begin = time.monotonic()
    expected = f"Run {run.id} is being trained by another process. Expected one at a time."
    with pytest.raises(RunError, match=expected), launch.Hold(run.id):
        pass
    assert locks.WAIT_S <= time.monotonic() - begin < locks.WAIT_S + 1
    child.communicate()
    assert not launch.is_alive(run)
    with launch.Hold(run.id):
        assert launch.is_alive(run)


def test_a_killed_holder_is_dead_at_once_though_a_zombie(program, store):
    run = make_run(store, status="running")
    child = program(HOLD, run.id)
    says(child, "held")
    os.kill(child.pid, signal.SIGKILL)
    wait_for(lambda: state(child.pid) == "Z")
    os.kill(child.pid, 0)  # the number still answers
    assert not launch.is_alive(run)
    assert launch.status(run) == "interrupted"
    assert hold.born(child.pid) == ""
    assert launch.stop_hard(run) is False


def test_a_stopped_process_is_alive(program, store):
    run = make_run(store)
    child = program(HOLD, run.id)
    says(child, "held")
    os.kill(child.pid, signal.SIGSTOP)
    wait_for(lambda: state(child.pid) == "T")
    assert launch.is_alive(run)


def test_those_who_look_disturb_neither_a_worker_nor_each_other():
    path = launch.make_folder(RUN) / "lock"
    path.touch()
    over, seen = threading.Event(), []

    def look():
        while not over.is_set():
            seen.append(locks.is_held(path))

    lookers = [threading.Thread(target=look, daemon=True) for _ in range(4)]
    for thread in lookers:
        thread.start()
    wait_for(lambda: len(seen) > 500)
    assert not any(seen)
    for _ in range(100):
        with launch.Hold(RUN):
            assert locks.is_held(path)
    over.set()
    for thread in lookers:
        thread.join()


def test_a_lock_on_a_removed_file_is_none():
    path = launch.make_folder(RUN) / "lock"
    old = locks.take(path)
    path.unlink()
    assert not locks.take_open(old, path)
    new = locks.take(path)
    assert not locks.take_open(old, path)
    assert locks.is_held(path)
    os.close(old)
    os.close(new)


def test_a_new_holder_removes_what_a_killed_one_was_writing():
    path = launch.make_folder(RUN)
    for name in (f"{TEMPORARY}abc", "resume-3-1.bundle"):
        (path / name).write_bytes(b"half")
    with launch.Hold(RUN):
        assert {file.name for file in path.iterdir()} == {"lock", "resume-3-1.bundle"}
        (path / f"{TEMPORARY}mine").write_bytes(b"half")
        with pytest.raises(RunError), launch.Hold(RUN):
            pass
        assert (path / f"{TEMPORARY}mine").exists()


# status


@pytest.mark.parametrize(
    ("stored", "dead", "alive"),
    [
        ("queued", "interrupted", "queued"),
        ("running", "interrupted", "running"),
        ("paused", "interrupted", "paused"),
        ("finished", "finished", "finished"),
        ("stopped", "stopped", "stopped"),
        ("failed", "failed", "failed"),
    ],
)
def test_status(store, stored, dead, alive):
    run = make_run(store, status=stored)
    assert launch.status(run) == dead
    with launch.Hold(run.id):
        assert launch.status(run) == alive


def test_a_run_on_another_machine_lives_as_long_as_its_lease(store):
    run = make_run(store, status="running", host="elsewhere", lease_until=time.time() + 60)
    assert launch.status(run) == "running"
    with pytest.raises(RunError, match=f"Run {run.id} runs on elsewhere, not on .* Stop it there"):
        launch.stop_hard(run)
    assert launch.status(replace(run, lease_until=time.time() - 1)) == "interrupted"
    assert launch.status(replace(run, lease_until=None)) == "interrupted"
    here = replace(run, host=launch.this_host())
    assert launch.status(here) == "interrupted"  # its lock is free, whatever the lease says


# start


STARTED = """
import os, sys, time
from seg.launch import Hold
with Hold(sys.argv[1]):
    print(" ".join(sorted(os.listdir("/proc/self/fd"), key=int)))
    print(os.environ["SEG_HOME"], os.getsid(0) == os.getpid(), os.nice(0))
    print("held by " + str(os.getpid()))
    while not os.path.exists(os.path.join(os.environ["SEG_HOME"], "end")):
        time.sleep(0.01)
print("over")
"""


@pytest.fixture
def started(monkeypatch, home):
    monkeypatch.setattr(process, "COMMAND", (sys.executable, "-c", STARTED))
    yield RUN
    (home / "end").touch()
    wait_for(lambda: not locks.is_held(place.lock_file(RUN)))


def last_line(text):
    return wait_for(lambda: [line for line in launch.tail(RUN) if line.startswith(text)])[-1]


def test_a_started_run_is_alive_from_the_first_moment(started, home, store):
    launch.start(RUN)
    run = make_run(store, id=RUN)
    assert launch.is_alive(run)
    with pytest.raises(RunError, match="trained by another process"):
        launch.start(RUN)
    pid = int(last_line("held by").split()[-1])
    assert hold.holder(RUN) == hold.Holder.of(pid)
    (home / "end").touch()
    wait_for(lambda: not launch.is_alive(run))
    last_line("over")
    wait_for(lambda: state(pid) is None)  # and leaves no zombie in the server
    launch.start(RUN)
    wait_for(lambda: sum(line == "over" for line in launch.tail(RUN)) == 2)  # appended
    assert stat.S_IMODE(place.log_file(RUN).stat().st_mode) == 0o600


def test_a_started_run_inherits_the_lock_and_nothing_else(started, monkeypatch, home):
    monkeypatch.setenv("SEG_HOME", os.path.relpath(home))
    settings.cache_clear()
    with socket.create_server(("127.0.0.1", 0)) as server:
        os.set_inheritable(server.fileno(), True)  # as a careless library might
        launch.start(RUN)
        last_line("held by")
    opened, placed, _ = launch.tail(RUN)[:3]
    assert len(opened.split()) == 5  # three standard ones, the lock, and the folder it lists
    assert placed == f"{home.resolve()} True {process.NICE}"


SERVER = """
import sys, time
from seg import launch
from seg.launch import process
process.COMMAND = (sys.executable, "-c", sys.argv[2])
launch.start(sys.argv[1])
print("started", flush=True)
time.sleep(600)
"""


def test_a_run_outlives_the_server_that_started_it(started, program, store, home):
    server = program(SERVER, RUN, STARTED, start_new_session=True)
    says(server, "started")
    pid = int(last_line("held by").split()[-1])
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    run = make_run(store, id=RUN, status="running")
    assert launch.status(run) == "running"
    assert psutil.Process(pid).ppid() != server.pid
    (home / "end").touch()
    last_line("over")


def test_a_process_that_cannot_be_started_leaves_the_run_free(monkeypatch):
    def none(*_, **__):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(subprocess, "Popen", none)
    expected = f"The process of run {RUN} could not be started: Cannot allocate memory. Expected"
    with pytest.raises(RunError, match=expected):
        launch.start(RUN)
    assert not locks.is_held(place.lock_file(RUN))


def test_a_stale_descriptor_in_the_environment_is_not_believed(monkeypatch, tmp_path):
    with (tmp_path / "other").open("w") as other:
        for number in (str(other.fileno()), "999", "x"):
            monkeypatch.setenv(hold.INHERITED, number)
            with launch.Hold(RUN):
                assert locks.is_held(place.lock_file(RUN))
            assert hold.INHERITED not in os.environ
        other.write("still open")


# the end by force


def test_a_run_that_hangs_is_ended_with_its_group(program, store):
    run = make_run(store)
    code = HOLD.replace(
        '    print("held"',
        '    import subprocess\n    p = subprocess.Popen(["sleep", "600"])\n    print(p.pid)\n'
        '    print("held"',
    )
    child = program(code, run.id, start_new_session=True)
    grandchild = int(child.stdout.readline())
    says(child, "held")
    os.kill(child.pid, signal.SIGSTOP)  # hangs: hears nothing
    assert launch.stop_hard(run) is True
    assert child.wait() == -signal.SIGKILL
    wait_for(lambda: state(grandchild) in (None, "Z"))
    assert not launch.is_alive(run)


SCRIPT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[2], sys.argv[1]])
print("script", child.wait(), flush=True)
"""


def test_a_run_in_a_scripts_group_is_ended_alone(program, store):
    run = make_run(store)
    script = program(SCRIPT, run.id, HOLD, start_new_session=True)
    says(script, "held")
    assert launch.stop_hard(run) is True
    says(script, "script -9")
    assert script.wait() == 0


def test_end_by_force_is_kept_in_the_store(program, store):
    run = make_run(store)
    store.claim(run.id, "me", launch.this_host(), 30)
    with store.writing(run.id, "me") as write:
        write.run(status="running")
    says(program(HOLD, run.id, start_new_session=True), "held")
    assert launch.end_by_force(store, run.id) is True
    run = store.run(run.id)
    assert (run.status, run.owner) == ("stopped", None)
    assert run.reason.startswith("Ended by force at somebody's request.")
    assert launch.end_by_force(store, run.id) is False


def test_a_number_used_again_is_not_killed(program, store):
    """The lock's file names an innocent process; it is let live whatever else is true."""
    run = make_run(store)
    innocent = program("input()")
    path = launch.make_folder(run.id) / "lock"
    path.write_text(hold.Holder.of(innocent.pid).encode())
    assert launch.stop_hard(run) is False  # named rightly, but nobody holds the lock
    descriptor = locks.take(path)
    for note in (replace(hold.Holder.of(innocent.pid), born="1").encode(), "", "{}", "[1]"):
        locks.write_note(descriptor, note)
        with pytest.raises(RunError, match="which process holds it cannot be told now"):
            launch.stop_hard(run)
    locks.write_note(descriptor, replace(hold.Holder.of(innocent.pid), host="elsewhere").encode())
    with pytest.raises(RunError, match="runs on elsewhere"):
        launch.stop_hard(run)
    locks.write_note(descriptor, hold.Holder.of(os.getpid()).encode())
    with pytest.raises(ValueError, match="does not end itself"):
        launch.stop_hard(run)
    os.close(descriptor)
    assert innocent.poll() is None


def test_a_process_that_does_not_end_is_told(program, store, monkeypatch):
    run = make_run(store)
    says(program(HOLD, run.id, start_new_session=True), "held")
    monkeypatch.setattr(stop, "END_S", 0.1)
    monkeypatch.setattr(os, "killpg", lambda pid, number: None)
    with pytest.raises(RunError, match="is still there after 0 s: it hangs in a device's driver"):
        launch.stop_hard(run)


def test_a_process_of_another_user_is_told(program, store, monkeypatch):
    def not_ours(pid, number):
        raise PermissionError

    run = make_run(store)
    says(program(HOLD, run.id, start_new_session=True), "held")
    monkeypatch.setattr(os, "killpg", not_ours)
    with pytest.raises(RunError, match="belongs to another user and cannot be ended"):
        launch.stop_hard(run)


# the log


def test_tail_is_bounded():
    assert launch.tail(RUN) == []
    path = launch.make_folder(RUN) / "log.txt"
    path.write_bytes(b"")
    assert launch.tail(RUN) == []
    path.write_bytes(b"one\ntwo\n\xff three")
    assert launch.tail(RUN) == ["one", "two", "� three"]
    assert launch.tail(RUN, 1) == ["� three"]
    assert launch.tail(RUN, 0) == []
    path.write_text("x" * 100 + "\nlast\n")
    assert launch.tail(RUN, bytes_max=20) == ["last"]
    path.write_text("x" * 100)
    assert launch.tail(RUN, bytes_max=20) == ["x" * 20]
    path.write_text("\n".join(map(str, range(1000))) + "\n")
    assert launch.tail(RUN, 2) == ["998", "999"]


# the queue


def test_the_queue_keeps_its_order(program, store):
    """Four runs on one slot: the first works, the second is killed, the others move up in order."""
    runs = [make_run(store) for _ in range(4)]
    workers = [program(QUEUE, runs[0].id)]
    says(workers[0], "works 0")
    for number in (3, 1, 2):  # they come in another order than they were queued
        workers.append(program(QUEUE, runs[number].id))
        wait_for(lambda: launch.is_alive(runs[number]))  # noqa: B023
    last, second, third = workers[1:]
    assert read_until(second, "waits 1")
    assert read_until(third, "waits 2")
    assert read_until(last, "waits 3")
    second.kill()
    assert read_until(third, "waits 1")
    assert read_until(last, "waits 2")
    workers[0].kill()
    assert read_until(third, "works 0")
    assert read_until(last, "waits 1")
    third.communicate()
    assert read_until(last, "works 0")


def read_until(child, text):
    return any(line.strip() == text for line in iter(child.stdout.readline, ""))


def test_two_slots(program, store, monkeypatch):
    monkeypatch.setenv("SEG_RUNS_AT_ONCE", "2")
    runs = [make_run(store) for _ in range(3)]
    first = program(QUEUE, runs[0].id)
    says(first, "works 0")
    second = program(QUEUE, runs[1].id)
    says(second, "works 1")
    third = program(QUEUE, runs[2].id)
    says(third, "waits 1")
    first.kill()
    assert read_until(third, "works 0")


def test_waiting_can_be_cancelled(store):
    first, second = make_run(store), make_run(store)
    told = []
    with launch.Hold(first.id), launch.Slot(store, first) as slot, launch.Hold(second.id):
        assert slot.number == 0
        waiting = launch.Slot(store, second, told.append, lambda: bool(told))
        with (
            pytest.raises(Cancelled, match=f"Run {second.id} was stopped while it waited"),
            waiting,
        ):
            pass
        assert told == [1]
        assert waiting.number is None
    with launch.Hold(second.id), waiting:
        assert waiting.number == 0


def test_a_run_that_has_ended_or_died_is_not_waited_for(store):
    dead, ended, mine = (make_run(store) for _ in range(3))
    store.claim(ended.id, "me", "here", 30)
    store.release(ended.id, "me", "stopped")
    with launch.Hold(ended.id), launch.Hold(mine.id), launch.Slot(store, mine) as slot:
        assert slot.number == 0
    assert not launch.is_alive(dead)


def test_waiting_texts():
    assert launch.waiting_text(1) == "Waiting: 1 run before this one."


# devices


def test_as_many_at_once_as_devices(monkeypatch, tmp_path):
    devices = tmp_path / "dev"
    devices.mkdir()
    assert slots.visible_gpus(devices) == []
    for name in ("nvidia0", "nvidia3", "nvidiactl", "nvidia-uvm"):
        (devices / name).touch()
    assert slots.visible_gpus(devices) == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-abc,-1,0")
    assert slots.visible_gpus(devices) == ["2", "GPU-abc"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert slots.visible_gpus(devices) == []
    assert slots.slots_count() == 1
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7,9")
    assert slots.slots_count() == 3
    monkeypatch.setenv("SEG_DEVICE", "cpu")
    settings.cache_clear()
    assert slots.slots_count() == 1


def test_each_slot_sees_a_gpu_of_its_own(store, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    first, second = make_run(store), make_run(store)
    with launch.Hold(first.id), launch.Slot(store, first):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "4"
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")  # the other one is another process
        with launch.Hold(second.id), launch.Slot(store, second) as slot:
            assert (slot.number, os.environ["CUDA_VISIBLE_DEVICES"]) == (1, "7")


def test_runs_at_once_is_a_setting(monkeypatch):
    monkeypatch.setenv("SEG_RUNS_AT_ONCE", "3")
    settings.cache_clear()
    assert slots.slots_count() == 3
    monkeypatch.setenv("SEG_RUNS_AT_ONCE", "-1")
    settings.cache_clear()
    with pytest.raises(ConfigError, match="SEG_RUNS_AT_ONCE cannot be used"):
        settings()


# removal


def test_a_run_is_removed_with_its_files(store):
    run = make_run(store)
    path = launch.make_folder(run.id)
    (path / "best.safetensors").write_bytes(b"x")
    (path / "inner").mkdir()
    (path / "inner" / "file").write_bytes(b"x")
    with launch.Hold(run.id), pytest.raises(RunError, match="is alive and cannot be removed"):
        launch.remove(store, run.id)
    launch.remove(store, run.id)
    assert not path.exists()
    with pytest.raises(RunError, match="not to be found"):
        store.run(run.id)
    with pytest.raises(RunError, match="not to be found"):
        launch.remove(store, run.id)


def test_launching_brings_no_keras():
    code = "import seg.launch, sys; print('keras' in sys.modules, 'streamlit' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "False False\n"
