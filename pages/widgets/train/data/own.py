"""Data sets that users bring: uploaded, kept on the server's disk, deleted, brought back."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from pages.widgets.choose import FILE_TYPES
from pages.widgets.text import plain_text
from pages.widgets.train.draft import KEEP, PREFIX, key, put
from seg.dataset import Dataset
from seg.errors import DataError
from seg.kept import TITLE_MAX, delete, keep, kept, restore
from seg.refusals import Refusal
from seg.settings import settings

SHOWN = 20  # refusals listed; a folder of thousands of wrong files has as many
TOLD, UNDO, ROUND = "data told", "data undo", "data round"
UPLOAD_HELP = (
    "PNG, JPEG or TIFF, 8 or 16 bit; each image with its mask. A mask is found by its name: "
    "scan.png with scan_mask.png or scan_seg.png, or folders images/ and masks/ with the same "
    "names. They are kept on the machine that runs this page until somebody deletes them, and "
    "everybody who can open this page can train on them."
)


def choose_own() -> Dataset | None:
    """One of the sets that are kept here; the way to bring one and to delete it."""
    found, refused = kept()
    by_id = {dataset.name: dataset for dataset in found}
    field = key("own")
    if st.session_state[field] not in by_id:
        put({"own": next(iter(by_id), None)})
    with st.container(horizontal=True, wrap=False, vertical_alignment="bottom", key="own data"):
        chosen = None
        if by_id:
            chosen = st.selectbox(
                "Data set",
                list(by_id),
                format_func=lambda name: _label(by_id.get(name)),
                key=field,
                persist_state=KEEP,
            )
        _bring(is_first=not by_id)
        if chosen in by_id:
            st.button(
                "Delete",
                icon=":material/delete:",
                key="delete data",
                on_click=_delete,
                args=(chosen, by_id[chosen].title),
                help="It can be brought back for a day.",
            )
    _told()
    for reason in refused:
        st.warning(plain_text(reason))
    return by_id.get(chosen) if chosen else None


def _bring(*, is_first: bool) -> None:
    """The uploaders; emptied once their files are kept, for they have other keys then."""
    number = st.session_state.setdefault(ROUND, 0)
    label = "Bring images and masks" if is_first else "Bring more"
    kind: Any = "primary" if is_first else "secondary"
    with st.popover(label, icon=":material/upload:", key=f"bring data {number}", type=kind):
        single, folder = st.tabs(["Files", "A whole folder"])
        options: dict[str, Any] = {"type": FILE_TYPES, "max_upload_size": settings().upload_mb}
        files: list[Any] = single.file_uploader(
            "Images and masks", accept_multiple_files=True, key=f"data files {number}", **options
        )
        files += folder.file_uploader(
            "A folder of images and masks",
            accept_multiple_files="directory",
            key=f"data folder {number}",
            **options,
        )
        title = st.text_input("What it is called", max_chars=TITLE_MAX, key=f"data title {number}")
        st.caption(UPLOAD_HELP)
        if st.button("Keep as a data set", type="primary", key="keep data", disabled=not files):
            _keep(files, title or "Untitled")


def _keep(files: Sequence[Any], title: str) -> None:
    """Read and keep them; the new set is the one chosen."""
    bar = st.progress(0.0, f"Reading {len(files)} files ...")

    def progress(done: int, total: int) -> None:
        bar.progress(done / total, f"Read {done} of {total} images.")

    try:
        contents, refused = _contents(files)
        dataset, refusals = keep(contents, title, progress=progress)
    except DataError as error:
        bar.empty()
        st.error(plain_text(str(error)))
        return
    st.session_state[TOLD] = (len(dataset.items), [*refused, *refusals])
    st.session_state[ROUND] += 1
    put({"own": dataset.name})
    st.rerun()


def _contents(files: Sequence[Any]) -> tuple[dict[str, bytes], list[Refusal]]:
    """Bytes by name; the sum of their sizes is looked at before they are copied."""
    most = settings().data_mb
    size = sum(file.size for file in files) / 2**20
    if size > most:
        raise DataError(
            f"Too much for one data set. Expected at most {most:,} MiB. Received: {size:,.1f} MiB. "
            "Raise SEG_DATA_MB, or bring a part of it."
        )
    contents: dict[str, bytes] = {}
    refused = []
    for file in files:
        if file.name in contents:
            reason = f"A file named {file.name} is already there. Rename one of them."
            refused.append(Refusal(file.name, reason))
        else:
            contents[file.name] = file.getvalue()
    return contents, refused


def _told() -> None:
    """What became of the last upload or deletion."""
    if undo := st.session_state.get(UNDO):
        name, title = undo
        with st.container(horizontal=True, vertical_alignment="center", key="undo data"):
            st.caption(f"{plain_text(title)} is deleted.", width="content")
            st.button("Undo", key="restore data", on_click=_restore, args=(name,))
    if error := st.session_state.pop("data error", None):
        st.error(plain_text(error))
    count, refusals = st.session_state.get(TOLD, (0, []))
    if refusals:
        text = f"{len(refusals)} files not used; {count} images with masks kept"
        with st.expander(text, icon=":material/error:", expanded=len(refusals) < 3):
            for refusal in refusals[:SHOWN]:
                st.caption(plain_text(refusal.reason))
            if len(refusals) > SHOWN:
                st.caption(f"And {len(refusals) - SHOWN:,} more.")
            st.button("Understood", key="data understood", on_click=_forget, args=(TOLD,))


def _delete(name: str, title: str) -> None:
    """Into the trash; the way back is shown."""
    if _done(lambda: delete(name)):
        st.session_state[UNDO] = (name, title)
        _forget(TOLD)


def _restore(name: str) -> None:
    """Out of the trash, and chosen."""
    if _done(lambda: restore(name)):
        put({"own": name})
    _forget(UNDO)


def _done(work: Callable[[], object]) -> bool:
    """Whether it could be done; if not, why is told on the page."""
    try:
        work()
    except DataError as error:
        st.session_state["data error"] = str(error)
        return False
    return True


def _forget(name: str) -> None:
    """What was told is read."""
    st.session_state.pop(name, None)


def _label(dataset: Dataset | None) -> str:
    """A set in the list."""
    return f"{dataset.title} ({len(dataset.items)} images)" if dataset else PREFIX
