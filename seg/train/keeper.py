"""The files of a run: states to go on from, and checkpoints to use; which to keep, which to drop.

A file is written whole before the store names it, and the store forgets it before it is removed.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from seg.disk import replace_durably
from seg.errors import RunError
from seg.launch import folder, run_file
from seg.store import SavedFile, Writer
from seg.train.bundle import Position, read_bundle, write_bundle
from seg.train.desk import Desk
from seg.train.trainer import Trainer

log = logging.getLogger(__name__)

BEST = "best.safetensors"
PENDING = "best.pending"  # the same, until the store names it
STATE = "resume"  # a row's kind in the store
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
        run_id: Whose.
        saved: What the store names, oldest first.
        desk: Open.
    """

    def __init__(self, run_id: str, saved: Sequence[SavedFile], desk: Desk) -> None:
        self._run_id, self._desk = run_id, desk
        self._rows = list(saved)
        self.folder = folder(run_id)

    def restore(self, trainer: Trainer) -> Position | None:
        """Put the newest state that is whole into the trainer; None where there is none.

        What a killed process left is put right: the best checkpoint that the store names takes its
        place, and states that it does not name are removed.
        """
        self._settle_best()
        names = {one.file for one in self._rows}
        for path in self.folder.glob("resume-*.bundle"):
            if path.name not in names:
                path.unlink(missing_ok=True)
        for saved in reversed(self._states()):
            try:
                arrays, position = read_bundle(run_file(self._run_id, saved.file), saved.sha256)
            except RunError as error:
                log.warning("%s The one before it is taken.", error)
                continue
            trainer.restore(arrays)
            return position
        return None

    def best(self) -> SavedFile | None:
        """The best checkpoint's row, where there is one."""
        return next((one for one in reversed(self._rows) if one.kind == "best"), None)

    def has_states(self) -> bool:
        """Whether the store names states of the run, whole or not."""
        return bool(self._states())

    def write_state(self, trainer: Trainer, position: Position, note: str = "") -> SavedFile:
        """The state between two steps, on the disk.

        Args:
            trainer: Whose.
            position: Where it stands.
            note: What comes next, where this is kept to branch from.

        Raises:
            OSError: It cannot be written.
        """
        path, sha256 = write_bundle(self.folder, trainer.arrays(), position)
        return SavedFile(
            position.step, position.epoch, STATE, path.name, sha256, path.stat().st_size, note
        )

    def store_state(self, trainer: Trainer, position: Position, note: str = "") -> None:
        """Have the state of this moment on the disk and named, unless it is there.

        Of several turns between two steps the first one's is kept: it is from before all of them.

        Raises:
            Stopped: The disk does not take it, and somebody stopped the run.
        """
        newest = self._states()[-1:]
        is_here = [(one.step, one.epoch) for one in newest] == [(position.step, position.epoch)]
        if not is_here or (note and not newest[0].note):
            self.name(self.durably(lambda: self.write_state(trainer, position, note)))

    def durably(self, write_file: Callable[[], SavedFile]) -> SavedFile:
        """Write a file; while the disk does not take it, the run waits and tries again.

        Raises:
            Stopped: It does not, and somebody stopped the run.
        """
        before = self._desk.now("status")
        while True:
            try:
                saved = write_file()
            except OSError as error:
                reason = FULL.format(error.strerror)
                log.warning("%s", reason)
                self._desk.tell(status="paused", reason=reason)
                self._desk.wait(DISK_RETRY_S)
                self._stop_if_asked(error)
            else:
                if self._desk.now("status") != before:
                    self._desk.tell(status=before, reason="")
                return saved

    def name(self, *files: SavedFile, also: Callable[[Writer], None] = lambda write: None) -> None:
        """Have the store name files in one transaction; what it forgets is removed.

        Args:
            files: On the disk already.
            also: What else belongs to the transaction.
        """
        rows = self._rows

        def work(write: Writer) -> None:  # may be tried again: it changes nothing of ours
            nonlocal rows
            also(write)
            rows = self._rows
            for saved in files:
                named = write.saved(saved)
                rows = _kept([*(one for one in rows if one.file != named.file), named])
            kept = {one.id for one in rows}
            for one in self._rows:
                if one.id not in kept:
                    write.forget_saved(one.id)

        self._desk.insist(work)
        names = {one.file for one in rows}
        for saved in self._rows:
            if saved.file not in names:
                run_file(self._run_id, saved.file).unlink(missing_ok=True)
        self._rows = rows
        self._settle_best()

    def _stop_if_asked(self, error: OSError) -> None:
        """End the run that waits for the disk, if somebody or the machine wants it to end."""
        text = f"Stopped while a file could not be written: {error.strerror}."
        for command in self._desk.commands():
            if command.name == "stop":
                happened = {"kind": "stop", "text": text, "epoch": self._desk.now("epoch")}
                self._desk.taken(command, self._desk.now("step"), happened)
                raise Stopped(text) from error
        if self._desk.is_ending:
            raise Stopped(text) from error

    def _settle_best(self) -> None:
        """The best checkpoint that the store names takes its place; one it does not is dropped."""
        pending, named = self.folder / PENDING, self.best()
        if pending.is_file():
            if named is not None and _sha256(pending) == named.sha256:
                replace_durably(pending, self.folder / BEST)
            else:
                pending.unlink()

    def _states(self) -> list[SavedFile]:
        """The saved states, the oldest first."""
        return [one for one in self._rows if one.kind == STATE]


def _kept(rows: list[SavedFile]) -> list[SavedFile]:
    """All but the states that are neither among the newest nor from before a turn."""
    states = [one for one in rows if one.kind == STATE]
    turns = [one for one in states if one.note]
    wanted = {one.id for one in states[-STATES_KEPT:] + turns[-TURNS_KEPT:]}
    return [one for one in rows if one.kind != STATE or one.id in wanted]


def _sha256(path: Path) -> str:
    """Of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
