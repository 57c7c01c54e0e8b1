"""Views and batches, and what a configuration refuses before hours of training."""

import numpy as np
import pytest
from pydantic import ValidationError

from seg.architecture import Architecture
from seg.preprocessing import Preprocessing
from seg.train.augment import Sample, view
from seg.train.batches import epoch_batches, one_hot
from seg.train.config import Loss, Views
from tests.training import make_config


def test_a_view_moves_image_and_labels_alike():
    labels = np.zeros((40, 50), np.uint8)
    labels[10:30, 20:40] = 1
    sample = Sample(labels[..., None].astype(np.float32), labels)
    for seed in range(20):
        random = np.random.default_rng(seed)
        seen = view(sample, Views(crop=24), random)
        assert seen.image.shape == (24, 24, 1)
        assert seen.labels.shape == (24, 24)
        if 0 < seen.labels.mean() < 1:
            inside = seen.image[..., 0][seen.labels == 1].mean()
            outside = seen.image[..., 0][seen.labels == 0].mean()
            assert inside - outside > 0.5


def test_batches_hold_every_sample_and_repeat_with_the_seed():
    samples = [Sample(np.full((40, 40, 1), i, np.float32), np.zeros((40, 40))) for i in range(6)]
    config = make_config("x", batch=4)
    batches = list(epoch_batches(samples, config, 1))
    assert [images.shape for images, _ in batches] == [(4, 32, 32, 1)] * 2
    means = np.concatenate([images.mean((1, 2, 3)) for images, _ in batches])
    assert len(np.unique(np.round(means, 2))) >= 6
    again = list(epoch_batches(samples, config, 1))
    other = list(epoch_batches(samples, config, 2))
    np.testing.assert_array_equal(batches[1][0], again[1][0])
    assert not np.array_equal(batches[1][0], other[1][0])
    (rest,) = epoch_batches(samples, config, 1, done=1)
    np.testing.assert_array_equal(rest[0], batches[1][0])


def test_samples_are_repeated_within_an_epoch():
    samples = [Sample(np.full((40, 40, 1), i, np.float32), np.zeros((40, 40))) for i in range(3)]
    config = make_config("x", views=Views(crop=32, repeats=5, augmentation="none"))
    seen = np.concatenate([images[:, 0, 0, 0] for images, _ in epoch_batches(samples, config, 1)])
    assert sorted(seen[:15]) == [0] * 5 + [1] * 5 + [2] * 5
    assert len(seen) == 16


@pytest.mark.parametrize(("share", "expected"), [(0.0, (0.05, 0.17)), (1.0, (1.0, 1.0))])
def test_views_are_centred_on_a_class_as_often_as_asked(share, expected):
    labels = np.zeros((64, 64), np.uint8)
    labels[32, 30] = 1  # in (16 / 49)^2 of all cuts
    sample = Sample(labels[..., None].astype(np.float32), labels)
    views = Views(crop=16, augmentation="none", foreground_share=share)
    random = np.random.default_rng(0)
    found = np.mean([view(sample, views, random).labels.any() for _ in range(300)])
    assert expected[0] <= found <= expected[1]


@pytest.mark.parametrize("augmentation", ["none", "mirror"])
def test_pixels_stay_as_they_are_without_strong_augmentation(augmentation):
    random = np.random.default_rng(1)
    pixels = random.permutation(48 * 48).reshape(48, 48).astype(np.float32)
    sample = Sample(pixels[..., None], (pixels % 2).astype(np.uint8))
    windows = np.lib.stride_tricks.sliding_window_view(pixels, (16, 16)).reshape(-1, 16, 16)
    mirrored = set()
    for _ in range(40):
        seen = view(sample, Views(crop=16, augmentation=augmentation), random)
        np.testing.assert_array_equal(seen.labels, seen.image[..., 0] % 2)
        for flip in ((), (0,), (1,), (0, 1)):
            if (np.flip(seen.image[..., 0], flip) == windows).all((1, 2)).any():
                mirrored.add(flip)
    assert mirrored == ({()} if augmentation == "none" else {(), (0,), (1,), (0, 1)})


def test_one_hot_with_background_first():
    assert one_hot(np.array([[0, 2]]), 3).tolist() == [[[1, 0, 0], [0, 0, 1]]]


THREE = Architecture(filters=(8, 12, 16), in_channels=3)
TWO = Architecture(filters=(8, 12, 16), in_channels=2)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"views": Views(crop=34)},
            "crop must be a multiple of 4, as the network halves it 2 times, not 34",
        ),
        ({"architecture": TWO, "preprocessing": Preprocessing(channels=2)}, "channels must be 1"),
        ({"architecture": THREE}, "channels must be those of the network, 3, not 1"),
        ({"class_names": ("a", "b")}, "classes must be 1, not 2"),
        ({"class_names": ()}, "at least 1 item"),
        (
            {"class_names": ("a", "a"), "architecture": Architecture(filters=(8, 12), classes=3)},
            "classes must differ from one another, not a, a",
        ),
        ({"loss": {"alpha": float("inf")}}, "finite number"),
        ({"loss": Loss(class_weights=(1, 2))}, "class_weights must be 1 numbers, not 2"),
        ({"loss": Loss(head_weights=(1, 2, 3))}, "head_weights must be 2 numbers, not 3"),
        ({"loss": Loss(head_weights=(0, 0))}, "head_weights must not all be 0"),
        ({"seed": -1}, "greater than or equal to 0"),
        ({"seed": 2**32}, "less than"),
        ({"title": "x" * 256}, "at most 255"),
        ({"note": "x" * 2001}, "at most 2000"),
        ({"test": "x" * 501}, "at most 500"),
    ],
)
def test_what_would_fail_after_hours_is_refused_at_once(changes, text):
    with pytest.raises(ValidationError, match=text):
        make_config("x", **changes)
