"""Every overlap score of the field, each one line on the four sums of `seg.confusion`.

The same function scores a NumPy table and is differentiated as a Keras loss. alpha weighs false
positives, beta false negatives. `reduction` says when the images meet:

    "image"   each image by itself: sums (B, C) give scores (B, C)
    "batch"   the batch's sums are added first: (B, C) gives (C,)

What 0 / 0 gives is said by `empty`, and only reached where smooth is 0.
"""

from collections.abc import Sequence
from typing import Literal

from seg.confusion import Array, Confusion, array_ops

Reduction = Literal["image", "batch"]


def tversky(
    confusion: Confusion,
    alpha: Array = 0.3,
    beta: Array = 0.7,
    smooth: float = 0.0,
    *,
    reduction: Reduction = "image",
    empty: float = 1.0,
) -> Array:
    """Tversky index: TP / (TP + alpha FP + beta FN).

    Args:
        confusion: The four sums, (B, C), soft or hard.
        alpha: Cost of a false positive, >= 0; a number or a Keras variable.
        beta: Cost of a false negative, >= 0; a number or a Keras variable.
        smooth: Added above and below, in pixels; draws small and empty masks towards 1.
        reduction: "image" or "batch".
        empty: What 0 / 0 gives: both masks empty and smooth 0.

    Returns:
        (B, C) or (C,), in 0..1; 1 is best.

    Raises:
        ValueError: The reduction has another name.

    Example:
        >>> float(tversky(Confusion(6.0, 2.0, 4.0, 88.0), alpha=0.5, beta=0.25))
        0.75

    Reference: Salehi et al. 2017, Tversky loss function for image segmentation.
    """
    tp, fp, fn, _ = _reduce(confusion, reduction)
    return _ratio(tp + smooth, tp + alpha * fp + beta * fn + smooth, empty)


def dice(
    confusion: Confusion,
    smooth: float = 0.0,
    *,
    reduction: Reduction = "image",
    empty: float = 1.0,
) -> Array:
    """Dice coefficient: (2 TP + smooth) / (2 TP + FP + FN + smooth).

    It is the Tversky index at 1/2, 1/2; its smoothing, as everybody writes it, is twice that one's.

    Args:
        confusion: The four sums, (B, C), soft or hard.
        smooth: Added above and below, in pixels.
        reduction: "image" or "batch".
        empty: What 0 / 0 gives: both masks empty and smooth 0.

    Returns:
        (B, C) or (C,), in 0..1; 1 is best. Truth empty, prediction not: 0.

    Example:
        >>> float(dice(Confusion(6.0, 3.0, 1.0, 90.0)))
        0.75
    """
    return tversky(confusion, 0.5, 0.5, smooth / 2, reduction=reduction, empty=empty)


def iou(
    confusion: Confusion,
    smooth: float = 0.0,
    *,
    reduction: Reduction = "image",
    empty: float = 1.0,
) -> Array:
    """Intersection over union (Jaccard index): TP / (TP + FP + FN), the Tversky index at 1, 1.

    Args and returns as in `dice`.

    Example:
        >>> float(iou(Confusion(6.0, 3.0, 1.0, 90.0)))
        0.6
    """
    return tversky(confusion, 1.0, 1.0, smooth, reduction=reduction, empty=empty)


def f_beta(
    confusion: Confusion,
    beta: float = 1.0,
    smooth: float = 0.0,
    *,
    reduction: Reduction = "image",
    empty: float = 1.0,
) -> Array:
    """F-beta: (1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP); b above 1 favours sensitivity.

    The beta of this name is not the Tversky beta: F-beta is the Tversky index with
    alpha = 1 / (1 + b^2) and beta = b^2 / (1 + b^2). F1 is Dice.

    Args and returns as in `tversky`; `smooth` is added to the Tversky form.

    Example:
        >>> float(f_beta(Confusion(6.0, 2.0, 2.0, 90.0), beta=2.0))
        0.75
    """
    square = beta * beta
    weights = 1 / (1 + square), square / (1 + square)
    return tversky(confusion, *weights, smooth, reduction=reduction, empty=empty)


def sensitivity(
    confusion: Confusion,
    smooth: float = 0.0,
    *,
    reduction: Reduction = "image",
    empty: float = float("nan"),
) -> Array:
    """Sensitivity (recall): TP / (TP + FN), the share of the truth that was found.

    Args and returns as in `dice`. Truth empty: there is nothing to find, so NaN.

    Example:
        >>> float(sensitivity(Confusion(6.0, 3.0, 2.0, 90.0)))
        0.75
    """
    return tversky(confusion, 0.0, 1.0, smooth, reduction=reduction, empty=empty)


