"""What a checkpoint may say about itself: bounds, so that pages and tables can trust it."""

import pytest
from pydantic import ValidationError

from seg.metadata import SCORES_MAX, Data, Score, Training
from tests.conftest import make_metadata

TRAINING = {
    "alpha": 0.3, "beta": 0.7, "smooth": 1.0, "optimizer": "Adam", "learning_rate": 1e-3,
    "batch": 8, "crop": 96, "epochs": 60, "best_epoch": 60, "seed": 0, "seconds": 1.5,
    "versions": "Keras 3",
}  # fmt: skip
SCORE = {
    "part": "test", "metric": "dice", "class_name": "lesion", "value": 0.8, "low": 0.7,
    "high": 0.9, "n": 12, "n_groups": 3, "n_empty": 1, "convention": "",
}  # fmt: skip
NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("alpha", -1), ("alpha", NAN), ("beta", INFINITE), ("smooth", INFINITE),
        ("learning_rate", 0), ("learning_rate", INFINITE), ("batch", 0), ("crop", 0),
        ("epochs", 0), ("best_epoch", 0), ("best_epoch", 61), ("seed", -1), ("seed", 2**32),
        ("seconds", -1), ("seconds", INFINITE), ("optimizer", "x" * 256), ("versions", "x" * 256),
    ],
)  # fmt: skip
def test_training(field, value):
    assert Training(**TRAINING).best_epoch == 60
    with pytest.raises(ValidationError):
        Training(**TRAINING | {field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("value", 1.01), ("value", -0.01), ("value", NAN), ("low", -1), ("low", INFINITE),
        ("high", 2), ("n", -1), ("n_groups", -1), ("n_empty", -1), ("metric", "x" * 256),
        ("part", "train"),
    ],
)  # fmt: skip
def test_score(field, value):
    assert Score(**SCORE | {"value": None, "low": None, "high": None}).value is None
    with pytest.raises(ValidationError):
        Score(**SCORE | {field: value})


@pytest.mark.parametrize("threshold", [i / 100 for i in range(101)])
def test_thresholds_a_page_can_show(threshold):
    assert make_metadata(threshold=threshold).threshold == threshold


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"threshold": 0.505}, "threshold must be a multiple of 0.01"),
        ({"threshold": 1.01}, "less than or equal to 1"),
        ({"threshold": NAN}, "finite"),
        ({"title": "x" * 256}, "at most 255"),
        ({"note": "x" * 2001}, "at most 2000"),
        ({"scores": (Score(**SCORE),) * (SCORES_MAX + 1)}, "at most 200"),
        ({"class_names": ("a", "a"), "architecture": {"classes": 3}}, "must differ"),
        ({"class_names": ("a", "b")}, "must name 1 foreground"),
    ],
)
def test_whole(changes, text):
    with pytest.raises(ValidationError, match=text):
        make_metadata(**changes)
    assert len(make_metadata(scores=(Score(**SCORE),) * SCORES_MAX).scores) == SCORES_MAX


def test_data():
    with pytest.raises(ValidationError, match="at most 255"):
        Data(name="x" * 256, fingerprint="f")
