"""Locks on files that end with the process that holds them (flock).

A lock belongs to an open file, not to a process id: SIGKILL, a crash or a power cut drops it at
once, a zombie holds none, and a child that was handed the open file goes on holding it.
"""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

RETRY_S = 0.01
WAIT_S = 1.0  # one who only looks (`is_held`) is in the way for microseconds; this outlasts many


def take(path: Path, wait_s: float = WAIT_S) -> int | None:
    """Take the lock of a file, which is made if it is not there.

    Args:
        path: In a folder that exists.
        wait_s: How long to try, in seconds.

    Returns:
        The open file that holds the lock until it is closed; None where another holds it.

    Raises:
        OSError: The file cannot be opened or its file system has no locks.
    """
    until = time.monotonic() + wait_s
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if take_open(descriptor, path):
            return descriptor
        os.close(descriptor)
        if time.monotonic() >= until:
            return None
        time.sleep(RETRY_S)


def take_open(descriptor: int, path: Path) -> bool:
    """Take the lock by a file that is open already, if that is the file at `path`.

    A file that was removed meanwhile, and perhaps made again, is another one.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def is_held(path: Path) -> bool:
    """Whether some process holds the lock; no file, no lock.

    Looks by taking it shared for a moment: two who look do not take each other for a holder, and
    one who wants it at that moment tries again (`take`).
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def write_note(descriptor: int, text: str) -> None:
    """What the holder says about itself, in the file itself; a full disk only loses the note."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)


def read_note(path: Path) -> str:
    """What the holder, or one before it, wrote; empty where there is nothing."""
    try:
        return path.read_bytes()[:1000].decode(errors="replace")
    except FileNotFoundError:
        return ""
