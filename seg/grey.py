"""How a grey mask codes its classes: numbers, black and white, soft edges, or grey levels.

Part of `seg.coding`. Works on whole numbers only; imports numpy only.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seg.errors import DataError
from seg.files.image import data_error

Labels = NDArray[np.uint8]
Numbers = NDArray[np.uint8] | NDArray[np.uint16]

INDEX_MAX = 31  # values up to here are class numbers; above, they are shades
VALUES_MAX = 32  # shades or colours a mask may have before it is taken for a picture
IGNORE = 255  # beside class numbers, many data sets mean "do not count" by it
BETWEEN_FEW = 3  # so few shades between black and white are classes, not soft edges
EDGE_PIXELS = 3  # how far from both sides the middle shades of a soft edge may be
EDGE_SHARE_MIN = 0.95
MIDDLE_SHARE_MAX = 0.25
FLAT_MIN = 0.8  # share of foreground pixels that equal their right neighbour
CHUNK_PIXELS = 2**22


@dataclass(frozen=True)
class Coded:
    """What was found: labels, the coding's short word, sentences, and the shade of each class."""

    labels: Labels
    coding: str
    notes: tuple[str, ...] = ()
    shades: tuple[int, ...] = ()


def decode_grey(values: Numbers, name: str, white: int, is_jpeg: bool) -> Coded:
    """Finds out how a grey mask is coded.

    Args:
        values: (H, W) as in the file.
        name: For the messages.
        white: The highest value the file's depth can hold.
        is_jpeg: Whether the values went through JPEG, and so are not exact.

    Returns:
        The labels and how they were found.

    Raises:
        DataError: It cannot be told, or it is no mask.

    Example:
        >>> decode_grey(np.array([[0, 128]], np.uint8), "m.png", 255, False).coding
        '0/128'
    """
    seen, _ = count_values(values)
    if len(seen) == 1:
        return _one_value(values, int(seen[0]), white)
    if is_jpeg:
        return _jpeg(values, seen, name)
    if len(seen) == 2:
        return _two_values(values, int(seen[0]), int(seen[1]), white)
    if int(seen[-1]) <= INDEX_MAX:
        return _class_index(values, seen, name)
    if int(seen[-1]) == IGNORE and len(seen) > 2 and int(seen[-2]) <= INDEX_MAX:
        raise data_error(
            f"The mask {name} has the value 255 beside class numbers",
            "0 for background and 1, 2, ... for classes",
            f"the values {shown(seen)}",
            "If 255 means 'do not count', which is not supported, paint it as background",
        )
    if len(seen) - 2 > BETWEEN_FEW and has_soft_edges(values):
        return _soft_edges(values, white, "anti-aliased", "The edges are smoothed")
    return _many_values(values, seen, name)


