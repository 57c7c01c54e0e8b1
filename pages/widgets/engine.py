"""What the server holds for all pages: the prediction service; and for a session: its shelf."""

from functools import cache

import streamlit as st

from seg.cases import Case
from seg.checkpoint import Checkpoint
from seg.predict import Options
from seg.results import ResultCache
from seg.samples import RESULTS, find_checkpoints
from seg.service import Service
from seg.settings import SAMPLES, settings
from seg.worker import Request
from web.shelf import SHELVES, Shelf


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


def checkpoints() -> tuple[list[Checkpoint], list[str]]:
    """The samples' and the user's checkpoints, and why others cannot be used."""
    return find_checkpoints([SAMPLES / "checkpoints", settings().checkpoints])


def request(case: Case, checkpoint: Checkpoint, options: Options) -> Request:
    """What the service is asked for one case."""
    return Request(
        checkpoint=checkpoint.path,
        checkpoint_sha256=checkpoint.sha256,
        pixels=case.image.pixels,
        image_sha256=case.image.sha256,
        options=options,
    )
