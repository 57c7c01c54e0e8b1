"""What the owner of a run may write, within one transaction."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update

from seg.store import schema
from seg.store.plain import clean, column
from seg.store.queries import add, as_row, columns, upsert
from seg.store.rows import (
    EVENTS,
    SAVED,
    STATUSES,
    Command,
    Epoch,
    Evaluation,
    Picture,
    SavedFile,
    Step,
)

PROGRESS = frozenset({
    "name", "queued_at", "started_at", "finished_at", "status", "stage", "reason", "config",
    "controls", "data_name", "data_fingerprint", "steps_per_epoch", "total_steps", "step", "epoch",
    "best_epoch", "best_dice", "device", "memory_bytes",
})  # fmt: skip


class Writer:
    """Made by `Store.writing`; of no use after it."""

    def __init__(self, connection: Connection, run_id: str) -> None:
        self._connection = connection
        self._run_id = run_id

    def run(self, **changes: Any) -> None:
        """Change columns of the run: those of PROGRESS; who holds it is not one of them.

        Raises:
            ValueError: There is no such column to change, or no such status.
        """
        if unknown := changes.keys() - PROGRESS:
            raise ValueError(f"These are no columns of a run to write: {sorted(unknown)}.")
        _among("status", changes.get("status", "queued"), STATUSES)
        values = {name: column(value) for name, value in changes.items()}
        if values:
            mine = schema.runs.c.id == self._run_id
            self._connection.execute(update(schema.runs).where(mine).values(values))

    def steps(self, steps: Sequence[Step]) -> None:
        """Record steps; one recorded before is replaced."""
        upsert(self._connection, schema.steps, [self._row(step) for step in steps])

    def epoch(self, epoch: Epoch, predictions: Mapping[int, bytes] | None = None) -> None:
        """Record an epoch, and its predictions by the number of their picture, as PNG bytes."""
        upsert(self._connection, schema.epochs, [self._row(epoch)])
        rows = [
            {"run_id": self._run_id, "epoch": epoch.epoch, "number": number, "probability": png}
            for number, png in (predictions or {}).items()
        ]
        upsert(self._connection, schema.predictions, rows)

    def pictures(self, pictures: Sequence[Picture]) -> None:
        """Record the validation images that are shown each epoch."""
        upsert(self._connection, schema.pictures, [self._row(picture) for picture in pictures])

    def event(
        self,
        kind: str,
        text: str,
        *,
        step: int,
        epoch: int,
        name: str = "",
        old: Any = None,
        new: Any = None,
        command_id: int | None = None,
    ) -> int:
        """Record what happened.

        Args:
            kind: One of EVENTS.
            text: The same for people.
            step: The first step it is true of, or the last before it, as its kind has it.
            epoch: That step's.
            name: The control that was turned.
            old: Its value before, plain JSON.
            new: Its value now.
            command_id: The command that asked for it.

        Returns:
            The event's id; ids grow.
        """
        row = {
            "at": time.time(), "step": step, "epoch": epoch, "kind": _among("kind", kind, EVENTS),
            "text": clean(text), "name": name, "old": old, "new": new, "command_id": command_id,
        }  # fmt: skip
        return self._add(schema.events, row)

    def taken(self, command_id: int, step: int) -> None:
        """Say that a command is in force from this step on; the first to say so counts."""
        table = schema.commands
        mine = (table.c.id == command_id) & (table.c.run_id == self._run_id)
        query = update(table).where(mine & table.c.step.is_(None))
        self._connection.execute(query.values(step=step, taken_at=time.time()))

    def saved(self, saved: SavedFile) -> SavedFile:
        """Record a checkpoint whose file is on the disk already; returns it with its id."""
        _among("kind", saved.kind, SAVED)
        row = as_row(saved)
        del row["id"]
        return replace(saved, id=self._add(schema.checkpoints, row), run_id=self._run_id)

    def forget_saved(self, saved_id: int) -> None:
        """Forget a checkpoint; its file is the caller's to remove, afterwards."""
        table = schema.checkpoints
        mine = (table.c.id == saved_id) & (table.c.run_id == self._run_id)
        self._connection.execute(delete(table).where(mine))

    def evaluation(self, evaluation: Evaluation) -> Evaluation:
        """Record scores of one of the run's checkpoints; returns them with their id."""
        row = as_row(evaluation)
        del row["id"]
        return replace(evaluation, id=self._add(schema.evaluations, row), run_id=self._run_id)

    def rewind(self, step: int) -> list[Command]:
        """Forget what came after a step: later steps, epochs, predictions and events.

        Checkpoints stay, and commands stay taken.

        Returns:
            The commands that were taken after it, in the order and with the steps of their taking:
            what must be done again at these steps to come to the same end.
        """
        for table in (schema.steps, schema.epochs, schema.events):
            later = (table.c.run_id == self._run_id) & (table.c.step > step)
            self._connection.execute(delete(table).where(later))
        table = schema.commands
        query = select(*columns(table, Command)).order_by(table.c.step, table.c.id)
        query = query.where(table.c.run_id == self._run_id, table.c.step > step)
        return [Command(*row) for row in self._connection.execute(query)]

    def _row(self, row: Any) -> dict[str, Any]:
        """A dataclass as a row of this run."""
        return as_row(row) | {"run_id": self._run_id}

    def _add(self, table: Table, row: dict[str, Any]) -> int:
        """A new row of this run; returns its id."""
        return add(self._connection, table, row | {"run_id": self._run_id})


def _among(name: str, value: str, allowed: Sequence[str]) -> str:
    """The value, if it is one of those allowed."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value
