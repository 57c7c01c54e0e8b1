"""The values that can be turned, at every step: from the start, a schedule, or a hand; no Keras."""

from collections.abc import Mapping
from math import cos, pi

from seg.errors import ConfigError
from seg.train.config import TrainConfig
from seg.train.limits import why_not

WARM_UP_START = 0.1  # of the learning rate, at the first step


def first_controls(config: TrainConfig) -> dict[str, float]:
    """The values of all controls before the first step, by name."""
    weights = zip(config.architecture.heads, config.head_weights, strict=True)
    return {
        "alpha": config.loss.alpha,
        "beta": config.loss.beta,
        "gamma": config.loss.gamma,
        "learning_rate": config.optimizer.learning_rate,
        **{f"head_weight_{level}": weight for level, weight in weights},
    }


def check_turn(values: Mapping[str, object], known: Mapping[str, float]) -> dict[str, float]:
    """New values of some controls, looked at before they are believed.

    Args:
        values: By name, from whoever asked.
        known: The run's controls.

    Raises:
        ConfigError: A control the run does not have, no number, or one out of range.

    Example:
        >>> check_turn({"alpha": 0.3}, {"alpha": 0.5, "beta": 0.5})
        {'alpha': 0.3}
    """
    turned = {}
    for name, value in values.items():
        if name not in known:
            raise ConfigError(
                f"This run has no control {ascii(name)[1:-1][:40]}. Expected one of "
                f"{', '.join(known)}. Choose one of them."
            )
        if expected := why_not(name, value):
            raise ConfigError(
                f"The control {name} cannot be set. Expected {expected}. Received: "
                f"{ascii(value)[:40]}. Choose another."
            )
        turned[name] = float(str(value))
    return turned


def scheduled(config: TrainConfig, steps_done: int, steps_per_epoch: int) -> dict[str, float]:
    """What the schedules say after so many steps, by control."""
    epoch = steps_done / steps_per_epoch
    return {schedule.control: schedule.at(epoch) for schedule in config.schedules}


def learning_rate(config: TrainConfig, value: float, step: int, steps: int) -> float:
    """The learning rate of a step: the control's value times warm-up and decay.

    Args:
        config: Warm-up and decay.
        value: The control's.
        step: From 1.
        steps: In all.

    Example:
        >>> from seg.architecture import Architecture
        >>> from seg.preprocessing import Preprocessing
        >>> network = {"architecture": Architecture(), "preprocessing": Preprocessing()}
        >>> config = TrainConfig(data="x", **network)
        >>> [round(learning_rate(config, 1.0, step, 101), 3) for step in (1, 6, 54, 101)]
        [0.1, 1.0, 0.5, 0.0]
    """
    optimizer = config.optimizer
    warm = int(steps * optimizer.warm_up)
    done = step - 1
    if done < warm:
        return value * (WARM_UP_START + (1 - WARM_UP_START) * done / warm)
    if optimizer.decay == "constant":
        return value
    return value * (1 + cos(pi * (done - warm) / max(steps - warm, 1))) / 2
