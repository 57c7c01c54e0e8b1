"""The store, side by side: reading early and late in a long history, writing, its size on disk.

    python -m bench.store [--steps 101000] [--rounds 200] [--url postgresql://...]

A run of `--steps` steps, each with a record of 1.5 kB of random bytes, is written to a new SQLite
file in the working folder (or to an empty database given by `--url`), then read and written in
turns, so that a slow moment of the machine meets all kinds alike. Median and 95th percentile in ms.
A raw append of 10 records to a file with fsync is what no database can be quicker than here.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import numpy as np

from seg.store import Run, Step, Store, open_store

RECORD_BYTES = 1500
BATCH = 1000
ME = "bench"


def steps(first: int, count: int) -> list[Step]:
    return [
        Step(
            n,
            1 + n // 500,
            time.time(),
            0.1,
            0.5,
            0.1,
            0.3,
            0.7,
            1.0,
            1e-4,
            os.urandom(RECORD_BYTES),
        )
        for n in range(first, first + count)
    ]


def fill(store: Store, run: Run, count: int) -> None:
    for first in range(1, count + 1, BATCH):
        with store.writing(run.id, ME) as write:
            write.steps(steps(first, min(BATCH, count + 1 - first)))


def write_steps(store: Store, run: Run, first: int, count: int) -> None:
    with store.writing(run.id, ME) as write:
        write.steps(steps(first, count))
        write.run(step=first + count - 1)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(os.urandom(10 * RECORD_BYTES))
        file.flush()
        os.fsync(file.fileno())


def kinds(store: Store, run: Run, late: int, folder: Path) -> dict[str, Callable[[int], object]]:
    """What is measured, each called with the number of its round."""
    other = store.create_run("Other", {}, "bench")
    store.claim(other.id, ME, "bench", lease_s=3600)
    return {
        "read 500 steps after step 1,000": lambda _: store.steps_after(run.id, 1000, 500),
        f"read 500 steps after step {late:,}": lambda _: store.steps_after(run.id, late, 500),
        f"read nothing new after step {late + 1000:,}": lambda _: store.steps_after(
            run.id, late + 1000
        ),
        "ask for pending commands": lambda _: store.commands(run.id, pending_only=True),
        "list 300 runs": lambda _: store.runs(),
        "write 1 step": lambda n: write_steps(store, other, 20 * n + 1, 1),
        "write 10 steps": lambda n: write_steps(store, other, 20 * n + 2, 10),
        "append 10 records to a plain file, fsync": lambda _: append(folder / "plain"),
    }


def measure(what: dict[str, Callable[[int], object]], rounds: int) -> None:
    taken: dict[str, list[float]] = {name: [] for name in what}
    for number in range(rounds):
        for name, do in what.items():
            begin = time.perf_counter()
            do(number)
            taken[name].append(1000 * (time.perf_counter() - begin))
    for name, ms in taken.items():
        half, most = np.percentile(ms, [50, 95])
        print(f"{name:45} {half:8.2f} {most:8.2f}")


def opening(url: str) -> None:
    """Import and opening in processes of their own, the best of five."""
    code = (
        "import time; a = time.perf_counter(); from seg.store import open_store;"
        "b = time.perf_counter(); open_store({!r}); print(b - a, time.perf_counter() - b)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code.format(url)], capture_output=True, check=True)
        for _ in range(5)
    ]
    best = np.min([[float(text) for text in done.stdout.split()] for done in runs], axis=0)
    print(f"import seg.store {1000 * best[0]:.0f} ms; open_store {1000 * best[1]:.1f} ms")


def deletion(store: Store, run: Run) -> None:
    """How long it takes, and how long another run's writer waits at most meanwhile."""
    other, waits = store.create_run("Other", {}, "bench"), [0.0]
    store.claim(other.id, ME, "bench", lease_s=3600)
    begin = time.perf_counter()
    thread = Thread(target=store.delete_run, args=[run.id])
    thread.start()
    while thread.is_alive():
        start = time.perf_counter()
        write_steps(store, other, len(waits), 1)
        waits.append(time.perf_counter() - start)
        time.sleep(0.1)
    seconds = time.perf_counter() - begin
    print(f"delete the run: {seconds:.1f} s; longest of {len(waits)} writes: {max(waits):.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=101_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--url", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name)
        url = options.url or f"sqlite:///{folder / 'store.sqlite'}"
        store = open_store(url)
        run = store.create_run("Bench", {"alpha": 0.3}, "bench")
        store.claim(run.id, ME, "bench", lease_s=3600)
        begin = time.perf_counter()
        fill(store, run, options.steps)
        seconds = time.perf_counter() - begin
        print(f"{options.steps:,} steps, {BATCH} a transaction: {seconds:.1f} s")
        store.close()
        if store.is_sqlite:
            size = Path(store.place).stat().st_size
            print(
                f"{size / options.steps:,.0f} bytes a step, of which {RECORD_BYTES} are its record"
            )
        opening(url)
        for _ in range(300):
            store.create_run("Many", {"alpha": 0.3, "texts": ["x" * 50] * 40}, "bench")
        print(f"{'ms':45} {'median':>8} {'95 %':>8}")
        measure(kinds(store, run, options.steps - 1000, folder), options.rounds)
        deletion(store, run)
        store.close()


if __name__ == "__main__":
    main()
