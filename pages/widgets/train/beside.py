"""Several runs beside one another: their curves, their settings where these differ."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from pages.widgets.train.facts import DICE_HELP, STATUS, best_words
from pages.widgets.train.film import film
from pages.widgets.train.look import choose_look
from pages.widgets.train.overlay import runs_figure
from pages.widgets.train.plot import plot
from pages.widgets.train.rates import rates_figure
from pages.widgets.train.runs_look import RUN_COLOURS
from seg.curves import View, differences

DIFFERS_HELP = "Settings at the start, and what is in force now where that differs too."


def beside(views: Sequence[View], statuses: Sequence[str]) -> None:
    """Two to four runs.

    Args:
        views: The runs.
        statuses: As `seg.launch.status` tells them.
    """
    main, side = st.columns([2.6, 1], gap="medium")
    with main.container(key="main"):
        look = choose_look(views)
        ids = "-".join(view.run.id for view in views)
        names = ", ".join(view.run.name for view in views)
        plot(runs_figure(views, look), key=f"curves {ids}", label=f"Loss and Dice of {names}")
    with side.container(key="side"):
        _rows(views, statuses)
        _differences(views)
        plot(rates_figure(views), key=f"rates {ids}",
             label=f"Sensitivity against precision of {names}")  # fmt: skip
    for view, colour in zip(views, RUN_COLOURS, strict=False):
        st.html(f"<b>{_swatch(colour)} {escape(view.run.name)}</b>")
        film(view, key=f"film {view.run.id}")


def _rows(views: Sequence[View], statuses: Sequence[str]) -> None:
    """Where each run stands."""
    st.markdown(f"### {len(views)} runs", help=f"Best Dice: {DICE_HELP}")
    cells = [
        (
            f"{_swatch(colour)} {escape(view.run.name)}",
            STATUS[status][0],
            f"{view.run.step:,}",
            best_words(view),
        )
        for view, status, colour in zip(views, statuses, RUN_COLOURS, strict=False)
    ]
    _table(("", "", "Step", "Best Dice"), cells)


def _differences(views: Sequence[View]) -> None:
    """The settings that are not the same."""
    st.markdown("### What differs", help=DIFFERS_HELP)
    settings = [
        {
            **view.run.config,
            "in force now": view.run.controls,
            "branched after step": view.run.parent_step,
        }
        for view in views
    ]
    found = differences(settings)
    if not found:
        st.caption("Nothing: these runs were set up alike.")
        return
    cells = [(escape(one.name), *map(escape, one.values)) for one in found]
    _table(("", *(_swatch(colour) for colour in RUN_COLOURS[: len(views)])), cells)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A small table of HTML cells."""
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    st.html(f'<table class="facts beside"><tr>{top}</tr>{body}</table>')


def _swatch(colour: str) -> str:
    """A run's colour, small."""
    return f'<span style="color:{colour}" aria-hidden="true">●</span>'
