"""Settings by SEG_*: defaults, changes, and refusals that name the variable."""

import pytest

from seg.errors import ConfigError
from seg.settings import settings


@pytest.fixture(autouse=True)
def fresh():
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_defaults_and_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("SEG_HOME", raising=False)
    assert settings().checkpoints == tmp_path / "unetpp-workbench" / "checkpoints"
    settings.cache_clear()
    monkeypatch.setenv("SEG_HOME", str(tmp_path / "other"))
    monkeypatch.setenv("SEG_UPLOAD_MB", "7")
    assert settings().results == tmp_path / "other" / "results"
    assert settings().upload_mb == 7


@pytest.mark.parametrize(("name", "value"), [("SEG_UPLOAD_MB", "many"), ("SEG_DEVICE", "tpu")])
def test_refusals_name_the_variable(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"{name} cannot be used: .* Received: '{value}'"):
        settings()


def test_limits_of_files(monkeypatch):
    monkeypatch.setenv("SEG_UPLOAD_MB", "7")
    monkeypatch.setenv("SEG_IMAGE_MEGAPIXELS", "3")
    limits = settings().limits
    assert (limits.bytes_max, limits.pixels_max) == (7 * 2**20, 3_000_000)
