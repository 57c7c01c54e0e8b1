"""SIGKILL at any moment loses nothing: the run ends as one that was never killed, bit for bit.

`python -m bench.kills 200` does the same longer, and prints what the kills hit.
"""

from concurrent.futures import ThreadPoolExecutor

from tests.faults.killer import compare, torture
from tests.faults.lives import nursery, opened
from tests.faults.same import turns
from tests.faults.tiny import write_squares

KILLS = 26  # of each of two runs that are killed side by side
EPOCHS = 100
TURNS = {3: {"alpha": 0.3, "beta": 0.7}, 9: {"learning_rate": 1e-3}, 14: {"head_weight_1": 0.5}}


def test_runs_killed_52_times_end_as_if_they_were_not(tmp_path):
    """One is left alone by people, the other is steered: its turns last through every kill."""
    data = write_squares(tmp_path / "data")

    def one_run(seed, asked):
        with opened(tmp_path) as store, nursery(tmp_path, SEG_RUNS_AT_ONCE="2") as lives:
            killers = torture(
                tmp_path, store, lives, data, kills=KILLS, seed=seed, turns=asked, epochs=EPOCHS
            )
            compare(tmp_path, store, lives, data, killers, epochs=EPOCHS)
            return [turns(store, run_id) for run_id in killers], killers.values()

    with ThreadPoolExecutor() as pool:
        plain, steered = (pool.submit(one_run, *case) for case in ((1, {}), (2, TURNS)))
        (still, *_), killers = plain.result()
        (turned, *_), others = steered.result()
    assert still == []
    assert [(name, new) for _, _, name, _, new in turned] == [
        ("alpha", 0.3), ("beta", 0.7), ("learning_rate", 1e-3), ("head_weight_1", 0.5),
    ]  # fmt: skip
    everyone = [*killers, *others]
    assert sum(sum(killer.kills.values()) for killer in everyone) == 2 * KILLS
    assert sum(killer.left["half a file"] for killer in everyone) > 0
    assert sum(killer.left["a file not named"] for killer in everyone) > 0
