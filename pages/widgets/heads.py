"""The heads of a checkpoint on the case: what each takes and what it gives."""

from contextlib import suppress
from typing import Any

import streamlit as st

from pages.widgets.engine import request, service, shelf
from pages.widgets.predictions import Outcome, Predictions
from pages.widgets.text import plain_text
from seg.cases import Case
from seg.errors import SegError
from seg.worker import Request

HELP = (
    "A head runs only the part of the network it needs: L1 the least, the last level and the mean "
    "all of it. Milliseconds are the passes for this image, loading left out; Dice is at the "
    "threshold in force."
)

POLL_S = 0.2
COLUMNS = {"Dice": st.column_config.NumberColumn(format="%.3f")}


def heads(case: Case, predictions: Predictions, threshold: float) -> None:
    """Milliseconds and Dice of each head, as far as they were run; a button runs the rest."""
    levels = predictions.checkpoint.metadata.architecture.heads
    if len(levels) < 2:
        return
    options = {
        head: predictions.options.model_copy(update={"head": head}) for head in ("mean", *levels)
    }
    with st.expander("Speed against Dice: the heads on this case"):
        if st.button("Run every head", key="run heads", help=HELP):
            _run({h: request(case, predictions.checkpoint, one) for h, one in options.items()})
        rows = [_row(h, predictions.peek(case, one), threshold) for h, one in options.items()]
        st.dataframe(rows, hide_index=True, placeholder="–", column_config=COLUMNS)


def _run(asked: dict[Any, Request]) -> None:
    """One after the other; another click on the page ends the wait."""
    with st.status("Running the heads ...") as status:
        for head, one in asked.items():
            job = service().submit(one, shelf().owner, first=True)
            while not job.is_finished:
                status.update(label=f"Running {_name(head)} ...")
                with suppress(TimeoutError, SegError):
                    job.result(POLL_S)
            if job.error is not None:
                st.error(plain_text(str(job.error)))
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
