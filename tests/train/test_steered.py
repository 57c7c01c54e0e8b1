"""The steered model: its sums equal NumPy's, a turn takes effect at once, without a new trace."""

import keras
import numpy as np
import pytest
from keras import ops

from seg.architecture import Architecture
from seg.confusion import Confusion, hard, soft
from seg.objective import Costs, Terms, head_parts
from seg.predict import decide
from seg.train.batches import one_hot
from seg.train.config import Loss
from seg.train.controls import first_controls
from seg.train.steered import SteeredModel, hard_sums, soft_sums
from seg.train.trainer import Trainer
from seg.unetpp import build
from tests.training import make_config

RANDOM = np.random.default_rng(3)


def make_batch(channels, classes=None):
    labels = RANDOM.integers(0, channels if channels > 1 else 2, (2, 8, 8)).astype(np.uint8)
    prob = RANDOM.random((2, 8, 8, channels)).astype(np.float32)
    if channels > 1:
        prob /= prob.sum(-1, keepdims=True)
    return one_hot(labels, channels), prob


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_sums_are_numpys(channels):
    truth, prob = make_batch(channels)
    sums = ops.convert_to_numpy(soft_sums(truth, prob))
    assert sums.shape == (2, channels, 5)
    np.testing.assert_allclose(sums[..., :4], np.stack(soft(truth, prob), -1), rtol=1e-5)
    nats = -truth * np.log(prob)
    if channels == 1:
        nats -= (1 - truth) * np.log(1 - prob)
    np.testing.assert_allclose(sums[..., 4], nats.sum((1, 2)), rtol=1e-5)
    chosen = np.stack([one_hot(decide(one), channels) for one in prob])
    expected = np.stack(hard(truth, chosen), -1)
    np.testing.assert_array_equal(ops.convert_to_numpy(hard_sums(truth, prob)), expected)


def test_a_turn_takes_effect_at_the_next_step_without_another_trace():
    config = make_config("x", batch=2)
    traces = []

    class Counting(SteeredModel):
        def call(self, images, training=None):
            traces.append(training)
            return super().call(images, training)

    keras.utils.set_random_seed(1)
    model = Counting(build(config.architecture), config)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    images, truth = RANDOM.random((2, 32, 32, 1), np.float32), make_batch(1)[0]
    truth = np.tile(truth, (1, 4, 4, 1))
    controls, heads = first_controls(config), config.architecture.heads

    def loss(**turned):
        model.turn(controls | turned, heads)
        return model.train_on_batch(images, truth, return_dict=True)["loss"]

    first = loss()
    traced = len(traces)
    assert loss(alpha=5.0) > first
    assert loss(gamma=0.5) != pytest.approx(first)
    l2 = model.recorded()[1]
    assert loss(head_weight_1=0.0, head_weight_2=0.0) == pytest.approx(l2, rel=1e-5)
    assert len(traces) == traced
    record, _ = model.recorded()
    assert record.head_weights.tolist() == [0.0, 0.0]


def test_one_head_and_three_classes():
    network = Architecture(filters=(4, 8, 12), classes=3, heads=(2,), norm="none", dropout=0.0)
    config = make_config("x", architecture=network, class_names=("a", "b"), batch=2)
    trainer = Trainer(config)
    images = RANDOM.random((2, 32, 32, 1), np.float32)
    truth = one_hot(RANDOM.integers(0, 3, (2, 32, 32)).astype(np.uint8), 3)
    numbers = trainer.step(images, truth, first_controls(config), 1e-3)
    parts = head_parts(numbers.record.soft.astype(float), Costs(), config.terms)
    assert config.terms.class_weights == (0.0, 0.5, 0.5)
    assert parts.total.sum() + numbers.l2 == pytest.approx(numbers.loss, abs=1e-5)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_and_records_in_float32(precision):
    config = make_config("x", batch=2, precision=precision, loss=Loss(cross_entropy=1.0))
    trainer = Trainer(config)
    images = RANDOM.random((2, 32, 32, 1), np.float32)
    truth = one_hot((images[..., 0] > 0.5).astype(np.uint8), 1)
    losses = []
    for _ in range(8):
        numbers = trainer.step(images, truth, first_controls(config), 1e-2)
        parts = head_parts(numbers.record.soft.astype(float), Costs(), config.terms)
        again = numbers.record.head_weights @ parts.total + numbers.l2
        assert again == pytest.approx(numbers.loss, abs=1e-5)
        losses.append(numbers.loss)
    assert losses[-1] < losses[0]
    assert keras.config.dtype_policy().name == "float32"


def test_keras_own_tversky_swaps_alpha_and_beta():
    """The reason for ours: the day this fails, Keras has mended it."""
    truth = np.array([1, 1, 0, 0, 1, 0, 0, 0], np.float32).reshape(1, 2, 4, 1)
    prob = np.array([1, 0, 0, 0, 1, 1, 1, 0], np.float32).reshape(1, 2, 4, 1)  # FP 2, FN 1
    theirs = float(keras.losses.Tversky(alpha=0.25, beta=0.75)(truth, prob))
    sums = np.stack([*soft(truth, prob), np.zeros((1, 1))], -1)
    swapped = head_parts(sums, Costs(0.75, 0.25), Terms((1.0,), 0.0)).total
    assert theirs == pytest.approx(swapped, abs=1e-6)
    assert theirs != pytest.approx(head_parts(sums, Costs(0.25, 0.75), Terms((1.0,), 0.0)).total)
    assert Confusion(*sums[0, 0, :4]).fp == 2
