"""A real PostgreSQL for the tests: a cluster of its own, on a socket in a temporary folder."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

START_S = 60
QUICK = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses="]


def programs() -> Path | None:
    """The folder of initdb and postgres: SEG_TEST_POSTGRES, else Debian's newest, else PATH's."""
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    newest = sorted(debian, key=lambda folder: float(folder.parent.name), reverse=True)
    named = os.environ.get("SEG_TEST_POSTGRES")
    folders = [Path(named)] if named else newest
    if (config := shutil.which("pg_config")) and not named:
        done = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True)
        folders.append(Path(done.stdout.strip()))
    if (initdb := shutil.which("initdb")) and not named:
        folders.append(Path(initdb).resolve().parent)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


class Cluster:
    """A running server that makes empty databases."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._numbers = count(1)

    def url(self, name: str) -> str:
        return f"postgresql://seg@/{name}?host={self.socket}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """An empty database's URL, for a while."""
        name = f"store_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name}")
        yield self.url(name)
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def end_connections(self) -> None:
        """What a restart of the server does to those who hold a connection."""
        self._execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """A new cluster, made and served by another user where we are root: it refuses root."""
    home = Path(tempfile.mkdtemp(prefix="seg-pg-"))  # short: a socket's path has 107 characters
    as_user: list[str] = []
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")  # Debian's package makes it
        os.chown(home, user.pw_uid, user.pw_gid)
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    make = [folder / "initdb", "-D", home / "data", "-U", "seg", "-A", "trust", "-N"]
    serve = [folder / "postgres", "-D", home / "data", "-k", home]
    serve += [word for option in QUICK for word in ("-c", option)]
    try:
        subprocess.run(
            [*as_user, *make, "--no-locale", "-E", "UTF8"],
            cwd=home,
            check=True,
            capture_output=True,
        )
        with (
            Path(home / "log.txt").open("wb") as log,
            subprocess.Popen([*as_user, *serve], cwd=home, stdout=log, stderr=log) as server,
        ):
            try:
                yield _when_ready(Cluster(home), server)
            finally:
                server.send_signal(signal.SIGQUIT)  # at once: nothing is to be kept
    finally:
        shutil.rmtree(home)


def _when_ready(cluster: Cluster, server: subprocess.Popen) -> Cluster:
    """The cluster, once it answers."""
    end = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(cluster.url("postgres")).close()
            return cluster
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError((cluster.socket / "log.txt").read_text()) from None
            time.sleep(0.05)
