"""Steps and epochs as a run records them."""

from seg.store import Epoch, Step


def make_step(step, **changes):
    values = {
        "step": step, "epoch": 1 + (step - 1) // 10, "at": 1000.0 + step, "seconds": 0.25,
        "loss": 1 / step, "l2": 0.125, "alpha": 0.3, "beta": 0.7, "gamma": 1.0,
        "learning_rate": 1e-4, "record": b"\0\xff" * 5,
    }  # fmt: skip
    return Step(**values | changes)


def make_epoch(epoch, **changes):
    values = {
        "epoch": epoch, "step": 10 * epoch, "at": 2000.0 + epoch, "seconds": 2.5, "loss": 0.5,
        "l2": 0.125, "validation_loss": 0.75, "validation_l2": 0.0625, "validation_dice": 0.25,
        "alpha": 0.3, "beta": 0.7, "gamma": 1.0, "learning_rate": 1e-4,
        "is_best": False, "record": b"\0\xfe",
    }  # fmt: skip
    return Epoch(**values | changes)
