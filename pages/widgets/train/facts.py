"""Where a run stands: its status in words, how far and how fast, and why it stopped."""

from typing import Literal

import streamlit as st

from pages.widgets.numbers import plain
from pages.widgets.text import plain_text
from pages.widgets.train.look import Look
from pages.widgets.train.rows import LIVE, reason_of, time_words
from seg import launch
from seg.curves import Progress, Share, View, progress, shares
from seg.curves import plain as control_words

Colour = Literal["gray", "blue", "green", "red", "orange"]
STATUS: dict[str, tuple[str, str, Colour]] = {  # by status: the word, its sign, its colour
    "queued": ("Waiting", ":material/hourglass_empty:", "gray"),
    "running": ("Training", ":material/play_arrow:", "blue"),
    "paused": ("Paused", ":material/pause:", "gray"),
    "finished": ("Finished", ":material/check:", "green"),
    "stopped": ("Stopped", ":material/stop:", "gray"),
    "failed": ("Failed", ":material/error:", "red"),
    "interrupted": ("Interrupted", ":material/link_off:", "orange"),
}
NEXT = {
    "failed": "Resume goes on from the last saved state; the best checkpoint so far is kept.",
    "stopped": "Resume goes on from the state it stopped at.",
}
STEP_HELP = "Steps of the optimizer done, of those planned; one batch each."
EPOCH_HELP = "Times the training images were gone through, of those planned."
SPEED_HELP = "Steps a second, of the last ones; validation and pauses are left out."
LEFT_HELP = "Until the last epoch, at the pace of the last five, validation included."
EPOCH_TIME_HELP = "How long an epoch takes, the mean of the last five with their validation."
DEVICE_HELP = "Where it is computed, and the memory its process holds."
DICE_HELP = (
    "Hard Dice of the validation images at 0.5, mean of all heads: of each image and foreground "
    "class, then the mean. Both masks empty: 1; truth empty, prediction not: 0. The best epoch's "
    "weights are the run's checkpoint."
)
LOG_LINES = 60
SHORT_S = 10  # below which tenths are told
MEBIBYTE = 2**20
GIBIBYTE = 2**30


def title(view: View, status: str) -> None:
    """Name, status, what it does just now."""
    word, icon, colour = STATUS[status]
    with st.container(horizontal=True, vertical_alignment="center", key="run title"):
        st.markdown(f"### {plain_text(view.run.name)}", width="content")
        st.badge(word, icon=icon, color=colour)
        stage = view.run.stage if status in LIVE else ""
        told = " · ".join(filter(None, (stage, view.run.data_name)))
        st.caption(plain_text(told), width="content")


def standing(view: View, status: str) -> None:
    """Progress and its numbers, each with its definition."""
    now = progress(view)
    run = view.run
    if status in LIVE or run.step:
        st.progress(now.share or 0.0, _progress_words(view, now, status))
    pairs = [
        ("Best Dice", best_words(view), f"{DICE_HELP} {_n_words(view)}"),
        ("Speed", _speed(now.steps_per_s), SPEED_HELP),
        ("An epoch", _time(now.epoch_s), EPOCH_TIME_HELP),
        ("Memory", _memory(run.memory_bytes), f"{DEVICE_HELP} Device: {plain_text(run.device)}."),
    ]
    box = st.container(key="standing")
    columns = [*box.columns(2), *box.columns(2)]
    for column, (label, value, help_text) in zip(columns, pairs, strict=True):
        column.metric(label, value, help=help_text)


def reason(view: View, status: str) -> None:
    """Why it stands, in full, and what to do."""
    told = reason_of(view.run, status)
    if not told or status == "finished":
        return
    text = plain_text(" ".join(filter(None, (told, NEXT.get(status, "")))))
    if status in ("failed", "interrupted"):
        st.error(text)
    elif status == "paused":
        st.warning(text)
    else:
        st.info(text)


def made_of(view: View, look: Look) -> None:
    """What the loss is made of just now, in a line."""
    found = shares(view, look.parts)
    if not found:
        return
    words = [f"{_share_name(one, view)} {one.value:.3f} ({one.fraction:.0%})" for one in found]
    total = sum(one.value for one in found)
    st.caption(
        f"Loss {total:.3f} = {' + '.join(words)}",
        help=(
            "Mean of the last 20 points of the curve, in parts that add up to it, weights within. "
            f"Over all {view.step:,} steps the recorded loss and the one made again from the "
            f"recorded sums differ by at most {view.residual:.1e}."
        ),
    )


def log(run_id: str) -> None:
    """The end of what the run's process printed."""
    with st.expander("Log of its process"):
        lines = launch.tail(run_id, LOG_LINES)
        st.code("\n".join(lines) or "Nothing yet.", language=None, height=260)


def best_words(view: View) -> str:
    """The best validation's Dice, and its epoch."""
    run = view.run
    if run.best_dice is None or not run.best_epoch:
        return "–"
    return f"{plain(run.best_dice)} (epoch {run.best_epoch})"


def _progress_words(view: View, now: Progress, status: str) -> str:
    """Under the bar."""
    run = view.run
    if not run.total_steps:
        return plain_text(run.stage) or "It has not begun yet."
    epochs = view.config.epochs
    at = f"Step {view.step:,} of {run.total_steps:,}, epoch {run.epoch} of {epochs} done"
    left = f", {time_words(now.left_s)} left" if now.left_s and status == "running" else ""
    return at + left


def _n_words(view: View) -> str:
    """Of how many images."""
    if not view.held_out:
        return ""
    empty = f", {view.empty} of them with nothing to find" if view.empty else ""
    return f"n = {view.held_out} images{empty}."


def _speed(steps_per_s: float | None) -> str:
    """Steps a second, or seconds a step."""
    if not steps_per_s:
        return "–"
    return f"{steps_per_s:.3g} steps/s" if steps_per_s >= 1 else f"{1 / steps_per_s:.3g} s a step"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return time_words(seconds) if seconds >= SHORT_S else f"{seconds:.1f} s"


def _memory(count: int | None) -> str:
    if not count:
        return "–"
    return f"{count / GIBIBYTE:.1f} GiB" if count >= GIBIBYTE else f"{count / MEBIBYTE:.0f} MiB"


def _share_name(share: Share, view: View) -> str:
    """A part in a word."""
    kind, _, index = share.name.rpartition("_")
    if kind == "head":
        return f"L{index}"
    if kind == "class":
        return plain_text(view.layout.classes[int(index)])
    return {"l2": "L2 penalty"}.get(share.name, control_words(share.name))
