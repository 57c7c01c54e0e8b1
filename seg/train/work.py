"""One run from the store, trained in this process, from its claim to the reason of its end.

The page's runs and the command line's come through here alike. Keras is imported when the turn has
come.
"""

import logging
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil

from seg.errors import Cancelled, LostRun, RunError, SegError
from seg.launch import Hold, Slot, this_host, waiting_text
from seg.store import Epoch, Run, Store, open_store
from seg.train.desk import LEASE_S, Desk

if TYPE_CHECKING:
    from seg.train.session import Session

log = logging.getLogger(__name__)

MEMORY_EVERY_S = 5.0
ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def work(
    run_id: str,
    on_epoch: Callable[[Run, Epoch], None] = lambda run, epoch: None,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Run:
    """Train a run to its end, from where it stands.

    Args:
        run_id: A run in the store that nobody works on and that is not finished.
        on_epoch: Called after each epoch.
        on_stage: Called with what is done before the first.

    Returns:
        The run as it stands afterwards: finished, stopped or failed, with its reason.

    Raises:
        RunError: It is finished, or another process works on it.
        LostRun: Another worker took it over meanwhile; nothing more was written.
        StoreError: The store cannot be opened.
    """
    store = open_store()
    owner = secrets.token_hex(8)
    with Hold(store.run(run_id).id):
        run = store.run(run_id)  # as it is now that nobody else can work on it
        if run.status == "finished":
            raise RunError(
                f"Run {run.id} is finished. Expected one that is not. Branch from it to train on."
            )
        _claim(store, run, owner)
        desk = Desk(store, run.id, owner)
        with _endings(desk):
            run = _begin(run, desk)
            with desk:
                status, reason = _train(store, run, desk, on_epoch, on_stage)
                desk.tell(stage="")
                desk.insist(lambda write: None)  # what was recorded last
            desk.read(lambda store: store.release(run.id, owner, status, reason))
    return store.run(run.id)


def _claim(store: Store, run: Run, owner: str) -> None:
    """Become the run's owner: the lock is ours, so an owner of this machine is dead."""
    here = run.host in ("", this_host())
    if not store.claim(run.id, owner, this_host(), LEASE_S, even_if_leased=here):
        raise RunError(
            f"Run {run.id} is being trained on another machine. Expected one at a time. Watch it "
            "on the Train page, or stop it first."
        )


def _train(
    store: Store,
    run: Run,
    desk: Desk,
    on_epoch: Callable[[Run, Epoch], None],
    on_stage: Callable[[str], None],
) -> tuple[str, str]:
    """Train, and say how it ended and why."""

    def stage(text: str) -> None:
        desk.tell(stage=text)
        on_stage(text)

    try:
        with Slot(
            store, run, lambda place: stage(waiting_text(place)), lambda: _is_unwanted(run, desk)
        ):
            desk.tell(status="running", started_at=run.started_at or time.time())
            stage("Loading TensorFlow")
            session = _open_session(run, desk, stage)
            with _watched_memory(desk):
                return session.train(lambda epoch: on_epoch(run, epoch))
    except Cancelled as error:
        return "stopped", str(error)
    except LostRun:
        raise
    except SegError as error:
        return "failed", str(error)
    except Exception as error:
        return "failed", _explain(error)


def _open_session(run: Run, desk: Desk, stage: Callable[[str], None]) -> "Session":
    """The run with its data, network and files; Keras comes with it."""
    from seg.train.session import open_session

    return open_session(run, desk, stage)


def _begin(run: Run, desk: Desk) -> Run:
    """At the end of the queue. Commands from before this process are dropped, but for turns.

    Whoever asked a run to stop or pause that was then killed has not asked this life of it.
    """
    now, born = time.time(), psutil.Process().create_time()
    desk.tell(
        status="queued",
        queued_at=now,
        finished_at=None,
        reason="",
        step=run.step,
        epoch=run.epoch,
    )
    for command in desk.read(lambda store: store.commands(run.id, pending_only=True)):
        if command.at < born and command.name != "set":
            desk.taken(command, run.step)
    desk.insist(lambda write: None)
    return replace(run, queued_at=now)


def _is_unwanted(run: Run, desk: Desk) -> bool:
    """Whether a run that waits shall not begin any more."""
    for command in desk.commands():
        if command.name == "stop":
            text = "Stopped while it waited for its turn."
            desk.taken(command, run.step, {"kind": "stop", "text": text, "epoch": run.epoch})
            return True
    return desk.is_ending


def _explain(error: Exception) -> str:
    """What is told of an error that nobody foresaw; the rest stands in the log."""
    from seg.devices import is_out_of_memory

    if is_out_of_memory(error):
        return (
            "The device's memory is not enough for this training. Expected room for one batch. "
            "Branch or start anew with a smaller batch, crop or network."
        )
    number = secrets.token_hex(3)
    log.exception("Error %s", number)
    return f"Something went wrong that nobody foresaw. Look for {number} in the run's log."


@contextmanager
def _endings(desk: Desk) -> Iterator[None]:
    """SIGTERM, SIGHUP and Ctrl-C end the run after its step, saved; a second Ctrl-C at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _: object) -> None:
        if desk.is_ending and number == signal.SIGINT:
            raise KeyboardInterrupt
        desk.is_ending = True

    before = {number: signal.signal(number, end) for number in ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _watched_memory(desk: Desk) -> Iterator[None]:
    """Tell every few seconds how much memory this process holds."""
    over = threading.Event()

    def watch() -> None:
        process = psutil.Process()
        while not over.wait(MEMORY_EVERY_S):
            desk.tell(memory_bytes=process.memory_info().rss)

    thread = threading.Thread(target=watch, name="memory", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
