"""The heads of a checkpoint on the case: what each takes and what it gives."""

from typing import Any

import streamlit as st

from pages.widgets.engine import request, service, shelf
from pages.widgets.predictions import Outcome, Predictions, outcome_of
from seg.cases import Case
from seg.errors import SegError
from seg.worker import Request

HELP = (
    "A head runs only the part of the network it needs: L1 the least, the last level and the mean "
    "all of it. Milliseconds are the passes for this image, loading left out; Dice is at the "
    "threshold in force."
)


def heads(case: Case, predictions: Predictions, threshold: float) -> None:
    """Milliseconds and Dice of each head, as far as they were run; a button runs the rest."""
    levels = predictions.checkpoint.metadata.architecture.heads
    if len(levels) < 2:
        return
    asked = {
        head: request(
            case, predictions.checkpoint, predictions.options.model_copy(update={"head": head})
        )
        for head in ("mean", *levels)
    }
    with st.expander("Speed against Dice: the heads on this case"):
        if st.button("Run every head", key="run heads", help=HELP):
            _run(asked)
        rows = []
        for head, one in asked.items():
            result = service().peek(one)
            rows.append(_row(head, outcome_of(case, result) if result else None, threshold))
        st.dataframe(rows, hide_index=True, key="heads table")


def _run(asked: dict[Any, Request]) -> None:
    """One after the other; leaving the page or the case ends the wait, not the page."""
    with st.status("Running the heads ...") as status:
        for head, one in asked.items():
            status.update(label=f"Running {_name(head)} ...")
            try:
                service().submit(one, shelf().owner, first=True).result()
            except SegError as error:
                st.error(str(error))
        status.update(label="Every head was run.", state="complete")


def _row(head: object, outcome: Outcome | None, threshold: float) -> dict[str, Any]:
    """One head; empty where it was not run."""
    return {
        "Head": _name(head),
        "ms": None if outcome is None else round(outcome.seconds * 1000),
        "Dice": None if outcome is None else outcome.dice(threshold),
    }


def _name(head: object) -> str:
    """As on the control."""
    return "Mean" if head == "mean" else f"L{head}"
