"""Series of any length in a bounded place: equal spans of steps, and the newest steps as they are.

A span keeps the mean, the least and the greatest of every series. When the spans run out, each two
neighbours become one: adding costs the same at any length, and drawing too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CAPACITY = 800  # spans at most; after a merge half as many
TAIL = 100  # of the newest points that are kept as they are

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """Series for drawing, point by point: spans first, single points at the end.

    Attributes:
        names: Of the series.
        counts: (P,) how many steps a point stands for.
        mean: (K, P) float64, a row for each name; nan where nothing is defined.
        low: (K, P) float32, the least in the span.
        high: (K, P) float32, the greatest.
    """

    names: tuple[str, ...]
    counts: NDArray[np.int64]
    mean: Numbers
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    def __getitem__(self, name: str) -> Numbers:
        """One series, (P,)."""
        return self.mean[self.names.index(name)]

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __len__(self) -> int:
        return len(self.counts)

    def last(self, name: str) -> float:
        """The newest value; nan where there is no point."""
        return float(self[name][-1]) if len(self) else float("nan")


class Thinned:
    """Series by key: the number of a step or an epoch, from 1.

    Args:
        names: Of the series; the first one is the key itself.
        capacity: Spans at most, an even number.
        tail: How many of the newest points stay as they are.

    Example:
        >>> series = Thinned(("step", "loss"), capacity=2, tail=1)
        >>> keys = np.arange(1, 6)
        >>> series.add(keys, np.array([keys, [8.0, 6.0, 4.0, 2.0, 1.0]]))
        >>> series.table()["loss"].tolist(), series.span
        ([5.0, 1.0], 4)
    """

    def __init__(self, names: Sequence[str], capacity: int = CAPACITY, tail: int = TAIL) -> None:
        self.names = tuple(names)
        self.span = 1
        self._tail_size = tail
        shape = len(self.names), capacity
        self._sums = np.zeros(shape)
        self._defined = np.zeros(shape, np.int64)  # values that are not nan
        self._low = np.full(shape, np.inf, np.float32)
        self._high = np.full(shape, -np.inf, np.float32)
        self._counts = np.zeros(capacity, np.int64)
        self._tail_keys = np.zeros(0, np.int64)
        self._tail = np.zeros((len(self.names), 0))

    @property
    def last(self) -> int:
        """The greatest key; 0 where there is none."""
        return int(self._tail_keys[-1]) if len(self._tail_keys) else 0

    def add(self, keys: NDArray[np.int64], values: Numbers) -> None:
        """More points.

        Args:
            keys: (N,) rising, all greater than `last`.
            values: (K, N); nan counts for nothing.

        Raises:
            ValueError: The keys do not rise.
        """
        if not len(keys):
            return
        if keys[0] <= self.last or np.any(np.diff(keys) <= 0):
            raise ValueError(f"Keys must rise from {self.last + 1}. Received: {keys[:3]}...")
        while (keys[-1] - 1) // self.span >= len(self._counts):
            self._merge()
        self._into_spans((keys - 1) // self.span, values)
        self._tail_keys = np.concatenate([self._tail_keys, keys])[-self._tail_size :]
        self._tail = np.concatenate([self._tail, values], axis=1)[:, -self._tail_size :]

    def rewind(self, key: int) -> int:
        """Forget at least what came after a key.

        Returns:
            The last key kept: what follows it must be added again. Up to a span less than asked.
        """
        if key >= self.last:
            return self.last
        kept = max(key, 0) // self.span
        for array, nothing in self._arrays():
            array[..., kept:] = nothing
        self._tail_keys = np.zeros(0, np.int64)
        self._tail = self._tail[:, :0]
        if kept:  # so that `last` is known; as a point it is drawn as the mean of its span
            self._tail_keys = np.array([kept * self.span])
            self._tail = self._means()[:, kept - 1 : kept]
        return kept * self.span

    def table(self) -> Table:
        """All of it, for drawing; the arrays are copies."""
        first = int(self._tail_keys[0] - 1) // self.span if len(self._tail_keys) else 0
        inside = (self._tail_keys - 1) // self.span == first
        sums, defined = self._sums[:, : first + 1].copy(), self._defined[:, : first + 1].copy()
        counts = self._counts[: first + 1].copy()
        part = self._tail[:, inside]  # of the span in which the tail begins: not twice
        sums[:, -1] -= np.nansum(part, axis=1)
        defined[:, -1] -= np.sum(~np.isnan(part), axis=1)
        counts[-1] -= part.shape[1]
        kept = counts > 0
        means = _divided(sums[:, kept], defined[:, kept])
        tail = self._tail.astype(np.float32)
        return Table(
            self.names,
            np.concatenate([counts[kept], np.ones(len(self._tail_keys), np.int64)]),
            np.concatenate([means, self._tail], axis=1),
            np.concatenate([_finite(self._low[:, : first + 1][:, kept]), tail], axis=1),
            np.concatenate([_finite(self._high[:, : first + 1][:, kept]), tail], axis=1),
        )

    def _into_spans(self, spans: NDArray[np.int64], values: Numbers) -> None:
        """Add points to the spans they belong to; the numbers of the spans do not fall."""
        starts = np.flatnonzero(np.diff(spans, prepend=-1))
        where = spans[starts]
        known = ~np.isnan(values)
        self._sums[:, where] += np.add.reduceat(np.where(known, values, 0), starts, axis=1)
        self._defined[:, where] += np.add.reduceat(known.astype(np.int64), starts, axis=1)
        self._counts[where] += np.diff(starts, append=len(spans))
        low = np.minimum.reduceat(np.where(known, values, np.inf), starts, axis=1)
        high = np.maximum.reduceat(np.where(known, values, -np.inf), starts, axis=1)
        self._low[:, where] = np.minimum(self._low[:, where], low)
        self._high[:, where] = np.maximum(self._high[:, where], high)

    def _merge(self) -> None:
        """Each two neighbouring spans become one."""
        half = len(self._counts) // 2
        for array, nothing in self._arrays():
            join = {np.inf: np.minimum, -np.inf: np.maximum}.get(nothing, np.add)
            array[..., :half] = join(array[..., 0::2], array[..., 1::2])
            array[..., half:] = nothing
        self.span *= 2

    def _arrays(self) -> tuple[tuple[NDArray[np.generic], float], ...]:
        """Everything by span, each with what stands in an empty one."""
        return (
            (self._sums, 0), (self._defined, 0), (self._counts, 0),
            (self._low, np.inf), (self._high, -np.inf),
        )  # fmt: skip

    def _means(self) -> Numbers:
        """The means of all spans, (K, capacity)."""
        return _divided(self._sums, self._defined)


def _divided(sums: Numbers, counts: NDArray[np.int64]) -> Numbers:
    """Means; nan where nothing was counted."""
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _finite(ends: NDArray[np.float32]) -> NDArray[np.float32]:
    """Least or greatest of spans; nan where nothing was defined."""
    return np.where(np.isfinite(ends), ends, np.float32(np.nan))
