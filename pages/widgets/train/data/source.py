"""Where the images are: the samples, or a folder of this server."""

from functools import cache
from typing import Any

import streamlit as st

from pages.widgets.text import plain_text
from pages.widgets.train.draft import KEEP, key, pick
from seg.dataset import Dataset, read_folder
from seg.errors import DataError
from seg.roots import folder_under_roots
from seg.samples import ADVICE, Advice, training_datasets
from seg.settings import settings

KINDS = {"samples": "Samples", "uploads": "Your uploads", "folder": "A folder on this server"}
FOLDER_HELP = (
    "It holds images/ and masks/ with the same file names, and perhaps groups.csv with the columns "
    "case and group. Files are read where they lie and stay as they are. Allowed: {roots}."
)
PATH_MAX = 1000  # characters


def choose_source() -> tuple[str, Any]:
    """Which kind, and the place for what belongs to it."""
    kinds = {name: text for name, text in KINDS.items() if name != "folder" or _roots()}
    left, right = st.container(key="data source").columns([1.25, 1.5], gap="medium")
    return pick(left, "Images and masks", kinds, "source", wrap=False), right


def choose_sample() -> tuple[Dataset, Advice]:
    """One of the data sets that come with the workbench."""
    found = _samples()
    name = st.selectbox(
        "Data set",
        list(found),
        format_func=lambda name: f"{found[name].title} ({len(found[name].items)} images)",
        key=key("sample", next(iter(found))),
        persist_state=KEEP,
    )
    dataset = found[name]
    return dataset, ADVICE[dataset.name]


def choose_folder() -> Dataset | None:
    """A folder under one of the roots, by its path."""
    text = st.text_input(
        "Folder",
        key=key("folder", ""),
        max_chars=PATH_MAX,
        placeholder=f"{settings().data_roots[0]}/...",
        help=FOLDER_HELP.format(roots=plain_text(_roots())),
        persist_state=KEEP,
    )
    if not text.strip():
        return None
    try:
        return read_folder(folder_under_roots(text), roots=settings().data_roots)
    except DataError as error:
        st.error(plain_text(str(error)))
        return None


@cache
def _samples() -> dict[str, Dataset]:
    """By name, listed once for the server: they do not change."""
    return {dataset.name: dataset for dataset in training_datasets()}


def _roots() -> str:
    """The folders that may be read."""
    return ", ".join(str(root) for root in settings().data_roots)
