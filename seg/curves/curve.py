"""One run's curve, fed by cursor."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from seg.curves.pictures import count_images
from seg.curves.thin import Numbers, Table, Thinned
from seg.curves.values import Layout, epoch_values, step_values
from seg.store import Event, Run, Store
from seg.train.config import TrainConfig

CHUNK_BYTES = 4 * 2**20  # of records in one reading
CHUNK_ROWS = 2000
FIRST_ROWS = 50  # before the size of a record is known
BUDGET_S = 0.5  # of one refresh; a long history comes in several
EVENTS_MAX = 1000


@dataclass(frozen=True)
class View:
    """A run and its curve at one moment.

    Attributes:
        run: Its row.
        config: Its configuration.
        layout: What its series are.
        steps: Series of the steps, `layout.step_names`.
        epochs: Series of the epochs, `layout.epoch_names`.
        events: Oldest first; no more than the newest EVENTS_MAX.
        residual: The largest difference between a recorded loss and the one made again from its
            parts, of all steps read so far.
        step: The last step in it; 0: none.
        held_out: Images of the last validation; 0 before the first.
        empty: Those among them with nothing to find.
        is_complete: False while older rows are still being read.
    """

    run: Run
    config: TrainConfig
    layout: Layout
    steps: Table
    epochs: Table
    events: tuple[Event, ...]
    residual: float
    step: int
    held_out: int
    empty: int
    is_complete: bool


class Curve:
    """One run's series, kept up to date; threads may share it.

    Args:
        run: Whose.
    """

    def __init__(self, run: Run) -> None:
        self._id = run.id
        self._config = TrainConfig.model_validate(run.config)
        self._layout = Layout.of(self._config)
        self._steps = _Feed(self._layout.step_names, lambda row: row.step, self._of_steps)
        self._epochs = _Feed(self._layout.epoch_names, lambda row: row.epoch, self._of_epochs)
        self._held_out = self._empty = 0
        self._seconds = 0.0  # of all steps read
        self._residual = 0.0
        self._events: list[Event] = []
        self._event_id = 0
        self._view: View | None = None
        self._lock = Lock()

    def view(self, store: Store, budget_s: float = BUDGET_S) -> View:
        """Read what is new, and give all of it.

        The cost is that of the new rows. A resumed run goes back to an earlier step and writes the
        later ones again; then these are read again.

        Args:
            store: Where the run is.
            budget_s: After which no further chunk is begun; what is missing comes with the next
                call.

        Raises:
            RunError: The run was deleted.
            StoreError: The store cannot be read now.
        """
        with self._lock:
            run = store.run(self._id)
            self._follow(store, run)
            until = time.monotonic() + budget_s
            complete = self._epochs.read(
                lambda after, limit: store.epochs_after(self._id, after, limit), until
            ) and self._steps.read(
                lambda after, limit: store.steps_after(self._id, after, limit), until
            )
            self._view = View(
                run=run,
                config=self._config,
                layout=self._layout,
                steps=self._steps.table(),
                epochs=self._epochs.table(),
                events=tuple(self._events),
                residual=self._residual,
                step=self._steps.series.last,
                held_out=self._held_out,
                empty=self._empty,
                is_complete=complete,
            )
            return self._view

    def _follow(self, store: Store, run: Run) -> None:
        """Read events; go back where the run did."""
        new = store.events_after(self._id, self._event_id)
        resumed = [event.step for event in new if event.kind == "resume"]
        # The run's own row may be a step behind the newest one; an earlier step is a way back.
        back = min([run.step + 1, *resumed])
        if back < self._steps.series.last:
            self._rewind(min(back, run.step), run.steps_per_epoch)
        self._events = [*self._events, *new][-EVENTS_MAX:]
        self._event_id = new[-1].id if new else self._event_id

    def _rewind(self, step: int, steps_per_epoch: int | None) -> None:
        """Forget what came after a step, and perhaps a little before it, to be read again."""
        self._steps.rewind(step)
        self._epochs.rewind(step // steps_per_epoch if steps_per_epoch else 0)
        self._events = [event for event in self._events if event.step <= step]
        table = self._steps.table()
        times = table.high[table.names.index("time")]
        self._seconds = float(times.max(initial=0))

    def _of_epochs(self, rows: Sequence[Any]) -> Numbers:
        """Series of new epochs."""
        self._held_out, self._empty = count_images(rows[-1])
        return epoch_values(rows, self._layout)

    def _of_steps(self, rows: Sequence[Any]) -> Numbers:
        """Series of new steps, their time that of the whole training."""
        names = self._layout.step_names
        values = step_values(rows, self._layout)
        loss, l2, total = (values[names.index(name)] for name in ("loss", "l2", "total"))
        residual = np.abs(total + l2 - loss)
        self._residual = max(self._residual, float(residual[~np.isnan(residual)].max(initial=0)))
        values[names.index("time")] += self._seconds
        self._seconds = float(values[names.index("time"), -1])
        return values


class _Feed:
    """Rows of one table into their series, chunk after chunk.

    Args:
        names: Of the series.
        key: Of a row.
        values: Rows as (K, N).
    """

    def __init__(
        self,
        names: Sequence[str],
        key: Callable[[Any], int],
        values: Callable[[Sequence[Any]], Numbers],
    ) -> None:
        self.series = Thinned(names)
        self._key, self._values = key, values
        self._record_bytes = 0  # of the last one
        self._table: Table | None = None

    def read(self, rows_after: Callable[[int, int], Sequence[Any]], until: float) -> bool:
        """Until nothing is new or the time is over; whether all was read."""
        while True:
            limit = FIRST_ROWS
            if self._record_bytes:  # so that memory is bounded
                limit = min(CHUNK_BYTES // self._record_bytes + 1, CHUNK_ROWS)
            rows = rows_after(self.series.last, limit)
            if rows:
                keys = np.array([self._key(row) for row in rows])
                self.series.add(keys, self._values(rows))
                self._record_bytes = len(rows[-1].record)
                self._table = None
            if len(rows) < limit:
                return True
            if time.monotonic() > until:
                return False

    def rewind(self, key: int) -> None:
        """Forget what came after a key."""
        self.series.rewind(key)
        self._table = None

    def table(self) -> Table:
        """For drawing; made again only after something was read."""
        if self._table is None:
            self._table = self.series.table()
        return self._table
