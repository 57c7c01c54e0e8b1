"""What several test files need: a small network's checkpoint, made in a moment and untrained."""

import pytest

ARCHITECTURE = {"filters": (4, 8, 12), "norm": "batch", "dropout": 0.0}


def make_metadata(**changes):
    from seg.architecture import Architecture
    from seg.metadata import Metadata
    from seg.preprocessing import Preprocessing

    architecture = Architecture(**ARCHITECTURE | changes.pop("architecture", {}))
    channels = architecture.in_channels
    names = tuple(f"class {i}" for i in range(1, max(architecture.classes, 2)))
    values = {
        "title": "Small",
        "architecture": architecture,
        "preprocessing": Preprocessing(channels=channels),
        "class_names": names,
    }
    return Metadata(**values | changes)


def make_checkpoint(path, **changes):
    """An untrained network's checkpoint, and the network."""
    import keras

    from seg.checkpoint import save_checkpoint
    from seg.network import named_weights
    from seg.unetpp import build

    keras.utils.set_random_seed(1)
    metadata = make_metadata(**changes)
    model = build(metadata.architecture)
    return save_checkpoint(path, named_weights(model), metadata), model


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """(checkpoint, model), shared by tests that only read it."""
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint") / "small.safetensors")
