"""The image viewer: image, mask and probability on a canvas, steered without the server.

The planes reach the browser once, at native resolution, through routes of the application;
window, opacity, threshold, zoom and the scores beside the threshold are computed there. Only
the threshold comes back, and only when the user lets go of it. Imports Streamlit and nothing
of `seg`: a page says what to show by `ViewerData`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

PROBABILITY_SCALE = 10_000
"""A probability travels as a uint16: floor(p * PROBABILITY_SCALE)."""

_FOLDER = Path(__file__).parent
# Order matters only for constants at the top of a file; later files use earlier ones.
_SCRIPTS = (
    "planes.js",
    "colours.js",
    "pyramid.js",
    "counts.js",
    "picture.js",
    "view.js",
    "reveal.js",
    "look.js",
    "sampler.js",
    "raster.js",
    "gestures.js",
    "keyboard.js",
    "corners.js",
    "controls.js",
    "loader.js",
    "actions.js",
    "main.js",
)


@dataclass(frozen=True)
class Plane:
    """Where the image's raw bytes are: little-endian, row-major, H * W * channels samples."""

    url: str
    dtype: Literal["uint8", "uint16"] = "uint8"
    channels: Literal[1, 3] = 1


@dataclass(frozen=True)
class Window:
    """A named range of intensities: `low` and below is black, `high` and above is white."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class ClassInfo:
    """A class: its index in the truth's pixels, and its name as the user wrote it."""

    index: int
    name: str


@dataclass(frozen=True)
class ViewerData:
    """What the viewer shows.

    Attributes:
        case: Identity of the picture. Another case is fitted to the window; the same case with
            another probability keeps zoom and pan.
        width: Native size, in pixels.
        height: Native size, in pixels.
        image: The image's plane.
        windows: Presets; the first is the default.
        classes: One entry per plane of `probability`, in the planes' order. Also names the
            truth's classes.
        shown_class: Index (not position) of the class whose overlay and scores are shown.
        spacing_mm: (row, column) pixel size in mm, or None when unknown.
        truth: URL of the raw uint8 class indices, H * W, or None.
        probability: URL of the raw little-endian uint16 planes, floor(p * 10000), or None.
        decision: "threshold": a pixel belongs to the class where p >= threshold. "argmax": it
            belongs to the most probable of the planes, background 0 among them.
        threshold: 0..1, in steps of 0.01. A new value moves the slider; the value that
            `viewer` returned may be given back and changes nothing.
        name: Of the case, as the user knows it; on the picture and for screen readers. Only
            ever text. Empty: nothing on the picture, and screen readers hear `case`.
        series: What the case belongs to, such as its collection. A window preset chosen by hand
            is kept by name from case to case of one series; a case of another series, or of
            none (empty), starts from its first window.
    """

    case: str
    width: int
    height: int
    image: Plane
    windows: list[Window]
    classes: list[ClassInfo]
    shown_class: int = 1
    spacing_mm: tuple[float, float] | None = None
    truth: str | None = None
    probability: str | None = None
    decision: Literal["threshold", "argmax"] = "threshold"
    threshold: float = 0.5
    name: str = ""
    series: str = ""


@dataclass(frozen=True)
class ViewerState:
    """What comes back from the viewer: the threshold where the user let go of it, 0..1."""

    threshold: float


@dataclass
class _Given:
    """The last threshold a page gave, the last one it got back, and how often it was set."""

    given: float
    returned: float
    revision: int = 0


def viewer(
    data: ViewerData,
    *,
    key: str,
    height_px: int = 560,
    on_threshold: Callable[[], None] | None = None,
) -> ViewerState:
    """Show a case: image, overlay, live scores.

    Args:
        data: What to show.
        key: Identity of this viewer among all elements of the application. Its state is also
            at `st.session_state[key]["threshold"]` once the user has moved the slider.
        height_px: Height of the picture, in CSS pixels, without the controls under it. A narrow
            column makes it lower; in a column of 900 px or a window 900 px high it grows to
            58 % of the window's height.
        on_threshold: Called without arguments before the rerun that a moved threshold causes.

    Returns:
        The threshold in force, 0..1: `data.threshold` until the user moves the slider.

    Raises:
        ValueError: `data` contradicts itself.
    """
    _check(data)
    given = _settle_threshold(data.threshold, key)
    payload: dict[str, Any] = asdict(data) | {
        "threshold": given.returned,
        "revision": given.revision,
        "height_px": height_px,
    }
    result = _mount(
        key=key,
        data=payload,
        on_threshold_change=on_threshold if on_threshold is not None else _ignore,
    )
    moved = result.get("threshold")
    if isinstance(moved, int | float):
        given.returned = float(moved)
    return ViewerState(threshold=given.returned)


def _settle_threshold(threshold: float, key: str) -> _Given:
    """Decide between the page's threshold and the user's; count how often the page's won.

    A page may give back what it got in an earlier run. That is an echo, and an echo must not
    undo a newer move of the user's.
    """
    state = st.session_state.get(key)
    moved = state.get("threshold") if isinstance(state, dict) else None
    memory = st.session_state.setdefault(f"_viewer {key}", _Given(threshold, threshold))
    if threshold not in (memory.given, memory.returned):
        memory.revision += 1
        moved = threshold
        if isinstance(state, dict):
            state["threshold"] = threshold
    memory.given = threshold
    memory.returned = threshold if moved is None else float(moved)
    return memory


def _check(data: ViewerData) -> None:
    """Refuse data that would make the browser show something untrue."""
    indices = [one.index for one in data.classes]
    if data.shown_class not in indices:
        raise ValueError(
            f"Class {data.shown_class} cannot be shown. Expected one of: {indices}. "
            f"Received: shown_class={data.shown_class}."
        )
    if data.decision == "argmax" and data.probability is not None and 0 not in indices:
        raise ValueError(
            "The decision 'argmax' lacks the background. Expected a class with index 0. "
            f"Received: {indices}."
        )
    if not 0 <= data.threshold <= 1:
        raise ValueError(
            f"The threshold is out of range. Expected 0..1. Received: {data.threshold}."
        )
    if not data.windows or data.width < 1 or data.height < 1:
        raise ValueError(
            "The picture is incomplete. Expected at least one window and a size of 1 or more. "
            f"Received: {len(data.windows)} windows, {data.width} x {data.height}."
        )


def _ignore() -> None:
    """Stand in for a callback nobody asked for; the state needs one to exist."""


def _read(name: str) -> str:
    """One of the files beside this one."""
    return (_FOLDER / name).read_text(encoding="utf-8")


# At import, so once per server process: a script's rerun finds the module already there.
_mount = st.components.v2.component(
    "unetpp_viewer",
    html=_read("viewer.html"),
    css=_read("viewer.css"),
    js="\n".join(_read(name) for name in _SCRIPTS),
)
