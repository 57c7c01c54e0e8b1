"""The cases a page can show: one of the sample data sets, or what this session brought."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from seg.cases import Case, Refusal, read_cases
from seg.dataset import Description
from seg.files import Limits
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

    def case(self, case_id: str | None) -> Case:
        """The case with this id, else the first."""
        return next((case for case in self.cases if case.id == case_id), self.cases[0])


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
        files: What the uploader holds.

    Returns:
        The collection; None where nothing was uploaded. Files beyond the limits are refused each
        by name, the others are read.
    """
    if not files:
        st.session_state.pop("uploads", None)
        return None
    identity = tuple(file.file_id for file in files)
    kept = st.session_state.get("uploads")
    if kept is None or kept[0] != identity:
        with st.spinner(f"Reading {len(files)} files ...", show_time=True):
            kept = identity, _read(files)
        st.session_state.uploads = kept
    collection: Collection = kept[1]
    return collection


def _repeated(cases: Sequence[Case]) -> list[Refusal]:
    """Images with the very bytes of an earlier one: shown once, told."""
    first: dict[str, str] = {}
    refusals = []
    for case in cases:
        if first.setdefault(case.id, case.name) != case.name:
            reason = f"The same image as {first[case.id]}, which is shown. Remove one of the two."
            refusals.append(Refusal(case.name, reason))
    return refusals


def limits() -> Limits:
    """What may be uploaded, from the settings."""
    chosen = settings()
    return Limits(
        bytes_max=chosen.upload_mb * 2**20, pixels_max=chosen.image_megapixels * 1_000_000
    )


def _read(files: Sequence[Any]) -> Collection:
    """Cases from uploaded files, up to the session's limits."""
    chosen = settings()
    content: dict[str, bytes] = {}
    refusals: list[Refusal] = []
    total = 0
    for file in files:
        total += file.size
        if len(content) >= chosen.upload_files:
            reason = f"More than {chosen.upload_files} files. Upload it in a second round."
        elif total > chosen.session_mb * 2**20:
            reason = f"All files together exceed {chosen.session_mb} MiB. Remove some first."
        elif file.name in content:
            reason = "A file of this name is already there. Rename one of them."
        else:
            content[file.name] = file.getvalue()
            continue
        refusals.append(Refusal(file.name, reason))
    cases, refused = read_cases(content, limits=limits())
    refused = [*refused, *_repeated(cases)]
    cases = list({case.id: case for case in reversed(cases)}.values())[::-1]
    return Collection(UPLOADED, UPLOADED_TITLE, Description(), tuple(cases), (*refused, *refusals))
