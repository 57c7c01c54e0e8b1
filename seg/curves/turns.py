"""What was turned in a run, and as a schedule that turns the same again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seg.curves.curve import View
from seg.store import Event, SavedFile
from seg.train.schedule import Schedule, from_turns


@dataclass(frozen=True)
class Turned:
    """All that was turned at one step.

    Attributes:
        step: The first one that used the new values.
        epoch: That step's.
        changes: By control: the value before, and after.
        saved: The state just before, to branch from; None where none was kept.
    """

    step: int
    epoch: int
    changes: dict[str, tuple[float, float]]
    saved: SavedFile | None = None


def turned(events: Sequence[Event], saved: Sequence[SavedFile] = ()) -> list[Turned]:
    """Turns by step, oldest first.

    Args:
        events: Of a run.
        saved: Its checkpoints.
    """
    found: dict[int, dict[str, tuple[float, float]]] = {}
    epochs: dict[int, int] = {}
    for event in events:
        if event.kind != "turn" or not _is_number(event.new) or not _is_number(event.old):
            continue
        changes = found.setdefault(event.step, {})
        before = changes[event.name][0] if event.name in changes else event.old
        changes[event.name] = before, event.new
        epochs[event.step] = event.epoch
    states = {one.step: one for one in saved if one.kind == "resume"}
    return [
        Turned(step, epochs[step], changes, states.get(step - 1))
        for step, changes in sorted(found.items())
    ]


def schedules(view: View) -> tuple[Schedule, ...]:
    """What was turned by hand, as schedules that turn the same at the same steps.

    A control that a schedule moved already keeps that schedule unless a hand turned it.

    Returns:
        One for each control that was turned; none before the first epoch's length is known.
    """
    per_epoch = view.run.steps_per_epoch
    by_control: dict[str, list[tuple[int, float]]] = {}
    first: dict[str, float] = {}
    for one in turned(view.events):
        for name, (old, new) in one.changes.items():
            first.setdefault(name, old)
            by_control.setdefault(name, []).append((one.step, new))
    if not per_epoch:
        return ()
    kept = [one for one in view.config.schedules if one.control not in by_control]
    made = [from_turns(name, first[name], turns, per_epoch) for name, turns in by_control.items()]
    return (*kept, *made)


def _is_number(value: Any) -> bool:
    """Whether a turn's old or new value is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
