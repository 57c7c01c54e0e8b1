"""The tables: made once by whoever comes first, equal to schema.py's, kept through changes."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Integer, Table, create_engine, inspect, text

from seg.errors import StoreError
from seg.store import Picture, migrate, open_store
from seg.store.schema import metadata
from seg.store.store import _opened
from tests.store.points import make_epoch, make_step

ROOT = Path(__file__).resolve().parents[2]
SECOND = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    for table in ("runs", "epochs", "pictures"):
        with op.batch_alter_table(table, recreate=%r) as batch:
            batch.add_column(sa.Column("extra", sa.Integer(), server_default="7"))
"""


def differences(store):
    with store.reading() as connection:
        return compare_metadata(MigrationContext.configure(connection), metadata)


def test_the_migrations_make_the_tables_of_the_schema(store):
    assert differences(store) == []


def test_a_difference_would_be_seen(store):
    wanted = Table("runs", metadata)
    extra = Column("extra", Integer)
    wanted.append_column(extra)
    try:
        assert [change[0] for change in differences(store)] == ["add_column"]
    finally:
        wanted._columns.remove(extra)
    assert differences(store) == []


def test_the_constraints_are_those_of_the_schema(store):
    """What `compare_metadata` does not look at: primary keys, and what happens on a deletion."""
    with store.reading() as connection:
        there = inspect(connection)
        for table in metadata.sorted_tables:
            key = there.get_pk_constraint(table.name)["constrained_columns"]
            assert key == [column.name for column in table.primary_key]
            found = {
                (*one["constrained_columns"], one["referred_table"], one["options"]["ondelete"])
                for one in there.get_foreign_keys(table.name)
            }
            assert found == {
                (*one.column_keys, one.referred_table.name, one.ondelete)
                for one in table.foreign_key_constraints
            }


def test_sqlite_is_told_the_same_to_the_letter(sqlite_url, tmp_path):
    """Also what no inspection shows: that ids are never given twice."""
    plain = create_engine(f"sqlite:///{tmp_path / 'plain.sqlite'}")
    metadata.create_all(plain)
    store = open_store(sqlite_url)
    made = {}
    for engine in (plain, store._engine):
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql > ''"))
            made[engine] = {name: sql for name, sql in rows if name != "alembic_version"}
        engine.dispose()
    assert made[plain] == made[store._engine]
    assert "AUTOINCREMENT" in made[plain]["events"]


def test_the_newest_migration_is_the_one_the_code_expects():
    assert ScriptDirectory(str(migrate.MIGRATIONS)).get_heads() == [migrate.HEAD]


def test_opening_again_changes_nothing_and_needs_no_alembic(store, url, run):
    code = (
        "import sys; from seg.store import open_store; "
        f"print([run.name for run in open_store({url!r}).runs()],"
        " {'alembic', 'keras', 'numpy', 'streamlit'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['First'] set()"


def test_a_newer_versions_store_is_refused(store, url):
    with store.changing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    forget(store)
    with pytest.raises(
        StoreError, match=r"made by a newer version.* Expected version 0001 or older\. Rec.* 9999"
    ):
        open_store(url)


def test_a_failed_migration_leaves_nothing(url, monkeypatch):
    monkeypatch.setattr(migrate, "HEAD", "0002")
    monkeypatch.setattr(migrate, "MIGRATIONS", Path("/nowhere"))
    with pytest.raises(Exception, match="nowhere"):
        open_store(url)
    monkeypatch.undo()
    store = open_store(url)
    assert store.runs() == []
    store.close()


def test_what_is_recorded_stays_when_its_tables_are_made_anew(
    store, url, run, tmp_path, monkeypatch
):
    with store.writing(run.id, "me") as write:
        write.steps([make_step(1)])
        write.pictures([Picture(0, "case", "name", b"image", b"mask")])
        write.epoch(make_epoch(1), {0: b"png"})
    forget(store)
    first = next((migrate.MIGRATIONS / "versions").glob("0001*.py")).read_text()
    folder = tmp_path / "migrations" / "versions"
    folder.mkdir(parents=True)
    (folder / "first.py").write_text(first)
    (folder / "second.py").write_text(SECOND % ("always" if store.is_sqlite else "never"))
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path / "migrations")
    monkeypatch.setattr(migrate, "HEAD", "0002")
    again = open_store(url)
    assert again.run(run.id).name == "First"
    assert again.steps_after(run.id, 0) == [make_step(1)]
    assert again.predictions(run.id, 1) == {0: b"png"}
    with again.reading() as connection:
        assert migrate.version(connection) == "0002"
        assert connection.execute(text("SELECT extra FROM runs")).scalar() == 7
    again.delete_run(run.id)  # foreign keys are on again
    assert again.steps_after(run.id, 0) == []
    forget(again)


def forget(store):
    """As if this process had never opened it."""
    store.close()
    for where in [where for where, opened in _opened.items() if opened is store]:
        del _opened[where]
