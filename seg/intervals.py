"""How sure a mean is: bootstrap intervals over images, or over patients.

Every mean this project shows comes with such an interval and its n. Plain NumPy and the standard
library: a mean's jackknife is known in closed form, so that nothing of scipy.stats (0.7 s to
import, and n passes over n values) is needed; the tests hold the two to the same numbers.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

BATCH = 1 << 20
"""Values drawn at a time: 8 MiB of indices, however many images and resamples there are."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its interval, ready to print.

    Attributes:
        mean: Over the defined values; NaN where there are none.
        low: Lower end of the interval.
        high: Upper end.
        n: How many values went in.
        undefined: How many values were NaN and left out.
        n_groups: How many groups (patients) the n values come from; None where nobody said.

    Example:
        >>> print(Interval(0.81, 0.77, 0.85, n=12, undefined=0))
        0.81 [0.77, 0.85], n = 12
        >>> f"{Interval(3.25, 2.75, 4.0, n=40, undefined=2, n_groups=13):.1f}"
        '3.2 [2.8, 4.0], n = 40 of 13 groups, 2 undefined'
    """

    mean: float
    low: float
    high: float
    n: int
    undefined: int
    n_groups: int | None = None

    def __str__(self) -> str:
        return format(self, ".2f")

    def __format__(self, spec: str) -> str:
        """Three numbers in the given format, and n; no bracket where nothing can vary."""
        spec = spec or ".2f"
        text = f"{self.mean:{spec}}" if self.n else "no value"
        if min(self.n, self.n if self.n_groups is None else self.n_groups) > 1:
            text += f" [{self.low:{spec}}, {self.high:{spec}}]"
        text += f", n = {self.n}"
        if self.n_groups is not None:
            text += f" of {self.n_groups} group{'' if self.n_groups == 1 else 's'}"
        return text + (f", {self.undefined} undefined" if self.undefined else "")


def mean_interval(
    values: ArrayLike,
    *,
    groups: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Mean of the values with its bootstrap interval (BCa).

    The values are drawn again with replacement, `resamples` times; the interval holds the middle
    of the means found, corrected for bias and skewness. With `groups`, whole groups are drawn:
    slices of one patient resemble each other, and drawing them singly would promise too narrow an
    interval. The mean stays the mean over values; a patient with more slices weighs more.
    Small n: the interval is somewhat too narrow, with any bootstrap; hence n beside it.

    Args:
        values: (N,) numbers, one an image. NaN is left out and counted in `undefined`.
        groups: N ids, one a value: what the values are not independent within, as the patient.
        confidence: Between 0 and 1.
        resamples: How often to draw; the ends move by about a fiftieth of the width at 2000.
        seed: Same seed, same values: same interval.

    Returns:
        The interval. No value: NaN for all three. One value, one group, or all values equal:
        low = high = mean, which is no certainty but the want of anything to vary; the printed
        form then leaves out the bracket of a single value or group.

    Raises:
        ValueError: Values are infinite or not a list, or an option is out of range.

    Example:
        >>> mean_interval([0.5, 0.5, 0.5, float("nan")])
        Interval(mean=0.5, low=0.5, high=0.5, n=3, undefined=1, n_groups=None)
        >>> print(mean_interval([0.9, 0.8, 0.85, 0.2, 0.9, 0.71]))
        0.73 [0.40, 0.86], n = 6
        >>> f"{mean_interval([0.9, 0.8, 0.85, 0.2, 0.9, 0.71], groups='aabbcc'):.3f}"
        '0.727 [0.525, 0.835], n = 6 of 3 groups'

    Reference: Efron 1987, Better bootstrap confidence intervals.
    """
    if not (0 < confidence < 1 and resamples >= 1):
        raise ValueError(f"Expected 0 < confidence < 1, resamples >= 1: {confidence}, {resamples}")
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or np.isinf(array).any():
        raise ValueError(f"Expected a list of finite numbers or NaN, not shape {array.shape}")
    if groups is not None and len(groups) != array.size:
        raise ValueError(f"Expected a group for each of {array.size} values. Got: {len(groups)}")
    defined = ~np.isnan(array)
    kept = array[defined]
    sums, counts = _group_sums(kept, groups, defined)
    n_groups = None if groups is None else sums.size
    mean, low, high = _interval(kept, sums, counts, (confidence, resamples, seed))
    return Interval(mean, low, high, kept.size, array.size - kept.size, n_groups)


def _group_sums(
    kept: Floats, groups: Sequence[Hashable] | None, defined: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Sum and number of the values of each group; each value is its own where there are none."""
    if groups is None:
        return kept, np.ones(kept.size)
    codes: dict[Hashable, int] = {}
    inverse = [
        codes.setdefault(group, len(codes))
        for group, is_defined in zip(groups, defined, strict=True)
        if is_defined
    ]
    index = np.array(inverse, np.intp)
    return np.bincount(index, kept).astype(np.float64), np.bincount(index).astype(np.float64)


def _interval(
    kept: Floats, sums: Floats, counts: Floats, options: tuple[float, int, int]
) -> tuple[float, float, float]:
    """Mean, low and high; the cases with nothing to vary first."""
    confidence, resamples, seed = options
    if kept.size == 0:
        return math.nan, math.nan, math.nan
    if kept.min() == kept.max():
        return (float(kept[0]),) * 3
    mean = float(kept.mean())
    if sums.size == 1:
        return mean, mean, mean
    means = _resampled_means(sums, counts, resamples, seed)
    tails = _bca_tails(means, sums, counts, (1 - confidence) / 2)
    low, high = np.percentile(means, [100 * tail for tail in tails])
    return mean, float(low), float(high)


def _resampled_means(sums: Floats, counts: Floats, resamples: int, seed: int) -> Floats:
    """The mean over values of each draw of groups with replacement. (resamples,)."""
    rng = np.random.default_rng(seed)
    size = sums.size
    rows = max(1, BATCH // size)
    means = []
    for start in range(0, resamples, rows):
        drawn = rng.integers(0, size, (min(rows, resamples - start), size))  # (R, G)
        means.append(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    return np.concatenate(means)


def _bca_tails(means: Floats, sums: Floats, counts: Floats, tail: float) -> tuple[float, float]:
    """Which quantiles of the resampled means to take; the plain ones where BCa is undefined."""
    total, count = sums.sum(), counts.sum()
    mean = total / count
    below = float(((means < mean).mean() + (means <= mean).mean()) / 2)
    left_out = (total - sums) / (count - counts)  # the mean without each group in turn
    deviations = left_out.mean() - left_out
    spread = float((deviations**2).sum())
    if not 0 < below < 1 or spread == 0:
        return tail, 1 - tail
    normal = NormalDist()
    bias = normal.inv_cdf(below)
    skew = float((deviations**3).sum()) / (6 * spread**1.5)

    def moved(quantile: float) -> float:
        shifted = bias + normal.inv_cdf(quantile)
        return normal.cdf(bias + shifted / (1 - skew * shifted))

    return moved(tail), moved(1 - tail)
