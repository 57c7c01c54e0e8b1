"""One viewer, a choice of cases beside it, and what Python got back."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parent))
from planes import make_case

from pages.widgets.viewer import ClassInfo, Plane, ViewerData, Window, viewer

st.set_page_config(layout="wide")
name = st.query_params.get("case", "discs")
columns = st.columns(4)
chosen = columns[0].text_input("Case", name)
threshold = float(columns[1].text_input("Given threshold", "0.5"))
other = columns[3].checkbox("Other checkpoint", False)
shown = int(st.query_params.get("shown", "1"))
case = make_case(chosen)
if not columns[2].checkbox("Mounted", True):
    st.stop()
state = viewer(
    ViewerData(
        case=chosen,
        width=case.image.shape[1],
        height=case.image.shape[0],
        image=Plane(
            f"/planes/{chosen}/image",
            "uint16" if case.image.dtype.itemsize == 2 else "uint8",
            3 if case.image.ndim == 3 else 1,
        ),
        windows=[Window(*one) for one in case.windows],
        classes=[ClassInfo(*one) for one in case.classes],
        shown_class=shown,
        spacing_mm=case.spacing_mm,
        truth=None if case.truth is None else f"/planes/{chosen}/truth",
        probability=None
        if case.probability is None
        else f"/planes/{chosen}/probability{'-other' if other else ''}",
        decision=case.decision,
        threshold=threshold,
    ),
    key="viewer",
    height_px=int(st.query_params.get("height", "560")),
)
st.text(f"Python has {state.threshold:.2f} for {chosen}")
