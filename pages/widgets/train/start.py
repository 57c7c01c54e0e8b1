"""The start of a run: data, loss, what it will take, and one button."""

from collections.abc import Collection, Sequence
from typing import Any

import streamlit as st
from pydantic import ValidationError

from pages.widgets.engine import store
from pages.widgets.text import plain_text
from pages.widgets.train.address import open_run, opening
from pages.widgets.train.data import ChosenData, choose_data
from pages.widgets.train.draft import KEEP, key
from pages.widgets.train.presets import choose_loss
from pages.widgets.train.settings import choose_settings, suggest
from seg import launch
from seg.dataset import read_folder
from seg.errors import ConfigError, SegError
from seg.plan import plan
from seg.presets import loss_words
from seg.store import Run
from seg.train.config import TrainConfig
from seg.train.recipes import RECIPES, Recipe

NAME_MAX = 120  # characters, as the store keeps
SUGGESTED = "start suggested for"
BUTTON = "start button"  # its number: a click finds it once
FIELDS = {  # what a refusal calls a field, where it is not its own name
    "class_weights": "weights of the classes",
    "head_weights": "weights of the heads",
    "class_names": "classes of the data",
    "schedules": "alpha over time",
    "title": "name",
}
BEFORE = (
    "Choose images, choose what a mistake costs, and watch loss and Dice on one time axis while a "
    "UNet++ learns. **alpha** is the cost of a false positive, **beta** of a false negative: both "
    "can be turned while it trains."
)


def start_form(runs: Sequence[Run]) -> None:
    """The form and its summary.

    Args:
        runs: Those that are there; without any, it says what this is about.
    """
    st.markdown("### New run" if runs else "### Train a UNet++")
    if not runs:
        st.markdown(BEFORE)
    left, right = st.container(key="start").columns([2.1, 1], gap="large")
    config: TrainConfig | None = None
    with left:
        data, refusal = choose_data(), ""
        try:
            config = _config(data)
        except SegError as error:
            refusal = str(error)
    with right:
        default = _name(data, config, {run.name for run in runs}) if data and config else ""
        _summary(data, config, default, refusal)
        for recipe in RECIPES.values():
            _recipe(recipe)


def _config(data: ChosenData | None) -> TrainConfig | None:
    """What the form says, as a whole; None while there is no data.

    Raises:
        ConfigError: Settings that cannot be, or do not go together.
    """
    if data and st.session_state.get(SUGGESTED) != data.id:
        suggest(data.suggested)
        st.session_state[SUGGESTED] = data.id
    preset = choose_loss()
    settings = choose_settings(preset, len(data.class_names) if data else 1)
    if data is None:
        return None
    settings["architecture"]["in_channels"] = data.preprocessing.channels
    try:
        return TrainConfig.model_validate(data.values | settings)
    except ValidationError as error:
        raise _refusal(error) from error


def _refusal(error: ValidationError) -> ConfigError:
    """The first thing that is wrong, by the name of its field."""
    first = error.errors(include_url=False)[0]
    said = first["msg"].removeprefix("Value error, ")
    for name, label in FIELDS.items():
        said = said.replace(name, label)
    names = [part for part in first["loc"] if isinstance(part, str)]
    if not names or first["type"] == "value_error":
        return ConfigError(f"These settings do not go together: {said}. Change one of them.")
    name = FIELDS.get(names[-1], names[-1].replace("_", " ")).capitalize()
    received = str(first["input"])[:60]
    return ConfigError(f"{name} cannot be used: {said}. Received: {received}. Change it.")


def _summary(
    data: ChosenData | None, config: TrainConfig | None, default: str, refusal: str
) -> None:
    """Name, what it will take, and the button."""
    with st.container(border=True, key="summary"):
        typed = st.text_input(
            "Name",
            placeholder=default,
            max_chars=NAME_MAX,
            key=key("name", ""),
            persist_state=KEEP,
        )
        if data and config:
            st.html(_facts(data, config))
        clicked = st.button(
            "Start training",
            type="primary",
            width="stretch",
            disabled=config is None,
            key=f"start {st.session_state.setdefault(BUTTON, 0)}",
        )
        if refusal:
            st.error(plain_text(refusal))
        elif config is None:
            st.caption("Choose images with masks first.")
        else:
            st.caption("It goes on when this page is closed, and can be stopped at any time.")
        if clicked and data and config:
            name = typed.strip() or default
            _start(config.model_copy(update={"title": name}), name, data.title)


def _name(data: ChosenData, config: TrainConfig, taken: Collection[str]) -> str:
    """What a run is called unless somebody calls it otherwise; a number tells it from others."""
    name = f"{data.title}, {loss_words(config.loss)}"[: NAME_MAX - len(" (999)")]
    names = (name, *(f"{name} ({number})" for number in range(2, len(taken) + 2)))
    return next(one for one in names if one not in taken)


def _facts(data: ChosenData, config: TrainConfig) -> str:
    """The estimate, as rows."""
    found = plan(config, data.train_images)
    rows: dict[str, Any] = {
        "Images": f"{data.train_images} to learn from, {data.validation_images} to judge by",
        "Steps": f"{found.steps_per_epoch:,} an epoch, {found.steps:,} in {config.epochs:,} epochs",
        "Network": f"{found.parameters:,} parameters",
        "Memory": f"about {found.memory_bytes / 2**30:.1f} GB",
    }
    cells = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows.items())
    return f'<table class="facts">{cells}</table>'


def _recipe(recipe: Recipe) -> None:
    """A training that is started as it is, with one click."""
    with st.container(border=True, key=f"recipe {recipe.name}"):
        st.markdown(f"**{plain_text(recipe.title)}**")
        st.caption(plain_text(recipe.text))
        number = st.session_state.setdefault(BUTTON, 0)
        if st.button("Run this recipe", width="stretch", key=f"{recipe.name} {number}"):
            try:
                title = read_folder(recipe.config.data, recipe.config.group).title
                _start(recipe.config, recipe.title, title)
            except SegError as error:
                st.error(plain_text(str(error)))


def _start(config: TrainConfig, name: str, data_name: str) -> None:
    """Make the run, set it going, show it; a second click finds another button."""
    shown = opening()
    try:
        with shown.lock:
            st.session_state[BUTTON] += 1  # the last thing that a second click could end here
            run = store().create_run(name, config.model_dump(mode="json"), data_name)
            launch.start(run.id)
            shown.set(run.id)
    except SegError as error:
        st.error(plain_text(str(error)))
        return
    open_run(run.id)
