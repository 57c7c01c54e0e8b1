"""A training small enough to be killed fifty times."""

from tests.training import make_config, make_run, write_squares

__all__ = ["create", "write_squares"]

TINY = {  # dropout, momenta and average, so that all of them must last
    "architecture": {"filters": (4, 8), "norm": "batch", "dropout": 0.2, "l2": 1e-4},
    "views": {"crop": 32, "repeats": 2},
    "batch": 4,
    "epochs": 4,
}


def create(store, data, **changes):
    """A queued run: one head, 3 steps an epoch, two cases held out and two to test."""
    return make_run(store, make_config(data, **TINY | changes), "tiny")
