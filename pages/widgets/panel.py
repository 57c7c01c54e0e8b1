"""Beside the viewer: what is known of the case, its numbers, the threshold's curve."""

import streamlit as st

from pages.widgets.charts import CONFIG, threshold_chart
from pages.widgets.numbers import number, plain
from pages.widgets.predictions import Outcome
from pages.widgets.text import plain_text
from seg.cases import Case
from seg.checkpoint import Checkpoint
from seg.confusion import Confusion
from seg.results import Result
from seg.table import Row, case_rows

PARTS = {
    None: ("Not in this checkpoint's data", "Nothing says that it was trained on this image."),
    "test": ("Unseen by this checkpoint", "It was held out: neither trained nor chosen on."),
    "validation": ("Used to choose this checkpoint", "Not trained on, but the best epoch was "
                   "chosen by it: its score flatters."),
    "train": ("Trained on this image", "Its score says nothing about new images."),
}  # fmt: skip


def choose_class(checkpoint: Checkpoint) -> int:
    """Which class the viewer shows, where there are several; kept in the URL."""
    names = checkpoint.metadata.class_names
    if len(names) == 1:
        return 1
    chosen = st.segmented_control(
        "Class shown", names, default=names[0], required=True, key="class", bind="query-params"
    )
    return names.index(chosen) + 1 if chosen in names else 1


def case_head(case: Case, checkpoint: Checkpoint) -> None:
    """The case's name, size, and whether the checkpoint has seen it."""
    seen, why = PARTS[checkpoint.metadata.part_of(case.id)]
    spacing = (
        f"{case.spacing_mm[0]:g} × {case.spacing_mm[1]:g} mm each"
        if case.spacing_mm
        else "their size not known"
    )
    st.markdown(f"### {plain_text(case.name)}")
    st.caption(
        f"{case.image.width} × {case.image.height} pixels, {spacing}. {seen}.",
        help=plain_text(" ".join([why, _channels(case, checkpoint), *case.notes])),
    )


def numbers(case: Case, checkpoint: Checkpoint, result: Result, threshold: float) -> None:
    """Scores of every class at the threshold, with how long the network took."""
    if case.mask_problem:
        st.warning(plain_text(case.mask_problem))
    elif case.mask is None:
        st.caption(
            "No mask came with this image. Add one named "
            f"{plain_text(case.name)}\\_mask.png to see Dice and the others."
        )
    rows = case_rows(case, result.labels(threshold), checkpoint.metadata.class_names)
    for row in rows:
        if len(rows) > 1:
            st.markdown(f"**{plain_text(str(row['class']))}**")
        _row(row, known=case.spacing_mm is not None)
    st.caption(
        f"{result.seconds * 1000:,.0f} ms on {result.device}",
        help="Time of the passes through the network for this image, loading left out. A result "
        "that is kept is shown with the time it took when it was computed.",
    )


def threshold_curve(outcome: Outcome | None, threshold: float) -> None:
    """Dice over the threshold, where the case has a mask and the threshold decides."""
    if outcome is None or outcome.sums is None or len(outcome.sums.tp) > 1:
        return
    sums = Confusion(*(part[0] for part in outcome.sums))
    st.plotly_chart(threshold_chart(sums, threshold), key="threshold chart", config=CONFIG)


def _row(row: Row, *, known: bool) -> None:
    """Six numbers of one class, in two rows."""
    length, area = ("mm", "mm²") if known else ("px", "px²")
    if row["area_true_px"] is None:
        number("area", plain(row["area_mm2"], 0, area))
        return
    difference = row["area_mm2"] - row["area_true_mm2"]
    above, below = st.columns(3), st.columns(3)
    for column, name in zip(above, ("dice", "iou", "sensitivity"), strict=True):
        with column:
            number(name, plain(row[name]))
    with below[0]:
        number("precision", plain(row["precision"]))
    with below[1]:
        flag = "one is empty" if row["one_empty"] else None
        number("hausdorff_95", plain(row["hausdorff_95_mm"], 1, length), flag)
    with below[2]:
        number("area", plain(row["area_mm2"], 0, area), f"{difference:+,.0f} {area}")


def _channels(case: Case, checkpoint: Checkpoint) -> str:
    """What is done to colour or grey before the network sees it."""
    wanted, given = checkpoint.metadata.preprocessing.channels, case.image.channels
    if wanted == given:
        return ""
    if wanted == 1:
        return "The network sees it in grey."
    return "The network takes colour: the grey is given to every channel."
