"""A run killed again and again, at moments of every kind, until it is done."""

import contextlib
import os
import random
import signal
import time

from seg.disk import TEMPORARY
from tests.faults.lives import is_gone
from tests.faults.same import assert_same
from tests.faults.tiny import create

KINDS = ("training", "saving", "point", "any")
ANY_S = 2.5  # a life is killed within this time from its birth, whatever it does then
POINTS = 60  # the moments of a life's first three epochs or so: see `nursery`
LOOK_S = 0.0005  # how closely a folder is watched for a save


class Killer:
    """Kills lives of one run at moments of several kinds, and counts what they were in.

    Args:
        home: Where the run is.
        store: Its store.
        run_id: Which run.
        seed: Of the moments.
    """

    def __init__(self, home, store, run_id, seed):
        self._folder = home / "runs" / run_id
        self._store, self._run_id = store, run_id
        self._random = random.Random(seed)
        self.kills = dict.fromkeys(KINDS, 0)
        self.left = {"half a file": 0, "a file not named": 0}

    def kill(self, nursery, kind):
        """One life and its end; whether it was killed, for it may have finished before."""
        point = self._random.randint(1, POINTS) if kind == "point" else 0
        before = self._names()
        pid = nursery.begin(self._run_id, point)
        if kind == "any":
            time.sleep(self._random.uniform(0, ANY_S))
        elif kind == "training":
            self._watch(pid, lambda: self._states() - before)
            time.sleep(self._random.uniform(0, 0.6))
        elif kind == "saving":
            self._watch(pid, lambda: self._states() - before)
            time.sleep(self._random.uniform(0, 0.3))
            self._watch(
                pid, lambda: any(name.startswith(TEMPORARY) for name in self._names() - before)
            )
            time.sleep(self._random.choice((0, 0, self._random.uniform(0, 0.01))))
        if kind != "point":
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        is_killed = nursery.end() == -signal.SIGKILL
        self.kills[kind] += is_killed
        self._count(before)
        return is_killed

    def _watch(self, pid, condition):
        """Look closely until something is to be seen, or the life is over."""
        while not condition() and not is_gone(pid):
            time.sleep(LOOK_S)

    def _count(self, before):
        """What the killed one left behind."""
        new = self._names() - before
        named = {saved.file for saved in self._store.saved(self._run_id)}
        self.left["half a file"] += any(name.startswith(TEMPORARY) for name in new)
        self.left["a file not named"] += any(
            name.startswith("resume") and name not in named for name in new
        )

    def _names(self):
        """What lies in the folder."""
        return {path.name for path in self._folder.iterdir()} if self._folder.is_dir() else set()

    def _states(self):
        """The saved states among them."""
        return {name for name in self._names() if name.startswith("resume")}


def torture(home, store, nursery, data, *, kills, seed, turns=None, **config):
    """Kill a run so many times, then let it finish; if it finishes earlier, another one like it.

    Args:
        home: Of the runs.
        store: Its store.
        nursery: Where they live.
        data: The data set's folder.
        kills: SIGKILLs, the kinds in turn.
        seed: Of the moments.
        turns: Values to be set in the first run, by the number of kills before.
        **config: Changes of `tiny.make_config`.

    Returns:
        The runs' ids, and one `Killer` for each.
    """
    killers, done, asked = {}, 0, dict(turns or {})
    while done < kills:
        run_id = create(store, data, **config).id
        killers[run_id] = killer = Killer(home, store, run_id, seed + len(killers))
        while done < kills and store.run(run_id).status != "finished":
            if done in asked:
                store.command(run_id, "set", asked.pop(done))
            done += killer.kill(nursery, KINDS[done % len(KINDS)])
        if store.run(run_id).status != "finished":
            assert nursery.train(run_id) == 0
    return killers


def replay(store, run_id, data, **config):
    """A run that nobody kills, in which the other's turns are made at the same steps."""
    again = create(store, data, **config)
    assert store.claim(again.id, "replay", "", 30)
    for command in store.commands(run_id):
        mine = store.command(again.id, command.name, command.value)
        with store.writing(again.id, "replay") as write:
            write.taken(mine.id, command.step)
    store.release(again.id, "replay", "queued")
    return again.id


def compare(home, store, nursery, data, run_ids, **config):
    """Hold each run against one that nobody killed."""
    for run_id in run_ids:
        reference = replay(store, run_id, data, **config)
        assert nursery.train(reference) == 0
        assert_same(home, store, run_id, reference)
