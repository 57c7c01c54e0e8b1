"""An image to probabilities at its own size: padded, in tiles where large, flipped on request.

A plain function on a network: no process, no cache, no file. Nothing is ever resized.
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from seg.errors import Cancelled

PIXELS_PER_TILE_SIDE = 512
OVERLAP = 0.25  # of a tile's side
SIGMA = 0.125  # of the Gaussian that blends tiles, in tile sides

Batch = np.ndarray
Forward = Callable[[Batch], Batch]  # (1, h, w, channels) -> (1, h, w, classes)
Progress = Callable[[int, int], None]  # passes done, passes in all


class Options(BaseModel):
    """What a user may choose about one prediction; part of the key of its result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    head: int | Literal["mean"] = "mean"
    flips: bool = False
    tile: int = Field(PIXELS_PER_TILE_SIDE, ge=64, le=4096)


def predict(
    forward: Forward,
    image: np.ndarray,
    multiple: int,
    options: Options,
    on_progress: Progress | None = None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> np.ndarray:
    """Probabilities of one image at native size.

    Images up to a tile are padded by mirroring and run at once. Larger ones run in overlapping
    tiles, blended by a Gaussian so that a tile's edge, where it sees least, counts least. With
    flips the mean of the image and its three mirrorings is taken.

    Args:
        forward: (1, h, w, channels) float32 to (1, h, w, classes), h and w divisible by `multiple`.
        image: (H, W, channels) float32, normalised.
        multiple: What the network's height and width must divide by.
        options: Flips and tile; the head is already in `forward`.
        on_progress: Called after each pass with (done, all).
        is_cancelled: Asked before each pass.

    Returns:
        (H, W, classes) float32 in 0..1.

    Raises:
        Cancelled: `is_cancelled` said so.

    Example:
        >>> half = lambda batch: np.full((*batch.shape[:3], 1), 0.5, np.float32)
        >>> predict(half, np.zeros((5, 7, 1), np.float32), 16, Options()).shape
        (5, 7, 1)
    """
    height, width = image.shape[:2]
    side = max(options.tile // multiple, 1) * multiple
    windows = list(product(_starts(height, side), _starts(width, side)))
    flips: Sequence[tuple[int, ...]] = [(), (0,), (1,), (0, 1)] if options.flips else [()]
    total = np.zeros(0, np.float32)
    weight = np.zeros((height, width, 1), np.float32)
    bell = _bell(min(side, height), min(side, width)) if len(windows) > 1 else np.float32(1)
    for done, ((top, left), axes) in enumerate(product(windows, flips), 1):
        if is_cancelled():
            raise Cancelled("The prediction was cancelled. Nothing was changed.")
        here = np.s_[top : top + side, left : left + side]
        tile = np.flip(_forward(forward, np.flip(image[here], axes), multiple), axes)
        if total.size == 0:
            total = np.zeros((height, width, tile.shape[-1]), np.float32)
        total[here] += tile * bell
        weight[here] += bell
        if on_progress:
            on_progress(done, len(windows) * len(flips))
    total /= weight
    return np.clip(total, 0, 1, out=total)


def decide(probability: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """Probabilities to class indices.

    One class, or background and one class: the class where its probability is >= threshold. Three
    and more exclude one another, so the most probable wins and the threshold plays no part.

    Args:
        probability: (H, W, classes) in 0..1; one channel means sigmoid, two or more softmax.
        threshold: In 0..1.

    Returns:
        (H, W) uint8: 0 is background.

    Example:
        >>> decide(np.array([[[0.2], [0.5]]]))
        array([[0, 1]], dtype=uint8)
    """
    if probability.shape[-1] > 2:
        return probability.argmax(-1).astype(np.uint8)
    return (probability[..., -1] >= float(threshold)).astype(np.uint8)


def _starts(length: int, side: int) -> list[int]:
    """Where tiles of `side` begin so that they cover `length` with at least the overlap."""
    if length <= side:
        return [0]
    step = int(side * (1 - OVERLAP))
    count = -(-(length - side) // step) + 1
    return [round(start) for start in np.linspace(0, length - side, count)]


def _bell(height: int, width: int) -> np.ndarray:
    """(height, width, 1) Gaussian weights; at the corners 1e-7, so never a division by 0."""

    def curve(length: int) -> np.ndarray:
        distance = (np.arange(length) - (length - 1) / 2) / length
        return np.exp(-0.5 * (distance / SIGMA) ** 2)

    return np.outer(curve(height), curve(width))[..., None].astype(np.float32)


def _forward(forward: Forward, tile: np.ndarray, multiple: int) -> np.ndarray:
    """One pass over a tile of any size: mirrored out to the multiple, and cut back."""
    height, width = tile.shape[:2]
    pads = [_sides(height, multiple), _sides(width, multiple), (0, 0)]
    padded = np.pad(tile, pads, mode="symmetric")
    (top, _), (left, _), _ = pads
    return forward(padded[None])[0, top : top + height, left : left + width]


def _sides(length: int, multiple: int) -> tuple[int, int]:
    """Padding before and after so that the length divides by the multiple."""
    missing = -length % multiple
    return missing // 2, missing - missing // 2
