"""Each score on TP 6, FP 2, FN 4, TN 8: by hand; the empty cases; gradients that stay finite."""

import numpy as np
import pytest

from seg import scores
from seg.confusion import Confusion

SUMS = Confusion(*(np.array([[value]], float) for value in (6, 2, 4, 8)))
EMPTY = Confusion(*(np.array([[value]], float) for value in (0, 0, 0, 20)))
ONLY_FALSE = Confusion(*(np.array([[value]], float) for value in (0, 3, 0, 17)))
ONLY_MISSED = Confusion(*(np.array([[value]], float) for value in (0, 0, 5, 15)))


@pytest.mark.parametrize(
    ("score", "options", "expected"),
    [
        (scores.dice, {}, 12 / 18),
        (scores.dice, {"smooth": 2.0}, 14 / 20),
        (scores.iou, {}, 6 / 12),
        (scores.sensitivity, {}, 6 / 10),
        (scores.precision, {}, 6 / 8),
        (scores.specificity, {}, 8 / 10),
        (scores.f_beta, {"beta": 2.0}, 5 * 6 / (5 * 6 + 4 * 4 + 2)),
        (scores.tversky, {"alpha": 0.3, "beta": 0.7}, 6 / (6 + 0.6 + 2.8)),
        (scores.tversky, {"alpha": 0.7, "beta": 0.3}, 6 / (6 + 1.4 + 1.2)),
        (scores.tversky, {"alpha": 0.3, "beta": 0.7, "smooth": 1.0}, 7 / 10.4),
        (scores.focal_tversky, {"alpha": 0.3, "beta": 0.7, "gamma": 2.0}, (3.4 / 9.4) ** 2),
    ],
)
def test_by_hand(score, options, expected):
    assert score(SUMS, **options)[0, 0] == pytest.approx(expected)


def test_keras_tensors_give_numpys_numbers():
    from keras import ops

    tensors = Confusion(*(ops.convert_to_tensor(part.astype("float32")) for part in SUMS))
    for score in (scores.dice, scores.iou, scores.sensitivity, scores.tversky, scores.f_beta):
        assert float(score(tensors)[0, 0]) == pytest.approx(float(score(SUMS)[0, 0]), rel=1e-6)


def test_weighted_dice_is_the_2019_loss():
    # Background: TP 60, FP 0, FN 40; lesion: TP 6, FP 3, FN 1. Smooth 1, weights 0.3 and 0.7.
    sums = Confusion(*np.array([[[60, 6]], [[0, 3]], [[40, 1]], [[0, 90]]], float))
    expected = 0.3 * 121 / 161 + 0.7 * 13 / 17
    assert scores.weighted_dice(sums, (0.3, 0.7), smooth=1.0)[0] == pytest.approx(expected)
    assert scores.weighted_dice(sums, (0.3, 0.7), 1.0, reduction="batch") == pytest.approx(expected)


def test_batch_pools_the_sums_and_image_does_not():
    sums = Confusion(*np.array([[[6], [0]], [[2], [10]], [[4], [0]], [[8], [10]]], float))
    np.testing.assert_allclose(scores.dice(sums), [[12 / 18], [0]])
    np.testing.assert_allclose(scores.dice(sums, reduction="batch"), [12 / 28])


@pytest.mark.parametrize("score", [scores.dice, scores.iou, scores.f_beta, scores.tversky])
def test_empty_masks(score):
    assert score(EMPTY)[0, 0] == 1
    assert score(ONLY_FALSE)[0, 0] == 0
    assert score(ONLY_MISSED)[0, 0] == 0
    assert np.isnan(score(EMPTY, empty=float("nan"))[0, 0])


def test_rates_without_anything_to_rate_are_undefined():
    assert np.isnan(scores.sensitivity(ONLY_FALSE)[0, 0])
    assert np.isnan(scores.precision(ONLY_MISSED)[0, 0])
    full = Confusion(*(np.array([[v]], float) for v in (20, 0, 0, 0)))
    assert np.isnan(scores.specificity(full)[0, 0])
    assert scores.sensitivity(ONLY_FALSE, empty=1.0)[0, 0] == 1


def test_refusals():
    with pytest.raises(ValueError, match="one weight for each class"):
        scores.weighted_dice(SUMS, (0.3, 0.7))
    with pytest.raises(ValueError, match="'image' or 'batch'"):
        scores.dice(SUMS, reduction="pixel")


def test_gradient_is_finite_where_both_masks_are_empty():
    import tensorflow as tf

    from seg.confusion import soft

    truth = tf.zeros((1, 2, 2, 1))
    logits = tf.Variable(tf.fill((1, 2, 2, 1), -200.0))
    with tf.GradientTape() as tape:
        loss = scores.focal_tversky(soft(truth, tf.sigmoid(logits)), gamma=1.0)
    assert float(loss[0, 0]) == 0
    assert np.isfinite(tape.gradient(loss, logits).numpy()).all()


def focal_gradient(truth, prob, gamma):
    import tensorflow as tf

    from seg.confusion import soft

    prob = tf.Variable(np.array(prob, np.float32).reshape(1, 1, -1, 1))
    truth = tf.constant(np.array(truth, np.float32).reshape(1, 1, -1, 1))
    with tf.GradientTape() as tape:
        loss = scores.focal_tversky(soft(truth, prob), gamma=gamma)
    return float(loss[0, 0]), tape.gradient(loss, prob).numpy().ravel()


@pytest.mark.parametrize("gamma", [0.5, 0.75, 1.0, 2.0])
def test_focal_gradient_is_finite_where_the_prediction_is_perfect(gamma):
    loss, gradient = focal_gradient([1, 1, 0], [1, 1, 0], gamma)
    assert loss == 0
    assert np.isfinite(gradient).all()
    loss, gradient = focal_gradient([0, 0, 0], [0, 0, 0], gamma)
    assert loss == 0
    assert np.isfinite(gradient).all()


def test_focal_gradient_elsewhere_is_as_by_hand():
    # One pixel of truth, found at p: TP p, FN 1 - p; index p / (p + 0.7 (1 - p)).
    loss, gradient = focal_gradient([1], [0.5], 0.5)
    index = 0.5 / 0.85
    slope = 0.7 / 0.85**2  # of the index in p
    assert loss == pytest.approx((1 - index) ** 0.5, rel=1e-5)
    assert gradient[0] == pytest.approx(-0.5 * (1 - index) ** -0.5 * slope, rel=1e-5)


def test_focal_of_an_undefined_index_is_undefined():
    assert np.isnan(scores.focal_tversky(EMPTY, empty=float("nan"))[0, 0])
    assert scores.focal_tversky(EMPTY)[0, 0] == 0
