"""What is read off each image and mask of a data set, once, and kept without their pixels.

`seg.census` makes the numbers of a page of it. Imports no Keras.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seg.case import Case
from seg.dataset import Dataset, Item
from seg.disk import read_bytes
from seg.errors import Cancelled, DataError
from seg.files import Limits, read_image
from seg.mask import Mask
from seg.painted import Colors, common_colors
from seg.refusals import Refusal

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Facts:
    """One image and its mask.

    Attributes:
        name: The item's.
        group: The item's.
        id: The case's: of the image bytes.
        width: In pixels.
        height: In pixels.
        channels: 1 grey, 3 colour.
        class_pixels: How many pixels of the mask each class has, from the background on.
        black_share: Share of a grey image's pixels that are 0, 0 to 1; not looked at in colour.
        coding: How the mask was coded; see `seg.mask.Mask`.
        suspicion: "inverted" where the mask may be.
        colors: What its classes are painted with, where they are.
    """

    name: str
    group: str
    id: str
    width: int
    height: int
    channels: int
    class_pixels: tuple[int, ...]
    black_share: float = 0.0
    coding: str = "0/255"
    suspicion: str | None = None
    colors: Colors = ()

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height

    @property
    def foreground_share(self) -> float:
        """Share of the pixels that are not background, 0 to 1."""
        return sum(self.class_pixels[1:]) / self.pixels

    @property
    def is_empty(self) -> bool:
        """Whether no pixel is foreground."""
        return not any(self.class_pixels[1:])


@dataclass(frozen=True)
class Survey:
    """The facts of a data set.

    Attributes:
        facts: By the items' names, in their order.
        refusals: What could not be read, and why.
        seconds: How long reading took.
    """

    facts: dict[str, Facts]
    refusals: tuple[Refusal, ...] = ()
    seconds: float = 0.0


def survey(
    dataset: Dataset,
    limits: Limits | None = None,
    *,
    classes: int | None = None,
    progress: Progress = lambda done, total: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Survey:
    """Read every image and mask once, one after the other; no pixels are kept.

    Args:
        dataset: What to read.
        limits: How large an image or a mask may be; default `Limits()`.
        classes: How many classes masks may have, background included; None: any.
        progress: Called with (done, all) after each image.
        is_cancelled: Asked before each image.

    Returns:
        The facts; an image that cannot be read is refused by name, and the others are read.

    Raises:
        Cancelled: `is_cancelled` said so.
    """
    start = time.monotonic()
    found: dict[str, Facts | Refusal] = {}

    def read(items: Iterable[Item]) -> None:
        for item in items:
            if is_cancelled():
                raise Cancelled("Counting the images was stopped.")
            found[item.name] = _read(item, classes, limits)
            progress(len(found), len(dataset.items))

    read(dataset.items)
    facts = {name: one for name, one in found.items() if isinstance(one, Facts)}
    known = _painted(dataset.items, facts)
    read(item for item, old in zip(known, dataset.items, strict=True) if item is not old)
    return Survey(
        {name: one for name, one in found.items() if isinstance(one, Facts)},
        tuple(one for one in found.values() if isinstance(one, Refusal)),
        time.monotonic() - start,
    )


def share_colors(dataset: Dataset, limits: Limits | None = None) -> Dataset:
    """The same, where a colour is the same class in every mask, as `survey` counts them.

    Read alone, a mask painted in colours or grey levels numbers only those it has.

    Args:
        dataset: Its masks are read once, one at a time.
        limits: How large a mask may be; default `Limits()`.

    Raises:
        DataError: A mask cannot be read.
    """
    limits = limits or Limits()
    paints = {item.name: _paint(item, limits) for item in dataset.items}
    return replace(dataset, items=_painted(dataset.items, paints))


@dataclass(frozen=True)
class _Paint:
    """What `common_colors` asks of a mask."""

    coding: str
    colors: Colors


def _paint(item: Item, limits: Limits) -> _Paint:
    """How one mask is painted."""
    from seg.coding import decode_mask

    content = read_bytes(item.mask, limits.bytes_max)
    mask = decode_mask(read_image(content, item.mask.name, limits), item.mask.name)
    return _Paint(mask.coding, mask.colors)


def _painted(
    items: Sequence[Item], paints: "dict[str, Facts] | dict[str, _Paint]"
) -> tuple[Item, ...]:
    """The items, those told the set's colours that alone would number them differently."""
    known: Iterable[Facts | _Paint] = paints.values()
    colors = common_colors(known)
    return tuple(
        replace(item, colors=colors)
        if colors and (paint := paints.get(item.name)) and paint.colors not in ((), colors)
        else item
        for item in items
    )


def _read(item: Item, classes: int | None, limits: Limits | None) -> Facts | Refusal:
    """What is kept of one item, or why it cannot be read."""
    try:
        return _facts(item, item.read(classes, limits))
    except DataError as error:
        return Refusal(item.name, str(error))
    except OSError as error:
        reason = (
            f"{item.name} cannot be read: {error.strerror}. Expected a file that this server may "
            "read. Give it the right to, or move the image and its mask away."
        )
        return Refusal(item.name, reason)


def _facts(item: Item, case: Case) -> Facts:
    """What is kept of a case."""
    mask = case.mask
    if mask is None:
        raise ValueError(f"Case {case.id} was read without its mask.")
    pixels = case.image.pixels
    return Facts(
        name=item.name,
        group=item.group,
        id=case.id,
        width=case.image.width,
        height=case.image.height,
        channels=case.image.channels,
        class_pixels=_class_pixels(mask),
        black_share=1 - np.count_nonzero(pixels) / pixels.size if pixels.ndim == 2 else 0.0,
        coding=mask.coding,
        suspicion=mask.suspicion,
        colors=mask.colors,
    )


def _class_pixels(mask: Mask) -> tuple[int, ...]:
    """Pixels of each class index, from the background to the highest that occurs."""
    classes = range(1, mask.highest + 1)
    counts = [int(np.count_nonzero(mask.labels == index)) for index in classes]
    return (mask.labels.size - sum(counts), *counts)
