"""Alpha over the epochs: drawn beforehand, or as it was turned by hand in an earlier run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.widgets.charts import CONFIG
from pages.widgets.engine import store
from pages.widgets.train.draft import KEEP, key, number, pick, scale, switch, value
from seg.curves import turned
from seg.export.colours import FALSE_NEGATIVE, FALSE_POSITIVE
from seg.plan import ramp
from seg.store import Event, Run
from seg.train.schedule import Schedule, from_turns

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

DRAWN = "drawn"
HERE = "Drawn here"
RUNS_MAX = 20  # of the newest, those that were turned are offered
COSTS = [round(0.05 * i, 2) for i in range(21)]
COLOURS = {"alpha": FALSE_POSITIVE, "beta": FALSE_NEGATIVE}  # what each is the cost of
SHAPES = {"linear": "Little by little", "stairs": "Stairs"}
STAIRS = 4


def choose_schedules(epochs: int) -> tuple[Schedule, ...]:
    """How controls move by themselves; nothing while the switch is off."""
    on = switch(
        st,
        "Move alpha while it trains",
        "move",
        help="Whatever moves by itself can still be turned by hand; then the hand has the say.",
    )
    if not on:
        st.caption("alpha and beta stay where they are until you turn them.")
        return ()
    left, right = st.columns([1, 1.2], gap="large")
    with left:
        schedules = _from_where(epochs)
    with right:
        st.plotly_chart(_chart(schedules, epochs), key="start ramp", config=CONFIG)
    return schedules


def _from_where(epochs: int) -> tuple[Schedule, ...]:
    """Drawn here, or one of an earlier run's."""
    earlier = {run.id: (run, found) for run, found in _earlier()}
    if not earlier:
        return _drawn(epochs)
    source = st.selectbox(
        "From",
        [DRAWN, *earlier],
        format_func=lambda id_: f"As turned in {earlier[id_][0].name}" if id_ in earlier else HERE,
        key=key("schedule_of", DRAWN),
        persist_state=KEEP,
    )
    return _drawn(epochs) if source not in earlier else earlier[source][1]


def _drawn(epochs: int) -> tuple[Schedule, ...]:
    """From where alpha stands, to another value, over so many epochs, perhaps in stairs."""
    first = float(value("alpha"))
    last = scale(st, f"alpha from {first:g}, as set above, to", COSTS, "ramp_to", 0.3)
    low, high = st.columns(2)
    length = number(low, "over epochs", "ramp_epochs", 20, 1, 100_000)
    kind = pick(high, "by", SHAPES, "ramp_shape")
    stairs = STAIRS if kind == "stairs" else 0
    return ramp(first, last, length, stairs, locked=bool(value("locked")))


def _earlier() -> list[tuple[Run, tuple[Schedule, ...]]]:
    """Runs in which something was turned by hand, each with the schedules that do the same."""
    found = store()
    runs = [run for run in found.runs()[:RUNS_MAX] if run.steps_per_epoch]
    pairs = [(run, schedules_of(run, found.events_after(run.id, 0))) for run in runs]
    return [(run, schedules) for run, schedules in pairs if schedules]


def schedules_of(run: Run, events: Sequence[Event]) -> tuple[Schedule, ...]:
    """What was turned by hand, as schedules: `seg.curves.schedules`, without reading the steps."""
    by_control: dict[str, list[tuple[int, float]]] = {}
    first: dict[str, float] = {}
    for one in turned(events):
        for name, (old, new) in one.changes.items():
            first.setdefault(name, old)
            by_control.setdefault(name, []).append((one.step, new))
    per_epoch = run.steps_per_epoch or 1
    return tuple(from_turns(name, first[name], by_control[name], per_epoch) for name in by_control)


def _chart(schedules: Sequence[Schedule], epochs: int) -> "Figure":
    """The costs over the epochs, small."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for schedule in schedules:
        if schedule.control not in COLOURS:
            continue
        points = [*schedule.points, (max(epochs, schedule.points[-1][0]), schedule.points[-1][1])]
        figure.add_scatter(
            x=[epoch for epoch, _ in points],
            y=[cost for _, cost in points],
            name=schedule.control,
            mode="lines",
            line={
                "color": COLOURS[schedule.control],
                "shape": "hv" if schedule.between == "steps" else "linear",
            },
            hovertemplate=f"{schedule.control} %{{y:.2f}} after %{{x:.1f}} epochs<extra></extra>",
        )
    figure.update_layout(
        height=190,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        title={"text": "The costs over the epochs", "font": {"size": 13}},
        legend={"orientation": "h", "y": 1.18, "x": 1, "xanchor": "right"},
        xaxis={"title": "Epoch", "range": [0, epochs]},
        yaxis={"range": [0, 1.02], "dtick": 0.25},
        uirevision="ramp",
    )
    return figure
