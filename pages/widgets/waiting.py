"""While predictions run: how far they are, and a way to stop them."""

import streamlit as st

from pages.widgets.predictions import Predictions
from pages.widgets.text import plain_text
from seg.cases import Case
from seg.errors import Cancelled

EVERY_S = 0.4


def waiting(predictions: Predictions, case: Case) -> None:
    """In place of the numbers: the case's own prediction, or why there is none."""
    error = predictions.error(case)
    if error is None:
        _own_progress(predictions, case)
        return
    if isinstance(error, Cancelled):
        st.caption("The prediction was stopped.")
    else:
        st.error(plain_text(str(error)))
    st.button("Predict again", on_click=predictions.again, key="again")


def others(predictions: Predictions, case: Case, cases: tuple[Case, ...]) -> None:
    """Under the viewer: the rest of the collection, predicted one after the other."""
    missing = [one for one in cases if one is not case and predictions.outcome(one) is None]
    if not missing:
        return
    if predictions.waiting():
        _all_progress(predictions, cases)
    else:
        st.button(f"Predict the other {len(missing)}", on_click=predictions.again, key="go on")


@st.fragment(run_every=EVERY_S)
def _own_progress(predictions: Predictions, case: Case) -> None:
    """The case's place in the queue or its passes; redraws the page at the end."""
    job = predictions.job(case)
    if job is None or job.is_finished:
        st.rerun()
    place = job.place()
    done, total = job.progress
    if place:
        st.progress(0.0, f"Waiting: {place} before this one.")
    elif total > 1:
        st.progress(done / total, f"Predicting: {done} of {total} passes.")
    else:
        st.progress(0.0, "Predicting. A network's first time takes some seconds.")
    st.button("Stop", on_click=predictions.stop, key="stop own")


@st.fragment(run_every=2 * EVERY_S)
def _all_progress(predictions: Predictions, cases: tuple[Case, ...]) -> None:
    """How many of the collection are done; redraws the page when it changes."""
    done = sum(predictions.outcome(case) is not None for case in cases)
    if done != st.session_state.get("cases done") or not predictions.waiting():
        st.session_state["cases done"] = done
        st.rerun()
    left, right = st.columns([5, 1])
    left.progress(done / len(cases), f"{done} of {len(cases)} cases predicted.")
    right.button("Stop", on_click=predictions.stop, key="stop all", width="stretch")
