"""The four sums every overlap score and loss is made of: TP, FP, FN, TN.

Each image and class has four sums, soft (from probabilities) or hard (after a threshold). The same
functions serve NumPy arrays and Keras tensors; Keras is imported only when a tensor arrives.
"""

from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

Array = Any  # a NumPy array or a Keras tensor of any backend


class Confusion(NamedTuple):
    """True positives, false positives, false negatives, true negatives, in pixels.

    Four arrays of one shape: (B, C) from `soft` and `hard`, (C,) after `pooled`. All >= 0; they
    add up to the number of pixels of an image.
    """

    tp: Array
    fp: Array
    fn: Array
    tn: Array

    def pooled(self) -> "Confusion":
        """The sums of the whole batch, (..., C): the images' sums added up.

        Example:
            >>> Confusion(*np.ones((4, 2, 3))).pooled().tp
            array([2., 2., 2.])
        """
        ops = array_ops(self.tp)
        return Confusion(*(ops.sum(part, axis=-2) for part in self))


def soft(y_true: Array, y_prob: Array) -> Confusion:
    """Soft sums: a pixel with truth t and probability p adds t p to TP, (1 - t) p to FP, and so on.

    Args:
        y_true: (B, H, W, C), or (B, D, H, W, C) and so on: truth in 0..1, any number type.
        y_prob: Same shape: probabilities in 0..1.

    Returns:
        Sums of shape (B, C): float64 for NumPy, float32 for tensors.

    Empty masks: an empty truth has tp = fn = 0; nothing is added or smoothed here.

    Raises:
        ValueError: The shapes differ, or there is no axis between batch and class.

    Example:
        >>> y_true = np.array([1.0, 1.0, 0.0, 0.0]).reshape(1, 2, 2, 1)
        >>> y_prob = np.array([0.75, 0.5, 0.5, 0.0]).reshape(1, 2, 2, 1)
        >>> [float(part[0, 0]) for part in soft(y_true, y_prob)]
        [1.25, 0.5, 0.75, 1.5]
    """
    _check_shapes(y_true, y_prob)
    ops = array_ops(y_true, y_prob)
    dtype = "float64" if ops is np else "float32"
    return _sums(ops, _cast(ops, y_true, dtype), _cast(ops, y_prob, dtype))


def hard(y_true: Array, y_prob: Array, threshold: float = 0.5) -> Confusion:
    """Hard sums: a pixel is predicted where its probability is >= threshold.

    Each class is cut by itself. Where classes exclude one another, make the decision first
    (`seg.predict.decide`) and hand in its one-hot form.

    Args:
        y_true: (B, H, W, C), or (B, D, H, W, C) and so on: truth; >= 0.5 counts as 1.
        y_prob: Same shape: probabilities in 0..1, or a one-hot or bool mask.
        threshold: In 0..1; a probability equal to it counts as predicted.

    Returns:
        Whole-numbered sums of shape (B, C): float64 for NumPy, float32 for tensors.

    Raises:
        ValueError: The shapes differ, or there is no axis between batch and class.

    Example:
        >>> y_true = np.array([1.0, 1.0, 0.0, 0.0]).reshape(1, 2, 2, 1)
        >>> y_prob = np.array([0.75, 0.25, 0.5, 0.0]).reshape(1, 2, 2, 1)
        >>> [float(part[0, 0]) for part in hard(y_true, y_prob)]
        [1.0, 1.0, 1.0, 1.0]
    """
    _check_shapes(y_true, y_prob)
    threshold = float(threshold)  # a NumPy float64 would widen float32, and cut it elsewhere
    ops = array_ops(y_true, y_prob)
    if ops is np:
        return _counts(np.asarray(y_true), np.asarray(y_prob), threshold)
    truth = _cast(ops, ops.greater_equal(_cast(ops, y_true, "float32"), 0.5), "float32")
    mask = _cast(ops, ops.greater_equal(_cast(ops, y_prob, "float32"), threshold), "float32")
    return _sums(ops, truth, mask)


def array_ops(*arrays: Array) -> ModuleType:
    """`numpy` where all arrays are NumPy's (or plain numbers), else `keras.ops`."""
    if all(isinstance(array, (np.ndarray, np.generic, float, int)) for array in arrays):
        return np
    from keras import ops

    return ops


def _sums(ops: ModuleType, truth: Array, prob: Array) -> Confusion:
    """The four sums over all axes but the first and the last."""
    axes = tuple(range(1, len(truth.shape) - 1))
    return Confusion(
        tp=ops.sum(truth * prob, axis=axes),
        fp=ops.sum((1 - truth) * prob, axis=axes),
        fn=ops.sum(truth * (1 - prob), axis=axes),
        tn=ops.sum((1 - truth) * (1 - prob), axis=axes),
    )


def _counts(y_true: np.ndarray, y_prob: np.ndarray, threshold: float) -> Confusion:
    """The four sums of two cut masks, by counting: no float image is made."""
    truth = y_true if y_true.dtype == bool else y_true >= 0.5
    mask = y_prob if y_prob.dtype == bool else y_prob >= threshold
    axes = tuple(range(1, truth.ndim - 1))
    tp = np.sum(truth & mask, axis=axes, dtype=np.float64)
    fp = np.sum(mask, axis=axes, dtype=np.float64) - tp
    fn = np.sum(truth, axis=axes, dtype=np.float64) - tp
    pixels = float(np.prod(truth.shape[1:-1]))
    return Confusion(tp, fp, fn, pixels - tp - fp - fn)


def _cast(ops: ModuleType, array: Array, dtype: str) -> Array:
    """The array as dtype, in NumPy or Keras."""
    return np.asarray(array, dtype) if ops is np else ops.cast(array, dtype)


def _check_shapes(y_true: Array, y_prob: Array) -> None:
    """Refuse shapes that would broadcast or that have nothing to sum over."""
    if len(y_true.shape) < 3 or len(y_true.shape) != len(y_prob.shape):
        raise ValueError(
            f"y_true and y_prob must both be (B, H, W, C). "
            f"Received: {tuple(y_true.shape)} and {tuple(y_prob.shape)}."
        )
    pairs = zip(y_true.shape, y_prob.shape, strict=True)
    if any(a is not None and b is not None and a != b for a, b in pairs):
        raise ValueError(
            f"y_true and y_prob must have one shape. "
            f"Received: {tuple(y_true.shape)} and {tuple(y_prob.shape)}."
        )
