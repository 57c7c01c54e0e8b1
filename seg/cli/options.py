"""What several commands share: progress on a terminal, refusals, reading files from disk."""

import sys
from collections.abc import Sequence
from pathlib import Path

from seg.cases import Case, Refusal, read_cases
from seg.errors import DataError
from seg.files import Limits
from seg.settings import settings

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}


def limits() -> Limits:
    """What may be read, from the settings."""
    chosen = settings()
    return Limits(
        bytes_max=chosen.upload_mb * 2**20, pixels_max=chosen.image_megapixels * 1_000_000
    )


def read_paths(paths: Sequence[Path], classes: int) -> tuple[list[Case], list[Refusal]]:
    """Cases from files and folders, images paired with masks; what cannot be read is told.

    Raises:
        DataError: Nothing was named that exists.
    """
    files: dict[str, bytes] = {}
    refusals: list[Refusal] = []
    for path in paths:
        inside = _images_in(path) if path.is_dir() else [path]
        for file in inside:
            name = str(file.relative_to(path)) if path.is_dir() else str(file)
            try:
                files[name] = _bytes(file)
            except (OSError, DataError) as error:
                reason = str(error) if isinstance(error, DataError) else _why(file)
                refusals.append(Refusal(file.name, reason))
    cases, refused = read_cases(files, limits=limits(), classes=classes)
    return cases, refusals + refused


def report(refusals: Sequence[Refusal]) -> None:
    """Name each refused file on stderr."""
    for refusal in refusals:
        print(f"refused: {refusal.name}: {refusal.reason}", file=sys.stderr)


def progress(text: str) -> None:
    """A line on stderr that replaces itself on a terminal and stays in a log."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)


def progress_done() -> None:
    """End the line that replaces itself."""
    if sys.stderr.isatty():
        print(file=sys.stderr)


def _images_in(folder: Path) -> list[Path]:
    """The files of a folder that are called like images; tables and notes beside them are not."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)


def _bytes(file: Path) -> bytes:
    """A file's content, its size checked first."""
    size, most = file.stat().st_size, limits().bytes_max
    if size > most:
        raise DataError(
            f"The file has {size / 2**20:.0f} MiB. Expected at most {most / 2**20:.0f} MiB. "
            "Raise SEG_UPLOAD_MB or cut it."
        )
    return file.read_bytes()


def _why(file: Path) -> str:
    """Why a file could not be opened."""
    return "There is no such file." if not file.exists() else "It cannot be read. Check its rights."
