"""Uploaded data sets on disk: whole or not at all, under safe names, deleted and brought back."""

import os
import time

import numpy as np
import pytest

from seg import vault
from seg.errors import DataError
from seg.kept import delete, keep, kept, restore
from seg.settings import settings
from seg.vault import safe_stems
from tests.images import png


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SEG_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield tmp_path / "home"
    settings.cache_clear()


def image(number, side=8):
    return png(np.full((side, side), number, np.uint8))


def mask(side=8):
    return png(np.eye(side, dtype=np.uint8) * 255)


def some_files(count=3):
    images = {f"images/p{n}.png": image(n) for n in range(count)}
    return images | {f"masks/p{n}.png": mask() for n in range(count)}


def tree(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_set_is_kept_and_found_again(home):
    dataset, refusals = keep(some_files(), "Lungs")
    assert not refusals
    assert dataset.title == "Lungs"
    assert vault.ID.fullmatch(dataset.name)
    assert dataset.folder == home / "data" / dataset.name
    assert [item.name for item in dataset.items] == ["p0", "p1", "p2"]
    assert dataset.items[2].read(2).mask.labels.sum() == 8
    assert kept() == ([dataset], [])


def test_nobody_else_may_look(home):
    dataset, _ = keep(some_files(), "Lungs")
    paths = [home / "data", dataset.folder, *dataset.folder.rglob("*")]
    modes = {path.stat().st_mode & 0o777 for path in paths if path.is_dir()}
    assert modes == {0o700}
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_file()} == {0o600}


def test_the_newest_comes_first():
    names = []
    for number in range(3):
        dataset, _ = keep(some_files(), str(number))
        os.utime(dataset.folder / "dataset.json", (number, number))
        names.insert(0, dataset.name)
    assert [dataset.name for dataset in kept()[0]] == names


def test_every_file_that_is_left_out_is_told():
    files = some_files() | {
        "images/p1.png": b"no picture",
        "images/lone.png": image(50),
        "masks/orphan.png": mask(),
        "images/twin.png": image(2),
        "masks/twin.png": mask(),
        "images/wide.png": image(60),
        "masks/wide.png": mask(9),
    }
    dataset, refusals = keep(files, "x")
    assert [item.name for item in dataset.items] == ["p0", "p2"]
    reasons = {refusal.name: refusal.reason for refusal in refusals}
    assert "not an image" in reasons["images/p1.png"]
    assert "its image images/p1.png was refused" in reasons["masks/p1.png"]
    assert "lone.png has no mask. Expected one of the same name" in reasons["images/lone.png"]
    assert "orphan.png has no image" in reasons["masks/orphan.png"]
    assert "twin.png is the same as images/p2.png, byte for byte" in reasons["images/twin.png"]
    assert "wide.png has another size" in reasons["images/wide.png"]
    assert len(reasons) == len(refusals) == 8


HOSTILE = [
    "../../x.png",
    "/etc/passwd.png",
    "C:\\windows\\x.png",
    "a\0b.png",
    "a\nb\x1b[31m.png",
    "‮gnp.exe.png",
    "-rf.png",
    "CON.png",
    "~/x.png",
    "$(reboot).png",
    "é" * 200 + ".png",
    "名前.png",
    "....png",
    " .png",
]


def test_no_name_is_a_path(home):
    files = {}
    for number, name in enumerate(HOSTILE):
        stem, _, _ = name.rpartition(".")
        files |= {name: image(number), f"{stem}_mask.png": mask()}
    dataset, refusals = keep(files, "../../title\0")
    assert tree(home)[0].startswith("data/")
    assert tree(home.parent) == sorted(f"home/{path}" for path in tree(home))
    for item in dataset.items:
        assert item.name.replace("-", "").replace("_", "").replace(".", "").isalnum()
        assert len(item.image.name.encode()) < 140
    assert {"名前", "x", "etc_passwd", "rf"} <= {item.name for item in dataset.items}
    hidden = [name for name in files if name.startswith("..") and "/" not in name]
    assert len(dataset.items) * 2 + len(refusals) == len(files) - len(hidden)
    assert dataset.title == "../../title"


@pytest.mark.parametrize(
    ("names", "stems"),
    [
        (["s/images/p1.png", "s/images/p2.png"], ["p1", "p2"]),
        (["s/A/images/1.png", "s/B/images/1.png"], ["a_1", "b_1"]),
        (["s/images/A/1.png", "s/images/B/1.png"], ["a_1", "b_1"]),
        (["x.png", "x.jpg", "X.tif"], ["x", "x-2", "X-3"]),
        (["scan 1 (left).png"], ["scan_1__left"]),
        (["..", "."], ["image", "image-2"]),
        ([], []),
    ],
)
def test_names_stay_what_their_owner_knows(names, stems):
    assert safe_stems(names) == stems


