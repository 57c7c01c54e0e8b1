"""Losses by name: their numbers against the formulas as written out, and the networks' cost."""

import numpy as np
import pytest

from seg.objective import Terms, head_parts
from seg.presets import LOSSES, costs_words, formula, loss_words
from seg.train.config import Loss

TP, FP, FN, TN, NATS = 6.0, 2.0, 4.0, 88.0, 20.0  # one image of 100 pixels, FP != FN
LESION = np.array([[[TP, FP, FN, TN, NATS]]])
BOTH = np.array([[[TN, FN, FP, TP, NATS / 2], [TP, FP, FN, TN, NATS / 2]]])  # background first


def value(name, sums):
    channels = sums.shape[-2]
    loss = LOSSES[name].for_channels(channels)
    weights = loss.class_weights or (1.0,)
    terms = Terms(weights, loss.smooth, loss.cross_entropy, loss.reduction)
    return float(head_parts(sums, loss.costs, terms).total)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dice", 1 - 13 / 19),  # 1 - (2 x 6 + 1) / (2 x 6 + 2 + 4 + 1)
        ("tversky", 1 - 7 / 10.4),  # 6 + 0.3 x 2 + 0.7 x 4 + 1
        ("focal-tversky", (1 - 7 / 10.4) ** 0.75),
        ("dice-cross-entropy", 1 - 13 / 19 + 0.2),  # 20 nats over 100 pixels
    ],
)
def test_a_preset_is_the_formula_it_shows(name, expected):
    assert value(name, LESION) == pytest.approx(expected, abs=1e-12)


def test_the_loss_of_2019_weighs_the_background_and_makes_one_image_of_a_batch():
    lesion, background = 13 / 19, 177 / 183  # (2 x 88 + 1) / (2 x 88 + 2 + 4 + 1)
    expected = 0.3 * (1 - background) + 0.7 * (1 - lesion)
    assert value("weighted-dice", BOTH) == pytest.approx(expected, abs=1e-12)
    empty = BOTH * 0 + np.array([100.0, 0, 0, 0, 0]).reshape(1, 1, 5) * [[[1], [0]]]
    empty[..., 1, 3] = 100.0
    pair = np.concatenate([BOTH, empty], axis=-3)  # pooled: the background's sums meet
    pooled = 0.3 * (1 - 377 / 383) + 0.7 * (1 - lesion)
    assert value("weighted-dice", pair) == pytest.approx(pooled, abs=1e-12)


def test_the_loss_of_2019_shares_the_foreground_and_needs_a_background():
    assert LOSSES["weighted-dice"].for_channels(3).class_weights == (0.3, 0.35, 0.35)
    assert [preset.needs_background for preset in LOSSES.values()] == [False] * 4 + [True]
    with pytest.raises(ValueError, match="needs a channel for the background"):
        LOSSES["weighted-dice"].for_channels(1)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (Loss(), "Dice"),
        (Loss(alpha=1, beta=1), "IoU"),
        (Loss(alpha=0.25, beta=0.75), "Tversky 0.25/0.75"),
        (Loss(alpha=0.3, beta=0.7, gamma=0.75), "Focal Tversky 0.3/0.7, gamma 0.75"),
        (Loss(gamma=2, cross_entropy=0.5), "Focal Dice, gamma 2 + 0.5 cross-entropy"),
        (LOSSES["weighted-dice"].loss, "Weighted Dice, classes 0.3/0.7"),
    ],
)
def test_a_loss_is_called_by_its_numbers(loss, words):
    assert loss_words(loss) == words


@pytest.mark.parametrize(
    ("loss", "latex"),
    [
        (LOSSES["dice"].loss, r"1 - \dfrac{2\,TP + 1}{2\,TP + FP + FN + 1}"),
        (Loss(alpha=1, beta=0, smooth=0), r"1 - \dfrac{TP}{TP + FP}"),
        (
            Loss(alpha=0.2, beta=1, gamma=2, cross_entropy=0.5),
            r"\left(1 - \dfrac{TP + 1}{TP + 0.2\,FP + FN + 1}\right)^{2} + 0.5\,\mathrm{CE}",
        ),
        (
            Loss(alpha=0.3, beta=0.7, gamma=2, class_weights=(0, 1)),
            r"0\,(1 - \mathrm{TI}_{0})^{2} + 1\,(1 - \mathrm{TI}_{1})^{2}",
        ),
    ],
)
def test_the_formula_has_the_numbers_in_force(loss, latex):
    assert formula(loss) == latex


@pytest.mark.parametrize(
    ("alpha", "beta", "words"),
    [
        (0.5, 0.5, "A false alarm and a miss cost the same."),
        (0.6, 0.4, "A false alarm costs 1.5 times as much as a miss: it rather marks too little"),
        (0, 1, "A miss costs something, and nothing a false alarm"),
        (0, 0, "nothing can be learned"),
    ],
)
def test_what_two_costs_mean(alpha, beta, words):
    assert words in costs_words(alpha, beta)
