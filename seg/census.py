"""What a user must see of a data set before a training: its parts, how much of them is foreground.

Counts what `seg.facts` read; `seg.advice` draws conclusions. Imports no Keras.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median

from seg.dataset import PARTS, Dataset, Part
from seg.facts import Facts, Progress, Survey, survey
from seg.files import Limits
from seg.refusals import Refusal

EDGES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # of foreground shares


@dataclass(frozen=True)
class PartCensus:
    """One part of a split, counted.

    Attributes:
        facts: Its images', in order; those refused are not among them.
        groups: How many groups they are of.
        empty: How many masks are empty.
        class_pixels: Pixels of each class over all its masks, from the background to the highest
            class of the data set.
    """

    facts: tuple[Facts, ...]
    groups: int
    empty: int
    class_pixels: tuple[int, ...]

    @property
    def images(self) -> int:
        """How many images can be used."""
        return len(self.facts)

    @property
    def foreground_share(self) -> float:
        """Share of all its pixels that are not background, 0 to 1; 0 without an image."""
        return _share(self.class_pixels)

    @property
    def shares(self) -> tuple[float, float, float]:
        """(smallest, median, largest) foreground share of an image; zeros without an image."""
        shares = [one.foreground_share for one in self.facts] or [0.0]
        return min(shares), median(shares), max(shares)


@dataclass(frozen=True)
class Census:
    """A data set and its split, counted.

    Attributes:
        name: The data set's.
        parts: Training, validation and test.
        refusals: Images that cannot be used, and why.
        class_names: Of the foreground classes: as described, else "class 1" and so on.
        seconds: How long reading took.
    """

    name: str
    parts: Mapping[Part, PartCensus]
    refusals: tuple[Refusal, ...]
    class_names: tuple[str, ...]
    seconds: float = 0.0

    @cached_property
    def whole(self) -> PartCensus:
        """All parts together."""
        parts = self.parts.values()
        facts = tuple(one for part in PARTS for one in self.parts[part].facts)
        pixels = tuple(map(sum, zip(*(part.class_pixels for part in parts), strict=True)))
        groups = len({one.group for one in facts})
        return PartCensus(facts, groups, sum(part.empty for part in parts), pixels)

    @property
    def facts(self) -> tuple[Facts, ...]:
        """Of every image that can be used, part by part."""
        return self.whole.facts

    @property
    def images(self) -> int:
        """In all parts."""
        return self.whole.images

    @property
    def empty(self) -> int:
        """Empty masks in all parts."""
        return self.whole.empty

    @property
    def foreground_share(self) -> float:
        """Share of all pixels of all parts that are not background, 0 to 1."""
        return self.whole.foreground_share

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels that occur, rising: (1,), (3,) or (1, 3)."""
        return tuple(sorted({one.channels for one in self.facts}))

    @property
    def sides(self) -> tuple[int, int, int, int]:
        """(least width, largest width, least height, largest height), in pixels."""
        widths = [one.width for one in self.facts] or [0]
        heights = [one.height for one in self.facts] or [0]
        return min(widths), max(widths), min(heights), max(heights)


@dataclass(frozen=True)
class Bins:
    """How many images of each part have how much foreground.

    Attributes:
        upto: The upper end of each bin, as a share: 0, then rising.
        labels: In words: "none", then ranges in percent.
        counts: For each part, one number for each bin.
    """

    upto: tuple[float, ...]
    labels: tuple[str, ...]
    counts: Mapping[Part, tuple[int, ...]]


def take_census(
    dataset: Dataset,
    parts: Mapping[Part, Dataset],
    classes: int | None = None,
    limits: Limits | None = None,
    *,
    progress: Progress = lambda done, total: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Census:
    """Read a data set and count its parts.

    To count another split without reading again: `count(survey(dataset), dataset, parts)`.

    Args:
        dataset: All of it.
        parts: As `seg.dataset.split` gives them.
        classes: How many classes masks may have, background included; None: any.
        limits: How large an image or a mask may be; default `Limits()`.
        progress: Called with (done, all) after each image.
        is_cancelled: Asked before each image.

    Raises:
        Cancelled: `is_cancelled` said so.
    """
    read = survey(dataset, limits, classes=classes, progress=progress, is_cancelled=is_cancelled)
    return count(read, dataset, parts)


def count(read: Survey, dataset: Dataset, parts: Mapping[Part, Dataset]) -> Census:
    """The census of a data set that was read; only counts, so any split costs nothing.

    Args:
        read: Its facts.
        dataset: For its name and its classes' names.
        parts: Its split.
    """
    names = _class_names(read, dataset.description.class_names)
    return Census(
        name=dataset.name,
        parts={part: _count(read, parts[part], len(names) + 1) for part in PARTS},
        refusals=read.refusals,
        class_names=names,
        seconds=read.seconds,
    )


def bins(census: Census) -> Bins:
    """The images by their foreground share, in steps of half a power of ten.

    Returns:
        "none" where some have none, then the ranges from the first to the last that holds an
        image. A share of exactly 1 % is in "0.3 to 1 %".
    """
    places = {
        part: [_place(one.foreground_share) for one in census.parts[part].facts] for part in PARTS
    }
    found = [place for part in places.values() for place in part]
    some = [place for place in found if place]
    kept = [0] if 0 in found or not some else []
    kept += range(min(some), max(some) + 1) if some else ()
    return Bins(
        tuple(EDGES[p - 1] if p else 0.0 for p in kept),
        tuple(_label(place) for place in kept),
        {part: tuple(map(places[part].count, kept)) for part in PARTS},
    )


def _count(read: Survey, part: Dataset, classes: int) -> PartCensus:
    """One part, in the groups of now; images that were refused are left out."""
    facts = tuple(
        replace(read.facts[item.name], group=item.group)
        for item in part.items
        if item.name in read.facts
    )
    pixels = [0] * classes
    for one in facts:
        for index, number in enumerate(one.class_pixels):
            pixels[index] += number
    groups = len({one.group for one in facts})
    return PartCensus(facts, groups, sum(one.is_empty for one in facts), tuple(pixels))


def _class_names(read: Survey, described: tuple[str, ...]) -> tuple[str, ...]:
    """A name for every foreground class that is described or occurs."""
    highest = max((len(one.class_pixels) for one in read.facts.values()), default=1) - 1
    if len(described) == 1 < highest:
        described = ()  # one name was meant for all that is not background
    more = range(len(described) + 1, highest + 1)
    return (*described, *(f"class {index}" for index in more))


def _share(class_pixels: Sequence[int]) -> float:
    """Share of the pixels that are not background."""
    total = sum(class_pixels)
    return sum(class_pixels[1:]) / total if total else 0.0


def _place(share: float) -> int:
    """Which bin a share belongs to: 0 is none."""
    return 0 if not share else 1 + next(i for i, edge in enumerate(EDGES) if share <= edge)


def _label(place: int) -> str:
    """What a bin is called."""
    if place == 0:
        return "none"
    low, high = (EDGES[place - 2] if place > 1 else 0.0), EDGES[place - 1]
    return f"to {100 * high:g} %" if not low else f"{100 * low:g} to {100 * high:g} %"
