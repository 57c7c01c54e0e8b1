"""The tables as they are now. A change here needs a migration; a test compares the two."""

import math
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

metadata = MetaData(
    naming_convention={  # a constraint without a name cannot be changed by a later migration
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


class Measured(TypeDecorator[float]):
    """A number that may be nan, which SQLite keeps as NULL: NULL in both, nan again when read."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Any) -> float | None:
        """Nan becomes NULL."""
        return None if value is None or math.isnan(value) else float(value)

    def process_result_value(self, value: float | None, dialect: Any) -> float:
        """NULL becomes nan."""
        return math.nan if value is None else value


class MeasuredOrNone(TypeDecorator[float]):
    """A number or none; nan counts as none."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Any) -> float | None:
        """Nan becomes NULL."""
        return None if value is None or math.isnan(value) else float(value)


def _plain(name: str) -> Column[Any]:
    """A JSON column in which None is NULL."""
    return Column(name, JSON(none_as_null=True))


def _of_run(*, primary: bool = False) -> Column[str]:
    """A row that goes with its run."""
    run = ForeignKey("runs.id", ondelete="CASCADE")
    return Column("run_id", String(12), run, primary_key=primary, nullable=False)


def _number(name: str, *, primary: bool = False) -> Column[int]:
    """A whole number that must be there; as a key it is given, not counted up."""
    return Column(name, Integer, primary_key=primary, autoincrement=False, nullable=False)


def _real(name: str) -> Column[float]:
    """A finite number that must be there."""
    return Column(name, Double, nullable=False)


def _words(name: str) -> Column[str]:
    """A text that must be there, if only empty."""
    return Column(name, Text, nullable=False)


runs = Table(
    "runs",
    metadata,
    Column("id", String(12), primary_key=True),
    _words("name"),
    _real("created_at"),
    _real("queued_at"),
    Column("started_at", Double),
    Column("finished_at", Double),
    _words("status"),
    _words("stage"),
    _words("reason"),
    Column("config", JSON, nullable=False),
    Column("controls", JSON, nullable=False),
    _words("data_name"),
    _words("data_fingerprint"),
    Column("steps_per_epoch", Integer),
    Column("total_steps", Integer),
    _number("step"),
    _number("epoch"),
    Column("best_epoch", Integer),
    Column("best_dice", MeasuredOrNone),
    _words("device"),
    Column("memory_bytes", BigInteger),
    Column("owner", Text),
    _words("host"),
    Column("lease_s", Double),
    Column("lease_until", Double),
    Column("parent_id", String(12), ForeignKey("runs.id", ondelete="SET NULL"), index=True),
    Column("parent_step", Integer),
)

steps = Table(
    "steps",
    metadata,
    _of_run(primary=True),
    _number("step", primary=True),
    _number("epoch"),
    _real("at"),
    _real("seconds"),
    Column("loss", Measured),
    Column("l2", Measured),
    _real("alpha"),
    _real("beta"),
    _real("gamma"),
    _real("learning_rate"),
    Column("record", LargeBinary, nullable=False),
)

epochs = Table(
    "epochs",
    metadata,
    _of_run(primary=True),
    _number("epoch", primary=True),
    _number("step"),
    _real("at"),
    _real("seconds"),
    Column("loss", Measured),
    Column("l2", Measured),
    Column("validation_loss", MeasuredOrNone),
    Column("validation_l2", MeasuredOrNone),
    Column("validation_dice", MeasuredOrNone),
    _real("alpha"),
    _real("beta"),
    _real("gamma"),
    _real("learning_rate"),
    Column("is_best", Boolean, nullable=False),
    Column("record", LargeBinary, nullable=False),
)

pictures = Table(
    "pictures",
    metadata,
    _of_run(primary=True),
    _number("number", primary=True),
    _words("case_id"),
    _words("name"),
    Column("image", LargeBinary, nullable=False),
    Column("mask", LargeBinary, nullable=False),
)

predictions = Table(
    "predictions",
    metadata,
    Column("run_id", String(12), primary_key=True),
    _number("epoch", primary=True),
    _number("number", primary=True),
    Column("probability", LargeBinary, nullable=False),
    ForeignKeyConstraint(
        ["run_id", "epoch"], ["epochs.run_id", "epochs.epoch"], ondelete="CASCADE"
    ),
    ForeignKeyConstraint(
        ["run_id", "number"], ["pictures.run_id", "pictures.number"], ondelete="CASCADE"
    ),
)

commands = Table(
    "commands",
    metadata,
    Column("id", Integer, primary_key=True),
    _of_run(),
    _real("at"),
    _words("name"),
    _plain("value"),
    Column("step", Integer),
    Column("taken_at", Double),
    Index(None, "run_id", "step", "id"),  # those with no step yet, asked for at every step
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    _of_run(),
    _real("at"),
    _number("step"),
    _number("epoch"),
    _words("kind"),
    _words("text"),
    _words("name"),
    _plain("old"),
    _plain("new"),
    Column("command_id", Integer, ForeignKey("commands.id", ondelete="SET NULL"), index=True),
    Index(None, "run_id", "id"),
    sqlite_autoincrement=True,  # a cursor must never meet a deleted row's id again
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("id", Integer, primary_key=True),
    _of_run(),
    _real("at"),
    _number("step"),
    _number("epoch"),
    _words("kind"),
    _words("file"),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    _words("note"),
    Index(None, "run_id", "id"),
    sqlite_autoincrement=True,
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", String(12), ForeignKey("runs.id", ondelete="CASCADE"), index=True),
    Column("checkpoint_sha256", String(64), nullable=False, index=True),
    _words("data_fingerprint"),
    _words("part"),
    _words("convention"),
    _real("at"),
    _plain("scores"),
    sqlite_autoincrement=True,
)
