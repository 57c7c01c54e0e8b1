"""What the server holds for all pages: the prediction service; and for a session: its shelf."""

from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

from seg.cases import Case
from seg.checkpoint import Checkpoint, open_checkpoint
from seg.errors import CheckpointError
from seg.launch.place import runs_folder
from seg.predict import Options
from seg.results import ResultCache
from seg.samples import RESULTS, find_checkpoints
from seg.service import Service
from seg.settings import SAMPLES, settings
from seg.worker import Request
from web.shelf import SHELVES, Shelf

if TYPE_CHECKING:
    from seg.store import Store

BEST = "best.safetensors"  # of a run, in its folder


@cache
def service() -> Service:
    """This server's prediction service; its child process starts when it is first needed.

    A plain function's cache, for it is also asked when a session ends, outside of any script.
    """
    chosen = settings()
    cache = ResultCache(
        chosen.results_memory_mb * 2**20,
        chosen.results_disk_mb * 2**20,
        chosen.results,
        shipped=RESULTS,
    )
    return Service(cache, chosen.device)


def _end_session(shelf: Shelf) -> None:
    """Its tokens die, and what it still waits for is not computed."""
    shelf.empty()
    service().leave(shelf.owner)


@st.cache_resource(scope="session", show_spinner=False, on_release=_end_session)
def shelf() -> Shelf:
    """This session's shelf."""
    return SHELVES.open()


def store() -> "Store":
    """The store of runs; what it needs is imported by the first page that asks.

    Raises:
        SegError: It cannot be opened.
    """
    from seg.store import open_store

    return open_store()


def checkpoints() -> tuple[list[Checkpoint], list[str]]:
    """The samples', the user's and the runs' best checkpoints, and why others cannot be used."""
    found, refused = find_checkpoints([SAMPLES / "checkpoints", settings().checkpoints])
    known = {checkpoint.sha256 for checkpoint in found}
    for path in sorted(runs_folder().glob(f"*/{BEST}")):
        try:
            checkpoint = open_checkpoint(path)
        except CheckpointError as error:
            refused.append(f"Run {path.parent.name}: {error}")
            continue
        if checkpoint.sha256 not in known:
            known.add(checkpoint.sha256)
            found.append(checkpoint)
    return found, refused


def request(case: Case, checkpoint: Checkpoint, options: Options) -> Request:
    """What the service is asked for one case."""
    return Request(
        checkpoint=checkpoint.path,
        checkpoint_sha256=checkpoint.sha256,
        pixels=case.image.pixels,
        image_sha256=case.image.sha256,
        options=options,
    )
