"""The training loop: step, average, validate, keep the best.

Validation and the checkpoint use a running average of the weights: the raw ones swing from epoch to
epoch where batches are small.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from seg.cases import Case
from seg.confusion import Confusion, hard
from seg.errors import RunError
from seg.losses import TverskyLoss
from seg.network import forward, named_weights, variables
from seg.predict import Options, decide, predict
from seg.scores import dice
from seg.train.augment import Sample
from seg.train.batches import epoch_batches, to_sample
from seg.train.config import TrainConfig
from seg.unetpp import build

WARM_UP = 0.05  # share of the steps in which the learning rate rises


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave."""

    number: int
    loss: float
    validation_dice: float
    seconds: float


@dataclass(frozen=True)
class Trained:
    """The best weights, by `layer/weight`, and how they came about."""

    weights: dict[str, np.ndarray]
    best: Epoch
    history: tuple[Epoch, ...]


def train(
    config: TrainConfig,
    train_cases: Sequence[Case],
    validation_cases: Sequence[Case],
    on_epoch: Callable[[Epoch, bool], None] = lambda epoch, is_best: None,
) -> Trained:
    """Train a network from the beginning.

    Args:
        config: Network, loss, schedule, seed.
        train_cases: With masks.
        validation_cases: With masks; the mean hard Dice over them chooses the best epoch.
        on_epoch: Called after each epoch, with whether it is the best so far.

    Returns:
        The averaged weights of the epoch with the best validation Dice.

    Raises:
        RunError: The loss became NaN or infinite.
    """
    keras.utils.set_random_seed(config.seed)
    samples = [to_sample(case, config.preprocessing) for case in train_cases]
    held_out = [to_sample(case, config.preprocessing) for case in validation_cases]
    steps = -(-len(samples) // config.batch) * config.epochs
    model, average = _compiled(config, steps), _Average(config)
    history: list[Epoch] = []
    best: tuple[Epoch, dict[str, np.ndarray]] | None = None
    for number in range(1, config.epochs + 1):
        start = time.monotonic()
        loss = float(np.mean(list(_steps(model, average, samples, config, number))))
        score = float(np.mean([_dice(average.model, config, sample) for sample in held_out]))
        epoch = Epoch(number, loss, score, time.monotonic() - start)
        history.append(epoch)
        is_best = best is None or score > best[0].validation_dice
        if is_best:
            best = epoch, named_weights(average.model)
        on_epoch(epoch, is_best)
    if best is None:
        raise ValueError("No epoch was trained.")
    return Trained(best[1], best[0], tuple(history))


def case_confusion(probability: np.ndarray, labels: np.ndarray, threshold: float) -> Confusion:
    """Hard sums of one case for each foreground class, (1, foreground classes)."""
    foreground = max(probability.shape[-1] - 1, 1)
    classes = np.arange(1, foreground + 1)
    mask_pred = decide(probability, threshold)[..., None] == classes
    return hard((labels[..., None] == classes)[None], mask_pred[None])


def _compiled(config: TrainConfig, steps: int) -> keras.Model:
    """The network with its optimizer and one Tversky loss for each head, weighted equally."""
    model = build(config.architecture)
    schedule = keras.optimizers.schedules.CosineDecay(
        config.learning_rate / 10,
        decay_steps=max(steps - int(steps * WARM_UP), 1),
        warmup_target=config.learning_rate,
        warmup_steps=int(steps * WARM_UP),
    )
    heads = config.architecture.heads
    losses = [TverskyLoss(config.alpha, config.beta, config.smooth) for _ in heads]
    weights = [1 / len(heads)] * len(heads)
    model.compile(
        optimizer=keras.optimizers.Adam(schedule, clipnorm=1.0),
        loss=losses if len(heads) > 1 else losses[0],
        loss_weights=weights if len(heads) > 1 else None,
    )
    return model


def _steps(
    model: keras.Model,
    average: "_Average",
    samples: Sequence[Sample],
    config: TrainConfig,
    epoch: int,
) -> Iterator[float]:
    """The losses of one epoch's steps, penalty included."""
    heads = len(config.architecture.heads)
    for images, truth in epoch_batches(samples, config, epoch):
        model.reset_metrics()
        logs = model.train_on_batch(images, [truth] * heads if heads > 1 else truth)
        loss = float(logs[0] if isinstance(logs, (list, tuple)) else logs)
        if not np.isfinite(loss):
            raise RunError(
                f"The loss became {loss} in epoch {epoch}. Expected a number. Train with a smaller "
                "learning rate, and look for images without contrast."
            )
        average.update(model)
        yield loss


def _dice(model: keras.Model, config: TrainConfig, sample: Sample) -> float:
    """Mean hard Dice over the foreground classes of one whole case."""
    architecture = config.architecture
    run = forward(model, architecture.heads, "mean")
    probability = predict(run, sample.image, architecture.multiple, Options())
    return float(np.mean(dice(case_confusion(probability, sample.labels, 0.5))))


class _Average:
    """A network whose weights follow the trained one's as an exponential moving average."""

    def __init__(self, config: TrainConfig) -> None:
        self.model = build(config.architecture)
        self._momentum = config.averaging
        self._step = 0
        self._weights: list[np.ndarray] = []

    def update(self, model: keras.Model) -> None:
        """Move a little towards the trained weights; early on, more than a little."""
        momentum = min(self._momentum, self._step / (self._step + 10))
        self._step += 1
        current = [keras.ops.convert_to_numpy(variable) for variable in variables(model).values()]
        if not self._weights:
            self._weights = [weight.astype(np.float32) for weight in current]
        for mean, weight in zip(self._weights, current, strict=True):
            mean += (1 - momentum) * (weight - mean)
        for variable, mean in zip(variables(self.model).values(), self._weights, strict=True):
            variable.assign(mean)
