"""Train: start a run, watch it, hold several side by side. The address says which."""

import streamlit as st

from pages.widgets.engine import store
from pages.widgets.text import plain_text
from pages.widgets.train.address import all_runs, is_drawn, shown_runs
from pages.widgets.train.after import after
from pages.widgets.train.runs import run_list
from pages.widgets.train.start import start_form
from pages.widgets.train.watch import watch
from seg.errors import SegError

try:
    runs = store().runs()
    shown, unknown = shown_runs(store())
except SegError as error:
    st.error(plain_text(str(error)))
    st.stop()

for text in unknown:
    st.warning(plain_text(text))
if shown:
    with st.container(horizontal=True, vertical_alignment="center", key="run head"):
        st.button("← All runs", on_click=all_runs, key="all runs", type="tertiary")
        if len(shown) == 1:
            after(shown[0])
    watch(shown)
    is_drawn()
    st.stop()

if runs:
    run_list(runs)
start_form(runs)
