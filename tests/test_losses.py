"""The Tversky loss: alpha is the false positives' cost, images are not pooled, variables steer."""

import keras
import numpy as np
import pytest

from seg.losses import TverskyLoss

# Image one: TP 1, FP 0, FN 1. Image two: TP 1, FP 2, FN 0.
TRUE = np.array([[1, 1, 0, 0], [1, 0, 0, 0]], np.float32).reshape(2, 2, 2, 1)
PRED = np.array([[1, 0, 0, 0], [1, 1, 1, 0]], np.float32).reshape(2, 2, 2, 1)


def test_alpha_weighs_false_positives():
    loss = TverskyLoss(alpha=0.25, beta=0.75, smooth=0.0)
    assert float(loss(TRUE, PRED)) == pytest.approx(1 - (1 / 1.75 + 1 / 1.5) / 2)


def test_keras_own_loss_swaps_them():
    """The reason for ours: the day this fails, Keras has mended it."""
    theirs = keras.losses.Tversky(alpha=0.25, beta=0.75)
    ours = TverskyLoss(alpha=0.75, beta=0.25, smooth=0.0, reduction="batch")
    assert float(theirs(TRUE, PRED)) == pytest.approx(float(ours(TRUE, PRED)), abs=1e-6)


def test_batch_reduction_pools():
    loss = TverskyLoss(alpha=0.25, beta=0.75, smooth=0.0, reduction="batch")
    assert float(loss(TRUE, PRED)) == pytest.approx(1 - 2 / (2 + 0.5 + 0.75))


def test_empty_mask_predicted_empty_costs_nothing():
    zeros = np.zeros((1, 2, 2, 1), np.float32)
    assert float(TverskyLoss()(zeros, zeros)) == 0


def test_a_variable_steers_a_traced_training_step():
    alpha = keras.Variable(0.0, trainable=False)
    model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Dense(1)])
    model.compile("sgd", loss=TverskyLoss(alpha=alpha, beta=0.5))
    model.optimizer.learning_rate = 0.0
    before = model.train_on_batch(PRED, TRUE)
    alpha.assign(5.0)
    assert model.train_on_batch(PRED, TRUE) != before


def test_config_makes_an_equal_loss():
    loss = TverskyLoss(alpha=0.2, beta=0.9, smooth=2.0, reduction="batch")
    again = TverskyLoss.from_config(loss.get_config())
    assert float(again(TRUE, PRED)) == float(loss(TRUE, PRED))
