"""Whether a run lives, and the status a page shows."""

import time
from typing import TYPE_CHECKING

from seg.launch import locks
from seg.launch.hold import this_host
from seg.launch.place import lock_file

if TYPE_CHECKING:
    from seg.store import Run

LIVE = ("queued", "running", "paused")  # what only a living process can be


def is_alive(run: "Run") -> bool:
    """Whether some process works on a run or waits to.

    On this machine its lock says so at once. Of a run on another machine only its lease is known:
    it counts as alive until that is over.
    """
    if locks.is_held(lock_file(run.id)):
        return True
    is_elsewhere = bool(run.host) and run.host != this_host()
    return is_elsewhere and (run.lease_until or 0) > time.time()


def status(run: "Run") -> str:
    """A run's status for people: as it is stored, or "interrupted".

    Interrupted is what was queued, running or paused when its process ended; `start` resumes it.
    """
    return "interrupted" if run.status in LIVE and not is_alive(run) else run.status
