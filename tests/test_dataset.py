"""Folders, groups and splits: no group on two sides, every refusal in words."""

import shutil

import numpy as np
import pytest
from PIL import Image

from seg.dataset import PARTS, read_folder, split
from seg.errors import DataError


@pytest.fixture
def folder(tmp_path):
    """Ten images of five patients, two each."""
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    for patient in range(5):
        for slice_ in range(2):
            name = f"p{patient}_s{slice_}.png"
            Image.fromarray(np.full((8, 9), patient * 10 + slice_, np.uint8)).save(
                tmp_path / "images" / name
            )
            mask = np.zeros((8, 9), np.uint8)
            mask[patient : patient + 2, 1:3] = 255
            Image.fromarray(mask).save(tmp_path / "masks" / name)
    return tmp_path


def test_items_groups_and_cases(folder):
    dataset = read_folder(folder, group=r"p\d")
    assert dataset.groups == ["p0", "p1", "p2", "p3", "p4"]
    assert [item.name for item in dataset.items][:3] == ["p0_s0", "p0_s1", "p1_s0"]
    case = dataset.items[0].read(2)
    assert case.image.pixels.shape == (8, 9)
    assert case.mask.labels.sum() == 4
    assert case.spacing_mm is None


def test_groups_from_a_table_and_description(folder):
    rows = [f"p{p}_s{s},scanner {p % 2}" for p in range(5) for s in range(2)]
    (folder / "groups.csv").write_text("case,group\n" + "\n".join(rows) + "\n")
    (folder / "dataset.json").write_text('{"title": "Test", "spacing_mm": [2.0, 0.5]}')
    dataset = read_folder(folder)
    assert dataset.groups == ["scanner 0", "scanner 1"]
    assert dataset.description.title == "Test"
    assert dataset.items[0].read().spacing_mm == (2.0, 0.5)


@pytest.mark.parametrize("seed", range(5))
def test_split_is_by_group_and_complete(folder, seed):
    dataset = read_folder(folder, group=r"p\d")
    parts = split(dataset, seed=seed)
    groups = [set(parts[part].groups) for part in PARTS]
    assert [len(group) for group in groups] == [3, 1, 1]
    assert set.union(*groups) == set(dataset.groups)
    assert sum(len(parts[part].items) for part in PARTS) == 10


def test_split_by_name(folder):
    parts = split(read_folder(folder, group=r"p\d"), validation="p1", test="p[34]")
    assert [parts[part].groups for part in PARTS] == [["p0", "p2"], ["p1"], ["p3", "p4"]]


def test_fingerprint_follows_the_bytes_and_not_the_folder(folder, tmp_path_factory):
    copy = tmp_path_factory.mktemp("elsewhere") / "copy"
    shutil.copytree(folder, copy)
    one = read_folder(folder).fingerprint()
    assert read_folder(copy).fingerprint() == one
    Image.fromarray(np.zeros((8, 9), np.uint8)).save(copy / "masks" / "p0_s0.png")
    assert read_folder(copy).fingerprint() != one


@pytest.mark.parametrize(
    ("spoil", "options", "text"),
    [
        (lambda f: shutil.rmtree(f / "masks"), {}, "has no folder masks/"),
        (lambda f: [p.unlink() for p in (f / "images").iterdir()], {}, "images is empty"),
        (lambda f: (f / "masks" / "p2_s1.png").unlink(), {}, "1 images .* the first p2_s1"),
        (lambda f: None, {"group": r"q\d"}, r"10 images .* no group by the pattern"),
        (lambda f: None, {"group": "("}, "no regular expression"),
        (lambda f: (f / "dataset.json").write_text("{"), {}, "dataset.json cannot be used"),
        (lambda f: (f / "groups.csv").write_text("case,group\np0_s0,a\n"), {}, "by groups.csv"),
    ],
)
def test_refusals(folder, spoil, options, text):
    spoil(folder)
    with pytest.raises(DataError, match=text):
        read_folder(folder, **options)


def test_a_split_that_leaves_nothing_is_refused(folder):
    dataset = read_folder(folder, group=r"p\d")
    with pytest.raises(DataError, match="leaves 0 groups for training and 5 for validation"):
        split(dataset, validation="p.", test="none")
    with pytest.raises(DataError, match="split by a finer group"):
        split(dataset.of(["p0"]))
