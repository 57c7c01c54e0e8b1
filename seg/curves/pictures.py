"""The scores of the validation pictures a run shows."""

from collections.abc import Sequence

import numpy as np

from seg import scores
from seg.confusion import Confusion
from seg.curves.values import MEAN_OF_HEADS
from seg.store import Epoch
from seg.train.record import Record


def picture_dice(epoch: Epoch, numbers: Sequence[int]) -> dict[int, float]:
    """Hard Dice of some validation images, mean of all heads, the mean over foreground classes.

    Args:
        epoch: With the record of its validation.
        numbers: Their places in the validation; one that is not in it is left out.

    Returns:
        In 0..1 by number. Both masks empty: 1; truth empty, prediction not: 0.
    """
    sums = _sums(epoch)
    known = [number for number in numbers if number < len(sums.tp)]
    dice = scores.dice(Confusion(*(part[known] for part in sums)))
    return dict(zip(known, np.mean(dice, axis=-1).tolist(), strict=True))


def count_images(epoch: Epoch) -> tuple[int, int]:
    """How many images a validation has, and how many of them have nothing to find."""
    sums = _sums(epoch)
    return len(sums.tp), int(np.sum((sums.tp + sums.fn).sum(-1) == 0))


def _sums(epoch: Epoch) -> Confusion:
    """The foreground's hard sums of the mean of all heads, (images, classes) each."""
    hard = Record.decode(epoch.record).hard[MEAN_OF_HEADS].astype(float)
    first = 1 if hard.shape[1] > 1 else 0
    return Confusion(*(hard[:, first:, part] for part in range(4)))
