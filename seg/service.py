"""Predictions for many browsers by one warm child process: a fair queue, progress, cancel.

The server never imports TensorFlow: it hands a `Request` to the child and gets a `Result`. Each
owner (a browser session) waits in its own line, and the lines take turns; what an owner looks at
goes before what it left running. A child that dies fails one request and is replaced.
"""

import itertools
import logging
from threading import Condition, Thread

from seg import errors
from seg.child import Child
from seg.errors import Cancelled, RunError
from seg.jobs import Job, Lines
from seg.results import Result, ResultCache, result_key
from seg.worker import Ask, Cancel, Failed, Passes, Ready, Request

log = logging.getLogger(__name__)

CLOSE_S = 10.0  # how long the thread may take to end
CANCELLED = "The prediction was cancelled. Nothing was changed."
CLOSING = "The server is closing. Ask again when it is back."
DIED = (
    "The process that runs networks ended, perhaps for lack of memory. It starts again by itself. "
    "Predict again; if it ends again, use a smaller image or head."
)
NOT_STARTED = (
    "The process that runs networks could not be started. Expected enough memory for TensorFlow, "
    "about 1 GiB. Close other programs, look at the server's log, and predict again."
)


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
        self._lines = Lines()
        self._running: Job | None = None
        self._numbers = itertools.count(1)
        self._changed = Condition()
        self._closed = False
        self._thread: Thread | None = None
        self._child: Child | None = None

    def submit(self, request: Request, owner: str, *, first: bool = False) -> Job:
        """Ask for a prediction; a kept result is there at once.

        Args:
            request: What is asked.
            owner: Whose line it waits in.
            first: Somebody looks at it: at the front of that line.
        """
        job = Job(self, next(self._numbers), owner, request)
        kept = self._cache.get(job.key)
        if kept is not None:
            job.finish(kept)
            return job
        with self._changed:
            if self._closed:
                job.finish(None, Cancelled(CLOSING))
                return job
            self._lines.join(owner, job)
            self._changed.notify_all()
        if first:
            self.hurry(job)
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
            waiting = self._lines.order()
            return waiting.index(job) + (self._running is not None) if job in waiting else 0

    def hurry(self, job: Job) -> None:
        """Move a waiting job to the front of its owner's line.

        If the same owner's running job is one nobody looks at, it gives way before its next pass,
        and begins again afterwards.
        """
        with self._changed:
            job.is_looked_at = True
            if not self._lines.remove(job.owner, job):
                return
            self._lines.join(job.owner, job, behind=0)
            running = self._running
            if running is None or running.owner != job.owner or running.is_looked_at:
                return
            running.gives_way = True
        self._stop_child(running)

    def cancel(self, job: Job) -> None:
        """Take a job out of its line, or tell the child to stop it."""
        with self._changed:
            job.gives_way = False
            if self._lines.remove(job.owner, job):
                job.finish(None, Cancelled(CANCELLED))
            running = job if job is self._running else None
        if running is not None:
            self._stop_child(running)

    def leave(self, owner: str) -> None:
        """An owner is gone: all its jobs are cancelled."""
        with self._changed:
            jobs = self._lines.of(owner)
            if self._running is not None and self._running.owner == owner:
                jobs.append(self._running)
        for job in jobs:
            self.cancel(job)

    def close(self) -> None:
        """End the child; whatever waits or runs is cancelled."""
        with self._changed:
            self._closed = True
            waiting = self._lines.clear()
            if self._child is not None:
                self._child.kill()
            self._changed.notify_all()
        for job in waiting:
            job.finish(None, Cancelled(CLOSING))
        if self._thread is not None:
            self._thread.join(CLOSE_S)

    def _stop_child(self, job: Job) -> None:
        """Tell the child; not under the lock, for a full connection would stop everybody."""
        child = self._child
        if child is not None:
            child.send(Cancel(job.number))

    def _work(self) -> None:
        """The thread: one job after the other, until closed. Nothing that fails ends it."""
        self._start_child()
        while (job := self._take()) is not None:
            try:
                outcome = self._outcome(job)
            except Exception:
                log.exception("A prediction failed.")
                outcome = RunError(DIED)
            self._settle(job, outcome)
        if self._child is not None:
            self._child.kill()

    def _take(self) -> Job | None:
        """The next job, waited for; None when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._lines))
            if self._closed:
                return None
            self._running = self._lines.take()
            return self._running

    def _outcome(self, job: Job) -> Result | Exception:
        """Ask the child and listen until it answers or dies."""
        kept = self._cache.get(job.key)
        if kept is not None:
            return kept
        child = self._child or self._start_child()
        if child is None:
            self._fail_waiting()
            return RunError(NOT_STARTED)
        child.send(Ask(job.number, job.request))
        while True:
            message = child.receive()
            if isinstance(message, Passes):
                job.progress = (message.done, message.total)
            elif isinstance(message, Result):
                return message
            elif isinstance(message, Failed):
                return _told(message)
            elif message is None:
                child.kill()
                self._child = None
                return Cancelled(CLOSING) if self._closed else RunError(DIED)

    def _settle(self, job: Job, outcome: Result | Exception) -> None:
        """Keep the result, and finish the job or put it back in its line."""
        with self._changed:
            self._running = None
            if job.gives_way and isinstance(outcome, Cancelled) and not self._closed:
                job.gives_way, job.progress = False, (0, 0)
                job.number = next(self._numbers)
                looked_at = sum(other.is_looked_at for other in self._lines.of(job.owner))
                self._lines.join(job.owner, job, behind=looked_at)
                self._changed.notify_all()
                return
        if isinstance(outcome, Result):
            try:
                self._cache.keep(job.key, outcome)
            except OSError:
                log.exception("A result could not be kept on disk.")
            job.finish(outcome)
        else:
            job.finish(None, outcome)

    def _start_child(self) -> Child | None:
        """A child that has said its device; None where that is not to be had."""
        try:
            child = Child(self._device)
        except OSError:
            log.exception("The prediction process could not be started.")
            return None
        with self._changed:
            self._child = child
            if self._closed:
                child.kill()
        ready = child.receive()
        if not isinstance(ready, Ready):
            child.kill()
            self._child = None
            return None
        self.device_name = ready.device
        return child

    def _fail_waiting(self) -> None:
        """No child is to be had: all are told at once, not one after a long start each."""
        with self._changed:
            waiting = self._lines.clear()
        for job in waiting:
            job.finish(None, RunError(NOT_STARTED))


def _told(failed: Failed) -> Exception:
    """The child's error as ours; what is not for a user goes to the log, under its reference."""
    if failed.trace:
        log.error("Reference %s\n%s", failed.reference, failed.trace)
    kind = getattr(errors, failed.kind, RunError)
    return kind(failed.text)
