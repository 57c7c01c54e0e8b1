"""A run held by the process that trains it, for as long as that process lives."""

import json
import os
import socket
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

import psutil

from seg.disk import remove_half_written
from seg.errors import RunError
from seg.launch import locks
from seg.launch.place import lock_file, make_folder

INHERITED = "SEG_HELD_LOCK"  # the open lock file a process was started with, as a number


@dataclass(frozen=True)
class Holder:
    """Who holds a lock.

    Attributes:
        pid: The process's number.
        born: When it was started, as its system counts; a number used again has another.
        host: The machine's name.
    """

    pid: int
    born: str
    host: str

    def encode(self) -> str:
        """As text, for the lock's file."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, pid: int) -> "Holder":
        """A process of this machine."""
        return cls(pid, born(pid), this_host())

    @classmethod
    def decode(cls, text: str) -> "Holder | None":
        """What `encode` wrote; None for anything else."""
        try:
            values = json.loads(text)
            return cls(int(values["pid"]), str(values["born"]), str(values["host"]))
        except (ValueError, KeyError, TypeError):
            return None


class Hold:
    """Hold a run while it is trained: `with Hold(run_id): ...`.

    A process that `launch.start` started was handed the lock with its life and only keeps it. As
    nobody else writes into the run's folder now, what a killed one was writing there is removed.

    Raises:
        RunError: Another process holds the run.
        OSError: The run's folder cannot be made or written.
    """

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._descriptor: int | None = None

    def __enter__(self) -> "Hold":
        folder = make_folder(self._run_id)
        path = lock_file(self._run_id)
        descriptor = _inherited(path)
        self._descriptor = take_run(self._run_id) if descriptor is None else descriptor
        locks.write_note(self._descriptor, Holder.of(os.getpid()).encode())
        remove_half_written(folder)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            locks.write_note(descriptor, "")
            os.close(descriptor)


def take_run(run_id: str) -> int:
    """The open lock file of a run whose folder is there.

    Raises:
        RunError: Another process holds it.
    """
    descriptor = locks.take(lock_file(run_id))
    if descriptor is None:
        raise RunError(
            f"Run {run_id} is being trained by another process. Expected one at a time. Watch it "
            "on the Train page, or stop it first."
        )
    return descriptor


def holder(run_id: str) -> Holder | None:
    """Who holds a run, as it says itself; None where nobody does or it has not said it yet."""
    note = locks.read_note(lock_file(run_id))
    return Holder.decode(note) if locks.is_held(lock_file(run_id)) else None


def this_host() -> str:
    """This machine's name, as a run's row keeps it."""
    return socket.gethostname()


def born(pid: int) -> str:
    """When a process was started, as its system counts; empty when it is none, or only a zombie.

    Linux counts ticks since the machine was started, which setting the clock does not move.
    """
    if sys.platform != "linux":
        try:
            process = psutil.Process(pid)
            is_zombie = process.status() == psutil.STATUS_ZOMBIE
            return "" if is_zombie else repr(process.create_time())
        except psutil.NoSuchProcess:
            return ""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def _inherited(path: Path) -> int | None:
    """The open lock file this process was started with, if it is this run's."""
    number = os.environ.pop(INHERITED, "")
    try:
        descriptor = int(number)
        os.set_inheritable(descriptor, False)
        return descriptor if locks.take_open(descriptor, path) else None
    except (ValueError, OSError):
        return None
