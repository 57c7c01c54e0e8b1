"""Files that were not taken, and why, in words for their owner."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from seg.names import mask_stem, stem_of
from seg.pairing import Pairing


@dataclass(frozen=True)
class Refusal:
    """A file that was not taken, and why, in words for its owner."""

    name: str
    reason: str


def pairing_refusals(pairing: Pairing) -> list[Refusal]:
    """Refusals that follow from the names alone."""
    refusals = [Refusal(name, _orphan(name)) for name in pairing.orphans]
    refusals += [
        Refusal(name, f"The mask {name} was not used: {why}. Leave one mask for each image.")
        for name, why in pairing.ambiguous
    ]
    refusals += [
        Refusal(name, f"The name {name} is there twice. The first file was read. Rename one.")
        for name in pairing.duplicates
    ]
    return refusals


def refused_pair(image_name: str, mask_name: str | None, reason: str) -> list[Refusal]:
    """An image that was refused, and so the mask that belongs to it."""
    refusals = [Refusal(image_name, reason)]
    if mask_name is not None:
        why = f"The mask {mask_name} was not used: its image {image_name} was refused."
        refusals.append(Refusal(mask_name, why))
    return refusals


def no_room(image_name: str, held_bytes_max: int) -> str:
    """Why an image beyond the bound of all of them together is not taken."""
    return (
        f"There is no room for {image_name}. Expected at most {held_bytes_max / 2**20:,.0f} MiB "
        "for all images and masks together, unpacked. Remove some, then add it again."
    )


def _orphan(name: str) -> str:
    """A mask without an image: what the image would have to be called, and where it may lie."""
    stem, ending = stem_of(name), PurePosixPath(name.replace("\\", "/")).suffix
    named = mask_stem(stem)
    expected = (
        f"an image {named}{ending}, in the same folder or in images/ beside masks/"
        if named
        else f"an image of the same name, as images/{stem}{ending} beside masks/{stem}{ending}"
    )
    return (
        f"The mask {name} has no image. Expected {expected}. Received: none. Add the image, or "
        "rename the file if it is one."
    )
