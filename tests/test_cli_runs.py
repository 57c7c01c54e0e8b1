"""`python -m seg runs`: real commands on a store with rows made by hand, and one real training."""

import csv
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from seg import cli, launch
from seg.cli import steer
from seg.export import steps as steps_export
from seg.settings import settings
from seg.store import Epoch, Step, open_store
from seg.train.record import Record
from tests.faults.tiny import create, write_squares

ROOT = Path(__file__).parent.parent
CONFIG = {
    "architecture": {"filters": [4, 8, 12], "heads": [1, 2], "classes": 2, "norm": "batch"},
    "class_names": ["core, inner"],
    "epochs": 3,
}
CONTROLS = {
    "alpha": 0.5, "beta": 0.5, "gamma": 1.0, "learning_rate": 1e-3, "head_weight_1": 0.5,
    "head_weight_2": 0.5,
}  # fmt: skip
WORKER = """
import sys, time
from seg import launch
from seg.store import open_store
store, (_, run_id, deaf) = open_store(), sys.argv
with launch.Hold(run_id):
    store.claim(run_id, "me", launch.this_host(), 30)
    with store.writing(run_id, "me") as write:
        write.run(status="running", step=7)
    print("works", flush=True)
    while True:
        time.sleep(0.02)
        for command in store.commands(run_id, pending_only=True):
            if deaf == "hears":
                with store.writing(run_id, "me") as write:
                    write.taken(command.id, 8)
                if command.name.startswith("stop"):
                    store.release(run_id, "me", "stopped", "Stopped after step 8.")
                    sys.exit()
"""


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("SEG_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()


@pytest.fixture
def store():
    store = open_store()
    yield store
    store.close()


@pytest.fixture
def worker():
    """Start a process that holds a run and takes commands, or is deaf to them."""
    started = []

    def start(run, deaf="hears"):
        child = subprocess.Popen(
            [sys.executable, "-c", WORKER, run.id, deaf],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(child)
        assert child.stdout.readline() == "works\n"
        # As a server does it: who is never waited for stays a zombie.
        threading.Thread(target=child.wait, daemon=True).start()
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()
        child.stdout.close()


def run(*arguments, code=0, answer=None):
    done = subprocess.run(
        [sys.executable, "-m", "seg", "runs", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        input=answer,
        timeout=300,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def here(capsys, *arguments, code=0):
    """The same in this process, which is quicker."""
    assert cli.main(["runs", *map(str, arguments)]) == code
    return capsys.readouterr()


def make_run(store, name="First", **columns):
    made = store.create_run(name, CONFIG, "samples")
    store.claim(made.id, "maker", "", 30)
    with store.writing(made.id, "maker") as write:
        write.run(**{"status": "running", "controls": CONTROLS, "steps_per_epoch": 2} | columns)
    store.release(made.id, "maker", columns.get("status", "running"))
    return store.run(made.id)


def make_record(images, scale):
    """(2 heads, images, 2 classes, 5): every number another, so that a swap is seen."""
    numbers = np.arange(2 * images * 2 * 5, dtype=np.float32).reshape(2, images, 2, 5)
    hard = np.zeros((1, images, 2, 4), np.float32)
    return Record(scale * numbers, hard, np.array([0.25, 0.75], np.float32)).encode()


def fill(store, run, steps=4):
    """Steps, with an epoch after each second one."""
    store.claim(run.id, "filler", "", 30)
    with store.writing(run.id, "filler") as write:
        for number in range(1, steps + 1):
            epoch = (number + 1) // 2
            write.steps([Step(number, epoch, 1000.0 + number, 0.5, 0.9, 0.01, 0.3, 0.7, 1.0, 1e-4,
                              make_record(2, number))])  # fmt: skip
            if number % 2 == 0:
                write.epoch(Epoch(epoch, number, 2000.0, 3.0, 0.9, 0.02, 0.8, 0.01, 0.6, 0.3, 0.7,
                                  1.0, 1e-3, True, make_record(3, 0.5)))  # fmt: skip
    store.release(run.id, "filler", "stopped")


# looking


def test_list_and_show(store):
    assert "No runs yet. Start one with" in run("list").stderr
    old = make_run(store, "Old", status="finished", epoch=3, step=6, total_steps=6, best_epoch=2,
                   best_dice=0.71234)  # fmt: skip
    new = make_run(store, "A name that is much too long to be shown in one column", step=1)
    lines = run("list").stdout.splitlines()
    assert lines[0].split() == ["run", "status", "name", "data", "epoch", "step", "best", "dice",
                                "created"]  # fmt: skip
    assert lines[1].startswith(f"{new.id}  interrupted  A name that is much too l...  samples  0/3")
    assert lines[2].startswith(f"{old.id}  finished     Old ")
    assert "3/3    6/6   0.7123" in lines[2]
    shown = run("show", old.id[:4]).stdout
    for text in ("status         finished", "best           dice 0.7123 in epoch 2",
                 "network        UNet++ 4-8-12, norm batch", "step           6 of 6",
                 "controls       alpha 0.5, beta 0.5"):  # fmt: skip
        assert text in shown


def test_json_is_for_machines(store, capsys):
    made = make_run(store)
    store.claim(made.id, "me", "", 30)
    with store.writing(made.id, "me") as write:
        write.event("turn", "alpha 0.5 to 0.3", step=1, epoch=1, name="alpha", old=0.5, new=0.3)
    [listed] = json.loads(here(capsys, "list", "--json").out)
    assert (listed["id"], listed["status"]) == (made.id, "interrupted")
    shown = json.loads(here(capsys, "show", made.id, "--json").out)
    assert shown["config"] == CONFIG
    assert [event["text"] for event in shown["events"]] == ["alpha 0.5 to 0.3"]
    assert shown["folder"] == str(launch.folder(made.id))


def test_json_has_no_nan():
    from seg.cli.tables import as_json

    assert json.loads(as_json({"a": [float("nan"), float("-inf"), 1.5], "b": (1,)})) == {
        "a": [None, None, 1.5], "b": [1],
    }  # fmt: skip


def test_log(store, capsys):
    made = make_run(store)
    assert here(capsys, "log", made.id).out == ""
    (launch.make_folder(made.id) / "log.txt").write_text("one\ntwo\nthree\n")
    assert here(capsys, "log", made.id, "-n", 2).out == "two\nthree\n"


# steering


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (["set", "--alpha", 0.3, "--beta", 0.7], "set", {"alpha": 0.3, "beta": 0.7}),
        (
            ["set", "--gamma", 2, "--learning-rate", 1e-4, "--head-weight", "2=0.5",
             "--head-weight", "L1=0"],
            "set",
            {"gamma": 2.0, "learning_rate": 1e-4, "head_weight_2": 0.5, "head_weight_1": 0.0},
        ),
        (["pause"], "pause", None),
        (["go-on"], "go_on", None),
        (["save"], "save", None),
    ],
)  # fmt: skip
def test_commands_are_taken(store, worker, capsys, arguments, name, value):
    made = make_run(store)
    worker(made)
    said = here(capsys, arguments[0], made.id, *arguments[1:]).out
    assert said == f"Run {made.id} took it at step 8.\n"
    [command] = store.commands(made.id)
    assert (command.name, command.value, command.step) == (name, value, 8)


@pytest.mark.parametrize("now", [[], ["--now"]])
def test_stop_waits_for_the_end(store, worker, capsys, now):
    made = make_run(store)
    worker(made)
    assert here(capsys, "stop", made.id, *now).out == f"Run {made.id} is stopped after step 7.\n"
    assert store.commands(made.id)[0].name == ("stop_now" if now else "stop")
    assert not launch.is_alive(made)


def test_a_deaf_run_is_told_and_ended_by_force(store, worker, capsys, monkeypatch):
    for name in ("TAKEN_S", "STOP_S", "STOP_NOW_S"):
        monkeypatch.setattr(steer, name, 0.3)
    made = make_run(store)
    child = worker(made, "deaf")
    said = here(capsys, "set", made.id, "--alpha", 1, code=1).err
    assert said == (
        f"Run {made.id} has not taken it yet: it is running. It will before its next step.\n"
    )
    said = here(capsys, "stop", made.id, code=1).err
    assert "was asked to stop and is still busy" in said
    assert child.poll() is None
    assert here(capsys, "stop", made.id, "--now").out.endswith("is stopped after step 7.\n")
    assert child.wait() == -9
    assert store.run(made.id).reason.startswith("Ended by force at somebody's request")


@pytest.mark.parametrize("status", ["interrupted", "finished"])
def test_who_is_not_alive_takes_nothing(store, capsys, status):
    made = make_run(store, status="running" if status == "interrupted" else status)
    for arguments in (["set", "--alpha", 1], ["pause"], ["stop"], ["stop", "--now"]):
        said = here(capsys, arguments[0], made.id, *arguments[1:], code=2).err
        assert said == (
            f"error: Run {made.id} takes no commands. Expected one that is queued, running or "
            f"paused. Received: one that is {status}. Resume it first: python -m seg runs resume "
            f"{made.id}\n"
        )
    assert store.commands(made.id) == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "Nothing to set. Expected one or more of --alpha"),
        (["--alpha", -1], "The control alpha cannot be set. Expected a number from 0 to 100."),
        (["--gamma", 0], "The control gamma cannot be set. Expected a number above 0 to 10."),
        (["--beta", "nan"], "The control beta cannot be set"),
        (["--head-weight", "9=1"], "This run has no control head_weight_9. Expected one of alpha"),
    ],
)
def test_values_out_of_range_are_refused(store, capsys, arguments, text):
    made = make_run(store)
    with launch.Hold(made.id):
        assert text in here(capsys, "set", made.id, *arguments, code=2).err
    assert store.commands(made.id) == []


