"""A case: an image, perhaps its mask, perhaps the size of its pixels."""

from dataclasses import dataclass, replace

from seg.files import Image
from seg.mask import Mask

ID_DIGITS = 16


@dataclass(frozen=True)
class Case:
    """One image with what is known of it.

    Attributes:
        name: For the eye: the image file's name without folders and ending.
        id: The first 16 hex digits of the image bytes' sha256; the only name that may go into
            URLs, logs and file names.
        image: The picture.
        mask: The truth, or None.
        spacing_mm: (row, column) pixel size in mm; None for PNG, JPEG and TIFF, whose dpi says
            nothing of the patient.
        notes: What was done on reading, the image's first, then the mask's.
        mask_problem: Why there is no mask although one was given, in words for its owner.
    """

    name: str
    id: str
    image: Image
    mask: Mask | None = None
    spacing_mm: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    mask_problem: str | None = None

    @property
    def held_bytes(self) -> int:
        """What it takes in memory, unpacked: image and mask."""
        image = self.image
        extra = sum(array.nbytes for array in (image.indices, image.alpha) if array is not None)
        return image.pixels.nbytes + extra + (self.mask.labels.nbytes if self.mask else 0)


def for_classes(case: Case, labels: int) -> Case:
    """The case as a checkpoint can be held against it.

    Cheap: each mask is looked through once, however often it is asked.

    Args:
        case: With or without a mask.
        labels: How many class indices the checkpoint knows, background included.

    Returns:
        The case itself where its mask holds no other index; else a copy without the mask, whose
        `mask_problem` says why.

    Example:
        >>> import numpy as np
        >>> pixels = np.array([[0, 1, 3]], np.uint8)
        >>> case = Case("p1", "0" * 16, Image(pixels, "", "png", 8), Mask(pixels, "", ""))
        >>> for_classes(case, 4) is case, for_classes(case, 2).mask
        (True, None)
    """
    mask = case.mask
    if mask is None or mask.highest < labels:
        return case
    held = ", ".join(map(str, mask.classes))
    return without_mask(
        case,
        f"The mask is not used: it holds more classes than the checkpoint knows. Expected class "
        f"numbers 0 to {labels - 1}, which are {labels} with the background. Received: {held}. "
        "Choose a checkpoint for these classes, or merge them in the mask.",
    )


def without_mask(case: Case, why: str) -> Case:
    """The image alone, and why."""
    return replace(case, mask=None, mask_problem=why, notes=case.image.notes)
