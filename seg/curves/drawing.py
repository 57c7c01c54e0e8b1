"""What a chart does to series before it draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seg.curves.curve import View
from seg.curves.thin import Numbers, Table

Kind = Literal["step", "epoch", "time"]
MINUTE_S = 60
HOUR_S = 3600
LONG_S = 3 * HOUR_S  # beyond which time is told in hours


@dataclass(frozen=True)
class Axis:
    """What runs along a chart's x axis.

    Attributes:
        unit: "step", "epoch", "min" or "h"; the last two are of training alone.
    """

    unit: str
    _steps: Numbers
    _places: Numbers

    @classmethod
    def of(cls, view: View, kind: Kind, beside: Sequence[View] = ()) -> "Axis":
        """The axis of a run; steps where nothing else is known yet.

        Args:
            view: The run.
            kind: What runs along it.
            beside: All runs of the chart, which share a unit of time.
        """
        steps = view.steps["step"]
        per_epoch = view.run.steps_per_epoch
        if kind == "epoch" and per_epoch:
            ends = np.array([0.0, per_epoch])
            return cls("epoch", ends, np.array([0.0, 1.0]))
        if kind == "time" and len(steps):
            longest = max(one.steps.last("time") for one in (view, *beside) if len(one.steps))
            unit, unit_s = ("h", HOUR_S) if longest > LONG_S else ("min", MINUTE_S)
            return cls(unit, steps, view.steps["time"] / unit_s)
        return cls("step", np.array([0.0, 1.0]), np.array([0.0, 1.0]))

    def at(self, steps: Numbers) -> Numbers:
        """Where steps lie, (N,); half an epoch is 0.5, and the end of the first one 1."""
        if self.unit in ("min", "h"):
            return np.interp(steps, self._steps, self._places)
        return np.asarray(steps / self._steps[-1])


def smoothed(table: Table, half_life: float, names: tuple[str, ...]) -> Numbers:
    """Exponential moving averages over steps, each point for as many steps as it stands for.

        y_i = sum_{j <= i} n_j 2^{-(x_i - x_j) / half_life} v_j, divided by the sum of its weights

    The division corrects the beginning, which would else lean to 0. Undefined values are left out.

    Args:
        table: Series by step.
        half_life: In steps; 0 gives the values as they are.
        names: Which.

    Returns:
        (len(names), P) float64; nan where the value itself is undefined.

    Example:
        >>> from seg.curves.thin import Thinned
        >>> series = Thinned(("step", "loss"))
        >>> series.add(np.array([1, 2]), np.array([[1, 2], [4.0, 1.0]]))
        >>> smoothed(series.table(), 1, ("loss",)).tolist()
        [[4.0, 2.0]]
    """
    values = np.stack([table[name] for name in names]) if names else np.zeros((0, len(table)))
    if half_life <= 0 or not len(table):
        return values
    known = ~np.isnan(values)
    added = np.concatenate([np.where(known, values, 0.0), known]) * table.counts.astype(float)
    kept = np.exp2(-np.diff(table.mean[0], prepend=table.mean[0, 0]) / half_life)
    above, below = np.split(_decaying_sums(added, kept), 2)
    return np.where(known, above / np.maximum(below, 1e-300), np.nan)


def envelope(table: Table, name: str) -> tuple[NDArray[np.int64], Numbers]:
    """A series with all its swings: least and greatest of each span, then single points.

    Returns:
        (Q,) indices of points, a span's twice, and (Q,) values to draw in this order.
    """
    row = table.names.index(name)
    index = np.repeat(np.arange(len(table)), np.where(table.counts > 1, 2, 1))
    is_second = np.diff(index, prepend=-1) == 0
    return index, np.where(is_second, table.high[row, index], table.low[row, index])


def _decaying_sums(added: Numbers, kept: Numbers) -> Numbers:
    """Sums along the points, (K, P), that keep a share, (P,), of themselves at each."""
    sums = np.empty_like(added.T)
    total = np.zeros(len(added))
    for point, (more, share) in enumerate(zip(added.T.copy(), kept.tolist(), strict=True)):
        total = total * share + more
        sums[point] = total
    return sums.T


def iso_dice(dice: float, count: int = 40) -> tuple[Numbers, Numbers]:
    """Where sensitivity and precision give one Dice: 2 s p / (s + p).

    Args:
        dice: In 0..1, without 0.
        count: Points of the line.

    Returns:
        Precision and sensitivity, (count,) each, from precision 1 down to sensitivity 1.

    Example:
        >>> precision, sensitivity = iso_dice(0.5, 2)
        >>> precision.round(4).tolist(), sensitivity.round(4).tolist()
        ([1.0, 0.3333], [0.3333, 1.0])
    """
    least = dice / (2 - dice)
    precision = np.geomspace(1, least, count)
    return precision, dice * precision / (2 * precision - dice)
