"""How the curves are drawn: chosen above the chart, kept in the URL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import streamlit as st

from seg.curves import Kind, View

Parts = Literal["heads", "classes"]
Measure = Literal["reference", "loss"]
PARTS = {"heads": "Heads", "classes": "Classes"}
MEASURES = {"reference": "At 0.5/0.5", "loss": "As trained"}
ALONG = {"step": "Step", "epoch": "Epoch", "time": "Time"}
HALF_LIVES = (0, 3, 10, 30, 100, 300, 1000, 3000)  # steps
PARTS_HELP = (
    "What the loss is made of, stacked up to its line: what each head adds, or what each class "
    "adds: the background's share against the lesion's. Weights are within."
)
MEASURE_HELP = (
    "At 0.5/0.5: the loss with alpha = beta = 0.5 and gamma 1, the mean of all heads, without "
    "cross-entropy and L2: comparable between runs, and before and after a turn. As trained: the "
    "loss each run minimises, which is not."
)
ALONG_HELP = (
    "What runs along the chart. Time is that of the training steps alone: pauses and validation "
    "are left out."
)
SMOOTH_HELP = (
    "An exponential moving average over steps: what lies so many steps back counts half. The "
    "recorded values are behind it, faint."
)
READ_HELP = (
    "Loss: of each step, its parts stacked up to its line, weights within. At 0.5/0.5: the mean of "
    "all heads with alpha = beta = 0.5 and gamma 1, without cross-entropy and L2: a turn does not "
    "move it. Dice: 2 TP / (2 TP + FP + FN), of the last head on the {batch} images of a batch; "
    "diamonds are the validation, {held_out} whole images, hard Dice from the mean of all heads, "
    "other kinds from the last head. Hard: cut at 0.5; soft: from the probabilities. Per image: "
    "then the mean; pooled: sums of all images first. Both empty: 1; truth empty, prediction not: "
    "0. With background: it counts as a class. Click an entry of the legend to switch it; drag to "
    "zoom, double-click to go back."
)
LOG_HELP = "Equal factors are equal heights. The loss's parts are lines then: logs do not add up."


@dataclass(frozen=True)
class Look:
    """What the reader chose.

    Attributes:
        parts: How the loss of one run is cut.
        measure: Which loss is compared between several.
        along: What runs along x.
        half_life: Of the smoothing, in steps; 0: none.
        log: Whether the loss has a log axis.
    """

    parts: Parts = "heads"
    measure: Measure = "reference"
    along: Kind = "step"
    half_life: int = 10
    log: bool = False


def choose_look(views: Sequence[View]) -> Look:
    """The choices, in one row, and how to read the chart.

    Args:
        views: The runs. Of several, each has one line: parts are not shown.
    """
    several = len(views) > 1
    first = Look()
    parts: str | None = first.parts
    measure: str | None = first.measure
    with st.container(horizontal=True, vertical_alignment="center", key="look"):
        if several:
            measure = _pick("Loss", MEASURES, first.measure, "measure", MEASURE_HELP)
        else:
            parts = _pick("Parts", PARTS, first.parts, "parts", PARTS_HELP)
        along = _pick("Along", ALONG, first.along, "along", ALONG_HELP)
        half_life = st.selectbox(
            "Smoothing",
            HALF_LIVES,
            index=HALF_LIVES.index(first.half_life),
            format_func=_half_life_words,
            key="smooth",
            bind="query-params",
            help=SMOOTH_HELP,
            label_visibility="collapsed",
            width=170,
        )
        log = st.toggle("Log", key="log", bind="query-params", help=LOG_HELP)
        counts = {"batch": views[0].config.batch, "held_out": views[0].held_out}
        st.caption("How to read it", help=READ_HELP.format(**counts), width="content")
    return Look(
        cast(Parts, parts or first.parts),
        cast(Measure, measure or first.measure),
        cast(Kind, along or first.along),
        half_life,
        log,
    )


def _pick(label: str, options: dict[str, str], first: str, key: str, help_text: str) -> str | None:
    """One of a few."""
    chosen: str | None = st.segmented_control(
        label,
        list(options),
        format_func=lambda option: options.get(option, option),
        default=first,
        required=True,
        key=key,
        bind="query-params",
        help=help_text,
        label_visibility="collapsed",
    )
    return chosen


def _half_life_words(steps: int) -> str:
    """A half-life as the list says it."""
    return f"Smooth: {steps:,} steps" if steps else "Not smoothed"
