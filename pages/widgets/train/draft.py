"""What the start form holds: it outlives a visit to another page, and dies with the tab."""

from collections.abc import Mapping
from typing import Any, Literal

import streamlit as st

PREFIX = "start "
KEEP: Literal["session"] = "session"


def key(name: str, first: Any = None) -> str:
    """The session's key of a field, which has a value from here on.

    Args:
        name: Of the field.
        first: Its value until somebody chooses another.
    """
    st.session_state.setdefault(PREFIX + name, first)
    return PREFIX + name


def value(name: str) -> Any:
    """What a field holds; None before it was drawn."""
    return st.session_state.get(PREFIX + name)


def put(values: Mapping[str, Any]) -> None:
    """Give fields other values: in a callback, or before they are drawn."""
    for name, new in values.items():
        st.session_state[PREFIX + name] = new


def pick(place: Any, label: str, options: Mapping[str, str], name: str, **more: Any) -> str:
    """One of a few, the first at first: a value for the draft, and what it is called."""
    chosen = place.segmented_control(
        label,
        list(options),
        format_func=lambda option: options.get(option, option),
        required=True,
        key=key(name, next(iter(options))),
        persist_state=KEEP,
        **more,
    )
    return str(chosen)


def number(place: Any, label: str, name: str, first: Any, low: Any, high: Any, **more: Any) -> Any:
    """A number in a field."""
    return place.number_input(label, low, high, key=key(name, first), persist_state=KEEP, **more)


def switch(place: Any, label: str, name: str, **more: Any) -> bool:
    """Yes or no, no at first."""
    return bool(place.toggle(label, key=key(name, False), persist_state=KEEP, **more))


def scale(place: Any, label: str, options: list[Any], name: str, first: Any, **more: Any) -> Any:
    """One of some values in order."""
    return place.select_slider(label, options, key=key(name, first), persist_state=KEEP, **more)
