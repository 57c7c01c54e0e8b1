"""The frame around every page: the page list, and what is the same on all of them."""

import streamlit as st

from pages.widgets.frame import LOGO, draw_frame

# Icons are files of ours: Streamlit takes a page's :material/ icon from a server on the internet.
st.set_page_config("UNet++ workbench", page_icon=str(LOGO), layout="wide")
page = st.navigation(
    [
        st.Page("explore.py", title="Explore", default=True),
        st.Page("train.py", title="Train"),
    ],
    position="top",
)
draw_frame()
page.run()
