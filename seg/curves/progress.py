"""How far a run is, how fast it goes, and what its loss is made of just now."""

from dataclasses import dataclass

import numpy as np

from seg.curves.curve import View
from seg.curves.thin import Table

RECENT_EPOCHS = 5
SAME = 1e-9  # relative; means of equal numbers differ by less
RECENT_POINTS = 20  # of the steps, for speed and shares


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes:
        share: Done, 0..1; None where the length is not known yet.
        steps_per_s: Of the last steps, validation and pauses left out; None before two.
        epoch_s: How long an epoch takes, with its validation as far as one was seen; None before
            two steps.
        left_s: How long it will take; None where that cannot be said.
    """

    share: float | None
    steps_per_s: float | None
    epoch_s: float | None
    left_s: float | None


@dataclass(frozen=True)
class Share:
    """What one part contributes to the loss, the mean of the last steps.

    Attributes:
        name: A series: "head_1", "class_0", "cross_entropy", "l2".
        value: Its weight within.
        fraction: Of the whole loss, 0..1; nan where that is 0.
    """

    name: str
    value: float
    fraction: float


def progress(view: View) -> Progress:
    """How far a run is; times are those of the last steps and epochs."""
    run = view.run
    total, per_epoch = run.total_steps, run.steps_per_epoch
    step_s = _step_s(view.steps)
    epoch_s = _epoch_s(view, step_s)
    left_s = None
    if total and per_epoch and epoch_s is not None:
        left_s = max(total - view.step, 0) / per_epoch * epoch_s
    return Progress(
        share=min(view.step / total, 1.0) if total else None,
        steps_per_s=1 / step_s if step_s else None,
        epoch_s=epoch_s,
        left_s=left_s,
    )


def shares(view: View, kind: str) -> list[Share]:
    """What the loss of the last steps is made of; the parts add up to it.

    Args:
        view: Of the run.
        kind: "heads" or "classes": how the overlap's part is cut.

    Returns:
        Heads or classes in order, then the cross-entropy where the loss has one, and L2. Empty
        before the first step.
    """
    if not len(view.steps):
        return []
    values = {name: _recent(view.steps, name) for name in part_names(view, kind)}
    whole = sum(values.values())
    return [
        Share(name, value, value / whole if whole else float("nan"))
        for name, value in values.items()
    ]


def part_names(view: View, kind: str) -> tuple[str, ...]:
    """Series whose sum is the loss: heads or classes, cross-entropy if it counts, L2."""
    if kind == "classes":
        parts = tuple(f"class_{index}" for index in range(len(view.layout.classes)))
    else:
        parts = tuple(f"head_{level}" for level in view.layout.levels)
    entropy = ("cross_entropy",) if view.layout.terms.cross_entropy else ()
    return (*parts, *entropy, "l2")


def moved(view: View, control: str) -> bool:
    """Whether a control's value changed in the steps read so far."""
    values = view.steps[control]
    return bool(len(values)) and bool(np.ptp(values) > SAME * np.abs(values).max())


def _recent(table: Table, name: str) -> float:
    """The mean of the last points, those that are undefined left out; 0 without any."""
    values = table[name][-RECENT_POINTS:]
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else 0.0


def _step_s(steps: Table) -> float | None:
    """Seconds of a step, of the last ones."""
    if len(steps) < 2:
        return None
    first = max(len(steps) - 1 - RECENT_POINTS, 0)
    done = steps["step"][-1] - steps["step"][first]
    seconds = float(steps["time"][-1] - steps["time"][first])
    return seconds / float(done) if seconds > 0 else None


def _epoch_s(view: View, step_s: float | None) -> float | None:
    """Seconds of an epoch: of the last ones, else of its steps alone."""
    if len(view.epochs):
        return float(np.nanmean(view.epochs["seconds"][-RECENT_EPOCHS:]))
    per_epoch = view.run.steps_per_epoch
    return step_s * per_epoch if step_s and per_epoch else None
