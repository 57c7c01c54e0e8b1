"""What happened in a run, as lines across its chart."""

from collections.abc import Sequence
from dataclasses import dataclass

from seg.curves.turns import turned
from seg.store import Event

MARKS_MAX = 40  # lines in a chart; the newest are drawn
SHORT = {"pause": "paused", "go_on": "went on", "resume": "resumed", "save": "saved",
         "stop": "stopped", "problem": "problem", "branch": "branched"}  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """One line.

    Attributes:
        place: Between two steps: 311.5 is before step 312.
        kind: That of its event.
        label: Short, beside the line.
        text: In full.
    """

    place: float
    kind: str
    label: str
    text: str


def marks(events: Sequence[Event]) -> list[Mark]:
    """Lines for a run's events, in the order of their steps; what was turned together is one.

    Args:
        events: Of the run.
    """
    found = [
        Mark(
            one.step - 0.5,
            "turn",
            "  ".join(f"{_short(n)} {a:g}→{b:g}" for n, (a, b) in one.changes.items()),
            f"From step {one.step}: "
            + ", ".join(f"{plain(n)} {a:g} → {b:g}" for n, (a, b) in one.changes.items()),
        )
        for one in turned(events)
    ]
    found += [
        Mark(one.step + 0.5, one.kind, SHORT[one.kind], one.text)
        for one in events
        if one.kind in SHORT
    ]
    return sorted(found, key=lambda mark: mark.place)[-MARKS_MAX:]


def plain(control: str) -> str:
    """A control in words.

    Example:
        >>> plain("learning_rate"), plain("head_weight_4")
        ('learning rate', 'weight of head L4')
    """
    if control.startswith("head_weight_"):
        return f"weight of head L{control.rsplit('_', 1)[1]}"
    return control.replace("_", " ")


def _short(control: str) -> str:
    """A control in a word, where there is no room for more."""
    if control.startswith("head_weight_"):
        return f"L{control.rsplit('_', 1)[1]}"
    return {"learning_rate": "rate"}.get(control, control)
