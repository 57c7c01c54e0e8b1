"""Numbers on a page: each with its unit, and its definition one hover away."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Definition:
    """How a number is called and what it means."""

    label: str
    text: str


DEFINITIONS: Mapping[str, Definition] = {
    "dice": Definition(
        "Dice",
        "Overlap of prediction and truth: 2 TP / (2 TP + FP + FN), in pixels, at the threshold "
        "(>=). 1 is best. Both empty: 1; truth empty, prediction not: 0.",
    ),
    "iou": Definition(
        "IoU",
        "Intersection over union: TP / (TP + FP + FN). Never above Dice; 1 is best. Both empty: "
        "1; truth empty, prediction not: 0.",
    ),
    "sensitivity": Definition(
        "Sensitivity",
        "Share of the truth that was found: TP / (TP + FN). Undefined where the truth is empty.",
    ),
    "precision": Definition(
        "Precision",
        "Share of the prediction that is right: TP / (TP + FP). Undefined where nothing is "
        "predicted.",
    ),
    "hausdorff_95": Definition(
        "HD95",
        "95th percentile of the distances between the two borders, in each direction, then the "
        "larger. 0 is best. One mask empty: the image's diagonal. In pixels where the pixel size "
        "is not known.",
    ),
    "area": Definition(
        "Area",
        "Predicted area, and beside it the difference from the truth's. In pixels where the pixel "
        "size is not known.",
    ),
}


def number(name: str, value: str, delta: str | None = None, note: str = "") -> None:
    """One number with its definition on hover."""
    definition = DEFINITIONS[name]
    st.metric(
        definition.label,
        value,
        delta,
        delta_color="off",
        delta_arrow="off",
        help=" ".join(filter(None, (definition.text, note))),
    )


def plain(value: float | None, digits: int = 3, unit: str = "") -> str:
    """A number for the eye; an en dash where there is none.

    Example:
        >>> plain(0.81234), plain(float("nan")), plain(12.5, 1, "mm")
        ('0.812', '–', '12.5 mm')
    """
    if value is None or math.isnan(value):
        return "–"
    return f"{value:,.{digits}f}" + (f" {unit}" if unit else "")
