"""Bootstrap intervals against scipy.stats, hand-worked cases and their promised coverage."""

import math
import subprocess
import sys
from itertools import product

import numpy as np
import pytest
from scipy import stats

from seg import intervals
from seg.intervals import Interval, mean_interval

SKEWED = np.random.default_rng(3).beta(8, 2, 37)


# --- another tool --------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 5, 37])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_scipy_gives_the_same_bca_interval_for_the_same_draws(n, confidence):
    ours = mean_interval(SKEWED[:n], confidence=confidence, resamples=999, seed=5)
    theirs = stats.bootstrap(
        (SKEWED[:n],),
        np.mean,
        confidence_level=confidence,
        n_resamples=999,
        method="BCa",
        rng=np.random.default_rng(5),
    ).confidence_interval
    assert ours.mean == pytest.approx(SKEWED[:n].mean(), abs=1e-15)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_scipy_gives_the_same_interval_over_groups():
    groups = [7, 7, 7, 7, 7, 1, 1, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 5, 5, 6]
    values = SKEWED[: len(groups)]
    names = list(dict.fromkeys(groups))
    sums = np.array([sum(v for v, g in zip(values, groups, strict=True) if g == k) for k in names])
    counts = np.array([groups.count(k) for k in names])
    theirs = stats.bootstrap(
        (sums, counts),
        lambda s, c, axis: s.sum(axis=axis) / c.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=2000,
        rng=np.random.default_rng(0),
    ).confidence_interval
    ours = mean_interval(values, groups=groups)
    assert ours.mean == pytest.approx(values.mean(), abs=1e-15)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert (ours.n, ours.n_groups) == (20, 7)


# --- hand-worked ---------------------------------------------------------------------------


def test_two_values_end_at_the_values():
    # The resampled means of 0 and 1 are 0, 0.5 and 1, at 1/4, 1/2 and 1/4: both ends are reached.
    interval = mean_interval([0.0, 1.0])
    assert (interval.mean, interval.low, interval.high) == (0.5, 0.0, 1.0)


def test_three_values_against_all_27_draws():
    values = [0.0, 3.0, 9.0]
    exact = np.sort([np.mean(draw) for draw in product(values, repeat=3)])
    interval = mean_interval(values, confidence=0.5, resamples=50_000)
    # BCa only chooses quantiles, so that both ends are means of one of the 27 draws.
    assert np.abs(exact - interval.low).min() == pytest.approx(0, abs=1e-12)
    assert np.abs(exact - interval.high).min() == pytest.approx(0, abs=1e-12)
    # The values are skewed to the right: BCa moves both ends up, or leaves them.
    assert interval.low >= np.quantile(exact, 0.25)
    assert interval.high >= np.quantile(exact, 0.75)


def test_the_mean_is_over_values_not_over_groups():
    interval = mean_interval([1.0, 1.0, 1.0, 0.0], groups=["a", "a", "a", "b"])
    assert interval.mean == 0.75
    # Draws aa, ab, ba, bb: 1, 3/4, 3/4, 0.
    assert (interval.low, interval.high) == (0.0, 1.0)


def test_groups_of_one_are_no_groups():
    alone = mean_interval(SKEWED, groups=range(SKEWED.size))
    plain = mean_interval(SKEWED)
    assert (alone.mean, alone.low, alone.high) == pytest.approx((plain.mean, plain.low, plain.high))


# --- what can be missing -------------------------------------------------------------------


def test_nan_is_left_out_and_counted():
    with_nan = mean_interval([math.nan, *SKEWED, math.nan])
    plain = mean_interval(SKEWED)
    assert with_nan == Interval(plain.mean, plain.low, plain.high, n=37, undefined=2)


def test_a_group_of_nan_only_is_no_group():
    interval = mean_interval([0.2, math.nan, 0.4, 0.3], groups=["a", "b", "c", "c"])
    assert (interval.n, interval.undefined, interval.n_groups) == (3, 1, 2)
    assert interval.mean == pytest.approx(0.3)


@pytest.mark.parametrize(("values", "undefined"), [([], 0), ([math.nan, math.nan], 2)])
def test_no_value_is_nan(values, undefined):
    interval = mean_interval(values)
    assert all(math.isnan(v) for v in (interval.mean, interval.low, interval.high))
    assert (interval.n, interval.undefined) == (0, undefined)
    assert str(interval).startswith("no value, n = 0")
    assert mean_interval(values, groups=["a"] * len(values)).n_groups == 0


