"""Training processes by the dozen: one process that has imported Keras and not used it forks them.

TensorFlow takes seconds to import, so fifty lives of a run would cost minutes of nothing else. A
child made here is a real process with a pid of its own: it trains by `seg.train.work.work`, as
`python -m seg runs resume` does, and can be killed like any other.

    python -m tests.faults.nursery      a line `RUN POINT` on stdin begins a life

It answers `pid N` and, when the child is gone, `ended CODE`, negative for a signal. At POINT, the
number of a step of a save (0: none), the child kills itself: see `_killed_at`.
"""

import ctypes
import os
import signal
import sys
import threading
import traceback
from functools import wraps
from pathlib import Path
from typing import NoReturn

PR_SET_PDEATHSIG = 1  # of prctl(2)


def main() -> None:
    """One life after the other."""
    _die_with_parent()
    import seg.train.session  # noqa: F401 - Keras, once
    from seg.train import work  # noqa: F401

    print("ready", flush=True)
    for line in sys.stdin:
        run_id, point = line.split()
        pid = os.fork()
        if pid == 0:
            _live(run_id, int(point))
        print("pid", pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print("ended", os.waitstatus_to_exitcode(status), flush=True)


def _live(run_id: str, point: int) -> NoReturn:
    """Train the run; 0: as `work` says it ended, 1: it raised."""
    from seg.errors import SegError
    from seg.launch.place import log_file, make_folder
    from seg.train.work import work

    _die_with_parent()
    make_folder(run_id)
    log = os.open(log_file(run_id), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for number in (1, 2):
        os.dup2(log, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    code = 0
    try:
        _killed_at(point)
        work(run_id)
    except SegError as error:
        print(f"error: {error}", flush=True)
        code = 2
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code)


def _die_with_parent() -> None:
    """A test that is cut short leaves no training behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _killed_at(point: int) -> None:
    """Have this process kill itself at the n-th moment of its life.

    Moments lie before and after every fsync, rename and removal, before every commit and after
    every use of the store, in the training's own thread: between them they are every state that a
    save can be left in. A life has about 15 of them before its first step; an epoch has 10, or 16
    if it is the best so far.
    """
    from sqlalchemy import event

    from seg.store import open_store

    left = [point]

    def moment(*_):
        if threading.current_thread() is threading.main_thread():
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(function):
        @wraps(function)
        def wrapped(*arguments, **options):
            moment()
            result = function(*arguments, **options)
            moment()
            return result

        return wrapped

    if point:
        os.fsync = around(os.fsync)
        Path.replace = around(Path.replace)
        Path.unlink = around(Path.unlink)
        event.listen(open_store()._engine, "commit", moment)
        event.listen(open_store()._engine, "checkin", moment)


if __name__ == "__main__":
    main()
