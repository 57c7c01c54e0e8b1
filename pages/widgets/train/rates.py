"""Sensitivity against precision as they move, epoch by epoch."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pages.widgets.train.lines import CONFIG, GREY, as_text, base_layout, heading, identity
from pages.widgets.train.plot import GRID
from pages.widgets.train.runs_look import RUN_COLOURS
from seg.curves import View, iso_dice
from seg.export.colours import BLUE

HEIGHT_PX = 300
ISO = (0.2, 0.4, 0.6, 0.8)


def rates_figure(views: Sequence[View]) -> dict[str, Any]:
    """The path of each run over its validations; the newest epoch is the large point.

    Args:
        views: The runs.

    Returns:
        A figure for `plot`.
    """
    data = [_iso(dice) for dice in ISO]
    for view, colour in zip(views, RUN_COLOURS if len(views) > 1 else (BLUE,), strict=False):
        data += _path(view, colour)
    axis = {"range": [0, 1.02], "dtick": 0.25, "gridcolor": GRID, "zeroline": False,
            "tickfont": {"size": 11}}  # fmt: skip
    small = {"font": {"size": 11}}
    note = f"n = {views[0].held_out}"
    layout = base_layout(HEIGHT_PX, "rates") | {
        "margin": {"l": 44, "r": 8, "t": 26, "b": 38},
        "hovermode": "closest",
        "showlegend": False,
        "xaxis": axis | {"title": {"text": "Precision, validation pooled", **small}},
        "yaxis": axis | {"title": {"text": "Sensitivity, validation pooled", **small}},
        "annotations": [heading("Sensitivity against precision", 1, note)],
    }  # fmt: skip
    return {"data": data, "layout": layout, "config": CONFIG}


def _iso(dice: float) -> dict[str, Any]:
    """Where Dice is the same."""
    precision, sensitivity = iso_dice(dice)
    return {
        "type": "scatter", "mode": "lines+text", "uid": identity(f"iso {dice}"), "x": precision,
        "y": sensitivity, "line": {"color": GREY, "width": 0.7, "dash": "dot"}, "opacity": 0.6,
        "hoverinfo": "skip", "text": [f"Dice {dice:g}", *("" for _ in precision[1:])],
        "textposition": "top left", "textfont": {"size": 10, "color": GREY},
    }  # fmt: skip


def _path(view: View, colour: str) -> list[dict[str, Any]]:
    """A run's epochs in order."""
    epochs = view.epochs
    x, y = epochs["mean_precision"], epochs["mean_sensitivity"]
    count = len(epochs)
    sizes = np.full(count, 5.0)
    sizes[-1:] = 11
    return [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "uid": identity(f"path {view.run.id}"),
            "x": x,
            "y": y,
            "name": as_text(view.run.name),
            "line": {"color": colour, "width": 1},
            "marker": {"color": colour, "size": sizes, "opacity": np.linspace(0.35, 1, count)},
            "customdata": epochs["epoch"],
            "hovertemplate": "Epoch %{customdata:.0f}: precision %{x:.3f}, sensitivity %{y:.3f}",
        }
    ]
