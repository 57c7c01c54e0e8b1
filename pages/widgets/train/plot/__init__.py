"""A Plotly chart that grows in place: zoom, legend and hover survive every refresh.

`st.plotly_chart` (1.67) makes its element anew whenever the figure differs: what the reader zoomed
into or switched off is gone, and the chart flickers. Here `Plotly.react` draws into the same
element, and `uirevision` does what it promises. The script is the one the plotly package ships; it
comes from this server.
"""

import base64
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from web.scripts import plotly_path

_FOLDER = Path(__file__).parent
INK, PAPER, GRID = (
    "var(--st-text-color)", "var(--st-background-color)", "var(--st-border-color)",
)  # fmt: skip
"""Colours of the page's theme, wherever a figure takes a colour."""


def plot(figure: dict[str, Any], *, key: str, label: str) -> None:
    """Draw a figure.

    Args:
        figure: Plotly's `data`, `layout` and `config`; arrays may be NumPy's. A trace keeps its
            identity by `uid`. The text "shared(name)" stands for an array in `shared`.
        key: Identity of this chart among all elements of the application.
        label: What is to be seen, for those who cannot see it.
    """
    data = {"figure": plain(figure), "script": plotly_path(), "label": label}
    _component()(data=data, key=key)


def plain(value: Any) -> Any:
    """A figure as JSON, its arrays as Plotly's own form of typed arrays.

    Example:
        >>> plain({"y": np.array([1.0, 2.0], np.float32), "name": "Dice"})
        {'y': {'dtype': 'f4', 'bdata': 'AACAPwAAAEA='}, 'name': 'Dice'}
    """
    if isinstance(value, np.ndarray):
        kind = "<i4" if value.dtype.kind in "iu" else "<f4"
        content = base64.b64encode(np.ascontiguousarray(value, kind).tobytes()).decode()
        return {"dtype": kind[1:], "bdata": content}
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


@st.cache_resource(show_spinner=False)
def _component() -> "st.components.v2.types.ComponentRenderer":
    """Registered once for the server."""
    return st.components.v2.component(
        "plot",
        html='<div class="plot" role="figure"></div>',
        css=(_FOLDER / "plot.css").read_text(encoding="utf-8"),
        js=(_FOLDER / "plot.js").read_text(encoding="utf-8"),
        isolate_styles=False,  # Plotly writes its rules into the document
    )
