"""A run's folder: its lock, its log, its checkpoints."""

import re
from pathlib import Path

from seg.settings import settings

RUN_ID = re.compile(r"[0-9a-f]{12}")
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
