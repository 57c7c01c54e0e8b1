"""The command line as a user runs it: real processes, exit codes, files, one clear line."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seg import cli
from seg.checkpoint import open_checkpoint
from seg.settings import SAMPLES

ROOT = Path(__file__).parent.parent
LUNG = SAMPLES / "lung-tumour"


def run(*arguments, code=0, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "seg", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    """The runs of these tests are in a home of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEG_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A checkpoint trained by the command, for a moment, on a sample."""
    path = tmp_path_factory.mktemp("trained") / "lung.safetensors"
    done = run(
        "train", "--data", LUNG, "--out", path, "--epochs", 2, "--crop", 32, "--batch", 4,
        "--filters", "4,8,12", "--normalisation", "full_range", "--classes", "tumour",
        "--validation", "p06", "--test", "p12", "--alpha", 0.3, "--beta", 0.7, "--seed", 3,
    )  # fmt: skip
    assert done.stderr.count("epoch ") == 2
    assert "validation dice tumour" in done.stdout
    return path


def test_train_writes_what_it_did(trained):
    metadata = open_checkpoint(trained).metadata
    assert (metadata.training.alpha, metadata.training.beta) == (0.3, 0.7)
    assert (metadata.training.seed, metadata.training.epochs) == (3, 2)
    assert {part: len(ids) for part, ids in metadata.data.seen.items()} == {
        "train": 5, "validation": 3, "test": 4,
    }  # fmt: skip
    assert metadata.data.licence == "CC-BY-SA 4.0"
    assert {score.part for score in metadata.scores} == {"validation", "test"}
    for score in metadata.scores:
        assert score.convention.startswith(f"Hard {score.metric.capitalize()} per image")


def test_a_recipe_shows_what_the_question_of_2019_saw(tmp_path):
    """Its loss starts above 3: four heads are summed, and the penalty of L2 is added."""
    out = tmp_path / "steps.csv"
    done = run("train", "--recipe", "2019-question", "--epochs", 1, "--batch", 16, "--crop", 48)
    (run_id,) = re.findall(r"^run ([0-9a-f]{12})$", done.stderr, re.MULTILINE)
    run("runs", "export", run_id, "--out", out)
    with out.open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["split"] == "train"]
    assert len(rows) == 6
    for row in rows:
        loss = float(row["l2"])
        for head in ("L1", "L2", "L3", "L4"):
            for name, weight in (("background", 0.3), ("lesion", 0.7)):
                tp, fp, fn = (float(row[f"{head}_{name}_{part}"]) for part in ("tp", "fp", "fn"))
                loss += weight * (1 - (2 * tp + 1) / (2 * tp + fp + fn + 1))
        assert float(row["loss"]) == pytest.approx(loss, abs=1e-5)
        assert 3 < loss < 4
        assert 0.3 < float(row["l2"]) < 0.4


def test_inspect(trained):
    done = run("checkpoint", "inspect", trained)
    assert "alpha 0.3, beta 0.7" in done.stdout
    facts = json.loads(run("checkpoint", "inspect", "--json", trained).stdout)
    assert facts["sha256"] == open_checkpoint(trained).sha256
    assert facts["metadata"]["class_names"] == ["tumour"]


def test_predict_writes_masks_and_scores(trained, tmp_path):
    run("predict", "--checkpoint", trained, "--out", tmp_path, LUNG, "--spacing-mm", 2, 3)
    masks = sorted(tmp_path.glob("*_mask.png"))
    assert len(masks) == 12
    assert pixels(masks[0]).shape == (48, 48)
    with (tmp_path / "scores.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 12
    for row in rows:
        truth = pixels(LUNG / "masks" / f"{row['case']}.png") > 0
        mask = pixels(tmp_path / f"{row['case']}_mask.png") > 0
        total = truth.sum() + mask.sum()
        dice = 2 * (truth & mask).sum() / total if total else 1.0
        assert float(row["dice"]) == pytest.approx(dice, abs=1e-5)
        assert float(row["area_mm2"]) == pytest.approx(6 * mask.sum())
        assert row["class"] == "tumour"


def test_predict_goes_on_past_bad_files(trained, tmp_path):
    bad = tmp_path / "text.png"
    bad.write_text("not an image")
    good = LUNG / "images" / "p000.png"
    done = run("predict", "--checkpoint", trained, "--out", tmp_path / "o", bad, good, code=1)
    assert "refused: " in done.stderr
    assert "text.png" in done.stderr
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["p000_mask.png"]


def test_evaluate(trained, tmp_path):
    out = tmp_path / "scores.csv"
    done = run("evaluate", "--checkpoint", trained, "--data", LUNG, "--out", out)
    assert "n = 12 of 3 groups" in done.stdout
    header = out.read_text().splitlines()[0].split(",")
    assert header[:8] == [
        "case", "class", "dice", "iou", "sensitivity", "precision", "hausdorff_95_mm", "area_mm2",
    ]  # fmt: skip


def test_limits_come_from_the_settings(trained, tmp_path):
    """An image of 2 million pixels, where 1 million are allowed; the sample beside it goes on."""
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
        for name in ("p000.png", "p062.png", "p120.png"):
            shutil.copy(LUNG / kind / name, tmp_path / kind)
        Image.new("L", (2000, 1000)).save(tmp_path / kind / "large.png")
    out = tmp_path / "scores.csv"
    arguments = ["evaluate", "--checkpoint", trained, "--data", tmp_path, "--out", out]
    done = run(*arguments, code=1, SEG_IMAGE_MEGAPIXELS="1")
    assert "refused: large: The image in large.png is too large" in done.stderr
    with out.open(newline="") as lines:
        assert [row["case"] for row in csv.DictReader(lines)] == ["p000", "p062", "p120"]
    done = run(
        "train", "--data", tmp_path, "--out", tmp_path / "x", "--validation", "p000",
        "--test", "p062", "--epochs", 1, "--filters", "4,8", code=2, SEG_IMAGE_MEGAPIXELS="1",
    )  # fmt: skip
    assert "The image in large.png is too large" in done.stderr
    assert "epoch" not in done.stderr


SAMPLE = ["--data", "samples/lung-tumour"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["checkpoint", "inspect", "seg"], "seg is not a checkpoint. Expected a file"),
        (["train", *SAMPLE, "--out", "x", "--crop", "50"], "crop must be a multiple of 16"),
        (["train", *SAMPLE, "--out", "x", "--channels", "2"], "channels must be 1 or 3, not 2"),
        (["train", *SAMPLE, "--out", "x", "--classes", "a,a"], "classes must differ"),
        (["train", *SAMPLE, "--out", "x", "--classes", ","], "--classes cannot be used"),
        (["train", *SAMPLE, "--out", "x", "--learning-rate", "0"], "option --learning-rate cannot"),
        (["train", *SAMPLE, "--out", "seg"], "--out cannot be seg. Expected a file"),
        (["train", *SAMPLE, "--out", "LICENSE/x"], "Received: LICENSE, which is a file"),
        (["train", *SAMPLE, "--out", "LICENSE/x/y"], "Received: LICENSE, which is a file"),
        (["checkpoint", "inspect", "none.safetensors"], "There is no checkpoint none.safetensors"),
        (["checkpoint", "inspect", "LICENSE"], "LICENSE is not a checkpoint"),
        (["train", "--data", "nowhere", "--out", "x"], "has no folder images/"),
        (["train", "--data", "samples/lung-tumour", "--out", "x", "--filters", "8"], "filters"),
        (["train", "--data", "samples/lung-tumour", "--out", "x", "--alpha", "-1"], "alpha"),
        (["train", "--data", "samples/lung-tumour", "--out", "x", "--filters", "a"], "filters"),
        (["train", "--recipe", "none"], "There is no recipe none. Expected one of 2019-question"),
        (["train"], "Nothing to train on. Expected --data DIR or --recipe NAME"),
        (["train", *SAMPLE, "--schedule", "x=0:1"], "schedules must be of alpha, beta"),
        (["train", *SAMPLE, "--schedule", "alpha"], "invalid _schedule value"),
        (["nonsense"], "invalid choice"),
        ([], "required"),
    ],
)
def test_mistakes_are_one_clear_line(arguments, text):
    done = run(*arguments, code=2)
    assert text in done.stderr
    assert not done.stdout


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--head", "9"], "no head L9"),
        (["--head", "x"], "--head must be a level or mean"),
        (["--threshold", "2"], "--threshold must be 0 to 1"),
    ],
)
def test_mistakes_with_a_checkpoint(trained, tmp_path, options, text):
    image = LUNG / "images" / "p000.png"
    done = run("predict", "--checkpoint", trained, "--out", tmp_path / "o", image, *options, code=2)
    assert text in done.stderr
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_an_out_that_cannot_be_written_is_refused_before_the_network_loads(trained, command):
    given = [LUNG / "images"] if command == "predict" else ["--data", LUNG]
    done = run(command, "--checkpoint", trained, "--out", "LICENSE/x", *given, code=2)
    assert "Received: LICENSE, which is a file. Choose another." in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("groups.csv", b"name,patient\n", "Expected a first line with the columns case and group"),
        ("groups.csv", b"case,group\np000,\xfc\n", "Expected text in UTF-8"),
        ("dataset.json", b'{"spacing_mm": [0, 1], "title": 3}', "dataset.json cannot be used: "),
    ],
)
def test_bad_tables_are_one_line(tmp_path, name, content, text):
    for kind in ("images", "masks"):
        shutil.copytree(LUNG / kind, tmp_path / kind)
    (tmp_path / name).write_bytes(content)
    done = run("train", "--data", tmp_path, "--out", tmp_path / "x", code=2)
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == 1
    assert text in lines[0]


def test_what_the_system_refuses_is_one_line(monkeypatch, capsys, tmp_path):
    def full_disk(arguments):
        raise OSError(28, "No space left on device", str(tmp_path / "scores.csv"))

    monkeypatch.setattr("seg.cli.checkpoint.run_inspect", full_disk)
    assert cli.main(["checkpoint", "inspect", "x"]) == 2
    expected = "error: cannot write or read scores.csv: No space left on device\n"
    assert capsys.readouterr().err == expected


def test_a_durable_write_names_the_file_it_was_for(tmp_path):
    from seg.disk import write_durably

    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match=r"scores\.csv"):
        write_durably(tmp_path / "file" / "scores.csv", b"x")
