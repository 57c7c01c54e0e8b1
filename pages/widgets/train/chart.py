"""One run on one axis: loss and its parts, Dice, and what was turned."""

from typing import Any

import numpy as np

from pages.widgets.train.lines import (
    CONFIG,
    GREY,
    Trace,
    area,
    as_text,
    axis_y,
    base_layout,
    event_lines,
    faint,
    heading,
    legend,
    line,
    nothing_yet,
    points,
    tint,
)
from pages.widgets.train.look import Look
from pages.widgets.train.plot import GRID, INK
from seg.curves import Axis, View, envelope, marks, moved, part_names, smoothed
from seg.export.colours import (
    BLUE,
    CLASS_COLOURS,
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    SKY_BLUE,
    VERMILLION,
)

HEIGHT_PX = 545
LOSS, DICE, COSTS = (0.52, 1.0), (0.18, 0.46), (0.0, 0.115)  # of the height, from below
REDDISH_BROWN = "#9a7b6a"  # the cross-entropy: no colour of the image
DICE_NAMES = {
    "dice_hard_image": ("Hard, per image", BLUE, "solid"),
    "dice_hard_batch": ("Hard, pooled", SKY_BLUE, "solid"),
    "dice_soft_image": ("Soft, per image", BLUE, "dot"),
    "dice_soft_batch": ("Soft, pooled", SKY_BLUE, "dot"),
    "dice_hard_image_background": ("Hard + background", GREY, "solid"),
    "dice_hard_batch_background": ("Hard, pooled + background", GREY, "dash"),
    "dice_soft_image_background": ("Soft + background", GREY, "dot"),
    "dice_soft_batch_background": ("Soft, pooled + background", GREY, "dashdot"),
}
HOVERS = {"step": "Step", "epoch": "Epoch", "min": "Minute", "h": "Hour"}
MEAN_OF_HEADS = {  # where a validation has it, that is what a checkpoint is scored by
    "dice_hard_image": "mean_dice_image",
    "dice_hard_batch": "mean_dice_batch",
}
DICE_NOTE = "line: training batches; diamonds: validation"
UNITS = {
    "step": "Step", "epoch": "Epoch", "min": "Time trained, minutes", "h": "Time trained, hours",
}  # fmt: skip


def run_figure(view: View, look: Look) -> dict[str, Any]:
    """The chart of one run.

    Args:
        view: The run.
        look: What the reader chose.

    Returns:
        A figure for `plot`.
    """
    axis = Axis.of(view, look.along)
    swings, raw_loss = envelope(view.steps, "loss")
    _, raw_dice = envelope(view.steps, "dice_hard_image")
    x = axis.at(view.steps["step"])
    shared = {
        "steps": x,
        "epoch of": Axis.of(view, "epoch").at(view.steps["step"]),
        "epochs": axis.at(view.epochs["step"]),
        "swings": x[swings],
    }
    behind = [
        faint("raw loss", raw_loss, colour=INK, axis="y", group="loss"),
        faint("raw dice", raw_dice, colour=BLUE, axis="y2", group="dice_hard_image"),
    ]
    is_raw = not look.half_life and bool(np.all(view.steps.counts == 1))
    traces = [
        *_parts(view, look),
        *([] if is_raw else behind),
        *_loss(view, look),
        *_dice(view, look),
        *_costs(view),
    ]
    return {
        "data": traces,
        "layout": _layout(view, look, axis),
        "config": CONFIG,
        "shared": shared,
    }


def _parts(view: View, look: Look) -> list[Trace]:
    """What the loss is made of: areas that add up to it, lines where the axis is a log one."""
    names = part_names(view, look.parts)
    values = smoothed(view.steps, look.half_life, names)
    traces = []
    for name, y in zip(names, values, strict=True):
        words, fill = _part_look(name, view)
        if look.log:
            traces.append(line(f"part {name}", words, y, colour=fill))
        else:
            traces.append(area(f"part {name}", words, y, fill))
    return traces


def _part_look(name: str, view: View) -> tuple[str, str]:
    """A part's name for people, and its colour."""
    kind, _, index = name.rpartition("_")
    if kind == "head":
        place = view.layout.levels.index(int(index)) + 1
        return f"Head L{index}", tint(BLUE, 0.15 + 0.6 * place / len(view.layout.levels))
    if kind == "class":
        number, first = int(index), len(view.layout.classes) > 1
        if first and number == 0:
            return "Background", tint(GREY, 0.6)
        colours = (SKY_BLUE, *(one for one in CLASS_COLOURS if one != SKY_BLUE))
        name = as_text(view.layout.classes[number])
        return name.capitalize(), tint(colours[(number - first) % len(colours)], 0.75)
    if name == "cross_entropy":
        return "Cross-entropy", tint(REDDISH_BROWN, 0.55)
    return "L2 penalty", tint(GREY, 0.3)


