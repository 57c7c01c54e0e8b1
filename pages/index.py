"""The frame around every page: the page list, and what is the same on all of them."""

import streamlit as st

from pages.widgets.frame import draw_frame

st.set_page_config(page_title="UNet++ workbench", layout="wide", initial_sidebar_state="expanded")
page = st.navigation(
    [st.Page("explore.py", title="Explore", icon=":material/visibility:", default=True)],
    position="top",
)
draw_frame()
page.run()
