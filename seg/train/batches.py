"""Samples in memory and the batches drawn from them, the same for the same seed."""

from collections.abc import Iterator, Sequence

import numpy as np

from seg.cases import Case
from seg.preprocessing import Preprocessing, prepare
from seg.train.augment import Sample, view
from seg.train.config import TrainConfig

Batch = tuple[np.ndarray, np.ndarray]


def to_sample(case: Case, preprocessing: Preprocessing) -> Sample:
    """A case with a mask, normalised as a whole."""
    if case.mask is None:
        raise ValueError(f"Case {case.id} has no mask to train on.")
    return Sample(prepare(case.image.pixels, preprocessing), case.mask.labels)


def steps_per_epoch(samples: int, config: TrainConfig) -> int:
    """Batches that hold every sample as often as the configuration repeats it."""
    return -(-samples * config.views.repeats // config.batch)


def epoch_batches(
    samples: Sequence[Sample], config: TrainConfig, epoch: int, done: int = 0
) -> Iterator[Batch]:
    """The batches of one epoch: every sample in a new order, each under a new view.

    Args:
        samples: The training part.
        config: Views, batch, seed, classes.
        epoch: From 1.
        done: Batches that are left out, for they were trained on already.

    Yields:
        Images (batch, crop, crop, channels) float32, truth (batch, crop, crop, classes) float32;
        the last batch is filled up from the epoch's beginning. The seed, the epoch and a batch's
        number in it decide everything, so that any batch can be drawn again by itself.
    """
    order = np.random.default_rng((config.seed, epoch)).permutation(len(samples))
    steps = steps_per_epoch(len(samples), config)
    order = np.resize(order, steps * config.batch).reshape(steps, config.batch)
    for number in range(done, steps):
        random = np.random.default_rng((config.seed, epoch, number + 1))
        drawn = [view(samples[i], config.views, random) for i in order[number]]
        images = np.stack([sample.image for sample in drawn])
        labels = np.stack([sample.labels for sample in drawn])
        yield images, one_hot(labels, config.architecture.classes)


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """Class indices as channels: one channel of 0 and 1 for a sigmoid, else one for each class.

    Example:
        >>> one_hot(np.array([[0, 1]]), 1)[..., 0], one_hot(np.array([[0, 1]]), 2)[0, 1]
        (array([[0., 1.]], dtype=float32), array([0., 1.], dtype=float32))
    """
    if classes == 1:
        return (labels > 0).astype(np.float32)[..., None]
    return (labels[..., None] == np.arange(classes)).astype(np.float32)
