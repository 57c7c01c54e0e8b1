"""From a data set and a `TrainConfig` to a checkpoint that says how it came to be and how it does.

Imports Keras by way of `seg.train.loop`; used on the command line.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import keras
import numpy as np

from seg.cases import Case
from seg.checkpoint import Checkpoint, save_checkpoint
from seg.dataset import PARTS, Dataset, Part, read_folder, split
from seg.files import Limits
from seg.intervals import mean_interval
from seg.metadata import Data, Metadata, Score, Training
from seg.network import forward, set_weights
from seg.predict import Options, decide, predict
from seg.preprocessing import prepare
from seg.table import Row, case_rows
from seg.train.config import TrainConfig
from seg.train.loop import Epoch, Trained, train
from seg.unetpp import build

METRICS = {  # how each is called, and what it does with empty masks
    "dice": ("Dice", "Both masks empty: 1; truth empty, prediction not: 0."),
    "sensitivity": ("Sensitivity", "Truth empty: undefined, left out of mean and n."),
    "precision": ("Precision", "Prediction empty: undefined, left out of mean and n."),
}
CONVENTION = (
    "Hard {} per image at the threshold (>=), mean of all heads, then the mean over images. {} "
    "Interval: bootstrap of the mean by group."
)


def run(
    config: TrainConfig,
    out: Path,
    *,
    half: bool = False,
    limits: Limits | None = None,
    on_epoch: Callable[[Epoch, bool], None] = lambda epoch, is_best: None,
) -> Checkpoint:
    """Train, score on what was held out, and write the checkpoint.

    Args:
        config: What to train.
        out: The `.safetensors` file.
        half: Store the weights as float16; scores are computed with the stored weights.
        limits: How large an image or a mask may be; default `Limits()`.
        on_epoch: Called after each epoch, with whether it is the best so far.

    Raises:
        DataError: The data set or its split cannot be used.
        RunError: The loss became NaN or infinite.
    """
    start = time.monotonic()
    dataset = read_folder(config.data, config.group)
    parts = split(dataset, config.validation, config.test, config.seed)
    labels = len(config.class_names) + 1
    cases = {part: [item.read(labels, limits) for item in parts[part].items] for part in PARTS}
    trained = train(config, cases["train"], cases["validation"], on_epoch)
    seconds = time.monotonic() - start
    if half:
        trained.weights.update(
            {k: w.astype(np.float16).astype(np.float32) for k, w in trained.weights.items()}
        )
    scores = [
        score
        for part in ("validation", "test")
        for score in _scores(config, trained, part, cases[part], parts[part])
    ]
    metadata = _metadata(config, trained, dataset, cases, seconds).model_copy(
        update={"scores": tuple(scores)}
    )
    return save_checkpoint(out, trained.weights, metadata, half=half)


def _metadata(
    config: TrainConfig,
    trained: Trained,
    dataset: Dataset,
    cases: dict[Part, list[Case]],
    seconds: float,
) -> Metadata:
    """Everything but the scores."""
    named = (config.validation, config.test)
    split_words = (
        f"validation groups {named[0]}, test groups {named[1]}"
        if any(named)
        else f"a fifth of the groups each, drawn by seed {config.seed}"
    )
    return Metadata(
        title=config.title or config.data.name,
        task=config.task,
        architecture=config.architecture,
        preprocessing=config.preprocessing,
        class_names=config.class_names,
        note=config.note,
        training=Training(
            alpha=config.alpha,
            beta=config.beta,
            smooth=config.smooth,
            optimizer="Adam, cosine decay, weights averaged",
            learning_rate=config.learning_rate,
            batch=config.batch,
            crop=config.crop,
            epochs=config.epochs,
            best_epoch=trained.best.number,
            seed=config.seed,
            seconds=round(seconds, 1),
            versions=f"Keras {keras.__version__} on {keras.backend.backend()}",
        ),
        data=Data(
            name=dataset.name,
            fingerprint=dataset.fingerprint(),
            licence=config.licence or dataset.description.licence,
            attribution=config.attribution or dataset.description.attribution,
            split=f"By group ({config.group or 'groups.csv, else each image'}): {split_words}.",
            seen={part: tuple(case.id for case in cases[part]) for part in PARTS},
        ),
    )


def _scores(
    config: TrainConfig,
    trained: Trained,
    part: Literal["validation", "test"],
    cases: Sequence[Case],
    dataset: Dataset,
) -> list[Score]:
    """Mean Dice, sensitivity and precision of each class, with intervals."""
    model = build(config.architecture)
    set_weights(model, trained.weights)
    run_head = forward(model, config.architecture.heads, "mean")
    rows = []
    for case in cases:
        image = prepare(case.image.pixels, config.preprocessing)
        probability = predict(run_head, image, config.architecture.multiple, Options())
        rows += case_rows(case, decide(probability), config.class_names, surfaces=False)
    groups = [item.group for item in dataset.items]
    return [
        _score(part, metric, name, [row for row in rows if row["class"] == name], groups)
        for name in config.class_names
        for metric in METRICS
        if rows
    ]


def _score(
    part: Literal["validation", "test"],
    metric: str,
    class_name: str,
    rows: Sequence[Row],
    groups: Sequence[str],
) -> Score:
    """One metric of one class over a part, a row for each image and its group beside it."""
    interval = mean_interval([row[metric] for row in rows], groups=groups)
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
        n_empty=sum(row["area_true_px"] == 0 for row in rows),
        convention=CONVENTION.format(*METRICS[metric]),
    )


def _finite(value: float) -> float | None:
    """A number JSON can hold."""
    return round(float(value), 4) if np.isfinite(value) else None