def precision(
    confusion: Confusion,
    smooth: float = 0.0,
    *,
    reduction: Reduction = "image",
    empty: float = float("nan"),
) -> Array:
    """Precision: TP / (TP + FP), the share of the prediction that is right.

    Args and returns as in `dice`. Prediction empty: there is nothing to be right, so NaN.

    Example:
        >>> float(precision(Confusion(6.0, 2.0, 5.0, 90.0)))
        0.75
    """
    return tversky(confusion, 1.0, 0.0, smooth, reduction=reduction, empty=empty)


def specificity(
    confusion: Confusion,
    smooth: float = 0.0,
    *,
    reduction: Reduction = "image",
    empty: float = float("nan"),
) -> Array:
    """Specificity: TN / (TN + FP); near 1 for any small lesion, so it says little alone.

    Args and returns as in `dice`. No background at all: NaN.

    Example:
        >>> float(specificity(Confusion(6.0, 10.0, 5.0, 30.0)))
        0.75
    """
    _, fp, _, tn = _reduce(confusion, reduction)
    return _ratio(tn + smooth, tn + fp + smooth, empty)


def focal_tversky(
    confusion: Confusion,
    alpha: Array = 0.3,
    beta: Array = 0.7,
    gamma: Array = 0.75,
    smooth: float = 0.0,
    *,
    reduction: Reduction = "image",
    empty: float = 1.0,
) -> Array:
    """Focal Tversky loss: (1 - tversky)^gamma. A loss: 0 is best.

    gamma below 1 lifts the weight of cases that are nearly right, above 1 that of the hard ones.
    gamma is the exponent itself; papers that write 1/gamma mean its inverse.

    Args:
        confusion: The four sums, (B, C), soft or hard.
        alpha: Cost of a false positive, >= 0.
        beta: Cost of a false negative, >= 0.
        gamma: The exponent, > 0.
        smooth: Added above and below, in pixels.
        reduction: "image" or "batch".
        empty: The index that 0 / 0 gives, before the exponent.

    Returns:
        (B, C) or (C,), in 0..1; 0 is best, and has the gradient 0.

    Example:
        >>> float(focal_tversky(Confusion(6.0, 2.0, 4.0, 88.0), 0.5, 0.25, gamma=2.0))
        0.0625

    Reference: Abraham and Khan 2019, A novel focal Tversky loss function.
    """
    tp, fp, fn, _ = _reduce(confusion, reduction)
    wrong = alpha * fp + beta * fn  # 1 - index would lose its digits near 0, where a power shows it
    missing = _ratio(wrong, tp + wrong + smooth, 1 - empty)
    ops = array_ops(missing)
    perfect = missing <= 0  # where the slope of a power below 1 is infinite; a loss of 0 needs none
    return ops.where(perfect, 0.0, ops.where(perfect, 1.0, missing) ** gamma)


def weighted_dice(
    confusion: Confusion,
    weights: Sequence[float] = (0.3, 0.7),
    smooth: float = 0.0,
    *,
    reduction: Reduction = "image",
    empty: float = 1.0,
) -> Array:
    """Weighted Dice: the sum over classes of w_c dice_c. The question of 2019: w = 0.3, 0.7.

    Args:
        confusion: The four sums, (B, C), soft or hard.
        weights: One for each class, in the order of the channels; used as they are.
        smooth: Added above and below in each class, in pixels.
        reduction: "image" or "batch".
        empty: What 0 / 0 gives in a class.

    Returns:
        (B,) or a single value; best is the sum of the weights.

    Raises:
        ValueError: Not one weight for each class.

    Example:
        >>> import numpy as np
        >>> sums = Confusion(*np.array([[[60.0, 6.0]], [[0.0, 3.0]], [[40.0, 1.0]], [[0.0, 90.0]]]))
        >>> weighted_dice(sums, (0.5, 0.5)).round(4)
        array([0.75])
    """
    scores = dice(confusion, smooth, reduction=reduction, empty=empty)
    if scores.shape[-1] != len(weights):
        raise ValueError(
            f"weighted_dice needs one weight for each class. "
            f"Received: {len(weights)} weights for {scores.shape[-1]} classes."
        )
    return sum(weight * scores[..., c] for c, weight in enumerate(weights))


def _reduce(confusion: Confusion, reduction: Reduction) -> Confusion:
    """The sums as they are, or those of the batch."""
    if reduction == "image":
        return confusion
    if reduction == "batch":
        return confusion.pooled()
    raise ValueError(f"reduction must be 'image' or 'batch'. Received: {reduction!r}.")


def _ratio(above: Array, below: Array, empty: float) -> Array:
    """The quotient, and `empty` where below is 0, with a gradient that stays finite there."""
    ops = array_ops(above, below)
    nothing = ops.equal(below, 0)
    return ops.where(nothing, empty, above / ops.where(nothing, 1.0, below))
