"""How a database is opened, and what is said when it is locked, full, damaged or gone."""

import os
import sqlite3
import stat
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event

from seg.errors import ConfigError, StoreError
from seg.settings import settings
from seg.store import database as module
from seg.store import open_store
from tests.store.points import make_step


def path_of(store):
    return Path(store.place)


def rights(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def lite(sqlite_url):
    store = open_store(sqlite_url)
    yield store
    store.close()


@pytest.fixture
def held(lite):
    """A run in SQLite that "me" holds."""
    run = lite.create_run("First", {}, "samples")
    assert lite.claim(run.id, "me", "host", lease_s=30)
    return run.id


@pytest.mark.parametrize(
    "url",
    ["mysql://u:secret@h/d", "sqlite://", "sqlite:///:memory:", "sqlite:///file:x?uri=true",
     "store.sqlite", "postgresql://h:port/d", "sqlite+aiosqlite:///x"],
)  # fmt: skip
def test_only_files_and_postgresql_are_taken(url):
    with pytest.raises(ConfigError, match=r"SEG_STORE_URL cannot be used\. Expected sqlite") as e:
        open_store(url)
    assert "secret" not in str(e.value)


def test_one_store_a_url(url):
    store = open_store(url)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(open_store, [url] * 20)) == {store}
    store.close()


def test_a_store_whose_file_was_removed_is_made_anew(lite, sqlite_url):
    lite.create_run("First", {}, "samples")
    lite.close()
    path_of(lite).unlink()
    again = open_store(sqlite_url)
    assert again.runs() == []
    again.close()


def test_only_this_user_reads_it(tmp_path, monkeypatch):
    home = tmp_path / "made before" / "50% sure? #1"
    home.mkdir(parents=True)
    home.chmod(0o755)
    monkeypatch.setenv("SEG_HOME", str(home))
    monkeypatch.delenv("SEG_STORE_URL", raising=False)
    settings.cache_clear()
    before = os.umask(0)
    try:
        store = open_store()
        store.create_run("First", {}, "samples")
        files = sorted(home.iterdir())
        assert [file.name for file in files] == [
            "store.sqlite", "store.sqlite-shm", "store.sqlite-wal",
        ]  # fmt: skip
        assert {rights(file) for file in files} == {0o600}
        assert rights(home) == 0o700
        store.close()
        new = open_store(f"sqlite:///{tmp_path / 'new' / 'store.sqlite'}")
        assert rights(tmp_path / "new") == 0o700
        new.close()
    finally:
        os.umask(before)
        settings.cache_clear()


def test_every_connection_is_durable_and_keeps_foreign_keys(lite):
    with lite.reading() as one, lite.reading() as other:
        for connection in (one, other):
            pragmas = ["journal_mode", "synchronous", "foreign_keys", "busy_timeout"]
            found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
            assert found == ["wal", 2, 1, 5000]  # 2: FULL


def test_a_writer_locks_before_it_reads(lite):
    """A read that later becomes a write could not be retried: BEGIN IMMEDIATE."""
    said = []
    with lite.reading() as connection:
        connection.connection.dbapi_connection.set_trace_callback(said.append)
    lite.claim("0", "me", "host", lease_s=30)
    lite.runs()
    assert [text for text in said if "BEGIN" in text] == ["BEGIN IMMEDIATE", "BEGIN"]


def test_a_writer_gets_a_turn_between_another_ones_many(lite, held, monkeypatch):
    """Sixty transactions a second, a pause of 1 ms between two: asking now and then misses it."""
    monkeypatch.setattr(module, "BUSY_S", 1)
    stop, other = threading.Event(), module.Database(module.parse(f"sqlite:///{lite.place}"))

    def keep_busy():
        while not stop.is_set():
            with other.changing():
                time.sleep(0.015)
            time.sleep(0.001)

    thread = threading.Thread(target=keep_busy)
    thread.start()
    try:
        for number in range(1, 31):
            with lite.writing(held, "me") as write:
                write.steps([make_step(number)])
            time.sleep(0.03)
    finally:
        stop.set()
        thread.join()
        other.close()


def test_a_locked_file(sqlite_url, monkeypatch):
    monkeypatch.setattr(module, "BUSY_S", 0.2)
    store = open_store(sqlite_url)
    run = store.create_run("First", {}, "samples")
    other = sqlite3.connect(store.place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"is busy\..*Received: database is locked\. Try again;"):
        store.claim(run.id, "me", "host", lease_s=30)
    assert store.run(run.id).owner is None  # reading goes on
    other.execute("ROLLBACK")
    assert store.claim(run.id, "me", "host", lease_s=30)
    other.close()
    store.close()


def test_a_file_that_another_process_is_just_making(tmp_path):
    """SQLite says at once, without waiting, that it cannot switch to the log yet."""
    path = tmp_path / "store.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.2, other.execute, ["ROLLBACK"])
    timer.start()
    store = open_store(f"sqlite:///{path}")
    assert store.runs() == []
    timer.join()
    other.close()
    store.close()


def test_a_full_disk(lite, held):
    lite.close()
    event.listen(lite._engine, "connect", lambda c, _: c.execute("PRAGMA max_page_count = 60"))
    with lite.writing(held, "me") as write:
        write.steps([make_step(1)])
    with (
        pytest.raises(StoreError, match=r"has no space left\..*database or disk is full\. Free"),
        lite.writing(held, "me") as write,
    ):
        write.steps([make_step(number, record=b"x" * 4000) for number in range(2, 100)])
    assert [step.step for step in lite.steps_after(held, 0)] == [1]
    with lite.writing(held, "me") as write:
        write.steps([make_step(2)])


