"""How a mask is coded, and its class numbers.

People save masks as 0/1, 0/255, class numbers, palettes, colours, JPEG, with smoothed edges,
inverted. `decode_mask` finds out which, says so, and guesses nothing: what cannot be told is
refused, what is only suspicious is a `suspicion`.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg.files.image import Image, data_error
from seg.grey import Coded, Labels, count_values, decode_grey, not_a_mask
from seg.mask import Mask
from seg.painted import Colors, decode_painted, shown_color

__all__ = ["Mask", "decode_mask"]

JPEG_TINT_MAX = 48  # how far a JPEG's channels may drift apart and still be grey


def decode_mask(
    image: Image,
    name: str,
    classes: int | None = None,
    *,
    colors: Colors | None = None,
    invert: bool = False,
) -> Mask:
    """Finds out how a mask is coded, and gives its class numbers.

    Args:
        image: The mask file, as `read_image` gives it.
        name: What the messages call it.
        classes: How many classes the checkpoint knows, background included (a sigmoid's single
            output is 2). None: any.
        colors: What each class is painted with, background first, for masks in colours or grey
            levels; None: found in this mask alone, black (or else the border's colour) first,
            then the others by their number.
        invert: Swap foreground and background of a mask with two values.

    Returns:
        The mask. Empty and full masks are told in its notes.

    Raises:
        DataError: A photograph, more classes than the checkpoint knows, or `invert` for a mask
            with several classes.

    Example:
        >>> pixels = np.array([[0, 0, 255, 0]], np.uint8)
        >>> mask = decode_mask(Image(pixels, "0" * 64, "png", 8), "m.png")
        >>> mask.coding, mask.labels
        ('0/255', array([[0, 0, 1, 0]], dtype=uint8))
    """
    by_alpha = _is_alpha_only(image)
    if by_alpha and image.alpha is not None:
        image = replace(image, pixels=image.alpha, alpha=None, indices=None, palette=None)
    coded, values, painted, in_palette = _decode(image, name, colors)
    if by_alpha:
        note = "All pixels have one colour: the alpha channel is read as the mask."
        coded = replace(coded, notes=(note, *coded.notes))
    if coded.coding != "empty" and not coded.labels.any():
        coded = replace(coded, notes=(*coded.notes, "The mask is empty: all is background."))
    suspicion = None
    if invert:
        coded = _inverted(coded, name)
    elif in_palette or _may_be_inverted(coded.labels):
        suspicion = "inverted"
        why = (
            "index 0 is the lighter of two"
            if in_palette
            else "foreground is most of the picture and of its border"
        )
        note = f"May be inverted: {why}. Nothing was changed; invert it if so."
        coded = replace(coded, notes=(*coded.notes, note))
    _check_classes(coded, values, name, classes)
    labels = np.ascontiguousarray(coded.labels)
    labels.flags.writeable = False
    return Mask(labels, coded.coding, image.sha256, coded.notes, values, suspicion, painted)


def _decode(
    image: Image, name: str, colors: Colors | None
) -> tuple[Coded, tuple[int | str, ...], Colors, bool]:
    """(labels and coding, values in the file, colours, whether a palette looks turned)."""
    if image.indices is not None and image.palette is not None:
        seen, _ = count_values(image.indices)
        if not _is_grey_ramp(image.palette, seen):
            return *_palette(image, image.indices, seen, name), (), _is_turned(image.palette, seen)
    pixels = _without_tint(image, name)
    if pixels.ndim == 3 or colors is not None:
        coded, used = decode_painted(pixels, name, colors)
        return coded, tuple(shown_color(color) for color in used), used, False
    values, white = _whole_numbers(pixels, image, name)
    coded = decode_grey(values, name, white, image.format == "jpeg")
    listed = tuple(int(value) for value in count_values(values)[0])
    return coded, listed, tuple((shade, shade, shade) for shade in coded.shades), False


def _is_alpha_only(image: Image) -> bool:
    """Whether the picture is of one colour, and only its transparency says anything."""
    return image.alpha is not None and bool((image.pixels == image.pixels[:1, :1]).all())


def _palette(
    image: Image, indices: Labels, seen: NDArray[np.int64], name: str
) -> tuple[Coded, tuple[int | str, ...]]:
    """A palette's indices are the class numbers, whatever the colours are."""
    coded = decode_grey(indices, name, white=255, is_jpeg=False)
    if coded.coding.startswith("anti-aliased") or coded.coding == "grey levels":
        raise not_a_mask(name, f"the palette indices {', '.join(map(str, seen))}")
    if coded.coding not in ("empty", "full"):
        note = f"Palette indices read as class numbers: {', '.join(map(str, seen))}."
        if coded.coding not in ("0/1", "class index"):
            note = f"Two palette indices: {seen[1]} is read as foreground, {seen[0]} not."
        coded = replace(coded, coding="palette", notes=(note,))
    return replace(coded, shades=()), tuple(int(value) for value in seen)


def _is_grey_ramp(palette: Labels, seen: NDArray[np.int64]) -> bool:
    """Whether each index is its own grey: an ordinary grey picture in a palette's clothes."""
    if seen[-1] >= len(palette) or seen[-1] <= 1:
        return False
    return bool((palette[seen] == seen[:, None]).all())


def _is_turned(palette: Labels, seen: NDArray[np.int64]) -> bool:
    """Whether of two indices, 0 is shown lighter than the other."""
    if len(seen) != 2 or seen[0] != 0 or seen[-1] >= len(palette):
        return False
    background, foreground = palette[seen].astype(int).sum(axis=1)
    return bool(background > foreground)


def _without_tint(image: Image, name: str) -> NDArray[Any]:
    """The pixels; a JPEG's grey that came out as colour, as grey again."""
    pixels = image.pixels
    if image.format != "jpeg" or pixels.ndim == 2:
        return pixels
    tint = pixels.max(axis=-1) - pixels.min(axis=-1)
    if int(np.count_nonzero(tint > JPEG_TINT_MAX)):
        raise data_error(
            f"The mask {name} is a JPEG in colour",
            "exact colours, which JPEG does not keep",
            f"colours that differ from pixel to pixel by up to {int(tint.max())}",
            "Export the mask again, as PNG",
        )
    return (pixels.astype(np.uint16).sum(axis=-1) // 3).astype(np.uint8)


def _whole_numbers(pixels: NDArray[Any], image: Image, name: str) -> tuple[Labels, int]:
    """(the file's own whole numbers, the highest its depth holds)."""
    if pixels.dtype.kind == "f":
        whole = np.rint(pixels)
        if not np.array_equal(whole, pixels) or pixels.min() < 0 or pixels.max() > 65535:
            raise not_a_mask(
                name, f"numbers from {float(pixels.min()):g} to {float(pixels.max()):g}"
            )
        return whole.astype(np.uint16), 65535
    white = 2**image.bits - 1
    if image.bits < 8 and image.indices is None:
        return pixels // np.uint8(255 // white), white  # was spread over 0..255
    return pixels, white


def _may_be_inverted(labels: Labels) -> bool:
    """Whether one class is more than half of the picture and most of its border, but not all."""
    if labels.max() != 1 or labels.all():
        return False
    border = np.concatenate([labels[0], labels[-1], labels[1:-1, 0], labels[1:-1, -1]])
    return bool(np.count_nonzero(labels) > labels.size / 2 and border.mean() > 0.75)


def _inverted(coded: Coded, name: str) -> Coded:
    """Foreground and background swapped, as asked."""
    if coded.labels.max() > 1 or coded.coding == "class index":
        raise data_error(
            f"The mask {name} cannot be inverted",
            "one class and background",
            f"classes up to {int(coded.labels.max())}",
            "Read it without inverting",
        )
    coding = {"empty": "full", "full": "empty"}.get(coded.coding, f"inverted {coded.coding}")
    notes = (*coded.notes, "Inverted as asked: foreground and background are swapped.")
    return replace(coded, labels=np.uint8(1) - coded.labels, coding=coding, notes=notes)


def _check_classes(
    coded: Coded, values: tuple[int | str, ...], name: str, classes: int | None
) -> None:
    """Refuses class numbers the checkpoint does not know."""
    if classes is None or int(coded.labels.max()) < max(classes, 2):
        return
    listed = ", ".join(map(str, values[:12])) + (", ..." if len(values) > 12 else "")
    raise data_error(
        f"The mask {name} has more classes than the checkpoint knows",
        f"class numbers 0 to {max(classes, 2) - 1}",
        f"classes up to {int(coded.labels.max())} (values {listed}, read as {coded.coding})",
        "Choose a checkpoint for these classes, or merge them in the mask",
    )
