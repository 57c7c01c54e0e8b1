"""Runs killed again and again: what the kills hit, what was lost, and what a resume costs.

    python -m bench.kills [--kills 200] [--seed 1]

A tiny run is killed by SIGKILL: while it trains, while it saves (the moment a half-written file is
seen), at a chosen point between the steps of its saves, and at any moment from its birth on. Then
it is held, bit for bit, against a run that nobody killed: every step and epoch once and with the
same numbers, weights, optimizer, average, scores. `tests/faults/test_kills.py` does the same with
52 kills. Lives are forks of one process that has imported Keras (see `tests/faults/nursery.py`).
"""

import argparse
import tempfile
import time
from pathlib import Path

from tests.faults.killer import compare, torture
from tests.faults.lives import nursery, opened
from tests.faults.tiny import write_squares

EPOCHS_A_KILL = 4  # about as many as a life gets done
TURNS = {3: {"alpha": 0.3, "beta": 0.7}, 9: {"learning_rate": 1e-3}}


def main() -> None:
    """Kill, compare, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        data, epochs = write_squares(home / "data"), options.kills * EPOCHS_A_KILL
        with opened(home) as store, nursery(home) as lives:
            start = time.monotonic()
            killers = torture(
                home, store, lives, data, kills=options.kills, seed=options.seed, turns=TURNS,
                epochs=epochs,
            )  # fmt: skip
            seconds = time.monotonic() - start
            for run_id, killer in killers.items():
                run = store.run(run_id)
                print(f"run {run_id}: {run.epoch} epochs, {run.step} steps")
                print("  kills by kind:", killer.kills)
                print("  left by them: ", killer.left)
            print(f"{options.kills} kills in {seconds:.0f} s")
            compare(home, store, lives, data, killers, epochs=epochs)
            print(
                "Equal, bit for bit, to runs that nobody killed; nothing lost, nothing left over."
            )


if __name__ == "__main__":
    main()
