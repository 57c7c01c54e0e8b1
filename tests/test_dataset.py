"""Folders, groups and splits: no group on two sides, every refusal in words."""

import shutil

import numpy as np
import pytest
from PIL import Image

from seg.dataset import PARTS, read_folder, split
from seg.errors import DataError
from seg.files import Limits


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


def describe(text, encoding="utf-8"):
    return lambda f: (f / "dataset.json").write_text(text, encoding=encoding)


def table(text, encoding="utf-8"):
    return lambda f: (f / "groups.csv").write_text(text, encoding=encoding)


@pytest.mark.parametrize(
    ("spoil", "options", "text"),
    [
        (lambda f: shutil.rmtree(f / "masks"), {}, "has no folder masks/"),
        (lambda f: [p.unlink() for p in (f / "images").iterdir()], {}, "images is empty"),
        (lambda f: (f / "masks" / "p2_s1.png").unlink(), {}, "1 images .* the first p2_s1"),
        (lambda f: None, {"group": r"q\d"}, r"10 images .* no group by the pattern"),
        (lambda f: None, {"group": "("}, "no regular expression"),
        (lambda f: (f / "dataset.json").write_text("{"), {}, "dataset.json cannot be used"),
        (
            describe('{"spacing_mm": [1, 0]}'),
            {},
            r"'?spacing_mm\.1'?: .*greater than 0\. Received: 0",
        ),
        (describe('{"spacing_mm": [1, Infinity]}'), {}, "spacing_mm"),
        (describe('{"title": 3, "note": 4}'), {}, "title: Input should be a valid string"),
        (describe('{"title": "Größe"}', "latin-1"), {}, "json .*in UTF-8. Received: the byte 0xf6"),
        (table("name,patient\np0_s0,a\n"), {}, r"columns case and group.*\['name', 'patient'\]"),
        (table("case;group\np0_s0;a\n"), {}, "groups.csv cannot be used. Expected a first line"),
        (table(""), {}, r"groups.csv cannot be used\..* Received: \[\]"),
        (table("case,group\np0_s0,Größe\n", "latin-1"), {}, "Received: the byte 0xf6"),
        (table("case,group\np0_s0," + "x" * 200_000 + "\n"), {}, "field larger than"),
        (table("case,group\np0_s0\n"), {}, "by groups.csv, the first p0_s0"),
        (lambda f: (f / "groups.csv").write_text("case,group\np0_s0,a\n"), {}, "by groups.csv"),
    ],
)
def test_refusals(folder, spoil, options, text):
    spoil(folder)
    with pytest.raises(DataError, match=text) as refused:
        read_folder(folder, **options)
    assert str(refused.value).isprintable()  # so one line
    assert len(str(refused.value)) < 300


def test_what_excel_writes_is_read(folder):
    rows = "".join(f"p{p}_s{s},{p}\r\n" for p in range(5) for s in range(2))
    (folder / "groups.csv").write_text("case,group\r\n" + rows, encoding="utf-8-sig", newline="")
    (folder / "dataset.json").write_text('{"first": "p1_s0"}', encoding="utf-8-sig")
    dataset = read_folder(folder)
    assert dataset.groups == ["0", "1", "2", "3", "4"]
    assert dataset.description.first == "p1_s0"


def test_limits_are_looked_at_before_a_file_is_read(folder, monkeypatch):
    item = read_folder(folder).items[0]
    assert item.read(2, Limits(bytes_max=1000)).mask is not None
    with pytest.raises(DataError, match="too large"):
        item.read(2, Limits(pixels_max=71))
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda path: pytest.fail("was read"))
    with pytest.raises(DataError, match=r"p0_s0\.png is too large\..* Raise SEG_UPLOAD_MB"):
        item.read(2, Limits(bytes_max=10))


def test_a_split_that_leaves_nothing_is_refused(folder):
    dataset = read_folder(folder, group=r"p\d")
    with pytest.raises(DataError, match="leaves 0 groups for training and 5 for validation"):
        split(dataset, validation="p.", test="none")
    with pytest.raises(DataError, match="split by a finer group"):
        split(dataset.of(["p0"]))
