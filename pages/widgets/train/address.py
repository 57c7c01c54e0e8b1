"""Which runs are shown: `/train?run=<id>`, or `<id>,<id>` for several beside one another."""

import time
from dataclasses import dataclass, field
from threading import Lock

import streamlit as st

from seg.errors import RunError
from seg.store import Run, Store

BESIDE_MAX = 4
STALE_S = 1.0  # after a run is drawn, for a message that was sent before


@dataclass
class Opening:
    """The address that was set last, until the browser surely knows it.

    Kept in the session and changed in place. While a script runs, a second click starts another
    one beside it, and ends the first where that next touches Streamlit: what must not be cut in two
    is done under `lock` without touching it, and the second script waits there.

    Attributes:
        name: What `run` in the address shall be; "" leaves it.
        until: Monotonic seconds; until then an address without it is an older one.
    """

    name: str = ""
    until: float = 0.0
    lock: Lock = field(default_factory=Lock, repr=False)

    def set(self, *ids: str) -> None:
        """These runs are to be shown."""
        self.name, self.until = ",".join(ids), float("inf")


def opening() -> Opening:
    """This session's."""
    kept: Opening = st.session_state.setdefault("opening run", Opening())
    return kept


def shown_runs(store: Store) -> tuple[list[Run], list[str]]:
    """The runs the address names, and a text for each name that fits none.

    Raises:
        StoreError: The store cannot be read.
    """
    _finish_opening()
    found: dict[str, Run] = {}
    unknown = []
    names = [name.strip() for name in st.query_params.get("run", "").split(",")]
    for name in list(dict.fromkeys(filter(None, names)))[:BESIDE_MAX]:
        try:
            run = store.run(name)
            found.setdefault(run.id, run)
        except RunError as error:
            unknown.append(str(error))
    return list(found.values()), unknown


def open_run(*ids: str) -> None:
    """Show these runs: the address names them, and the page is drawn again."""
    opening().set(*ids)
    st.query_params["run"] = ",".join(ids)
    st.rerun()


def is_drawn() -> None:
    """Said at the end of a page that shows runs: from here on a back button means what it says."""
    last = opening()
    if last.until == float("inf"):
        last.until = time.monotonic() + STALE_S


def all_runs() -> None:
    """Show the list; for a button's callback."""
    opening().until = 0.0
    st.query_params.pop("run", None)


def _finish_opening() -> None:
    """The second click of a double click carries the old address: the new one stays."""
    last = opening()
    with last.lock:  # until a run that is just being started is one
        name = last.name if time.monotonic() < last.until else ""
    if name and "run" not in st.query_params:
        st.query_params["run"] = name
