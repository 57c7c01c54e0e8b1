"""Links to what can be taken away; each file is made when it is asked for."""

from html import escape

import streamlit as st

from pages.widgets.engine import shelf
from pages.widgets.predictions import Predictions
from seg.cases import Case
from seg.display import display
from seg.export.png import mask_png, overlay_png
from seg.export.table import scores_csv
from seg.results import Result
from seg.table import case_rows
from web.shelf import Make


def downloads(case: Case, predictions: Predictions, result: Result, threshold: float) -> None:
    """Mask, overlay and scores of the case on the page, at the threshold in force."""
    names = predictions.checkpoint.metadata.class_names
    mask = case.mask
    identity = f"{predictions.key(case)} {mask.sha256 if mask else ''} {threshold}"

    def overlay() -> bytes:
        shown = display(case.image.pixels)
        truth = mask.labels if mask else None
        labels = result.labels(threshold)
        return overlay_png(shown.pixels, labels, truth, window=shown.windows[0][1:])

    def link(name: str, ending: str, make: Make, media_type: str, text: str) -> str:
        path = shelf().put(f"{name} {identity}", make, media_type, case.name + ending)
        return f'<a href="{path}" download title="{escape(text, quote=True)}">{name}</a>'

    links = [
        link(
            "Mask",
            "_mask.png",
            lambda: mask_png(result.labels(threshold)),
            "image/png",
            "PNG at native size; the pixel values are the class indices.",
        ),
        link(
            "Overlay",
            "_overlay.png",
            overlay,
            "image/png",
            "PNG at native size: the image with hits, misses and false alarms in colour.",
        ),
        link(
            "Scores",
            "_scores.csv",
            lambda: scores_csv(case_rows(case, result.labels(threshold), names)),
            "text/csv",
            "CSV with a row for each class, boundary distances included.",
        ),
    ]
    st.html(f'<div class="files">{"".join(links)}</div>')
