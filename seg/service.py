"""Predictions for many browsers by one warm child process: a fair queue, progress, cancel.

The server never imports TensorFlow: it hands a `Request` to the child and gets a `Result`. Each
owner (a browser session) waits in its own line, and the lines take turns. A child that dies fails
one request and is replaced.
"""

import itertools
import logging
import multiprocessing
from collections import OrderedDict, deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from threading import Event, RLock

from seg import worker
from seg.errors import Cancelled, RunError, SegError
from seg.results import Result, ResultCache, result_key
from seg.worker import Request

log = logging.getLogger(__name__)


class Job:
    """One request on its way. Made by `Service.submit`; safe to ask from any thread."""

    def __init__(self, service: "Service", number: int, owner: str, request: Request) -> None:
        self.number = number
        self.owner = owner
        self.request = request
        self.key = result_key(request.checkpoint_sha256, request.image_sha256, request.options)
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

    def progress(self) -> tuple[int, int]:
        """Passes done and passes in all; (0, 0) before the first."""
        return self._service.progress(self)

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
        self._cache = cache
        self._device = device
        self._context = multiprocessing.get_context("spawn")
        self._progress = self._context.Array("q", 2)
        self._cancelled = self._context.Value("q", 0)
        self._executor: ProcessPoolExecutor | None = None
        self._lines: OrderedDict[str, deque[Job]] = OrderedDict()
        self._running: Job | None = None
        self._numbers = itertools.count(1)
        self._lock = RLock()
        self._device_name: str | None = None

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
        with self._lock:
            line = self._lines.setdefault(owner, deque())
            (line.appendleft if first else line.append)(job)
            self._next()
        return job

    def peek(self, request: Request) -> Result | None:
        """The kept result of a request; None where it would have to be computed."""
        key = result_key(request.checkpoint_sha256, request.image_sha256, request.options)
        return self._cache.get(key)

    def warm(self) -> None:
        """Start the child in the background, so that the first prediction does not wait for it."""
        with self._lock:
            if self._executor is None:
                self._start().submit(worker.ready).add_done_callback(self._on_ready)

    @property
    def device_name(self) -> str | None:
        """The device's name once the child has said it."""
        return self._device_name

    def place(self, job: Job) -> int:
        """How many requests run before this one."""
        with self._lock:
            if job.is_finished or job is self._running:
                return 0
            return self._order().index(job) + (self._running is not None)

    def progress(self, job: Job) -> tuple[int, int]:
        """Passes done and in all, of the running job."""
        with self._lock:
            if job is not self._running:
                return 0, 0
            return self._progress[0], self._progress[1]

    def hurry(self, job: Job) -> None:
        """Move a waiting job to the front of its owner's line."""
        with self._lock:
            line = self._lines.get(job.owner)
            if line and job in line:
                line.remove(job)
                line.appendleft(job)

    def cancel(self, job: Job) -> None:
        """Take a job out of its line, or tell the child to stop it."""
        with self._lock:
            if job is self._running:
                self._cancelled.value = job.number
            elif not job.is_finished:
                self._lines[job.owner].remove(job)
                if not self._lines[job.owner]:
                    del self._lines[job.owner]
                job.finish(None, Cancelled("The prediction was cancelled. Nothing was changed."))

    def close(self) -> None:
        """End the child; whatever waits is cancelled."""
        with self._lock:
            waiting = self._order()
            self._lines.clear()
            executor, self._executor = self._executor, None
            if self._running is not None:
                self._cancelled.value = self._running.number
        for job in waiting:
            job.finish(None, Cancelled("The server is closing. Ask again when it is back."))
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)

    def _order(self) -> list[Job]:
        """All waiting jobs in the order they will run: one of each line in turn."""
        rounds = itertools.zip_longest(*self._lines.values())
        return [job for turn in rounds for job in turn if job is not None]

    def _next(self) -> None:
        """Give the child its next job, if it is free; called under the lock."""
        if self._running is not None or not (order := self._order()):
            return
        job = order[0]
        line = self._lines.pop(job.owner)
        line.remove(job)
        if line:
            self._lines[job.owner] = line  # to the end: the others come first
        kept = self._cache.get(job.key)
        if kept is not None:
            job.finish(kept)
            self._next()
            return
        self._running = job
        self._progress[0] = self._progress[1] = 0
        try:
            future = self._start().submit(worker.run, job.number, job.request)
        except BrokenProcessPool:
            self._executor = None
            future = self._start().submit(worker.run, job.number, job.request)
        future.add_done_callback(lambda done: self._on_done(job, done))

    def _start(self) -> ProcessPoolExecutor:
        """The child, started if it is not there; called under the lock."""
        if self._executor is None:
            self._executor = ProcessPoolExecutor(
                max_workers=1,
                mp_context=self._context,
                initializer=worker.start,
                initargs=(self._progress, self._cancelled, self._device),
            )
        return self._executor

    def _on_done(self, job: Job, future: "Future[Result]") -> None:
        """Keep the result or say what went wrong, and go on."""
        error = future.exception() if not future.cancelled() else Cancelled("It was cancelled.")
        if error is None:
            result = future.result()
            self._device_name = result.device
            self._cache.keep(job.key, result)
            job.finish(result)
        else:
            job.finish(None, _told(error))
        with self._lock:
            if isinstance(error, BrokenProcessPool):
                self._executor = None
            self._running = None
            self._next()

    def _on_ready(self, future: "Future[str]") -> None:
        """Remember the device's name; a child that cannot start shows at the first request."""
        if not future.cancelled() and future.exception() is None:
            self._device_name = future.result()


def _told(error: BaseException) -> BaseException:
    """What a user is told: our own errors as they are, a dead child in plain words."""
    if isinstance(error, SegError):
        return error
    if isinstance(error, BrokenProcessPool):
        return RunError(
            "The process that runs networks ended, perhaps for lack of memory. It starts again by "
            "itself. Ask again; if it ends again, use a smaller image or head."
        )
    log.error("A prediction failed", exc_info=error)
    return error
