"""A run made ready: its data read and checked, its network built, its state put back.

Imports Keras.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from pydantic import ValidationError

from seg.cases import Case
from seg.checkpoint import open_checkpoint, save_checkpoint
from seg.dataset import PARTS, Dataset, Part, read_folder, split
from seg.devices import prepare_device
from seg.errors import DataError, RunError
from seg.facts import share_colors
from seg.metadata import Metadata, Score
from seg.settings import settings
from seg.store import Epoch, Evaluation, Run, SavedFile, Writer
from seg.train.batches import steps_per_epoch, to_sample
from seg.train.bundle import Position
from seg.train.config import TrainConfig
from seg.train.controls import first_controls
from seg.train.describe import Origin, describe, part_scores
from seg.train.desk import Desk
from seg.train.keeper import BEST, PENDING, Keeper, Stopped
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

    def restore(self) -> None:
        """Put back the newest state, and forget what the store holds beyond it.

        Raises:
            RunError: The store tells of steps, but no state of them is left.
        """
        run = self._run
        saved = self._desk.read(lambda store: store.saved(run.id))
        self._keeper = Keeper(run.id, saved, self._desk)
        restored = self._keeper.restore(self._trainer)
        if restored is None and (run.parent_step or run.epoch or self._keeper.has_states()):
            raise RunError(
                f"The saved states of run {run.id} are gone or damaged. Expected one in its "
                "folder, to go on from. Nothing was changed. Put the folder back, or start a "
                "new run."
            )
        position = restored or Position(controls=first_controls(self._config))
        if self._keeper.best() is None or not (self._keeper.folder / BEST).is_file():
            # as in a branch: the best is another run's, and this one's begins here
            position = replace(position, best_epoch=position.epoch, best_dice=-1.0)
        self._position = position
        self._again: list[Any] = []
        steps = steps_per_epoch(len(self._samples["train"]), self._config)
        self._desk.tell(
            steps_per_epoch=steps,
            total_steps=steps * self._config.epochs,
            step=self._position.step,
            epoch=self._position.epoch,
            controls=self._position.controls,
            best_epoch=self._position.best_epoch if self._keeper.best() else None,
            best_dice=self._position.best_dice if self._keeper.best() else None,
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
            self._finish(loop.position)
        except Stopped as stopped:
            return "stopped", str(stopped)
        return "finished", ""

    def _save(self, position: Position, validation: Record | None) -> SavedFile:
        """Write a checkpoint of this moment: the best so far with its validation, or just saved."""
        found = self._scores("validation", validation) if validation else []
        versions = f"Keras {keras.__version__} on {keras.backend.backend()}"
        metadata = describe(self._config, self._origin, position, found, versions)
        name = BEST if validation else f"saved-{position.step}.safetensors"
        return self._write(name, self._trainer.weights(), metadata, (position.step, position.epoch))

    def _write(
        self, name: str, weights: dict[str, np.ndarray], metadata: Metadata, place: tuple[int, int]
    ) -> SavedFile:
        """A checkpoint file, and its row in the store: of a step and epoch."""
        path = self._keeper.folder / (PENDING if name == BEST else name)
        made = save_checkpoint(path, weights, metadata, half=self._config.half)
        kind = "best" if name == BEST else "saved"
        return SavedFile(*place, kind, name, made.sha256, made.size_bytes)

    def _finish(self, position: Position) -> None:
        """Score the best checkpoint on validation and test, as it is stored, and keep that."""
        self._desk.tell(stage="Scoring the best checkpoint")
        best, named = open_checkpoint(self._keeper.folder / BEST), self._keeper.best()
        weights = best.weights()
        place = (named.step, named.epoch) if named else (position.step, position.epoch)
        found: list[Score] = []
        for part in ("validation", "test"):
            if self._samples[part]:
                record = self._trainer.validate(self._samples[part], weights).record
                found += self._scores(part, record)
        metadata = best.metadata.model_copy(update={"scores": tuple(found)})
        saved = self._keeper.durably(lambda: self._write(BEST, weights, metadata, place))

        def work(write: Writer) -> None:
            for part in ("validation", "test"):
                rows = [score.model_dump(mode="json") for score in found if score.part == part]
                if rows:
                    write.evaluation(self._evaluation(saved, part, rows))
            text = f"Finished. The best epoch was {position.best_epoch}."
            write.event("finish", text, step=position.step, epoch=position.epoch)

        self._keeper.name(saved, also=work)

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


def open_session(run: Run, desk: Desk, stage: Callable[[str], None]) -> Session:
    """Read a run's data, build its network and put its state back.

    Args:
        run: With its configuration.
        desk: Open; it says what is being done.
        stage: Told what comes next.

    Raises:
        DataError: The data are gone, changed, or cannot be used.
        RunError: The saved state does not fit.
    """
    device = prepare_device(settings().device)
    desk.tell(device=device.name)
    config = _config(run)
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
    session.restore()
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


def _config(run: Run) -> TrainConfig:
    """The run's configuration, looked at again: the store may be older, or edited by hand."""
    try:
        return TrainConfig.model_validate(run.config)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise RunError(
            f"The configuration of run {run.id} cannot be used: "
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}. Start a new run."
        ) from error


def _check_fingerprint(run: Run, fingerprint: str, name: str) -> None:
    """The data a run goes on with are those it began with."""
    if run.data_fingerprint and run.data_fingerprint != fingerprint:
        raise DataError(
            f"The data set {name} has changed since the run began. Expected the fingerprint "
            f"{run.data_fingerprint[:12]}. Received: {fingerprint[:12]}. Put the files back, or "
            "start a new run."
        )
