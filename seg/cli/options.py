"""What several commands share: progress on a terminal, refusals, reading files from disk."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from seg.cases import Case, Refusal, read_cases
from seg.disk import read_bytes
from seg.errors import ConfigError, DataError
from seg.settings import settings

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff"}


def check_out_folder(out: Path) -> None:
    """Refuse, before anything is computed, a folder that could not be made or written to.

    Raises:
        ConfigError: It is a file or under one, or its rights forbid it.
    """
    there = out
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise ConfigError(
            f"--out cannot be {out.name}. Expected a folder, or a name in one. Received: "
            f"{there.name}, which is a file. Choose another."
        )
    if not os.access(there, os.W_OK | os.X_OK):
        raise ConfigError(
            f"--out cannot be {out.name}. Expected a folder you may write to. Received: "
            f"{there.name or there}, which you may not. Choose another, or change its rights."
        )


def check_out_file(out: Path) -> None:
    """Likewise for a file.

    Raises:
        ConfigError: It is a folder, or its own folder could not be made or written to.
    """
    if out.is_dir():
        raise ConfigError(
            f"--out cannot be {out.name or out}. Expected a file. Received: a folder. Name a file "
            "in it."
        )
    check_out_folder(out.parent)


def read_paths(paths: Sequence[Path], classes: int) -> tuple[list[Case], list[Refusal]]:
    """Cases from files and folders, images paired with masks; what cannot be read is told.

    Raises:
        DataError: Nothing was named that exists.
    """
    files: dict[str, bytes] = {}
    refusals: list[Refusal] = []
    limits = settings().limits
    for path in paths:
        inside = _images_in(path) if path.is_dir() else [path]
        for file in inside:
            name = str(file.relative_to(path)) if path.is_dir() else str(file)
            try:
                files[name] = read_bytes(file, limits.bytes_max)
            except (OSError, DataError) as error:
                refusals.append(Refusal(file.name, why_not(error)))
    cases, refused = read_cases(files, limits=limits, classes=classes)
    return cases, refusals + refused


def why_not(error: DataError | OSError) -> str:
    """Why a file was not taken."""
    if isinstance(error, DataError):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return "There is no such file. Check its name."
    return f"It cannot be read: {error.strerror}. Check its rights."


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
