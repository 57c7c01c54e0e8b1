"""Which mask belongs to which image, by name and folder only.

Nothing is guessed: where two files could be the mask of one image, both are told and neither is
taken.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from seg.names import IMAGE_AFTER, Role, folded, mask_stem, natural, place, stem_of

__all__ = ["Pairing", "natural", "pair", "stem_of"]

SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


@dataclass(frozen=True)
class Pairing:
    """How the files of one drop belong together; all names as they were given.

    Attributes:
        pairs: (image, its mask or None), in natural order.
        orphans: Masks without an image.
        ambiguous: (mask, why it was given to no image); such images are in `pairs` with None.
        duplicates: Names that were given more than once; the first counts.
        ignored: Hidden and system files.
    """

    pairs: list[tuple[str, str | None]] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    ambiguous: list[tuple[str, str]] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _File:
    """A name taken apart."""

    name: str  # as given
    parts: tuple[str, ...]  # folders, then the stem, composed and without the ending

    @property
    def folder(self) -> tuple[str, ...]:
        return self.parts[:-1]

    @property
    def stem(self) -> str:
        return self.parts[-1]


def pair(names: Sequence[str]) -> Pairing:
    r"""Finds each image's mask.

    A mask is `x_mask.png` beside `x.png` (also -mask, _seg, _label, _gt, mask_x and the like), or
    a file of the same stem in `masks/` beside `images/` or beside the image itself (also labels/,
    imagesTr/ and labelsTr/, train_images/ and train_masks/). Endings may differ.

    Args:
        names: File names, perhaps with folders, parted by / or \.

    Returns:
        The pairs in natural order (case2 before case10), and all that could not be paired.

    Example:
        >>> pair(["b.png", "a10.png", "a2.jpg", "a2_mask.png", "x_seg.png"]).pairs
        [('a2.jpg', 'a2_mask.png'), ('a10.png', None), ('b.png', None)]
        >>> pair(["images/p1.png", "masks/p1.tif", "masks/p7.tif"]).orphans
        ['masks/p7.tif']
    """
    found = Pairing()
    files = _files(names, found)
    beside = _beside(files)
    roles = _roles(files, beside)
    images = [file for file in files if roles[file] == "image"]
    candidates: dict[_File, list[_File]] = {image: [] for image in images}
    keys = _image_keys(images)
    for mask in (file for file in files if roles[file] == "mask"):
        matches = [beside[mask]] if mask in beside else _matches(mask, keys)
        for image in matches:
            candidates[image].append(mask)
        if not matches:
            found.orphans.append(mask.name)
    _choose(candidates, found)
    return found


def _files(names: Sequence[str], found: Pairing) -> list[_File]:
    """The names taken apart, in natural order; hidden and repeated ones told."""
    files: list[_File] = []
    seen: set[str] = set()
    for name in sorted(names, key=natural):
        clean = unicodedata.normalize("NFC", name).replace("\\", "/")
        parts = [part for part in clean.split("/") if part not in ("", ".")]
        if (
            not parts
            or any(part[0] == "." and part != ".." for part in parts)
            or any(part.lower() in SYSTEM_FILES for part in parts)
        ):
            found.ignored.append(name)
        elif "/".join(parts) in seen:
            found.duplicates.append(name)
        else:
            seen.add("/".join(parts))
            files.append(_File(name, (*parts[:-1], stem_of(parts[-1]))))
    return files


def _beside(files: list[_File]) -> dict[_File, _File]:
    """Masks whose image lies in the same folder under the same stem: mask -> image."""
    by_place: dict[tuple[str, ...], list[_File]] = {}
    for file in files:
        by_place.setdefault(folded(file.parts), []).append(file)
    beside: dict[_File, _File] = {}
    for file in files:
        stem = mask_stem(file.stem)
        if stem is None:
            continue
        images = _narrowed(by_place.get(folded((*file.folder, stem)), []), stem)
        if len(images) == 1:
            beside[file] = images[0]
    return beside


def _roles(files: list[_File], beside: dict[_File, _File]) -> dict[_File, Role]:
    """Image or mask: by the file beside it, else by its folder, else by its name."""
    roles: dict[_File, Role] = {}
    taken = set(beside.values())
    mixed = {file.folder for file in taken}  # a folder "lung_seg" that holds both
    for file in files:
        if file in beside:
            roles[file] = "mask"
        elif file in taken:
            roles[file] = "image"
        else:
            role, _ = place(file.folder)
            if role is None or (role == "mask" and file.folder in mixed):
                role = "mask" if mask_stem(file.stem) is not None else "image"
            roles[file] = role
    return roles


def _image_keys(images: list[_File]) -> dict[tuple[str, ...], list[_File]]:
    """Images by what a mask may call them: their place without images/, and their stem."""
    keys: dict[tuple[str, ...], list[_File]] = {}
    for image in images:
        _, group = place(image.folder)
        match = IMAGE_AFTER.match(image.stem)
        for stem in {image.stem, match["stem"] if match else image.stem}:
            keys.setdefault((*group, stem.casefold()), []).append(image)
    return keys


def _matches(mask: _File, keys: dict[tuple[str, ...], list[_File]]) -> list[_File]:
    """The images a mask may belong to: of its own stem first, then of the stem it names."""
    _, group = place(mask.folder)
    for stem in (mask.stem, mask_stem(mask.stem)):
        if stem is not None and (*group, stem.casefold()) in keys:
            return _narrowed(keys[(*group, stem.casefold())], stem)
    return []


def _narrowed(files: list[_File], stem: str) -> list[_File]:
    """Those that agree in upper and lower case, where any does."""
    exact = [file for file in files if file.stem == stem]
    return exact or files


def _choose(candidates: dict[_File, list[_File]], found: Pairing) -> None:
    """A pair where image and mask have only each other; otherwise told."""
    claims: dict[_File, list[str]] = {}
    for image, masks in candidates.items():
        for mask in masks:
            claims.setdefault(mask, []).append(image.name)
    reasons: dict[str, str] = {}
    for image, masks in candidates.items():
        if len(masks) == 1 and len(claims[masks[0]]) == 1:
            found.pairs.append((image.name, masks[0].name))
            continue
        found.pairs.append((image.name, None))
        listed = ", ".join(mask.name for mask in masks)
        for mask in masks:
            shared = claims[mask]
            reasons[mask.name] = (
                f"{image.name} has several masks: {listed}"
                if len(shared) == 1
                else f"it fits several images: {', '.join(shared)}"
            )
    found.ambiguous.extend((name, reasons[name]) for name in sorted(reasons, key=natural))