def _loss(view: View, look: Look) -> list[Trace]:
    """Total, validation, and the reference that a turn does not move."""
    total, reference = smoothed(view.steps, look.half_life, ("loss", "reference"))
    return [
        line("loss", "Loss", total, colour=INK, width=2, legendgroup="loss",
             customdata="shared(epoch of)",
             hovertemplate="%{y:.3f}<br>(epoch %{customdata:.2f})"),
        points("validation", "Validation", view.epochs["validation_loss"], colour=INK, width=1,
               dash="dot", symbol="circle-open", size=6),
        line("reference", "At 0.5/0.5", reference, colour=VERMILLION, dash="dash", width=1.4),
        points("validation reference", "… validation", view.epochs["reference"], shown=False,
               colour=VERMILLION, width=1, dash="dot", symbol="circle-open", size=6),
    ]  # fmt: skip


def _dice(view: View, look: Look) -> list[Trace]:
    """Dice in every convention: a line for the batches, diamonds for the validation."""
    names = tuple(DICE_NAMES)
    traces = []
    for name, y in zip(names, smoothed(view.steps, look.half_life, names), strict=True):
        words, colour, dash = DICE_NAMES[name]
        common: dict[str, Any] = {
            "axis": "y2", "legend": "legend2", "legendgroup": name, "colour": colour,
            "dash": dash, "shown": name == "dice_hard_image",
        }  # fmt: skip
        own = MEAN_OF_HEADS.get(name, name)
        traces += [
            line(name, words, y, width=1.4, opacity=0.75, **common),
            points(f"validation {name}", f"{words}, validation", view.epochs[own],
                   width=2, showlegend=False, **common),
        ]  # fmt: skip
    return traces


def _costs(view: View) -> list[Trace]:
    """Alpha and beta as they stood at each step; others that moved, on an axis of their own."""
    steps = view.steps
    common: dict[str, Any] = {"axis": "y3", "digits": 2, "width": 2, "showlegend": False}
    common["line"] = {"shape": "hv"}
    traces = [
        line("alpha", "alpha", steps["alpha"], colour=FALSE_POSITIVE, **common),
        line("beta", "beta", steps["beta"], colour=FALSE_NEGATIVE, dash="dash", **common),
    ]
    if moved(view, "gamma"):
        traces.append(line("gamma", "gamma", steps["gamma"], colour=INK, dash="dot", **common))
    if moved(view, "learning_rate"):
        traces.append(line("rate", "Learning rate", steps["learning_rate"], colour=GREY, width=1,
                           axis="y4", showlegend=False, hovertemplate="%{y:.2e}"))  # fmt: skip
    return traces


def _layout(view: View, look: Look, axis: Axis) -> dict[str, Any]:
    """Three panels over one x axis."""
    found = marks(view.events)
    places = axis.at(np.array([mark.place for mark in found]))
    width = float(axis.at(np.array([max(view.step, 1.0)]))[0])
    shapes, labels = event_lines(found, places, width)
    highest = max([1.0, *np.nan_to_num(view.steps["alpha"]), *np.nan_to_num(view.steps["beta"])])
    layout = base_layout(HEIGHT_PX, view.run.id)
    return layout | {
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "xaxis": {
            "anchor": "y3", "title": {"text": UNITS[axis.unit], "font": {"size": 11}},
            "gridcolor": GRID, "zeroline": False, "tickfont": {"size": 11},
            "uirevision": axis.unit, "rangemode": "tozero", "showspikes": True,
            "unifiedhovertitle": {"text": f"{HOVERS[axis.unit]} %{{x}}"},
            "spikemode": "across", "spikethickness": 1, "spikecolor": GREY, "spikedash": "dot",
        },
        "yaxis": axis_y(LOSS, type="log" if look.log else "linear", uirevision=str(look.log),
                        rangemode="normal" if look.log else "tozero", nticks=6),
        "yaxis2": axis_y(DICE, range=[-0.03, 1.03], dtick=0.25),
        "yaxis3": axis_y(COSTS, range=[-0.05 * highest, 1.1 * highest], nticks=3),
        "yaxis4": axis_y(COSTS, overlaying="y3", side="right", rangemode="tozero",
                         showgrid=False, showticklabels=False),
        "legend": legend(LOSS[1], "reversed"),
        "legend2": legend(DICE[1] + 0.02),
        "shapes": shapes,
        "annotations": [
            heading("Loss, and what it is made of", LOSS[1], "mean over a batch"),
            heading(f"Dice of the {_target(view)}", DICE[1], DICE_NOTE),
            heading("What is turned", COSTS[1], _costs_key(view)),
            *([] if len(view.steps) else [nothing_yet(LOSS)]),
            *labels,
        ],
    }  # fmt: skip


def _costs_key(view: View) -> str:
    """Which line is which, in its colour."""
    words = [
        _coloured("alpha, cost of a false positive", FALSE_POSITIVE),
        _coloured("beta, of a false negative (dashes)", FALSE_NEGATIVE),
    ]
    if moved(view, "gamma"):
        words.append("gamma (dots)")
    if moved(view, "learning_rate"):
        words.append(_coloured("learning rate, own scale", GREY))
    return " &nbsp; ".join(words)


def _coloured(words: str, colour: str) -> str:
    """Words after a piece of their line."""
    return f"<span style='color:{colour}'>━</span> {words}"


def _target(view: View) -> str:
    """What is looked for, in a word."""
    names = view.config.class_names
    return as_text(names[0]) if len(names) == 1 else "classes, their mean"
