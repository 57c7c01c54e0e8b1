"""Scores that a checkpoint keeps: n, groups and convention fit the metric they stand by."""

import pytest

from seg.recipe import METRICS, _score

NAN = float("nan")
# Two images of patient a; b has an empty truth, c is missed and nothing is predicted.
GROUPS = ["a", "a", "b", "c"]
ROWS = [
    {"dice": 0.8, "sensitivity": 0.9, "precision": 0.7, "area_true_px": 9},
    {"dice": 0.6, "sensitivity": 0.5, "precision": 0.9, "area_true_px": 9},
    {"dice": 0.0, "sensitivity": NAN, "precision": 0.0, "area_true_px": 0},
    {"dice": 0.0, "sensitivity": 0.0, "precision": NAN, "area_true_px": 9},
]


@pytest.mark.parametrize(
    ("metric", "value", "n", "n_groups"),
    [
        ("dice", 0.35, 4, 3),
        ("sensitivity", 0.4667, 3, 2),
        ("precision", 0.5333, 3, 2),
    ],
)
def test_undefined_values_are_left_out_with_their_groups(metric, value, n, n_groups):
    score = _score("test", metric, "lesion", ROWS, GROUPS)
    assert score.value == pytest.approx(value)
    assert (score.n, score.n_groups, score.n_empty) == (n, n_groups, 1)
    assert score.low <= score.value <= score.high


def test_one_group_left_has_no_interval():
    score = _score("test", "sensitivity", "lesion", ROWS[:3], GROUPS[:3])
    assert (score.n, score.n_groups, score.low, score.high) == (2, 1, None, None)
    score = _score("test", "precision", "lesion", ROWS[3:], GROUPS[3:])
    assert (score.n, score.n_groups, score.value) == (0, 0, None)


def test_each_metric_says_its_own_convention():
    said = {m: _score("test", m, "lesion", ROWS, GROUPS).convention for m in METRICS}
    assert said["dice"].startswith("Hard Dice per image")
    assert "Both masks empty: 1; truth empty, prediction not: 0." in said["dice"]
    assert said["sensitivity"].startswith("Hard Sensitivity per image")
    assert "Truth empty: undefined, left out" in said["sensitivity"]
    assert "Prediction empty: undefined, left out" in said["precision"]
