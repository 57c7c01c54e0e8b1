"""A home of their own for runs, and a data set to train on."""

import pytest

from seg.settings import settings
from seg.store import open_store
from tests.training import write_squares


@pytest.fixture(scope="session")
def squares(tmp_path_factory):
    return write_squares(tmp_path_factory.mktemp("data") / "squares")


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The store of a new home, closed afterwards."""
    monkeypatch.setenv("SEG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SEG_DEVICE", "cpu")
    settings.cache_clear()
    store = open_store()
    yield store
    store.close()
    settings.cache_clear()
