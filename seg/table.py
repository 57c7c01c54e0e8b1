"""The numbers of one case as rows, one for each foreground class: what every table is made of."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from seg import scores
from seg.cases import Case
from seg.confusion import hard
from seg.errors import DataError
from seg.surface import surface_distances

ASSUMED_MM = (1.0, 1.0)  # a pixel's size where nobody knows it; said in the row

Row = dict[str, Any]


def case_rows(
    case: Case, mask_pred: np.ndarray, class_names: Sequence[str], *, surfaces: bool = True
) -> list[Row]:
    """Scores of a prediction against a case's mask.

    Args:
        case: With its mask; without one only the prediction's area is known, the rest is NaN.
        mask_pred: (H, W) uint8 class indices.
        class_names: Of the foreground classes, 1 first.
        surfaces: Whether to compute the boundary distances too, the dearest part.

    Returns:
        A row for each class: case, id, class, dice, iou, sensitivity, precision, hausdorff_95_mm,
        area_mm2, area_true_mm2, area_px, area_true_px, one_empty, spacing_mm. Where the spacing is
        not known a pixel counts as 1 mm, and `spacing_mm` ends in "assumed".

    Empty masks: see each score; with one mask empty a boundary distance is the image
        diagonal, and `one_empty` says so.

    Raises:
        DataError: Prediction and image differ in size.
    """
    if mask_pred.shape != (case.image.height, case.image.width):
        raise DataError(
            f"The prediction for case {case.id} has another size than its image. Expected "
            f"{case.image.height} x {case.image.width}. Received: {mask_pred.shape}."
        )
    return [
        _row(case, mask_pred == index, index, name, surfaces)
        for index, name in enumerate(class_names, 1)
    ]


def _row(case: Case, predicted: np.ndarray, index: int, name: str, surfaces: bool) -> Row:
    """The row of one class."""
    spacing_mm = case.spacing_mm or ASSUMED_MM
    pixel_mm2 = spacing_mm[0] * spacing_mm[1]
    area_px = int(predicted.sum())
    row: Row = {
        "case": case.name,
        "id": case.id,
        "class": name,
        **dict.fromkeys(("dice", "iou", "sensitivity", "precision"), float("nan")),
        "hausdorff_95_mm": float("nan"),
        "area_mm2": area_px * pixel_mm2,
        "area_true_mm2": float("nan"),
        "area_px": area_px,
        "area_true_px": None,
        "one_empty": False,
        "spacing_mm": f"{spacing_mm[0]:g} x {spacing_mm[1]:g}"
        + ("" if case.spacing_mm else " assumed"),
    }
    if case.mask is None:
        return row
    truth = case.mask.labels == index
    sums = hard(truth[None, ..., None], predicted[None, ..., None])
    area_true_px = int(truth.sum())
    row |= {
        "dice": float(scores.dice(sums)[0, 0]),
        "iou": float(scores.iou(sums)[0, 0]),
        "sensitivity": float(scores.sensitivity(sums)[0, 0]),
        "precision": float(scores.precision(sums)[0, 0]),
        "area_true_mm2": area_true_px * pixel_mm2,
        "area_true_px": area_true_px,
    }
    row["one_empty"] = (area_px == 0) != (area_true_px == 0)
    if surfaces:
        row["hausdorff_95_mm"] = surface_distances(truth, predicted, spacing_mm).hausdorff_95()
    return row
