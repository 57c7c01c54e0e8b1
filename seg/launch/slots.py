"""The queue: so many runs at once as there are devices, the rest wait for their turn.

The working process itself waits, for one of some locks in `runs/slots`. No server is needed, and
one that dies, waiting or working, is out of the way at once.
"""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from seg.errors import Cancelled, StoreError
from seg.launch import locks
from seg.launch.place import lock_file, make_private, runs_folder
from seg.settings import settings

if TYPE_CHECKING:
    from seg.store import Run, Store

log = logging.getLogger(__name__)

LOOK_S = 0.5  # from one look at the queue to the next
QUICK_S = 0.05  # for a slot that looked free: longer than another's look at it
VISIBLE = "CUDA_VISIBLE_DEVICES"


class Slot:
    """A place among the runs that work at once: `with Slot(store, run) as slot: ...`.

    The queue is made of the runs of this machine that are queued in the store and alive. Whoever
    has fewer of them before it, by `queued_at`, than there are free slots takes one. The process
    must hold its run (`Hold`) and be queued in the store, or the others do not see it. A paused run
    keeps its slot: the device's memory is still its own.

    Where there is a choice of GPUs, entering leaves this process the one that belongs to the slot,
    by CUDA_VISIBLE_DEVICES: enter before TensorFlow looks at the devices.

    Args:
        store: Where the queue is.
        run: The run that waits, with its `queued_at`.
        on_wait: Called at every look, twice a second, with how many runs must end before this one
            begins, from 1. What it raises ends the waiting.
        is_cancelled: Asked at every look.

    Attributes:
        number: Which slot it is, from 0; None outside.

    Raises:
        Cancelled: `is_cancelled` said so.
        OSError: The locks' folder cannot be written.
    """

    def __init__(
        self,
        store: "Store",
        run: "Run",
        on_wait: Callable[[int], None] = lambda place: None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.number: int | None = None
        self._store, self._run = store, run
        self._on_wait, self._is_cancelled = on_wait, is_cancelled
        self._descriptor = -1

    def __enter__(self) -> "Slot":
        make_private(_folder())
        while True:
            try:
                place = self.place()
            except StoreError as error:
                log.warning("The queue cannot be read; it is tried again. %s", error)
                place = 1
            if not place and self._try():
                return self
            if self._is_cancelled():
                raise Cancelled(f"Run {self._run.id} was stopped while it waited for its turn.")
            if place:
                self._on_wait(place)
                time.sleep(LOOK_S)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.number is not None:
            self.number = None
            locks.write_note(self._descriptor, "")
            os.close(self._descriptor)

    def place(self) -> int:
        """How many runs must end before this one begins; 0: none, it is its turn."""
        free = sum(not locks.is_held(path) for path in _slots())
        return max(self._ahead() + 1 - free, 0)

    def _try(self) -> bool:
        """Take the first free slot; False where one was quicker."""
        for number, path in enumerate(_slots()):
            descriptor = locks.take(path, wait_s=QUICK_S)
            if descriptor is not None:
                locks.write_note(descriptor, self._run.id)
                self.number, self._descriptor = number, descriptor
                _see_one_gpu(number)
                return True
        return False

    def _ahead(self) -> int:
        """How many wait that came before; one with a slot, whatever its row says, does not wait."""
        mine = (self._run.queued_at, self._run.id)
        seated = {locks.read_note(path) for path in _slots() if locks.is_held(path)}
        return sum(
            (run.queued_at, run.id) < mine and run.id not in seated and _waits(run)
            for run in self._store.runs()
        )


def waiting_text(place: int) -> str:
    """What a page says of a run that waits.

    Example:
        >>> waiting_text(2)
        'Waiting: 2 runs before this one.'
    """
    return f"Waiting: {place} {'run' if place == 1 else 'runs'} before this one."


def slots_count() -> int:
    """How many runs of this machine work at once: SEG_RUNS_AT_ONCE, else one for each GPU."""
    return settings().runs_at_once or max(len(visible_gpus()), 1)


def visible_gpus(devices: Path = Path("/dev")) -> list[str]:
    """The GPUs this process may use, as CUDA_VISIBLE_DEVICES would name them.

    Counted without loading a driver: by that variable, else by the files of NVIDIA's devices.
    SEG_DEVICE=cpu leaves none.
    """
    if settings().device == "cpu":
        return []
    found = [path for path in devices.glob("nvidia*") if path.name[len("nvidia") :].isdigit()]
    if VISIBLE not in os.environ:
        return [str(number) for number in range(len(found))]
    named = [name.strip() for name in os.environ[VISIBLE].split(",")]
    valid = [i for i, name in enumerate(named) if name in ("", "-1")]  # CUDA stops at the first
    return named[: valid[0]] if valid else named


def _see_one_gpu(slot: int) -> None:
    """Leave this process the slot's own GPU, where there are several."""
    gpus = visible_gpus()
    if len(gpus) > 1:
        os.environ[VISIBLE] = gpus[slot % len(gpus)]


def _waits(run: "Run") -> bool:
    """Whether a run of this machine is queued and alive."""
    return run.status == "queued" and locks.is_held(lock_file(run.id))


def _folder() -> Path:
    """Where the slots' locks are."""
    return runs_folder() / "slots"


def _slots() -> list[Path]:
    """The slots' locks, the first to be taken first."""
    return [_folder() / f"{number}.lock" for number in range(slots_count())]
