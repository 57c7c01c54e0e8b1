"""What is counted of a data set before a training, with numbers worked out by hand."""

import gc
import re
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from seg.advice import LESS, USUAL, notes, percent, suggest
from seg.census import bins, count, take_census
from seg.dataset import read_folder, split
from seg.description import Description
from seg.errors import Cancelled, DataError
from seg.facts import Facts, Survey, share_colors, survey
from seg.files import Limits

AREAS = {"a_1": 4, "a_2": 0, "b_1": 10, "b_2": 40, "c_1": 0, "c_2": 0}  # foreground pixels
BY_PATIENT = r"^[abc]"


def save(path, pixels):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path):
    """Six images of 10 x 10 pixels, two of each of three patients."""
    for number, (name, area) in enumerate(AREAS.items()):
        save(tmp_path / "images" / f"{name}.png", np.full((10, 10), 50 + number))
        mask = np.zeros(100)
        mask[:area] = 255
        save(tmp_path / "masks" / f"{name}.png", mask.reshape(10, 10))
    return tmp_path


def census_of(folder, validation="b", test="c", **options):
    dataset = read_folder(folder, BY_PATIENT)
    return take_census(dataset, split(dataset, validation, test), **options)


def texts(census):
    return [note.text for note in notes(census)]


def test_the_parts_by_hand(folder):
    census = census_of(folder)
    train, validation, test = (census.parts[part] for part in ("train", "validation", "test"))
    assert [part.images for part in (train, validation, test)] == [2, 2, 2]
    assert [part.groups for part in (train, validation, test)] == [1, 1, 1]
    assert [part.empty for part in (train, validation, test)] == [1, 0, 2]
    assert train.class_pixels == (196, 4)
    assert validation.class_pixels == (150, 50)
    assert (train.foreground_share, validation.foreground_share) == (0.02, 0.25)
    assert train.shares == (0.0, 0.02, 0.04)
    assert validation.shares == (0.1, 0.25, 0.4)
    assert test.shares == (0.0, 0.0, 0.0)
    assert (census.images, census.empty, census.foreground_share) == (6, 3, 54 / 600)
    assert (census.whole.groups, census.whole.class_pixels) == (3, (546, 54))
    assert (census.channels, census.sides) == ((1,), (10, 10, 10, 10))
    assert census.class_names == ("foreground",)
    assert not census.refusals


def test_the_histogram_by_hand(folder):
    found = bins(census_of(folder))  # 10 % is still "3 to 10 %"
    assert found.upto == (0, 0.1, 0.3, 1)
    assert found.labels == ("none", "3 to 10 %", "10 to 30 %", "30 to 100 %")
    assert found.counts == {
        "train": (1, 1, 0, 0),
        "validation": (0, 1, 0, 1),
        "test": (2, 0, 0, 0),
    }


@pytest.mark.parametrize(
    ("pixels", "label"),
    [((9_999, 1), "to 0.01 %"), ((9_998, 2), "0.01 to 0.03 %"), ((0, 10_000), "30 to 100 %")],
)
def test_edges_of_the_histogram(pixels, label):
    dataset, facts = invented({"one": pixels})
    census = count(
        facts, dataset, {"train": dataset, "validation": dataset, "test": dataset.of([])}
    )
    assert bins(census).labels == (label,)


def test_histogram_of_nothing_but_empty_masks():
    found = bins(census_by_letter({"a1": (100, 0), "b1": (100, 0)}))
    assert (found.upto, found.labels, found.counts["test"]) == ((0.0,), ("none",), (0,))


def test_another_split_needs_no_reading(folder, monkeypatch):
    dataset = read_folder(folder, BY_PATIENT)
    read = survey(dataset)
    monkeypatch.setattr("seg.dataset.Item.read", lambda *_: pytest.fail("was read"))
    census = count(read, dataset, split(dataset, "a", "(?!)"))
    assert census.parts["train"].class_pixels == (350, 50)
    assert census.parts["test"].class_pixels == (0, 0)
    assert census.parts["test"].foreground_share == 0
    finer = read_folder(folder)
    census = count(read, finer, split(finer, "a_1", "(?!)"))
    assert [census.parts[part].groups for part in ("train", "validation")] == [5, 1]


