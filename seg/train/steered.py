"""A network that trains under a loss that can be turned, and records what the loss was made of.

Imports Keras; `keras.ops` only, so that any backend runs it.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from seg.confusion import hard, soft
from seg.objective import Costs, head_parts
from seg.train.config import TrainConfig
from seg.train.record import EPSILON, HARD, SOFT, Record

Tensor = Any


class SteeredModel(keras.Model):
    """`network` under the loss of `config`.

    alpha, beta, gamma and the heads' weights are non-trainable weights of the model: assigning them
    takes effect at the next step in every backend, without another compilation. Plain numbers would
    be baked into the graph. The sums of each step leave the graph the same way.

    Args:
        network: From images to one probability for each head.
        config: Loss, heads, batch.
    """

    def __init__(self, network: keras.Model, config: TrainConfig) -> None:
        super().__init__(name="steered")
        self.network = network
        self._terms = config.terms
        heads, classes = len(config.architecture.heads), config.architecture.classes
        self.alpha = self._number("alpha")
        self.beta = self._number("beta")
        self.gamma = self._number("gamma")
        self.head_weights = self._number("head_weights", (heads,))
        self._soft = self._number("soft", (heads, config.batch, classes, SOFT))
        self._hard = self._number("hard", (1, config.batch, classes, HARD))
        self._l2 = self._number("l2")

    def call(self, images: Tensor, training: bool | None = None) -> Tensor:
        """Probabilities, as the network gives them."""
        return self.network(images, training=training)

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """The loss of a batch; Keras' own train step calls it.

        Args:
            x: Not used.
            y: (B, H, W, C) truth, one-hot.
            y_pred: Probabilities of the heads, each (B, H, W, C).
            sample_weight: Not used.
            training: Not used.
        """
        heads = y_pred if isinstance(y_pred, (list, tuple)) else [y_pred]
        sums = ops.stack([soft_sums(y, head) for head in heads])  # (heads, B, C, 5)
        parts = head_parts(sums, Costs(self.alpha, self.beta, self.gamma), self._terms)
        l2 = sum(self.losses) if self.losses else ops.zeros(())
        self._soft.assign(ops.stop_gradient(sums))
        self._hard.assign(ops.stop_gradient(hard_sums(y, heads[-1])[None]))
        self._l2.assign(ops.stop_gradient(ops.cast(l2, "float32")))
        return ops.sum(self.head_weights * parts.total) + l2

    def turn(self, controls: Mapping[str, float], heads: tuple[int, ...]) -> None:
        """Give the loss other numbers; they hold from the next step on."""
        self.alpha.assign(controls["alpha"])
        self.beta.assign(controls["beta"])
        self.gamma.assign(controls["gamma"])
        self.head_weights.assign([controls[f"head_weight_{level}"] for level in heads])

    def recorded(self) -> tuple[Record, float]:
        """The sums of the last step, and its L2 penalty."""
        soft_, hard_, weights, l2 = (
            np.array(ops.convert_to_numpy(variable))
            for variable in (self._soft, self._hard, self.head_weights, self._l2)
        )
        return Record(soft_, hard_, weights), float(l2)

    def _number(self, name: str, shape: tuple[int, ...] = ()) -> keras.Variable:
        """A float32 variable, whatever precision the layers compute in."""
        return self.add_weight(
            shape=shape,
            initializer="zeros",
            dtype="float32",
            trainable=False,
            autocast=False,
            name=name,
        )


def soft_sums(y_true: Tensor, y_prob: Tensor) -> Tensor:
    """The four soft sums and the cross-entropy's sum of each image and class.

    Args:
        y_true: (B, H, W, C) truth in 0..1.
        y_prob: Same shape: probabilities of a sigmoid (C = 1) or a softmax.

    Returns:
        (B, C, 5) float32.
    """
    truth, prob = ops.cast(y_true, "float32"), ops.cast(y_prob, "float32")
    return ops.stack([*soft(truth, prob), ops.sum(_nats(truth, prob), axis=(1, 2))], axis=-1)


def hard_sums(y_true: Tensor, y_prob: Tensor) -> Tensor:
    """The four hard sums of each image and class, (B, C, 4), decided as by `seg.predict.decide`."""
    classes = y_prob.shape[-1]
    if classes == 1:
        chosen = y_prob
    elif classes == 2:
        lesion = ops.cast(ops.greater_equal(y_prob[..., 1:], 0.5), "float32")
        chosen = ops.concatenate([1 - lesion, lesion], axis=-1)
    else:
        chosen = ops.one_hot(ops.argmax(y_prob, axis=-1), classes)
    return ops.stack(list(hard(y_true, chosen)), axis=-1)


def _nats(truth: Tensor, prob: Tensor) -> Tensor:
    """Cross-entropy of each pixel and class."""
    prob = ops.clip(prob, EPSILON, 1 - EPSILON)
    inside = -truth * ops.log(prob)
    return inside if prob.shape[-1] > 1 else inside - (1 - truth) * ops.log(1 - prob)
