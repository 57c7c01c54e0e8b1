"""The store as a whole, and how to open it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock
from typing import Any

from sqlalchemy import URL

from seg.settings import settings
from seg.store import schema
from seg.store.database import parse
from seg.store.migrate import bring_forward
from seg.store.points import Points
from seg.store.queries import add, as_row, hold
from seg.store.rows import COMMANDS, Command, Evaluation
from seg.store.runs import Runs
from seg.store.writer import Writer

_opened: dict[URL, "Store"] = {}
_opening = Lock()


class Store(Runs, Points):
    """Runs and what they recorded. Threads may share one; `open_store` makes it."""

    @contextmanager
    def writing(self, run_id: str, owner: str) -> Iterator[Writer]:
        """One transaction of the owner's: all of it is written, or nothing.

        It begins by renewing the owner's lease, and so by finding out whether the run is still its;
        with nothing inside, it is a sign of life.

        Raises:
            LostRun: The run is another's now, or deleted. Nothing is written.
            StoreError: The database cannot be written just now. Nothing is written; it may be
                tried again.
        """
        with self.changing() as connection:
            hold(connection, run_id, owner)
            yield Writer(connection, run_id)

    def command(self, run_id: str, name: str, value: Any = None) -> Command:
        """Ask something of a run, for its worker to take at its next step.

        Args:
            run_id: Its id, or the first digits.
            name: One of COMMANDS.
            value: For "set": new values by control, `{"alpha": 0.3, "beta": 0.7}`.

        Raises:
            RunError: There is no such run.
            ValueError: There is no such command.
        """
        if name not in COMMANDS:
            raise ValueError(f"A command must be one of {', '.join(COMMANDS)}, not {name!r}.")
        run_id, now = self.run(run_id).id, time.time()
        row = {"run_id": run_id, "at": now, "name": name, "value": value}
        with self.changing() as connection:
            number = add(connection, schema.commands, row)
        return Command(number, run_id, now, name, value, step=None, taken_at=None)

    def add_evaluation(self, evaluation: Evaluation) -> Evaluation:
        """Record scores of a checkpoint, of any run or of none; returns them with their id."""
        row = as_row(evaluation)
        del row["id"]
        with self.changing() as connection:
            return replace(evaluation, id=add(connection, schema.evaluations, row))


def open_store(url: str | None = None) -> Store:
    """The store at a URL, made or brought forward to this version's tables if need be.

    A process holds one `Store` for each URL, however often it asks.

    Args:
        url: `sqlite:///path` or `postgresql://user@host/name`; None: SEG_STORE_URL, else
            `store.sqlite` in SEG_HOME.

    Raises:
        ConfigError: The URL cannot be used.
        StoreError: The database cannot be opened, or a newer version of this program made it.
    """
    named = url or settings().store_url
    where = parse(named) if named else _at_home()
    with _opening:
        held = _opened.get(where)
        if held is None or held.is_gone():
            if held is not None:
                held.close()
            _opened[where] = held = _ready(Store(where))
        return held


def _at_home() -> URL:
    """The file in SEG_HOME, whatever signs its path is made of."""
    return URL.create("sqlite", database=str((settings().home / "store.sqlite").absolute()))


def _ready(store: Store) -> Store:
    """The store with this version's tables."""
    try:
        bring_forward(store)
    except BaseException:
        store.close()
        raise
    return store
