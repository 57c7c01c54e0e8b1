"""The cases a page can show: one of the sample data sets, or what this session brought."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from pages.widgets.engine import shelf
from seg.cases import Case, Refusal, for_classes, read_cases
from seg.dataset import Description
from seg.samples import sample_datasets
from seg.settings import settings

UPLOADED = "uploads"
UPLOADED_TITLE = "Your images"


@dataclass(frozen=True)
class Collection:
    """Cases that belong together, and what could not be read."""

    name: str
    title: str
    description: Description
    cases: tuple[Case, ...]
    refusals: tuple[Refusal, ...] = ()
    key: tuple[str, ...] = ()  # which uploads it was read from

    def case(self, case_id: str | None) -> Case:
        """The case with this id, else the one to open first."""
        first = self.description.first
        named = [case for case in self.cases if case.id == case_id]
        opening = [case for case in self.cases if case.name == first]
        return (*named, *opening, *self.cases)[0]

    def for_classes(self, labels: int) -> "Collection":
        """The same, its masks held against the classes a checkpoint knows."""
        return replace(self, cases=tuple(for_classes(case, labels) for case in self.cases))


@st.cache_resource(show_spinner=False)
def samples() -> dict[str, Collection]:
    """The sample collections by name, read once for the server."""
    return {
        dataset.name: Collection(
            dataset.name,
            dataset.description.title or dataset.name,
            dataset.description,
            tuple(item.read() for item in dataset.items),
        )
        for dataset in sample_datasets()
    }


def uploads(files: Sequence[Any]) -> Collection | None:
    """This session's own cases, read again only when the files changed.

    Args:
        files: What the uploaders hold.

    Returns:
        The collection; None where nothing was uploaded. Files beyond the limits are refused each
        by name, the others are read.
    """
    if not files:
        if st.session_state.pop("uploads", None):
            shelf().empty()
        return None
    identity = tuple(file.file_id for file in files)
    kept: Collection | None = st.session_state.get("uploads")
    if kept is None or kept.key != identity:
        with st.spinner(f"Reading {len(files)} files ...", show_time=True):
            kept = replace(_read(files), key=identity)
        st.session_state.uploads = kept
        shelf().empty()  # what was removed cannot be fetched any more
    return kept


def _read(files: Sequence[Any]) -> Collection:
    """Cases from uploaded files, up to the session's limits."""
    chosen = settings()
    content: dict[str, bytes] = {}
    refusals: list[Refusal] = []
    for file in files:
        if len(content) >= chosen.upload_files:
            reason = f"More than {chosen.upload_files} files at once. Remove some, then add it."
            refusals.append(Refusal(file.name, reason))
        elif file.name in content:
            reason = "A file of this name is already there. Rename one of them."
            refusals.append(Refusal(file.name, reason))
        else:
            content[file.name] = file.getvalue()
    cases, refused = read_cases(
        content, limits=chosen.limits, held_bytes_max=chosen.session_mb * 2**20
    )
    different = {case.id: case for case in reversed(cases)}
    refusals += [_repeated(case, different) for case in cases if different[case.id] is not case]
    kept = tuple(case for case in cases if different[case.id] is case)
    return Collection(UPLOADED, UPLOADED_TITLE, Description(), kept, (*refused, *refusals))


def _repeated(case: Case, different: dict[str, Case]) -> Refusal:
    """An image with the very bytes of another: shown once, told."""
    other = different[case.id].name
    return Refusal(case.name, f"The same image as {other}, which is shown. Remove one of the two.")
