"""A folder of images and masks, and its split into training, validation and test by group.

A group is what must not be on two sides: a patient, or the slide or microscope an image is from.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from seg.cases import Case, read_case
from seg.description import Description, read_description
from seg.disk import read_bytes
from seg.errors import DataError
from seg.files import Limits
from seg.folder import files_by_stem, text_file
from seg.groups import groups_of, matching
from seg.painted import Colors
from seg.pairing import natural

__all__ = ["PARTS", "Dataset", "Description", "Item", "Part", "read_folder", "split"]

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Item:
    """One image of a data set with its mask, still on disk.

    `colors` is what each class is painted with, where `seg.facts.share_colors` found it.
    """

    name: str
    image: Path
    mask: Path
    group: str
    spacing_mm: tuple[float, float] | None = None
    colors: Colors | None = None

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
            colors=self.colors,
        )


@dataclass(frozen=True)
class Dataset:
    """Items of one folder, in natural order of their names."""

    name: str
    items: tuple[Item, ...]
    description: Description = field(default_factory=Description)
    folder: Path = Path()

    @property
    def title(self) -> str:
        """What a page calls it."""
        return self.description.title or self.name

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

    def stamp(self) -> str:
        """What the files look like from outside: for caches, and cheap.

        Returns:
            sha256 over every file's path, inode, size and times; another after any write, while
            `fingerprint`, which reads every byte, follows the content alone.

        Raises:
            DataError: A file is gone.
        """
        digest = hashlib.sha256()
        for item in self.items:
            for path in (item.image, item.mask):
                try:
                    found = path.stat()
                except OSError as error:
                    raise DataError(
                        f"{path.name} of {self.name} cannot be found any more: {error.strerror}. "
                        "Put it back, or choose the data set again."
                    ) from error
                times = (found.st_mtime_ns, found.st_ctime_ns)
                digest.update(f"{path}\0{found.st_ino} {found.st_size} {times}\0".encode())
        return digest.hexdigest()

    def regrouped(self, pattern: str) -> "Dataset":
        """The same items in other groups; see `seg.groups.groups_of`.

        Raises:
            DataError: An item has no group by the pattern, or it is no regular expression.
        """
        group_of = groups_of([item.name for item in self.items], self.name, pattern)
        items = tuple(replace(item, group=group_of[item.name]) for item in self.items)
        return replace(self, items=items)

    def of(self, groups: Sequence[str]) -> "Dataset":
        """The items of some groups."""
        wanted = set(groups)
        return replace(self, items=tuple(item for item in self.items if item.group in wanted))


def read_folder(folder: Path, group: str | None = None, roots: Sequence[Path] = ()) -> Dataset:
    r"""A data set: `images/` and `masks/`, perhaps `groups.csv` and `dataset.json`.

    Args:
        folder: Holds the two folders. `groups.csv`, where there, has the columns case and group.
        group: A regular expression; what it matches in a stem (its first group, if it has one) is
            the item's group. Without it `groups.csv`; without that each image is its own group.
        roots: Where links among the files may lead, beside the folder itself.

    Returns:
        Its items; images without a mask are refused, not skipped.

    Raises:
        DataError: A folder is missing or empty, an image has no mask, a stem no group, a table
            or description cannot be used, a link leads out, or the regular expression is not one.

    Example:
        >>> read_folder(Path("samples/lung-tumour"), group=r"p\d\d").groups[:2]
        ['p00', 'p06']
    """
    images, masks = (files_by_stem(folder, kind, roots) for kind in ("images", "masks"))
    lacking = [stem for stem in images if stem not in masks]
    if lacking:
        raise DataError(
            f"{len(lacking)} images of {folder.name} have no mask, the first {lacking[0]}. "
            f"Expected masks/{lacking[0]} with any image ending. Add it, or move the image away."
        )
    table = text_file(folder, "groups.csv", roots)
    group_of = groups_of(list(images), folder.name, group, table)
    described = text_file(folder, "dataset.json", roots)
    description = read_description(folder) if described else Description()
    return Dataset(
        name=folder.name,
        items=tuple(
            Item(stem, images[stem], masks[stem], group_of[stem], description.spacing_mm)
            for stem in images
        ),
        description=description,
        folder=folder,
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
    tests = matching(groups, test, seed)
    rest = [group for group in groups if group not in tests]
    validations = matching(rest, validation, seed + 1)
    trains = [group for group in rest if group not in validations]
    if not trains or not validations:
        raise DataError(
            f"The split of {dataset.name} leaves {len(trains)} groups for training and "
            f"{len(validations)} for validation, of {len(groups)}. Expected at least 1 each. "
            "Choose other groups, or split by a finer group."
        )
    parts = {"train": trains, "validation": validations, "test": tests}
    return {part: dataset.of(parts[part]) for part in PARTS}
