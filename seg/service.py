"""Predictions for many browsers by one warm child process: a fair queue, progress, cancel.

The server never imports TensorFlow: it hands a `Request` to the child and gets a `Result`. Each
owner (a browser session) waits in its own line, and the lines take turns. A child that dies fails
one request and is replaced.

The child is a program of its own (`seg.worker`), not a multiprocessing one: spawning would import
the parent's `__main__`, and under Streamlit that is the page.
"""

import itertools
import logging
import multiprocessing
import subprocess
import sys
from collections import OrderedDict, deque
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Condition, Event, Thread

from seg.errors import Cancelled, RunError, SegError
from seg.results import Result, ResultCache, result_key
from seg.worker import Ask, Cancel, Outcome, Passes, Ready, Request

log = logging.getLogger(__name__)

ROOT = Path(__file__).parent.parent
CLOSE_S = 10.0  # how long a child may take to end before it is killed


class Job:
    """One request on its way. Made by `Service.submit`; safe to ask from any thread."""

    def __init__(self, service: "Service", number: int, owner: str, request: Request) -> None:
        self.number = number
        self.owner = owner
        self.request = request
        self.key = result_key(request.checkpoint_sha256, request.image_sha256, request.options)
        self.progress = (0, 0)
        self._service = service
        self._finished = Event()
        self._result: Result | None = None
        self._error: BaseException | None = None

    @property
    def error(self) -> BaseException | None:
        """What went wrong; None while it goes on and where it went well."""
        return self._error

    @property
    def is_finished(self) -> bool:
        """Whether `result` returns or raises at once."""
        return self._finished.is_set()

    def result(self, timeout_s: float | None = None) -> Result:
        """Wait for the result.

        Raises:
            TimeoutError: Not finished in time; the job goes on.
            SegError: What went wrong, in words for the user.
        """
        if not self._finished.wait(timeout_s):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        if self._result is None:
            raise ValueError("A finished job has neither a result nor an error.")
        return self._result

    def place(self) -> int:
        """How many requests run before this one; 0 while it runs or when it is finished."""
        return self._service.place(self)

    def cancel(self) -> None:
        """Leave the queue, or stop before the next pass; a finished job stays as it is."""
        self._service.cancel(self)

    def hurry(self) -> None:
        """Go to the front of its owner's line."""
        self._service.hurry(self)

    def finish(self, result: Result | None, error: BaseException | None = None) -> None:
        """Set the outcome, once."""
        self._result, self._error = result, error
        self._finished.set()


