"""A run's process: started so that it outlives the server, its output kept in a file."""

import logging
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

from seg.errors import RunError
from seg.launch import locks
from seg.launch.hold import INHERITED, Holder, take_run
from seg.launch.place import log_file, make_folder
from seg.settings import settings

log = logging.getLogger(__name__)

ROOT = Path(__file__).parent.parent.parent
COMMAND = (sys.executable, "-m", "seg", "runs", "resume")
NICE = 10  # pages and predictions go first
KIBIBYTE = 2**10
TAIL_BYTES = 64 * KIBIBYTE


def start(run_id: str) -> None:
    """Train a run, from its beginning or from where it stood, in a process of its own.

    The process leads a session of its own: neither a signal to the server's group nor the server's
    end reaches it. It is handed the run's lock, so the run is alive from this call on, and nobody
    can start it twice. What it prints is appended to the run's log.

    Args:
        run_id: A run in the store.

    Raises:
        RunError: The run is being trained already, or the system cannot start a process now.
        OSError: The run's folder cannot be made or written.
    """
    make_folder(run_id)
    lock = take_run(run_id)
    try:
        process = _spawn(run_id, lock)
        locks.write_note(lock, Holder.of(process.pid).encode())
    finally:
        os.close(lock)
    Thread(target=_reap, args=(process, run_id), name=f"run-{run_id}", daemon=True).start()


def tail(run_id: str, lines: int = 50, bytes_max: int = TAIL_BYTES) -> list[str]:
    """The last lines of a run's log.

    Args:
        run_id: Which.
        lines: At most so many.
        bytes_max: No more of the file is read, however long its lines are.

    Returns:
        Without line ends, the newest last; a first line that was cut is left out. Empty without a
        log.
    """
    try:
        with log_file(run_id).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - bytes_max, 0))
            text = file.read(bytes_max).decode(errors="replace")
    except FileNotFoundError:
        return []
    found = text.removesuffix("\n").split("\n") if text else []
    if size > bytes_max and len(found) > 1:
        found = found[1:]
    return found[-lines:] if lines > 0 else []


def _spawn(run_id: str, lock: int) -> "subprocess.Popen[bytes]":
    """The process, holding the lock; nothing else of this one's files goes along."""
    environment = os.environ | {
        "PYTHONUNBUFFERED": "1",
        "SEG_HOME": str(settings().home.resolve()),  # a relative one meant this process's folder
        INHERITED: str(lock),
        **_store_url(),
    }
    with os.fdopen(os.open(log_file(run_id), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)) as to:
        try:
            process = subprocess.Popen(
                [*COMMAND, run_id, "--quiet"],
                pass_fds=[lock],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=to,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise RunError(
                f"The process of run {run_id} could not be started: {error.strerror}. Expected "
                "memory for another process. Close other programs and resume the run."
            ) from error
    _be_nice(process.pid)
    return process


def _store_url() -> dict[str, str]:
    """The store's address for another working directory, where one is set."""
    if not settings().store_url:
        return {}
    from seg.store.database import parse

    return {"SEG_STORE_URL": parse(settings().store_url).render_as_string(hide_password=False)}


def _be_nice(pid: int) -> None:
    """Lower its priority at once, while it has one thread."""
    try:
        os.setpriority(os.PRIO_PROCESS, pid, NICE)
    except OSError:
        log.info("The priority of process %d could not be lowered.", pid)


def _reap(process: "subprocess.Popen[bytes]", run_id: str) -> None:
    """Wait for its end, so that it leaves no zombie; if this server ends first, init does."""
    code = process.wait()
    log.info("The process of run %s ended with code %d.", run_id, code)
