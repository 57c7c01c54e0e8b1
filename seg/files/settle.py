"""The last step of reading: orientation, alpha and grey-as-RGB, each told in a note."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg.files.image import Decoded, Image, Pixels, data_error


def settle(decoded: Decoded, name: str, kind: str, sha256: str) -> Image:
    """Makes the Image that everything else works on.

    Args:
        decoded: What the format's reader gave.
        name: For the messages.
        kind: The format.
        sha256: Of the file's bytes.

    Returns:
        The image, contiguous, its pixels read-only.

    Raises:
        DataError: A floating-point image has values that are not finite.
    """
    _check_finite(decoded.pixels, name)
    notes = list(decoded.notes)
    alpha = _varying_alpha(decoded.alpha, notes)
    pixels = _grey_if_grey(decoded.pixels, notes)
    indices = decoded.indices
    if decoded.orientation != 1:
        pixels = orient(pixels, decoded.orientation)
        indices = None if indices is None else orient(indices, decoded.orientation)
        alpha = None if alpha is None else orient(alpha, decoded.orientation)
        notes.append(f"EXIF orientation {decoded.orientation} applied.")
    return Image(
        pixels=_frozen(pixels),
        sha256=sha256,
        format=kind,
        bits=decoded.bits,
        notes=tuple(notes),
        indices=None if indices is None else _frozen(indices),
        palette=None if decoded.palette is None else _frozen(decoded.palette),
        alpha=None if alpha is None else _frozen(alpha),
    )


def orient(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turns and mirrors an image as its EXIF orientation (1 to 8) asks.

    Example:
        >>> orient(np.array([[1, 2, 3]]), 6)  # stored lying, shown standing: a quarter clockwise
        array([[1],
               [2],
               [3]])
    """
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return array


def _check_finite(pixels: Pixels, name: str) -> None:
    """Refuses NaN and infinity, which every later step would spread."""
    if pixels.dtype.kind != "f":
        return
    bad = int(pixels.size - np.count_nonzero(np.isfinite(pixels)))
    if bad:
        raise data_error(
            f"The image in {name} has values that are not numbers",
            "finite values",
            f"NaN or infinity in {bad:,} of {pixels.size:,} samples",
            "Replace them, for example by the lowest value, and save it again",
        )


def _varying_alpha(alpha: NDArray[Any] | None, notes: list[str]) -> NDArray[Any] | None:
    """The alpha channel where it says something; the note says what became of it."""
    if alpha is None:
        return None
    opaque = np.iinfo(alpha.dtype).max
    clear = int(np.count_nonzero(alpha != opaque))
    if not clear:
        notes.append("Alpha channel dropped; every pixel was opaque.")
        return None
    notes.append(
        f"Alpha channel dropped, although {clear:,} of {alpha.size:,} pixels were not opaque; "
        "the colours are those stored beneath it."
    )
    return alpha


def _grey_if_grey(pixels: Pixels, notes: list[str]) -> Pixels:
    """(H, W) where the three channels are equal everywhere."""
    if pixels.ndim == 2:
        return pixels
    first = pixels[..., 0]
    if np.array_equal(first, pixels[..., 1]) and np.array_equal(first, pixels[..., 2]):
        notes.append("Grey stored as colour (three equal channels), read as grey.")
        return first
    return pixels


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Contiguous, in the machine's byte order, and read-only."""
    array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
    array.flags.writeable = False
    return array
