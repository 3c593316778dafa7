"""What every threshold would do: precision and recall, and the ROC curve."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from rare_event.judge.thresholds import OperatingPoints
from rare_event.plots.decimate import MOST_POINTS, corners
from rare_event.plots.marks import add_threshold, note, threshold_name
from rare_event.plots.palette import COLOURS, SCORE_UNIT, TRANSPARENT, Role, style
from rare_event.plots.scales import log_axis, long_tailed

# Errors have long tails: the axis ends where all but this share of the thresholds lie.
SHOWN = 0.995
NO_POSITIVES = "This part has no positives: recall is not defined."
# Plotly reports clicks only on markers. These cannot be seen, not even where thousands overlap.
CLICKABLE = {"color": TRANSPARENT, "size": 8}


def threshold_figure(
    points: OperatingPoints, threshold: float, *, part: str, unit: str = SCORE_UNIT
) -> go.Figure:
    """Draw precision and recall over the threshold.

    Precision and recall at a threshold are of the windows with a score at or above it, so between
    two points both curves have the value of the higher one.

    Parameters
    ----------
    points
        Operating points, at least one.
    threshold
        In use; a vertical line.
    part
        Part of the data, for the title.
    unit
        Unit of the scores.
    """
    figure = go.Figure()
    kept = corners(points)
    curves: tuple[tuple[Role, np.ndarray], ...] = (
        ("precision", points.precision),
        ("recall", points.recall),
    )
    for role, values in curves:
        _add_curve(figure, role, points.threshold[kept], values[kept], "vh")
    add_threshold(figure, threshold, (0.0, 1.0), "x")
    if not points.n_positive:
        note(figure, NO_POSITIVES)
    style(
        figure,
        title=f"{part}: precision and recall over the threshold",
        x=f"Threshold on the reconstruction error ({unit})",
        y="Precision, recall (share)",
        hovermode="x unified",
    )
    figure.update_yaxes(range=[-0.02, 1.02])
    low, high = _useful_range(points.threshold, threshold)
    if long_tailed(points.threshold, high) and low > 0:
        low, high = np.log10(low) - 0.02, np.log10(high) + 0.02
        figure.update_xaxes(**log_axis(high - low))
    else:
        pad = 0.02 * (high - low) or max(abs(high), 1.0) * 0.05
        low, high = low - pad, high + pad
    figure.update_xaxes(range=[float(low), float(high)], hoverformat=".4~g")
    return figure


def precision_recall_figure(
    points: OperatingPoints,
    threshold: float,
    *,
    part: str,
    average_precision: float | None,
    base_rate: float,
) -> go.Figure:
    """Draw precision over recall, with the operating point of the threshold.

    Parameters
    ----------
    points
        Operating points, at least one.
    threshold
        In use.
    part
        Part of the data, for the title.
    average_precision
        Of the curve; None where the part has one class only.
    base_rate
        Share of positives: the precision of an alarm by chance.
    """
    figure = go.Figure()
    recall, precision, kept = points.recall, points.precision, corners(points)
    known = "" if average_precision is None else f", average precision {average_precision:.3f}"
    _add_curve(figure, "curve", recall[kept], precision[kept], "hv", f"precision over recall{known}")
    _add_chance(figure, (base_rate, base_rate), f"chance, precision {base_rate:.2%}")
    at = points.at(threshold)
    if not points.n_positive:
        note(figure, NO_POSITIVES)
    elif at < len(points):
        _add_operating_point(figure, recall[at], precision[at], threshold)
    else:
        note(figure, "No window reaches the threshold: precision is not defined.")
    style(
        figure,
        title=f"{part}: precision over recall",
        x="Recall (share of the positives)",
        y="Precision (share)",
    )
    figure.update_xaxes(range=[-0.02, 1.02])
    return figure.update_yaxes(rangemode="tozero")


def roc_figure(points: OperatingPoints, threshold: float, *, part: str, auc: float | None) -> go.Figure:
    """Draw the ROC curve, with the operating point of the threshold and the line of chance.

    Parameters
    ----------
    points
        Operating points, at least one.
    threshold
        In use.
    part
        Part of the data, for the title.
    auc
        Area under the curve; None where the part has one class only.
    """
    figure = go.Figure()
    kept = corners(points, MOST_POINTS - 1)
    # Above the highest score nothing is called positive: the curve ends at the origin.
    false_positive_rate = np.append(points.false_positive_rate[kept], 0.0)
    recall = np.append(points.recall[kept], 0.0)
    if points.n_positive and points.n_normal:
        known = "" if auc is None else f", area {auc:.3f}"
        _add_curve(figure, "curve", false_positive_rate, recall, "linear", f"ROC curve{known}")
        at = points.at(threshold)
        fpr, tpr = np.append(points.false_positive_rate, 0.0), np.append(points.recall, 0.0)
        _add_operating_point(figure, fpr[at], tpr[at], threshold)
    else:
        note(figure, "This part has one class only: the ROC curve is not defined.")
    _add_chance(figure, (0.0, 1.0), "chance")
    style(
        figure,
        title=f"{part}: ROC curve",
        x="False positive rate (share of the normals)",
        y="Recall (share of the positives)",
    )
    figure.update_xaxes(range=[-0.02, 1.02])
    return figure.update_yaxes(range=[-0.02, 1.02])


def _useful_range(thresholds: np.ndarray, threshold: float) -> tuple[float, float]:
    low, high = float(np.quantile(thresholds, 1 - SHOWN)), float(np.quantile(thresholds, SHOWN))
    if not np.isfinite(threshold):
        return low, high
    return min(low, threshold), max(high, threshold)


def _add_curve(
    figure: go.Figure, role: Role, x: np.ndarray, y: np.ndarray, shape: str, name: str | None = None
) -> None:
    defined = np.isfinite(x) & np.isfinite(y)
    if not defined.any():
        return
    values = "%{y:.3f}" if name is None else "%{x:.3f}, %{y:.3f}<extra></extra>"
    figure.add_scatter(
        x=x[defined],
        y=y[defined],
        mode="lines+markers",
        marker=CLICKABLE,
        line={"color": COLOURS[role], "width": 2, "shape": shape},
        name=name or role,
        hovertemplate=values,
    )


def _add_chance(figure: go.Figure, y: tuple[float, float], name: str) -> None:
    line = {"color": COLOURS["chance"], "dash": "dot", "width": 1.5}
    figure.add_scatter(x=[0.0, 1.0], y=list(y), mode="lines", line=line, name=name, hoverinfo="skip")


def _add_operating_point(figure: go.Figure, x: float, y: float, threshold: float) -> None:
    figure.add_scatter(
        x=[float(x)],
        y=[float(y)],
        mode="markers",
        marker={"color": COLOURS["threshold"], "size": 13, "symbol": "diamond"},
        name=threshold_name(threshold),
        hovertemplate="%{x:.3f}, %{y:.3f}",
    )
