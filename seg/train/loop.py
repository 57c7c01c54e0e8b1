"""The training loop: commands, step, validation, files; it can stop and go on between two steps.

Keras is behind the trainer. What happens goes to the desk, what must last to the keeper.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from seg.errors import ConfigError, RunError
from seg.store import Command, Epoch, SavedFile, Step, Writer
from seg.train.augment import Sample
from seg.train.batches import epoch_batches, steps_per_epoch
from seg.train.bundle import Position
from seg.train.config import TrainConfig
from seg.train.controls import check_turn, learning_rate, scheduled
from seg.train.desk import Desk, Happening
from seg.train.keeper import Keeper, Stopped
from seg.train.pictures import to_png
from seg.train.record import Record
from seg.train.trainer import Trainer


@dataclass(frozen=True)
class Parts:
    """The samples of a run; `shown` are indices into those held out."""

    train: Sequence[Sample]
    held_out: Sequence[Sample]
    shown: Sequence[int]


class Loop:
    """One run from a position to its end.

    Args:
        config: Of the run.
        trainer: In the state of `position`.
        parts: The samples.
        desk: Open.
        keeper: Of the run's folder.
        position: Where to begin.
        again: Commands that were taken after that position, to be taken again at their steps.
        save: Writes a checkpoint of a position and returns its row in the store; with the record of
            a validation it is the best one's, without it just this moment's.
        on_epoch: Called after each epoch.
    """

    def __init__(
        self,
        config: TrainConfig,
        trainer: Trainer,
        parts: Parts,
        desk: Desk,
        keeper: Keeper,
        position: Position,
        *,
        again: Sequence[Command],
        save: Callable[[Position, Record | None], SavedFile],
        on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    ) -> None:
        self._config, self._trainer, self._parts = config, trainer, parts
        self._desk, self._keeper = desk, keeper
        self.position = position
        self._again = {one.id: one for one in again if one.name == "set"}
        self._save, self._on_epoch = save, on_epoch
        self._steps = steps_per_epoch(len(parts.train), config)
        self._is_paused = False

    def run(self) -> None:
        """Train to the last epoch, or until nothing gets better.

        Raises:
            Stopped: It was asked for.
            RunError: The loss is no number any more.
            LostRun: Another worker owns the run.
        """
        config = self._config
        while self.position.epoch < config.epochs and not self._is_patience_over():
            number = self.position.epoch + 1
            done = self.position.step - (number - 1) * self._steps
            for images, truth in epoch_batches(self._parts.train, config, number, done):
                self._attend()
                self._step(images, truth)
            self._validate()

    def _is_patience_over(self) -> bool:
        """Whether the last epochs brought nothing better."""
        waited = self.position.epoch - self.position.best_epoch
        return 0 < self._config.patience <= waited

    def _attend(self) -> None:
        """Before a step: follow the schedules, do what was asked, wait while paused."""
        self._follow_schedules()
        step = self.position.step + 1
        for command in [one for one in self._again.values() if one.step == step]:
            self._set(command)
        while True:
            if self._desk.is_ending:
                self._keeper.store_state(self._trainer, self.position)
                raise Stopped("The machine ended the training. It goes on from here when resumed.")
            for command in self._desk.commands():
                self._take(command)
            if not self._is_paused:
                return
            self._desk.wait()

    def _take(self, command: Command) -> None:
        """Do what a command asks."""
        step, epoch = self.position.step, self.position.epoch + 1
        if command.name == "set":
            self._set(command)
        elif command.name == "stop":
            self._keeper.store_state(self._trainer, self.position)
            text = f"Stopped after step {step}."
            self._desk.taken(command, step, {"kind": "stop", "text": text, "epoch": epoch})
            raise Stopped(text)
        elif command.name == "save":
            self._keeper.store_state(self._trainer, self.position)
            saved = self._keeper.durably(lambda: self._save(self.position, None))
            self._keeper.name(saved)
            text = f"Saved {saved.file}."
            self._desk.taken(command, step, {"kind": "save", "text": text, "epoch": epoch})
        else:
            self._pause(command)

    def _pause(self, command: Command) -> None:
        """Pause, or go on."""
        pauses = command.name == "pause"
        happened: list[Happening] = []
        if pauses != self._is_paused:
            if pauses:
                self._keeper.store_state(self._trainer, self.position)
            text = f"{'Paused' if pauses else 'Went on'} after step {self.position.step}."
            epoch = self.position.epoch + 1
            happened = [{"kind": command.name, "text": text, "epoch": epoch}]
        self._is_paused = pauses
        self._desk.tell(status="paused" if pauses else "running")
        self._desk.taken(command, self.position.step, *happened)

    def _set(self, command: Command) -> None:
        """Turn controls from the next step on; the state before is kept, to branch from."""
        step, epoch = self.position.step + 1, self.position.epoch + 1
        controls = self.position.controls
        self._again.pop(command.id, None)
        try:
            asked = command.value if isinstance(command.value, Mapping) else {}
            values = check_turn(asked, controls)
        except ConfigError as error:
            problem = {"kind": "problem", "text": str(error), "epoch": epoch}
            self._desk.taken(command, step, problem)
            return
        turned = {name: value for name, value in values.items() if value != controls[name]}
        if turned:
            words = [f"{name} {controls[name]:g} to {value:g}" for name, value in turned.items()]
            note = f"Before {', '.join(words)}"
            self._keeper.store_state(self._trainer, self.position, note)
        by_hand = (*self.position.by_hand, *(n for n in values if n not in self.position.by_hand))
        self.position = replace(self.position, controls=controls | turned, by_hand=by_hand)
        self._desk.tell(controls=self.position.controls)
        self._desk.taken(command, step, *(_turn(n, controls[n], turned[n], epoch) for n in turned))

    def _follow_schedules(self) -> None:
        """Give every control that no hand has turned what its schedule says."""
        now = scheduled(self._config, self.position.step, self._steps)
        mine = {name: now[name] for name in now if name not in self.position.by_hand}
        if mine:
            self.position = replace(self.position, controls=self.position.controls | mine)
            self._desk.tell(controls=self.position.controls)

    def _step(self, images: np.ndarray, truth: np.ndarray) -> None:
        """One step, recorded."""
        start, controls, step = time.monotonic(), self.position.controls, self.position.step + 1
        total = self._steps * self._config.epochs
        rate = learning_rate(self._config, controls["learning_rate"], step, total)
        loss, l2, record = self._trainer.step(images, truth, controls, rate)
        if not np.isfinite(loss):
            raise RunError(
                f"The loss became {loss} at step {step}. Expected a number. The best checkpoint so "
                "far is whole. Branch from before with a smaller learning rate, or look for images "
                "without contrast."
            )
        seconds = time.monotonic() - start
        costs = (controls["alpha"], controls["beta"], controls["gamma"])
        row = (loss, l2, *costs, rate, record.encode())
        self._desk.record(Step(step, self.position.epoch + 1, time.time(), seconds, *row))
        self.position = self.position.stepped(loss, l2, seconds)
        stage = f"Epoch {self.position.epoch + 1} of {self._config.epochs}"
        self._desk.tell(step=step, stage=stage)

    def _validate(self) -> None:
        """End an epoch: validation, the best checkpoint, the state, and one transaction for all."""
        start, before = time.monotonic(), self.position
        self._desk.tell(stage=f"Validation after epoch {before.epoch + 1}")
        weights = self._trainer.weights()
        found = self._trainer.validate(self._parts.held_out, weights, self._parts.shown)
        dice = found.dice
        loss = found.loss(before.controls, self._config)
        if not np.isfinite(loss):
            raise RunError(
                f"The validation's loss became {loss} after step {before.step}: the weights are no "
                "numbers any more. The best checkpoint so far is whole. Branch from before with a "
                "smaller learning rate."
            )
        after = before.epoch_over(dice)
        seconds = before.seconds + time.monotonic() - start
        after = replace(after, all_seconds=before.all_seconds + time.monotonic() - start)
        is_best = after.best_epoch == after.epoch
        files = [self._keeper.durably(lambda: self._save(after, found.record))] if is_best else []
        files.append(self._keeper.durably(lambda: self._keeper.write_state(self._trainer, after)))
        epoch = _epoch_row(after, before, seconds, (loss, found.l2, dice), is_best, found.record)
        self.position = after
        pictures = {number: to_png(image) for number, image in found.probabilities.items()}
        told = {"epoch": after.epoch, "best_epoch": after.best_epoch, "best_dice": after.best_dice}

        def work(write: Writer) -> None:
            write.epoch(epoch, pictures)
            write.run(**told)

        self._keeper.name(*files, also=work)
        self._desk.tell(**told)
        self._on_epoch(epoch)


def _turn(name: str, old: float, new: float, epoch: int) -> Happening:
    """A control that was turned, as an event."""
    text = f"{name} {old:g} to {new:g}"
    return {"kind": "turn", "text": text, "epoch": epoch, "name": name, "old": old, "new": new}


def _epoch_row(
    after: Position,
    before: Position,
    seconds: float,
    validation: tuple[float, float, float],
    is_best: bool,
    record: Record,
) -> Epoch:
    """An epoch as the store keeps it."""
    steps = before.step / after.epoch
    controls = after.controls
    return Epoch(
        epoch=after.epoch,
        step=after.step,
        at=time.time(),
        seconds=seconds,
        loss=before.losses[0] / steps,
        l2=before.losses[1] / steps,
        validation_loss=validation[0],
        validation_l2=validation[1],
        validation_dice=validation[2],
        alpha=controls["alpha"],
        beta=controls["beta"],
        gamma=controls["gamma"],
        learning_rate=controls["learning_rate"],
        is_best=is_best,
        record=record.encode(),
    )
