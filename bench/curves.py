"""What a look at a run costs at step 1,000 and at step 100,000, side by side.

Fills a store of its own with a run of 4 heads and batches of 8, and prints medians:

    refresh         two new steps read, turned into numbers and joined to the curve
    figure          the chart of that curve made, and its size on the way to the browser
    four runs       the same for four runs that are drawn together
    first look      a server that does not know the run yet reads all of it
    plain reading   for comparison: the whole history fetched from the store, nothing computed

    .venv/bin/python -m bench.curves
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pages.widgets.train.chart import run_figure
from pages.widgets.train.look import Look
from pages.widgets.train.overlay import runs_figure
from pages.widgets.train.plot import plain
from seg.architecture import Architecture
from seg.curves import Curve, View
from seg.objective import head_parts
from seg.preprocessing import Preprocessing
from seg.store import Epoch, Run, Step, Store, open_store
from seg.train.config import TrainConfig
from seg.train.record import Record

LENGTHS = (1_000, 100_000)
PER_EPOCH = 500
HELD_OUT = 40
REPEATS = 31
OWNER = "bench"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'store.sqlite'}")
        found = {length: _measure(store, length) for length in LENGTHS}
        short, long = (found[length] for length in LENGTHS)
        print(f"{'':26}{LENGTHS[0]:>12,} steps{LENGTHS[1]:>12,} steps   ratio")
        for name, (value, unit) in short.items():
            other = long[name][0]
            print(f"{name:26}{value:12.2f} {unit:5}{other:12.2f} {unit:5}{other / value:8.2f}")
        store.close()


def _measure(store: Store, length: int) -> dict[str, tuple[float, str]]:
    """One run of a length: each number and its unit."""
    run = _new_run(store)
    _write(store, run, 1, length)
    fresh = Curve(run)
    start = time.perf_counter()
    view = _whole(fresh, store)
    first_s = time.perf_counter() - start
    assert view.residual < 1e-5, view.residual
    refreshes = []
    for last in range(length, length + 2 * REPEATS, 2):
        _write(store, run, last + 1, last + 2)
        refreshes.append(_timed(lambda: fresh.view(store)))
    view = fresh.view(store)
    look = Look()
    size = len(json.dumps(plain(run_figure(view, look))))
    four = [view] * 4
    four_size = len(json.dumps(plain(runs_figure(four, look))))
    return {
        "refresh": (1e3 * statistics.median(refreshes), "ms"),
        "refresh, slowest": (1e3 * max(refreshes), "ms"),
        "figure": (1e3 * _median(lambda: plain(run_figure(view, look))), "ms"),
        "figure, size": (size / 1e3, "kB"),
        "four runs, figure": (1e3 * _median(lambda: plain(runs_figure(four, look))), "ms"),
        "four runs, size": (four_size / 1e3, "kB"),
        "points of a line": (float(len(view.steps)), ""),
        "first look": (first_s, "s"),
        "plain reading": (_timed(lambda: _read_all(store, run)), "s"),
    }


def _new_run(store: Store) -> Run:
    """A run that may be written."""
    config = TrainConfig(
        data=Path("bench"), architecture=Architecture(heads=(1, 2, 3, 4)),
        preprocessing=Preprocessing(), epochs=1_000,
    )  # fmt: skip
    run = store.create_run("Bench", config.model_dump(mode="json"), "bench")
    store.claim(run.id, OWNER, "here", 3600)
    with store.writing(run.id, OWNER) as write:
        write.run(status="running", steps_per_epoch=PER_EPOCH, total_steps=PER_EPOCH * 1_000)
    return store.run(run.id)


def _write(store: Store, run: Run, first: int, last: int) -> None:
    """Steps, and the epochs among them."""
    config = TrainConfig.model_validate(run.config)
    makers = [_record(np.random.default_rng(seed), 8, 1) for seed in range(16)]
    known = [(record.encode(), _loss(record, config)) for record in makers]
    held_out = _record(np.random.default_rng(99), HELD_OUT, 2).encode()
    costs = (0.5, 0.5, 1.0, 1e-3)
    for start in range(first, last + 1, 2_000):
        numbers = range(start, min(start + 2_000, last + 1))
        steps = [
            Step(n, (n - 1) // PER_EPOCH + 1, float(n), 0.5, known[n % 16][1], 0.0, *costs,
                 known[n % 16][0])
            for n in numbers
        ]  # fmt: skip
        with store.writing(run.id, OWNER) as write:
            write.steps(steps)
            for n in numbers:
                if n % PER_EPOCH == 0:
                    values = (n // PER_EPOCH, n, float(n), 250.0, 0.5, 0.0, 0.5, 0.0, 0.5)
                    write.epoch(Epoch(*values, *costs, is_best=False, record=held_out))
            write.run(step=numbers[-1], epoch=numbers[-1] // PER_EPOCH)


def _record(random: np.random.Generator, images: int, cuts: int) -> Record:
    """Plausible sums of images of 96 x 96 pixels."""
    lesion = random.uniform(5, 500, (4, images, 1))
    found = random.uniform(0.1, 0.9, (4, images, 1))
    wrong = random.uniform(0, 300, (4, images, 1))
    rest = 96 * 96 - lesion - wrong
    sums = (lesion * found, wrong, lesion * (1 - found), rest, wrong)
    soft = np.stack(sums, axis=-1).astype(np.float32)
    return Record(soft, np.round(soft[:cuts, ..., :4]), np.full(4, 0.25, np.float32))


def _loss(record: Record, config: TrainConfig) -> float:
    """What a training would have recorded, in its own precision."""
    parts = head_parts(record.soft, config.loss.costs, config.terms)
    return float((record.head_weights * parts.total).sum())


def _whole(curve: Curve, store: Store) -> View:
    """Refresh until all is read, as the page does."""
    while not (view := curve.view(store)).is_complete:
        pass
    return view


def _read_all(store: Store, run: Run) -> None:
    """Every row, as a tracker without a cursor does at each refresh."""
    last = 0
    while rows := store.steps_after(run.id, last):
        last = rows[-1].step


def _median(work: Callable[[], object]) -> float:
    """Seconds, of many times."""
    return statistics.median(_timed(work) for _ in range(REPEATS))


def _timed(work: Callable[[], object]) -> float:
    """Seconds of one time."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
