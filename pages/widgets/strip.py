"""Above the viewer: the cases to choose from, and the files that could not be read."""

import streamlit as st

from pages.widgets.collection import Collection
from pages.widgets.filmstrip import Frame, filmstrip
from pages.widgets.picture import thumbnail_path
from pages.widgets.predictions import Predictions
from seg.cases import Case


def strip(collection: Collection, case: Case, predictions: Predictions, threshold: float) -> None:
    """The filmstrip; a click opens the case."""
    frames = [_frame(case, predictions, threshold) for case in collection.cases]
    picked = filmstrip(frames, case.id, key="filmstrip")
    if picked and picked != case.id:
        st.query_params["case"] = picked
        st.rerun()


def refusals(collection: Collection) -> None:
    """Each refused file with its reason; folded where there are many."""
    refused = collection.refusals
    if not refused:
        return
    count = f"{len(refused)} file{'s' if len(refused) > 1 else ''} could not be used"
    done = f"; {len(collection.cases)} cases were read." if collection.cases else "."
    with st.expander(count + done, expanded=len(refused) <= 3, icon=":material/error:"):
        for refusal in refused:
            st.text(f"{refusal.name}: {refusal.reason}")


def _frame(case: Case, predictions: Predictions, threshold: float) -> Frame:
    """A case in the strip: its Dice, or why there is none."""
    outcome, job = predictions.outcome(case), predictions.job(case)
    if outcome is not None:
        dice = outcome.dice(threshold)
        text, state = ("no mask", "plain") if dice is None else (f"{dice:.3f}", "scored")
    elif predictions.error(case) is not None:
        text, state = "no result", "failed"
    else:
        text, state = ("waiting" if job else "not run"), "waiting"
    return Frame(case.id, case.name, thumbnail_path(case), text, state)
