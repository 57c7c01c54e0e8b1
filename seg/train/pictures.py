"""The few validation images that a run shows at every epoch: chosen once, small, as PNG."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np

from seg.cases import Case
from seg.display import display
from seg.store import Picture

COUNT = 6
SIDE_MAX = 384  # pixels; larger pictures are shrunk to it


def choose(cases: Sequence[Case]) -> list[int]:
    """Indices of the cases to show: spread over those with something to find, filled with others.

    Example:
        >>> choose([])
        []
    """
    filled = [i for i, case in enumerate(cases) if case.mask is not None and case.mask.labels.any()]
    empty = [i for i in range(len(cases)) if i not in set(filled)]
    picked = _spread(filled, COUNT)
    return sorted(picked + _spread(empty, COUNT - len(picked)))


def pictures(cases: Sequence[Case], shown: Sequence[int]) -> list[Picture]:
    """The chosen cases as the store keeps them, numbered by their place in the validation."""
    return [_picture(index, cases[index]) for index in shown]


def to_png(probability: np.ndarray) -> bytes:
    """A probability of 0..1, (H, W), as 8-bit grey: 255 is 1."""
    return _png(np.rint(255 * np.clip(probability, 0, 1)).astype(np.uint8), nearest=False)


def _picture(number: int, case: Case) -> Picture:
    """One case: its image in 8 bits through the window it opens with, its mask's class indices."""
    if case.mask is None:
        raise ValueError(f"Case {case.id} has no mask.")
    shown = display(case.image.pixels)
    _, low, high = shown.windows[0]
    grey = np.clip((shown.pixels.astype(np.float32) - low) / (high - low), 0, 1)
    image = _png(np.rint(255 * grey).astype(np.uint8), nearest=False)
    mask = _png(case.mask.labels.astype(np.uint8), nearest=True)
    return Picture(number, case.id, case.name, image, mask)


def _png(pixels: np.ndarray, *, nearest: bool) -> bytes:
    """8-bit pixels as PNG, no side longer than `SIDE_MAX`."""
    from PIL import Image

    image = Image.fromarray(pixels)
    method = Image.Resampling.NEAREST if nearest else Image.Resampling.BOX
    shrink = SIDE_MAX / max(image.size)
    if shrink < 1:
        image = image.resize([max(round(side * shrink), 1) for side in image.size], method)
    content = BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


def _spread(indices: Sequence[int], count: int) -> list[int]:
    """At most so many of them, evenly over their order."""
    if len(indices) <= count:
        return list(indices)
    return [indices[i] for i in np.linspace(0, len(indices) - 1, count).astype(int)]
