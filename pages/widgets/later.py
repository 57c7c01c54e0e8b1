"""The first look of a session: the picture now, charts and tables a moment later.

Their scripts are megabytes that keep a browser busy for a second; the overlay should not wait.
"""

import streamlit as st

MOMENT_S = 0.3


def is_time_for_the_rest() -> bool:
    """False in a session's first run only; then the page draws itself again after a moment."""
    if st.session_state.get("first look done"):
        return True
    _draw_again()
    return False


@st.fragment(run_every=MOMENT_S)
def _draw_again() -> None:
    """Called once with the page, and once a moment later."""
    if st.session_state.get("first look"):
        st.session_state["first look done"] = True
        st.rerun()
    st.session_state["first look"] = True
