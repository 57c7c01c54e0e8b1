"""A folder of images and masks, and its split into training, validation and test by group.

A group is what must not be on two sides: a patient, or the slide or microscope an image is from.
"""

import hashlib
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from seg.cases import Case, read_case
from seg.description import Description, read_description, read_groups
from seg.disk import read_bytes
from seg.errors import DataError
from seg.files import Limits
from seg.pairing import natural

__all__ = ["PARTS", "Dataset", "Description", "Item", "Part", "read_folder", "split"]

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Item:
    """One image of a data set with its mask, still on disk."""

    name: str
    image: Path
    mask: Path
    group: str
    spacing_mm: tuple[float, float] | None = None

    def read(self, classes: int | None = None, limits: Limits | None = None) -> Case:
        """The case, decoded and checked; see `seg.cases.read_case`."""
        limits = limits or Limits()
        return read_case(
            self.image.name,
            read_bytes(self.image, limits.bytes_max),
            self.mask.name,
            read_bytes(self.mask, limits.bytes_max),
            spacing_mm=self.spacing_mm,
            classes=classes,
            limits=limits,
        )


@dataclass(frozen=True)
class Dataset:
    """Items of one folder, in natural order of their names."""

    name: str
    items: tuple[Item, ...]
    description: Description = field(default_factory=Description)

    @property
    def groups(self) -> list[str]:
        """The groups' names, each once, in natural order."""
        return sorted({item.group for item in self.items}, key=natural)

    def fingerprint(self) -> str:
        """sha256 over every image's and mask's name and bytes: the data, whatever its folder."""
        digest = hashlib.sha256()
        for item in self.items:
            for path in (item.image, item.mask):
                digest.update(f"{path.name}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def of(self, groups: Sequence[str]) -> "Dataset":
        """The items of some groups."""
        wanted = set(groups)
        return replace(self, items=tuple(item for item in self.items if item.group in wanted))


def read_folder(folder: Path, group: str | None = None) -> Dataset:
    r"""A data set: `images/` and `masks/`, perhaps `groups.csv` and `dataset.json`.

    Args:
        folder: Holds the two folders. `groups.csv`, where there, has the columns case and group.
        group: A regular expression; what it matches in a stem (its first group, if it has one) is
            the item's group. Without it `groups.csv`; without that each image is its own group.

    Returns:
        Its items; images without a mask are refused, not skipped.

    Raises:
        DataError: A folder is missing or empty, an image has no mask, a stem no group, a table
            or description cannot be used, or the regular expression is not one.

    Example:
        >>> read_folder(Path("samples/lung-tumour"), group=r"p\d\d").groups[:2]
        ['p00', 'p06']
    """
    images, masks = _by_stem(folder / "images"), _by_stem(folder / "masks")
    lacking = [stem for stem in images if stem not in masks]
    if lacking:
        raise DataError(
            f"{len(lacking)} images of {folder.name} have no mask, the first {lacking[0]}. "
            f"Expected masks/{lacking[0]} with any image ending. Add it, or move the image away."
        )
    group_of = _groups(folder, list(images), group)
    description = read_description(folder)
    return Dataset(
        name=folder.name,
        items=tuple(
            Item(stem, images[stem], masks[stem], group_of[stem], description.spacing_mm)
            for stem in images
        ),
        description=description,
    )


def split(
    dataset: Dataset,
    validation: str | None = None,
    test: str | None = None,
    seed: int = 0,
) -> dict[Part, Dataset]:
    """Training, validation and test, no group on two sides.

    Args:
        dataset: What to split.
        validation: Groups whose whole name matches this regular expression; None draws a fifth of
            the groups that are left.
        test: Likewise, and drawn first.
        seed: Of the drawing.

    Returns:
        The three parts.

    Raises:
        DataError: Training or validation would be empty, or a group would be in two parts.
    """
    groups = dataset.groups
    tests = _matching(groups, test, seed)
    rest = [group for group in groups if group not in tests]
    validations = _matching(rest, validation, seed + 1)
    trains = [group for group in rest if group not in validations]
    if not trains or not validations:
        raise DataError(
            f"The split of {dataset.name} leaves {len(trains)} groups for training and "
            f"{len(validations)} for validation, of {len(groups)}. Expected at least 1 each. "
            "Choose other groups, or split by a finer group."
        )
    parts = {"train": trains, "validation": validations, "test": tests}
    return {part: dataset.of(parts[part]) for part in PARTS}


def _by_stem(folder: Path) -> dict[str, Path]:
    """The files of a folder by stem, in natural order."""
    if not folder.is_dir():
        raise DataError(
            f"{folder.parent.name or folder.parent} has no folder {folder.name}/. Expected images/ "
            "and masks/ with the same file names. Make it, or choose the folder above."
        )
    paths = [path for path in folder.iterdir() if path.is_file() and path.name[0] != "."]
    if not paths:
        raise DataError(f"{folder.parent.name}/{folder.name} is empty. Put files into it.")
    return {path.stem: path for path in sorted(paths, key=lambda path: natural(path.name))}


def _groups(folder: Path, stems: Sequence[str], pattern: str | None) -> dict[str, str]:
    """The group of every stem."""
    table = folder / "groups.csv"
    if pattern is not None:
        found = {stem: _compiled(pattern).search(stem) for stem in stems}
        group_of = {s: m.group(m.re.groups and 1) for s, m in found.items() if m}
    elif table.is_file():
        group_of = read_groups(table, f"{folder.name}/groups.csv")
    else:
        group_of = {stem: stem for stem in stems}
    lacking = [stem for stem in stems if not group_of.get(stem)]
    if lacking:
        source = f"the pattern {pattern!r}" if pattern is not None else "groups.csv"
        raise DataError(
            f"{len(lacking)} images of {folder.name} have no group by {source}, the first "
            f"{lacking[0]}. Expected one for every image. Mend the pattern or the table."
        )
    return group_of


def _matching(groups: Sequence[str], pattern: str | None, seed: int) -> list[str]:
    """Groups that a pattern names, or a drawn fifth; a lone group is never drawn."""
    if pattern is not None:
        return [group for group in groups if _compiled(pattern).fullmatch(group)]
    count = max(1, round(len(groups) / 5)) if len(groups) > 1 else 0
    return random.Random(seed).sample(sorted(groups), count)


def _compiled(pattern: str) -> re.Pattern[str]:
    """A regular expression, or what is wrong with it."""
    try:
        return re.compile(pattern)
    except re.error as error:
        raise DataError(f"The pattern {pattern!r} is no regular expression: {error}.") from error
