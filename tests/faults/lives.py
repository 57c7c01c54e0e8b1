"""Training processes of a test: begun, watched, ended; and the store of their home."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from seg.store import open_store

ROOT = Path(__file__).parent.parent.parent
WAIT_S = 180


class Nursery:
    """A process that forks training processes, one at a time: see `tests.faults.nursery`."""

    def __init__(self, home, **environment):
        environment = {"SEG_HOME": str(home), "SEG_DEVICE": "cpu"} | environment
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.faults.nursery"],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._said = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._is_ready = False
        self._pid = 0  # of the life under way

    def begin(self, run_id, point=0):
        """Begin a life; returns its pid."""
        if not self._is_ready:
            assert self._hear() == "ready"
            self._is_ready = True
        self._process.stdin.write(f"{run_id} {point}\n")
        self._process.stdin.flush()
        self._pid = int(self._hear().removeprefix("pid "))
        return self._pid

    def end(self):
        """Wait for the life's end; returns its exit code, negative for a signal."""
        code = int(self._hear().removeprefix("ended "))
        self._pid = 0
        return code

    def abandon(self):
        """End a life that a test has left."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self.end()

    def train(self, run_id, point=0):
        """A whole life."""
        self.begin(run_id, point)
        return self.end()

    def close(self):
        """End it, and a life that is not over."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        self._process.wait()
        self._reader.join()
        self._process.stdin.close()
        self._process.stdout.close()

    def _read(self):
        """The thread that listens."""
        for line in self._process.stdout:
            self._said.put(line.strip())

    def _hear(self):
        """The next thing it says."""
        return self._said.get(timeout=WAIT_S)


@contextlib.contextmanager
def nursery(home, **environment):
    """A nursery that is closed at the end."""
    one = Nursery(home, **environment)
    try:
        yield one
    finally:
        one.close()


@contextlib.contextmanager
def opened(home):
    """The store of a home."""
    store = open_store(f"sqlite:///{home / 'store.sqlite'}")
    try:
        yield store
    finally:
        store.close()


def wait_for(condition, seconds=WAIT_S):
    """Its first true value."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.01)
    return found


def is_gone(pid):
    """Whether a process has ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
