"""Statements that several modules of the store need."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Column, Connection, Table, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from seg.errors import LostRun
from seg.store.plain import column
from seg.store.schema import runs


def columns(table: Table, row: type) -> list[Column[Any]]:
    """A table's columns in the order of a dataclass's fields, for `row(*values)`."""
    return [table.c[field.name] for field in fields(row)]


def as_row(row: Any) -> dict[str, Any]:
    """A dataclass's values by column."""
    return {field.name: column(getattr(row, field.name)) for field in fields(row)}


def add(connection: Connection, table: Table, row: Mapping[str, Any]) -> int:
    """Write a new row of a table that numbers its rows; returns the number."""
    key = connection.execute(insert(table).values(row)).inserted_primary_key
    return int(key[0]) if key else 0


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows, each in the place of the one with its primary key: a retry changes nothing."""
    if not rows:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table)
    keys = [key.name for key in table.primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(
        statement.on_conflict_do_update(index_elements=keys, set_=changed), list(rows)
    )


def hold(
    connection: Connection, run_id: str, owner: str, values: Mapping[str, Any] | None = None
) -> None:
    """Change a run that this owner holds, its lease renewed: the fence before every write.

    The row stays locked until the transaction ends, so whoever takes the run over comes before
    all of this transaction or after all of it.

    Raises:
        LostRun: Another owner holds it, or there is no such run.
    """
    renewed = {"lease_until": time.time() + runs.c.lease_s}
    mine = (runs.c.id == run_id) & (runs.c.owner == owner)
    query = update(runs).where(mine).values(renewed | dict(values or {}))
    if not connection.execute(query).rowcount:
        raise LostRun(
            f"Run {run_id} is not this process's any more. Expected to hold it. Received: another "
            "process holds it, or it was deleted. Nothing was written; start it again if need be."
        )
