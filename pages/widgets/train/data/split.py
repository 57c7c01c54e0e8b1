"""Which images belong to one patient, and which patients train, validate and test."""

import random

import streamlit as st

from pages.widgets.train.draft import KEEP, key, put, value
from seg.dataset import Dataset
from seg.errors import DataError
from seg.groups import (
    BEFORE_SIGN,
    NOTHING,
    TO_NUMBER,
    WHOLE,
    drawn,
    fitting_patterns,
    matching,
    names_pattern,
)
from seg.samples import Advice
from seg.train.config import PATTERN_MAX

NAMED_MAX = 60  # groups that can be chosen by name; more are too many to look through
TABLE = "table"
FIRST = "first"
GROUPINGS = {
    TABLE: "groups.csv",
    BEFORE_SIGN: "The name up to the first _ - . or space",
    TO_NUMBER: "The name up to its first number",
    FIRST: "The first characters of the name",
    WHOLE: "Each image is of another",
}
WAYS = {"advice": "Recommended", "drawn": "Drawn by lot", "named": "By name"}
GROUP_HELP = (
    "Images of one patient, slide or scanner look alike. They go to one side together, or the "
    "scores would only say how well a patient is known who was trained on."
)


def choose_groups(dataset: Dataset, *, has_advice: bool) -> tuple[Dataset, str | None]:
    """What names tell of the patient; nothing is asked of a sample, which brings its groups.

    Returns:
        (the data set in its groups, the pattern, or None where `groups.csv` counts).

    Raises:
        DataError: Names give no groups this way.
    """
    if has_advice:
        return dataset, None
    names = [item.name for item in dataset.items]
    has_table = any(item.group != item.name for item in dataset.items)
    options = [*([TABLE] if has_table else []), *fitting_patterns(names), FIRST]
    left, right = st.columns([2, 1], gap="medium", vertical_alignment="bottom")
    field = f"groups of {dataset.folder}"
    chosen = left.selectbox(
        "Images of one patient have in common",
        options,
        format_func=lambda option: GROUPINGS.get(option, option),
        key=key(field, options[0]),
        help=GROUP_HELP,
        persist_state=KEEP,
    )
    if chosen == TABLE:
        return dataset, None
    pattern = str(chosen)
    if chosen == FIRST:
        longest = max(map(len, names))
        count = right.number_input(
            "How many characters",
            1,
            longest,
            key=key(f"first of {dataset.folder}", min(3, longest)),
            persist_state=KEEP,
        )
        pattern = rf"(?s)^.{{1,{count}}}"
    return dataset.regrouped(pattern), pattern


def choose_split(dataset: Dataset, advice: Advice | None) -> tuple[str, str]:
    """The groups that validate and those that test.

    Returns:
        Two patterns, of validation and of test.

    Raises:
        DataError: So many names were chosen that a run cannot keep them.
    """
    groups = dataset.groups
    ways = [way for way in WAYS if _is_open(way, groups, advice)]
    field = f"way of {dataset.folder}"
    way = st.segmented_control(
        "Groups that validate and test",
        ways,
        format_func=lambda way: WAYS.get(way, way),
        required=True,
        key=key(field, ways[0]),
        persist_state=KEEP,
    )
    if way == "advice" and advice:
        st.caption(advice.why)
        return advice.validation or drawn(1), advice.test or drawn(0)
    if way == "named":
        return _by_name(dataset, advice)
    return _by_lot(dataset)


def _is_open(way: str, groups: list[str], advice: Advice | None) -> bool:
    """Whether a split can be made this way."""
    if way == "advice":
        return bool(advice and (advice.validation or advice.test))
    return way == "drawn" or len(groups) <= NAMED_MAX


def _by_lot(dataset: Dataset) -> tuple[str, str]:
    """A fifth of the groups each; with fewer than three there is no test."""
    with st.container(horizontal=True, vertical_alignment="center", key="draw"):
        st.button(
            "Draw again",
            icon=":material/casino:",
            key="draw again",
            on_click=lambda: put({_lot_of(dataset): random.randrange(1, 10_000)}),
        )
        which = "a fifth of the groups each" if len(dataset.groups) > 2 else "too few for a test"
        st.caption(f"Lot {st.session_state[key(_lot_of(dataset), 0)]}: {which}.")
    return _drawn(dataset)


def _lot_of(dataset: Dataset) -> str:
    """The field that holds the lot."""
    return f"lot of {dataset.folder}"


def _drawn(dataset: Dataset) -> tuple[str, str]:
    """The patterns of the lot in force."""
    lot = st.session_state[key(_lot_of(dataset), 0)]
    return drawn(lot + 1), drawn(lot) if len(dataset.groups) > 2 else NOTHING


def _by_name(dataset: Dataset, advice: Advice | None) -> tuple[str, str]:
    """Both lists, at first as recommended or drawn; a group in one cannot be in the other."""
    groups, first = dataset.groups, _drawn(dataset)
    validation = (advice and advice.validation) or first[0]
    tests = matching(groups, (advice and advice.test) or first[1], 0)
    rest = [group for group in groups if group not in tests]
    defaults = {"validation": matching(rest, validation, 0), "test": tests}
    chosen: list[list[str]] = []
    for part, default in defaults.items():
        name = f"{part} of {dataset.folder}"
        held = value(name)
        is_of_others = bool(held) and not set(held) & set(groups)  # of another grouping
        wanted = default if held is None or is_of_others else held
        options = [group for group in groups if not any(group in other for other in chosen)]
        put({name: [group for group in options if group in wanted]})
        chosen.append(_list(part, name, options))
    patterns = [names_pattern(names) for names in chosen]
    if max(map(len, patterns)) > PATTERN_MAX:
        raise DataError(
            f"Too many groups are chosen by name. Expected names of at most {PATTERN_MAX} "
            "characters together. Choose fewer, or draw by lot."
        )
    return patterns[0], patterns[1]


def _list(part: str, name: str, options: list[str]) -> list[str]:
    """One of the two."""
    return st.multiselect(
        f"{part.capitalize()} groups",
        options,
        key=key(name),
        placeholder="none",
        persist_state=KEEP,
    )
