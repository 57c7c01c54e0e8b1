"""Masks and overlays as PNG, and small JPEGs for a filmstrip: bytes in memory, nothing else.

A PNG from here holds pixels and, for a mask, a palette: no text, no time, no name, so that nothing
about a patient leaves with it. Pictures keep the image's own size, pixel for pixel, except the
thumbnail. Pillow is imported when a picture is made.
"""

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seg.errors import DataError
from seg.export import colours
from seg.surface import Mask, border

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.integer]
Labels = NDArray[np.uint8]
Rgb = NDArray[np.uint8]
Window = tuple[float, float]

THUMBNAIL_LIMIT_BYTES = 4096
THUMBNAIL_QUALITIES = (85, 75, 60, 45, 30, 15)


def mask_png(labels: Labels) -> bytes:
    """A mask as a palette PNG: the pixel values are the class indices, the palette shows them.

    For every tool: one that reads values gets 0, 1, 2, ...; one that shows pictures shows
    background black, class 1 white, further classes in the project's colours.

    Args:
        labels: (H, W) uint8 class indices, 0 the background.

    Returns:
        An 8-bit palette PNG of W x H pixels.

    Raises:
        ValueError: The labels are not (H, W) uint8, or have no pixel.

    Example:
        >>> from PIL import Image
        >>> image = Image.open(BytesIO(mask_png(np.array([[0, 1, 2]], np.uint8))))
        >>> image.mode, np.asarray(image).tolist(), image.convert("RGB").getpixel((1, 0))
        ('P', [[0, 1, 2]], (255, 255, 255))
    """
    from PIL import Image

    _check_labels("labels", labels)
    image = Image.fromarray(np.ascontiguousarray(labels))
    # A whole palette, so that Pillow writes 8 bits a pixel for two classes as for many.
    palette = [colours.rgb(colours.class_colour(index)) for index in range(256)]
    image.putpalette([channel for colour in palette for channel in colour])
    return _encoded(image, "PNG")


def binary_png(mask: Mask) -> bytes:
    """A mask of one class as a grey PNG of 0 and 255, for tools that expect just that.

    Args:
        mask: (H, W) bool.

    Returns:
        An 8-bit grey PNG of W x H pixels.

    Raises:
        ValueError: The mask is not (H, W) bool, or has no pixel.

    Example:
        >>> from PIL import Image
        >>> np.asarray(Image.open(BytesIO(binary_png(np.array([[False, True]]))))).tolist()
        [[0, 255]]
    """
    from PIL import Image

    if mask.ndim != 2 or mask.dtype != bool or mask.size == 0:
        raise ValueError(f"mask must be (H, W) bool. Received: {mask.shape} {mask.dtype}")
    return _encoded(Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)), "PNG")


def overlay_png(
    pixels: Pixels,
    labels_pred: Labels,
    labels_true: Labels | None = None,
    *,
    shown_class: int = 1,
    window: Window | None = None,
    opacity: float = 0.45,
    contour: bool = True,
) -> bytes:
    """The image with a prediction laid over it, at the image's own size, in the viewer's colours.

    With a truth the fill says right or wrong: green where both have the class (TP), orange where
    only the prediction has (FP), purple where only the truth has (FN); contours are sky blue for
    the truth and yellow for the prediction, which lies on top where they meet. Without a truth
    fill and contour are the prediction's yellow. Pixels outside both masks stay as they are.

    Args:
        pixels: (H, W) grey or (H, W, 3) RGB, uint8 or uint16.
        labels_pred: (H, W) uint8 class indices.
        labels_true: (H, W) uint8 class indices, or None where there is no truth.
        shown_class: The class to show.
        window: Intensities shown as black and as white. None: 0 and 255 for uint8, else the
            image's own least and greatest.
        opacity: Of the fill, 0 (none) to 1. The contour is always opaque.
        contour: Whether to draw the border pixels of the masks.

    Returns:
        An RGB PNG of W x H pixels.

    Raises:
        DataError: A mask has another size than the image.
        ValueError: Another dtype or shape, an empty window, or an opacity outside [0, 1].

    Example:
        >>> from PIL import Image
        >>> pixels = np.full((1, 3), 100, np.uint8)
        >>> pred, true = np.array([[0, 1, 0]], np.uint8), np.array([[0, 0, 1]], np.uint8)
        >>> data = overlay_png(pixels, pred, true, opacity=1.0, contour=False)
        >>> np.asarray(Image.open(BytesIO(data))).tolist()
        [[[100, 100, 100], [230, 159, 0], [204, 121, 167]]]
    """
    from PIL import Image

    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity must be in [0, 1]. Received: {opacity}")
    picture = _as_rgb(_shown(pixels, window))
    pred = _class_mask("labels_pred", labels_pred, pixels, shown_class)
    if labels_true is None:
        _fill(picture, pred, colours.PREDICTION, opacity)
    else:
        true = _class_mask("labels_true", labels_true, pixels, shown_class)
        _fill(picture, pred & true, colours.TRUE_POSITIVE, opacity)
        _fill(picture, pred & ~true, colours.FALSE_POSITIVE, opacity)
        _fill(picture, true & ~pred, colours.FALSE_NEGATIVE, opacity)
        if contour:
            picture[border(true)] = colours.rgb(colours.TRUTH)
    if contour:
        picture[border(pred)] = colours.rgb(colours.PREDICTION)
    return _encoded(Image.fromarray(picture), "PNG")


