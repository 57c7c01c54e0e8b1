"""A run's recorded rows as the series of its charts: bounded, whatever the run's length.

    curves = Curves()
    view = curves.view(store, run_id)       # reads what is new since the last call
    view.steps["loss"], view.epochs["dice_hard_image"]

Rows are read by cursor and turned into numbers a chunk at a time; what is kept is a few
hundred spans of steps with the mean, least and greatest of every series. NumPy only: neither Keras
nor Streamlit.
"""

from seg.curves.curve import Curve, View
from seg.curves.differences import Difference, differences
from seg.curves.drawing import Axis, Kind, envelope, iso_dice, smoothed
from seg.curves.held import Curves
from seg.curves.marks import Mark, marks, plain
from seg.curves.pictures import picture_dice
from seg.curves.progress import Progress, Share, moved, part_names, progress, shares
from seg.curves.thin import Table, Thinned
from seg.curves.turns import Turned, schedules, turned
from seg.curves.values import DICE, Layout

__all__ = [
    "DICE",
    "Axis",
    "Curve",
    "Curves",
    "Difference",
    "Kind",
    "Layout",
    "Mark",
    "Progress",
    "Share",
    "Table",
    "Thinned",
    "Turned",
    "View",
    "differences",
    "envelope",
    "iso_dice",
    "marks",
    "moved",
    "part_names",
    "picture_dice",
    "plain",
    "progress",
    "schedules",
    "shares",
    "smoothed",
    "turned",
]
