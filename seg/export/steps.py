"""A run's recorded steps and validations as CSV, row by row: no more than a page is in memory."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

import numpy as np

from seg.store import Epoch, Step, Store
from seg.train.record import Record

SUMS = ("tp", "fp", "fn", "tn", "cross_entropy")
FIXED = (
    "step", "epoch", "split", "at", "seconds", "loss", "l2", "dice", "alpha", "beta", "gamma",
    "learning_rate",
)  # fmt: skip
PAGE = 500  # steps read at once
EPOCHS_PAGE = 50  # a validation's record holds every image of the data set
DIGITS = 9  # a float32 comes back as it was


def steps_csv(store: Store, run_id: str) -> Iterator[bytes]:
    """A run's rows, in the order of their steps: a header, then a line of bytes each.

    Columns: step, epoch, split ("train", or "validation" after an epoch's last step), at (unix
    seconds), seconds, loss, l2, dice (of a validation: hard, the mean of images), alpha, beta,
    gamma, learning_rate; then for each head its weight, and for each of its classes the soft sums
    TP, FP, FN, TN in pixels and the cross-entropy in nats, pooled over the row's images:
    `L1_lesion_tp`. A validation's loss is that of the averaged weights; its l2 likewise; its
    seconds are its epoch's.

    Args:
        store: Read by cursor, so that a long run takes no more memory than a short one.
        run_id: The whole id.

    Returns:
        UTF-8 lines. Numbers have 9 significant digits; what there is not is empty.
    """
    run = store.run(run_id)
    columns = sum_columns(run.config)
    yield _line([*FIXED, *columns])
    for row in _rows(store, run.id):
        record = Record.decode(row.record)
        sums = record.soft.sum(axis=1, dtype=np.float64)  # (heads, classes, 5)
        cells = [
            [weight, *head.ravel()] for weight, head in zip(record.head_weights, sums, strict=True)
        ]
        yield _line([*_fixed(row), *(cell for head in cells for cell in head)])


def sum_columns(config: Mapping[str, Any]) -> list[str]:
    """The names of a record's numbers, from a run's configuration.

    Example:
        >>> config = {"architecture": {"heads": [1], "classes": 1}, "class_names": ["lesion"]}
        >>> sum_columns(config)[:3]
        ['L1_weight', 'L1_lesion_tp', 'L1_lesion_fp']
    """
    network = config["architecture"]
    classes = channel_names(config["class_names"], network["classes"])
    return [
        f"L{level}_{name}"
        for level in network["heads"]
        for name in ["weight", *(f"{label}_{part}" for label in classes for part in SUMS)]
    ]


def channel_names(class_names: Sequence[str], channels: int) -> list[str]:
    """The network's channels by names that can stand in a column's: words of letters and digits.

    Example:
        >>> channel_names(["core, inner", "core inner"], 3)
        ['background', 'core_inner_1', 'core_inner_2']
    """
    names = list(class_names) if channels == 1 else ["background", *class_names]
    plain = [re.sub(r"\W+", "_", name).strip("_") for name in names]
    return [
        name if name and plain.count(name) == 1 else f"{name or 'class'}_{number}"
        for number, name in enumerate(plain)
    ]


def _rows(store: Store, run_id: str) -> Iterator[Step | Epoch]:
    """Steps, and after an epoch's last step that epoch."""
    epochs = _epochs(store, run_id)
    epoch = next(epochs, None)
    for step in _steps(store, run_id):
        while epoch is not None and epoch.step < step.step:
            yield epoch
            epoch = next(epochs, None)
        yield step
    if epoch is not None:
        yield epoch
        yield from epochs


def _steps(store: Store, run_id: str) -> Iterator[Step]:
    """All steps, a page at a time."""
    last = 0
    while page := store.steps_after(run_id, last, PAGE):
        yield from page
        last = page[-1].step


def _epochs(store: Store, run_id: str) -> Iterator[Epoch]:
    """Likewise."""
    last = 0
    while page := store.epochs_after(run_id, last, EPOCHS_PAGE):
        yield from page
        last = page[-1].epoch


def _fixed(row: Step | Epoch) -> list[object]:
    """The columns every run has."""
    split = "validation" if isinstance(row, Epoch) else "train"
    if isinstance(row, Epoch):
        numbers = [row.validation_loss, row.validation_l2, row.validation_dice]
    else:
        numbers = [row.loss, row.l2, None]
    place = [row.step, row.epoch, split, f"{row.at:.3f}"]
    costs = [row.alpha, row.beta, row.gamma, row.learning_rate]
    return [*place, row.seconds, *numbers, *costs]


def _line(cells: Sequence[object]) -> bytes:
    """One line of the file."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerow([_cell(cell) for cell in cells])
    return text.getvalue().encode()


def _cell(value: object) -> str:
    """A number with its digits, nothing where there is none."""
    if value is None:
        return ""
    return f"{float(value):.{DIGITS}g}" if isinstance(value, (float, np.floating)) else str(value)
