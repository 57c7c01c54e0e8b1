"""Rows of a case by hand, thresholds against `hard`, and the display's windows."""

import tracemalloc

import numpy as np
import pytest

from seg import scores
from seg.cases import read_case
from seg.confusion import hard
from seg.display import display
from seg.errors import DataError
from seg.preprocessing import Preprocessing, prepare
from seg.table import case_rows
from seg.thresholds import THRESHOLDS, best_threshold, case_sums
from tests.images import png

LABELS = np.zeros((6, 8), np.uint8)
LABELS[1:3, 1:4] = 1  # 6 pixels
PREDICTED = np.zeros((6, 8), np.uint8)
PREDICTED[1:3, 2:6] = 1  # 8 pixels, 4 of them right


def make_case(labels=LABELS, spacing_mm=(2.0, 0.5)):
    image = png(np.full((6, 8), 7, np.uint8))
    mask = None if labels is None else png(labels * 255)
    return read_case("scan.png", image, mask and "scan_mask.png", mask, spacing_mm=spacing_mm)


def test_a_row_by_hand():
    (row,) = case_rows(make_case(), PREDICTED, ["tumour"])
    assert row["case"] == "scan"
    assert row["dice"] == pytest.approx(8 / 14)
    assert row["iou"] == pytest.approx(4 / 10)
    assert row["sensitivity"] == pytest.approx(4 / 6)
    assert row["precision"] == pytest.approx(4 / 8)
    assert row["hausdorff_95_mm"] == pytest.approx(1.0)  # two columns of 0.5 mm
    assert (row["area_mm2"], row["area_true_mm2"]) == (8.0, 6.0)
    assert (row["area_px"], row["area_true_px"]) == (8, 6)
    assert row["spacing_mm"] == "2 x 0.5"
    assert row["one_empty"] is False


def test_without_spacing_or_mask_the_row_says_so():
    (row,) = case_rows(make_case(spacing_mm=None), PREDICTED, ["tumour"])
    assert row["spacing_mm"] == "1 x 1 assumed"
    assert row["hausdorff_95_mm"] == pytest.approx(2.0)
    (row,) = case_rows(make_case(labels=None), PREDICTED, ["tumour"])
    assert np.isnan(row["dice"])
    assert row["area_px"] == 8
    assert row["area_true_px"] is None


def test_one_empty_mask_is_flagged():
    (row,) = case_rows(make_case(), np.zeros((6, 8), np.uint8), ["tumour"])
    assert row["dice"] == 0
    assert row["one_empty"] is True
    assert row["hausdorff_95_mm"] == pytest.approx(np.hypot(12, 4))


def test_sizes_must_agree():
    with pytest.raises(DataError, match="another size than its image"):
        case_rows(make_case(), np.zeros((8, 6), np.uint8), ["tumour"])


def test_sums_at_every_threshold_are_those_of_hard():
    random = np.random.default_rng(0)
    probability = random.integers(0, 10_001, (20, 30, 1), dtype=np.uint16)
    labels = (random.random((20, 30)) < 0.3).astype(np.uint8)
    sums = case_sums(labels, probability)
    for index, threshold in enumerate(THRESHOLDS):
        cut = probability >= round(threshold * 10_000)
        expected = hard(labels[None, ..., None], cut[None])
        assert [part[0, index] for part in sums] == [part[0, 0] for part in expected]


def test_three_classes_exclude_one_another():
    probability = np.array([[[2000, 5000, 3000], [6000, 1000, 3000]]], np.uint16)
    sums = case_sums(np.array([[1, 2]], np.uint8), probability)
    assert sums.tp[:, 50].tolist() == [1, 0]
    assert sums.fn[:, 50].tolist() == [0, 1]
    assert (scores.dice(sums)[0] == 1).all()


def test_best_threshold_is_the_middle_of_the_best():
    probability = np.where(LABELS, 8000, 2000).astype(np.uint16)[..., None]
    dice = scores.dice(case_sums(LABELS, probability))[0]
    assert dice[21:81].min() == 1
    assert best_threshold(dice) == pytest.approx(0.51)


def test_display_opens_dark_images_with_their_own_window():
    bright = display(np.arange(256, dtype=np.uint8).reshape(16, 16))
    assert bright.windows[0] == ("Full range", 0.0, 255.0)
    dark = display(np.arange(64, dtype=np.uint16).reshape(8, 8))
    assert dark.windows[0][0] == "Auto contrast"
    assert dark.windows[0][2] < 64
    floats = display(np.linspace(-1, 1, 16, dtype=np.float32).reshape(4, 4))
    assert floats.pixels.dtype == np.uint16
    assert (floats.pixels.min(), floats.pixels.max()) == (0, 65535)
    flat = display(np.zeros((4, 4), np.uint8))
    assert all(high > low for _, low, high in flat.windows)


def test_prepare():
    grey = np.array([[0, 10], [20, 30]], np.uint8)
    zscore = prepare(grey, Preprocessing(normalisation="zscore"))
    assert zscore.mean() == pytest.approx(0, abs=1e-6)
    assert zscore.std() == pytest.approx(1, rel=1e-6)
    nonzero = prepare(grey, Preprocessing(normalisation="zscore_nonzero"))[..., 0]
    assert nonzero[0, 1] == pytest.approx(-10 / np.std([10, 20, 30]))
    colour = np.zeros((1, 1, 3), np.uint8)
    colour[..., 1] = 255
    full = Preprocessing(normalisation="full_range")
    assert prepare(colour, full)[0, 0, 0] == pytest.approx(0.587, rel=1e-5)
    assert prepare(grey, Preprocessing(channels=3)).shape == (2, 2, 3)
    assert (prepare(np.full((3, 3), 9, np.uint16), Preprocessing()) == 0).all()
    with pytest.raises(ValueError, match="3 channels cannot become 2"):
        prepare(colour, Preprocessing(channels=2))


@pytest.mark.parametrize("normalisation", ["zscore", "zscore_nonzero"])
def test_prepare_stays_in_float32(normalisation):
    pixels = np.random.default_rng(0).integers(1, 255, (1000, 1000), dtype=np.uint8)
    options = Preprocessing(normalisation=normalisation)
    tracemalloc.start()
    try:
        image = prepare(pixels, options)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert image.dtype == np.float32
    assert peak < 4.2 * image.nbytes  # float64 on the way needs 5 and 6 times as much


def test_prepare_of_nearly_constant_floats_stays_finite():
    pixels = np.array([[0, 1e-45]], np.float32)  # a deviation that float32 cannot hold
    assert np.isfinite(prepare(pixels, Preprocessing())).all()
