"""Folders that may be read: those under SEG_DATA_ROOTS; nothing is said of others."""

import os

import pytest

from seg.errors import ConfigError, DataError
from seg.roots import folder_under_roots
from seg.settings import settings


@pytest.fixture(autouse=True)
def fresh():
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def roots(tmp_path, monkeypatch):
    """Two roots, a folder outside, and links between them."""
    for name in ("one/study", "two", "outside/secret"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "one" / "file").touch()
    (tmp_path / "one" / "out").symlink_to(tmp_path / "outside")
    (tmp_path / "one" / "over").symlink_to(tmp_path / "two")
    (tmp_path / "one" / "circle").symlink_to(tmp_path / "one" / "circle")
    monkeypatch.setenv("SEG_DATA_ROOTS", f"{tmp_path}/one{os.pathsep}{tmp_path}/two")
    settings.cache_clear()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{}/one/study", "one/study"),
        (" {}/one/study/ ", "one/study"),
        ("{}/one", "one"),
        ("study", "one/study"),
        ("{}/one/../two", "two"),
        ("{}/one/over", "two"),
    ],
)
def test_folders_under_the_roots(roots, text, found):
    assert folder_under_roots(text.format(roots)) == roots / found


@pytest.mark.parametrize(
    "text",
    [
        "{}/outside", "{}/outside/secret", "{}/outside/nothing", "{}/one/out/secret",
        "{}/one/../outside", "../outside", "{}", "/", "{}/one2", "", "  ", "~nobody/x", "a\0b",
        "{}/one/circle",
    ],
)  # fmt: skip
def test_folders_outside_are_refused_whether_they_exist_or_not(roots, text):
    allowed = f"Expected one under {roots}/one or {roots}/two. Move the data there"
    with pytest.raises(DataError, match=r"This server may not read the folder") as refused:
        folder_under_roots(text.format(roots))
    assert allowed in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("text", ["{}/one/none", "{}/one/file", "none", "x" * 5000])
def test_no_such_folder(roots, text):
    with pytest.raises(DataError, match=r"There is no folder .* images/ and masks/"):
        folder_under_roots(text.format(roots))


@pytest.mark.parametrize(
    ("value", "roots"),
    [
        ("/a:/b", ["/a", "/b"]),
        ('["/a:b", "~/c"]', ["/a:b", "HOME/c"]),
        ("", []),
        ("/a::", ["/a"]),
    ],
)
def test_the_setting(monkeypatch, tmp_path, value, roots):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SEG_DATA_ROOTS", value)
    settings.cache_clear()
    found = [str(root) for root in settings().data_roots]
    assert found == [root.replace("HOME", str(tmp_path)) for root in roots]
    if not roots:
        with pytest.raises(DataError, match="Expected one under none at all"):
            folder_under_roots("/a")


def test_the_setting_is_the_home_folder_at_first(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SEG_DATA_ROOTS", raising=False)
    settings.cache_clear()
    assert settings().data_roots == (tmp_path,)


@pytest.mark.parametrize("value", ["relative", "~no-such-user/x", "[1]", "[oops", '{"a": 1}'])
def test_a_setting_that_cannot_be_used(monkeypatch, value):
    monkeypatch.setenv("SEG_DATA_ROOTS", value)
    settings.cache_clear()
    with pytest.raises(ConfigError, match="SEG_DATA_ROOTS cannot be used"):
        settings()
