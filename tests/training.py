"""A small data set on disk and a small training of it, for tests that run the real thing."""

import numpy as np

from seg.architecture import Architecture
from seg.preprocessing import Preprocessing
from seg.train.config import Loss, Optimizer, TrainConfig, Views
from tests.images import png


def write_squares(folder, count=10, seed=7):
    """Cases that any network can learn: the square is bright. Every fifth has none."""
    random = np.random.default_rng(seed)
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for number in range(count):
        labels = np.zeros((32, 32), np.uint8)
        top, left = random.integers(2, 16, 2)
        if number % 5 != 4:
            labels[top : top + 12, left : left + 12] = 1
        pixels = (random.integers(0, 60, labels.shape) + labels * 150).astype(np.uint8)
        (folder / "images" / f"case{number}.png").write_bytes(png(pixels))
        (folder / "masks" / f"case{number}.png").write_bytes(png(labels * 255))
    return folder


def make_config(data, **changes):
    """A training that takes moments; the last two cases validate, the two before are the test."""
    values = {
        "data": data,
        "title": "Squares",
        "validation": r"case[89]",
        "test": r"case[67]",
        "architecture": Architecture(filters=(4, 8, 12), norm="batch", dropout=0.1, l2=1e-4),
        "preprocessing": Preprocessing(normalisation="full_range"),
        "loss": Loss(),
        "optimizer": Optimizer(learning_rate=3e-3),
        "views": Views(crop=32),
        "batch": 2,
        "epochs": 2,
        "averaging": 0.5,
    }
    return TrainConfig(**values | changes)


def make_run(store, config, name="Squares"):
    """A run in the store."""
    return store.create_run(name, config.model_dump(mode="json"), config.data.name)
