"""A run as a row of the table: what it is, how far, in words."""

from pages.widgets.train.table import Row
from seg.launch import LIVE
from seg.presets import loss_words
from seg.store import Run
from seg.train.config import Loss

WORDS = {  # by status: the word, and how it looks
    "queued": ("Waiting", "waiting"),
    "running": ("Training", "live"),
    "paused": ("Paused", "live"),
    "finished": ("Finished", "ended"),
    "stopped": ("Stopped", "stopped"),
    "failed": ("Failed", "failed"),
    "interrupted": ("Interrupted", "cut"),
}
RESUMABLE = ("interrupted", "stopped", "failed")
ORDER = ("running", "paused", "queued")  # these first; then the others


def row_of(run: Run, status: str, now: float) -> Row:
    """One row.

    Args:
        run: From the store.
        status: As `seg.launch.status` tells it.
        now: Unix seconds.
    """
    word, state = WORDS[status]
    return Row(
        id=run.id,
        name=run.name,
        status=word,
        state=state,
        reason=reason_of(run, status),
        loss=run_loss(run),
        data=run.data_name,
        share=run.step / run.total_steps if run.total_steps else None,
        progress=progress_words(run, status),
        dice="–" if run.best_dice is None else f"{run.best_dice:.3f}",
        started=run.started_at,
        duration=duration_words(run, status, now),
        can_resume=status in RESUMABLE,
    )


def in_order(runs: list[tuple[Run, str]]) -> list[tuple[Run, str]]:
    """Those that train first, then those that wait in their order, then the others, newest first.

    Args:
        runs: With their status, newest first.
    """

    def place(pair: tuple[Run, str]) -> tuple[int, float]:
        run, status = pair
        if status not in ORDER:
            return len(ORDER), 0.0
        return ORDER.index(status), run.queued_at if status == "queued" else 0.0

    return sorted(runs, key=place)


def reason_of(run: Run, status: str) -> str:
    """Why it stands as it does; "" where that needs no words."""
    if status == "interrupted":
        return "Its process has ended before its time. Resume goes on from the last saved state."
    return run.reason


def run_loss(run: Run) -> str:
    """The loss it began with, in words; what it was turned to stands on its own page."""
    loss = run.config.get("loss")
    if not isinstance(loss, dict):
        return ""
    known = {name: value for name, value in loss.items() if name in Loss.model_fields}
    return loss_words(Loss(**known))


def progress_words(run: Run, status: str) -> str:
    """How far it is, or what it waits for."""
    if status in LIVE and run.stage and not run.step:
        return run.stage
    epochs = run.config.get("epochs")
    if status == "queued":
        return "Waiting for its turn"
    return f"{run.epoch} of {epochs} epochs" if epochs else f"{run.epoch} epochs"


def duration_words(run: Run, status: str, now: float) -> str:
    """From its first start to its end, or to now."""
    if run.started_at is None:
        return ""
    end = now if status in LIVE else run.finished_at
    return "" if end is None else time_words(end - run.started_at)


def time_words(seconds: float) -> str:
    """A time as people say it.

    Example:
        >>> time_words(42.4), time_words(301), time_words(7260)
        ('42 s', '5 min', '2 h 1 min')
    """
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{max(seconds, 0):.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
