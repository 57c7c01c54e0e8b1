"""How a control moves by itself over the epochs: drawn beforehand, or saved from turns by hand."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Point = tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]]


class Schedule(BaseModel):
    """Values of one control at some epochs.

    Attributes:
        control: "alpha", "beta", "gamma", "learning_rate", or "head_weight_1" and so on.
        points: (epoch, value), in order; epoch 0 is before the first step, 1.5 the middle of the
            second. Before the first point its value holds, after the last the last one's.
        between: "linear", or "steps": a value holds until the next point.

    Example:
        >>> half = Schedule(control="alpha", points=((0, 0.5), (20, 0.3)))
        >>> round(half.at(10), 6), half.at(40)
        (0.4, 0.3)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    control: str = Field(max_length=40)
    points: tuple[Point, ...] = Field(min_length=1, max_length=1000)
    between: Literal["linear", "steps"] = "linear"

    @model_validator(mode="after")
    def _in_order(self) -> "Schedule":
        epochs = [epoch for epoch, _ in self.points]
        if any(later <= earlier for earlier, later in pairwise(epochs)):
            raise ValueError("the epochs of a schedule must rise from point to point")
        return self

    def at(self, epoch: float) -> float:
        """The value after so many epochs."""
        index = bisect_right([at for at, _ in self.points], epoch)
        if index == 0:
            return self.points[0][1]
        start, value = self.points[index - 1]
        if index == len(self.points) or self.between == "steps":
            return value
        end, following = self.points[index]
        return value + (following - value) * (epoch - start) / (end - start)


def from_turns(
    control: str, start: float, turns: Sequence[tuple[int, float]], steps_per_epoch: int
) -> Schedule:
    """What was turned by hand, as a schedule that turns the same at the same steps.

    Args:
        control: Which.
        start: Its value at the first step.
        turns: (step, new value): the step is the first one that used the value, from 1.
        steps_per_epoch: Of the run.

    Example:
        >>> from_turns("alpha", 0.5, [(11, 0.3)], steps_per_epoch=10).points
        ((0.0, 0.5), (1.0, 0.3))
    """
    points = {0.0: start} | {(step - 1) / steps_per_epoch: value for step, value in turns}
    return Schedule(control=control, points=tuple(sorted(points.items())), between="steps")
