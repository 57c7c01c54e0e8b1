"""A run made ready: its data read and checked, its network built, its state put back.

Imports Keras.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from seg.cases import Case
from seg.checkpoint import open_checkpoint, save_checkpoint
from seg.dataset import PARTS, Dataset, Part, read_folder, split
from seg.devices import prepare_device
from seg.errors import DataError, RunError
from seg.facts import share_colors
from seg.launch import folder
from seg.metadata import Score
from seg.settings import settings
from seg.store import Epoch, Evaluation, Run, SavedFile, Store, Writer
from seg.train.batches import steps_per_epoch, to_sample
from seg.train.bundle import Position
from seg.train.config import TrainConfig
from seg.train.controls import first_controls
from seg.train.describe import Origin, describe, part_scores
from seg.train.desk import Desk
from seg.train.keeper import BEST, Keeper, Stopped
from seg.train.loop import Loop, Parts
from seg.train.pictures import choose, pictures
from seg.train.record import Record
from seg.train.trainer import Trainer

Cases = dict[Part, list[Case]]


class Session:
    """A run that is ready to train; `open_session` makes it."""

    def __init__(
        self, run: Run, desk: Desk, config: TrainConfig, origin: Origin, cases: Cases
    ) -> None:
        self._run, self._desk, self._config, self._origin = run, desk, config, origin
        self._samples = {
            part: [to_sample(case, config.preprocessing) for case in cases[part]] for part in PARTS
        }
        self._shown = choose(cases["validation"])
        self.pictures = pictures(cases["validation"], self._shown)
        self._trainer = Trainer(config)
        self._best_scores: list[Score] = []
        self._folder = folder(run.id)

    def restore(self, store: Store) -> None:
        """Put back the newest state, and forget what the store holds beyond it."""
        self._keeper = Keeper(self._folder, store.saved(self._run.id), self._desk)
        restored = self._keeper.restore(self._trainer)
        if restored is None and self._run.parent_step:
            raise RunError(
                f"The state of run {self._run.parent_id} after step {self._run.parent_step} is "
                "gone. Expected it, to branch from. Branch again, or start a new run."
            )
        position = restored or Position(controls=first_controls(self._config))
        if not (self._folder / BEST).is_file():  # as in a branch: the best is another run's
            position = replace(position, best_epoch=0, best_dice=-1.0)
        self._position = position
        self._again: list[Any] = []
        steps = steps_per_epoch(len(self._samples["train"]), self._config)
        self._desk.tell(
            steps_per_epoch=steps,
            total_steps=steps * self._config.epochs,
            step=self._position.step,
            epoch=self._position.epoch,
            controls=self._position.controls,
        )

        def work(write: Writer) -> None:
            self._again = write.rewind(self._position.step)
            write.pictures(self.pictures)
            if self._run.step:
                text = f"Resumed after step {self._position.step}."
                at = self._position
                write.event("resume", text, step=at.step, epoch=at.epoch)

        self._desk.insist(work)

    def train(self, on_epoch: Callable[[Epoch], None]) -> tuple[str, str]:
        """Train to the end; says how it ended and why."""
        loop = Loop(
            self._config,
            self._trainer,
            Parts(self._samples["train"], self._samples["validation"], self._shown),
            self._desk,
            self._keeper,
            self._position,
            again=self._again,
            save=self._save,
            on_epoch=on_epoch,
        )
        try:
            loop.run()
        except Stopped as stopped:
            return "stopped", str(stopped)
        self._finish(loop.position)
        return "finished", ""

    def _save(self, position: Position, validation: Record | None) -> SavedFile:
        """Write a checkpoint of this moment: the best so far with its validation, or just saved."""
        is_best = validation is not None
        found = self._scores("validation", validation) if validation else []
        name = BEST if is_best else f"saved-{position.step}.safetensors"
        return self._write(name, self._trainer.weights(), position, found)

    def _write(
        self, name: str, weights: dict[str, np.ndarray], position: Position, found: list[Score]
    ) -> SavedFile:
        """A checkpoint file, and its row in the store."""
        versions = f"Keras {keras.__version__} on {keras.backend.backend()}"
        metadata = describe(self._config, self._origin, position, found, versions)
        path = self._folder / name
        checkpoint = save_checkpoint(path, weights, metadata, half=self._config.half)
        kind = "best" if name == BEST else "saved"
        row = (position.step, position.epoch, kind, name, checkpoint.sha256, checkpoint.size_bytes)
        return SavedFile(*row)

    def _finish(self, position: Position) -> None:
        """Score the best checkpoint on validation and test, as it is stored, and keep that."""
        self._desk.tell(stage="Scoring the best checkpoint")
        weights = open_checkpoint(self._folder / BEST).weights()
        found: list[Score] = []
        for part in ("validation", "test"):
            if self._samples[part]:
                record = self._trainer.validate(self._samples[part], weights).record
                found += self._scores(part, record)
        saved = self._write(BEST, weights, position, found)

        def work(write: Writer) -> None:
            write.saved(saved)
            for part in ("validation", "test"):
                rows = [score.model_dump(mode="json") for score in found if score.part == part]
                if rows:
                    write.evaluation(self._evaluation(saved, part, rows))
            text = f"Finished. The best epoch was {position.best_epoch}."
            write.event("finish", text, step=position.step, epoch=position.epoch)

        self._desk.insist(work)

    def _evaluation(self, saved: SavedFile, part: str, rows: list[dict[str, Any]]) -> Evaluation:
        """Scores of a part as the store keeps them."""
        return Evaluation(
            checkpoint_sha256=saved.sha256,
            data_fingerprint=self._origin.fingerprint,
            part=part,
            convention=rows[0]["convention"],
            scores=rows,
            run_id=self._run.id,
        )

    def _scores(self, part: Any, record: Record) -> list[Score]:
        """Of a validation over a part."""
        return part_scores(part, record, self._config.class_names, self._origin.groups[part])


def open_session(store: Store, run: Run, desk: Desk, stage: Callable[[str], None]) -> Session:
    """Read a run's data, build its network and put its state back.

    Args:
        store: Where the run is.
        run: With its configuration.
        desk: Open; it says what is being done.
        stage: Told what comes next.

    Raises:
        DataError: The data are gone, changed, or cannot be used.
        RunError: The saved state does not fit.
    """
    device = prepare_device(settings().device)
    desk.tell(device=device.name)
    config = TrainConfig.model_validate(run.config)
    dataset = read_folder(config.data, config.group, settings().data_roots)
    dataset = share_colors(dataset, settings().limits)
    stage("Checking the data")
    fingerprint = dataset.fingerprint()
    _check_fingerprint(run, fingerprint, dataset.name)
    desk.tell(data_fingerprint=fingerprint)
    parts = split(dataset, config.validation, config.test, config.seed)
    cases = _read(parts, len(config.class_names) + 1, len(dataset.items), stage, desk)
    stage("Building the network; its first step takes some seconds more")
    seen = {part: tuple(case.id for case in cases[part]) for part in PARTS}
    groups = {part: tuple(item.group for item in parts[part].items) for part in PARTS}
    session = Session(run, desk, config, Origin(dataset, fingerprint, seen, groups), cases)
    session.restore(store)
    return session


def _read(
    parts: dict[Part, Dataset], labels: int, count: int, stage: Callable[[str], None], desk: Desk
) -> Cases:
    """All cases of all parts."""
    cases: Cases = {part: [] for part in PARTS}
    done = 0
    for part in PARTS:
        for item in parts[part].items:
            desk.check()
            cases[part].append(item.read(labels, settings().limits))
            done += 1
            if done % 20 == 0 or done == count:
                stage(f"Read {done} of {count} cases")
    return cases


def _check_fingerprint(run: Run, fingerprint: str, name: str) -> None:
    """The data a run goes on with are those it began with."""
    if run.data_fingerprint and run.data_fingerprint != fingerprint:
        raise DataError(
            f"The data set {name} has changed since the run began. Expected the fingerprint "
            f"{run.data_fingerprint[:12]}. Received: {fingerprint[:12]}. Put the files back, or "
            "start a new run."
        )
