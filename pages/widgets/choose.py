"""The sidebar of Explore: which cases, which checkpoint, which head. Choices live in the URL."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.widgets.card import card
from pages.widgets.collection import UPLOADED, UPLOADED_TITLE, Collection, samples, uploads
from pages.widgets.engine import checkpoints
from seg.checkpoint import Checkpoint
from seg.predict import Options
from seg.settings import settings

FILE_TYPES = ["png", "jpg", "jpeg", "tif", "tiff"]
UPLOAD_HELP = (
    "PNG, JPEG or TIFF, 8 or 16 bit. A mask is found by its name: scan.png with scan_mask.png or "
    "scan_seg.png, or folders images/ and masks/ with the same names. Files stay on the machine "
    "that runs this page, and are gone when this tab closes."
)


@dataclass(frozen=True)
class Choice:
    """What the sidebar says."""

    collection: Collection
    checkpoint: Checkpoint
    options: Options


def choose() -> Choice:
    """Draw the sidebar; stops the page where there is nothing to choose from."""
    with st.sidebar:
        found, refused = checkpoints()
        collection = _choose_collection(found)
        for reason in refused:
            st.warning(reason)
        if not found:
            st.info(
                "No checkpoint yet. Train one with `python -m seg train`, and put its "
                f".safetensors file into {settings().checkpoints}."
            )
            st.stop()
        checkpoint = _choose_checkpoint(found, collection)
        options = _choose_options(checkpoint)
        card(checkpoint)
    return Choice(collection, checkpoint, options)


def suited(found: Sequence[Checkpoint], collection: str) -> list[Checkpoint]:
    """All checkpoints, those trained for these cases first."""
    return sorted(found, key=lambda c: not (c.metadata.data and c.metadata.data.name == collection))


def _choose_collection(found: Sequence[Checkpoint]) -> Collection:
    """Samples, or what was uploaded; an upload is shown as soon as it is there."""
    with st.popover("Bring your own images", width="stretch", icon=":material/upload:"):
        folder = st.toggle("A whole folder", help="Choose or drop a folder in place of files.")
        files = st.file_uploader(
            "Images and masks",
            type=None if folder else FILE_TYPES,
            accept_multiple_files="directory" if folder else True,
            max_upload_size=settings().upload_mb,
            key="folder" if folder else "files",
            on_change=_show_uploads,
        )
        st.caption(UPLOAD_HELP)
    own = uploads(files or [])
    collections = ({UPLOADED: own} if own else {}) | samples()
    if st.session_state.pop("uploads arrived", False) and own:
        st.session_state["set"] = UPLOADED
    titles = {name: collection.title for name, collection in samples().items()}
    name = st.selectbox(
        "Cases",
        list(collections),
        index=list(collections).index(next(iter(samples()))),
        format_func=lambda name: titles.get(name, UPLOADED_TITLE),
        key="set",
        bind="query-params",
        on_change=lambda: _other_cases(found),
    )
    collection = collections[name or next(iter(samples()))]
    about = collection.description
    if about.note:
        st.caption(about.note, help=f"{about.licence}. {about.attribution}")
    return collection


def _show_uploads() -> None:
    """The files changed: show them, from the first on."""
    st.session_state["uploads arrived"] = True
    st.query_params.pop("case", None)


def _other_cases(found: Sequence[Checkpoint]) -> None:
    """Other cases were chosen: begin at the first, with a checkpoint that suits them."""
    st.query_params.pop("case", None)
    best = suited(found, st.session_state["set"])[0]
    if best.metadata.data and best.metadata.data.name == st.session_state["set"]:
        st.session_state["checkpoint"] = best.id


def _choose_checkpoint(found: Sequence[Checkpoint], collection: Collection) -> Checkpoint:
    """The checkpoint, at first one that was trained for these cases."""
    by_id = {checkpoint.id: checkpoint for checkpoint in suited(found, collection.name)}
    titles = [checkpoint.metadata.title for checkpoint in found]

    def title(id_: str) -> str:
        name = by_id[id_].metadata.title
        return name if titles.count(name) == 1 else f"{name} ({id_[:6]})"

    chosen = st.selectbox(
        "Checkpoint", list(by_id), format_func=title, key="checkpoint", bind="query-params"
    )
    return by_id[chosen or next(iter(by_id))]


def _choose_options(checkpoint: Checkpoint) -> Options:
    """Head and mirrorings."""
    heads = checkpoint.metadata.architecture.heads
    names = ["mean", *map(str, heads)] if len(heads) > 1 else ["mean"]
    head = st.segmented_control(
        "Head",
        names,
        default="mean",
        required=True,
        format_func=lambda name: "Mean" if name == "mean" else f"L{name}",
        key="head",
        wrap=False,
        bind="query-params",
        help="UNet++ has a head at each level. L1 is the smallest and fastest network, the last "
        "level the whole. The scores below were measured with the mean of all.",
    )
    flips = st.toggle(
        "Average over mirrored copies",
        key="flips",
        bind="query-params",
        help="Runs the image and its three mirrorings, and takes the mean: four times the time, "
        "often a little better.",
    )
    chosen = head if head in names else "mean"
    return Options(head="mean" if chosen == "mean" else int(chosen), flips=flips)