def test_one_value_has_no_bracket():
    interval = mean_interval([0.7])
    assert interval == Interval(0.7, 0.7, 0.7, n=1, undefined=0)
    assert str(interval) == "0.70, n = 1"


def test_equal_values_stay_exactly_equal():
    interval = mean_interval([0.1] * 7)  # a plain sum of these is not 0.7
    assert interval == Interval(0.1, 0.1, 0.1, n=7, undefined=0)
    assert str(interval) == "0.10 [0.10, 0.10], n = 7"


def test_one_group_has_no_bracket():
    interval = mean_interval([0.2, 0.4], groups=["a", "a"])
    assert interval.low == interval.high == interval.mean == pytest.approx(0.3)
    assert str(interval) == "0.30, n = 2 of 1 group"


def test_groups_of_equal_means_fall_back_without_a_warning():
    interval = mean_interval([0.0, 1.0, 1.0, 0.0], groups=["a", "a", "b", "b"])
    assert (interval.mean, interval.low, interval.high) == (0.5, 0.5, 0.5)


def test_a_bias_out_of_range_falls_back_to_the_percentiles():
    # One resample: it lies to one side of the mean, where the bias has no finite value.
    interval = mean_interval([0.0, 1.0, 5.0], resamples=1)
    assert interval.low == interval.high
    assert interval.low != interval.mean


# --- what it promises ----------------------------------------------------------------------


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    truth = 8 / 10  # of beta(8, 2)
    hits = 0
    for seed in range(400):
        interval = mean_interval(rng.beta(8, 2, 25), resamples=500, seed=seed)
        hits += interval.low <= truth <= interval.high
    assert 0.90 <= hits / 400 <= 0.97  # 0.95, less a little for n = 25; 0.011 standard error


def test_slices_of_a_patient_need_groups_to_be_covered():
    rng = np.random.default_rng(12)
    groups = np.repeat(np.arange(20), 10)
    plain_hits = group_hits = 0
    for seed in range(200):
        patient = rng.normal(0.0, 1.0, 20)
        values = patient[groups] + rng.normal(0.0, 0.3, groups.size)
        plain = mean_interval(values, resamples=300, seed=seed)
        grouped = mean_interval(values, groups=groups.tolist(), resamples=300, seed=seed)
        plain_hits += plain.low <= 0 <= plain.high
        group_hits += grouped.low <= 0 <= grouped.high
    assert group_hits / 200 >= 0.88
    assert plain_hits / 200 <= 0.60


def test_the_width_is_that_of_the_normal_interval_for_large_n():
    values = np.random.default_rng(2).normal(5.0, 2.0, 4000)
    interval = mean_interval(values)
    standard_error = values.std() / math.sqrt(values.size)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * standard_error, rel=0.06)


def test_same_seed_same_interval_and_another_seed_another():
    assert mean_interval(SKEWED, seed=4) == mean_interval(SKEWED, seed=4)
    assert mean_interval(SKEWED, seed=4) != mean_interval(SKEWED, seed=5)


def test_drawing_in_small_batches_changes_nothing(monkeypatch):
    whole = mean_interval(SKEWED)
    monkeypatch.setattr(intervals, "BATCH", 100)
    assert mean_interval(SKEWED) == whole


# --- print, wrong calls, cost ---------------------------------------------------------------


def test_printed_form():
    assert str(Interval(0.806, 0.771, 0.849, 12, 0)) == "0.81 [0.77, 0.85], n = 12"
    assert f"{Interval(0.806, 0.771, 0.849, 12, 3):.3f}" == (
        "0.806 [0.771, 0.849], n = 12, 3 undefined"
    )
    assert str(Interval(0.806, 0.771, 0.849, 12, 0, n_groups=4)) == (
        "0.81 [0.77, 0.85], n = 12 of 4 groups"
    )


@pytest.mark.parametrize(
    ("values", "options"),
    [
        ([1.0, math.inf], {}),
        ([[1.0, 2.0]], {}),
        ([1.0, 2.0], {"confidence": 1.0}),
        ([1.0, 2.0], {"confidence": 0.0}),
        ([1.0, 2.0], {"resamples": 0}),
        ([1.0, 2.0], {"groups": ["a"]}),
    ],
)
def test_wrong_calls(values, options):
    with pytest.raises(ValueError, match="Expected"):
        mean_interval(values, **options)


def test_importing_it_loads_no_scipy():
    code = "import seg.intervals, sys; print(any(m.startswith('scipy') for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
