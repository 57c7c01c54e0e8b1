"""The truth of a case, as class indices; how it was coded in its file is found by `seg.coding`."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from seg.grey import Labels, count_values
from seg.painted import Colors

ID_DIGITS = 16


@dataclass(frozen=True)
class Mask:
    """The truth of a case.

    Attributes:
        labels: (H, W) uint8; 0 is background, 1, 2, ... the classes.
        coding: A short word: "0/1", "0/255", "class index", "palette", "RGB colours",
            "grey levels", "JPEG 0/255", "anti-aliased 0/255", "inverted 0/255", "empty", "full",
            or another pair of values such as "0/128".
        notes: Sentences: what was done, and what looks odd.
        sha256: Of the mask file's bytes.
        values: What the file holds: numbers, or colours as "#rrggbb".
        suspicion: "inverted" where foreground and background may be swapped; nothing was done.
        colors: What each class is painted with, where it is; see `seg.painted.common_colors`.

    Example:
        >>> mask = Mask(np.array([[0, 1, 1, 0]], np.uint8), "0/1", sha256="0" * 64)
        >>> mask.foreground_share, mask.is_empty, mask.classes
        (0.5, False, (1,))
    """

    labels: Labels
    coding: str
    sha256: str
    notes: tuple[str, ...] = ()
    values: tuple[int | str, ...] = ()
    suspicion: str | None = None
    colors: Colors = field(default=(), repr=False)

    @cached_property
    def id(self) -> str:
        """Identity of the labels, 16 hex digits.

        The file's sha256 is none: read anew with a set's shared colours, the same file may give
        other class numbers.
        """
        digest = hashlib.sha256(f"{self.labels.shape} {self.labels.dtype} ".encode())
        digest.update(self.labels.tobytes())
        return digest.hexdigest()[:ID_DIGITS]

    @cached_property
    def highest(self) -> int:
        """The highest class index that occurs; 0 where all is background."""
        return int(self.labels.max())

    @property
    def foreground_share(self) -> float:
        """Share of pixels that are not background, 0 to 1."""
        return int(np.count_nonzero(self.labels)) / self.labels.size

    @property
    def is_empty(self) -> bool:
        """Whether no pixel is foreground."""
        return not self.labels.any()

    @property
    def is_full(self) -> bool:
        """Whether every pixel is foreground."""
        return bool(self.labels.all())

    @cached_property
    def classes(self) -> tuple[int, ...]:
        """The foreground classes that occur, rising."""
        return tuple(int(value) for value in count_values(self.labels)[0] if value)
