"""A real server and a real Chromium for the browser tests."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_S = 60
END_S = 20
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


def chromium() -> str:
    """The browser's path: SEG_TEST_CHROMIUM, or the first one found."""
    names = [os.environ.get("SEG_TEST_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"]
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    return found or MAC_CHROME


class Server:
    """An app on a port of its own, which it has again when it is started again.

    Args:
        app: Its script.
        environment: Beside this process's own.
    """

    def __init__(self, app: Path, **environment: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        options = {
            "server.port": port,
            "server.address": "127.0.0.1",
            "server.headless": "true",
            "server.fileWatcherType": "none",
            "browser.gatherUsageStats": "false",
        }
        self._command = [sys.executable, "-m", "streamlit", "run", str(app)]
        self._command += [f"--{name}={value}" for name, value in options.items()]
        self._environment = os.environ | {"PYTHONPATH": str(ROOT)} | environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Until it answers."""
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _wait_for(f"{self.url}/_stcore/health")

    def kill(self) -> None:
        """By SIGKILL: it can tidy nothing up."""
        self._end(subprocess.Popen.kill)

    def stop(self) -> None:
        """As Ctrl-C does; one that is not running is left."""
        self._end(subprocess.Popen.terminate)

    def _end(self, how: Callable[["subprocess.Popen[bytes]"], None]) -> None:
        """End it, and wait until it has."""
        process, self._process = self._process, None
        if process is None:
            return
        how(process)
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def running(app: Path, **environment: str) -> Iterator[str]:
    """Serve an app on a free port, give its URL, and end it with its children."""
    server = Server(app, **environment)
    try:
        server.start()
        yield server.url
    finally:
        server.stop()


def _wait_for(url: str) -> None:
    """Until the server answers."""
    end = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
