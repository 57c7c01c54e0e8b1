"""Scores that a checkpoint keeps: n, groups and convention fit the metric they stand by."""

import numpy as np
import pytest

from seg.train.describe import MEAN_OF_HEADS, METRICS, foreground_sums, part_scores
from seg.train.record import Record

# Two images of patient a; b has an empty truth, c is missed and nothing is predicted.
GROUPS = ["a", "a", "b", "c"]
SUMS = [  # TP, FP, FN, TN
    (8, 2, 2, 88),  # Dice 0.8, sensitivity 0.8, precision 0.8
    (6, 2, 6, 86),  # Dice 0.6, sensitivity 0.5, precision 0.75
    (0, 5, 0, 95),  # Dice 0, sensitivity undefined, precision 0
    (0, 0, 9, 91),  # Dice 0, sensitivity 0, precision undefined
]


def make_record(sums=SUMS, background=False):
    """A validation whose last head found nothing, and whose mean of heads found `sums`."""
    mean = np.array(sums, np.float32)[:, None]  # (N, 1, 4)
    if background:
        mean = np.concatenate([mean[..., ::-1], mean], axis=1)
    hard = np.stack([np.zeros_like(mean), mean])
    heads = np.zeros((2, *mean.shape[:2], 5), np.float32)
    return Record(heads, hard, np.ones(2, np.float32))


def scores(record, groups=GROUPS):
    return {score.metric: score for score in part_scores("test", record, ["lesion"], groups)}


@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize(
    ("metric", "value", "n", "n_groups"),
    [
        ("dice", (0.8 + 0.6) / 4, 4, 3),
        ("sensitivity", (0.8 + 0.5 + 0) / 3, 3, 2),
        ("precision", (0.8 + 0.75 + 0) / 3, 3, 2),
    ],
)
def test_undefined_values_are_left_out_with_their_groups(metric, value, n, n_groups, background):
    score = scores(make_record(background=background))[metric]
    assert score.value == pytest.approx(value, abs=1e-4)
    assert (score.n, score.n_groups, score.n_empty) == (n, n_groups, 1)
    assert score.low <= score.value <= score.high


def test_one_group_left_has_no_interval():
    score = scores(make_record(SUMS[:3]), GROUPS[:3])["sensitivity"]
    assert (score.n, score.n_groups, score.low, score.high) == (2, 1, None, None)
    score = scores(make_record(SUMS[3:]), GROUPS[3:])["precision"]
    assert (score.n, score.n_groups, score.value) == (0, 0, None)


def test_each_metric_says_its_own_convention():
    said = {metric: scores(make_record())[metric].convention for metric in METRICS}
    assert said["dice"].startswith("Hard Dice per image")
    assert "Both masks empty: 1; truth empty, prediction not: 0." in said["dice"]
    assert said["sensitivity"].startswith("Hard Sensitivity per image")
    assert "Truth empty: undefined, left out" in said["sensitivity"]
    assert "Prediction empty: undefined, left out" in said["precision"]


def test_a_background_channel_is_left_out():
    found = foreground_sums(make_record(background=True).hard[MEAN_OF_HEADS])
    assert found.tp[:, 0].tolist() == [8, 6, 0, 0]
