"""The table of runs: a click opens one, ticks choose several. Real links, buttons and boxes."""

from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Row:
    """One run, in words.

    Attributes:
        id: Of the run.
        name: As the user called it.
        status: In a word, "Training".
        state: "live", "waiting", "ended", "stopped", "failed" or "cut": how the word looks.
        reason: Why it stands so, a sentence; "" where there is nothing to say.
        loss: In words.
        data: The data set.
        share: How far it is, 0..1; None before its length is known.
        progress: The same in words.
        dice: The best validation Dice.
        started: Unix seconds; shown in the browser's own time zone. None: not yet.
        duration: In words.
        can_resume: Whether a click takes it up again.
    """

    id: str
    name: str
    status: str
    state: str
    reason: str
    loss: str
    data: str
    share: float | None
    progress: str
    dice: str
    started: float | None
    duration: str
    can_resume: bool


@dataclass(frozen=True)
class Picked:
    """What was done with the table.

    Attributes:
        opened: A run to open.
        resumed: A run to take up again.
        ticked: The runs that are ticked.
    """

    opened: str | None
    resumed: str | None
    ticked: tuple[str, ...]


def table(rows: list[Row], *, key: str) -> Picked:
    """Draw it.

    Args:
        rows: In the order they are shown.
        key: Identity of this table among all elements of the application.
    """
    result = _component()(
        data=[asdict(row) for row in rows],
        key=key,
        default={"ticked": []},
        on_ticked_change=lambda: None,
        on_opened_change=lambda: None,
        on_resumed_change=lambda: None,
    )
    known = {row.id for row in rows}
    ticked = tuple(str(id_) for id_ in result.ticked or () if id_ in known)
    return Picked(_known(result.opened, known), _known(result.resumed, known), ticked)


def _known(id_: object, known: set[str]) -> str | None:
    """The id of one of the rows; what the browser sent else is nothing."""
    return id_ if isinstance(id_, str) and id_ in known else None


@st.cache_resource(show_spinner=False)
def _component() -> "st.components.v2.types.ComponentRenderer":
    """Registered once for the server."""
    return st.components.v2.component(
        "runs",
        html='<div class="runs"><table><thead></thead><tbody></tbody></table></div>',
        css=(_FOLDER / "table.css").read_text(encoding="utf-8"),
        js=(_FOLDER / "table.js").read_text(encoding="utf-8"),
    )
