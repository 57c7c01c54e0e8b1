"""The other end of `seg.worker`: the process, the connection, and who may write on it.

The child is a program of its own, not a multiprocessing one: spawning would import the parent's
`__main__`, and under Streamlit that is the page.
"""

import logging
import multiprocessing
import subprocess
import sys
from pathlib import Path
from threading import Lock

from seg.worker import Ask, Cancel

log = logging.getLogger(__name__)

ROOT = Path(__file__).parent.parent


class Child:
    """One worker process. Any thread may cancel; one thread asks and receives.

    Args:
        device: "auto", "cpu" or "gpu".

    Raises:
        OSError: The system cannot start a process now.
    """

    def __init__(self, device: str) -> None:
        self._connection, theirs = multiprocessing.Pipe()
        self._sending = Lock()
        with theirs:
            descriptor = theirs.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "seg.worker", str(descriptor), device],
                pass_fds=[descriptor],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def send(self, message: Ask | Cancel) -> None:
        """Send, one thread at a time; whether it arrives is seen by whether an answer comes."""
        try:
            with self._sending:
                self._connection.send(message)
        except OSError:
            log.info("The prediction process is gone before it was asked.")

    def receive(self) -> object | None:
        """The next message; None when the child is lost, or says what cannot be understood."""
        try:
            return self._connection.recv()
        except (EOFError, OSError):
            return None
        except Exception:
            log.exception("The prediction process sent something that cannot be read.")
            return None

    def kill(self) -> None:
        """End it and wait for its end."""
        self._process.kill()
        self._process.wait()
