"""A run removed for good: its files, then its rows."""

import os
import shutil
from typing import TYPE_CHECKING

from seg.errors import RunError
from seg.launch.hold import take_run
from seg.launch.life import is_alive
from seg.launch.place import make_folder

if TYPE_CHECKING:
    from seg.store import Store


def remove(store: "Store", run_id: str) -> None:
    """Remove a run that nobody trains: folder, checkpoints, log, rows.

    Its files go first: if that is cut short, the run is still listed and can be removed again.
    While it goes its lock is held, so that nobody starts it.

    Raises:
        RunError: There is no such run, or it is alive.
        OSError: A file cannot be removed.
    """
    run = store.run(run_id)
    if is_alive(run):
        raise RunError(
            f"Run {run.id} is alive and cannot be removed. Expected one that has ended. Stop it "
            "first."
        )
    path = make_folder(run.id)
    lock = take_run(run.id)
    try:
        for inside in path.iterdir():
            if inside.name == "lock":
                continue
            if inside.is_dir() and not inside.is_symlink():
                shutil.rmtree(inside)
            else:
                inside.unlink()
        store.delete_run(run.id)
        shutil.rmtree(path)
    finally:
        os.close(lock)
