"""The curves a server holds: one for each run, shared by all sessions, bounded in number."""

from collections import OrderedDict
from threading import Lock

from seg.curves.curve import BUDGET_S, Curve, View
from seg.store import Store

CURVES_MAX = 24  # about 2 MB each


class Curves:
    """Curves by run, the longest unused one forgotten first.

    Args:
        most: How many are held.
    """

    def __init__(self, most: int = CURVES_MAX) -> None:
        self._most = most
        self._curves: OrderedDict[tuple[str, str], Curve] = OrderedDict()
        self._lock = Lock()

    def view(self, store: Store, run_id: str, budget_s: float = BUDGET_S) -> View:
        """A run's curve, brought up to date; see `Curve.view`.

        Args:
            store: Where the run is.
            run_id: Its whole id.
            budget_s: Of the reading.

        Raises:
            RunError: There is no such run.
            StoreError: The store cannot be read now.
        """
        return self._curve(store, run_id).view(store, budget_s)

    def _curve(self, store: Store, run_id: str) -> Curve:
        """The one that is held, or a new one."""
        key = store.place, run_id
        with self._lock:
            if key in self._curves:
                self._curves.move_to_end(key)
                return self._curves[key]
        curve = Curve(store.run(run_id))
        with self._lock:
            curve = self._curves.setdefault(key, curve)  # another thread was faster
            while len(self._curves) > self._most:
                self._curves.popitem(last=False)
        return curve
