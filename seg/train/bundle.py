"""A run's state between two steps in one file, so that it can go on as if it had never stopped.

A `.safetensors` file without code: the trainer's arrays, and the position as JSON. It never leaves
the machine. Which files there are stands in the store; what is damaged is passed over.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from seg.disk import write_durably
from seg.errors import RunError


@dataclass(frozen=True)
class Position:
    """Where a run stands after `step` steps.

    Attributes:
        step: Steps done.
        epoch: Epochs done, with their validation.
        controls: Their values by name, in force at the last step.
        by_hand: Controls that were turned by hand, and follow their schedule no more.
        best_epoch: Of the best validation Dice; 0: none yet.
        best_dice: That Dice; -1: none yet.
        losses: Sum of the losses of the epoch that is under way, and of their L2 penalties.
        seconds: That the epoch under way has taken.
        all_seconds: That all have taken, validations included.
    """

    step: int = 0
    epoch: int = 0
    controls: dict[str, float] = field(default_factory=dict)
    by_hand: tuple[str, ...] = ()
    best_epoch: int = 0
    best_dice: float = -1.0
    losses: tuple[float, float] = (0.0, 0.0)
    seconds: float = 0.0
    all_seconds: float = 0.0

    def stepped(self, loss: float, l2: float, seconds: float) -> "Position":
        """One step on."""
        return replace(
            self,
            step=self.step + 1,
            losses=(self.losses[0] + loss, self.losses[1] + l2),
            seconds=self.seconds + seconds,
            all_seconds=self.all_seconds + seconds,
        )

    def epoch_over(self, dice: float) -> "Position":
        """At the beginning of the next epoch, after a validation with this Dice."""
        epoch = self.epoch + 1
        best = (epoch, dice) if dice > self.best_dice else (self.best_epoch, self.best_dice)
        return replace(
            self,
            epoch=epoch,
            best_epoch=best[0],
            best_dice=best[1],
            losses=(0.0, 0.0),
            seconds=0.0,
        )


def write_bundle(
    folder: Path, arrays: Mapping[str, np.ndarray], position: Position
) -> tuple[Path, str]:
    """Write a state so that a crash leaves the whole file or none.

    Its name tells step, epoch and content: a file that the store names is never written over.

    Returns:
        The file, and its sha256.

    Raises:
        OSError: It cannot be written, as when the disk is full.
    """
    from safetensors.numpy import save

    tensors = {name: np.require(array, requirements="C") for name, array in arrays.items()}
    content = save(tensors, {"position": json.dumps(asdict(position))})
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / f"resume-{position.step}-{position.epoch}-{sha256[:8]}.bundle"
    write_durably(path, content)
    return path, sha256


def read_bundle(path: Path, sha256: str) -> tuple[dict[str, np.ndarray], Position]:
    """What `write_bundle` wrote.

    Raises:
        RunError: It is gone, or not the file it was.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        content = path.read_bytes()
    except OSError as error:
        raise RunError(f"The saved state {path.name} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise RunError(f"The saved state {path.name} is damaged.")
    try:
        arrays = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        values = json.loads(header["__metadata__"]["position"])
        values |= {name: tuple(values[name]) for name in ("by_hand", "losses")}
        return arrays, Position(**values)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"The saved state {path.name} is none of this version.") from error
