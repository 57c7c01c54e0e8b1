"""Every test of the store runs twice: on SQLite and on a real PostgreSQL."""

import os

import pytest

from seg.store import open_store
from tests.store import postgres


@pytest.fixture(scope="session")
def cluster():
    if os.environ.get("SEG_TEST_POSTGRES") == "none":
        pytest.skip("SEG_TEST_POSTGRES=none: left out by hand")
    folder = postgres.programs()
    if folder is None:
        pytest.fail("No PostgreSQL here. Run tools/postgres.sh, or set SEG_TEST_POSTGRES=none.")
    with postgres.running(folder) as cluster:
        yield cluster


@pytest.fixture
def database(cluster):
    """An empty database in PostgreSQL."""
    with cluster.database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'home' / 'store.sqlite'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    """An empty database of each kind."""
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite_url")
    return request.getfixturevalue("database")


@pytest.fixture
def store(url):
    store = open_store(url)
    yield store
    store.close()


@pytest.fixture
def run(store):
    """A run that "me" holds."""
    run = store.create_run("First", {"alpha": 0.5}, "samples")
    assert store.claim(run.id, "me", "host", lease_s=30)
    return run
