"""What can be taken away from a run: its best checkpoint, and the command that makes it again."""

from html import escape

import streamlit as st
from pydantic import ValidationError

from pages.widgets.choose import titles
from pages.widgets.engine import BEST, checkpoints, shelf
from pages.widgets.text import plain_text
from pages.widgets.train.command import command_of
from seg import launch
from seg.checkpoint import Checkpoint, open_checkpoint
from seg.errors import CheckpointError
from seg.store import Run
from seg.train.config import TrainConfig

EVERY_S = 5.0


def after(run: Run) -> None:
    """Links to the best checkpoint so far, and the command; looks again while the run lives."""
    is_live = launch.status(run) in launch.LIVE
    st.fragment(_draw, run_every=EVERY_S if is_live else None)(run)


def _draw(run: Run) -> None:
    """One look."""
    with st.container(horizontal=True, vertical_alignment="center", key="after"):
        path = launch.folder(run.id) / BEST
        if path.is_file():
            try:
                _checkpoint(run, open_checkpoint(path))
            except CheckpointError as error:
                st.caption(plain_text(str(error)))
        _command(run)


def _checkpoint(run: Run, checkpoint: Checkpoint) -> None:
    """Where to look at it, and the file itself."""
    shown = titles(checkpoints()[0]).get(checkpoint.id, checkpoint.metadata.title)
    st.page_link("explore.py", label="Open on Explore", query_params={"checkpoint": shown})
    path = shelf().put(
        f"checkpoint {checkpoint.sha256}",
        lambda: _content(checkpoint),
        "application/octet-stream",
        f"{run.name}.safetensors",
    )
    text = f"The best epoch's weights so far. sha256 {checkpoint.sha256[:16]}"
    st.html(
        f'<div class="plain files"><a href="{path}" download title="{escape(text, quote=True)}">'
        f"Download checkpoint ({checkpoint.size_bytes / 1e6:.1f} MB)</a></div>",
        width="content",
    )


def _content(checkpoint: Checkpoint) -> bytes | None:
    """The file's bytes; a later best has taken its place: that one's."""
    return checkpoint.path.read_bytes() if checkpoint.path.is_file() else None


def _command(run: Run) -> None:
    """The same run without a browser."""
    try:
        config = TrainConfig.model_validate(run.config)
    except ValidationError:  # of an earlier version of this program
        return
    with st.popover("Command line", type="tertiary"):
        st.caption("The same run without a browser:")
        st.code(command_of(config), language="bash", wrap_lines=True)
        st.caption("And this one's numbers as a table:")
        st.code(f"python -m seg runs export {run.id} --out steps.csv", language="bash")
