"""The sidebar of Explore: which cases, which checkpoint, which head. Choices live in the URL."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.widgets.collection import UPLOADED, UPLOADED_TITLE, Collection, samples, uploads
from pages.widgets.engine import checkpoints
from pages.widgets.text import plain_text
from pages.widgets.threshold import forget_threshold
from seg.checkpoint import Checkpoint
from seg.predict import Options
from seg.settings import settings

FILE_TYPES = ["png", "jpg", "jpeg", "tif", "tiff"]
UPLOAD_HELP = (
    "PNG, JPEG or TIFF, 8 or 16 bit. A mask is found by its name: scan.png with scan_mask.png or "
    "scan_seg.png, or folders images/ and masks/ with the same names. Files stay on the machine "
    "that runs this page, and are gone when this tab is closed or loaded again."
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
            st.warning(plain_text(reason))
        if not found:
            st.info(
                "No checkpoint yet. Train one with `python -m seg train`, and put its "
                f".safetensors file into {plain_text(str(settings().checkpoints))}."
            )
            st.stop()
        checkpoint = _choose_checkpoint(found, collection)
        options = _choose_options(checkpoint)
    return Choice(collection.for_classes(checkpoint.metadata.labels), checkpoint, options)


def suited(found: Sequence[Checkpoint], collection: str) -> list[Checkpoint]:
    """All checkpoints, those trained for these cases first."""
    return sorted(found, key=lambda checkpoint: not _is_for(checkpoint, collection))


def _is_for(checkpoint: Checkpoint, collection: str) -> bool:
    """Whether it was trained on data of this name."""
    return checkpoint.metadata.data is not None and checkpoint.metadata.data.name == collection


def _choose_collection(found: Sequence[Checkpoint]) -> Collection:
    """Samples, or what was uploaded; an upload is shown as soon as it is there."""
    own = _upload()
    collections = ({UPLOADED: own} if own else {}) | samples()
    first = next(iter(samples()))
    _show_new(own)
    titles = {name: collection.title for name, collection in samples().items()}
    name = st.selectbox(
        "Cases",
        list(collections),
        index=list(collections).index(first),
        format_func=lambda name: titles.get(name, UPLOADED_TITLE),
        key="set",
        bind="query-params",
        on_change=lambda: _other_cases(found),
    )
    collection = collections[name or first]
    about = collection.description
    if about.note:
        st.caption(about.note, help=f"{about.licence}. {about.attribution}")
    return collection


def _upload() -> Collection | None:
    """The uploaders, one for files and one for folders, and what could not be used of them."""
    with st.popover("Bring your own images", width="stretch", icon=":material/upload:"):
        single, folder = st.tabs(["Files", "A whole folder"])
        files = single.file_uploader(
            "Images and masks",
            type=FILE_TYPES,
            accept_multiple_files=True,
            max_upload_size=settings().upload_mb,
            key="files",
        )
        files += folder.file_uploader(
            "A folder of images and masks",
            type=FILE_TYPES,
            accept_multiple_files="directory",
            max_upload_size=settings().upload_mb,
            key="folder",
        )
        st.caption(UPLOAD_HELP)
    own = uploads(files)
    if own and own.refusals:
        count = len(own.refusals)
        text = f"{count} file{'s' if count > 1 else ''} not used; {len(own.cases)} cases read"
        with st.expander(text, icon=":material/error:", expanded=not own.cases or count < 3):
            for refusal in own.refusals:
                st.caption(plain_text(refusal.reason))
    return own


def _show_new(own: Collection | None) -> None:
    """The files changed: show them. A case that is still there stays on the page.

    The choice counts as made only when a run begins with it: until the browser has heard of it, a
    message on its way may still carry the old one.
    """
    if own is None or st.session_state.get("uploads shown") == own.key:
        return
    if st.session_state.get("set") != UPLOADED:
        st.session_state["set"] = UPLOADED
        st.rerun()
    st.session_state["uploads shown"] = own.key


def _other_cases(found: Sequence[Checkpoint]) -> None:
    """Other cases were chosen: begin at the first, with a checkpoint that suits them."""
    st.query_params.pop("case", None)
    best = suited(found, st.session_state["set"])[0]
    if _is_for(best, st.session_state["set"]):
        st.session_state["checkpoint"] = best.id
        forget_threshold()


def _choose_checkpoint(found: Sequence[Checkpoint], collection: Collection) -> Checkpoint:
    """The checkpoint, at first one that was trained for these cases."""
    by_id = {checkpoint.id: checkpoint for checkpoint in suited(found, collection.name)}
    titles = [checkpoint.metadata.title for checkpoint in found]

    def title(id_: str) -> str:
        name = by_id[id_].metadata.title
        return name if titles.count(name) == 1 else f"{name} ({id_[:6]})"

    chosen = st.selectbox(
        "Checkpoint",
        list(by_id),
        format_func=title,
        key="checkpoint",
        bind="query-params",
        on_change=forget_threshold,
    )
    checkpoint = by_id[chosen or next(iter(by_id))]
    if collection.name != UPLOADED and not _is_for(checkpoint, collection.name):
        task = plain_text(checkpoint.metadata.task or "other images")
        st.caption(f":orange[Trained on {task}, not on these cases: expect nonsense.]")
    return checkpoint


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
