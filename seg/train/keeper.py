"""The files of a run: states to go on from, and checkpoints to use; which to keep, which to drop.

A file is written whole before the store names it, and the store forgets it before it is removed.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from seg.errors import RunError
from seg.store import SavedFile, Writer
from seg.train.bundle import Position, read_bundle, write_bundle
from seg.train.desk import Desk
from seg.train.trainer import Trainer

log = logging.getLogger(__name__)

BEST = "best.safetensors"
STATES_KEPT = 2  # the newest states, to go on from
TURNS_KEPT = 10  # the newest states from before a turn, to branch from
DISK_RETRY_S = 5.0
FULL = (
    "A file of the run cannot be written: {}. The training waits, and goes on by itself when it "
    "can. Free some space, or stop the run."
)


class Stopped(Exception):
    """Somebody, or the machine, asked the run to stop; it is saved where it stands."""


class Keeper:
    """One run's files.

    Args:
        folder: The run's own.
        saved: What the store names, oldest first.
        desk: Open.
    """

    def __init__(self, folder: Path, saved: Sequence[SavedFile], desk: Desk) -> None:
        self._folder, self._desk = folder, desk
        self._states = [one for one in saved if one.kind == "resume"]

    def restore(self, trainer: Trainer) -> Position | None:
        """Put the newest state that is whole into the trainer; None where there is none."""
        for saved in reversed(self._states):
            try:
                arrays, position = read_bundle(self._folder / saved.file, saved.sha256)
            except RunError:
                continue
            trainer.restore(arrays)
            return position
        return None

    def write_state(self, trainer: Trainer, position: Position, note: str = "") -> SavedFile:
        """The state between two steps, on the disk.

        Args:
            trainer: Whose.
            position: Where it stands.
            note: What comes next, where this is kept to branch from.

        Raises:
            OSError: It cannot be written.
        """
        path = self._folder / f"resume-{position.step}-{position.epoch}.bundle"
        sha256 = write_bundle(path, trainer.arrays(), position)
        return SavedFile(
            position.step, position.epoch, "resume", path.name, sha256, path.stat().st_size, note
        )

    def store_state(self, trainer: Trainer, position: Position, note: str = "") -> None:
        """Have the state of this moment on the disk and named, unless it is there.

        Raises:
            Stopped: The disk does not take it, and somebody stopped the run.
        """
        if note or not self._has_state(position):
            self.name(self.durably(lambda: self.write_state(trainer, position, note)))

    def durably(self, write_file: Callable[[], SavedFile]) -> SavedFile:
        """Write a file; while the disk does not take it, the run waits and tries again.

        Raises:
            Stopped: It does not, and somebody stopped the run.
        """
        before = self._desk.status
        while True:
            try:
                saved = write_file()
            except OSError as error:
                reason = FULL.format(error.strerror)
                log.warning("%s", reason)
                self._desk.tell(status="paused", reason=reason)
                self._desk.wait(DISK_RETRY_S)
                if self._desk.is_ending or any(c.name == "stop" for c in self._desk.commands()):
                    raise Stopped(reason) from error
            else:
                if self._desk.status != before:
                    self._desk.tell(status=before, reason="")
                return saved

    def name(self, *files: SavedFile, also: Callable[[Writer], None] = lambda write: None) -> None:
        """Have the store name files in one transaction; what it forgets is removed.

        Args:
            files: On the disk already.
            also: What else belongs to the transaction.
        """
        states = self._states

        def work(write: Writer) -> None:  # may be tried again: it changes nothing of ours
            nonlocal states
            also(write)
            states = self._states
            for saved in files:
                named = write.saved(saved)
                states = _kept([one for one in states if one.file != named.file], named)
            kept = {one.id for one in states}
            for one in self._states:
                if one.id not in kept:
                    write.forget_saved(one.id)

        self._desk.insist(work)
        names = {one.file for one in states}
        for saved in self._states:
            if saved.file not in names:
                (self._folder / saved.file).unlink(missing_ok=True)
        self._states = states

    def _has_state(self, position: Position) -> bool:
        """Whether the newest state is of this very position."""
        newest = self._states[-1] if self._states else None
        return newest is not None and (newest.step, newest.epoch) == (position.step, position.epoch)


def _kept(states: list[SavedFile], named: SavedFile) -> list[SavedFile]:
    """The states to keep when another file is named: the newest, and those from before a turn."""
    if named.kind != "resume":
        return states
    states = [*states, named]
    turns = [one for one in states if one.note]
    wanted = {one.id for one in states[-STATES_KEPT:] + turns[-TURNS_KEPT:]}
    return [one for one in states if one.id in wanted]
