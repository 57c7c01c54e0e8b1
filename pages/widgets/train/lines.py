"""What the charts of a run are drawn with: lines, areas, axes, the marks of events."""

import re
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from pages.widgets.train.plot import GRID, INK, PAPER
from seg.curves import Mark
from seg.export.colours import BLUE, VERMILLION, rgb

Trace = dict[str, Any]
GREY = "#8a9096"
X = "shared(steps)"
X_EPOCHS = "shared(epochs)"
LABEL_SHARE = 0.23  # of the width: what an event's label takes
LABEL_ROWS = 2
MANY = 60  # epochs, from which on their points are small
CONFIG = {
    "displaylogo": False,
    # Nothing leaves this machine: Plotly's own default is a button that sends the data to its site.
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "sendChartToCloud"],
    "doubleClick": "reset",
    "showTips": False,
}


def identity(text: str) -> str:
    """A trace's `uid`: Plotly makes a CSS class of it, so a word of letters and digits.

    Example:
        >>> identity("iso 0.2")
        'iso-0-2'
    """
    return re.sub(r"[^A-Za-z0-9_]", "-", text)


def as_text(text: str) -> str:
    """A user's text in a chart: Plotly would read tags in it.

    Example:
        >>> as_text("a<b>")
        'a&lt;b&gt;'
    """
    return escape(text, quote=False)


def tint(colour: str, opacity: float) -> str:
    """A colour that lets the ground through.

    Example:
        >>> tint("#0072B2", 0.5)
        'rgba(0,114,178,0.5)'
    """
    return f"rgba({','.join(map(str, rgb(colour)))},{opacity:g})"


def line(uid: str, name: str, y: np.ndarray, *, colour: str, **more: Any) -> Trace:
    """A line over the steps.

    Args:
        uid: Its identity, as long as the chart lives.
        name: In legend and hover.
        y: (P,).
        colour: Any that Plotly or `plot` knows.
        more: `width`, `dash`, `axis`, `digits`, `shown`; the rest goes to Plotly.
    """
    shown, digits = more.pop("shown", True), more.pop("digits", 3)
    stroke = {"color": colour, "width": more.pop("width", 1.5), "dash": more.pop("dash", "solid")}
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": identity(uid),
        "name": name,
        "x": X,
        "y": y,
        "yaxis": more.pop("axis", "y"),
        "line": stroke | more.pop("line", {}),
        "visible": True if shown else "legendonly",
        "hovertemplate": f"%{{y:.{digits}f}}",
    } | more


def faint(uid: str, y: np.ndarray, *, colour: str, axis: str, group: str) -> Trace:
    """What was recorded, behind its smoothed line: no hover, no legend of its own."""
    return line(
        uid, "", y, colour=colour, axis=axis, width=1, x="shared(swings)", opacity=0.28,
        showlegend=False, hoverinfo="skip", hovertemplate=None, legendgroup=group,
    )  # fmt: skip


def area(uid: str, name: str, y: np.ndarray, fill: str) -> Trace:
    """A part of a sum, on top of those before it."""
    return line(uid, name, y, colour=fill, width=0, stackgroup="parts", fillcolor=fill)


def points(uid: str, name: str, y: np.ndarray, *, colour: str, **more: Any) -> Trace:
    """One value an epoch: a line with its points."""
    symbol, size = more.pop("symbol", "diamond"), more.pop("size", 7)
    size = size if len(y) <= MANY else size / 2
    marker = {"color": colour, "size": size, "symbol": symbol}
    mode = {"x": X_EPOCHS, "mode": "lines+markers", "marker": marker | more.pop("marker", {})}
    return line(uid, name, y, colour=colour, **(mode | more))


def axis_y(domain: Sequence[float], **more: Any) -> dict[str, Any]:
    """One panel's axis."""
    return {
        "domain": list(domain),
        "gridcolor": GRID,
        "zeroline": False,
        "fixedrange": False,
        "tickfont": {"size": 11},
        "automargin": True,
    } | more


def heading(text: str, y: float, note: str = "") -> dict[str, Any]:
    """A panel's title, above its left end."""
    small = f"  <span style='font-size:11px'>{note}</span>" if note else ""
    return {
        "text": f"<b>{text}</b>{small}", "xref": "paper", "yref": "paper", "x": 0, "y": y,
        "xanchor": "left", "yanchor": "bottom", "yshift": 3, "showarrow": False,
        "font": {"size": 12.5}, "align": "left",
    }  # fmt: skip


def nothing_yet(domain: Sequence[float]) -> dict[str, Any]:
    """In place of curves, before the first step."""
    return {
        "text": "The first step will be drawn here.", "xref": "paper", "yref": "paper", "x": 0.5,
        "y": sum(domain) / 2, "showarrow": False, "font": {"size": 12.5, "color": GREY},
    }  # fmt: skip


def legend(y: float, order: str = "normal") -> dict[str, Any]:
    """A panel's legend, on its right."""
    return {
        "traceorder": order,
        "x": 1.01, "xanchor": "left", "y": y, "yanchor": "top", "font": {"size": 11},
        "bgcolor": "rgba(0,0,0,0)", "itemsizing": "trace", "tracegroupgap": 0, "itemwidth": 30,
        "uirevision": "legend",
    }  # fmt: skip


def base_layout(height_px: int, revision: str) -> dict[str, Any]:
    """What all charts of a run share."""
    return {
        "height": height_px,
        "margin": {"l": 44, "r": 8, "t": 22, "b": 34},
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "font": {"family": "var(--st-font)", "color": INK, "size": 12},
        "hoverlabel": {"bgcolor": PAPER, "bordercolor": GRID, "font": {"size": 11, "color": INK}},
        "uirevision": revision,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": GREY, "activecolor": INK},
        "dragmode": "zoom",
    }


def event_lines(
    found: Sequence[Mark], places: np.ndarray, width: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Events as lines through all panels, with labels at the top where there is room.

    Args:
        found: In the order of their places.
        places: (N,) on the x axis.
        width: Of the whole axis, in its unit.

    Returns:
        Shapes and annotations of a layout.
    """
    shapes, labels = [], []
    free = [float("-inf")] * LABEL_ROWS  # where a row's last label ends
    for mark, x in zip(found, places.tolist(), strict=True):
        is_turn = mark.kind == "turn"
        colour = VERMILLION if mark.kind == "problem" else BLUE if is_turn else GREY
        width_px, dash = (1.2, "solid") if is_turn else (1, "dot")
        stroke = {"color": colour, "width": width_px, "dash": dash}
        shapes.append({
            "type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1,
            "line": stroke, "opacity": 0.75, "layer": "above",
        })  # fmt: skip
        row = next((i for i, end in enumerate(free) if end <= x), None)
        if row is None:
            continue
        free[row] = x + LABEL_SHARE * width
        labels.append({
            "text": mark.label, "x": x, "xref": "x", "y": 1, "yref": "paper", "xanchor": "left",
            "yanchor": "top", "xshift": 3, "yshift": -2 - 14 * row, "showarrow": False,
            "font": {"size": 10.5, "color": INK}, "bgcolor": PAPER, "opacity": 0.85,
            "hovertext": mark.text, "borderpad": 1,
        })  # fmt: skip
    return shapes, labels
