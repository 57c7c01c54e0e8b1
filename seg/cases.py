"""Reading cases: from the bytes of one image and its mask, or from many files at once.

Reading many files never stops at a bad one: it is refused by name, with its reason.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from seg.case import ID_DIGITS, Case, for_classes, without_mask
from seg.coding import Mask, decode_mask
from seg.errors import DataError
from seg.files import Image, Limits, read_image
from seg.files.image import data_error
from seg.painted import Colors, common_colors
from seg.pairing import pair, stem_of
from seg.refusals import Refusal, no_room, pairing_refusals, refused_pair

__all__ = ["Case", "Refusal", "for_classes", "read_case", "read_cases"]


def read_case(
    image_name: str,
    image_bytes: bytes,
    mask_name: str | None = None,
    mask_bytes: bytes | None = None,
    *,
    spacing_mm: tuple[float, float] | None = None,
    limits: Limits | None = None,
    classes: int | None = None,
    colors: Colors | None = None,
    invert: bool = False,
) -> Case:
    """Reads an image and, where given, its mask.

    Args:
        image_name: For the messages, and the case's name.
        image_bytes: The image file.
        mask_name: For the messages.
        mask_bytes: The mask file, or None.
        spacing_mm: (row, column) pixel size in mm, where it is known.
        limits: How large the files may be; default `Limits()`.
        classes: How many classes the checkpoint knows, background included.
        colors: What each class is painted with; see `seg.painted`.
        invert: Swap foreground and background of a mask with two values.

    Returns:
        The case.

    Raises:
        DataError: A file cannot be read, the sizes differ, or the mask has too many classes.
        ValueError: spacing_mm is not two positive numbers.

    Example:
        >>> read_case("p1.png", b"")
        Traceback (most recent call last):
        seg.errors.DataError: The file p1.png is not an image. Expected a PNG, JPEG or TIFF. \
Received: an empty file. Export the image as PNG or TIFF.
    """
    if spacing_mm is not None and not (len(spacing_mm) == 2 and min(spacing_mm) > 0):
        raise ValueError(f"spacing_mm is (row, column), both above 0; received {spacing_mm}.")
    image = read_image(image_bytes, image_name, limits)
    mask = None
    if mask_bytes is not None:
        options = _Options(spacing_mm, limits, classes)
        mask = _read_mask(
            image, image_name, mask_name or "mask", mask_bytes, options, colors, invert
        )
    notes = image.notes + (() if mask is None else mask.notes)
    return Case(stem_of(image_name), image.sha256[:ID_DIGITS], image, mask, spacing_mm, notes)


def read_cases(
    files: Mapping[str, bytes],
    *,
    spacing_mm: tuple[float, float] | None = None,
    limits: Limits | None = None,
    classes: int | None = None,
    held_bytes_max: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Case], list[Refusal]]:
    """Reads many files: pairs images with masks, and reads each.

    Where masks are painted in colours or grey levels, the same colour is the same class in all.

    Args:
        files: Name (folders allowed) to bytes.
        spacing_mm: (row, column) pixel size in mm of all of them, where it is known.
        limits: How large each file may be; default `Limits()`.
        classes: How many classes the checkpoint knows, background included.
        held_bytes_max: What all cases together may take in memory, unpacked; from the first that
            does not fit, the rest are refused. None: no bound.
        progress: Called with (done, all) after each image.

    Returns:
        (cases in natural order, refused files with their reasons). An image whose mask is refused
        is still a case, without a mask; its `mask_problem` says why.

    Example:
        >>> read_cases({"a.png": b"not a picture", ".DS_Store": b""})[1][0].name
        'a.png'
    """
    options = _Options(spacing_mm, limits, classes)
    pairing = pair(list(files))
    refusals = pairing_refusals(pairing)
    cases: dict[str, Case] = {}
    room = math.inf if held_bytes_max is None else held_bytes_max
    for done, (image_name, mask_name) in enumerate(pairing.pairs, start=1):
        case = _read_one(files, image_name, mask_name, options, refusals) if room >= 0 else None
        room -= case.held_bytes if case is not None else 0
        if held_bytes_max is not None and room < 0:
            refusals += refused_pair(image_name, mask_name, no_room(image_name, held_bytes_max))
        elif case is not None:
            cases[image_name] = case
        if progress is not None:
            progress(done, len(pairing.pairs))
    _share_colors(files, pairing.pairs, options, cases, refusals)
    return list(cases.values()), refusals


@dataclass(frozen=True)
class _Options:
    """What is the same for all files of one reading."""

    spacing_mm: tuple[float, float] | None
    limits: Limits | None
    classes: int | None


def _read_one(
    files: Mapping[str, bytes],
    image_name: str,
    mask_name: str | None,
    options: _Options,
    refusals: list[Refusal],
) -> Case | None:
    """One case, without its mask where only that is bad; None where the image is."""
    try:
        case = read_case(
            image_name, files[image_name], spacing_mm=options.spacing_mm, limits=options.limits
        )
    except DataError as error:
        refusals.extend(refused_pair(image_name, mask_name, str(error)))
        return None
    if mask_name is None:
        return case
    return _with_mask(case, image_name, mask_name, files[mask_name], options, refusals)


def _with_mask(
    case: Case,
    image_name: str,
    mask_name: str,
    mask_bytes: bytes,
    options: _Options,
    refusals: list[Refusal],
    colors: Colors | None = None,
) -> Case:
    """The case with its mask, or told why it has none."""
    try:
        mask = _read_mask(case.image, image_name, mask_name, mask_bytes, options, colors)
    except DataError as error:
        reason = f"{error} The image {image_name} was opened without a mask."
        refusals.append(Refusal(mask_name, reason))
        return without_mask(case, reason)
    return replace(case, mask=mask, notes=case.image.notes + mask.notes)


def _read_mask(
    image: Image,
    image_name: str,
    mask_name: str,
    mask_bytes: bytes,
    options: _Options,
    colors: Colors | None = None,
    invert: bool = False,
) -> Mask:
    """The mask of an image that is already read."""
    picture = read_image(mask_bytes, mask_name, options.limits)
    _check_sizes(image, picture, image_name, mask_name)
    mask = decode_mask(picture, mask_name, options.classes, colors=colors, invert=invert)
    told = tuple(f"Mask: {note}" for note in picture.notes)
    return replace(mask, notes=told + mask.notes)


def _share_colors(
    files: Mapping[str, bytes],
    pairs: list[tuple[str, str | None]],
    options: _Options,
    cases: dict[str, Case],
    refusals: list[Refusal],
) -> None:
    """Reads again the painted masks that, alone, would number the set's colours differently."""
    colors = common_colors(case.mask for case in cases.values() if case.mask is not None)
    for image_name, mask_name in pairs:
        case = cases.get(image_name)
        if mask_name is None or case is None or case.mask is None:
            continue
        if not colors or case.mask.colors in ((), colors):
            continue
        content = files[mask_name]
        cases[image_name] = _with_mask(
            case, image_name, mask_name, content, options, refusals, colors
        )


def _check_sizes(image: Image, mask: Image, image_name: str, mask_name: str) -> None:
    """Refuses a mask of another size than its image."""
    size, other = (image.width, image.height), (mask.width, mask.height)
    if size == other:
        return
    turned = size == other[::-1]
    raise data_error(
        f"The mask {mask_name} has another size than its image {image_name}",
        f"{size[0]} x {size[1]} pixels (width x height)",
        f"{other[0]} x {other[1]}" + (", the same rotated by 90 degrees" if turned else ""),
        "Turn one of the two" if turned else "Export the mask again at the image's own size",
    )
