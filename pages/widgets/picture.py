"""A case and its prediction for the viewer: planes on the session's shelf, never in a message."""

import numpy as np

from pages.widgets.engine import request, service, shelf
from pages.widgets.viewer import ClassInfo, Plane, ViewerData, Window
from seg.cases import Case
from seg.checkpoint import Checkpoint
from seg.display import display
from seg.export.colours import TRUTH
from seg.export.png import thumbnail_jpeg
from seg.predict import Options
from seg.results import Result, result_key

RAW = "application/octet-stream"


def viewer_data(
    case: Case,
    checkpoint: Checkpoint,
    options: Options,
    result: Result | None,
    threshold: float,
    series: str,
    shown_class: int = 1,
) -> ViewerData:
    """What the viewer shows of a case.

    Args:
        case: With or without a mask.
        checkpoint: Whose prediction it is.
        options: Of the prediction.
        result: None while it is being computed: image and truth are shown alone.
        threshold: In force, 0..1.
        series: The collection's name: a window chosen by hand holds within it.
        shown_class: Whose overlay and live scores are shown.
    """
    shown = display(case.image.pixels)
    names = checkpoint.metadata.class_names
    argmax = checkpoint.metadata.architecture.classes > 2
    classes = [ClassInfo(index, name) for index, name in enumerate(names, 1)]
    return ViewerData(
        case=case.id,
        name=case.name,
        series=series,
        width=case.image.width,
        height=case.image.height,
        image=Plane(
            shelf().put(f"image {case.image.sha256}", lambda: _raw(shown.pixels), RAW),
            "uint16" if shown.pixels.dtype == np.uint16 else "uint8",
            3 if shown.pixels.ndim == 3 else 1,
        ),
        windows=[Window(*window) for window in shown.windows],
        classes=[ClassInfo(0, "background"), *classes] if argmax else classes,
        shown_class=shown_class,
        spacing_mm=case.spacing_mm,
        truth=_truth_path(case),
        probability=_probability_path(case, checkpoint, options) if result else None,
        decision="argmax" if argmax else "threshold",
        threshold=threshold,
    )


def thumbnail_path(case: Case) -> str:
    """Where the case's small picture is."""

    def make() -> bytes:
        shown = display(case.image.pixels)
        labels = case.mask.labels if case.mask else None
        window = shown.windows[0][1:]
        return thumbnail_jpeg(shown.pixels, 132, labels, window=window, colour=TRUTH)

    mask = case.mask.id if case.mask else ""
    return shelf().put(f"thumbnail {case.image.sha256} {mask}", make, "image/jpeg")


def _truth_path(case: Case) -> str | None:
    """Where the truth's class indices are."""
    mask = case.mask
    if mask is None:
        return None
    return shelf().put(f"truth {mask.id} {case.image.sha256}", lambda: _raw(mask.labels), RAW)


def _probability_path(case: Case, checkpoint: Checkpoint, options: Options) -> str:
    """Where the probabilities are, plane after plane; looked up when they are fetched."""
    asked = request(case, checkpoint, options)

    def make() -> bytes | None:
        result = service().peek(asked)
        if result is None:
            return None
        planes = result.probability
        if planes.shape[-1] == 2:
            planes = planes[..., 1:]
        return _raw(np.moveaxis(planes, -1, 0))

    key = result_key(checkpoint.sha256, case.image.sha256, options)
    return shelf().put(f"probability {key}", make, RAW)


def _raw(array: np.ndarray) -> bytes:
    """Row-major bytes, little-endian."""
    return np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
