"""All cases of the collection with their scores, worst first; a click opens one."""

from typing import Any

import streamlit as st

from pages.widgets.collection import Collection
from pages.widgets.numbers import DEFINITIONS
from pages.widgets.predictions import Outcome, Predictions
from seg import scores
from seg.cases import Case
from seg.confusion import Confusion
from seg.intervals import mean_interval
from seg.thresholds import nearest

PARTS = {"train": "trained on", "validation": "chosen by", "test": "unseen", None: "–"}


def table(collection: Collection, case: Case, predictions: Predictions, threshold: float) -> None:
    """The table and the collection's mean with its interval."""
    names = predictions.checkpoint.metadata.class_names
    rows = []
    for one in collection.cases:
        outcome = predictions.outcome(one)
        for label, name in enumerate(names, 1):
            rows.append(_row(one, outcome, label, name, predictions, threshold))
    rows.sort(key=lambda row: (row["Dice"] is None, row["Dice"] or 0.0))
    dice = [row["Dice"] for row in rows if row["Dice"] is not None]
    st.markdown("#### All cases, worst first")
    if dice:
        empty = sum(row["Truth, px"] == 0 for row in rows if row["Dice"] is not None)
        st.caption(
            f"Mean Dice {mean_interval(dice):.2f}; {empty} with an empty truth; threshold "
            f"{threshold:.2f}.",
            help="Hard Dice of each image, then the mean. The interval is a 95% bootstrap over "
            "images; images of one patient are not independent, so the truth is wider.",
        )
    ids = [row.pop("id") for row in rows]
    columns = {
        name: st.column_config.NumberColumn(format="%.3f", help=DEFINITIONS[name.lower()].text)
        for name in ("Dice", "Sensitivity", "Precision")
    }
    event = st.dataframe(
        rows,
        hide_index=True,
        height=min(38 + 35 * len(rows), 320),
        on_select="rerun",
        selection_mode="single-row",
        column_config=columns,
        key=f"table {hash(tuple(ids))}",
    )
    chosen = event.selection.rows
    if chosen and ids[chosen[0]] != case.id and st.session_state.get("opened") != ids[chosen[0]]:
        st.session_state["opened"] = ids[chosen[0]]
        st.query_params["case"] = ids[chosen[0]]
        st.rerun()
    if not chosen:
        st.session_state.pop("opened", None)


def _row(
    case: Case,
    outcome: Outcome | None,
    label: int,
    name: str,
    predictions: Predictions,
    threshold: float,
) -> dict[str, Any]:
    """One case and class."""
    row: dict[str, Any] = {
        "id": case.id,
        "Case": case.name,
        "Class": name,
        **dict.fromkeys(("Dice", "Sensitivity", "Precision", "Predicted, px", "Truth, px")),
        "Checkpoint": PARTS[predictions.checkpoint.metadata.part_of(case.id)],
    }
    if outcome is None or outcome.sums is None:
        return row
    index = nearest(threshold)
    sums = Confusion(*(part[label - 1, index] for part in outcome.sums))
    row |= {
        "Dice": float(scores.dice(sums)),
        "Sensitivity": float(scores.sensitivity(sums)),
        "Precision": float(scores.precision(sums)),
        "Predicted, px": int(sums.tp + sums.fp),
        "Truth, px": int(sums.tp + sums.fn),
    }
    return row
