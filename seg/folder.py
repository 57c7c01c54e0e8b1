"""The files of a data set's folder: found, bounded, and never read through a link that leads out.

Who may write into a folder could otherwise have the server open any file it can read.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from seg.errors import DataError
from seg.names import natural
from seg.pairing import SYSTEM_FILES

IMAGES_MAX = 20_000  # as many case ids as a checkpoint keeps for each part
TEXT_BYTES_MAX = 4 * 2**20  # of dataset.json and of groups.csv


def files_by_stem(folder: Path, kind: str, roots: Sequence[Path] = ()) -> dict[str, Path]:
    """The files of a data set's `images/` or `masks/`.

    Args:
        folder: The data set's.
        kind: "images" or "masks".
        roots: Where links may lead beside the data set's own folder.

    Returns:
        Stem to path, in natural order of the names; hidden and system files are left out.

    Raises:
        DataError: There is no such folder, it is empty, cannot be opened or holds too much, two
            files share a stem, or a link leads out.
    """
    name = f"{folder.name or folder}/{kind}"
    try:
        paths = _files(folder / kind, name)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(
            f"{folder.name or folder} has no folder {kind}/. Expected images/ and masks/ with the "
            "same file names. Make it, or choose the folder above."
        ) from error
    except OSError as error:
        raise _not_allowed(name, error.strerror or "") from error
    if not paths:
        raise DataError(f"{name} is empty. Expected image files. Put files into it.")
    check_links([folder / kind, *paths], folder, roots)
    by_stem: dict[str, Path] = {}
    for path in sorted(paths, key=lambda path: natural(path.name)):
        other = by_stem.setdefault(path.stem, path)
        if other is not path:
            raise DataError(
                f"{name} holds two files for {path.stem}. Expected one. Received: {other.name} and "
                f"{path.name}. Move one of them away."
            )
    return by_stem


def text_file(folder: Path, name: str, roots: Sequence[Path] = ()) -> Path | None:
    """`dataset.json` or `groups.csv`, where it is there and may be read.

    Raises:
        DataError: It is larger than 4 MiB, may not be read, or is a link that leads out.
    """
    path = folder / name
    if not path.is_file():
        return None
    check_links([path], folder, roots)
    if not os.access(path, os.R_OK):
        raise _not_allowed(f"{folder.name}/{name}", "Permission denied")
    size = path.stat().st_size
    if size > TEXT_BYTES_MAX:
        raise DataError(
            f"{folder.name}/{name} is too large. Expected at most {TEXT_BYTES_MAX // 2**20} MiB. "
            f"Received: {size / 2**20:,.1f} MiB. Mend or remove it."
        )
    return path


def check_links(paths: Sequence[Path], folder: Path, roots: Sequence[Path] = ()) -> None:
    """Refuse links that lead anywhere but into the data set's folder or under a root.

    Raises:
        DataError: One does; it is not said where to, nor whether anything is there.
    """
    allowed = [folder.resolve(), *(root.resolve() for root in roots)]
    for path in paths:
        if path.is_symlink() and not is_under(path.resolve(), allowed):
            raise DataError(
                f"{folder.name}/{path.relative_to(folder)} is a link that leads out of the data "
                "set. Expected files in its own folder, or under SEG_DATA_ROOTS. Copy the files "
                "into it."
            )


def is_under(path: Path, roots: Sequence[Path]) -> bool:
    """Whether a resolved path is one of some resolved folders, or in it.

    Example:
        >>> is_under(Path("/data/a"), [Path("/data")]), is_under(Path("/data2"), [Path("/data")])
        (True, False)
    """
    return any(path.is_relative_to(root) for root in roots)


def _files(folder: Path, name: str) -> list[Path]:
    """The files of one folder, no more than a training can take."""
    paths: list[Path] = []
    for path in folder.iterdir():
        if path.name[0] == "." or path.name.lower() in SYSTEM_FILES or not path.is_file():
            continue
        paths.append(path)
        if len(paths) > IMAGES_MAX:
            raise DataError(
                f"{name} holds too many files. Expected at most {IMAGES_MAX:,}. Train on a part "
                "of them."
            )
    return paths


def _not_allowed(name: str, why: str) -> DataError:
    """What is told of something that this server has no right to."""
    return DataError(
        f"{name} cannot be opened: {why}. Expected what this server may read. Give it the right to."
    )
