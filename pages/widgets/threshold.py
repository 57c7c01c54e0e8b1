"""The threshold in force: the checkpoint's own, or the one in the URL."""

import streamlit as st

from seg.checkpoint import Checkpoint


def chosen_threshold(checkpoint: Checkpoint) -> float:
    """From the URL where it holds one in 0..1, else what the checkpoint recommends."""
    try:
        threshold = float(st.query_params.get("threshold", "nan"))
    except ValueError:
        threshold = float("nan")
    if 0 <= threshold <= 1:
        return round(threshold, 2)
    return checkpoint.metadata.threshold


def forget_threshold() -> None:
    """Another checkpoint: its own threshold is in force."""
    st.query_params.pop("threshold", None)


def keep_threshold() -> None:
    """The viewer's threshold was let go of: into the URL with it."""
    st.query_params["threshold"] = f"{st.session_state['viewer']['threshold']:.2f}"
