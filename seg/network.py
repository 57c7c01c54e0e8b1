"""A checkpoint's network, built in Keras and ready to run, one head or their mean.

Imports Keras; used in a worker process or on the command line, never in the server.
"""

from collections.abc import Mapping
from typing import Literal

import keras
import numpy as np

from seg.checkpoint import Checkpoint
from seg.errors import CheckpointError
from seg.predict import Forward
from seg.unetpp import build, prune


def load(checkpoint: Checkpoint) -> keras.Model:
    """The network of a checkpoint with its weights.

    Raises:
        CheckpointError: A weight is not finite.
    """
    model = build(checkpoint.metadata.architecture)
    set_weights(model, checkpoint.weights())
    return model


def named_weights(model: keras.Model) -> dict[str, np.ndarray]:
    """Its weights by `layer/weight`, as a checkpoint stores them."""
    return {
        name: np.array(keras.ops.convert_to_numpy(variable))
        for name, variable in variables(model).items()
    }


def variables(model: keras.Model) -> dict[str, keras.Variable]:
    """The variables a checkpoint stores, by `layer/weight`: all but dropouts' random states."""
    return {
        f"{layer.name}/{variable.name}": variable
        for layer in model.layers
        for variable in layer.weights
        if not isinstance(layer, keras.layers.Dropout)
    }


def set_weights(model: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
    """Give a network weights by `layer/weight`."""
    for name, variable in variables(model).items():
        variable.assign(weights[name])


def forward(model: keras.Model, heads: tuple[int, ...], head: int | Literal["mean"]) -> Forward:
    """The function that runs a batch through one head, or through all for their mean.

    A single head runs only the part of the network that it needs.

    Args:
        model: A network with the outputs `heads`.
        heads: Its levels.
        head: One of them, or "mean".

    Raises:
        CheckpointError: The network has no such head.
    """
    if head != "mean" and head not in heads:
        raise CheckpointError(
            f"This checkpoint has no head L{head}. Expected one of "
            f"{', '.join(f'L{level}' for level in heads)} or their mean."
        )
    chosen = model if head == "mean" or len(heads) == 1 else prune(model, head)

    def run(batch: np.ndarray) -> np.ndarray:
        outputs = chosen.predict_on_batch(batch)
        return np.mean(outputs, axis=0) if isinstance(outputs, list) else np.asarray(outputs)

    return run
