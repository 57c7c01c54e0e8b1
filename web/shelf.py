"""What a browser session may fetch, each thing under a token nobody can guess.

A shelf belongs to one session and dies with it; so do its tokens. Two sessions that hold equal
bytes under equal names hold two tokens. Nothing is written to disk.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

TOKEN_BYTES = 32
HOLDINGS_MAX = 4000  # of one session; the oldest token dies first

Make = Callable[[], bytes | None]


@dataclass(frozen=True)
class Holding:
    """A file as it will leave: made when it is asked for, so that nothing waits in memory."""

    make: Make
    media_type: str
    download_name: str | None = None


class Shelves:
    """All shelves of this server; the route in `web.files` looks tokens up here."""

    def __init__(self) -> None:
        self._holdings: dict[str, Holding] = {}
        self._lock = Lock()

    def open(self) -> "Shelf":
        """A shelf for a new session."""
        return Shelf(self)

    def find(self, token: str) -> Holding | None:
        """What lies under a token; None once its session has ended."""
        with self._lock:
            return self._holdings.get(token)

    def add(self, holding: Holding) -> str:
        """Lay something under a new token."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        with self._lock:
            self._holdings[token] = holding
        return token

    def remove(self, tokens: list[str]) -> None:
        """Forget tokens and what lay under them."""
        with self._lock:
            for token in tokens:
                self._holdings.pop(token, None)


class Shelf:
    """One session's files. The same key keeps its token, so that a rerun does not fetch again."""

    def __init__(self, shelves: Shelves) -> None:
        self.owner = secrets.token_hex(8)
        self._shelves = shelves
        self._tokens: dict[str, str] = {}
        self._lock = Lock()

    def put(
        self,
        key: str,
        make: Make,
        media_type: str,
        download_name: str | None = None,
    ) -> str:
        """The path under which this session can fetch something.

        Args:
            key: What it is, by content; the same key means the same bytes.
            make: Gives the bytes when they are asked for; None where they are gone.
            media_type: Of the response.
            download_name: For a file that is saved; None for something shown.

        Returns:
            A path on this server, without its base.
        """
        with self._lock:
            if key not in self._tokens:
                holding = Holding(make, media_type, download_name)
                self._tokens[key] = self._shelves.add(holding)
                while len(self._tokens) > HOLDINGS_MAX:
                    self._shelves.remove([self._tokens.pop(next(iter(self._tokens)))])
            return f"/files/{self._tokens[key]}"

    def empty(self) -> None:
        """Every token dies: at the end of the session, and when its files changed."""
        with self._lock:
            self._shelves.remove(list(self._tokens.values()))
            self._tokens.clear()


SHELVES = Shelves()
"""This server's. The pages put into it, the route takes from it."""
