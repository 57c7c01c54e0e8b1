"""Runs: made, found, named, deleted; and who may work on one."""

import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, delete, insert, or_, select, update

from seg.errors import RunError
from seg.store import schema
from seg.store.database import Database
from seg.store.plain import clean
from seg.store.queries import columns, hold
from seg.store.rows import FINAL, STATUSES, Run

NAME_MAX = 120  # characters
RUN = columns(schema.runs, Run)
EMPTY = {
    "stage": "", "reason": "", "controls": {}, "data_fingerprint": "", "step": 0, "epoch": 0,
    "device": "", "host": "",
}  # fmt: skip
GOING = {  # what is seen of a run while it is deleted, or after that was cut short
    "owner": None, "lease_s": None, "lease_until": None, "status": "failed", "stage": "",
    "reason": "Its deletion was begun. Delete it again if it is still here.",
}  # fmt: skip
PORTIONS = {schema.steps.c.step: 2000, schema.epochs.c.epoch: 50}  # rows of one transaction
BREATH_S = 0.02  # between two, for whoever waits to write


class Runs(Database):
    """The table of runs."""

    def create_run(
        self,
        name: str,
        config: Mapping[str, Any],
        data_name: str,
        *,
        parent_id: str | None = None,
        parent_step: int | None = None,
    ) -> Run:
        """A new run, queued, that nobody works on yet.

        Args:
            name: For people; need not be unique.
            config: The whole configuration, plain JSON.
            data_name: The data set, for people.
            parent_id: The run it branches from, right after `parent_step`.
            parent_step: See there.

        Raises:
            RunError: The name is empty or too long.
            ValueError: The configuration is not plain JSON.
        """
        now = time.time()
        values: dict[str, Any] = {
            "id": secrets.token_hex(6), "name": _name(name), "created_at": now, "queued_at": now,
            "status": "queued", "config": dict(config), "data_name": clean(data_name),
            "parent_id": parent_id, "parent_step": parent_step,
        }  # fmt: skip
        with self.changing() as connection:
            connection.execute(insert(schema.runs).values(EMPTY | values))
        return self.run(values["id"])

    def run(self, run_id: str) -> Run:
        """The run with this id, or whose id begins with these four or more digits.

        Raises:
            RunError: There is none, or more than one.
        """
        found: list[Run] = []
        if re.fullmatch(r"[0-9a-f]{4,12}", run_id):
            query = select(*RUN).where(schema.runs.c.id.startswith(run_id)).limit(2)
            with self.reading() as connection:
                found = [Run(*row) for row in connection.execute(query)]
        if len(found) == 1:
            return found[0]
        fits = "more than one run" if found else "no run"
        raise RunError(
            f"The run {clean(run_id, 20)!r} is not to be found. Expected the id of one run, or "
            f"its first four digits or more. Received: one that fits {fits}. "
            "Look at the list of runs."
        )

    def runs(self) -> list[Run]:
        """All runs, the newest first."""
        query = select(*RUN).order_by(schema.runs.c.created_at.desc(), schema.runs.c.id)
        with self.reading() as connection:
            return [Run(*row) for row in connection.execute(query)]

    def rename(self, run_id: str, name: str) -> None:
        """Give a run another name.

        Raises:
            RunError: There is no such run, or the name is empty or too long.
        """
        found = schema.runs.c.id == self.run(run_id).id
        with self.changing() as connection:
            connection.execute(update(schema.runs).where(found).values(name=_name(name)))

    def delete_run(self, run_id: str) -> None:
        """Remove a run with all its rows; its worker, if any, is told at its next write.

        A long run goes in portions, so that other runs' writers need not wait for all of it.
        Files are not touched. There being no such run is no error.
        """
        found = schema.runs.c.id == run_id
        with self.changing() as connection:
            connection.execute(update(schema.runs).where(found).values(GOING))
        for column, rows in PORTIONS.items():
            while self._delete_some(run_id, column, rows) == rows:
                time.sleep(BREATH_S)
        with self.changing() as connection:
            connection.execute(delete(schema.runs).where(found))

    def _delete_some(self, run_id: str, column: Column[Any], rows: int) -> int:
        """Remove up to so many rows, the first ones; returns how many they were."""
        mine = column.table.c.run_id == run_id
        first = select(column).where(mine).order_by(column).limit(rows).scalar_subquery()
        with self.changing() as connection:
            query = delete(schema.metadata.tables[column.table.name])
            return connection.execute(query.where(mine, column.in_(first))).rowcount

    def claim(
        self, run_id: str, owner: str, host: str, lease_s: float, *, even_if_leased: bool = False
    ) -> bool:
        """Become the one worker that may write a run's points.

        Args:
            run_id: The whole id.
            owner: Unlike every other worker's, of this machine and others: a random text.
            host: The machine's name.
            lease_s: How long the claim holds after each write without another.
            even_if_leased: Take it from an owner who is known to be dead before its lease is over.

        Returns:
            Whether it is ours now. False: another's lease holds, or there is no such run.
        """
        now, table = time.time(), schema.runs
        query = update(table).where(table.c.id == run_id)
        if not even_if_leased:
            free = or_(table.c.owner.is_(None), table.c.owner == owner, table.c.lease_until < now)
            query = query.where(free)
        values = {"owner": owner, "host": host, "lease_s": lease_s, "lease_until": now + lease_s}
        with self.changing() as connection:
            return connection.execute(query.values(values)).rowcount == 1

    def release(self, run_id: str, owner: str, status: str, reason: str = "") -> None:
        """Stop working on a run, and say how it stands.

        A status of FINAL sets `finished_at`.

        Raises:
            LostRun: It was not this owner's.
            ValueError: There is no such status.
        """
        if status not in STATUSES:
            raise ValueError(f"status must be one of {STATUSES}, not {status!r}.")
        values: dict[str, Any] = {
            "status": status, "reason": clean(reason), "stage": "", "owner": None,
            "lease_s": None, "lease_until": None,
        }  # fmt: skip
        if status in FINAL:
            values["finished_at"] = time.time()
        with self.changing() as connection:
            hold(connection, run_id, owner, values)


def _name(name: str) -> str:
    """A run's name as it is kept."""
    name = " ".join(clean(name).split())
    if 1 <= len(name) <= NAME_MAX:
        return name
    raise RunError(
        f"The run's name cannot be used. Expected 1 to {NAME_MAX} characters. "
        f"Received: {len(name)}. Give it another."
    )
