"""The loss of a new run: a name everybody knows, and the two costs it is made of."""

from typing import Any

import streamlit as st

from pages.widgets.train.draft import KEEP, key, put, value
from seg.presets import LOSSES, Preset, costs_words, formula, partner
from seg.train.config import Loss

ALPHA_HELP = "Weighs pixels that are marked and should not be."
BETA_HELP = "Weighs pixels that should be marked and are not."
LOCK_HELP = (
    "With both adding up to 1, the loss is Dice at 0.5/0.5 and Tversky beside it. Opened, each can "
    "be set alone: 1/1 is IoU."
)


def choose_loss() -> Preset:
    """Preset, costs, and what they mean; the numbers are in the draft, `loss_values` reads them."""
    left, right = st.columns([1, 1.25], gap="medium", vertical_alignment="center")
    name = left.selectbox(
        "Loss",
        list(LOSSES),
        format_func=lambda name: LOSSES[name].title,
        key=key("loss", next(iter(LOSSES))),
        on_change=_take_preset,
        persist_state=KEEP,
    )
    preset = LOSSES[name]
    if value("alpha") is None:
        _take_preset()
    left.caption(preset.text)
    right.latex(formula(Loss(**loss_values(preset))))
    _costs()
    return preset


def loss_values(preset: Preset, heads: int = 0, channels: int = 2) -> dict[str, Any]:
    """The loss as `seg.train.config.Loss` takes it.

    Args:
        preset: The chosen one.
        heads: Of the network; needed where they are summed.
        channels: Of the network.
    """
    named = preset.for_channels(max(channels, 2) if preset.needs_background else channels)
    numbers = ("alpha", "beta", "gamma", "smooth", "cross_entropy", "reduction")
    values = {name: value(name) for name in numbers if value(name) is not None}
    weights = value("class_weights")
    values["class_weights"] = weights or named.class_weights
    values["head_weights"] = (1.0,) * heads if value("head_sum") == "Sum" else ()
    return values


def _take_preset() -> None:
    """Another loss was chosen: its numbers are in force."""
    loss = LOSSES[value("loss")].loss
    fields = ("alpha", "beta", "gamma", "smooth", "cross_entropy", "reduction")
    put({name: getattr(loss, name) for name in fields} | {"locked": True})


def _costs() -> None:
    """The two sliders, held together unless the lock is opened, and a sentence."""
    left, right = st.columns(2, gap="medium", vertical_alignment="bottom")
    left.slider(
        "alpha: cost of a false positive",
        0.0,
        1.0,
        step=0.05,
        key=key("alpha"),
        on_change=_follow,
        args=("alpha", "beta"),
        help=ALPHA_HELP,
        persist_state=KEEP,
    )
    right.slider(
        "beta: cost of a false negative",
        0.0,
        1.0,
        step=0.05,
        key=key("beta"),
        on_change=_follow,
        args=("beta", "alpha"),
        help=BETA_HELP,
        persist_state=KEEP,
    )
    with st.container(horizontal=True, vertical_alignment="center", key="costs"):
        st.toggle(
            "alpha + beta = 1",
            key=key("locked", True),
            on_change=_follow,
            args=("alpha", "beta"),
            help=LOCK_HELP,
            persist_state=KEEP,
        )
        st.caption(costs_words(value("alpha"), value("beta")))


def _follow(moved: str, other: str) -> None:
    """The other cost follows the one that was moved, while the lock is closed."""
    if value("locked"):
        put({other: partner(value(moved))})
