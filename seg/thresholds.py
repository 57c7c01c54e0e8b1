"""A case's four sums at every threshold, from one count of its probabilities.

Small enough to keep for every case (101 thresholds), so that a table or a curve follows a threshold
without an image being cut again.
"""

import numpy as np

from seg.confusion import Confusion
from seg.results import STEPS

THRESHOLDS = np.arange(101) / 100


def case_sums(labels: np.ndarray, probability: np.ndarray) -> Confusion:
    """Hard sums of one case, for each foreground class and threshold.

    Three and more classes exclude one another: the most probable wins, whatever the threshold, so
    their sums are the same all along.

    Args:
        labels: (H, W) uint8 class indices, the truth.
        probability: (H, W, classes) uint16 in 1/10,000, as `seg.results.Result` holds it.

    Returns:
        Sums of shape (foreground classes, 101), at `THRESHOLDS`; each equal to `hard` there.

    Example:
        >>> labels = np.array([[1, 1, 0]], np.uint8)
        >>> probability = np.array([[[9000], [4000], [6000]]], np.uint16)
        >>> sums = case_sums(labels, probability)
        >>> [float(part[0, 50]) for part in sums]
        [1.0, 1.0, 1.0, 0.0]
    """
    if probability.shape[-1] > 2:
        winner = probability.argmax(-1)
        rows = [_cut_once(labels == c, winner == c) for c in range(1, probability.shape[-1])]
    else:
        rows = [_cut_at_all(labels == 1, probability[..., -1])]
    return Confusion(*(np.stack(part) for part in zip(*rows, strict=True)))


def nearest(threshold: float) -> int:
    """The index in `THRESHOLDS` of a threshold.

    Example:
        >>> nearest(0.35)
        35
    """
    return min(max(round(threshold * 100), 0), 100)


def best_threshold(dice: np.ndarray) -> float:
    """The threshold with the highest Dice; the middle one where several share it.

    Args:
        dice: (101,), at `THRESHOLDS`.

    Example:
        >>> best_threshold(np.where(np.abs(THRESHOLDS - 0.3) < 0.015, 0.8, 0.5))
        0.3
    """
    best = np.flatnonzero(dice == dice.max())
    return float(THRESHOLDS[best[len(best) // 2]])


def _cut_at_all(truth: np.ndarray, plane: np.ndarray) -> Confusion:
    """(101,) sums of one class, from how many pixels reach each value."""
    cuts = np.rint(THRESHOLDS * STEPS).astype(int)
    inside = np.bincount(plane[truth], minlength=STEPS + 1)
    outside = np.bincount(plane[~truth], minlength=STEPS + 1)
    tp = inside[::-1].cumsum()[::-1][cuts].astype(float)
    fp = outside[::-1].cumsum()[::-1][cuts].astype(float)
    return Confusion(tp, fp, inside.sum() - tp, outside.sum() - fp)


def _cut_once(truth: np.ndarray, mask: np.ndarray) -> Confusion:
    """(101,) sums of one class whose mask does not depend on the threshold."""
    tp, fp, fn = (truth & mask).sum(), (~truth & mask).sum(), (truth & ~mask).sum()
    parts = (tp, fp, fn, truth.size - tp - fp - fn)
    return Confusion(*(np.full(len(THRESHOLDS), part, float) for part in parts))