def test_a_disk_that_is_read_only(lite, held):
    lite.close()
    event.listen(lite._engine, "connect", lambda c, _: c.execute("PRAGMA query_only = 1"))
    with pytest.raises(StoreError, match=r"cannot be written\..*readonly.*\. Give the rights, or"):
        lite.rename(held, "Other")


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "store.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match=r"is damaged, or is no database\..*Put a backup in its"):
        open_store(f"sqlite:///{path}")


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be opened\..*Received: (Not a dir|File exists)"):
        open_store(f"sqlite:///{tmp_path / 'file' / 'store.sqlite'}")
    with pytest.raises(StoreError, match=r"cannot be opened\..*Received: Is a directory\. Look at"):
        open_store(f"sqlite:///{tmp_path}")


def test_a_small_disk_fills_up_and_is_emptied(tmp_path):
    """The real thing: a tmpfs of 1 MiB, full, then read-only."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a disk")
    try:
        store = open_store(f"sqlite:///{disk / 'store.sqlite'}")
        run = store.create_run("First", {}, "samples")
        assert store.claim(run.id, "me", "host", lease_s=30)
        (disk / "large").write_bytes(b"x" * 300_000)
        written = fill(store, run.id)
        assert [step.step for step in store.steps_after(run.id, 0)] == written
        (disk / "large").unlink()
        with store.writing(run.id, "me") as write:
            write.steps([make_step(1000)])
        assert [step.step for step in store.steps_after(run.id, 0)] == [*written, 1000]
        store.close()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(StoreError, match=r"cannot be opened\..*unable to open database file"):
            store.runs()
        with pytest.raises(StoreError, match=r"cannot be opened\..*Read-only file system"):
            module.Database(module.parse(f"sqlite:///{disk / 'store.sqlite'}"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def fill(store, run_id):
    """Write until the disk is full; the steps that were acknowledged."""
    written = []
    for number in range(1, 500):
        try:
            with store.writing(run_id, "me") as write:
                write.steps([make_step(number, record=b"x" * 4000)])
        except StoreError as error:
            reason = str(error)
            break
        written.append(number)
    assert "has no space left" in reason
    return written


def test_the_log_of_writes_does_not_grow(lite, held):
    """30 MB in 150 writes while somebody reads all the time; then 40 MB in one."""
    log = path_of(lite).with_name("store.sqlite-wal")
    done, sizes = threading.Event(), []

    def look():
        while not done.is_set():
            lite.steps_after(held, 0, limit=100)

    reader = threading.Thread(target=look)
    reader.start()
    for first in range(1, 1500, 10):
        with lite.writing(held, "me") as write:
            write.steps([make_step(first + n, record=b"x" * 20_000) for n in range(10)])
        sizes.append(log.stat().st_size)
    done.set()
    reader.join()
    assert max(sizes) <= 16 * 2**20
    with lite.writing(held, "me") as write:
        write.steps([make_step(n, record=b"x" * 20_000) for n in range(2000, 4000)])
    assert log.stat().st_size == 0
    assert len(lite.steps_after(held, 0, limit=9999)) == 3500


def test_many_threads_share_a_store(store, run):
    def work(number):
        with store.writing(run.id, "me") as write:
            write.steps([make_step(number)])
        store.command(run.id, "save")
        return len(store.steps_after(run.id, 0))

    with ThreadPoolExecutor(12) as pool:
        seen = list(pool.map(work, range(1, 61)))
    assert max(seen) == len(store.steps_after(run.id, 0)) == len(store.commands(run.id)) == 60


def test_a_server_that_is_not_there(tmp_path):
    with pytest.raises(StoreError, match=r"does not answer\..*See whether it runs, and") as e:
        open_store(f"postgresql://seg:secret@/store?host={tmp_path}")
    assert "secret" not in str(e.value)
    assert "\n" not in str(e.value)


def test_a_server_that_was_started_again(cluster, database):
    store = open_store(database)
    run = store.create_run("First", {}, "samples")
    assert store.claim(run.id, "me", "host", lease_s=30)
    cluster.end_connections()
    assert store.run(run.id).owner == "me"
    with (
        pytest.raises(StoreError, match=r"does not answer\..*Received: terminating connection"),
        store.writing(run.id, "me") as write,
    ):
        write.steps([make_step(1)] if cluster.end_connections() is None else [])
    with store.writing(run.id, "me") as write:
        write.steps([make_step(1)])
    assert store.steps_after(run.id, 0) == [make_step(1)]
    store.close()


def test_nobody_waits_without_end(database):
    store = open_store(database)
    with store.reading() as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "5s"
    store.close()


def test_a_row_that_is_locked(database, monkeypatch):
    monkeypatch.setitem(module.POSTGRES, "options", "-c lock_timeout=200")
    store = open_store(database)
    run = store.create_run("First", {}, "samples")
    with psycopg.connect(database) as other:
        other.execute("SELECT * FROM runs FOR UPDATE")
        with pytest.raises(StoreError, match=r"is busy\..*due to lock timeout\. Try again;"):
            store.claim(run.id, "me", "host", lease_s=30)
    assert store.claim(run.id, "me", "host", lease_s=30)
    store.close()


def test_a_server_that_only_reads(database):
    store = open_store(database)
    run = store.create_run("First", {}, "samples")
    with psycopg.connect(database, autocommit=True) as other:
        name = database.split("/")[3].split("?")[0]
        other.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    store.close()
    with pytest.raises(StoreError, match=r"cannot be written\..*in a read-only transaction\. Giv"):
        store.rename(run.id, "Other")
    assert store.run(run.id).name == "First"
    store.close()
