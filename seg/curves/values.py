"""Rows of the store as numbers for charts: many steps, or epochs, at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from seg import scores
from seg.confusion import Confusion
from seg.objective import Costs, HeadParts, Terms, head_parts
from seg.scores import Reduction
from seg.store.rows import Epoch, Step
from seg.train.config import TrainConfig
from seg.train.record import Record

Numbers = NDArray[np.float64]
Row = TypeVar("Row", Step, Epoch)
Columns = dict[str, Numbers]
FINAL, MEAN_OF_HEADS = 0, 1  # the cuts of a record
REFERENCE = Costs(0.5, 0.5, 1.0)  # of the curve that stays comparable when something is turned
DICE = tuple(
    f"dice_{sums}_{reduction}{classes}"
    for sums in ("soft", "hard")
    for reduction in ("image", "batch")
    for classes in ("", "_background")
)


@dataclass(frozen=True)
class Layout:
    """What the series of a run are, read from its configuration.

    Attributes:
        levels: Of the heads, in order.
        classes: Names of the channels: one for a sigmoid, else "background" first.
        terms: The constant part of the loss.
    """

    levels: tuple[int, ...]
    classes: tuple[str, ...]
    terms: Terms

    @classmethod
    def of(cls, config: TrainConfig) -> "Layout":
        """The layout of a run with this configuration."""
        names = config.class_names
        if config.architecture.classes > 1:
            names = ("background", *names)
        return cls(tuple(config.architecture.heads), tuple(names), config.terms)

    @property
    def parts(self) -> tuple[str, ...]:
        """Series that both rows have: of the loss, and of Dice."""
        heads = tuple(f"head_{level}" for level in self.levels)
        classes = tuple(f"class_{index}" for index in range(len(self.classes)))
        named = "cross_entropy", "total", "reference"
        return (*heads, *classes, *named, *DICE, "sensitivity", "precision")

    @property
    def controls(self) -> tuple[str, ...]:
        """Series of what can be turned."""
        heads = tuple(f"head_weight_{level}" for level in self.levels)
        return ("alpha", "beta", "gamma", "learning_rate", *heads)

    @property
    def step_names(self) -> tuple[str, ...]:
        """Series of the steps; the key first. "time" is in seconds, of training alone."""
        return ("step", "time", "loss", "l2", *self.parts, *self.controls)

    @property
    def epoch_names(self) -> tuple[str, ...]:
        """Series of the epochs; the key first."""
        own = "epoch", "step", "seconds", "loss", "l2", "validation_loss", "validation_dice"
        means = "mean_sensitivity", "mean_precision", "mean_dice_image", "mean_dice_batch"
        return (*own, *self.parts, *means, *self.controls)


class Sums(NamedTuple):
    """Records of N rows of one shape, stacked, in pixels and nats.

    Attributes:
        soft: (N, heads, images, classes, 5) float64.
        hard: (N, cuts, images, classes, 4) float64.
        head_weights: (N, heads) float64.
    """

    soft: Numbers
    hard: Numbers
    head_weights: Numbers


def step_values(steps: Sequence[Step], layout: Layout) -> Numbers:
    """Every series of some steps.

    Args:
        steps: In order.
        layout: Of their run.

    Returns:
        (K, N) float64, a row for each of `layout.step_names`; nan where something is undefined or
        not finite. Their time counts from the first of them.
    """
    return _values(steps, layout, layout.step_names)


def epoch_values(epochs: Sequence[Epoch], layout: Layout) -> Numbers:
    """Every series of some epochs, their parts and scores those of the validation.

    Args:
        epochs: In order.
        layout: Of their run.

    Returns:
        (K, N) float64, a row for each of `layout.epoch_names`.
    """
    return _values(epochs, layout, layout.epoch_names)


def _values(rows: Sequence[Row], layout: Layout, names: Sequence[str]) -> Numbers:
    """Rows as (K, N): columns of the table, and what follows from the records."""
    parts = [np.zeros((len(names), 0))]
    for group, sums in _stacked(rows):
        columns = _columns(group, names) | _controls(sums, layout)
        costs = Costs(columns["alpha"], columns["beta"], columns["gamma"])
        columns |= _loss_parts(sums, costs, layout) | _scores(sums)
        parts.append(np.stack([columns[name] for name in names]))
    found = np.concatenate(parts, axis=1)
    return np.where(np.isfinite(found), found, np.nan)


def _stacked(rows: Sequence[Row]) -> Iterator[tuple[list[Row], Sums]]:
    """Rows whose records have one shape, with their records in one array."""
    for _, members in groupby(rows, lambda row: (len(row.record), row.record[:10])):
        group = list(members)
        first = Record.decode(group[0].record)
        arrays = first.soft, first.hard, first.head_weights
        sizes = [array.size for array in arrays]
        joined = b"".join(row.record[-4 * sum(sizes) :] for row in group)  # without the headers
        numbers = np.frombuffer(joined, "<f4").reshape(len(group), -1).astype(np.float64)
        split = np.split(numbers, np.cumsum(sizes)[:-1], axis=1)
        shaped = zip(split, arrays, strict=True)
        yield group, Sums(*(part.reshape(-1, *array.shape) for part, array in shaped))


def _columns(rows: Sequence[Row], names: Sequence[str]) -> Columns:
    """What the table itself has of the series asked for."""
    known = [name for name in names if hasattr(rows[0], name)]
    values = np.array([[getattr(row, name) for row in rows] for name in known], np.float64)
    columns = dict(zip(known, values, strict=True))  # None is nan
    return columns | {"time": np.cumsum([row.seconds for row in rows])}


def _controls(sums: Sums, layout: Layout) -> Columns:
    """The heads' weights."""
    weights = zip(layout.levels, sums.head_weights.T, strict=True)
    return {f"head_weight_{level}": weight for level, weight in weights}


