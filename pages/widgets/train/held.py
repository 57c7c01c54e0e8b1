"""The curves this server holds, for all sessions."""

from functools import cache

from pages.widgets.engine import store
from seg.curves import Curves, View


@cache
def _curves() -> Curves:
    """Made once."""
    return Curves()


def view_of(run_id: str) -> View:
    """A run and its curve as they are now.

    Raises:
        RunError: The run was deleted.
        StoreError: The store cannot be read now.
    """
    return _curves().view(store(), run_id)