def test_what_cannot_be_read_is_refused_by_name(folder, monkeypatch):
    (folder / "images" / "a_1.png").write_bytes(b"no picture")
    save(folder / "masks" / "a_2.png", np.zeros((10, 11)))
    save(folder / "images" / "b_1.png", np.zeros((40, 40)))
    read = type(read_folder(folder).items[0]).read

    def refuse(item, *options):
        if item.name == "c_1":
            raise PermissionError(13, "Permission denied")
        return read(item, *options)

    monkeypatch.setattr("seg.dataset.Item.read", refuse)
    census = census_of(folder, limits=Limits(pixels_max=1000))
    reasons = {refusal.name: refusal.reason for refusal in census.refusals}
    assert list(reasons) == ["a_1", "a_2", "b_1", "c_1"]
    assert "a_1.png is not an image" in reasons["a_1"]
    assert "another size" in reasons["a_2"]
    assert "too large. Expected at most 1,000 pixels" in reasons["b_1"]
    assert "c_1 cannot be read: Permission denied. Expected" in reasons["c_1"]
    assert [census.parts[part].images for part in census.parts] == [0, 1, 1]
    assert suggest(census)["epochs"] > 0


def test_masks_with_more_classes_than_expected_are_refused(folder):
    save(folder / "masks" / "b_2.png", np.full((10, 10), 3) * np.eye(10))
    census = census_of(folder, classes=2)
    assert [refusal.name for refusal in census.refusals] == ["b_2"]
    assert census_of(folder).class_names == ("class 1", "class 2", "class 3")


def test_progress_and_cancelling(folder):
    told = []
    census_of(folder, progress=lambda done, total: told.append((done, total)))
    assert told == [(n, 6) for n in range(1, 7)]
    told.clear()
    with pytest.raises(Cancelled, match="Counting the images was stopped"):
        census_of(
            folder,
            progress=lambda done, total: told.append(done),
            is_cancelled=lambda: len(told) == 3,
        )
    assert told == [1, 2, 3]


def test_pixels_are_let_go(tmp_path):
    random = np.random.default_rng(0)
    for number in range(20):
        save(tmp_path / "images" / f"{number}.png", random.integers(0, 255, (500, 500)))
        save(tmp_path / "masks" / f"{number}.png", np.eye(500) * 255)
    dataset = read_folder(tmp_path)
    survey(dataset.of(["0"]))
    gc.collect()
    tracemalloc.start()
    survey(dataset)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 0.2e6
    assert peak < 8e6  # one image of 0.25 MB at a time, with what reading it takes; all are 10 MB


RED, GREEN = (255, 0, 0), (0, 255, 0)


def test_a_colour_is_one_class_in_all_masks(folder):
    """Alone, the green mask would call its only colour class 1, which is red elsewhere."""
    paint = np.zeros((2, 10, 10, 3))
    paint[0, 0, :3], paint[0, 1, :5] = RED, GREEN
    paint[1, 2, :7] = GREEN
    save(folder / "masks" / "a_1.png", paint[0])
    save(folder / "masks" / "b_2.png", paint[1])
    dataset = read_folder(folder, BY_PATIENT)
    assert dataset.items[3].read().mask.labels.max() == 1
    found = survey(dataset).facts
    assert found["b_2"].class_pixels == (93, 7)  # black, green, red: by their numbers
    assert found["a_1"].class_pixels == (92, 5, 3)
    save(folder / "masks" / "b_2.png", paint[1][..., [1, 0, 2]])
    dataset = read_folder(folder, BY_PATIENT)
    assert survey(dataset).facts["b_2"].class_pixels == (93, 0, 7)
    shared = share_colors(dataset)
    assert shared.items[3].read().mask.labels.max() == 2
    assert shared.items[1] is dataset.items[1]


