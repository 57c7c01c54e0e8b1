"""Image files made in memory."""

import io

import numpy as np
from PIL import Image


def png(pixels: np.ndarray) -> bytes:
    """The pixels as a PNG."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()