def test_a_queued_run_is_measured_by_what_it_will_begin_with(store, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(steer, "TAKEN_S", 0.1)
    made = create(store, tmp_path)
    with launch.Hold(made.id):
        said = here(capsys, "set", made.id, "--head-weight", "7=1", code=2).err
        assert "no control head_weight_7" in said
        here(capsys, "set", made.id, "--alpha", 0.2, code=1)
    assert store.commands(made.id)[0].value == {"alpha": 0.2}


def test_head_weights_are_levels_and_numbers(store):
    said = run("set", make_run(store).id, "--head-weight", "a", code=2).stderr
    assert "expected LEVEL=V, as in 2=0.5, not 'a'" in said


# export


def test_export_is_the_record_pooled(store, capsys, tmp_path):
    made = make_run(store)
    fill(store, made)
    out = tmp_path / "steps.csv"
    assert here(capsys, "export", made.id, "--out", out).out == f"6 rows in {out}\n"
    with out.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["step"], row["epoch"], row["split"]) for row in rows] == [
        ("1", "1", "train"), ("2", "1", "train"), ("2", "1", "validation"),
        ("3", "2", "train"), ("4", "2", "train"), ("4", "2", "validation"),
    ]  # fmt: skip
    first, validation = rows[0], rows[2]
    wanted = {"loss": 0.9, "l2": 0.01, "alpha": 0.3, "beta": 0.7, "learning_rate": 1e-4}
    assert {name: float(first[name]) for name in wanted} == wanted
    assert (validation["loss"], validation["dice"], first["dice"]) == ("0.8", "0.6", "")
    # Head 1, two images: background 0..4 and 10..14, class 5..9 and 15..19, and so on.
    assert [first[f"L1_background_{part}"] for part in steps_export.SUMS] == [
        "10", "12", "14", "16", "18",
    ]  # fmt: skip
    assert [first[f"L2_core_inner_{part}"] for part in ("tp", "fp", "fn", "tn")] == [
        "60", "62", "64", "66",
    ]  # fmt: skip
    assert (first["L1_weight"], first["L2_weight"]) == ("0.25", "0.75")
    # The validation, three images, by half: (5 + 15 + 25) / 2.
    assert validation["L1_core_inner_tp"] == "22.5"
    assert rows[4]["L1_background_tp"] == "40"  # step 4: four times the first


