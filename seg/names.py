"""What file and folder names say: stem, order, image or mask.

Imports nothing of the project.
"""

import re
import unicodedata
from typing import Literal

Role = Literal["image", "mask"] | None

MASK_WORDS = frozenset(
    [
        "mask",
        "masks",
        "msk",
        "seg",
        "segm",
        "segmentation",
        "segmentations",
        "label",
        "labels",
        "labelstr",
        "labelsts",
        "gt",
        "groundtruth",
        "truth",
        "annotation",
        "annotations",
        "annot",
    ]
)
IMAGE_WORDS = frozenset(
    ["image", "images", "img", "imgs", "imagestr", "imagests", "input", "inputs", "photo", "photos"]
)

_MASK_NAME = "|".join(sorted(MASK_WORDS, key=len, reverse=True)) + "|ground_truth"
_MASK_AFTER = re.compile(rf"^(?P<stem>.+?)[ _.\-]+(?:{_MASK_NAME})$", re.IGNORECASE)
_MASK_BEFORE = re.compile(rf"^(?:{_MASK_NAME})[ _.\-]+(?P<stem>.+)$", re.IGNORECASE)
IMAGE_AFTER = re.compile(r"^(?P<stem>.+?)(?:[ _.\-]+(?:image|img)|_0000)$", re.IGNORECASE)
_GROUND_TRUTH = re.compile(r"ground[ _\-]?truth", re.IGNORECASE)
_WORD_ENDS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])|(?<=\D)(?=\d)|(?<=\d)(?=\D)")


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts case2 before case10.

    Example:
        >>> sorted(["case10", "Case2", "case1"], key=natural)
        ['case1', 'Case2', 'case10']
    """
    parts = re.split(r"([0-9]+)", unicodedata.normalize("NFC", text).casefold())
    key = tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)
    return (*key, (2, 0, text))


def stem_of(name: str) -> str:
    r"""A file's name without folders and ending.

    Example:
        >>> stem_of("study\\images/p1.nii.gz"), stem_of("a.b.png")
        ('p1', 'a.b')
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    if last.lower().endswith(".gz"):
        last = last[:-3]
    stem, dot, ending = last.rpartition(".")
    return stem if dot and stem and len(ending) <= 5 else last


def mask_stem(stem: str) -> str | None:
    """What a mask's name says its image is called; None where it says no such thing.

    Example:
        >>> mask_stem("p1_seg"), mask_stem("unmasked")
        ('p1', None)
    """
    match = _MASK_AFTER.match(stem) or _MASK_BEFORE.match(stem)
    return match["stem"] if match else None


def place(folder: tuple[str, ...]) -> tuple[Role, tuple[str, ...]]:
    """What the innermost telling folder holds, and the folders without the telling word.

    Example:
        >>> place(("Set", "train_masks"))
        ('mask', ('set', 'train'))
    """
    for index in range(len(folder) - 1, -1, -1):
        name = _GROUND_TRUTH.sub(" groundtruth ", folder[index])
        words = [word for word in _WORD_ENDS.split(name) if word]
        whole = folder[index].lower()
        for role, known in (("mask", MASK_WORDS), ("image", IMAGE_WORDS)):
            left = [word.lower() for word in words if word.lower() not in known]
            if whole in known:
                left = []
            elif len(left) == len(words):
                continue
            rest = ("_".join(left),) if left else ()
            return ("mask" if role == "mask" else "image"), folded(
                (*folder[:index], *rest, *folder[index + 1 :])
            )
    return None, folded(folder)


def folded(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Lower case, for comparing."""
    return tuple(part.casefold() for part in parts)
