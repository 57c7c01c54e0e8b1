"""The file route through the real ASGI stack: tokens, their end, and no mixing of sessions."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from web import files, scripts
from web.shelf import SHELVES


@pytest.fixture
def client():
    with TestClient(Starlette(routes=[*files.ROUTES, *scripts.ROUTES])) as client:
        yield client


def test_two_sessions_with_equal_names_get_their_own(client):
    one, two = SHELVES.open(), SHELVES.open()
    path_one = one.put("mask", lambda: b"one", "image/png", "mask.png")
    path_two = two.put("mask", lambda: b"two", "image/png", "mask.png")
    assert path_one != path_two
    assert client.get(path_one).content == b"one"
    assert client.get(path_two).content == b"two"
    one.empty()
    two.empty()


def test_the_same_thing_keeps_its_path_and_a_closed_shelf_serves_nothing(client):
    shelf = SHELVES.open()
    path = shelf.put("a", lambda: b"x", "text/plain")
    assert shelf.put("a", lambda: b"x", "text/plain") == path
    shelf.empty()
    response = client.get(path)
    assert response.status_code == 404
    assert "ended with its session" in response.text


def test_tokens_cannot_be_guessed_and_headers_keep_the_file_private(client):
    shelf = SHELVES.open()
    paths = {shelf.put(str(i), lambda: b"x", "image/png", "Bild ü.png") for i in range(50)}
    assert len(paths) == 50
    assert all(len(path.rsplit("/", 1)[1]) >= 43 for path in paths)
    headers = client.get(paths.pop()).headers
    assert headers["cache-control"] == "private, no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    assert headers["content-disposition"] == "attachment; filename*=UTF-8''Bild%20%C3%BC.png"
    shelf.empty()


def test_what_is_gone_is_404_and_other_methods_are_refused(client):
    shelf = SHELVES.open()
    path = shelf.put("gone", lambda: None, "image/png")
    assert client.get(path).status_code == 404
    assert client.get("/files/unknown").status_code == 404
    assert client.post(path).status_code == 405
    shelf.empty()


def test_a_session_holds_so_much_and_no_more(client, monkeypatch):
    monkeypatch.setattr("web.shelf.HOLDINGS_MAX", 3)
    shelf = SHELVES.open()
    paths = [shelf.put(str(i), lambda i=i: str(i).encode(), "text/plain") for i in range(4)]
    assert [client.get(path).status_code for path in paths] == [404, 200, 200, 200]
    shelf.empty()


def test_plotly_is_kept_by_the_browser(client):
    response = client.get(scripts.plotly_path())
    assert response.status_code == 200
    assert b"plotly.js v" in response.content[:300]
    assert "immutable" in response.headers["Cache-Control"]
    assert response.headers["Content-Type"].startswith("text/javascript")
    assert client.get("/scripts/other.js").status_code == 404
