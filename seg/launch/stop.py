"""The end of a run that does not answer."""

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from seg.errors import LostRun, RunError
from seg.launch.hold import Holder, born, holder, this_host
from seg.launch.life import LIVE, is_alive

if TYPE_CHECKING:
    from seg.store import Run, Store

END_S = 10.0  # how long the system may take to end a process
LOOK_S = 0.02
BY_FORCE = "Ended by force at somebody's request. Resume it from its last saved state."


def stop_hard(run: "Run") -> bool:
    """End a run's process by force: when it hangs in a driver and its stop command goes unheard.

    What it finished stays; the run can be resumed from its last resume point. A pid alone is never
    believed. The holder wrote its pid and the time it was started into the lock's file, and is
    ended only if, read in this order, the file names it, the lock is held, and the process of that
    number was started at that time: a file left by a dead holder has no lock, a number used again
    has another start. Between that look and the signal the number would have to go round all
    others to mean somebody else. Its process group goes with it where it leads one, as `start`
    makes it; one that runs in a script's group is ended alone.

    Args:
        run: As the store has it.

    Returns:
        Whether there was a process to end.

    Raises:
        RunError: It runs on another machine, has not said yet which process it is, or did not end.
    """
    who = holder(run.id)
    if who is None:
        if not is_alive(run):
            return False
        raise RunError(_why_unknown(run))
    if who.host != this_host():
        raise RunError(_elsewhere(run.id, who.host))
    if who.pid == os.getpid():
        raise ValueError("A process does not end itself by force.")
    if born(who.pid) != who.born:
        raise RunError(_why_unknown(run))
    _kill(who)
    _await_end(run.id, who)
    return True


def end_by_force(store: "Store", run_id: str) -> bool:
    """`stop_hard`, and the run's row says afterwards that it was stopped.

    Returns:
        Whether there was a process to end.

    Raises:
        RunError: As `stop_hard`; or there is no such run.
    """
    run = store.run(run_id)
    ended = stop_hard(run)
    run = store.run(run_id)
    if run.owner and run.status in LIVE:
        with suppress(LostRun):  # somebody resumed it at once
            store.release(run.id, run.owner, "stopped", BY_FORCE)
    return ended


def _kill(who: Holder) -> None:
    """Its group where it leads one, else itself alone; gone already is as good."""
    try:
        if os.getpgid(who.pid) == who.pid:
            os.killpg(who.pid, signal.SIGKILL)
        else:
            os.kill(who.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    except PermissionError:
        raise RunError(
            f"Process {who.pid} belongs to another user and cannot be ended. Ask that user, or an "
            "administrator."
        ) from None


def _await_end(run_id: str, who: Holder) -> None:
    """Until it is gone, a while."""
    until = time.monotonic() + END_S
    while born(who.pid) == who.born or holder(run_id) == who:
        if time.monotonic() >= until:
            raise RunError(
                f"Process {who.pid} of run {run_id} was ended by force and is still there after "
                f"{END_S:.0f} s: it hangs in a device's driver. Restart the machine."
            )
        time.sleep(LOOK_S)


def _why_unknown(run: "Run") -> str:
    """Alive, but which process?"""
    if run.host and run.host != this_host():
        return _elsewhere(run.id, run.host)
    return (
        f"Run {run.id} is alive, but which process holds it cannot be told now. Expected a process "
        "that has said so. Try again in a second."
    )


def _elsewhere(run_id: str, host: str) -> str:
    """Another machine's."""
    return f"Run {run_id} runs on {host}, not on {this_host()}. Stop it there."
