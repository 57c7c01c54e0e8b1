"""What a network does on held-out cases, in sums; NumPy only."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from seg import scores
from seg.confusion import hard, soft
from seg.objective import Costs, head_parts
from seg.predict import decide
from seg.train.batches import one_hot
from seg.train.config import TrainConfig
from seg.train.describe import MEAN_OF_HEADS, foreground_sums
from seg.train.record import EPSILON, Record


class Validation(NamedTuple):
    """What a network does on held-out cases.

    Attributes:
        record: The sums of all heads, and hard ones of the last head and of their mean.
        l2: The penalty of its weights.
        probabilities: The mean of all heads for the cases asked for, (H, W) foreground, by index.
    """

    record: Record
    l2: float
    probabilities: dict[int, np.ndarray]

    @property
    def dice(self) -> float:
        """Hard Dice of each image and foreground class by the mean of heads, then the mean."""
        return float(np.mean(scores.dice(foreground_sums(self.record.hard[MEAN_OF_HEADS]))))

    def loss(self, controls: Mapping[str, float], config: TrainConfig) -> float:
        """The run's loss on these cases, penalty included, under the costs in force."""
        costs = Costs(controls["alpha"], controls["beta"], controls["gamma"])
        parts = head_parts(self.record.soft.astype(float), costs, config.terms)
        return float(self.record.head_weights @ parts.total) + self.l2


def case_sums(heads: Sequence[np.ndarray], truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sums of one case.

    Args:
        heads: Probabilities of each, (H, W, C).
        truth: (H, W, C), one-hot.

    Returns:
        Soft ones (heads, 1, C, 5), and hard ones (2, 1, C, 4): of the last head, and of the mean.
    """
    soft_ = np.stack(
        [np.stack([*soft(truth[None], head[None]), _nats(truth, head)[None]], -1) for head in heads]
    )
    cuts = [heads[-1], np.mean(heads, axis=0)]
    return soft_, np.stack([_hard(truth, cut) for cut in cuts])


def _hard(truth: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Hard sums of one case, (1, C, 4)."""
    chosen = one_hot(decide(probability), truth.shape[-1])
    return np.stack(hard(truth[None], chosen[None]), axis=-1)


def _nats(truth: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """The cross-entropy's sum of each class, (C,)."""
    prob = np.clip(probability.astype(np.float64), EPSILON, 1 - EPSILON)
    inside = -truth * np.log(prob)
    if prob.shape[-1] == 1:
        inside -= (1 - truth) * np.log(1 - prob)
    return inside.sum((0, 1))


def foreground(probability: np.ndarray) -> np.ndarray:
    """(H, W): of any class but the background."""
    return probability[..., 0] if probability.shape[-1] == 1 else 1 - probability[..., 0]
