"""A run's folder: its lock, its log, its checkpoints."""

import re
from pathlib import Path

from seg.settings import settings

RUN_ID = re.compile(r"[0-9a-f]{12}")
FILE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,80}\.(safetensors|bundle)")
OWNER_ONLY = 0o700  # a run's pictures are a patient's


def runs_folder() -> Path:
    """Where all runs' folders are."""
    return settings().home / "runs"


def folder(run_id: str) -> Path:
    """A run's folder, whether or not it is there yet.

    Args:
        run_id: 12 hexadecimal digits, lower case.

    Raises:
        ValueError: Anything else: it must not become a path.
    """
    if not RUN_ID.fullmatch(run_id):
        raise ValueError(f"A run's id is 12 hexadecimal digits, not {run_id[:40]!r}.")
    return runs_folder() / run_id


def run_file(run_id: str, name: str) -> Path:
    """A file of a run by the name that the store has of it.

    Raises:
        ValueError: The name is not one that a run's files have: it must not lead elsewhere.

    Example:
        >>> run_file("0123456789ab", "best.safetensors").name
        'best.safetensors'
    """
    if not FILE_NAME.fullmatch(name):
        raise ValueError(f"{ascii(name)[:60]} is no name of a run's file.")
    return folder(run_id) / name


def lock_file(run_id: str) -> Path:
    """What the process that trains the run holds, and where it says who it is."""
    return folder(run_id) / "lock"


def log_file(run_id: str) -> Path:
    """What the run's processes printed."""
    return folder(run_id) / "log.txt"


def make_folder(run_id: str) -> Path:
    """A run's folder, made if it was not there; only its owner may look into it.

    Raises:
        OSError: It cannot be made.
    """
    path = folder(run_id)
    make_private(path.parent)
    make_private(path)
    return path


def make_private(path: Path) -> None:
    """A folder that only its owner may look into; one that is there stays as it is."""
    path.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
