"""The cases to choose from."""

import streamlit as st

from pages.widgets.collection import Collection
from pages.widgets.filmstrip import Frame, filmstrip
from pages.widgets.picture import thumbnail_path
from pages.widgets.predictions import Predictions
from seg.cases import Case
from seg.errors import Cancelled


def strip(collection: Collection, case: Case, predictions: Predictions, threshold: float) -> None:
    """The filmstrip above the viewer; a click opens the case."""
    frames = [_frame(case, predictions, threshold) for case in collection.cases]
    picked = filmstrip(frames, case.id, key="filmstrip")
    if picked and picked != case.id:
        st.query_params["case"] = picked
        st.rerun()


def _frame(case: Case, predictions: Predictions, threshold: float) -> Frame:
    """A case in the strip: its Dice, or why there is none."""
    outcome, error = predictions.outcome(case), predictions.error(case)
    dice = outcome.dice(threshold) if outcome is not None else None
    if dice is not None:
        text, state = f"{dice:.3f}", "scored"
    elif outcome is not None:
        text, state = "no mask", "plain"
    elif isinstance(error, Cancelled):
        text, state = "stopped", "stopped"
    elif error is not None:
        text, state = "failed", "failed"
    else:
        text, state = "waiting", "waiting"
    return Frame(case.id, case.name, thumbnail_path(case), text, state, dice)
