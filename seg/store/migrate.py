"""From an empty database, or an older version's, to the tables of `schema.py`.

Alembic is imported only where there is something to do. There is no env.py and no ini file: one
transaction, one lock, one function.
"""

from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table, text

from seg.errors import StoreError
from seg.store.database import Database

HEAD = "0001"  # the newest file in migrations/versions
LOCK = 0x5E65_7083  # of PostgreSQL's advisory locks, any number nobody else uses
MIGRATIONS = Path(__file__).parent / "migrations"


def bring_forward(database: Database) -> None:
    """Make or change the tables until they are those of this version.

    Two processes may do so at once: one waits, and then finds nothing left to do.

    Raises:
        StoreError: A newer version made the database, or it cannot be written.
    """
    with database.reading() as connection:
        if version(connection) == HEAD:
            return
    with database.remaking() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        migrate(connection, database.place)


def version(connection: Connection) -> str | None:
    """The newest migration a database has seen; None: none at all."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    seen = table("alembic_version", column("version_num"))
    return connection.execute(select(seen.c.version_num)).scalar()


def migrate(connection: Connection, place: str) -> None:
    """Run the migrations that are missing, inside the caller's transaction."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(MIGRATIONS))
    known = {script.revision for script in scripts.walk_revisions()}
    if (found := version(connection)) not in known | {None}:
        raise StoreError(
            f"The store {place} was made by a newer version of this program. Expected version "
            f"{HEAD} or older. Received: {found}. Update the program, or name another store by "
            "SEG_STORE_URL."
        )
    context = MigrationContext.configure(
        connection,
        opts={"script": scripts, "fn": lambda seen, _: scripts._upgrade_revs("head", seen)},
    )
    with Operations.context(context):
        context.run_migrations()
