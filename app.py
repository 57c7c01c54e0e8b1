"""The server: an ASGI app around the pages. Start it with `make run`.

The script Streamlit runs is pages/index.py, never this file: so a deep link's first visit goes
through the frame of every page too.
"""

import streamlit as st

from web.files import ROUTES

app = st.App("pages/index.py", routes=ROUTES)
