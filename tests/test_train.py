"""Views, batches and a real small training: it learns, is repeatable, and says what it did."""

import numpy as np
import pytest
from pydantic import ValidationError

from seg.architecture import Architecture
from seg.cases import read_case
from seg.dataset import read_folder, split
from seg.errors import RunError
from seg.preprocessing import Preprocessing
from seg.settings import SAMPLES
from seg.train.augment import Sample, view
from seg.train.batches import epoch_batches, one_hot
from seg.train.config import TrainConfig
from seg.train.loop import train
from tests.images import png


def make_config(**changes):
    values = {
        "data": SAMPLES / "lung-tumour",
        "architecture": Architecture(filters=(8, 12, 16), norm="batch", dropout=0.0, l2=0.0),
        "preprocessing": Preprocessing(normalisation="full_range"),
        "crop": 32,
        "batch": 4,
        "epochs": 2,
        "learning_rate": 3e-3,
        "averaging": 0.0,
    }
    return TrainConfig(**values | changes)


@pytest.fixture(scope="module")
def cases():
    parts = split(read_folder(SAMPLES / "lung-tumour"), validation="p06", test="p12")
    return [[item.read(2) for item in parts[part].items] for part in ("train", "validation")]


def test_a_view_moves_image_and_labels_alike():
    labels = np.zeros((40, 50), np.uint8)
    labels[10:30, 20:40] = 1
    sample = Sample(labels[..., None].astype(np.float32), labels)
    for seed in range(20):
        random = np.random.default_rng(seed)
        seen = view(sample, 24, random)
        assert seen.image.shape == (24, 24, 1)
        assert seen.labels.shape == (24, 24)
        if 0 < seen.labels.mean() < 1:
            inside = seen.image[..., 0][seen.labels == 1].mean()
            outside = seen.image[..., 0][seen.labels == 0].mean()
            assert inside - outside > 0.5


def test_batches_hold_every_sample_and_repeat_with_the_seed():
    samples = [Sample(np.full((40, 40, 1), i, np.float32), np.zeros((40, 40))) for i in range(6)]
    config = make_config()
    batches = list(epoch_batches(samples, config, 1))
    assert [images.shape for images, _ in batches] == [(4, 32, 32, 1)] * 2
    means = np.concatenate([images.mean((1, 2, 3)) for images, _ in batches])
    assert len(np.unique(np.round(means, 2))) >= 6
    again = list(epoch_batches(samples, config, 1))
    other = list(epoch_batches(samples, config, 2))
    np.testing.assert_array_equal(batches[1][0], again[1][0])
    assert not np.array_equal(batches[1][0], other[1][0])


def test_one_hot_with_background_first():
    assert one_hot(np.array([[0, 2]]), 3).tolist() == [[[1, 0, 0], [0, 0, 1]]]


def bright_squares(count):
    """Cases that any network can learn: the square is bright."""
    random = np.random.default_rng(7)
    for _ in range(count):
        labels = np.zeros((32, 32), np.uint8)
        top, left = random.integers(2, 16, 2)
        labels[top : top + 12, left : left + 12] = 1
        pixels = (random.integers(0, 60, labels.shape) + labels * 150).astype(np.uint8)
        yield read_case("square.png", png(pixels), "square_mask.png", png(labels * 255))


def test_a_small_training_learns_and_repeats():
    cases = [*bright_squares(8)], [*bright_squares(2)]
    config = make_config(epochs=12, averaging=0.5)
    seen = []
    first = train(config, *cases, on_epoch=lambda epoch, is_best: seen.append((epoch, is_best)))
    losses = [epoch.loss for epoch in first.history]
    assert losses[-1] < 0.85 * losses[0]
    assert first.best.validation_dice > 0.8
    best = max(epoch.validation_dice for epoch in first.history)
    assert first.best.validation_dice == best
    assert [epoch.number for epoch, _ in seen] == list(range(1, 13))
    assert first.best is [epoch for epoch, is_best in seen if is_best][-1]
    second = train(config, *cases)
    assert [epoch.loss for epoch in second.history] == losses
    for name, weight in first.weights.items():
        np.testing.assert_array_equal(second.weights[name], weight)


def test_a_loss_that_is_no_number_stops_the_run(cases):
    config = make_config(learning_rate=1e38, architecture=Architecture(filters=(4, 8), l2=1.0))
    with pytest.raises(RunError, match=r"The loss became (nan|inf) in epoch"):
        train(config, *cases)


THREE = Architecture(filters=(8, 12, 16), in_channels=3)
TWO = Architecture(filters=(8, 12, 16), in_channels=2)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"crop": 34}, "crop must be a multiple of 4, as the network halves it 2 times, not 34"),
        ({"architecture": TWO, "preprocessing": Preprocessing(channels=2)}, "channels must be 1"),
        ({"architecture": THREE}, "channels must be those of the network, 3, not 1"),
        ({"class_names": ("a", "b")}, "classes must be 1, not 2"),
        ({"class_names": ()}, "at least 1 item"),
        (
            {"class_names": ("a", "a"), "architecture": Architecture(filters=(8, 12), classes=3)},
            "classes must differ from one another, not a, a",
        ),
        ({"alpha": float("inf")}, "finite number"),
        ({"seed": -1}, "greater than or equal to 0"),
        ({"seed": 2**32}, "less than"),
        ({"title": "x" * 256}, "at most 255"),
        ({"note": "x" * 2001}, "at most 2000"),
        ({"test": "x" * 501}, "at most 500"),
    ],
)
def test_what_would_fail_after_hours_is_refused_at_once(changes, text):
    with pytest.raises(ValidationError, match=text):
        make_config(**changes)
