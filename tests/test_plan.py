"""Before a training: its steps, its memory against what was measured, its alpha over the epochs."""

import pytest

from seg.architecture import Architecture
from seg.plan import SIZES, memory_bytes, plan, ramp
from seg.preprocessing import Preprocessing
from seg.train.config import TrainConfig


@pytest.mark.parametrize(
    ("size", "norm", "crop", "batch", "peak_mb"),
    [
        # Peak resident size of four steps, TensorFlow 2.21.0, Keras 3.15.1, 2 CPU cores, Linux.
        ("small", "batch", 96, 8, 1310),
        ("small", "batch", 96, 32, 2496),
        ("small", "batch", 48, 8, 999),
        ("medium", "batch", 96, 8, 1335),
        ("medium", "none", 192, 8, 2156),
        ("paper", "none", 96, 8, 1775),
        ("paper", "batch", 96, 16, 2791),
    ],
)
def test_memory_is_about_what_was_measured(size, norm, crop, batch, peak_mb):
    architecture = Architecture(filters=SIZES[size], norm=norm)
    assert memory_bytes(architecture, crop, batch) / 2**20 == pytest.approx(peak_mb, rel=0.2)


def test_a_plan_counts_steps_as_the_training_does():
    config = TrainConfig(
        data="x",
        architecture=Architecture(filters=SIZES["small"], norm="batch"),
        preprocessing=Preprocessing(),
        views={"repeats": 3},
        batch=8,
        epochs=7,
    )
    found = plan(config, images=9)
    assert (found.steps_per_epoch, found.steps) == (4, 28)  # 27 views in batches of 8
    assert found.parameters == 1_264_084  # as Keras counts the same network
    assert found.memory_bytes == memory_bytes(config.architecture, 96, 8)


def test_alpha_in_stairs_takes_the_value_at_each_step_and_beta_is_the_rest():
    alpha, beta = ramp(0.5, 0.2, 30, stairs=3)
    assert [alpha.at(epoch) for epoch in (0, 9.9, 10, 20, 30, 99)] == [0.5, 0.5, 0.4, 0.3, 0.2, 0.2]
    assert [beta.at(epoch) for epoch in (0, 10, 99)] == [0.5, 0.6, 0.8]
    straight, *_ = ramp(0.5, 0.2, 30)
    assert straight.at(15) == pytest.approx(0.35)
    assert [schedule.control for schedule in ramp(0.5, 0.2, 30, locked=False)] == ["alpha"]
