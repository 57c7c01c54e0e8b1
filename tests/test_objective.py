"""The loss in its parts, worked out by hand; NumPy and Keras give the same."""

import numpy as np
import pytest

from seg.objective import Costs, Terms, head_parts, mean_cross_entropy

# Two images of 100 pixels, two classes (background, lesion): TP, FP, FN, TN, cross-entropy.
IMAGES = np.array([
    [[80, 6, 4, 10, 5.0], [10, 4, 6, 80, 15.0]],
    [[90, 10, 0, 0, 1.0], [0, 0, 10, 90, 39.0]],
])  # fmt: skip


def test_per_image():
    # background 80 / (80 + 1.5 + 3) and 90 / (90 + 2.5); lesion 10 / (10 + 1 + 4.5) and 0 / 7.5
    parts = head_parts(IMAGES, Costs(0.25, 0.75), Terms((0.3, 0.7), smooth=0.0))
    background = 0.3 * ((1 - 80 / 84.5) + (1 - 90 / 92.5)) / 2
    lesion = 0.7 * ((1 - 10 / 15.5) + 1) / 2
    np.testing.assert_allclose(parts.classes, [background, lesion], rtol=1e-12)
    assert parts.cross_entropy == 0
    assert parts.total == pytest.approx(background + lesion)


def test_pooled_over_the_batch():
    # background 170 / (170 + 4 + 3); lesion 10 / (10 + 1 + 12)
    parts = head_parts(IMAGES, Costs(0.25, 0.75), Terms((0.3, 0.7), 0.0, reduction="batch"))
    expected = [0.3 * (1 - 170 / 177), 0.7 * (1 - 10 / 23)]
    np.testing.assert_allclose(parts.classes, expected, rtol=1e-12)


def test_the_question_of_2019_is_dice_with_smooth_1_pooled():
    parts = head_parts(IMAGES, Costs(), Terms((0.3, 0.7), smooth=0.5, reduction="batch"))
    background = (2 * 170 + 1) / (170 + 16 + 170 + 4 + 1)  # |t| + |p| = 2 TP + FP + FN
    lesion = (2 * 10 + 1) / (10 + 4 + 10 + 16 + 1)
    assert parts.total == pytest.approx(1 - (0.3 * background + 0.7 * lesion))


def test_focal_and_cross_entropy():
    parts = head_parts(IMAGES, Costs(0.25, 0.75, 2.0), Terms((0.0, 1.0), 0.0, 0.5))
    assert parts.classes[1] == pytest.approx(((1 - 10 / 15.5) ** 2 + 1) / 2)
    assert mean_cross_entropy(IMAGES) == pytest.approx((20 / 100 + 40 / 100) / 2)
    assert parts.cross_entropy == pytest.approx(0.5 * 0.3)
    assert parts.total == pytest.approx(parts.classes.sum() + parts.cross_entropy)


@pytest.mark.parametrize("reduction", ["image", "batch"])
def test_many_steps_at_once_each_with_its_costs(reduction):
    terms = Terms((0.3, 0.7), 1.0, 0.2, reduction)
    many = np.stack([IMAGES, IMAGES[::-1] * 2, IMAGES + 1])[:, None].repeat(4, axis=1)
    costs = [np.array(values) for values in ([0.5, 0.3, 0.1], [0.5, 0.7, 0.9], [1.0, 2.0, 0.5])]
    together = head_parts(many, Costs(*costs), terms)
    assert together.classes.shape == (3, 4, 2)
    for step in range(3):
        alone = head_parts(many[step], Costs(*(float(cost[step]) for cost in costs)), terms)
        np.testing.assert_allclose(together.classes[step], alone.classes, rtol=1e-12)
        np.testing.assert_allclose(together.cross_entropy[step], alone.cross_entropy, rtol=1e-12)


@pytest.mark.parametrize("reduction", ["image", "batch"])
def test_keras_gives_the_same(reduction):
    from keras import ops

    terms = Terms((0.3, 0.7), 1.0, 0.5, reduction)
    ours = head_parts(IMAGES, Costs(0.2, 0.9, 1.5), terms)
    tensor = ops.convert_to_tensor(IMAGES.astype("float32"))
    theirs = head_parts(tensor, Costs(0.2, 0.9, 1.5), terms)
    np.testing.assert_allclose(ops.convert_to_numpy(theirs.classes), ours.classes, rtol=1e-5)
    assert float(theirs.total) == pytest.approx(float(ours.total), rel=1e-5)


def test_a_weight_for_each_class():
    with pytest.raises(ValueError, match=r"one weight for each class. Received: 1 weights for 2"):
        head_parts(IMAGES, Costs(), Terms((1.0,)))
