"""Several real processes on one store: one makes it, one owns a run, none loses what it wrote."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from seg.store import open_store

ROOT = Path(__file__).resolve().parents[2]
EVERY = 10**6  # steps
BEGIN = """
import sys, time
from pathlib import Path
from seg.errors import LostRun
from seg.store import open_store
from tests.store.points import make_step

url, go, name, *rest = sys.argv[1:]
print("ready", flush=True)
while not Path(go).exists():
    time.sleep(0.001)
"""
OPEN = BEGIN + "print(len(open_store(url).runs()))"
CLAIM = (
    BEGIN
    + """
store = open_store(url)
for run_id in rest:
    if store.claim(run_id, name, "host", lease_s=30):
        print(run_id, flush=True)
"""
)
WRITE = (
    BEGIN
    + """
store, step = open_store(url), 0
try:
    while True:
        with store.writing(rest[0], name) as write:
            for _ in range(10):
                step += 1
                write.steps([make_step(step)])
        print(step, flush=True)
except LostRun:
    print("lost", flush=True)
"""
)


def start(code, url, go, names, *rest):
    """Processes that all wait for the file `go`."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, url, str(go), name, *rest],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    go.touch()
    return processes


def outputs(processes):
    texts = [process.communicate(timeout=60)[0].split() for process in processes]
    assert {process.returncode for process in processes} == {0}
    return texts


def test_a_new_store_is_made_once(url, tmp_path):
    assert outputs(start(OPEN, url, tmp_path / "go", "abcd")) == [["0"]] * 4


def test_exactly_one_process_gets_a_run(store, url, tmp_path):
    runs = [store.create_run("First", {}, "samples").id for _ in range(40)]
    won = outputs(start(CLAIM, url, tmp_path / "go", "abcd", *runs))
    assert sorted(run_id for ids in won for run_id in ids) == sorted(runs)
    for name, ids in zip("abcd", won, strict=True):
        assert all(store.run(run_id).owner == name for run_id in ids)


def test_a_writer_that_is_replaced_writes_nothing_more(store, url, run, tmp_path):
    """Every transaction before the claim is whole, none comes after it."""
    (process,) = start(WRITE, url, tmp_path / "go", ["me"], run.id)
    assert process.stdout.readline() == "10\n"
    time.sleep(0.1)
    assert not store.claim(run.id, "you", "host", lease_s=30)
    assert store.claim(run.id, "you", "host", lease_s=30, even_if_leased=True)
    seen = [step.step for step in store.steps_after(run.id, 0, EVERY)]
    ((*written, last),) = outputs([process])
    assert last == "lost"
    assert seen == list(range(1, int(written[-1]) + 1))
    assert [step.step for step in store.steps_after(run.id, 0, EVERY)] == seen


def test_a_killed_writer_loses_nothing_it_was_told_is_written(store, url, run, tmp_path):
    for number in range(3):
        (process,) = start(WRITE, url, tmp_path / f"go{number}", ["me"], run.id)
        said = [process.stdout.readline()]
        time.sleep(0.03 * number)
        process.send_signal(signal.SIGKILL)
        said += process.communicate()[0].splitlines()
        store.close()
        kept = len(open_store(url).steps_after(run.id, 0, EVERY))
        assert kept % 10 == 0
        assert kept >= int(said[-1])
