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


def titles(found: Sequence[Checkpoint]) -> dict[str, str]:
    """What each is called on the page and in its URL, by id; equal titles are told apart."""
    names = [checkpoint.metadata.title for checkpoint in found]
    return {
        one.id: name if names.count(name) == 1 else f"{name} ({one.id[:6]})"
        for one, name in zip(found, names, strict=True)
    }


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
    _follow_link(found)
    _show_new(own)
    names = {name: collection.title for name, collection in samples().items()}
    name = st.selectbox(
        "Cases",
        list(collections),
        index=list(collections).index(first),
        format_func=lambda name: names.get(name, UPLOADED_TITLE),
        key="set",
        bind="query-params",
        on_change=lambda: _other_cases(found),
    )
    collection = collections[name or first]
    about = collection.description
    if about.note:
        st.caption(about.note, help=f"{about.licence}. {about.attribution}")
    return collection


def _follow_link(found: Sequence[Checkpoint]) -> None:
    """A link names a checkpoint and no cases: begin with a set that suits it, if there is one."""
    named = st.query_params.get("checkpoint")
    if named is None or "set" in st.query_params or "set" in st.session_state:
        return
    shown = titles(found)
    for checkpoint in found:
        if shown[checkpoint.id] == named and (suitable := _set_for(checkpoint)):
            st.session_state["set"] = suitable


def _set_for(checkpoint: Checkpoint) -> str | None:
    """The sample set it was trained for; else one with the same classes; None: neither."""
    classes = checkpoint.metadata.class_names
    names = [name for name in samples() if _is_for(checkpoint, name)]
    names += [n for n, one in samples().items() if one.description.class_names == classes]
    return next(iter(names), None)


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
    shown = titles(found)
    chosen = st.selectbox(
        "Checkpoint",
        list(by_id),
        format_func=shown.__getitem__,
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