def test_export_reads_by_pages(store, monkeypatch):
    made = make_run(store)
    fill(store, made, steps=11)
    whole = list(steps_export.steps_csv(store, made.id))
    assert len(whole) == 1 + 11 + 5
    monkeypatch.setattr(steps_export, "PAGE", 3)
    monkeypatch.setattr(steps_export, "EPOCHS_PAGE", 2)
    assert list(steps_export.steps_csv(store, made.id)) == whole


def test_an_export_that_fails_leaves_nothing(store, tmp_path, capsys):
    made = make_run(store)
    store.claim(made.id, "me", "", 30)
    with store.writing(made.id, "me") as write:
        write.steps([Step(1, 1, 1.0, 1.0, 1.0, 0.0, 0.5, 0.5, 1.0, 1e-3, b"\1\0" * 5)])
    (tmp_path / "out").mkdir()
    with pytest.raises(ValueError, match="is not one"):
        cli.main(["runs", "export", made.id, "--out", str(tmp_path / "out" / "steps.csv")])
    assert list((tmp_path / "out").iterdir()) == []
    assert "Expected a file" in here(capsys, "export", made.id, "--out", tmp_path, code=2).err


def test_a_loss_that_is_no_number_is_exported_as_such(store):
    made = make_run(store)
    store.claim(made.id, "me", "", 30)
    nan, record = float("nan"), make_record(1, 1)
    with store.writing(made.id, "me") as write:
        write.steps([Step(1, 1, 1.0, 1.0, nan, 0.0, 0.5, 0.5, 1.0, 1e-3, record)])
        values = (nan, 0.0, None, None, None, 0.5, 0.5, 1.0, 1e-3, False, record)
        write.epoch(Epoch(1, 1, 2.0, 3.0, *values))
    _, step, epoch = steps_export.steps_csv(store, made.id)
    assert step.split(b",")[5] == b"nan"
    assert epoch.split(b",")[5] == b""


