"""Links to what can be taken away; each file is made when it is asked for."""

from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st

from pages.widgets.engine import request, service, shelf
from pages.widgets.predictions import Predictions
from seg.cases import Case
from seg.display import display
from seg.export.png import mask_png, overlay_png
from seg.export.table import scores_csv
from seg.table import case_rows

Export = Callable[[np.ndarray], bytes]  # of the decision, (H, W) class indices


def downloads(case: Case, predictions: Predictions, threshold: float) -> None:
    """Mask, overlay and scores of the case on the page, at the threshold in force."""
    names = predictions.checkpoint.metadata.class_names
    asked = request(case, predictions.checkpoint, predictions.options)
    mask = case.mask
    identity = (predictions.key(case), mask and mask.id, case.name, case.spacing_mm, threshold)

    def overlay(labels: np.ndarray) -> bytes:
        shown = display(case.image.pixels)
        truth = mask.labels if mask else None
        return overlay_png(shown.pixels, labels, truth, window=shown.windows[0][1:])

    def link(name: str, ending: str, export: Export, media_type: str, text: str) -> str:
        def make() -> bytes | None:
            result = service().peek(asked)  # not held here: it would outlive the cache's bound
            return None if result is None else export(result.labels(threshold))

        path = shelf().put(f"{name} {identity}", make, media_type, case.name + ending)
        return f'<a href="{path}" download title="{escape(text, quote=True)}">{name}</a>'

    links = [
        link(
            "Mask",
            "_prediction.png",
            mask_png,
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
            lambda labels: scores_csv(case_rows(case, labels, names)),
            "text/csv",
            "CSV with a row for each class, boundary distances included.",
        ),
    ]
    st.html(f'<div class="files"><span>Download</span>{"".join(links)}</div>')
