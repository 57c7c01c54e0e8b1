"""The losses a network trains under: `seg.scores` on soft sums, as Keras losses."""

from typing import Any

import keras

from seg import scores
from seg.confusion import soft


class TverskyLoss(keras.losses.Loss):
    """Tversky loss: 1 - TP / (TP + alpha FP + beta FN), for each image and class, then the mean.

    Unlike `keras.losses.Tversky` (3.15): alpha weighs false positives as its paper says, images are
    not pooled, and an empty mask predicted empty costs nothing where smooth is above 0.

    Args:
        alpha: Cost of a false positive, >= 0; a number, or a variable that may change while
            training.
        beta: Cost of a false negative, >= 0; likewise.
        smooth: Added above and below, in pixels.
        reduction: "image" (the default) or "batch": when the images meet.
        name: As in Keras.

    Returns (call):
        (B,) for "image", a scalar for "batch"; 0 is best.

    Example:
        >>> import numpy as np
        >>> y_true = np.array([1.0, 1.0, 0.0, 0.0], "float32").reshape(1, 2, 2, 1)
        >>> y_pred = np.array([1.0, 0.0, 0.5, 0.0], "float32").reshape(1, 2, 2, 1)
        >>> round(float(TverskyLoss(alpha=1.0, beta=0.5, smooth=0.0)(y_true, y_pred)), 4)
        0.5

    Reference: Salehi et al. 2017, Tversky loss function for image segmentation.
    """

    def __init__(
        self,
        alpha: Any = 0.3,
        beta: Any = 0.7,
        smooth: float = 1.0,
        reduction: scores.Reduction = "image",
        name: str = "tversky",
    ) -> None:
        super().__init__(name=name, reduction="mean")
        self.alpha = alpha
        self.beta = beta
        self.smooth = smooth
        self.pooling = reduction

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of a batch, (B, H, W, C) each."""
        index = scores.tversky(
            soft(y_true, y_pred), self.alpha, self.beta, self.smooth, reduction=self.pooling
        )
        return keras.ops.mean(1 - index, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Plain numbers; a variable is stored as its value now."""
        return {
            "alpha": float(self.alpha),
            "beta": float(self.beta),
            "smooth": self.smooth,
            "reduction": self.pooling,
            "name": self.name,
        }
