"""The one formula of every loss here, on the four sums: NumPy for the page, Keras for training.

    head = mean over images of sum_c w_c (1 - TI_c)^gamma  +  v CE
    TI_c = (TP + s) / (TP + alpha FP + beta FN + s)
    loss = sum_h weight_h head_h + L2

Dice, Tversky, focal Tversky and the weighted Dice of 2019 are numbers put into it, so a recorded
run can be read again under any of them. Dice as everybody writes it, smoothed by 1, is
alpha = beta = s = 1/2.
"""

from collections.abc import Sequence
from typing import NamedTuple

from seg import scores
from seg.confusion import Array, Confusion, array_ops
from seg.scores import Reduction


class Costs(NamedTuple):
    """What can be turned while a run trains, but for the heads' weights.

    Numbers; Keras variables in the training; (S,) for sums of S steps.

    Attributes:
        alpha: Cost of a false positive, >= 0.
        beta: Cost of a false negative, >= 0.
        gamma: Exponent of the focal form, > 0; 1 is the plain loss.
    """

    alpha: Array = 0.5
    beta: Array = 0.5
    gamma: Array = 1.0


class Terms(NamedTuple):
    """What stays as it is during a run.

    Attributes:
        class_weights: One for each channel of the network, used as they are.
        smooth: In pixels, added above and below.
        cross_entropy: Weight of the cross-entropy, a mean over pixels; 0 leaves it out.
        reduction: When the images of a batch meet: "image" or "batch".
    """

    class_weights: Sequence[float]
    smooth: float = 1.0
    cross_entropy: float = 0.0
    reduction: Reduction = "image"


class HeadParts(NamedTuple):
    """The parts of heads' losses; they add up to them.

    Attributes:
        classes: (..., C) each class's share, its weight within.
        cross_entropy: (...) its share, its weight within.
    """

    classes: Array
    cross_entropy: Array

    @property
    def total(self) -> Array:
        """The heads' losses, (...)."""
        return array_ops(self.classes).sum(self.classes, axis=-1) + self.cross_entropy


def head_parts(sums: Array, costs: Costs, terms: Terms) -> HeadParts:
    """What each class and the cross-entropy contribute to the losses of heads.

    Args:
        sums: (..., B, C, 5): soft TP, FP, FN, TN and the cross-entropy's sum in nats, of each image
            and class; leading axes may be heads, and steps.
        costs: alpha, beta, gamma; where they differ from step to step, (S,) along the first axis.
        terms: Weights, smoothing, reduction.

    Returns:
        Shares (..., C) and (...); 0 is best.

    Raises:
        ValueError: Not one weight for each class.

    Example:
        >>> import numpy as np
        >>> sums = np.array([[[6.0, 2.0, 4.0, 88.0, 20.0]]])  # one image, one class
        >>> parts = head_parts(sums, Costs(0.5, 0.25), Terms((1.0,), 0.0, 0.5))
        >>> [round(float(part), 3) for part in (parts.classes[0], parts.cross_entropy, parts.total)]
        [0.25, 0.1, 0.35]
    """
    if sums.shape[-2] != len(terms.class_weights):
        raise ValueError(
            f"head_parts needs one weight for each class. "
            f"Received: {len(terms.class_weights)} weights for {sums.shape[-2]} classes."
        )
    ops = array_ops(sums)
    pooled = terms.reduction == "batch"
    confusion = Confusion(*(sums[..., part] for part in range(4)))
    costs = Costs(*(_along_first(cost, sums.ndim - 1 - pooled) for cost in costs))
    missing = scores.focal_tversky(confusion, *costs, terms.smooth, reduction=terms.reduction)
    if not pooled:
        missing = ops.mean(missing, axis=-2)  # (..., C)
    shares = [weight * missing[..., c] for c, weight in enumerate(terms.class_weights)]
    return HeadParts(ops.stack(shares, axis=-1), terms.cross_entropy * mean_cross_entropy(sums))


def mean_cross_entropy(sums: Array) -> Array:
    """Cross-entropy of heads in nats: over classes the sum, over pixels and images the mean.

    Args:
        sums: (..., B, C, 5), as in `head_parts`.

    Returns:
        (...); 0 is best.
    """
    ops = array_ops(sums)
    pixels = ops.sum(sums[..., 0, :4], axis=-1)  # (..., B): any class has them all
    return ops.mean(ops.sum(sums[..., 4], axis=-1) / pixels, axis=-1)


def _along_first(cost: Array, ndim: int) -> Array:
    """A cost for each step, (S,), so that it broadcasts against (S, ...); others as they are."""
    shape = getattr(cost, "shape", ())
    return cost.reshape((-1,) + (1,) * (ndim - 1)) if len(shape) == 1 else cost
