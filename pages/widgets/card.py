"""A checkpoint in a few lines, the rest one hover away."""

from collections.abc import Sequence
from html import escape
from statistics import median

import streamlit as st

from pages.widgets.engine import service
from pages.widgets.predictions import Outcome
from seg.checkpoint import Checkpoint


def card(checkpoint: Checkpoint, outcomes: Sequence[Outcome]) -> None:
    """What a checkpoint is: task, costs, data, scores, size, device, time.

    Args:
        checkpoint: The chosen one.
        outcomes: What is known of the cases on the page, under the chosen head.
    """
    metadata = checkpoint.metadata
    architecture, training, data = metadata.architecture, metadata.training, metadata.data
    rows = [("Task", metadata.task or "not said", metadata.note)]
    if training:
        costs = f"alpha {training.alpha:g}, beta {training.beta:g}"
        text = "Tversky loss. alpha: cost of a false positive. beta: cost of a false negative."
        rows.append(("Loss", costs, text))
    if data:
        text = f"{data.split} Fingerprint {data.fingerprint[:16]}. {data.attribution}"
        rows.append(("Data", ", ".join(filter(None, (data.name, data.licence))), text))
    for score in metadata.scores:
        if score.metric == "dice":
            text = (
                f"{score.convention} {score.n} images of {score.n_groups} patients or sources, "
                f"{score.n_empty} with an empty truth."
            )
            several = len(metadata.class_names) > 1
            name = f"Dice, {score.class_name if several else ''} {score.part}".replace("  ", " ")
            rows.append((name, score.text(), text))
    network = f"UNet++ {'-'.join(map(str, architecture.filters))}, norm {architecture.norm}"
    rows += [
        ("Network", f"{architecture.parameters:,} parameters", network),
        ("File", f"{checkpoint.size_bytes / 1e6:.1f} MB", f"sha256 {checkpoint.sha256}"),
        ("Device", service().device_name or "starts when needed", "Where networks run here."),
    ]
    if outcomes:
        milliseconds = 1000 * median(outcome.seconds for outcome in outcomes)
        text = "Median over these images under the chosen head: the passes through the network."
        rows.append(("Time", f"{milliseconds:,.0f} ms an image, n = {len(outcomes)}", text))
    st.html(f'<table class="facts">{"".join(_fact(*row) for row in rows)}</table>')


def _fact(name: str, value: str, text: str) -> str:
    """A row; whatever a file says is escaped."""
    shown = escape(value)
    if text:
        shown = f'<abbr title="{escape(text, quote=True)}" tabindex="0">{shown}</abbr>'
    return f"<tr><td>{escape(name)}</td><td>{shown}</td></tr>"
