"""One viewer, a choice of cases beside it, and what Python got back.

In the address: `strip=1` adds a filmstrip, `tall=1` a long page under the viewer.
"""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parent))
from planes import make_case

from pages.widgets.filmstrip import Frame, filmstrip
from pages.widgets.viewer import ClassInfo, Plane, ViewerData, Window, viewer

CLEAR = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
FRAMES = [
    Frame("discs", "discs", CLEAR, "0.600", "scored", 0.6),
    Frame("quarters", "patient19_z086", CLEAR, "waiting", "waiting"),
    Frame("colours", "a" * 4 + "e\u0301" + "-" * 20 + "\U0001f9d1\u200d\u2695\ufe0f_5678",
          CLEAR, "stopped", "stopped"),
    Frame("wide", "\u05d0\u05d1(1)", CLEAR, "no result", "failed"),
    Frame("empty", "<i>12345678</i>", CLEAR, "1.000", "scored", 1.0),
]  # fmt: skip


def open_case(case: str) -> None:
    """Another case, from outside the viewer."""
    st.query_params["case"] = case
    st.rerun()


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
if "strip" in st.query_params:
    picked = filmstrip(FRAMES, chosen, key="strip")
    if picked:
        open_case(picked)
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
        name=case.name,
        series=case.series,
    ),
    key="viewer",
    height_px=int(st.query_params.get("height", "560")),
)
st.text(f"Python has {state.threshold:.2f} for {chosen}")
if "tall" in st.query_params:
    st.html("<div style='height: 3000px'></div>")
    if st.button("Open colours"):
        open_case("colours")
