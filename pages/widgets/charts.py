"""Charts that pages share: Plotly, quiet, in the colours of the image."""

from typing import TYPE_CHECKING

from seg import scores
from seg.confusion import Confusion
from seg.export.colours import BLUE
from seg.thresholds import THRESHOLDS, best_threshold, nearest

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

GREY = "#8a9096"  # no colour of the image: sensitivity is neither a hit nor a false alarm
CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}


def threshold_chart(sums: Confusion, threshold: float) -> "Figure":
    """Dice, sensitivity and precision over the threshold, the best and the chosen one marked.

    Args:
        sums: (101,) of one case and class, at `THRESHOLDS`.
        threshold: The one in force, 0..1.
    """
    import plotly.graph_objects as go

    dice = scores.dice(sums)
    best = best_threshold(dice)
    figure = go.Figure()
    lines = (
        ("Dice", dice, BLUE, 2.5, "solid"),
        ("Sensitivity", scores.sensitivity(sums), GREY, 1.5, "dash"),
        ("Precision", scores.precision(sums), GREY, 1.5, "dot"),
    )
    for name, values, colour, width, dash in lines:
        figure.add_scatter(
            x=THRESHOLDS,
            y=values,
            name=name,
            mode="lines",
            line={"color": colour, "width": width, "dash": dash},
            hovertemplate=f"{name} %{{y:.3f}} at %{{x:.2f}}<extra></extra>",
        )
    figure.add_scatter(
        x=[best],
        y=[dice[nearest(best)]],
        name=f"Best here: {best:.2f}",
        mode="markers",
        marker={"color": BLUE, "size": 9, "symbol": "diamond"},
        hovertemplate=f"Best Dice %{{y:.3f}} at {best:.2f}<extra></extra>",
    )
    figure.add_vline(x=threshold, line={"color": GREY, "width": 1})
    figure.update_layout(
        height=250,
        margin={"l": 8, "r": 8, "t": 34, "b": 8},
        title={"text": "What another threshold would give on this case", "font": {"size": 13}},
        legend={"orientation": "h", "y": -0.32, "font": {"size": 11}},
        xaxis={"title": "Threshold", "range": [0, 1], "dtick": 0.25},
        yaxis={"range": [0, 1.02], "dtick": 0.25},
        hovermode="x unified",
        uirevision="threshold",
    )
    return figure
