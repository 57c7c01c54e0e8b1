"""From the pixels of a file to what a network takes; stored in its checkpoint, no guess later."""

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

GREY_WEIGHTS = (0.299, 0.587, 0.114)  # ITU-R BT.601 luma, as Pillow and OpenCV

Normalisation = Literal["full_range", "zscore", "zscore_nonzero"]


class Preprocessing(BaseModel):
    """How pixels become numbers around 0, always over the whole image, before it is cut in tiles.

    full_range      value / largest value of the file's type: the intensity scale keeps its meaning
    zscore          (value - mean) / standard deviation of the image
    zscore_nonzero  the same over the pixels above 0: a brain on a black ground
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: int = Field(1, ge=1, le=64)
    normalisation: Normalisation = "zscore"


def prepare(pixels: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """Pixels as the network's input.

    Args:
        pixels: (H, W) or (H, W, 3), uint8, uint16 or float32 (float: its own largest value is the
            full range).
        preprocessing: Taken from the checkpoint.

    Returns:
        (H, W, channels) float32. Grey is repeated for a colour network; colour becomes grey
        (BT.601) for a grey one. A constant image becomes 0 under both z-scores.

    Raises:
        ValueError: Channels that can be turned into neither grey nor colour.

    Example:
        >>> full = Preprocessing(normalisation="full_range")
        >>> prepare(np.array([[0, 255]], np.uint8), full)[0, :, 0]
        array([0., 1.], dtype=float32)
    """
    image = _channels(pixels, preprocessing.channels)
    if preprocessing.normalisation == "full_range":
        return image / _full_range(pixels)
    inside = image[image > 0] if preprocessing.normalisation == "zscore_nonzero" else image
    if inside.size == 0:
        return np.zeros_like(image)
    mean = np.float32(inside.mean(dtype=np.float64))
    deviation = np.float32(inside.std(dtype=np.float64)) or np.float32(1)
    return (image - mean) / deviation  # float32 throughout: float64 would double the memory


def _channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """(H, W, channels) float32, before any normalisation."""
    image = pixels.astype(np.float32)
    if image.ndim == 2:
        return np.repeat(image[..., None], channels, axis=-1)  # (H, W, channels)
    if channels == image.shape[-1]:
        return image
    if channels == 1 and image.shape[-1] == 3:
        return (image @ np.array(GREY_WEIGHTS, np.float32))[..., None]  # (H, W, 1)
    raise ValueError(f"{image.shape[-1]} channels cannot become {channels}.")


def _full_range(pixels: np.ndarray) -> np.float32:
    """The largest value the type can hold; for floats the largest there is, or 1."""
    if np.issubdtype(pixels.dtype, np.integer):
        return np.float32(np.iinfo(pixels.dtype).max)
    return np.float32(pixels.max(initial=0) or 1.0)