def test_masks_that_are_not_painted_stay(folder):
    dataset = read_folder(folder)
    assert share_colors(dataset).items == dataset.items
    (folder / "masks" / "a_1.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"a_1\.png is not an image"):
        share_colors(dataset)


def invented(areas, **changes):
    """A data set that is only facts: name -> pixels of each class."""
    facts = {}
    for name, pixels in areas.items():
        values = {
            "name": name, "group": name[0], "id": name, "width": sum(pixels), "height": 1,
            "channels": 1, "class_pixels": pixels,
        }  # fmt: skip
        facts[name] = Facts(**values | changes.get(name, {}))
    return Invented(tuple(facts.values())), Survey(facts)


class Invented:
    """Stands for a data set whose items are their facts."""

    def __init__(self, items):
        self.name, self.items, self.description = "invented", items, Description()

    def of(self, groups):
        return Invented(tuple(item for item in self.items if item.name[0] in groups))


def census_by_letter(areas, **changes):
    """a is training, b validation, c test."""
    dataset, facts = invented(areas, **changes)
    parts = {"train": dataset.of("a"), "validation": dataset.of("b"), "test": dataset.of("c")}
    return count(facts, dataset, parts)


GOOD = {"a1": (90, 10), "a2": (90, 10), "b1": (90, 10), "b2": (90, 10)}


@pytest.mark.parametrize(
    ("areas", "changes", "text", "is_warning"),
    [
        (GOOD | {"a1": (100, 0)}, {}, "1 of 4 masks are empty: Dice counts such an im", False),
        (GOOD | {"a1": (9000, 0)}, {}, "0.32 % of the pixels are foreground: a loss that", False),
        (GOOD | {"b1": (100, 0), "b2": (100, 0)}, {}, "Every mask of validation is empty", True),
        (GOOD | {"a1": (100, 0), "a2": (100, 0)}, {}, "training is empty: there is nothing", True),
        (GOOD | {"a1": (80, 10, 10)}, {}, "No image of validation has any class 2.", True),
        (GOOD, {"b1": {"id": "a2"}}, "also in training.*: 1, the first b1 as a2", True),
        (GOOD, {"b1": {"suspicion": "inverted"}}, "1 of 4 masks may be inverted", True),
        (GOOD, {"b1": {"channels": 3}}, "1 of 4 images are in colour: all are read as", False),
        (GOOD, {}, "Validation is of one group: its scores say little about others", False),
        ({"a": (9, 1), "b": (9, 1)}, {}, "Each image is its own group", False),
    ],
)  # fmt: skip
def test_notes(areas, changes, text, is_warning):
    found = [
        note for note in notes(census_by_letter(areas, **changes)) if re.search(text, note.text)
    ]
    assert [note.is_warning for note in found] == [is_warning]


def test_nothing_is_said_where_nothing_is_to_be_said():
    two = {"b1": {"group": "b"}, "b2": {"group": "b'"}}
    assert texts(census_by_letter(GOOD, **two)) == []


def test_warnings_come_first():
    found = notes(census_by_letter(GOOD | {"a1": (100, 0), "b1": (100, 0), "b2": (100, 0)}))
    assert [note.is_warning for note in found] == sorted(
        (n.is_warning for n in found), reverse=True
    )
    assert found[0].is_warning


def shaped(width, height, count=4, **more):
    areas = {f"{part}{n}": (width * height - 1, 1) for part in "ab" for n in range(count)}
    values = {"width": width, "height": height} | more
    return census_by_letter(areas, **dict.fromkeys(areas, values))


@pytest.mark.parametrize(
    ("width", "height", "crop", "batch"),
    [(182, 218, 96, 8), (48, 48, 48, 8), (35, 51, 32, 16), (95, 300, 80, 8), (9, 9, 16, 16)],
)
def test_suggested_crop_and_batch(width, height, crop, batch):
    found = suggest(shaped(width, height))
    assert (found["crop"], found["batch"]) == (crop, batch)


def test_one_small_image_does_not_decide():
    areas = {f"{part}{n}": (9999, 1) for part in "ab" for n in range(4)}
    sizes = {name: {"width": 100, "height": 100} for name in areas}
    census = census_by_letter(areas, **sizes | {"a0": {"width": 20, "height": 500}})
    assert suggest(census)["crop"] == 96


def test_suggested_reading():
    assert suggest(shaped(64, 64))["channels"] == 1
    assert suggest(shaped(64, 64))["normalisation"] == "zscore"
    assert suggest(shaped(64, 64, black_share=0.6))["normalisation"] == "zscore_nonzero"
    colour = suggest(shaped(64, 64, channels=3, black_share=0.6))
    assert (colour["channels"], colour["normalisation"]) == (3, "zscore")
    assert (colour["alpha"], colour["beta"]) == (0.5, 0.5)


@pytest.mark.parametrize(("images", "repeats"), [(1, 32), (5, 7), (31, 2), (32, 1), (500, 1)])
def test_few_images_are_seen_several_times_an_epoch(images, repeats):
    assert suggest(shaped(64, 64, images))["repeats"] == repeats  # 4 steps of 8 views at least


def test_a_large_data_set_gets_fewer_epochs_and_a_smaller_network():
    small, large = suggest(shaped(100, 100, 8)), suggest(shaped(600, 600, 300))
    assert small["epochs"] == 100
    assert (small["size"], small["filters"]) == ("small", (16, 32, 64, 96, 128))
    # 38 steps of 8 x 96 x 96 and 300 x 600 x 600 pixels: with the smaller network
    # 38 * (0.02 + 73,728 * 2e-6) + 108e6 * 0.4e-6 = 49.6 s an epoch, 3.6 in 180 s; the least is 5
    assert large["epochs"] == 5
    assert (large["size"], large["filters"]) == ("smallest", (8, 16, 32, 48, 64))


def test_sizes_are_those_of_the_form():
    from seg.plan import SIZES

    assert {one.size: one.filters for one in (LESS, USUAL)}.items() <= SIZES.items()


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (0.000344, "0.034 %"), (0.0065, "0.65 %"), (0.0999, "10 %"), (0.999, "100 %")],
)
def test_percent(share, text):
    assert percent(share) == text
