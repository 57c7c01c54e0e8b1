"""One database, SQLite or PostgreSQL: how it is opened, read and written."""

import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from seg.errors import ConfigError, StoreError
from seg.settings import settings
from seg.store.faults import NO_FILE, complaint, explained
from seg.store.plain import dumps

BUSY_S = 5  # how long a locked database is waited for
WAL_BYTES = 16 * 2**20  # how long SQLite's write-ahead log may become
POSTGRES = {  # libpq's own options
    "connect_timeout": 5,
    "tcp_user_timeout": 15_000,  # ms; a cut cable is an error, not a wait without end
    "options": f"-c lock_timeout={BUSY_S * 1000}",
}
_CHANCE = random.Random()  # of our own: a training draws its weights from the global one


class Database:
    """An engine, and how it is used. Threads may share one."""

    def __init__(self, url: URL) -> None:
        self.is_sqlite = url.drivername == "sqlite"
        self.place = str(url.database) if self.is_sqlite else url.render_as_string()
        self._engine = _sqlite(Path(self.place)) if self.is_sqlite else _postgres(url)
        self._writer = self._engine.execution_options(begin="BEGIN IMMEDIATE")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read from; nothing it changes would be kept."""
        with explained(self.place), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """One transaction, which waits for its turn first: kept as a whole, or undone."""
        with explained(self.place), self._writer.begin() as connection:
            yield connection
        if self.is_sqlite:
            self._cut_log()

    @contextmanager
    def remaking(self) -> Iterator[Connection]:
        """As `changing`, for migrations: a table can be made anew under what points to it.

        SQLite changes a column by a new table in the old one's place. With foreign keys on,
        dropping the old one would delete what hangs on its rows.
        """
        with explained(self.place), self._writer.connect() as connection:
            if self.is_sqlite:  # by the driver: inside a transaction it has no effect
                connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
                connection.detach()  # closed afterwards, not used for anything else
            with connection.begin():
                yield connection

    def _cut_log(self) -> None:
        """Empty a write-ahead log that has grown long: with many readers SQLite alone never may."""
        with suppress(OSError, sqlite3.Error, SQLAlchemyError):  # what was written is safe there
            if Path(f"{self.place}-wal").stat().st_size > WAL_BYTES:
                with self._engine.connect() as connection:
                    connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def is_gone(self) -> bool:
        """Whether somebody removed the file."""
        return self.is_sqlite and not Path(self.place).exists()

    def close(self) -> None:
        """Close all connections; the next use opens new ones."""
        self._engine.dispose()


def parse(text: str) -> URL:
    """A database's URL: `sqlite:///path` or `postgresql://user@host/name`.

    Raises:
        ConfigError: It is neither.

    Example:
        >>> parse("postgresql://seg@db/seg").drivername
        'postgresql+psycopg'
    """
    with suppress(ArgumentError, ValueError):  # ValueError: a port that is no number
        url = make_url(text)
        if url.drivername == "sqlite" and _is_file(url.database):
            return url.set(database=str(Path(str(url.database)).expanduser().absolute()))
        if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
            return url.set(drivername="postgresql+psycopg")
    raise ConfigError(
        "SEG_STORE_URL cannot be used. Expected sqlite:///path or postgresql://user@host/name. "
        f"Received: one that begins with {text[:10]!r}. Change it or unset it."
    )


def _is_file(database: str | None) -> bool:
    """Whether SQLite would keep it in an ordinary file."""
    return bool(database) and database != ":memory:" and not str(database).startswith("file:")


def _sqlite(path: Path) -> Engine:
    """An engine over a file, made if need be, which only this user may read."""
    _make_file(path)
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect(path),
        poolclass=QueuePool,
        max_overflow=-1,
        json_serializer=dumps,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        driver = connection.connection.dbapi_connection
        if isinstance(driver, sqlite3.Connection):
            how = connection.get_execution_options().get("begin", "BEGIN")
            driver.execute("PRAGMA busy_timeout = 0")
            try:
                _insist(driver, how)
            finally:
                driver.execute(f"PRAGMA busy_timeout = {BUSY_S * 1000:.0f}")

    return engine


def _make_file(path: Path) -> None:
    """The file for this user only; its folder too, where it is new or SEG_HOME itself."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists() and path.parent == settings().home.absolute():
            path.parent.chmod(0o700)  # another part of the program may have made it before
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(complaint(str(path), NO_FILE, str(error.strerror))) from error


def _connect(path: Path) -> sqlite3.Connection:
    """A connection that survives a power cut, keeps foreign keys, and leaves BEGIN to us."""
    connection = sqlite3.connect(
        path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    try:
        ((mode,),) = _insist(connection, "PRAGMA journal_mode = WAL")
        if mode != "wal":
            raise StoreError(complaint(str(path), NO_FILE, f"journal mode {mode}, not wal"))
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _insist(connection: sqlite3.Connection, statement: str) -> list[tuple[object, ...]]:
    """Run a statement, waiting for a lock up to BUSY_S.

    SQLite's own waiting asks ten times a second, which misses the short pauses of a busy writer,
    and gives up at once where a new file is switched to its log.
    """
    end = time.monotonic() + BUSY_S
    while True:
        try:
            return connection.execute(statement).fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(_CHANCE.uniform(0.001, 0.005))


def _postgres(url: URL) -> Engine:
    """An engine that notices a server's restart."""
    return create_engine(
        url, connect_args=POSTGRES, json_serializer=dumps, pool_pre_ping=True, pool_timeout=BUSY_S
    )
