"""Masks painted in colours or grey levels: each colour a class.

Part of `seg.coding`. One mask alone may lack a class; `common_colors` numbers those of a whole set
alike.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seg.files.image import data_error
from seg.grey import CHUNK_PIXELS, VALUES_MAX, Coded, not_a_mask

Color = tuple[int, int, int]
Colors = tuple[Color, ...]

BLACK: Color = (0, 0, 0)


class Painted(Protocol):
    """What is asked of a mask here."""

    @property
    def coding(self) -> str:
        """Its short word."""

    @property
    def colors(self) -> Colors:
        """What each class is painted with."""


def decode_painted(pixels: NDArray[Any], name: str, colors: Colors | None) -> tuple[Coded, Colors]:
    """Reads each colour as a class.

    Args:
        pixels: (H, W) or (H, W, 3).
        name: For the messages.
        colors: Of the classes, background first; None: found here.

    Returns:
        (labels and coding, the colours of the classes).

    Raises:
        DataError: More than 32 colours, or one that is not in `colors`.

    Example:
        >>> pixels = np.array([[[0, 0, 0], [0, 0, 255]]], np.uint8)
        >>> decode_painted(pixels, "m.png", None)[1]
        ((0, 0, 0), (0, 0, 255))
    """
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=-1)
    packed = _packed(pixels)
    seen = _distinct(packed, name)
    found = tuple(_unpacked(int(value)) for value in seen)
    if colors is None:
        ground = BLACK if BLACK in found else _unpacked(_border_mode(packed))
        colors = (ground, *sorted(set(found) - {ground}))
    unknown = [color for color in found if color not in colors]
    if unknown:
        raise data_error(
            f"The mask {name} has colours that stand for no class",
            "the colours " + ", ".join(map(shown_color, colors)),
            ", ".join(map(shown_color, unknown)),
            "Paint them in one of the colours",
        )
    labels = np.zeros(packed.shape, np.uint8)
    for index, color in enumerate(colors):
        if index:
            labels[packed == _pack(color)] = index
    used = tuple(color for color in colors if color in found)
    listed = ", ".join(f"{shown_color(color)} is class {colors.index(color)}" for color in used)
    grey = all(len(set(color)) == 1 for color in colors)
    word = "grey levels" if grey else "RGB colours"
    return Coded(labels, word, (f"Colours read as classes: {listed}.",)), colors


def common_colors(masks: Iterable[Painted]) -> Colors:
    """One list of colours for masks of one set, so that a colour is the same class in all.

    Returns:
        Background first, then the others by their number; empty when no mask is in colours or in
        grey levels.

    Example:
        >>> from seg.coding import Mask
        >>> labels = np.array([[0, 1]], np.uint8)
        >>> red = Mask(labels, "RGB colours", "", colors=(BLACK, (255, 0, 0)))
        >>> green = Mask(labels, "RGB colours", "", colors=(BLACK, (0, 255, 0)))
        >>> common_colors([red, green])
        ((0, 0, 0), (0, 255, 0), (255, 0, 0))
    """
    painted = [mask for mask in masks if mask.colors]
    if not any(mask.coding in ("RGB colours", "grey levels") for mask in painted):
        return ()
    used = {color for mask in painted for color in mask.colors}
    grounds = Counter(mask.colors[0] for mask in painted)
    ground = BLACK if BLACK in used else min(grounds, key=lambda color: (-grounds[color], color))
    return (ground, *sorted(used - {ground}))


def shown_color(color: Color) -> str:
    """A colour for a message: #rrggbb, or the numbers where they are 16 bits.

    Example:
        >>> shown_color((255, 0, 16))
        '#ff0010'
    """
    form = "#{:02x}{:02x}{:02x}" if max(color) < 256 else "({}, {}, {})"
    return form.format(*color)


def _distinct(packed: NDArray[np.uint64], name: str) -> NDArray[np.uint64]:
    """The colours that occur; stops as soon as there are too many."""
    flat, seen = packed.reshape(-1), np.empty(0, np.uint64)
    for start in range(0, flat.size, CHUNK_PIXELS):
        seen = np.union1d(seen, flat[start : start + CHUNK_PIXELS])
        if len(seen) > VALUES_MAX:
            raise not_a_mask(name, f"more than {VALUES_MAX} colours")
    return seen


def _packed(pixels: NDArray[Any]) -> NDArray[np.uint64]:
    """Each pixel's colour as one number."""
    red, green, blue = (pixels[..., channel].astype(np.uint64) for channel in range(3))
    return red << np.uint64(32) | green << np.uint64(16) | blue


def _pack(color: Color) -> int:
    """A colour as one number."""
    return color[0] << 32 | color[1] << 16 | color[2]


def _unpacked(number: int) -> Color:
    """The colour of a number."""
    return number >> 32, number >> 16 & 0xFFFF, number & 0xFFFF


def _border_mode(packed: NDArray[np.uint64]) -> int:
    """The most frequent colour of the border; the lowest where several are."""
    border = np.concatenate([packed[0], packed[-1], packed[:, 0], packed[:, -1]])
    values, counts = np.unique(border, return_counts=True)
    return int(values[counts.argmax()])