class Service:
    """The queue before one device's child process.

    Args:
        cache: Where results are looked up first and kept afterwards.
        device: "auto", "cpu" or "gpu".
    """

    def __init__(self, cache: ResultCache, device: str = "auto") -> None:
        self.device_name: str | None = None
        self._cache = cache
        self._device = device
        self._lines: OrderedDict[str, deque[Job]] = OrderedDict()
        self._running: Job | None = None
        self._numbers = itertools.count(1)
        self._changed = Condition()
        self._closed = False
        self._thread: Thread | None = None
        self._child: _Child | None = None

    def submit(self, request: Request, owner: str, *, first: bool = False) -> Job:
        """Ask for a prediction; a kept result is there at once.

        Args:
            request: What is asked.
            owner: Whose line it waits in.
            first: At the front of that line.
        """
        job = Job(self, next(self._numbers), owner, request)
        kept = self._cache.get(job.key)
        if kept is not None:
            job.finish(kept)
            return job
        with self._changed:
            line = self._lines.setdefault(owner, deque())
            (line.appendleft if first else line.append)(job)
            self._changed.notify_all()
        self.warm()
        return job

    def peek(self, request: Request) -> Result | None:
        """The kept result of a request; None where it would have to be computed."""
        key = result_key(request.checkpoint_sha256, request.image_sha256, request.options)
        return self._cache.get(key)

    def warm(self) -> None:
        """Start the child in the background, so that the first prediction does not wait for it."""
        with self._changed:
            if self._thread is None and not self._closed:
                self._thread = Thread(target=self._work, name="predictions", daemon=True)
                self._thread.start()

    def place(self, job: Job) -> int:
        """How many requests run before this one."""
        with self._changed:
            waiting = self._order()
            return waiting.index(job) + (self._running is not None) if job in waiting else 0

    def hurry(self, job: Job) -> None:
        """Move a waiting job to the front of its owner's line."""
        with self._changed:
            line = self._lines.get(job.owner)
            if line and job in line:
                line.remove(job)
                line.appendleft(job)

    def cancel(self, job: Job) -> None:
        """Take a job out of its line, or tell the child to stop it."""
        with self._changed:
            if job is self._running and self._child is not None:
                self._child.cancel(job.number)
            elif job in self._order():
                self._leave(job)
                job.finish(None, Cancelled("The prediction was cancelled. Nothing was changed."))

    def close(self) -> None:
        """End the child; whatever waits or runs is cancelled."""
        with self._changed:
            self._closed = True
            waiting = self._order()
            self._lines.clear()
            if self._child is not None:
                self._child.kill()
            self._changed.notify_all()
        for job in waiting:
            job.finish(None, Cancelled("The server is closing. Ask again when it is back."))
        if self._thread is not None:
            self._thread.join(CLOSE_S)

    def _order(self) -> list[Job]:
        """All waiting jobs in the order they will run: one of each line in turn."""
        rounds = itertools.zip_longest(*self._lines.values())
        return [job for turn in rounds for job in turn if job is not None]

    def _leave(self, job: Job) -> None:
        """Take a job out of its line; its owner goes behind the others."""
        line = self._lines.pop(job.owner)
        line.remove(job)
        if line:
            self._lines[job.owner] = line

    def _work(self) -> None:
        """The thread: keep a child, give it one job after the other, until closed."""
        while self._keep_child():
            job = self._take()
            if job is None:
                break
            self._run(job)
        if self._child is not None:
            self._child.kill()

    def _keep_child(self) -> bool:
        """Have a living child that has said its device; False when closed."""
        if self._child is None:
            child = _Child(self._device)
            with self._changed:
                if self._closed:
                    child.kill()
                    return False
                self._child = child
            ready = child.receive()
            self.device_name = ready.device if isinstance(ready, Ready) else None
        return not self._closed

    def _take(self) -> Job | None:
        """The next job, waited for; None when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._lines)
            if self._closed:
                return None
            self._running = self._order()[0]
            self._leave(self._running)
            return self._running

    def _run(self, job: Job) -> None:
        """One job from the child, its progress noted; a dead child is told and forgotten."""
        outcome = self._outcome(job)
        if outcome.result is not None:
            self._cache.keep(job.key, outcome.result)
        with self._changed:
            self._running = None
        job.finish(outcome.result, _told(outcome.error) if outcome.error else None)

    def _outcome(self, job: Job) -> Outcome:
        """Ask the child and listen until it answers or dies."""
        kept = self._cache.get(job.key)
        if kept is not None:
            return Outcome(kept, None)
        child = self._child
        if child is None:
            raise ValueError("A job is run without a child.")
        child.ask(Ask(job.number, job.request))
        while True:
            message = child.receive()
            if isinstance(message, Passes):
                job.progress = (message.done, message.total)
            elif isinstance(message, Outcome):
                return message
            elif message is None:
                child.kill()
                with self._changed:
                    self._child = None
                return Outcome(None, RunError(DIED))


DIED = (
    "The process that runs networks ended, perhaps for lack of memory. It starts again by itself. "
    "Ask again; if it ends again, use a smaller image or head."
)


class _Child:
    """The worker process and the connection to it."""

    def __init__(self, device: str) -> None:
        self._connection, theirs = multiprocessing.Pipe()
        descriptor = theirs.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "seg.worker", str(descriptor), device],
            pass_fds=[descriptor],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def ask(self, ask: Ask) -> None:
        """Send a job; a dead child shows when its answer is read."""
        _send(self._connection, ask)

    def cancel(self, number: int) -> None:
        """Send a cancellation; likewise."""
        _send(self._connection, Cancel(number))

    def receive(self) -> object | None:
        """The next message; None when the child is gone."""
        try:
            return self._connection.recv()
        except (EOFError, OSError):
            return None

    def kill(self) -> None:
        """End it and wait for its end."""
        self._process.kill()
        self._process.wait()


def _send(connection: Connection, message: object) -> None:
    """Send; whether it arrives is seen by whether an answer comes."""
    try:
        connection.send(message)
    except OSError:
        log.info("The prediction process is gone before it was asked.")


def _told(error: Exception) -> Exception:
    """What a user is told: our own errors as they are; anything else goes to the log."""
    if not isinstance(error, SegError):
        log.error("A prediction failed.", exc_info=error)
    return error
