"""Parameter counts are those of the paper's network, worked out in docs and by other libraries."""

import numpy as np
import pytest

from seg.architecture import Architecture
from seg.unetpp import build, prune, unetpp

SMALL = {"filters": (4, 8, 12, 16), "dropout": 0.0}


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        ({"heads": (4,)}, 9_041_601),
        ({"heads": (1, 2, 3, 4)}, 9_041_700),
        ({"heads": (4,), "in_channels": 3}, 9_042_177),
        ({"heads": (1, 2, 3, 4), "in_channels": 3}, 9_042_276),
    ],
)
def test_parameters_are_the_papers(options, parameters):
    assert unetpp(**options).count_params() == parameters
    assert Architecture(**options).parameters == parameters


def test_pruned_networks_have_the_papers_parameters():
    model = unetpp()
    counts = {level: prune(model, level).count_params() for level in (1, 2, 3)}
    assert counts == {1: 100_961, 2: 511_105, 3: 2_204_961}
    assert {k: Architecture().at_level(k).parameters for k in (1, 2, 3)} == counts


def test_l2_penalty_starts_near_0_73():
    import keras

    keras.utils.set_random_seed(0)
    assert float(sum(unetpp().losses)) == pytest.approx(0.73, abs=0.01)


@pytest.mark.parametrize("norm", ["none", "batch", "group"])
@pytest.mark.parametrize("upsampling", ["transposed", "bilinear"])
@pytest.mark.parametrize(("classes", "heads"), [(1, (3,)), (3, (2, 1))])
def test_declared_weights_are_the_built_ones(norm, upsampling, classes, heads):
    architecture = Architecture(
        filters=(4, 8, 12, 16), norm=norm, upsampling=upsampling, classes=classes, heads=heads
    )
    built = {
        f"{layer.name}/{weight.name}": tuple(weight.shape)
        for layer in build(architecture).layers
        for weight in layer.weights
        if "seed" not in weight.name
    }
    assert dict(architecture.weight_shapes()) == built


def test_pruned_heads_give_the_same_numbers():
    model = unetpp(**SMALL, heads=(2, 1, 3), norm="batch")
    image = np.random.default_rng(0).normal(size=(2, 24, 32, 1)).astype("float32")
    for level, whole in zip((2, 1, 3), model.predict(image, verbose=0), strict=True):
        np.testing.assert_allclose(prune(model, level).predict(image, verbose=0), whole, atol=1e-6)


def test_softmax_sums_to_one_and_sigmoid_has_one_channel():
    image = np.random.default_rng(0).normal(size=(1, 16, 16, 2)).astype("float32")
    softmax = unetpp(**SMALL, in_channels=2, classes=3, heads=(3,)).predict(image, verbose=0)
    np.testing.assert_allclose(softmax.sum(-1), 1, atol=1e-6)
    assert unetpp(**SMALL, heads=(3,)).output_shape == (None, None, None, 1)


def test_two_levels_is_the_smallest_network():
    assert unetpp(filters=(4, 8)).output_shape == (None, None, None, 1)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"heads": (5,)}, "heads must be levels 1 to 4"),
        ({"heads": (1, 1)}, "each level once"),
        ({"filters": (8,)}, "at least 2 items"),
        ({"filters": (8, 0)}, "each of filters must be 1"),
        ({"norm": "layer"}, "'none', 'batch' or 'group'"),
        ({"dropout": 1.0}, "less than 1"),
        ({"classes": 0}, "greater than or equal to 1"),
    ],
)
def test_impossible_networks_are_refused(options, text):
    with pytest.raises(ValueError, match=text):
        unetpp(**options)


def test_prune_needs_a_head():
    with pytest.raises(ValueError, match="needs a head at level 1"):
        prune(unetpp(**SMALL, heads=(2,)), 1)
