"""A checkpoint run in this process, for commands that go through many cases.

Imports Keras.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from seg.cases import Case
from seg.checkpoint import Checkpoint
from seg.devices import prepare_device
from seg.errors import ConfigError
from seg.network import forward, load
from seg.predict import Options, decide, predict
from seg.preprocessing import prepare
from seg.settings import settings
from seg.table import Row, case_rows


class Inference:
    """The network of a checkpoint with the command's options.

    Raises:
        ConfigError: An option has a value that cannot be used.
        CheckpointError: The network has no such head.
    """

    def __init__(self, checkpoint: Checkpoint, arguments: argparse.Namespace) -> None:
        prepare_device(settings().device)
        self._metadata = checkpoint.metadata
        self._options = Options(head=_head(arguments.head), flips=arguments.flips)
        chosen = arguments.threshold
        self._threshold = self._metadata.threshold if chosen is None else chosen
        if not 0 <= self._threshold <= 1:
            raise ConfigError(f"--threshold must be 0 to 1. Received: {chosen}.")
        self._spacing_mm = tuple(arguments.spacing_mm) if arguments.spacing_mm else None
        if self._spacing_mm and not all(0 < side < 1000 for side in self._spacing_mm):
            raise ConfigError(f"--spacing-mm must be above 0. Received: {self._spacing_mm}.")
        architecture = self._metadata.architecture
        self._forward = forward(load(checkpoint), architecture.heads, self._options.head)

    def labels(self, case: Case) -> np.ndarray:
        """(H, W) uint8 class indices."""
        image = prepare(case.image.pixels, self._metadata.preprocessing)
        multiple = self._metadata.architecture.multiple
        return decide(predict(self._forward, image, multiple, self._options), self._threshold)

    def rows(self, case: Case, labels: np.ndarray) -> list[Row]:
        """The case's scores, a row for each class."""
        if self._spacing_mm:
            case = replace(case, spacing_mm=self._spacing_mm)
        return case_rows(case, labels, self._metadata.class_names)


def unique_names(cases: Sequence[Case]) -> Iterator[tuple[str, Case]]:
    """A file name for each case: its own, with its id where two are called the same."""
    names = [case.name for case in cases]
    for case in cases:
        once = names.count(case.name) == 1
        yield (case.name if once else f"{case.name}_{case.id}"), case


def _head(text: str) -> int | Literal["mean"]:
    """'mean', '2' or 'L2'."""
    if text == "mean":
        return "mean"
    try:
        return int(text.removeprefix("L"))
    except ValueError:
        raise ConfigError(f"--head must be a level or mean. Received: {text[:20]!r}.") from None
