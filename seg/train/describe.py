"""What a run's checkpoint says about itself: how it came to be, on which data, its scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from seg import scores
from seg.confusion import Confusion
from seg.dataset import PARTS, Dataset, Part
from seg.intervals import mean_interval
from seg.metadata import Data, Metadata, Score, Training
from seg.train.bundle import Position
from seg.train.config import TrainConfig
from seg.train.record import Record

METRICS = {  # how each is called, and what it does with empty masks
    "dice": ("Dice", "Both masks empty: 1; truth empty, prediction not: 0."),
    "sensitivity": ("Sensitivity", "Truth empty: undefined, left out of mean and n."),
    "precision": ("Precision", "Prediction empty: undefined, left out of mean and n."),
}
CONVENTION = (
    "Hard {} per image at the threshold (>=), mean of all heads, then the mean over images. {} "
    "Interval: bootstrap of the mean by group."
)
MEAN_OF_HEADS = 1  # the cut of a validation's record that checkpoints are scored by


@dataclass(frozen=True)
class Origin:
    """The data of a run.

    Attributes:
        dataset: All of it.
        fingerprint: Of its files.
        seen: Case ids of each part.
        groups: The group of each case of a part, in order.
    """

    dataset: Dataset
    fingerprint: str
    seen: dict[Part, tuple[str, ...]]
    groups: dict[Part, tuple[str, ...]]


def describe(
    config: TrainConfig,
    origin: Origin,
    position: Position,
    found: Sequence[Score],
    versions: str,
) -> Metadata:
    """Metadata of the checkpoint of the best epoch so far, or of this moment.

    Args:
        config: The run's.
        origin: Its data.
        position: Where it stands.
        found: Scores of the parts.
        versions: Of the libraries.
    """
    named = (config.validation, config.test)
    split_words = (
        f"validation groups {named[0]}, test groups {named[1]}"
        if any(named)
        else f"a fifth of the groups each, drawn by seed {config.seed}"
    )
    about = origin.dataset.description
    return Metadata(
        title=config.title or config.data.name,
        task=config.task or about.title,
        architecture=config.architecture,
        preprocessing=config.preprocessing,
        class_names=config.class_names,
        note=config.note,
        training=_training(config, position, versions),
        data=Data(
            name=origin.dataset.name,
            fingerprint=origin.fingerprint,
            licence=config.licence or about.licence,
            attribution=config.attribution or about.attribution,
            split=f"By group ({config.group or 'groups.csv, else each image'}): {split_words}.",
            seen={part: origin.seen[part] for part in PARTS},
        ),
        scores=tuple(found),
    )


def part_scores(
    part: Literal["validation", "test"],
    record: Record,
    class_names: Sequence[str],
    groups: Sequence[str],
) -> list[Score]:
    """Mean Dice, sensitivity and precision of each class over a part, with intervals.

    Args:
        part: Which.
        record: Of a validation over its cases.
        class_names: Of the foreground.
        groups: Of each case.
    """
    foreground = foreground_sums(record.hard[MEAN_OF_HEADS])
    return [
        _score(part, metric, name, Confusion(*(sums[:, c] for sums in foreground)), groups)
        for c, name in enumerate(class_names)
        for metric in METRICS
        if len(groups)
    ]


def foreground_sums(sums: np.ndarray) -> Confusion:
    """The four sums without those of a background channel, from (..., C, 4 or 5)."""
    first = 1 if sums.shape[-2] > 1 else 0
    return Confusion(*(sums[..., first:, part].astype(float) for part in range(4)))


def _training(config: TrainConfig, position: Position, versions: str) -> Training:
    """How the weights came to be."""
    loss, controls = config.loss, position.controls
    return Training(
        alpha=controls.get("alpha", loss.alpha),
        beta=controls.get("beta", loss.beta),
        gamma=controls.get("gamma", loss.gamma),
        smooth=loss.smooth,
        cross_entropy=loss.cross_entropy,
        reduction=loss.reduction,
        turned=position.by_hand,
        optimizer=optimizer_words(config),
        learning_rate=config.optimizer.learning_rate,
        batch=config.batch,
        crop=config.views.crop,
        epochs=config.epochs,
        best_epoch=max(position.best_epoch, 1),
        seed=config.seed,
        seconds=round(position.all_seconds, 1),
        versions=versions,
    )


def optimizer_words(config: TrainConfig) -> str:
    """The optimizer in words."""
    names: Mapping[str, str] = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD with momentum"}
    decay = "cosine decay" if config.optimizer.decay == "cosine" else "constant learning rate"
    average = ", weights averaged" if config.averaging else ""
    return f"{names[config.optimizer.name]}, {decay}{average}"


def _score(
    part: Literal["validation", "test"],
    metric: str,
    class_name: str,
    sums: Confusion,
    groups: Sequence[str],
) -> Score:
    """One metric of one class over a part: sums (N,) of its images, and their groups."""
    interval = mean_interval(getattr(scores, metric)(sums), groups=groups)
    n_groups = interval.n_groups or 0
    return Score(
        part=part,
        metric=metric,
        class_name=class_name,
        value=_finite(interval.mean),
        low=_finite(interval.low) if n_groups > 1 else None,
        high=_finite(interval.high) if n_groups > 1 else None,
        n=interval.n,
        n_groups=n_groups,
        n_empty=int(np.sum(sums.tp + sums.fn == 0)),
        convention=CONVENTION.format(*METRICS[metric]),
    )


def _finite(value: float) -> float | None:
    """A number JSON can hold."""
    return round(float(value), 4) if np.isfinite(value) else None
