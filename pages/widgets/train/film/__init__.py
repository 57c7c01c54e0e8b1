"""The same few validation images at every epoch: what the network marks, right and wrong.

One file an epoch goes to the browser when the slider comes to it, straight from the store; the
overlay is painted there. Scores come from the run's own records, at the images' full size.
"""

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.widgets.engine import shelf, store
from seg.curves import View, picture_dice
from seg.errors import SegError
from seg.export.colours import FALSE_NEGATIVE, FALSE_POSITIVE, TRUE_POSITIVE, TRUTH, rgb

EPOCHS_MAX = 200  # stops of the slider
RAW = "application/octet-stream"
HELP = (
    "Chosen once, spread over the validation images that have something to find. A pixel is marked "
    "where the mean of all heads is 0.5 or more. Dice is hard, of the whole image; both masks "
    "empty: 1; truth empty, prediction not: 0. The arrow keys move the slider."
)
_FOLDER = Path(__file__).parent
_COLOURS = {
    "right": rgb(TRUE_POSITIVE),
    "false positive": rgb(FALSE_POSITIVE),
    "false negative": rgb(FALSE_NEGATIVE),
    "truth": rgb(TRUTH),
}


def film(view: View, *, key: str) -> None:
    """The pictures of a run, and the slider over its epochs.

    Args:
        view: The run.
        key: Identity among all elements of the application.
    """
    epochs = stops(view)
    if not epochs:
        st.caption("After the first epoch, six validation images are shown here as they change.")
        return
    run_id, lives = view.run.id, sum(event.kind == "resume" for event in view.events)
    urls = {
        epoch: shelf().put(f"film {run_id} {epoch} {lives}", _maker(run_id, epoch), RAW)
        for epoch in epochs
    }
    data = {
        "run": run_id,
        "stills": shelf().put(f"film {run_id}", lambda: _stills(run_id), RAW),
        "epochs": [{"epoch": epoch, "url": url} for epoch, url in urls.items()],
        "best": view.run.best_epoch,
        "colours": _COLOURS,
    }
    _component()(data=data, key=key)


def stops(view: View) -> list[int]:
    """The epochs the slider stops at: all, or some that are spread evenly, the newest always."""
    if not len(view.epochs):
        return []
    first, last = int(view.epochs.low[0, 0]), int(view.epochs.last("epoch"))
    return sorted({int(epoch) for epoch in np.linspace(first, last, EPOCHS_MAX).round()})


def pack(about: Any, parts: Sequence[bytes]) -> bytes:
    """One file: the length of a JSON text, the text with the parts' lengths, the parts.

    Example:
        >>> pack({"epoch": 1}, [b"abc"])[4:]
        b'{"epoch": 1, "lengths": [3]}abc'
    """
    text = json.dumps(about | {"lengths": [len(part) for part in parts]}).encode()
    return struct.pack("<I", len(text)) + text + b"".join(parts)


def _stills(run_id: str) -> bytes | None:
    """Images and masks, one after the other."""
    try:
        pictures = store().pictures(run_id)
    except SegError:
        return None
    names = [{"number": one.number, "name": one.name} for one in pictures]
    return pack({"pictures": names}, [part for one in pictures for part in (one.image, one.mask)])


def _maker(run_id: str, epoch: int) -> Any:
    """Makes an epoch's file when it is asked for."""

    def make() -> bytes | None:
        try:
            found = store().predictions(run_id, epoch)
            row = next(iter(store().epochs_after(run_id, epoch - 1, limit=1)), None)
        except SegError:
            return None
        if row is None or row.epoch != epoch:
            return None
        dice = picture_dice(row, list(found))
        shown = [{"number": number, "dice": dice.get(number)} for number in found]
        return pack({"epoch": epoch, "pictures": shown}, list(found.values()))

    return make


@st.cache_resource(show_spinner=False)
def _component() -> "st.components.v2.types.ComponentRenderer":
    """Registered once for the server."""
    return st.components.v2.component(
        "film",
        html=(_FOLDER / "film.html").read_text(encoding="utf-8"),
        css=(_FOLDER / "film.css").read_text(encoding="utf-8"),
        js=(_FOLDER / "film.js").read_text(encoding="utf-8"),
    )
