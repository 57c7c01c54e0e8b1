"""All cases of the collection with their scores, worst first; a click opens one."""

import math
from typing import Any

import streamlit as st

from pages.widgets.collection import Collection
from pages.widgets.numbers import DEFINITIONS
from pages.widgets.predictions import Outcome, Predictions
from pages.widgets.text import plain_text
from seg import scores
from seg.cases import Case
from seg.confusion import Confusion
from seg.intervals import mean_interval
from seg.thresholds import nearest

PARTS = {"train": "trained on", "validation": "chosen by", "test": "unseen", None: "not known"}
MEAN_HELP = (
    "Hard Dice of each image, then the mean; both masks empty counts as 1. The interval is a 95% "
    "bootstrap over images: those of one patient are not independent, so the truth is wider."
)


def table(collection: Collection, case: Case, predictions: Predictions, threshold: float) -> None:
    """The table, and each class's mean with its interval."""
    names = predictions.checkpoint.metadata.class_names
    rows = [
        _row(one, predictions, label, name, threshold)
        for one in collection.cases
        for label, name in enumerate(names, 1)
    ]
    rows.sort(key=lambda row: (row["Dice"] is None, row["Dice"] or 0.0))
    st.markdown("#### All cases, worst first", help="Click a row to open its case.")
    for name in names:
        _mean([row for row in rows if row["Class"] == name], name if len(names) > 1 else "")
    ids = [row.pop("id") for row in rows]
    for row, case_id in zip(rows, ids, strict=True):
        row["Open"] = "●" if case_id == case.id else ""
    columns: dict[str, Any] = {
        name: st.column_config.NumberColumn(format="%.3f", help=DEFINITIONS[name.lower()].text)
        for name in ("Dice", "Sensitivity", "Precision")
    }
    columns["Open"] = st.column_config.Column(label="", width=30)
    columns["Checkpoint"] = st.column_config.Column(help="Whether it has seen the image.")
    event = st.dataframe(
        rows,
        hide_index=True,
        height=min(38 + 35 * len(rows), 340),
        on_select="rerun",
        selection_mode="single-cell",
        column_order=[name for name in rows[0] if name != "Class" or len(names) > 1],
        column_config=columns,
        placeholder="–",
        key=f"table {hash(tuple(ids))} {case.id}",  # another order or case: nothing is selected
    )
    cells = event.selection.cells
    if cells and ids[cells[0][0]] != case.id:
        st.query_params["case"] = ids[cells[0][0]]
        st.rerun()


def _mean(rows: list[dict[str, Any]], name: str) -> None:
    """One class's mean, as far as its cases are scored."""
    dice = [row["Dice"] for row in rows if row["Dice"] is not None]
    if not dice:
        return
    empty = sum(row["Truth, px"] == 0 for row in rows if row["Dice"] is not None)
    told = f", {empty} of them with an empty truth" if empty else ""
    st.caption(
        f"Mean Dice {plain_text(name)} {mean_interval(dice):.2f}{told}.".replace("  ", " "),
        help=MEAN_HELP,
    )


def _row(
    case: Case, predictions: Predictions, label: int, name: str, threshold: float
) -> dict[str, Any]:
    """One case and class."""
    row: dict[str, Any] = {
        "id": case.id,
        "Open": "",
        "Case": case.name,
        "Class": name,
        **dict.fromkeys(("Dice", "Sensitivity", "Precision", "Predicted, px", "Truth, px")),
        "Checkpoint": PARTS[predictions.checkpoint.metadata.part_of(case.id)],
    }
    return row | _scores(predictions.outcome(case), label, threshold)


def _scores(outcome: Outcome | None, label: int, threshold: float) -> dict[str, Any]:
    """Numbers of one class; nothing where there is no mask or no prediction."""
    if outcome is None or outcome.sums is None:
        return {}
    index = nearest(threshold)
    sums = Confusion(*(part[label - 1, index] for part in outcome.sums))
    rates = {
        "Dice": float(scores.dice(sums)),
        "Sensitivity": float(scores.sensitivity(sums)),
        "Precision": float(scores.precision(sums)),
    }
    return {key: None if math.isnan(value) else value for key, value in rates.items()} | {
        "Predicted, px": int(sums.tp + sums.fp),
        "Truth, px": int(sums.tp + sums.fn),
    }
