"""Native size, tiles that agree with the whole, flips, progress, cancel."""

import tracemalloc

import numpy as np
import pytest

from seg.errors import Cancelled
from seg.predict import Options, decide, predict


def identity(batch):
    """A network that gives its input back, and holds what a network demands of a shape."""
    assert batch.shape[1] % 16 == 0
    assert batch.shape[2] % 16 == 0
    return batch


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (16, 16), (100, 33), (300, 129), (129, 300)])
@pytest.mark.parametrize("flips", [False, True])
def test_every_size_comes_back_as_it_went_in(shape, flips):
    image = np.random.default_rng(0).random((*shape, 1)).astype(np.float32)
    result = predict(identity, image, 16, Options(tile=64, flips=flips))
    np.testing.assert_allclose(result, image, atol=1e-6)


def test_tiles_blend_into_each_other():
    """A network that is wrong at its tile's border: the blend trusts the middle."""

    def darker_at_border(batch):
        out = np.ones_like(batch)
        out[:, [0, -1]] = out[:, :, [0, -1]] = 0
        return out

    image = np.zeros((200, 200, 1), np.float32)
    result = predict(darker_at_border, image, 16, Options(tile=64))
    assert result[20:180, 20:180].min() > 0.9


def test_flips_are_undone_before_the_mean():
    def left_half(batch):
        out = np.zeros_like(batch)
        out[:, :, : batch.shape[2] // 2] = 1
        return out

    result = predict(left_half, np.zeros((16, 16, 1), np.float32), 16, Options(flips=True))
    np.testing.assert_allclose(result, 0.5)


def test_progress_counts_every_pass_and_cancel_stops():
    seen = []
    image = np.zeros((100, 60, 1), np.float32)
    predict(identity, image, 16, Options(tile=64, flips=True), lambda *p: seen.append(p))
    assert seen == [(i, 8) for i in range(1, 9)]
    with pytest.raises(Cancelled, match="cancelled"):
        predict(identity, image, 16, Options(), is_cancelled=lambda: True)


def test_large_image_needs_memory_for_itself_only():
    """Sum and weight, each as large as the image, and a few tiles; the passes see tiles only."""
    largest = []

    def record(batch):
        largest.append(batch.size)
        return batch

    image = np.zeros((3000, 3000, 1), np.float32)
    tracemalloc.start()
    try:
        predict(record, image, 16, Options(tile=512))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert max(largest) == 512 * 512
    assert peak < 2 * image.nbytes + 10 * 4 * 512 * 512


def test_decide():
    two = np.array([[[0.6, 0.4], [0.5, 0.5]]])
    assert decide(two, 0.5).tolist() == [[0, 1]]
    assert decide(two, 0.4).tolist() == [[1, 1]]
    three = np.array([[[0.4, 0.35, 0.25], [0.3, 0.3, 0.4]]])
    assert decide(three, 0.9).tolist() == [[0, 2]]
