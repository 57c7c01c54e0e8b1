"""What runs recorded, read by cursor: the cost is that of the new rows, whatever came before."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Table, select

from seg.store import schema
from seg.store.database import Database
from seg.store.queries import columns
from seg.store.rows import Command, Epoch, Evaluation, Event, Picture, SavedFile, Step

LIMIT = 2000  # rows of one reading
Row = TypeVar("Row")


class Points(Database):
    """The tables a run fills. A run that does not exist has no rows."""

    def steps_after(self, run_id: str, step: int, limit: int = LIMIT) -> list[Step]:
        """The steps after this one, in order; 0 begins at the beginning."""
        table = schema.steps
        where = (table.c.run_id == run_id, table.c.step > step)
        return self._read(table, Step, where, table.c.step, limit)

    def epochs_after(self, run_id: str, epoch: int, limit: int = LIMIT) -> list[Epoch]:
        """The epochs after this one, in order."""
        table = schema.epochs
        where = (table.c.run_id == run_id, table.c.epoch > epoch)
        return self._read(table, Epoch, where, table.c.epoch, limit)

    def events_after(self, run_id: str, event_id: int, limit: int = LIMIT) -> list[Event]:
        """The events after this one, in the order in which they were recorded."""
        table = schema.events
        where = (table.c.run_id == run_id, table.c.id > event_id)
        return self._read(table, Event, where, table.c.id, limit)

    def commands(self, run_id: str, *, pending_only: bool = False) -> list[Command]:
        """A run's commands, oldest first; only those not taken yet, if so wished."""
        table = schema.commands
        where = [table.c.run_id == run_id]
        if pending_only:
            where.append(table.c.step.is_(None))
        return self._read(table, Command, where, table.c.id)

    def pictures(self, run_id: str) -> list[Picture]:
        """The validation images shown each epoch, by number."""
        table = schema.pictures
        return self._read(table, Picture, (table.c.run_id == run_id,), table.c.number)

    def predictions(self, run_id: str, epoch: int) -> dict[int, bytes]:
        """One epoch's predictions of the pictures, by number: PNG, 8 bit grey, 255 is p = 1."""
        table = schema.predictions
        query = select(table.c.number, table.c.probability).order_by(table.c.number)
        query = query.where(table.c.run_id == run_id, table.c.epoch == epoch)
        with self.reading() as connection:
            return {row.number: row.probability for row in connection.execute(query)}

    def saved(self, run_id: str) -> list[SavedFile]:
        """A run's checkpoints, oldest first."""
        table = schema.checkpoints
        return self._read(table, SavedFile, (table.c.run_id == run_id,), table.c.id)

    def evaluations(
        self, *, run_id: str | None = None, checkpoint_sha256: str | None = None
    ) -> list[Evaluation]:
        """Evaluations, oldest first: of a run, of a checkpoint, or all."""
        table = schema.evaluations
        asked = {table.c.run_id: run_id, table.c.checkpoint_sha256: checkpoint_sha256}
        where = [column == value for column, value in asked.items() if value is not None]
        return self._read(table, Evaluation, where, table.c.id)

    def _read(
        self,
        table: Table,
        row: type[Row],
        where: Sequence[ColumnElement[bool]],
        order: ColumnElement[Any],
        limit: int | None = None,
    ) -> list[Row]:
        """A table's rows as dataclasses."""
        query = select(*columns(table, row)).where(*where).order_by(order).limit(limit)
        with self.reading() as connection:
            return [row(*values) for values in connection.execute(query)]
