"""Two runs held side by side: equal bit for bit, but for what a clock wrote."""

from dataclasses import asdict

TIMES = ("at", "seconds")


def all_steps(store, run_id):
    """All steps, but for their times."""
    found, last = [], 0
    while page := store.steps_after(run_id, last):
        found += page
        last = page[-1].step
    return [_timeless(one) for one in found]


def all_epochs(store, run_id):
    """All epochs with their predictions, but for their times."""
    found, last = [], 0
    while page := store.epochs_after(run_id, last):
        found += page
        last = page[-1].epoch
    return [_timeless(one) | {"shown": store.predictions(run_id, one.epoch)} for one in found]


def _timeless(row):
    """A row as a mapping, without what a clock wrote."""
    return {name: value for name, value in asdict(row).items() if name not in TIMES}


def turns(store, run_id):
    """Every control that was turned, and when."""
    return [
        (event.step, event.epoch, event.name, event.old, event.new)
        for event in store.events_after(run_id, 0)
        if event.kind == "turn"
    ]


def state(home, store, run_id):
    """The newest state of a run: every array as bytes, and the position without times."""
    from safetensors.numpy import load_file

    [*_, newest] = [one for one in store.saved(run_id) if one.kind == "resume"]
    arrays = load_file(home / "runs" / run_id / newest.file)
    return {name: array.tobytes() for name, array in arrays.items()}


def best(home, run_id):
    """The best checkpoint: its weights as bytes, and its scores."""
    from seg.checkpoint import open_checkpoint

    checkpoint = open_checkpoint(home / "runs" / run_id / "best.safetensors")
    weights = {name: array.tobytes() for name, array in checkpoint.weights().items()}
    return weights, checkpoint.metadata.scores


def assert_same(home, store, one, other):
    """Two finished runs: every point once and the same; weights, optimizer, scores, no litter."""
    first, second = store.run(one), store.run(other)
    assert (first.status, second.status) == ("finished", "finished"), (first.reason, second.reason)
    for name in ("step", "epoch", "best_epoch", "best_dice", "controls", "data_fingerprint"):
        assert getattr(first, name) == getattr(second, name), name
    steps = all_steps(store, one)
    assert [step["step"] for step in steps] == list(range(1, first.total_steps + 1))
    assert steps == all_steps(store, other)
    epochs = all_epochs(store, one)
    assert [epoch["epoch"] for epoch in epochs] == list(range(1, first.epoch + 1))
    assert epochs == all_epochs(store, other)
    assert turns(store, one) == turns(store, other)
    assert state(home, store, one) == state(home, store, other)
    assert best(home, one) == best(home, other)
    for run_id in (one, other):
        assert litter(home, store, run_id) == set()


def litter(home, store, run_id):
    """Files in a run's folder that nothing names."""
    named = {saved.file for saved in store.saved(run_id)} | {"lock", "log.txt"}
    return {path.name for path in (home / "runs" / run_id).iterdir()} - named
