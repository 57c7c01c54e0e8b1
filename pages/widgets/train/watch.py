"""A run as it trains, or several beside one another: drawn again by itself while one lives."""

from collections.abc import Sequence

import streamlit as st

from pages.widgets.text import plain_text
from pages.widgets.train.actions import buttons, panel
from pages.widgets.train.beside import beside
from pages.widgets.train.chart import run_figure
from pages.widgets.train.facts import log, made_of, reason, standing, title
from pages.widgets.train.film import HELP as FILM_HELP
from pages.widgets.train.film import film
from pages.widgets.train.held import view_of
from pages.widgets.train.look import choose_look
from pages.widgets.train.plot import plot
from pages.widgets.train.rates import rates_figure
from pages.widgets.train.rows import LIVE
from seg import launch
from seg.curves import View
from seg.errors import SegError
from seg.store import Run

LIVE_S = 0.5  # between two refreshes while a run lives
QUIET_S = 5.0  # while none does: somebody may resume one elsewhere
State = tuple[tuple[str, bool], ...]
STYLE = """
<style>
  .st-key-watch > div > [data-testid="stHorizontalBlock"],
  .st-key-watch > [data-testid="stHorizontalBlock"] { flex-wrap: wrap; }
  [data-testid="stColumn"]:has(:is(.st-key-main, .st-key-pictures)) {
    flex: 100 1 560px; min-width: 0; }
  [data-testid="stColumn"]:has(:is(.st-key-side, .st-key-rates)) { flex: 1 1 300px; }
  .st-key-watch, .st-key-main, .st-key-side { gap: 0.55rem; }
  .st-key-standing { gap: 0.2rem; }
  .st-key-standing [data-testid="stMetricValue"] { font-size: 1rem; }
  .st-key-standing [data-testid="stMetricLabel"] { font-size: 0.8rem; }
  .st-key-run-title { gap: 0.7rem; padding-bottom: 0.25rem; }
  .st-key-run-title h3 { padding: 0; line-height: 1.2; }
  .st-key-run-title p { margin: 0; }
  .st-key-look { gap: 0.7rem; }
  .st-key-look [data-testid="stCaptionContainer"],
  .st-key-look [data-testid="stCaptionContainer"] p { margin: 0; }
  .facts.beside td:first-child { white-space: normal; }
  .facts.beside td:last-child { white-space: nowrap; }
  .facts.beside :is(td, th) { text-align: left; padding-right: 0.6rem; font-weight: 400; }
</style>
"""


def watch(runs: list[Run]) -> None:
    """Everything about one run, or what tells several apart.

    Args:
        runs: One to four, as the store has them.
    """
    st.html(STYLE)
    ids = tuple(run.id for run in runs)
    try:
        state = _state(ids)
    except SegError:  # the fragment says so, and tries again
        state = ()
    is_moving = any(status in LIVE or not is_read for status, is_read in state)
    st.fragment(_draw, run_every=LIVE_S if is_moving else QUIET_S)(ids, state)


def _state(ids: Sequence[str]) -> State:
    """Status of each run, and whether its history is read."""
    views = [view_of(run_id) for run_id in ids]
    return _state_of(views, [launch.status(view.run) for view in views])


def _state_of(views: Sequence[View], statuses: Sequence[str]) -> State:
    """The same of what was read already."""
    return tuple(zip(statuses, [view.is_complete for view in views], strict=True))


def _draw(ids: Sequence[str], before: State) -> None:
    """One look at the runs; when what moves is another, the whole page is drawn again."""
    try:
        views = [view_of(run_id) for run_id in ids]
        statuses = [launch.status(view.run) for view in views]
        if _state_of(views, statuses) != before:
            st.rerun()
        with st.container(key="watch"):
            if len(views) == 1:
                _one(views[0], statuses[0])
            else:
                beside(views, statuses)
    except SegError as error:
        st.error(plain_text(str(error)))


def _one(view: View, status: str) -> None:
    """One run."""
    title(view, status)
    main, side = st.columns([2.6, 1], gap="medium")
    with main.container(key="main"):
        look = choose_look([view])
        _reading(view)
        plot(run_figure(view, look), key=f"curves {view.run.id}", label=_label(view))
        made_of(view, look)
    with side.container(key="side"):
        reason(view, status)
        standing(view, status)
        buttons(view, status)
        panel(view, status)
    left, right = st.columns([2.6, 1], gap="medium")
    with left.container(key="pictures"):
        st.markdown("### The same validation images at every epoch", help=FILM_HELP)
        film(view, key=f"film {view.run.id}")
    with right.container(key="rates"):
        plot(rates_figure([view]), key=f"rates {view.run.id}",
             label="Sensitivity against precision, epoch by epoch")  # fmt: skip
    log(view.run.id)


def _reading(view: View) -> None:
    """A long history is on its way."""
    if not view.is_complete:
        share = view.step / max(view.run.step, 1)
        st.progress(min(share, 1.0), f"Reading the run's history: {view.step:,} steps so far")


def _label(view: View) -> str:
    """The chart in words, for those who do not see it."""
    return (
        f"Loss, its parts, Dice, alpha and beta of the run {view.run.name} over {view.step:,} "
        f"steps. Loss now {view.steps.last('loss'):.3f}, hard Dice of the last batch "
        f"{view.steps.last('dice_hard_image'):.3f}."
    )
