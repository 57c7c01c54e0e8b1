"""Sliders for what can be turned while a run trains; the sentence beside them turns along.

alpha and beta move together while they are locked to add up to 1. Nothing is sent while a hand is
on a slider: one message when it lets go. What others turn is followed, but never under the hand.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Control:
    """One thing to turn.

    Attributes:
        name: As the run has it: "alpha", "head_weight_4".
        label: For people.
        text: What it is, in a few words.
        value: In force.
        low: The least the number may be.
        high: The greatest.
        slider: The slider's right end; None: a number without a slider.
        asked: Asked for and not taken yet; None: nothing is.
        is_folded: Shown under "More".
    """

    name: str
    label: str
    text: str
    value: float
    low: float
    high: float
    slider: float | None = None
    asked: float | None = None
    is_folded: bool = False


@dataclass(frozen=True)
class SteerData:
    """What the sliders show.

    Attributes:
        run: The run's id; another run begins afresh.
        controls: alpha and beta first.
        told: What became of the last turn.
        disabled: Why nothing can be turned now; "" where it can.
    """

    run: str
    controls: tuple[Control, ...]
    told: str = ""
    disabled: str = ""


def steer(data: SteerData, *, key: str, on_turn: Callable[[Mapping[str, float]], None]) -> None:
    """The sliders.

    Args:
        data: What they show.
        key: Identity among all elements of the application.
        on_turn: Called with new values by name, when a hand let go.
    """

    def turned() -> None:
        values = st.session_state[key].get("turned")
        known = {control.name for control in data.controls}
        if isinstance(values, dict) and values.keys() <= known:
            on_turn({name: float(value) for name, value in values.items()})

    _component()(data=asdict(data), key=key, on_turned_change=turned)


@st.cache_resource(show_spinner=False)
def _component() -> "st.components.v2.types.ComponentRenderer":
    """Registered once for the server."""
    return st.components.v2.component(
        "steer",
        html=(_FOLDER / "steer.html").read_text(encoding="utf-8"),
        css=(_FOLDER / "steer.css").read_text(encoding="utf-8"),
        js=(_FOLDER / "steer.js").read_text(encoding="utf-8"),
    )
