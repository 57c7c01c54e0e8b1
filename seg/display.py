"""An image as a viewer takes it: integers it can hold, and the windows to see them through."""

from dataclasses import dataclass

import numpy as np

TAIL = 0.5  # percent of the pixels that a window's ends leave out on either side


@dataclass(frozen=True)
class Display:
    """An image for the eye.

    Attributes:
        pixels: (H, W) or (H, W, 3), uint8 or uint16.
        windows: Name, low and high of each preset, the default first.
    """

    pixels: np.ndarray
    windows: tuple[tuple[str, float, float], ...]


def display(pixels: np.ndarray) -> Display:
    """Prepare an image for the viewer.

    Args:
        pixels: (H, W) or (H, W, 3), uint8, uint16 or float32. Floats are spread over 16 bits.

    Returns:
        The pixels and the presets: the file's full range, the image's own range, and one that
        leaves out half a percent of the pixels on either side. An 8-bit image opens with its full
        range where it fills most of that, else with the last.

    Example:
        >>> display(np.array([[0, 255]], np.uint8)).windows[0]
        ('Full range', 0.0, 255.0)
    """
    if not np.issubdtype(pixels.dtype, np.integer):
        low, high = float(pixels.min(initial=0)), float(pixels.max(initial=0))
        scaled = (pixels - low) / ((high - low) or 1.0) * 65535
        pixels = np.rint(scaled).astype(np.uint16)
    largest = float(np.iinfo(pixels.dtype).max)
    full = ("Full range", 0.0, largest)
    own = ("Image range", *_ordered(pixels.min(initial=0), pixels.max(initial=0)))
    tails = ("Auto contrast", *_ordered(*np.percentile(pixels, (TAIL, 100 - TAIL))))
    fills = pixels.dtype == np.uint8 and tails[2] - tails[1] > largest / 2
    return Display(pixels, (full, tails, own) if fills else (tails, own, full))


def _ordered(low: float, high: float) -> tuple[float, float]:
    """A window that is not empty."""
    return float(low), float(max(high, low + 1))