def test_names_of_two_cases_never_meet():
    """a/b_c and a_b/c become the same letters; both are kept."""
    assert safe_stems(["a/b_c.png", "a_b/c.png"]) == ["a_b_c", "a_b_c-2"]


@pytest.mark.parametrize(
    ("files", "variable", "value", "text"),
    [
        (
            10,
            "SEG_DATA_FILES",
            "19",
            "Too many files .* at most 19. Received: 20. Raise SEG_DATA_F",
        ),
        (
            9,
            "SEG_DATA_MB",
            "1",
            r"Too much .* at most 1 MiB. Received: 1\.\d MiB. Raise SEG_DATA_MB",
        ),
        (9, "SEG_DATA_DISK_MB", "1", r"no room for another .* Received: 1\.\d MiB. Delete one"),
    ],
)
def test_limits(home, monkeypatch, files, variable, value, text):
    monkeypatch.setenv(variable, value)
    settings.cache_clear()
    content = some_files(files)
    if variable != "SEG_DATA_FILES":
        random = np.random.default_rng(0)
        for name in [name for name in content if "images" in name]:
            content[name] = png(random.integers(0, 255, (400, 400), np.uint8))
            content[name.replace("images", "masks")] = mask(400)
    with pytest.raises(DataError, match=text):
        keep(content, "x")
    assert tree(home) == [] if home.exists() else True


def test_ten_thousand_files_are_refused_at_once():
    files = dict.fromkeys((f"images/{n}.png" for n in range(10_000)), b"")
    start = time.monotonic()
    with pytest.raises(DataError, match=r"Expected at most 4,000\. Received: 10,000"):
        keep(files, "x")
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("files", [{}, {"a.png": b""}, {"a_mask.png": b"", "notes.txt": b""}])
def test_nothing_to_train_on(files, home):
    with pytest.raises(DataError, match=rf"None of the {len(files)} files can be trained on"):
        keep(files, "x")
    assert not home.exists()


def test_a_half_written_set_never_shows(home, monkeypatch):
    write, written = vault._write_file, []

    def fail(path, content):
        written.append(path)
        if len(written) == 4:
            assert kept() == ([], [])
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(vault, "_write_file", fail)
    with pytest.raises(DataError, match="cannot be kept: No space left on device"):
        keep(some_files(), "x")
    assert tree(home) == []
    assert list((home / "data").iterdir()) == []


def test_deleted_and_brought_back():
    dataset, _ = keep(some_files(), "x")
    delete(dataset.name)
    assert kept() == ([], [])
    with pytest.raises(DataError, match=f"no kept data set {dataset.name}"):
        delete(dataset.name)
    assert restore(dataset.name) == dataset
    assert kept()[0] == [dataset]
    with pytest.raises(DataError, match="is not in the trash any more"):
        restore(dataset.name)


@pytest.mark.parametrize(
    "name", ["", "..", "../../etc", "trash", "0" * 11, "0" * 13, "A" * 12, "\0"]
)
def test_only_an_id_is_an_id(home, name):
    keep(some_files(), "x")
    before = tree(home)
    with pytest.raises(DataError, match="There is no kept data set"):
        delete(name)
    with pytest.raises(DataError, match="not in the trash"):
        restore(name)
    assert tree(home) == before


def test_the_trash_is_emptied_after_a_day(home, monkeypatch):
    dataset, _ = keep(some_files(), "x")
    os.utime(dataset.folder, (0, 0))  # kept long ago, deleted now
    delete(dataset.name)
    half = home / "data" / ".0123456789ab"
    half.mkdir()
    kept()
    assert half.exists()
    assert restore(dataset.name) == dataset
    delete(dataset.name)
    later = time.time() + vault.TRASH_S + 10
    monkeypatch.setattr("time.time", lambda: later)
    kept()
    assert tree(home) == []
    assert not half.exists()
    with pytest.raises(DataError, match="not in the trash any more"):
        restore(dataset.name)


def test_a_damaged_set_is_told_and_can_be_deleted():
    dataset, _ = keep(some_files(), "x")
    good, _ = keep(some_files(), "y")
    dataset.items[1].mask.unlink()
    found, refused = kept()
    assert found == [good]
    assert len(refused) == 1
    assert f"{dataset.name} cannot be used. 1 images of" in refused[0]
    delete(dataset.name)
    assert kept() == ([good], [])