# removal


def test_delete_asks(store, worker):
    made = make_run(store)
    folder = launch.make_folder(made.id)
    assert "Nothing was removed." in run("delete", made.id, answer="n\n").stdout
    said = run("delete", made.id, code=2, answer="").stderr
    assert "Nobody is there to be asked. Expected an answer, or --yes." in said
    child = worker(made)
    assert "is alive and cannot be removed" in run("delete", made.id, "--yes", code=2).stderr
    child.kill()
    child.wait()
    assert f"Run {made.id} is removed." in run("delete", made.id, answer="y\n").stdout
    assert not folder.exists()
    assert "is not to be found" in run("show", made.id, code=2).stderr


# one real training


def wait_for(condition, seconds=120):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)
    return found


def test_a_run_in_the_background_is_steered_stopped_resumed_and_exported(
    store, tmp_path, monkeypatch
):
    monkeypatch.setenv("SEG_DEVICE", "cpu")
    made = create(store, write_squares(tmp_path / "data"), epochs=100_000)
    assert f"Run {made.id} goes on by itself." in run("resume", made.id, "--background").stdout
    assert launch.is_alive(made)
    assert "being trained by another process" in run("resume", made.id, code=2).stderr
    wait_for(lambda: store.run(made.id).epoch)
    assert "took it at step" in run("set", made.id, "--alpha", 0.3, "--beta", 0.7).stdout
    assert "is stopped after step" in run("stop", made.id).stdout
    stopped = store.run(made.id)
    assert (stopped.controls["alpha"], stopped.controls["beta"]) == (0.3, 0.7)
    assert launch.tail(made.id)[-1].startswith(f"run {made.id} stopped: Stopped after step")
    turn = [event.step for event in store.events_after(made.id, 0) if event.kind == "turn"]
    assert len(turn) == 2
    out = tmp_path / "steps.csv"
    run("export", made.id, "--out", out)
    with out.open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["split"] == "train"]
    assert [int(row["step"]) for row in rows] == list(range(1, stopped.step + 1))
    for row in rows:
        after = int(row["step"]) >= turn[0]
        assert (row["alpha"], row["beta"]) == (("0.3", "0.7") if after else ("0.5", "0.5"))


def test_resume_trains_here_and_says_so(store, tmp_path, monkeypatch):
    monkeypatch.setenv("SEG_DEVICE", "cpu")
    made = create(store, write_squares(tmp_path / "data"), epochs=2)
    done = run("resume", made.id[:6])
    assert f"run {made.id} finished" in done.stdout
    assert done.stderr.count("validation loss") == 2
    assert f"Run {made.id} is finished." in run("resume", made.id, code=2).stderr
    lost = create(store, tmp_path / "data", epochs=2)
    (tmp_path / "data").rename(tmp_path / "moved")
    assert run("resume", lost.id, "--quiet", code=2).stderr.splitlines()[-1].startswith("error: ")
    assert store.run(lost.id).status == "failed"