def thumbnail_jpeg(
    pixels: Pixels,
    side: int = 96,
    labels: Labels | None = None,
    *,
    window: Window | None = None,
    colour: str = colours.PREDICTION,
) -> bytes:
    """A small JPEG of an image for a filmstrip, with the outline of its mask.

    The mask's every pixel counts, however small: a lesion of one pixel still shows. The quality
    gives way until the file is below 4 kB, which an image of pure noise at a large side may miss.

    Args:
        pixels: (H, W) grey or (H, W, 3) RGB, uint8 or uint16.
        side: The longer side of the result, in pixels. A smaller image keeps its size.
        labels: (H, W) uint8; every class but the background is outlined together. None: no outline.
        window: As in `overlay_png`.
        colour: Of the outline, "#RRGGBB".

    Returns:
        A JPEG, grey where image and outline allow it.

    Raises:
        DataError: The mask has another size than the image.
        ValueError: Another dtype or shape, an empty window, or a side below 1.

    Example:
        >>> from PIL import Image
        >>> data = thumbnail_jpeg(np.zeros((300, 200), np.uint8))
        >>> Image.open(BytesIO(data)).size, len(data) < 4096
        ((64, 96), True)
    """
    from PIL import Image

    if side < 1:
        raise ValueError(f"side must be 1 or more. Received: {side}")
    shown = _shown(pixels, window)
    height, width = shown.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    image = Image.fromarray(shown).resize(size, Image.Resampling.BOX)
    if labels is not None:
        _check_labels("labels", labels, pixels)
        picture = _as_rgb(np.asarray(image))
        picture[border(_any_below(labels > 0, size))] = colours.rgb(colour)
        image = Image.fromarray(picture)
    for quality in THUMBNAIL_QUALITIES:
        # 4:4:4, because halved colour would wash a line of one pixel out.
        data = _encoded(image, "JPEG", quality=quality, subsampling=0, optimize=True)
        if len(data) < THUMBNAIL_LIMIT_BYTES:
            break
    return data


def _check_labels(name: str, labels: Labels, pixels: Pixels | None = None) -> None:
    """Labels are (H, W) uint8 with a pixel in them, of the image's size where one is given."""
    if labels.ndim != 2 or labels.dtype != np.uint8 or labels.size == 0:
        raise ValueError(f"{name} must be (H, W) uint8. Received: {labels.shape} {labels.dtype}")
    if pixels is not None and labels.shape != pixels.shape[:2]:
        raise DataError(
            f"A mask has another size than its image. Expected {pixels.shape[:2]}, as the image."
            f" Received: {labels.shape}. Give a mask of this image, at its own size."
        )


def _class_mask(name: str, labels: Labels, pixels: Pixels, shown_class: int) -> Mask:
    """Where the labels have the class, once they are known to fit the image."""
    _check_labels(name, labels, pixels)
    return np.asarray(labels == shown_class)


def _shown(pixels: Pixels, window: Window | None) -> Rgb:
    """The image as uint8, the window's ends at 0 and 255, rounded to the nearest."""
    is_picture = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if not is_picture or pixels.dtype not in (np.uint8, np.uint16) or pixels.size == 0:
        raise ValueError(
            "pixels must be (H, W) or (H, W, 3), uint8 or uint16."
            f" Received: {pixels.shape} {pixels.dtype}"
        )
    if window is None:
        if pixels.dtype == np.uint8:
            return np.asarray(pixels, np.uint8)
        low, high = float(pixels.min()), float(pixels.max())
        high = max(high, low + 1)  # an image of one value is black
    else:
        low, high = window
        if not -np.inf < low < high < np.inf:
            raise ValueError(f"window must be finite, low < high. Received: {window}")
    steps = np.arange(256 if pixels.dtype == np.uint8 else 65536)
    table = np.rint(np.clip((steps - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    return np.asarray(table[pixels])


def _as_rgb(shown: Rgb) -> Rgb:
    """A picture of its own to draw on, (H, W, 3)."""
    return np.stack([shown] * 3, axis=-1) if shown.ndim == 2 else shown.copy()


def _fill(picture: Rgb, mask: Mask, colour: str, opacity: float) -> None:
    """Blend a colour into the picture where the mask is; in place."""
    blended = picture[mask] * (1 - opacity) + np.array(colours.rgb(colour)) * opacity  # (N, 3)
    picture[mask] = np.rint(blended).astype(np.uint8)


def _any_below(mask: Mask, size: tuple[int, int]) -> Mask:
    """The mask at another size (W, H), a pixel set where any of those it covers is."""
    rows, columns = np.nonzero(mask)
    small = np.zeros((size[1], size[0]), bool)
    small[rows * size[1] // mask.shape[0], columns * size[0] // mask.shape[1]] = True
    return small


def _encoded(image: "Image", kind: str, **options: int | bool) -> bytes:
    """The image's bytes in a format."""
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