def _loss_parts(sums: Sums, costs: Costs, layout: Layout) -> Columns:
    """Shares of the loss, weights within: of heads, classes, cross-entropy; and the reference."""
    parts = head_parts(sums.soft, costs, layout.terms)  # (N, H, C), (N, H)
    weights = sums.head_weights
    heads = weights * parts.classes.sum(-1)
    classes = np.einsum("nh,nhc->cn", weights, parts.classes)
    plain = layout.terms._replace(cross_entropy=0.0)
    return {
        **{f"head_{level}": share for level, share in zip(layout.levels, heads.T, strict=True)},
        **{f"class_{index}": share for index, share in enumerate(classes)},
        "cross_entropy": _entropy(weights, parts),
        "total": (weights * parts.total).sum(-1),
        "reference": head_parts(sums.soft, REFERENCE, plain).total.mean(-1),
    }


def _entropy(weights: Numbers, parts: HeadParts) -> Numbers:
    """The cross-entropy's share, (N,)."""
    return np.asarray((weights * parts.cross_entropy).sum(-1))


def _scores(sums: Sums) -> Columns:
    """Dice in every convention, sensitivity and precision, of the final head; (N,) each.

    Where a record has it, also of the mean of all heads: `mean_...`, hard only.
    """
    cuts = {"soft": sums.soft[:, -1], "hard": sums.hard[:, FINAL]}
    columns = {}
    for name, cut in cuts.items():
        foreground, everything = _confusion(cut), _with_background(cut)
        for reduction in ("image", "batch"):
            columns[f"dice_{name}_{reduction}"] = _dice(foreground, reduction)
            columns[f"dice_{name}_{reduction}_background"] = _dice(everything, reduction)
    columns |= _rates(_confusion(cuts["hard"]), "")
    if sums.hard.shape[1] > MEAN_OF_HEADS:
        mean = _confusion(sums.hard[:, MEAN_OF_HEADS])
        columns |= _rates(mean, "mean_")
        columns["mean_dice_image"] = _dice(mean, "image")
        columns["mean_dice_batch"] = _dice(mean, "batch")
    return columns


def _confusion(cut: Numbers) -> Confusion:
    """The four sums of the foreground, (N, B, F) each, from (N, B, C, 4 or 5)."""
    first = 1 if cut.shape[-2] > 1 else 0
    return Confusion(*(cut[..., first:, part] for part in range(4)))


def _with_background(cut: Numbers) -> Confusion:
    """The four sums of every class; a sigmoid's background is what its lesion is not."""
    tp, fp, fn, tn = (cut[..., part] for part in range(4))
    if cut.shape[-2] > 1:
        return Confusion(tp, fp, fn, tn)
    pairs = (tn, tp), (fn, fp), (fp, fn), (tp, tn)
    return Confusion(*(np.concatenate(pair, axis=-1) for pair in pairs))


def _dice(sums: Confusion, reduction: Reduction) -> Numbers:
    """Of each row: the mean over classes and, by image, over images; both empty: 1."""
    found = scores.dice(sums, reduction=reduction)
    return np.asarray(found.reshape(len(found), -1).mean(-1))


def _rates(sums: Confusion, prefix: str) -> Columns:
    """Sensitivity and precision of the pooled sums, the mean over classes that have one."""
    found = {
        "sensitivity": scores.sensitivity(sums, reduction="batch"),
        "precision": scores.precision(sums, reduction="batch"),
    }
    return {prefix + name: _mean_defined(rate) for name, rate in found.items()}


def _mean_defined(rates: Numbers) -> Numbers:
    """(N,) from (N, classes), nan left out; nan where all are."""
    known = ~np.isnan(rates)
    total = np.where(known, rates, 0).sum(-1)
    return np.where(known.any(-1), total / np.maximum(known.sum(-1), 1), np.nan)
