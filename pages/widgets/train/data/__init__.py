"""Which images a run learns from: samples, uploads, a folder of this server; split, and looked at.

`choose_data` draws all of it; what is chosen is a `ChosenData`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages.widgets.text import plain_text
from pages.widgets.train.data.counting import counted
from pages.widgets.train.data.own import choose_own
from pages.widgets.train.data.source import choose_folder, choose_sample, choose_source
from pages.widgets.train.data.split import choose_groups, choose_split
from pages.widgets.train.data.summary import STYLE, refusals, summary
from seg.advice import suggest
from seg.census import Census, count
from seg.dataset import Dataset, Part, split
from seg.errors import DataError
from seg.preprocessing import Preprocessing
from seg.samples import Advice

FIELDS = ("crop", "batch", "repeats", "epochs", "size")  # of the form, that data suggests


@dataclass(frozen=True)
class ChosenData:
    """The data of a new run.

    Attributes:
        dataset: All of it, in its groups.
        group: The pattern of its groups; None: `groups.csv`, or each image by itself.
        validation: The pattern of the groups that validate.
        test: Likewise, of those never trained on.
        parts: What they make of it.
        census: What is in it.
        preprocessing: How its pixels are best read.
        suggested: Fields of the start form that suit it.
    """

    dataset: Dataset
    group: str | None
    validation: str
    test: str
    parts: Mapping[Part, Dataset]
    census: Census
    preprocessing: Preprocessing
    suggested: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Another for other images, the same under another split."""
        return str(self.folder)

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.dataset.folder

    @property
    def title(self) -> str:
        """What it is called."""
        return self.dataset.title

    @property
    def class_names(self) -> tuple[str, ...]:
        """Of the foreground."""
        return self.census.class_names

    @property
    def train_images(self) -> int:
        """How many it learns from."""
        return self.census.parts["train"].images

    @property
    def validation_images(self) -> int:
        """How many judge it."""
        return self.census.parts["validation"].images

    @property
    def values(self) -> dict[str, Any]:
        """As `seg.train.config.TrainConfig` calls them."""
        about = self.dataset.description
        return {
            "data": self.folder,
            "group": self.group,
            "validation": self.validation,
            "test": self.test,
            "task": self.title,
            "licence": about.licence,
            "attribution": about.attribution,
            "note": about.note,
            "class_names": self.class_names,
            "preprocessing": self.preprocessing,
        }


def choose_data() -> ChosenData | None:
    """Draw the choice of images, their split, and what is in them.

    Returns:
        What is chosen; None where nothing is yet, while it is counted, or where a training would
        stop at it, which is then said.
    """
    st.html(STYLE)
    with st.container(key="train data"):
        kind, place = choose_source()
        with place:
            dataset, advice = _choose(kind)
        if dataset is None:
            return None
        shown, below = st.container(), st.container()
        try:
            return _split(dataset, advice, shown, below)
        except DataError as error:
            shown.error(plain_text(str(error)))
            return None


def _choose(kind: str) -> tuple[Dataset | None, Advice | None]:
    """The data set, and how it is best split where that is known."""
    if kind == "samples":
        return choose_sample()
    if kind == "uploads":
        return choose_own(), None
    return choose_folder(), None


def _split(dataset: Dataset, advice: Advice | None, shown: Any, below: Any) -> ChosenData | None:
    """The data set in its groups and parts, looked at.

    Raises:
        DataError: It cannot be split like this, or a file is gone.
    """
    with below.expander("Change groups and split", key="data split"):
        dataset, group = choose_groups(dataset, has_advice=advice is not None)
        validation, test = choose_split(dataset, advice)
    parts = split(dataset, validation, test)
    with shown:
        read = counted(dataset)
        if read is None:
            return None
        census = count(read, dataset, parts)
        if refusals(census):
            return None
        summary(dataset, census)
    suggested = suggest(census)
    known = advice.normalisation if advice else None
    preprocessing = Preprocessing(
        channels=suggested["channels"], normalisation=known or suggested["normalisation"]
    )
    fields = {name: suggested[name] for name in FIELDS}
    return ChosenData(dataset, group, validation, test, parts, census, preprocessing, fields)
