"""Numbers worked out by hand, FP != FN throughout; NumPy and tensors give the same."""

import numpy as np
import pytest

from seg.confusion import Confusion, hard, soft

# Two images of 2 x 2 pixels, two classes.
TRUE = np.array(
    [[[[1, 0], [1, 0]], [[0, 1], [0, 0]]], [[[0, 1], [0, 0]], [[0, 0], [0, 1]]]], np.float32
)
PROB = np.array(
    [
        [[[0.75, 0.0], [0.25, 0.5]], [[0.5, 1.0], [1.0, 0.0]]],
        [[[0.5, 0.25], [0.0, 0.0]], [[0.0, 0.5], [0.0, 0.5]]],
    ],
    np.float32,
)
SOFT = Confusion(
    tp=[[1.0, 1.0], [0.0, 0.75]],
    fp=[[1.5, 0.5], [0.5, 0.5]],
    fn=[[1.0, 0.0], [0.0, 1.25]],
    tn=[[0.5, 2.5], [3.5, 1.5]],
)
HARD = Confusion(tp=[[1, 1], [0, 1]], fp=[[2, 1], [1, 1]], fn=[[1, 0], [0, 1]], tn=[[0, 2], [3, 1]])


def tensors(*arrays):
    from keras import ops

    return [ops.convert_to_tensor(array) for array in arrays]


@pytest.mark.parametrize("convert", [lambda *arrays: arrays, tensors], ids=["numpy", "keras"])
@pytest.mark.parametrize(("sums", "expected"), [(soft, SOFT), (hard, HARD)])
def test_sums_are_those_worked_out_by_hand(convert, sums, expected):
    for part, wanted in zip(sums(*convert(TRUE, PROB)), expected, strict=True):
        np.testing.assert_allclose(np.asarray(part), wanted, atol=1e-7)


def test_sums_add_up_to_the_pixels():
    random = np.random.default_rng(0)
    truth, prob = random.random((2, 5, 6, 7, 3)) > 0.5, random.random((2, 5, 6, 7, 3))
    for sums in (soft, hard):
        np.testing.assert_allclose(sum(sums(truth, prob)), 5 * 6 * 7)


def test_threshold_counts_equality_and_bool_masks_pass_uncut():
    truth = np.ones((1, 1, 3, 1), bool)
    prob = np.array([0.3, 0.3 - 1e-9, 0.9]).reshape(1, 1, 3, 1)
    assert hard(truth, prob, threshold=0.3).tp[0, 0] == 2
    assert hard(truth, prob > 0.5, threshold=0.3).tp[0, 0] == 1


def test_pooled_adds_the_images():
    np.testing.assert_allclose(Confusion(*map(np.array, SOFT)).pooled().fn, [1.0, 1.25])


@pytest.mark.parametrize("sums", [soft, hard])
def test_shapes_that_would_broadcast_are_refused(sums):
    with pytest.raises(ValueError, match="must have one shape"):
        sums(TRUE, PROB[..., :1])
    with pytest.raises(ValueError, match=r"must both be \(B, H, W, C\)"):
        sums(TRUE[0, 0], PROB[0, 0])


def test_large_images_lose_nothing_to_rounding():
    truth = np.zeros((1, 3000, 3000, 1), bool)
    truth[0, :10, :10] = True
    prob = np.full(truth.shape, np.float32(0.1))
    assert soft(truth, prob).fp[0, 0] == pytest.approx((9_000_000 - 100) * 0.1, rel=1e-7)


def test_a_numpy_threshold_cuts_as_a_plain_one():
    prob = np.full((1, 1, 1, 1), np.float32(0.3))  # 0.30000001 as float64
    less = np.full((1, 1, 1, 1), np.float32(0.7))  # 0.69999999
    truth = np.ones((1, 1, 1, 1), bool)
    for value, array in ((0.3, prob), (0.7, less)):
        assert hard(truth, array, value).tp[0, 0] == 1
        assert hard(truth, array, np.float64(value)).tp[0, 0] == 1
