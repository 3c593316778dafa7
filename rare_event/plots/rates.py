"""How often and how long an alarm sounds at every threshold: what is known without an event."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from rare_event.clock import TimeUnit, rate_of
from rare_event.config.labels import SCORE, ScoreLabel
from rare_event.judge.thresholds import OperatingPoints
from rare_event.plots.curves import mode_of, threshold_axis
from rare_event.plots.decimate import MOST_POINTS, extremes
from rare_event.plots.marks import add_threshold
from rare_event.plots.palette import COLOURS, style
from rare_event.text import capital


def alarm_rate_figure(
    points: OperatingPoints,
    threshold: float,
    *,
    part: str,
    unit: TimeUnit,
    score: ScoreLabel = SCORE,
    folds: int = 1,
) -> go.Figure:
    """Draw the number of alarms over the threshold: a rate, or a count in less than a day."""
    rated = rate_of(0, points.days) is not None
    values = points.false_alarms / (points.days if rated else 1.0)
    name = f"{capital(unit.false_alarms)} {unit.per_day if rated else f'in {unit.running(points.days)}'}"
    return _over_threshold(
        points, values, threshold, name, f"{part}: {name[0].lower()}{name[1:]}", score, folds
    )


def time_in_alarm_figure(
    points: OperatingPoints,
    threshold: float,
    *,
    part: str,
    unit: TimeUnit,
    score: ScoreLabel = SCORE,
    folds: int = 1,
) -> go.Figure:
    """Draw the share of the windows in which an alarm stands, over the threshold."""
    standing = points.tp + points.fp if points.standing is None else points.standing
    name = f"{'Rows' if unit.reason else 'Time'} in alarm"
    values = 100 * standing / (points.n_positive + points.n_normal)
    return _over_threshold(points, values, threshold, f"{name} (%)", f"{part}: {name.lower()}", score, folds)


def _over_threshold(
    points: OperatingPoints,
    values: np.ndarray,
    threshold: float,
    name: str,
    title: str,
    score: ScoreLabel,
    folds: int,
) -> go.Figure:
    figure = go.Figure()
    kept = extremes(values, MOST_POINTS)
    figure.add_scatter(
        x=points.threshold[kept],
        y=values[kept],
        mode=mode_of(len(kept)),
        marker={"color": COLOURS["alarm"]},
        line={"color": COLOURS["alarm"], "width": 2, "shape": "vh"},
        name=name,
        hovertemplate="%{y:.3~g}",
    )
    add_threshold(figure, threshold, (0.0, float(values.max(initial=0.0))), "x", folds)
    x = f"Threshold on the {score.name}<br>({score.unit})"
    style(figure, title=title, x=x, y=name, hovermode="x unified")
    figure.update_yaxes(rangemode="tozero")
    return threshold_axis(figure, points, threshold)
