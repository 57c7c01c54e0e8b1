"""What is in a data set: its parts in a table, the foreground of its images, what to beware of."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from pages.widgets.text import plain_text
from pages.widgets.train.lines import CONFIG, GREY
from seg.advice import notes, percent
from seg.census import Census, PartCensus, bins
from seg.dataset import PARTS, Dataset, Part
from seg.export.colours import BLUE, SKY_BLUE

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

NAMES: dict[Part, str] = {"train": "Training", "validation": "Validation", "test": "Test"}
COLOURS: dict[Part, str] = {"train": SKY_BLUE, "validation": BLUE, "test": GREY}
SHOWN = 12  # group names in a hint; refusals in a list
STYLE = """
<style>
  .parts { width: 100%; border-collapse: collapse; font-size: 0.88rem; line-height: 1.35;
           font-variant-numeric: tabular-nums; }
  .parts th { font-weight: 400; opacity: 0.65; vertical-align: bottom; font-size: 0.8rem; }
  .parts :is(td, th) { text-align: right; padding: 0.22rem 0 0.22rem 0.9rem; border: 0;
                       border-bottom: 1px solid var(--st-border-color, #8883); }
  .parts :is(td, th):first-child { text-align: left; padding-left: 0; }
  .parts tr:last-child td { border-bottom: 0; }
  .parts i { display: inline-block; width: 0.6rem; height: 0.6rem; border-radius: 2px;
             margin-right: 0.5rem; }
  .parts td { white-space: nowrap; }
  .parts tr.all td { opacity: 0.65; }
  .parts abbr { text-decoration: underline dotted; text-underline-offset: 3px; cursor: help; }
  :is(.st-key-data-source, .st-key-data-summary) > div > [data-testid="stHorizontalBlock"] {
    flex-wrap: wrap; row-gap: 0.4rem; }
  .st-key-data-source > div > div > :first-child { flex: 0 1 345px; }
  .st-key-data-source > div > div > :last-child { flex: 1 1 330px; }
  .st-key-data-summary > div > div > :first-child { flex: 1 1 460px; }
  .st-key-data-summary > div > div > :last-child { flex: 1 1 330px; }
</style>
"""
HEADS = {
    "Groups": "Patients, slides or scanners: no group is on two sides.",
    "Images": "Each with its mask.",
    "Empty": "Masks without any foreground.",
    "Share": "Share of all pixels of the part.",
    "Each": "Foreground share of each image: the median, and in brackets the smallest and largest.",
}


def refusals(census: Census) -> bool:
    """Whether a training would stop at an image; which ones, and why, is said."""
    if not census.refusals:
        return False
    count = len(census.refusals)
    st.error(
        f"{count} of {census.images + count} images cannot be used, and a training would stop at "
        "them. Mend them, or move image and mask away."
    )
    with st.expander("Which ones, and why", expanded=count < 3):
        for refusal in census.refusals[:SHOWN]:
            st.caption(f"**{plain_text(refusal.name)}**: {plain_text(refusal.reason)}")
        if count > SHOWN:
            st.caption(f"And {count - SHOWN:,} more.")
    return True


def summary(dataset: Dataset, census: Census) -> None:
    """Table, histogram and notes."""
    about = dataset.description
    source = f"{about.licence}. {about.attribution}" if about.licence else ""
    st.caption(f"{_shape(census)} {plain_text(about.note)}", help=plain_text(source) or None)
    left, right = st.container(key="data summary").columns([1.25, 1], gap="medium")
    left.html(_table(census))
    with right:
        st.plotly_chart(
            share_chart(census), key="data shares", config=CONFIG | {"displayModeBar": False}
        )
    found = notes(census)
    for show, is_warning in ((st.warning, True), (st.caption, False)):
        texts = [plain_text(note.text) for note in found if note.is_warning == is_warning]
        if texts:
            show("  \n".join(texts))


def share_chart(census: Census) -> "Figure":
    """How many images have how much foreground, the parts on top of one another.

    Args:
        census: With at least one image.
    """
    import plotly.graph_objects as go

    found = bins(census)
    ticks = [f"{100 * share:g}" if share else "none" for share in found.upto]
    figure = go.Figure()
    for part in PARTS:
        if census.parts[part].images:
            figure.add_bar(
                x=ticks,
                y=found.counts[part],
                name=NAMES[part],
                marker={"color": COLOURS[part], "line": {"width": 0}},
                customdata=found.labels,
                hovertemplate=f"{NAMES[part]}: %{{y}} images, %{{customdata}}<extra></extra>",
            )
    what = census.class_names[0] if len(census.class_names) == 1 else "foreground"
    some = (
        f"{census.empty} of {census.images} images have none"
        if census.empty
        else "every image has some"
    )
    figure.update_layout(
        barmode="stack",
        bargap=0.12,
        height=172,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        title={"text": escape(f"{what.capitalize()}: {some}"), "font": {"size": 13}},
        showlegend=False,
        xaxis={"title": {"text": f"{escape(what)}, up to % of the image", "font": {"size": 11}},
               "type": "category", "fixedrange": True},
        yaxis={"title": {"text": "images", "font": {"size": 11}}, "fixedrange": True, "nticks": 4},
    )  # fmt: skip
    return figure


def _shape(census: Census) -> str:
    """How many, how large, in what colours."""
    narrow, wide, low, high = census.sides
    width = f"{narrow}" if narrow == wide else f"{narrow} to {wide}"
    height = f"{low}" if low == high else f"{low} to {high}"
    colours = " and ".join("colour" if n == 3 else "grey" for n in census.channels)
    return f"{census.images:,} images of {width} × {height} pixels, {colours}."


def _table(census: Census) -> str:
    """The parts, a row each; names of classes and groups are escaped."""
    names = census.class_names if len(census.class_names) <= 4 else ("foreground",)
    heads = [_hint("Groups", HEADS["Groups"]), "Images", _hint("Empty masks", HEADS["Empty"])]
    heads += [_hint(name.replace(" ", "\N{NO-BREAK SPACE}"), HEADS["Share"]) for name in names]
    heads.append(_hint("an image: median (range)", HEADS["Each"]))
    rows = [_row(_mark(part), census.parts[part], len(names)) for part in PARTS]
    rows.append(_row("All", census.whole, len(names), "all"))
    head = "".join(f"<th>{text}</th>" for text in ("", *heads))
    return f'<table class="parts"><tr>{head}</tr>{"".join(rows)}</table>'


def _row(name: str, found: PartCensus, classes: int, kind: str = "part") -> str:
    """One part; its name is HTML."""
    groups = list(dict.fromkeys(one.group for one in found.facts))
    cells = [
        name,
        _hint(f"{found.groups}", _listed(groups)) if groups else "0",
        f"{found.images:,}",
        f"{found.empty:,}",
    ]
    if not found.images:
        cells += ["–"] * (classes + 1)
    else:
        shares = found.class_pixels[1:] if classes > 1 else (sum(found.class_pixels[1:]),)
        cells += [percent(pixels / sum(found.class_pixels)) for pixels in shares]
        low, middle, high = (percent(share) for share in found.shares)
        cells.append(f"{middle} ({low} to {high})")
    row = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr class="{kind}">{row}</tr>'


def _mark(part: Part) -> str:
    """A part's name and its colour in the chart."""
    return f'<i style="background:{COLOURS[part]}"></i>{NAMES[part]}'


def _listed(names: Sequence[str]) -> str:
    """Some names, and how many more."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _hint(text: str, hint: str) -> str:
    """A word with its meaning one hover away."""
    return f'<abbr title="{escape(hint, quote=True)}" tabindex="0">{escape(text)}</abbr>'
