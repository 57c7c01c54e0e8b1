"""Schedules: values between and beyond their points; turns by hand replayed at the same steps."""

import pytest
from pydantic import ValidationError

from seg.architecture import Architecture
from seg.errors import ConfigError
from seg.preprocessing import Preprocessing
from seg.train.config import Loss, Optimizer, TrainConfig
from seg.train.controls import check_turn, first_controls, learning_rate, scheduled
from seg.train.schedule import Schedule, from_turns

ALPHA = Schedule(control="alpha", points=((2, 0.5), (4, 0.3), (6, 0.4)))


@pytest.mark.parametrize(
    ("epoch", "value"), [(0, 0.5), (2, 0.5), (3, 0.4), (4, 0.3), (5, 0.35), (6, 0.4), (99, 0.4)]
)
def test_linear(epoch, value):
    assert ALPHA.at(epoch) == pytest.approx(value)


@pytest.mark.parametrize(("epoch", "value"), [(0, 0.5), (3.99, 0.5), (4, 0.3), (6, 0.4)])
def test_steps(epoch, value):
    assert ALPHA.model_copy(update={"between": "steps"}).at(epoch) == value


def test_turns_come_back_at_their_steps():
    schedule = from_turns("alpha", 0.5, [(8, 0.3), (11, 0.2)], steps_per_epoch=10)
    config = make_config(schedules=(schedule,))
    values = [scheduled(config, step - 1, 10)["alpha"] for step in range(1, 13)]
    assert values == [0.5] * 7 + [0.3] * 3 + [0.2] * 2


def make_config(**changes):
    values = {"data": "x", "architecture": Architecture(), "preprocessing": Preprocessing()}
    return TrainConfig(**values | changes)


def test_the_epochs_must_rise():
    with pytest.raises(ValidationError, match="must rise from point to point"):
        Schedule(control="alpha", points=((2, 0.5), (2, 0.3)))


@pytest.mark.parametrize("control", ["epochs", "head_weight_9"])
def test_only_controls_have_schedules(control):
    with pytest.raises(ValidationError, match="schedules must be of alpha, beta"):
        make_config(schedules=(Schedule(control=control, points=((0, 1),)),))
    with pytest.raises(ValidationError, match="each once"):
        make_config(schedules=(ALPHA, ALPHA))


def test_controls_at_the_start():
    config = make_config(loss=Loss(alpha=0.3, beta=0.7, head_weights=(1, 1, 0, 2)))
    assert first_controls(config) == {
        "alpha": 0.3, "beta": 0.7, "gamma": 1.0, "learning_rate": 1e-3,
        "head_weight_1": 1, "head_weight_2": 1, "head_weight_3": 0, "head_weight_4": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"delta": 1}, "no control delta. Expected one of alpha, beta"),
        ({"alpha": -0.1}, "control alpha cannot be set. Expected a number from 0 to 100"),
        ({"alpha": float("nan")}, "Received: nan"),
        ({"alpha": "0.5"}, "Received: '0.5'"),
        ({"alpha": True}, "Received: True"),
        ({"gamma": 0}, "Expected a number above 0 to 10"),
        ({"head_weight_1": 1001}, "from 0 to 1000"),
    ],
)
def test_a_turn_is_checked_before_it_is_believed(values, text):
    with pytest.raises(ConfigError, match=text):
        check_turn(values, first_controls(make_config()))


def test_the_learning_rate_warms_up_and_falls():
    config = make_config(optimizer=Optimizer(warm_up=0.1))
    rates = [learning_rate(config, 2.0, step, 100) for step in (1, 6, 11, 56, 101)]
    assert rates == pytest.approx([0.2, 1.1, 2.0, 1.0, 0.0])
    constant = make_config(optimizer=Optimizer(warm_up=0.0, decay="constant"))
    assert learning_rate(constant, 2.0, 1, 100) == learning_rate(constant, 2.0, 99, 100) == 2.0
