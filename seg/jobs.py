"""Jobs, and the lines they wait in: one for each owner, and the lines take turns."""

import itertools
from collections import OrderedDict, deque
from dataclasses import replace
from threading import Event
from typing import Protocol

import numpy as np

from seg.results import Result, result_key
from seg.worker import Request


class Queue(Protocol):
    """What a job asks of the service that made it."""

    def place(self, job: "Job") -> int:
        """See `Job.place`."""
        ...

    def cancel(self, job: "Job") -> None:
        """See `Job.cancel`."""
        ...

    def hurry(self, job: "Job") -> None:
        """See `Job.hurry`."""
        ...


class Job:
    """One request on its way. Made by `Service.submit`; safe to ask from any thread."""

    def __init__(self, queue: Queue, number: int, owner: str, request: Request) -> None:
        self.number = number
        self.owner = owner
        self.request = request
        self.key = result_key(request.checkpoint_sha256, request.image_sha256, request.options)
        self.progress = (0, 0)
        self.is_looked_at = False
        self.gives_way = False
        self._queue = queue
        self._finished = Event()
        self._result: Result | None = None
        self._error: Exception | None = None

    @property
    def error(self) -> Exception | None:
        """What went wrong, in words for the user; None while it goes on and where it went well."""
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
        return self._queue.place(self)

    def cancel(self) -> None:
        """Leave the queue, or stop before the next pass; a finished job stays as it is."""
        self._queue.cancel(self)

    def hurry(self) -> None:
        """Somebody looks at it: to the front of its owner's line."""
        self._queue.hurry(self)

    def finish(self, result: Result | None, error: Exception | None = None) -> None:
        """Set the outcome, once; the pixels are let go."""
        self._result, self._error = result, error
        self.request = replace(self.request, pixels=np.zeros((0, 0), np.uint8))
        self._finished.set()


class Lines:
    """Who waits. Not safe by itself: `Service` asks and changes it under its lock.

    Example:
        >>> lines = Lines()
        >>> for owner, name in ("a", "a1"), ("a", "a2"), ("b", "b1"):
        ...     lines.join(owner, name)
        >>> lines.order()
        ['a1', 'b1', 'a2']
        >>> lines.take(), lines.order()
        ('a1', ['b1', 'a2'])
    """

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[Job]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def order(self) -> list[Job]:
        """All jobs in the order they will run: one of each line in turn."""
        rounds = itertools.zip_longest(*self._lines.values())
        return [job for turn in rounds for job in turn if job is not None]

    def of(self, owner: str) -> list[Job]:
        """The jobs of one owner, the next first."""
        return list(self._lines.get(owner, ()))

    def join(self, owner: str, job: Job, behind: int | None = None) -> None:
        """Wait at the end of the owner's line, or behind so many of it."""
        line = self._lines.setdefault(owner, deque())
        line.insert(len(line) if behind is None else behind, job)

    def remove(self, owner: str, job: Job) -> bool:
        """Leave the line; False where the job was not in it."""
        line = self._lines.get(owner, deque())
        if job not in line:
            return False
        line.remove(job)
        if not line:
            del self._lines[owner]
        return True

    def take(self) -> Job:
        """The next job; its owner goes behind the others."""
        owner, line = self._lines.popitem(last=False)
        job = line.popleft()
        if line:
            self._lines[owner] = line
        return job

    def clear(self) -> list[Job]:
        """Everybody leaves; those who did."""
        waiting = self.order()
        self._lines.clear()
        return waiting
