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


def epoch_batches(samples: Sequence[Sample], config: TrainConfig, epoch: int) -> Iterator[Batch]:
    """The batches of one epoch: every sample once, in a new order, each under a new view.

    Args:
        samples: The training part.
        config: Crop, batch, seed, classes.
        epoch: From 1; it and the seed decide everything, so an epoch can be drawn again.

    Yields:
        Images (batch, crop, crop, channels) float32, truth (batch, crop, crop, classes) float32;
        the last batch is filled up from the epoch's beginning.
    """
    random = np.random.default_rng((config.seed, epoch))
    order = random.permutation(len(samples))
    steps = -(-len(order) // config.batch)
    order = np.resize(order, steps * config.batch)
    for chosen in order.reshape(steps, config.batch):
        views = [view(samples[i], config.crop, random, config.invert) for i in chosen]
        images = np.stack([sample.image for sample in views])
        labels = np.stack([sample.labels for sample in views])
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
