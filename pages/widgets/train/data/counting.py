"""Images are read in the background, once for the server, while the page says how far that is."""

from threading import Event, Thread

import streamlit as st

from pages.widgets.text import plain_text
from seg.dataset import Dataset
from seg.errors import Cancelled, SegError
from seg.facts import Survey, survey
from seg.settings import settings

AT_ONCE_S = 0.3  # a wait this short shows nothing
EVERY_S = 0.4
HELD = 32  # surveys; each takes some hundred bytes an image


class Counting:
    """A survey under way in a thread of its own; safe to ask from any."""

    def __init__(self, dataset: Dataset) -> None:
        self.progress = (0, len(dataset.items))
        self.result: Survey | None = None
        self.error: Exception | None = None
        self._dataset = dataset
        self._cancelled, self._finished = Event(), Event()
        Thread(target=self._work, name="survey", daemon=True).start()

    def wait(self, timeout_s: float) -> bool:
        """Whether it is finished, at the latest after this time."""
        return self._finished.wait(timeout_s)

    def cancel(self) -> None:
        """Stop before the next image."""
        self._cancelled.set()

    def _work(self) -> None:
        def progress(done: int, total: int) -> None:
            self.progress = (done, total)

        try:
            self.result = survey(
                self._dataset,
                settings().limits,
                progress=progress,
                is_cancelled=self._cancelled.is_set,
            )
        except Exception as error:
            self.error = error
        finally:
            self._finished.set()


def counted(dataset: Dataset) -> Survey | None:
    """What is in a data set; None, and how far it is, while it is being read.

    Raises:
        DataError: A file is gone.
    """
    stamp = dataset.stamp()
    counting = _counting(stamp, dataset)
    if not counting.wait(AT_ONCE_S):
        _progress(counting)
        return None
    if counting.error is None:
        return counting.result
    if not isinstance(counting.error, SegError):
        _counting.clear(stamp, dataset)
        raise counting.error
    is_stopped = isinstance(counting.error, Cancelled)
    (st.caption if is_stopped else st.error)(plain_text(str(counting.error)))
    st.button("Count again", key="count again", on_click=_counting.clear, args=(stamp, dataset))
    return None


@st.cache_resource(max_entries=HELD, show_spinner=False)
def _counting(stamp: str, _dataset: Dataset) -> Counting:
    """One for each state of the files: the stamp changes with every write to them."""
    return Counting(_dataset)


@st.fragment(run_every=EVERY_S)
def _progress(counting: Counting) -> None:
    """How many images are read; draws the page again at the end."""
    if counting.wait(0):
        st.rerun()
    done, total = counting.progress
    left, right = st.columns([5, 1], vertical_alignment="center")
    left.progress(done / max(total, 1), f"Looking at the images: {done:,} of {total:,}.")
    right.button("Stop", on_click=counting.cancel, key="stop counting", width="stretch")
