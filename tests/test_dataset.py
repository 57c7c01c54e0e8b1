"""Folders, groups and splits: no group on two sides, every refusal in words."""

import shutil

import numpy as np
import pytest
from PIL import Image

from seg.dataset import PARTS, read_folder, split
from seg.errors import DataError
from seg.files import Limits
from seg.groups import (
    BEFORE_SIGN,
    NOTHING,
    TO_NUMBER,
    WHOLE,
    drawn,
    fitting_patterns,
    groups_of,
    names_pattern,
)


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
        (lambda f: (f / "images" / "p1_s0.jpg").touch(), {}, "p1_s0.jpg and p1_s0.png. Move one"),
        (
            lambda f: (f / "groups.csv").write_bytes(bytes(5 << 20)),
            {},
            "csv is too large.* 5.0 MiB",
        ),
        (describe(" " * (5 << 20)), {}, "dataset.json is too large. Expected at most 4 MiB"),
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


@pytest.fixture
def outside(tmp_path_factory):
    """A folder of somebody else's."""
    other = tmp_path_factory.mktemp("other")
    Image.fromarray(np.zeros((8, 9), np.uint8)).save(other / "secret.png")
    (other / "secret.json").write_text('{"title": "secret"}')
    return other


@pytest.mark.parametrize("name", ["images/p1_s0.png", "masks/p1_s0.png", "dataset.json", "masks"])
def test_links_that_lead_out_are_not_followed(folder, outside, name):
    link = folder / name
    shutil.rmtree(link) if link.is_dir() else link.unlink(missing_ok=True)
    target = outside / f"secret{link.suffix}" if link.suffix else outside
    link.symlink_to(target)
    with pytest.raises(DataError, match=f"{name} is a link that leads out.* SEG_DATA_ROOTS") as no:
        read_folder(folder)
    assert "secret" not in str(no.value)


def test_links_inside_and_under_a_root_are_followed(folder, outside):
    image = folder / "images" / "p1_s0.png"
    image.rename(folder / "moved.png")
    image.symlink_to("../moved.png")
    assert len(read_folder(folder).items) == 10
    image.unlink()
    image.symlink_to(outside / "secret.png")
    assert read_folder(folder, roots=[outside]).items[2].read().image.pixels.max() == 0
    with pytest.raises(DataError, match="leads out"):
        read_folder(folder, roots=[outside / "deeper"])


def test_what_is_no_file_of_the_set_is_left_out(folder):
    for name in (".DS_Store", "Thumbs.db"):
        (folder / "images" / name).touch()
    (folder / "images" / "folder").mkdir()
    (folder / "images" / "broken.png").symlink_to("nowhere.png")
    assert len(read_folder(folder).items) == 10


def test_a_folder_of_too_many_files(folder, monkeypatch):
    monkeypatch.setattr("seg.folder.IMAGES_MAX", 9)
    with pytest.raises(DataError, match=r"images holds too many files. Expected at most 9"):
        read_folder(folder)


def test_a_folder_that_may_not_be_opened(folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    (folder / "groups.csv").touch()
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(DataError, match=r"groups\.csv cannot be opened: Permission denied"):
        read_folder(folder)
    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    with pytest.raises(DataError, match="images cannot be opened: Permission denied"):
        read_folder(folder)


def test_the_stamp_follows_every_write(folder):
    dataset = read_folder(folder)
    before = dataset.stamp()
    assert read_folder(folder).stamp() == before
    path = folder / "masks" / "p0_s0.png"
    path.write_bytes(path.read_bytes())
    assert dataset.stamp() != before
    path.unlink()
    with pytest.raises(DataError, match=r"p0_s0.png of .* cannot be found any more: No such file"):
        dataset.stamp()


def test_a_split_by_names_and_without_a_test(folder):
    dataset = read_folder(folder, group=r"p\d_s\d")
    parts = split(dataset, validation=names_pattern(["p0_s0", "p1_s1"]), test=NOTHING)
    assert parts["validation"].groups == ["p0_s0", "p1_s1"]
    assert parts["test"].items == ()
    assert len(parts["train"].items) == 8
    assert names_pattern([]) == NOTHING


@pytest.mark.parametrize(
    ("names", "patterns", "groups"),
    [
        (["a1_x", "a1_y", "b-1", "c 2"], [BEFORE_SIGN, TO_NUMBER, WHOLE], ["a1", "a1", "b", "c"]),
        (
            ["hip_01_s1", "hip_01_s2", "hip_02_s1", "hip_3"],
            [TO_NUMBER, WHOLE, BEFORE_SIGN],
            ["hip_01", "hip_01", "hip_02", "hip_3"],
        ),
        (["one", "two", "_three"], [WHOLE], ["one", "two", "_three"]),
        # two patients leave no third for the test, so they are not what a split begins with
        (["p1_a", "p1_b", "p2_a"], [WHOLE, BEFORE_SIGN, TO_NUMBER], ["p1_a", "p1_b", "p2_a"]),
    ],
)
def test_how_names_tell_the_patient(names, patterns, groups):
    assert fitting_patterns(names) == patterns
    assert list(groups_of(names, "x", patterns[0]).values()) == groups


def test_the_same_items_in_other_groups(folder):
    dataset = read_folder(folder)
    assert dataset.regrouped(r"^p\d") == read_folder(folder, r"^p\d")
    with pytest.raises(DataError, match=r"10 images of .* have no group by the pattern 'q'"):
        dataset.regrouped("q")


def test_a_drawing_that_does_not_follow_the_seed(folder):
    dataset = read_folder(folder, r"p\d")
    by_hand = split(dataset, validation=drawn(4), test=drawn(3), seed=99)
    assert by_hand == split(dataset, seed=3)
    assert by_hand != split(dataset, seed=99)
