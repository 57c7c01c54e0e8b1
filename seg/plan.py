"""What a training will take and how its costs move, worked out before it starts. No Keras."""

import re
from dataclasses import dataclass
from typing import Literal

from seg.architecture import Architecture
from seg.train.batches import steps_per_epoch
from seg.train.config import TrainConfig
from seg.train.schedule import Schedule

FLOAT_BYTES = 4
COPIES = (
    7  # of the weights: the network, its gradients, two of Adam's, the average, two to validate
)
BASE_BYTES = 900 * 2**20  # a process with TensorFlow in it, around any network

SIZES: dict[str, tuple[int, ...]] = {
    "smallest": (8, 16, 32, 48, 64),
    "small": (16, 32, 64, 96, 128),
    "medium": (16, 32, 64, 128, 256),
    "paper": (32, 64, 128, 256, 512),
}


@dataclass(frozen=True)
class Plan:
    """What a training will take, before it starts.

    Attributes:
        steps_per_epoch: Each of one batch.
        steps: In all, if nothing ends it before.
        parameters: Of the network.
        memory_bytes: About; see `memory_bytes`.
    """

    steps_per_epoch: int
    steps: int
    parameters: int
    memory_bytes: int


def plan(config: TrainConfig, images: int) -> Plan:
    """What a training on so many images will take."""
    steps = steps_per_epoch(images, config)
    network = config.architecture
    memory = memory_bytes(network, config.views.crop, config.batch)
    return Plan(steps, steps * config.epochs, network.parameters, memory)


def ramp(
    start: float, end: float, epochs: int, stairs: int = 0, *, locked: bool = True
) -> tuple[Schedule, ...]:
    """Alpha moves from one value to another, and beta with it.

    Args:
        start: Alpha at the first step.
        end: Alpha from the last of these epochs on.
        epochs: How many it takes.
        stairs: In so many equal steps, each after an equal time; 0 moves it with every step.
        locked: Beta stays 1 - alpha; otherwise it stays where it is.

    Example:
        >>> [schedule.points for schedule in ramp(0.5, 0.3, 20)]
        [((0.0, 0.5), (20.0, 0.3)), ((0.0, 0.5), (20.0, 0.7))]
        >>> ramp(0.5, 0.3, 20, 2, locked=False)[0].points
        ((0.0, 0.5), (10.0, 0.4), (20.0, 0.3))
    """
    count = stairs or 1
    points = [(epochs * i / count, start + (end - start) * i / count) for i in range(count + 1)]
    between: Literal["linear", "steps"] = "steps" if stairs else "linear"
    return tuple(
        Schedule(
            control=control,
            points=tuple((epoch, round(value(alpha), 6)) for epoch, alpha in points),
            between=between,
        )
        for control, value in (("alpha", lambda alpha: alpha), ("beta", lambda alpha: 1 - alpha))
        if control == "alpha" or locked
    )


def memory_bytes(architecture: Architecture, crop: int, batch: int) -> int:
    """About how much memory a training takes, in bytes: within a fifth of what was measured.

    A step keeps, for its gradients, what goes into each convolution and what comes out of it two
    times, with a normalisation half as much again; beside it the weights and their copies.

    Args:
        architecture: The network.
        crop: Side of the views, in pixels.
        batch: Views of a step.

    Example:
        >>> round(memory_bytes(Architecture(), 96, 8) / 2**20)  # measured: 1775
        1689
    """
    kept = 2.0 if architecture.norm == "none" else 3.5
    floats = 0.0
    for name, shape in architecture.weight_shapes():
        if re.fullmatch(r"x\d\d_conv\d/kernel", name):
            *_, inputs, width = shape
            floats += (crop >> int(name[1])) ** 2 * (inputs + kept * width)
    return BASE_BYTES + FLOAT_BYTES * round(COPIES * architecture.parameters + batch * floats)
