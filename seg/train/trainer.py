"""The network in training: one step, one validation, and all of its state as arrays.

Imports Keras. Validation and checkpoints use a running average of the weights: the raw ones swing
from epoch to epoch where batches are small.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import keras
import numpy as np

from seg.errors import RunError
from seg.network import named_weights, set_weights, variables
from seg.predict import Options, predict
from seg.train.augment import Sample
from seg.train.batches import one_hot
from seg.train.config import TrainConfig
from seg.train.record import Record
from seg.train.steered import SteeredModel
from seg.train.validation import Validation, case_sums, foreground
from seg.unetpp import build

MOMENTUM = 0.9  # of the plain optimizer
WEIGHT_DECAY = 0.004  # of AdamW


class StepNumbers(NamedTuple):
    """What one step gave: its loss, the L2 penalty in it, and the sums."""

    loss: float
    l2: float
    record: Record


class Trainer:
    """One network, its optimizer and the average of its weights.

    Args:
        config: Everything but the data.
    """

    def __init__(self, config: TrainConfig) -> None:
        keras.utils.set_random_seed(config.seed)
        self._config = config
        with _precision(config.precision):
            self._network = build(config.architecture)
            self._model = SteeredModel(self._network, config)
        self._model.compile(optimizer=_optimizer(config), jit_compile=config.xla)
        self._model.build((None, None, None, config.architecture.in_channels))
        self._model.optimizer.build(self._model.trainable_variables)
        self._average = _Average(self._network, config.averaging)
        self._judge = build(config.architecture)  # the averaged weights are put into it

    def step(
        self, images: np.ndarray, truth: np.ndarray, controls: Mapping[str, float], rate: float
    ) -> StepNumbers:
        """Train on one batch.

        Args:
            images: (B, H, W, channels) float32.
            truth: (B, H, W, C) float32, one-hot.
            controls: Values of the loss, by name.
            rate: The learning rate of this step.
        """
        self._model.turn(controls, self._config.architecture.heads)
        self._model.optimizer.learning_rate.assign(rate)
        loss = float(self._model.train_on_batch(images, truth, return_dict=True)["loss"])
        if np.isfinite(loss):
            self._average.update()
        record, l2 = self._model.recorded()
        return StepNumbers(loss, l2, record)

    def validate(
        self,
        samples: Sequence[Sample],
        weights: Mapping[str, np.ndarray],
        shown: Sequence[int] = (),
    ) -> Validation:
        """Run a network with these weights over whole cases.

        Args:
            samples: The held-out cases.
            weights: By `layer/weight`: `weights()`, or a checkpoint's.
            shown: Indices of those whose probabilities are wanted.
        """
        set_weights(self._judge, weights)
        rows, probabilities = [], {}
        for index, sample in enumerate(samples):
            heads = self._probabilities(sample.image)
            rows.append(case_sums(heads, one_hot(sample.labels, heads[0].shape[-1])))
            if index in shown:
                probabilities[index] = foreground(np.mean(heads, axis=0))
        soft_ = np.concatenate([row[0] for row in rows], axis=1)
        hard_ = np.concatenate([row[1] for row in rows], axis=1)
        head_weights = np.array(keras.ops.convert_to_numpy(self._model.head_weights))
        l2 = float(sum(self._judge.losses)) if self._judge.losses else 0.0
        return Validation(Record(soft_, hard_, head_weights), l2, probabilities)

    def weights(self) -> dict[str, np.ndarray]:
        """The averaged weights, by `layer/weight`."""
        return self._average.weights()

    def arrays(self) -> dict[str, np.ndarray]:
        """All that the next step depends on: weights, dropouts' states, optimizer, average."""
        return {
            name: np.array(keras.ops.convert_to_numpy(variable))
            for name, variable in self._variables()
        } | {f"average/{name}": value for name, value in self._average.state().items()}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go back to what `arrays` gave.

        Raises:
            RunError: They are of another network or optimizer.
        """
        mine = {name: tuple(variable.shape) for name, variable in self._variables()}
        theirs = {k: v.shape for k, v in arrays.items() if not k.startswith("average/")}
        if mine != theirs:
            raise RunError(
                "The saved state is of another network or optimizer. Expected "
                f"{len(mine)} arrays of the run's own. Received: {len(theirs)}. Start a new run."
            )
        for name, variable in self._variables():
            variable.assign(arrays[name])
        prefix = "average/"
        self._average.load({k[len(prefix) :]: v for k, v in arrays.items() if k.startswith(prefix)})

    def _probabilities(self, image: np.ndarray) -> list[np.ndarray]:
        """Each head's (H, W, C) for one case, all in one pass."""
        architecture = self._config.architecture

        def run(batch: np.ndarray) -> np.ndarray:
            outputs = self._judge.predict_on_batch(batch)
            return np.concatenate(outputs, -1) if isinstance(outputs, list) else np.asarray(outputs)

        joined = predict(run, image, architecture.multiple, Options())
        return np.split(joined, len(architecture.heads), axis=-1)

    def _variables(self) -> Iterator[tuple[str, keras.Variable]]:
        """The network's and the optimizer's variables, numbered: their own names may repeat."""
        groups = {"network": self._network.variables, "optimizer": self._model.optimizer.variables}
        for group, members in groups.items():
            for number, variable in enumerate(members):
                yield f"{group}/{number:04d}", variable


class _Average:
    """The weights' exponential moving average; early on it follows them faster."""

    def __init__(self, network: keras.Model, momentum: float) -> None:
        self._network, self._momentum = network, momentum
        self._step = 0
        self._mean: dict[str, np.ndarray] = {}

    def update(self) -> None:
        """Move a little towards the network's weights, after a step."""
        if not self._momentum:
            return
        if not self._mean:
            self._mean = named_weights(self._network)
        momentum = min(self._momentum, self._step / (self._step + 10))
        self._step += 1
        for name, variable in variables(self._network).items():
            weight, mean = keras.ops.convert_to_numpy(variable), self._mean[name]
            mean += np.float32(1 - momentum) * (weight - mean)

    def weights(self) -> dict[str, np.ndarray]:
        """The average; the weights themselves where there is none."""
        return dict(self._mean) or named_weights(self._network)

    def state(self) -> dict[str, np.ndarray]:
        """The average, and after how many steps."""
        return {"step": np.array([self._step], np.int64), **self._mean}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """What `state` gave."""
        self._step = int(state["step"][0])
        self._mean = {k: np.array(v) for k, v in state.items() if k != "step"}


def _optimizer(config: TrainConfig) -> keras.optimizers.Optimizer:
    """As configured; its learning rate is assigned before every step."""
    chosen = config.optimizer
    options = {"learning_rate": chosen.learning_rate, "clipnorm": chosen.clip_norm or None}
    if chosen.name == "adam":
        return keras.optimizers.Adam(**options)
    if chosen.name == "adamw":
        return keras.optimizers.AdamW(weight_decay=WEIGHT_DECAY, **options)
    return keras.optimizers.SGD(momentum=MOMENTUM, nesterov=True, **options)


@contextmanager
def _precision(name: str) -> Iterator[None]:
    """Layers built inside compute in this precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
