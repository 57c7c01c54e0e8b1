"""The list of runs: those that train first, and what can be done with those that are ticked."""

import time

import streamlit as st

from pages.widgets.engine import store
from pages.widgets.text import plain_text
from pages.widgets.train.address import BESIDE_MAX, open_run
from pages.widgets.train.rows import in_order, row_of
from pages.widgets.train.table import table
from seg import launch
from seg.errors import SegError
from seg.store import Run

LIVE_S = 2.0  # between two looks while something trains
QUIET_S = 10.0  # while nothing does: a run may be started elsewhere
UNDO_S = 8.0
LEAVING = "runs leaving"  # by id: when it will be deleted


def run_list(runs: list[Run]) -> None:
    """The list, drawn again by itself.

    Args:
        runs: As they are now: how often the list looks again follows from them.
    """
    moves = _moves(runs)
    st.fragment(_draw, run_every=LIVE_S if moves else QUIET_S)(moves)


def _moves(runs: list[Run]) -> bool:
    """Whether the list changes by itself."""
    is_live = any(launch.status(run) in launch.LIVE for run in runs)
    return is_live or bool(st.session_state.get(LEAVING))


def _draw(moves: bool) -> None:
    """One look; when it begins or ceases to move by itself, the next looks come at another pace."""
    try:
        runs = store().runs()
        leaving = leave(runs)
    except SegError as error:
        st.error(plain_text(str(error)))
        return
    shown = [(run, launch.status(run)) for run in runs if run.id not in leaving]
    head = st.container(horizontal=True, vertical_alignment="center", key="runs head")
    head.markdown("### Runs")
    now = time.time()
    picked = table([row_of(*pair, now) for pair in in_order(shown)], key="runs")
    with head:
        _tools([run for run, _ in shown if run.id in picked.ticked])
    for run in (run for run in runs if run.id in leaving):
        _leaving(run)
    if picked.opened:
        open_run(picked.opened)
    if picked.resumed:
        _resume(picked.resumed)
    if _moves(runs) != moves:
        st.rerun()


def _tools(ticked: list[Run]) -> None:
    """What can be done with the ticked runs."""
    if not ticked:
        st.caption("Click a run to open it. Tick two to four to draw them together.")
        return
    several = 2 <= len(ticked) <= BESIDE_MAX
    if st.button(f"Draw {len(ticked)} together" if several else "Draw together",
                 type="primary", disabled=not several):  # fmt: skip
        open_run(*(run.id for run in ticked))
    if len(ticked) == 1:
        _rename(ticked[0])
    _delete(ticked)


def _rename(run: Run) -> None:
    """A name of the user's."""
    with st.popover("Rename"):
        name = st.text_input("Name", run.name, max_chars=120, key=f"name {run.id}")
        if st.button("Rename", key=f"rename {run.id}") and name.strip() != run.name:
            try:
                store().rename(run.id, name)
                st.rerun(scope="fragment")
            except SegError as error:
                st.error(plain_text(str(error)))


def _delete(ticked: list[Run]) -> None:
    """Asked first, and done a moment later, so that it can be taken back."""
    living = [run for run in ticked if launch.status(run) in launch.LIVE]
    with st.popover("Delete"):
        if living:
            st.caption("A run that trains or waits cannot be deleted. Open it and stop it first.")
            return
        what = "this run" if len(ticked) == 1 else f"these {len(ticked)} runs"
        st.caption(
            f"Deletes {what} with curves and checkpoints. For {UNDO_S:.0f} seconds it can be "
            "undone; after that nothing brings it back."
        )
        if st.button(f"Delete {what}", key="delete"):
            until = time.monotonic() + UNDO_S
            st.session_state.setdefault(LEAVING, {}).update({run.id: until for run in ticked})
            st.rerun()


def leave(runs: list[Run]) -> dict[str, float]:
    """Delete what is due; gives what is still to go, by id."""
    leaving: dict[str, float] = st.session_state.get(LEAVING, {})
    known = {run.id for run in runs}
    for id_, until in list(leaving.items()):
        if id_ in known and time.monotonic() < until:
            continue
        del leaving[id_]
        if id_ in known:
            launch.remove(store(), id_)
            runs[:] = [run for run in runs if run.id != id_]
    return leaving


def _leaving(run: Run) -> None:
    """A run on its way out, and the way back."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"leaving {run.id}"):
        st.caption(f"{plain_text(run.name)} will be deleted.", width="content")
        if st.button("Undo", key=f"undo {run.id}", type="tertiary"):
            st.session_state[LEAVING].pop(run.id, None)
            st.rerun()


def _resume(run_id: str) -> None:
    """Take a run up again."""
    try:
        launch.start(run_id)
        st.rerun()
    except SegError as error:
        st.error(plain_text(str(error)))
