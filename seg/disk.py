"""Files on disk: read within a bound, written as a whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from seg.errors import DataError

TEMPORARY = ".writing-"  # how the names of files begin that are not whole yet


def read_bytes(path: Path, bytes_max: int) -> bytes:
    """A file's content, its size looked at before it is read.

    Raises:
        DataError: It is larger than `bytes_max`.
        OSError: It cannot be read.
    """
    size = path.stat().st_size
    if size > bytes_max:
        raise DataError(
            f"The file {path.name} is too large. Expected at most {bytes_max / 2**20:,.0f} MiB. "
            f"Received: {size / 2**20:,.1f} MiB. Raise SEG_UPLOAD_MB, or cut out what you need."
        )
    return path.read_bytes()


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file as a whole: temporary file beside it, fsync, rename, fsync the folder.

    Raises:
        OSError: It cannot be written; the error names `path`, and an old file is as it was.
    """
    with writing_durably(path) as file:
        file.write(content)


@contextmanager
def writing_durably(path: Path) -> Iterator[IO[bytes]]:
    """Likewise, for what is too large to be held in memory: written bit by bit, then put in place.

    If what is done inside fails, nothing is put in place.

    Raises:
        OSError: It cannot be written; the error names `path`, and an old file is as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _replacing(path) as file:
            yield file
        _sync_folder(path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def replace_durably(path: Path, target: Path) -> None:
    """Give a whole file another's place, on the disk when this returns.

    Raises:
        OSError: It cannot be moved.
    """
    path.replace(target)
    _sync_folder(target.parent)


def remove_half_written(folder: Path) -> None:
    """Remove what a killed process left of the files it was writing.

    Only for a folder in which nobody writes now: a file that is being written looks the same.

    Raises:
        OSError: One cannot be removed.
    """
    for path in folder.glob(f"{TEMPORARY}*"):
        path.unlink(missing_ok=True)


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A new file that takes the old one's place at the end; what was half written is removed."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=TEMPORARY, delete=False) as file:
        temporary = Path(file.name)
        try:
            yield file.file
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _sync_folder(folder: Path) -> None:
    """The rename itself, on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
