"""What can be asked of a run: pause, go on, stop, save, resume, branch, turn."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from pages.widgets.engine import store
from pages.widgets.text import plain_text
from pages.widgets.train.address import open_run
from pages.widgets.train.rows import RESUMABLE
from pages.widgets.train.steer import Control, SteerData, steer
from seg import launch
from seg.curves import Turned, View, plain, schedules, turned
from seg.errors import SegError
from seg.store import Command
from seg.train.controls import check_turn, first_controls
from seg.train.limits import COST_MAX, LIMITS

TEXTS = {
    "alpha": ("alpha", "cost of a false positive"),
    "beta": ("beta", "cost of a false negative"),
    "gamma": ("gamma", "exponent; above 1, hard images count more"),
    "learning_rate": ("Learning rate", "before warm-up and decay"),
}
SLIDERS = {"alpha": 1.0, "beta": 1.0}
LEAST = 1e-9  # of what must not be 0
DEAF_S = 5.0  # after which a process that was told to stop now counts as hanging
TOLD = "asked of run"
Pending = Mapping[str, float]  # commands not taken yet: when each was given
NOW_HELP = (
    "Ends the process in the middle of a step. What came after the last saved state is lost; the "
    "best checkpoint and all curves are kept."
)
REPLAY_HELP = (
    "A new run with the same settings and data, in which what was turned here by hand turns by "
    "itself at the same steps."
)


def buttons(view: View, status: str) -> None:
    """Pause and the others, as far as they make sense now."""
    run_id = view.run.id
    pending = {one.name: one.at for one in store().commands(run_id, pending_only=True)}
    with st.container(horizontal=True, key="run buttons"):
        if status == "running":
            _ask(run_id, "pause", "Pause", ":material/pause:", pending)
        if status == "paused":
            _ask(run_id, "go_on", "Go on", ":material/play_arrow:", pending)
        if status in ("running", "paused", "queued"):
            _stop(view, status, pending)
        if status in ("running", "paused"):
            _ask(run_id, "save", "Save", ":material/save:", pending,
                 "Keeps a checkpoint of this moment beside the best one.")  # fmt: skip
        if status in RESUMABLE and st.button(
            "Resume", icon=":material/play_arrow:", key="resume", type="primary"
        ):
            _do(lambda: launch.start(run_id))
        if view.step:
            _branch(view)
        if turned(view.events):
            _replay(view)
    _told()


def panel(view: View, status: str) -> None:
    """The sliders, what was asked, and what became of it."""
    commands = [one for one in store().commands(view.run.id) if one.name == "set"]
    run = store().run(view.run.id)  # after them: of what was just taken, the new values
    asked: dict[str, float] = {}
    for one in commands:
        if one.step is None and isinstance(one.value, Mapping):
            asked |= one.value
    in_force = run.controls or first_controls(view.config)
    controls = tuple(_control(name, value, asked.get(name)) for name, value in in_force.items())
    disabled = "" if status in ("running", "paused", "queued") else (
        "Nothing can be turned: the run does not train. Resume it, or branch from it."
    )  # fmt: skip
    data = SteerData(run.id, controls, _told_words(commands), disabled)
    steer(data, key=f"steer {run.id}", on_turn=lambda values: _turn(view, values))


def _in_force(view: View) -> dict[str, float]:
    """The controls' values; those the run begins with, before it has begun."""
    return view.run.controls or first_controls(view.config)


def _control(name: str, value: float, asked: float | None) -> Control:
    """A control for the sliders."""
    kind = "head_weight" if name.startswith("head_weight") else name
    low, high, closed = LIMITS[kind]
    label, text = TEXTS.get(name, (f"Head L{name.rsplit('_', 1)[-1]}", "its weight in the loss"))
    slider = SLIDERS.get(name)
    return Control(name, label, text, value, low if closed else LEAST, high, slider, asked,
                   is_folded=slider is None)  # fmt: skip


def _turn(view: View, values: Mapping[str, float]) -> None:
    """A hand let go: one command.

    A refresh of the page just then carries the turn too, and Streamlit calls this again.
    """
    known = _in_force(view)

    def ask() -> None:
        turn = check_turn(values, known)
        before = [one.value for one in store().commands(view.run.id) if one.name == "set"]
        if before[-1:] != [turn]:
            store().command(view.run.id, "set", turn)

    _do(ask, again=False)


def _told_words(commands: Sequence[Command]) -> str:
    """What became of the last turn."""
    if not commands or not isinstance(commands[-1].value, Mapping):
        return ""
    last = commands[-1]
    words = ", ".join(f"{plain(name)} {value:g}" for name, value in last.value.items())
    if last.step is None:
        return f"Asked: {words}. The next step takes it."
    return f"In force from step {last.step:,}: {words}."


