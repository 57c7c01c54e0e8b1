"""The folders of `seg.kept`: written as a whole or not at all, thrown away, brought back.

No name that comes from outside is ever a path here: ids are looked at, files are named anew.
"""

import os
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from seg.errors import DataError
from seg.files import sniff
from seg.names import place, stem_of
from seg.settings import settings

DESCRIPTION = "dataset.json"
TRASH = "trash"
TRASH_S = 24 * 3600.0  # how long a set can be brought back
HIDDEN = "."  # what a folder's name begins with while it is written or removed
ID = re.compile(r"[0-9a-f]{12}")
ENDINGS = {"png": ".png", "jpeg": ".jpg", "tiff": ".tif"}
STEM_BYTES_MAX = 120  # a file system takes 255; an ending and a number are to come


@dataclass(frozen=True)
class Entry:
    """An image and its mask with the name they get."""

    stem: str
    image: bytes
    mask: bytes


def write(entries: Sequence[Entry], description: str) -> Path:
    """Write a new set under a hidden name, then rename it.

    Args:
        entries: Under stems of `safe_stems`.
        description: The content of its `dataset.json`.

    Returns:
        Its folder, whose name is its id. Only this user may look into it.

    Raises:
        DataError: The disk is full, or may not be written; nothing is left behind.
    """
    data, dataset_id = settings().data, secrets.token_hex(6)
    folder = data / f"{HIDDEN}{dataset_id}"
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        data.chmod(0o700)
        for inner in (folder, folder / "images", folder / "masks"):
            inner.mkdir(mode=0o700)
        for entry in entries:
            for kind, content in (("images", entry.image), ("masks", entry.mask)):
                ending = ENDINGS.get(sniff(content) or "", "")
                _write_file(folder / kind / (entry.stem + ending), content)
        _write_file(folder / DESCRIPTION, description.encode())
        for inner in (folder / "images", folder / "masks", folder):
            _sync(inner)
        folder.rename(data / dataset_id)
        _sync(data)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise DataError(
            f"The data set cannot be kept: {error.strerror}. Expected room and the right to write "
            f"in {data}. Nothing was kept. Mend that, then try again."
        ) from error
    return data / dataset_id


def folders() -> list[Path]:
    """The folders of all sets that are whole."""
    data = settings().data
    return [path for path in data.iterdir() if ID.fullmatch(path.name)] if data.is_dir() else []


def held_bytes() -> int:
    """What all sets take on the disk, the trash included."""
    total = 0
    for path in settings().data.rglob("*"):
        with suppress(FileNotFoundError):  # somebody deletes it just now
            total += path.lstat().st_size
    return total


def throw_away(dataset_id: str) -> None:
    """Into the trash.

    Raises:
        DataError: There is no set of this id.
    """
    what = f"There is no kept data set {_shown(dataset_id)}"
    source = _path(dataset_id, what)
    try:
        os.utime(source)  # its day begins
    except FileNotFoundError as error:
        raise _gone(what) from error
    trash = settings().data / TRASH
    trash.mkdir(mode=0o700, exist_ok=True)
    _move(source, trash / source.name, what)


def bring_back(dataset_id: str) -> Path:
    """Out of the trash; its folder.

    Raises:
        DataError: It is not there any more.
    """
    what = f"The data set {_shown(dataset_id)} is not in the trash any more"
    target = _path(dataset_id, what)
    _move(settings().data / TRASH / target.name, target, what)
    return target


def sweep() -> None:
    """Remove for good what lay in the trash, or half written, for more than a day."""
    data, before = settings().data, time.time() - TRASH_S
    for folder in (data / TRASH).glob("*"):
        with suppress(OSError):  # somebody else sweeps, or restores it
            if folder.stat().st_mtime < before:
                folder.rename(data / f"{HIDDEN}{folder.name}")
    for folder in data.glob(f"{HIDDEN}*"):
        with suppress(OSError):
            if folder.stat().st_mtime < before:
                shutil.rmtree(folder, ignore_errors=True)


def safe_stems(names: Sequence[str]) -> list[str]:
    r"""A file name without ending for each uploaded name: its own, as far as that is safe.

    Letters, digits, -, _ and . stay; folders that tell images apart go before; what is then there
    twice, in upper or lower case, gets a number.

    Args:
        names: As uploaded, perhaps with folders, parted by / or \.

    Example:
        >>> safe_stems(["set/p1/images/a b.png", "set/p2/images/a b.png", "set/p2/c.png"])
        ['p1_a_b', 'p2_a_b', 'p2_c']
        >>> safe_stems(["../../x.png", "X.png", "..png"])
        ['x', 'X-2', 'image']
    """
    parts = [_parts(name) for name in names]
    levels = zip(*(above for above, _ in parts), strict=False)  # the folders at each depth
    shared = sum(1 for _ in takewhile(lambda level: len(set(level)) == 1, levels))
    stems: list[str] = []
    taken: set[str] = set()
    for above, stem in parts:
        safe = _safe("_".join((*above[shared:], stem)))
        number, unique = 1, safe
        while unique.casefold() in taken:
            number += 1
            unique = f"{safe}-{number}"
        taken.add(unique.casefold())
        stems.append(unique)
    return stems


def _parts(name: str) -> tuple[tuple[str, ...], str]:
    """(the folders that say more than images/, the stem) of an uploaded name."""
    parts = name.replace("\\", "/").split("/")
    inner = tuple(part for part in parts[:-1] if part not in ("", ".", ".."))
    return place(inner)[1], stem_of(name)


def _safe(text: str) -> str:
    """Letters, digits and few signs, never hidden, not too long."""
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in composed)
    cut = kept.strip("._-").encode()[:STEM_BYTES_MAX].decode(errors="ignore")
    return cut.rstrip("._-") or "image"


def _write_file(path: Path, content: bytes) -> None:
    """A new file, on the disk, for this user only."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """The names in a folder, on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _path(dataset_id: str, what: str) -> Path:
    """Where a set of this id lies."""
    if not ID.fullmatch(dataset_id):
        raise _gone(what)
    return settings().data / dataset_id


def _move(source: Path, target: Path, what: str) -> None:
    """A rename, or what is told where it cannot be done."""
    try:
        source.rename(target)
    except OSError as error:
        raise _gone(what) from error


def _gone(what: str) -> DataError:
    """An id that leads nowhere."""
    return DataError(f"{what}. Expected one of the list. Load the page again.")


def _shown(dataset_id: str) -> str:
    """An id for a message, whatever it is."""
    return ascii(dataset_id)[1:-1][:40]
