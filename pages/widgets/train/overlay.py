"""Several runs on one axis: one line each for the loss, for Dice, for alpha and beta."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pages.widgets.train.chart import COSTS, DICE, HEIGHT_PX, HOVERS, LOSS, UNITS
from pages.widgets.train.lines import (
    CONFIG,
    GREY,
    Trace,
    as_text,
    axis_y,
    base_layout,
    heading,
    legend,
    line,
    points,
)
from pages.widgets.train.look import Look
from pages.widgets.train.plot import GRID, INK
from pages.widgets.train.runs_look import RUN_COLOURS, RUN_SIGNS
from seg.curves import Axis, View, marks, smoothed
from seg.export.colours import BLACK

NOTES = {
    "reference": ("Loss at 0.5/0.5", "mean of heads, without cross-entropy and L2: comparable"),
    "loss": ("Loss as each run minimises it", "not comparable where the settings differ"),
}


def runs_figure(views: Sequence[View], look: Look) -> dict[str, Any]:
    """The chart of two to four runs.

    Args:
        views: The runs, in the order of their colours.
        look: What the reader chose.

    Returns:
        A figure for `plot`.
    """
    axes = [Axis.of(view, look.along, views) for view in views]
    shared: dict[str, np.ndarray] = {}
    traces: list[Trace] = []
    shapes: list[dict[str, Any]] = []
    looks = zip(views, axes, RUN_COLOURS, RUN_SIGNS, strict=False)
    for number, (view, axis, colour, sign) in enumerate(looks):
        shared[f"steps {number}"] = axis.at(view.steps["step"])
        shared[f"epochs {number}"] = axis.at(view.epochs["step"])
        traces += _traces(view, look, number, INK if colour == BLACK else colour, sign)
        shapes += _turns(view, axis, colour)
    return {
        "data": traces,
        "layout": _layout(look, axes[0], shapes, views),
        "config": CONFIG,
        "shared": shared,
    }


def _traces(view: View, look: Look, number: int, colour: str, sign: str) -> list[Trace]:
    """One run's lines; its entry in the legend switches all of them."""
    run, steps, epochs = view.run, view.steps, view.epochs
    loss, dice = smoothed(steps, look.half_life, (look.measure, "dice_hard_image"))
    held_out = epochs["reference" if look.measure == "reference" else "validation_loss"]
    common: dict[str, Any] = {"legendgroup": run.id, "colour": colour, "showlegend": False}
    along = {"x": f"shared(steps {number})"}
    each = {"x": f"shared(epochs {number})", "symbol": sign}
    name = f"{as_text(run.name)} "
    return [
        line(f"loss {run.id}", name, loss, **common | along | {"showlegend": True, "width": 2}),
        points(f"validation {run.id}", f"{name}validation", held_out, width=0, size=5,
               **common | each),
        line(f"dice {run.id}", f"{name}batches", dice, axis="y2", width=1, opacity=0.6,
             **common | along),
        points(f"validation dice {run.id}", f"{name}validation", epochs["mean_dice_image"],
               axis="y2", width=2, size=6, **common | each),
        line(f"alpha {run.id}", f"{name}alpha", steps["alpha"], axis="y3", digits=2,
             line={"shape": "hv"}, **common | along),
        line(f"beta {run.id}", f"{name}beta", steps["beta"], axis="y3", digits=2, dash="dash",
             line={"shape": "hv"}, **common | along),
    ]  # fmt: skip


def _turns(view: View, axis: Axis, colour: str) -> list[dict[str, Any]]:
    """A run's turns as thin lines of its colour."""
    turns = [mark for mark in marks(view.events) if mark.kind == "turn"]
    places = axis.at(np.array([mark.place for mark in turns]))
    return [
        {
            "type": "line", "xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1,
            "line": {"color": colour, "width": 1, "dash": "dot"}, "opacity": 0.7,
        }
        for x in places.tolist()
    ]  # fmt: skip


def _layout(
    look: Look, axis: Axis, shapes: list[dict[str, Any]], views: Sequence[View]
) -> dict[str, Any]:
    """Three panels over one x axis."""
    title, note = NOTES[look.measure]
    layout = base_layout(HEIGHT_PX, " ".join(view.run.id for view in views))
    return layout | {
        "hovermode": "x unified",
        "xaxis": {
            "anchor": "y3", "title": {"text": UNITS[axis.unit], "font": {"size": 11}},
            "gridcolor": GRID, "zeroline": False, "tickfont": {"size": 11},
            "uirevision": axis.unit, "rangemode": "tozero", "showspikes": True,
            "unifiedhovertitle": {"text": f"{HOVERS[axis.unit]} %{{x}}"},
            "spikemode": "across", "spikethickness": 1, "spikecolor": GREY, "spikedash": "dot",
        },
        "yaxis": axis_y(LOSS, type="log" if look.log else "linear",
                        uirevision=f"{look.log} {look.measure}",
                        rangemode="normal" if look.log else "tozero", nticks=6),
        "yaxis2": axis_y(DICE, range=[-0.03, 1.03], dtick=0.25),
        "yaxis3": axis_y(COSTS, rangemode="tozero", nticks=3),
        "legend": legend(LOSS[1]),
        "shapes": shapes,
        "annotations": [
            heading(title, LOSS[1], f"{note}; points: validation"),
            heading("Dice, hard, per image", DICE[1], "thin: batches, points: validation"),
            heading("alpha (lines) and beta (dashes)", COSTS[1]),
        ],
    }  # fmt: skip