def _ask(
    run_id: str, name: str, label: str, icon: str, pending: Pending, help_text: str = ""
) -> None:
    """A button that leaves a command; off while it waits to be taken."""
    waits = name in pending
    text = f"{label} …" if waits else label
    if st.button(text, icon=icon, key=f"ask {name}", disabled=waits, help=help_text or None):
        _do(lambda: store().command(run_id, name), again=False)
        st.rerun(scope="fragment")


def _stop(view: View, status: str, pending: Pending) -> None:
    """After this step, or at once; by force where the process does not listen."""
    run_id = view.run.id
    waits = "stop" in pending or "stop_now" in pending
    with st.popover("Stopping …" if waits else "Stop", icon=":material/stop:", key="stop menu"):
        st.caption("After this step its state is saved, and it can be resumed from there.")
        if st.button("Stop after this step", key="ask stop", disabled=waits, width="stretch"):
            _do(lambda: store().command(run_id, "stop"), again=False)
        if status == "queued":
            return
        sure = st.checkbox("I can lose what came after the last saved state", key="sure")
        if st.button("Stop now", key="ask stop now", disabled=not sure, help=NOW_HELP,
                     width="stretch"):  # fmt: skip
            _do(lambda: store().command(run_id, "stop_now"), again=False)
        if time.time() - pending.get("stop_now", math.inf) > DEAF_S:
            st.caption("Its process does not answer.")
            if st.button("End its process by force", key="stop hard", width="stretch"):
                _do(lambda: launch.stop_hard(view.run))


def _branch(view: View) -> None:
    """A second run from a saved state, the two drawn together."""
    saved = [
        one
        for one in store().saved(view.run.id)
        if one.kind == "resume" and one.epoch < view.config.epochs
    ]
    turns = {one.saved.id: one for one in turned(view.events, saved) if one.saved}
    with st.popover("Branch", icon=":material/alt_route:", key="branch menu", width="content"):
        st.caption(
            "A second run that goes on from a saved state of this one, with other costs. The two "
            "are drawn together."
        )
        if not saved:
            st.caption("No state is kept yet: one is before every turn and after every epoch.")
            return
        names = {one.id: _state_words(one.step, turns.get(one.id)) for one in saved}
        ids = sorted(names, key=lambda id_: id_ not in turns)
        chosen = st.selectbox("From", ids, format_func=lambda id_: names.get(id_, ""),
                              key=f"branch from {view.run.id}")  # fmt: skip
        state = next(one for one in saved if one.id == chosen)
        now = {name: _in_force(view).get(name, 0.5) for name in ("alpha", "beta")}
        if chosen in turns:
            now |= {n: old for n, (old, _) in turns[chosen].changes.items() if n in now}
        values = {
            name: column.number_input(
                TEXTS[name][0], 0.0, COST_MAX, now[name], 0.05, key=f"branch {name} {chosen}"
            )
            for name, column in zip(now, st.columns(2), strict=True)
        }
        if st.button("Start the branch", type="primary", key="start branch"):
            _do(lambda: _start_branch(view, state, values), again=False)


def _state_words(step: int, turn: Turned | None) -> str:
    """A saved state in the list."""
    if turn is None:
        return f"After step {step:,}"
    words = ", ".join(f"{plain(n)} {a:g} → {b:g}" for n, (a, b) in turn.changes.items())
    return f"Before {words} (step {step + 1:,})"


def _start_branch(view: View, state: Any, values: Mapping[str, float]) -> None:
    """Make it, start it, and show both."""
    from seg.train.branch import branch

    new = branch(store(), view.run, state, values)
    launch.start(new.id)
    open_run(view.run.id, new.id)


def _replay(view: View) -> None:
    """What was turned by hand, as a schedule of a new run."""
    with st.popover("Replay", icon=":material/replay:", key="replay menu"):
        st.caption(REPLAY_HELP)
        found = schedules(view)
        for one in found:
            points = ", ".join(f"{value:g} from epoch {at:g}" for at, value in one.points)
            st.caption(plain_text(f"{plain(one.control)}: {points}"))
        if st.button("Start the same run with these turns", key="start replay", disabled=not found):
            _do(lambda: _start_replay(view), again=False)


def _start_replay(view: View) -> None:
    """A new run with the turns as its schedules; both are shown."""
    config = view.config.model_copy(update={"schedules": schedules(view)})
    new = store().create_run(
        f"{view.run.name}, replayed"[:120], config.model_dump(mode="json"), view.run.data_name
    )
    launch.start(new.id)
    open_run(view.run.id, new.id)


def _do(work: Callable[[], object], *, again: bool = True) -> None:
    """Do it, or keep why it could not be done; then the whole page if need be."""
    try:
        work()
        st.session_state.pop(TOLD, None)
    except SegError as error:
        st.session_state[TOLD] = str(error)
    if again:
        st.rerun()


def _told() -> None:
    """Why the last thing asked could not be done."""
    if text := st.session_state.get(TOLD):
        st.error(plain_text(text))
