"""A training's own desk: what it is asked for comes in here, what it has to tell goes out.

A thread of its own looks for commands, writes the recorded steps and renews the lease, so that a
step waits for no database. Whatever fails is tried again; a run that was lost to another owner
writes nothing more. No Keras here.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from seg.errors import LostRun, StoreError
from seg.store import Command, Step, Store, Writer

log = logging.getLogger(__name__)

EVERY_S = 0.2  # commands are looked for, and steps written
BEAT_S = 5.0  # at the latest, the lease is renewed
LEASE_S = 30.0
RETRY_S = 1.0  # a store that is locked or away

Happening = dict[str, Any]  # an event but for its step and command, as `Writer.event` takes it


class Desk:
    """One run's desk: `with Desk(store, run_id, owner) as desk: ...`.

    Args:
        store: Where the run is.
        run_id: A run that `owner` has claimed.
        owner: The worker's name in the store.
    """

    def __init__(self, store: Store, run_id: str, owner: str) -> None:
        self._store, self._run_id, self._owner = store, run_id, owner
        self._now: dict[str, Any] = {"step": 0, "epoch": 0}
        self._news = 0  # counts what was told; `_told` is how much of it is written
        self._told = 0
        self._steps: list[Step] = []
        self._commands: dict[int, Command] = {}
        self._taken: set[int] = set()
        self._lock = threading.Lock()  # of the fields above, held for moments only
        self._writes = threading.Lock()  # one transaction at a time; it may wait for the store
        self._over = threading.Event()
        self._came = threading.Event()
        self._lost: Exception | None = None
        self._beat = time.monotonic()
        self._thread = threading.Thread(target=self._attend, name="desk", daemon=True)
        self.is_ending = False  # the machine asked the process to end

    def __enter__(self) -> "Desk":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def tell(self, **columns: Any) -> None:
        """Have columns of the run's row written soon."""
        with self._lock:
            self._now = self._now | columns
            self._news += 1

    def now(self, column: str) -> Any:
        """What was told last of a column."""
        return self._now.get(column)

    def record(self, step: Step) -> None:
        """Have a step written soon.

        Raises:
            LostRun: Another worker owns the run.
        """
        self.check()
        with self._lock:
            self._steps.append(step)

    def commands(self) -> list[Command]:
        """What was asked and is not taken yet, the oldest first.

        Raises:
            LostRun: Another worker owns the run.
        """
        self.check()
        with self._lock:
            self._came.clear()
            return [self._commands[number] for number in sorted(self._commands)]

    def wait(self, timeout_s: float = RETRY_S) -> None:
        """Until a command comes, or the time is over."""
        self._came.wait(timeout_s)

    def taken(self, command: Command, step: int, *happened: Happening) -> None:
        """Say that a command is in force from a step on, and what came of it."""
        with self._lock:
            self._commands.pop(command.id, None)
            self._taken.add(command.id)

        def work(write: Writer) -> None:
            write.taken(command.id, step)
            for one in happened:
                write.event(step=step, command_id=command.id, **one)

        self.insist(work)

    def insist(self, work: Callable[[Writer], None]) -> None:
        """Write in one transaction; a store that is locked or away is tried until it can be.

        Raises:
            LostRun: Another worker owns the run.
            StoreError: The machine ends the process meanwhile.
        """
        told = False
        while True:
            if told and self.is_ending:
                raise StoreError(
                    "The store cannot be written, and the machine ended the training. It goes on "
                    "from its last state when resumed."
                )
            try:
                with self._writing() as write:
                    work(write)
                return
            except StoreError as error:
                if not told:
                    log.warning("The store cannot be written; it is tried again. %s", error)
                told = True
                self.check()
                time.sleep(RETRY_S)

    def read(self, ask: Callable[[Store], Any]) -> Any:
        """Ask the store; one that is locked or away is tried until it answers.

        Raises:
            LostRun: Another worker owns the run.
            StoreError: The machine ends the process meanwhile.
        """
        while True:
            try:
                return ask(self._store)
            except StoreError as error:
                log.warning("The store does not answer; it is tried again. %s", error)
                self.check()
                if self.is_ending:
                    raise
                time.sleep(RETRY_S)

    def check(self) -> None:
        """Raise what the thread has found out.

        Raises:
            LostRun: Another worker owns the run.
        """
        if self._lost is not None:
            raise self._lost

    @contextmanager
    def _writing(self) -> Iterator[Writer]:
        """One transaction that begins with the steps and columns not written yet."""
        with self._writes:
            with self._lock:
                now, steps, news = self._now, list(self._steps), self._news
            with self._store.writing(self._run_id, self._owner) as write:
                if steps:
                    write.steps(steps)
                write.run(**now)
                yield write
            with self._lock:
                del self._steps[: len(steps)]
                self._told = news
            self._beat = time.monotonic()

    def _attend(self) -> None:
        """The thread: until the desk is closed or the run lost."""
        while not self._over.wait(EVERY_S):
            try:
                self._look()
                is_due = time.monotonic() - self._beat > BEAT_S
                if self._steps or self._news != self._told or is_due:
                    with self._writing():
                        pass
            except StoreError as error:
                log.warning("The store cannot be reached; it is tried again. %s", error)
                self._over.wait(RETRY_S)
            except Exception as error:  # lost, or what nobody foresaw: the loop is told
                self._lost = error
                self._came.set()
                return

    def _look(self) -> None:
        """Fetch new commands; one to stop now ends the process here, in the middle of a step."""
        pending = self._store.commands(self._run_id, pending_only=True)
        with self._lock:
            open_ = [one for one in pending if one.id not in self._taken]
            new = [one for one in open_ if one.id not in self._commands]
            self._commands = {one.id: one for one in open_}
        if new:
            self._came.set()
        for command in new:
            if command.name == "stop_now":
                self._stop_now(command)

    def _stop_now(self, command: Command) -> None:
        """Say so, and be gone."""
        text = "Stopped at once, in the middle of a step."
        happened = {"kind": "stop", "text": text, "epoch": self._now["epoch"]}
        self.taken(command, self._now["step"], happened)
        with suppress(LostRun, StoreError):
            self._store.release(self._run_id, self._owner, "stopped", text)
        os._exit(0)
