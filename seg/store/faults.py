"""A database's errors as texts that say what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from seg.errors import StoreError

LOCKED = (
    "is busy",
    "Expected a free moment within some seconds",
    "Try again; if it stays so, close what holds it (a backup, a database viewer)",
)
READ_ONLY = (
    "cannot be written",
    "Expected a database and a folder that this user may write",
    "Give the rights, or name another place by SEG_HOME or SEG_STORE_URL",
)
FULL = (
    "has no space left",
    "Expected room on its disk",
    "Free some and go on: what was recorded before is kept",
)
DAMAGED = (
    "is damaged, or is no database",
    "Expected a file made by this program",
    "Put a backup in its place, or move it away: a new one is made",
)
NO_FILE = (
    "cannot be opened",
    "Expected a file in a folder that this user may write",
    "Look at the folder, or name another place by SEG_HOME or SEG_STORE_URL",
)
BAD_DISK = (
    "cannot be read or written",
    "Expected a disk that works and has room",
    "Look at the disk and its free space, then try again",
)
NO_SERVER = (
    "does not answer",
    "Expected a PostgreSQL server that takes this user",
    "See whether it runs, and whether SEG_STORE_URL is right; then try again",
)

Fault = tuple[str, str, str]  # what is wrong, what was expected, what to do

SQLITE: dict[int, Fault] = {  # by primary result code, https://sqlite.org/rescode.html
    sqlite3.SQLITE_PERM: READ_ONLY,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_PROTOCOL: LOCKED,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_IOERR: BAD_DISK,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_CANTOPEN: NO_FILE,
    sqlite3.SQLITE_NOTADB: DAMAGED,
}
POSTGRES: dict[str, Fault] = {  # by SQLSTATE
    "25006": READ_ONLY,
    "42501": READ_ONLY,
    "40001": LOCKED,
    "40P01": LOCKED,
    "53100": FULL,
    "53300": LOCKED,
    "55P03": LOCKED,
}


def complaint(place: str, fault: Fault, received: str) -> str:
    """What is wrong with a database, in the form of all messages."""
    wrong, expected, advice = fault
    first = received.strip().splitlines()[0][:200] if received.strip() else "no reason"
    return f"The store {place} {wrong}. {expected}. Received: {first}. {advice}."


@contextmanager
def explained(place: str) -> Iterator[None]:
    """What goes wrong with the database inside, as a StoreError; a wrong call of ours as it is.

    Args:
        place: How a person knows the database: a path, or a URL without its password.

    Raises:
        StoreError: The database is locked, full, damaged, gone or read-only.
        ValueError: A value is not plain JSON.
    """
    try:
        yield
    except PoolTimeout as error:
        raise StoreError(complaint(place, LOCKED, "no free connection")) from error
    except (DBAPIError, sqlite3.Error) as error:  # the second: of a transaction's beginning
        fault = _fault(error)
        if fault is None:
            raise
        raise StoreError(complaint(place, fault, str(getattr(error, "orig", error)))) from error
    except StatementError as error:
        if isinstance(error.orig, ValueError):
            raise error.orig from None
        raise


def _fault(error: DBAPIError | sqlite3.Error) -> Fault | None:
    """What the database complains of; None: not of a state of its own, but of the statement."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return SQLITE.get(code & 0xFF)
    state = getattr(cause, "sqlstate", None)
    if state in POSTGRES:
        return POSTGRES[state]
    gone = isinstance(error, OperationalError) or getattr(error, "connection_invalidated", False)
    return NO_SERVER if gone else None
