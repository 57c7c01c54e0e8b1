"""A strip of cases to choose from: thumbnail, name, Dice. Arrow keys move, Enter opens.

It also answers the viewer's keys for the next and the previous case: a DOM event on the window,
`seg:step-case`, with +1 or -1 as its detail.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Frame:
    """One case of the strip.

    Attributes:
        id: Case id.
        name: As the user knows it; a long one loses its middle, and is whole in the tooltip.
        thumbnail: URL of a small JPEG.
        text: Its Dice, or what it waits for.
        state: "scored", "waiting", "stopped", "failed" or "plain".
        value: Its Dice, 0..1, as the length of a bar under the text; None: no bar.
    """

    id: str
    name: str
    thumbnail: str
    text: str
    state: str = "plain"
    value: float | None = None


def filmstrip(frames: list[Frame], chosen: str, *, key: str) -> str | None:
    """The strip.

    Args:
        frames: In the order they are shown.
        chosen: The id of the case on the page.
        key: Identity of this strip among all elements of the application.

    Returns:
        The id of a case that was just chosen, by click or key; None otherwise.
    """
    data = {"frames": [asdict(frame) for frame in frames], "chosen": chosen}
    picked = _component()(data=data, key=key, on_picked_change=lambda: None).picked
    return str(picked) if picked else None


@st.cache_resource(show_spinner=False)
def _component() -> "st.components.v2.types.ComponentRenderer":
    """Registered once for the server."""
    return st.components.v2.component(
        "filmstrip",
        html='<div class="strip" role="listbox" aria-label="Cases"></div>',
        css=(_FOLDER / "filmstrip.css").read_text(encoding="utf-8"),
        js=(_FOLDER / "filmstrip.js").read_text(encoding="utf-8"),
    )