def count_values(values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(values that occur, rising; how often each), without a sort and in bounded memory.

    Example:
        >>> count_values(np.array([[7, 0], [7, 7]], np.uint8))
        (array([0, 7]), array([1, 3]))
    """
    flat = values.reshape(-1)
    counts = np.zeros(int(np.iinfo(values.dtype).max) + 1, np.int64)
    for start in range(0, flat.size, CHUNK_PIXELS):
        counts += np.bincount(flat[start : start + CHUNK_PIXELS], minlength=counts.size)
    seen = np.flatnonzero(counts)
    return seen, counts[seen]


def has_soft_edges(values: Numbers) -> bool:
    """Whether the middle shades are few and lie only between dark and light.

    Example:
        >>> has_soft_edges(np.array([[0, 0, 0, 90, 255, 255, 255, 255]], np.uint8))
        True
        >>> has_soft_edges(np.array([[0, 128, 128, 128, 128, 128, 128, 255]], np.uint8))
        False
    """
    top = int(values.max())
    dark = values <= top // 4
    light = values >= top - top // 4
    middle = ~(dark | light)
    total = int(np.count_nonzero(middle))
    if total > MIDDLE_SHARE_MAX * values.size or not dark.any():
        return False
    at_edge = middle & _near(dark) & _near(light)
    return int(np.count_nonzero(at_edge)) >= EDGE_SHARE_MIN * total


def shown(values: NDArray[Any], most: int = 12) -> str:
    """The values of a mask, for a message.

    Example:
        >>> shown(np.arange(20), most=4)
        '0, 1, 2, 3, ... 19 (20 values)'
    """
    first = ", ".join(str(value) for value in values[:most])
    more = len(values) > most
    return first + (f", ... {values[-1]} ({len(values)} values)" if more else "")


def not_a_mask(name: str, received: str) -> DataError:
    """The refusal of a picture that was given as a mask."""
    return data_error(
        f"The mask {name} cannot be read as classes: it looks like a photograph or a probability "
        "map, not a mask",
        f"flat areas of at most {VALUES_MAX} values or colours",
        received,
        "Check that image and mask are not swapped. If the mask was resized or smoothed, or "
        "numbers each object, save it again as PNG with the values 0 and 255",
    )


def _one_value(values: Numbers, value: int, white: int) -> Coded:
    """A mask of one value: empty, full, or all of one class."""
    if value == 0:
        return Coded(_binary(values, 1), "empty", ("The mask is empty: every pixel is 0.",))
    if 1 < value <= INDEX_MAX and value != white:
        note = f"Every pixel is {value}, read as class {value}; there is no background."
        return Coded(values.astype(np.uint8), "class index", (note,))
    note = f"The mask is full: every pixel is {value}, read as foreground."
    return Coded(_binary(values, 1), "full", (note,))


def _two_values(values: Numbers, low: int, high: int, white: int) -> Coded:
    """Background and foreground, or two class numbers."""
    if (low, high) == (0, 1):
        return Coded(_binary(values, 1), "0/1", shades=(0, 1))
    if high <= INDEX_MAX and high != white:
        note = f"The values {low} and {high} are read as class numbers."
        return Coded(values.astype(np.uint8), "class index", (note,))
    plain = (low, high) == (0, 255)
    notes = () if plain else (f"{high} is read as foreground, {low} as background.",)
    return Coded(_binary(values, high), f"{low}/{high}", notes, (low, high))


def _class_index(values: Numbers, seen: NDArray[np.int64], name: str) -> Coded:
    """Values that are class numbers already."""
    if len(seen) > 8 and _flatness(values) < FLAT_MIN * 3 / 4:
        raise not_a_mask(name, f"the values {shown(seen)}")
    notes = () if seen[0] == 0 else (f"No background: the lowest value is {seen[0]}.",)
    return Coded(values.astype(np.uint8), "class index", notes)


def _jpeg(values: Numbers, seen: NDArray[np.int64], name: str) -> Coded:
    """A black and white mask that JPEG has smeared."""
    if int(seen[0]) > 191:
        note = f"The mask is full: JPEG values from {seen[0]} to {seen[-1]}."
        return Coded(np.ones(values.shape, np.uint8), "full", (note,))
    if int(seen[-1]) < 64:
        raise data_error(
            f"The JPEG mask {name} is too dark to be read",
            "values around 0 and 255",
            f"the values {shown(seen)}",
            "JPEG does not keep class numbers: export the mask again, as PNG",
        )
    if not has_soft_edges(values):
        raise not_a_mask(name, f"a JPEG with the values {shown(seen)}")
    return _soft_edges(values, 255, "JPEG", "JPEG has blurred the mask")


def _soft_edges(values: Numbers, white: int, word: str, why: str) -> Coded:
    """Cut at half of the value the foreground was painted with."""
    top = _foreground_level(values, white)
    cut = (top + 1) // 2
    between = int(np.count_nonzero((values > 0) & (values < top)))
    note = (
        f"{why}: {between:,} of {values.size:,} pixels lie between 0 and {top}; "
        f"cut at half, {cut} and above is foreground."
    )
    return Coded(_binary(values, cut), f"{word} 0/{top}", (note,))


def _foreground_level(values: Numbers, white: int) -> int:
    """What the foreground was painted with: the plateau of the light pixels, else white."""
    seen, counts = count_values(values)
    top = int(seen[-1])
    light = seen > top // 2
    level = int(seen[light][counts[light].argmax()])
    if level >= white * 3 // 4:
        return white
    if 2 * counts[light].max() >= counts[light].sum():
        return level
    return white if top > white // 2 else top


def _many_values(values: Numbers, seen: NDArray[np.int64], name: str) -> Coded:
    """Grey levels that stand for classes, many class numbers, or no mask at all."""
    dense = int(seen[-1]) <= 255 and int(seen[-1]) + 1 <= 2 * len(seen)
    if _flatness(values) < FLAT_MIN and len(seen) - 2 > BETWEEN_FEW:
        raise not_a_mask(name, f"the values {shown(seen)}")
    if dense:
        note = (
            f"{len(seen)} values read as class numbers. If each object has a number of its own, "
            "save the mask as 0 and 255 instead."
        )
        return Coded(values.astype(np.uint8), "class index", (note,))
    if len(seen) > VALUES_MAX:
        raise not_a_mask(name, f"the values {shown(seen)}")
    listed = ", ".join(f"{value} is class {index}" for index, value in enumerate(seen))
    labels = np.searchsorted(seen, values).astype(np.uint8)
    shades = tuple(int(value) for value in seen)
    return Coded(labels, "grey levels", (f"Grey levels read as classes: {listed}.",), shades)


def _binary(values: Numbers, cut: int) -> Labels:
    """1 from the cut on."""
    return (values >= cut).astype(np.uint8)


def _flatness(values: Numbers) -> float:
    """Share of the foreground pixels that equal their right neighbour; low in photographs."""
    left, right = values[:, :-1], values[:, 1:]
    inside = left > 0
    total = int(np.count_nonzero(inside))
    return 1.0 if not total else int(np.count_nonzero(inside & (left == right))) / total


def _near(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask grown by EDGE_PIXELS in each direction."""
    for axis in (0, 1):
        grown = mask.copy()
        for step in range(1, min(EDGE_PIXELS, mask.shape[axis] - 1) + 1):
            ahead = (slice(None),) * axis + (slice(step, None),)
            behind = (slice(None),) * axis + (slice(None, -step),)
            grown[ahead] |= mask[behind]
            grown[behind] |= mask[ahead]
        mask = grown
    return mask
