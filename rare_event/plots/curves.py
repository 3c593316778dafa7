"""What every threshold would do: precision and recall, and the ROC curve."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from rare_event.clock import rate_of
from rare_event.config.labels import SCORE, ScoreLabel
from rare_event.judge.thresholds import OperatingPoints
from rare_event.plots.decimate import LIMIT, MOST_POINTS, corners, thin
from rare_event.plots.marks import add_threshold, note, threshold_name
from rare_event.plots.palette import COLOURS, MODELS, Role, distinct, plain, style
from rare_event.plots.scales import log_axis, long_tailed

# Errors have long tails: the axis ends where all but this share of the thresholds lie.
SHOWN = 0.995
NO_MODELS = "There are no models to compare yet."
NO_POSITIVES = "This part has no positive rows: recall is not defined."
ONE_CLASS = "This part has only one class: the ROC curve is not defined."
# Models differ in dash as well as in colour; dots are for chance.
DASHES = ("solid", "dash", "dashdot", "longdash", "longdashdot")
# Of the normal windows. Alarms of more than that are few only because they hardly ever stop.
MOST_IN_ALARM = 0.1
# A model that has no curve keeps its place in the legend.
NOWHERE = (np.full(1, np.nan), np.full(1, np.nan))
# Names of models are long: each may take a row of the legend.
HEIGHT, ROW_OF_LEGEND = 380, 19


def threshold_figure(
    points: OperatingPoints, threshold: float, *, part: str, score: ScoreLabel = SCORE, folds: int = 1
) -> go.Figure:
    """Draw precision and recall.

    Precision and recall at a threshold are of the windows with a score at or above it, so between
    two points both curves have the value of the higher one.
    """
    figure = go.Figure()
    kept = corners(points)
    curves: tuple[tuple[Role, np.ndarray], ...] = (
        ("precision", points.precision),
        ("recall", points.recall),
    )
    for role, values in curves:
        _add_curve(figure, role, points.threshold[kept], values[kept], "vh")
    add_threshold(figure, threshold, (0.0, 1.0), "x", folds)
    if not points.n_positive:
        note(figure, NO_POSITIVES)
    style(
        figure,
        title=f"{part}: precision and recall",
        x=f"Threshold on the {score.name}<br>({score.unit})",
        y="Precision, recall (share)",
        hovermode="x unified",
    )
    figure.update_yaxes(range=[-0.02, 1.02])
    return threshold_axis(figure, points, threshold)


def threshold_axis(figure: go.Figure, points: OperatingPoints, threshold: float) -> go.Figure:
    """Lay out an axis of thresholds, logarithmic for scores with a long tail."""
    low, high = _useful_range(points.threshold, threshold)
    if long_tailed(points.threshold, high) and low > 0:
        low, high = np.log10(low) - 0.02, np.log10(high) + 0.02
        figure.update_xaxes(**log_axis(high - low))
    else:
        pad = 0.02 * (high - low) or max(abs(high), 1.0) * 0.05
        low, high = low - pad, high + pad
    return figure.update_xaxes(range=[float(low), float(high)], hoverformat=".4~g")


def precision_recall_figure(
    points: OperatingPoints,
    threshold: float,
    *,
    part: str,
    average_precision: float | None,
    base_rate: float,
    folds: int = 1,
) -> go.Figure:
    """Draw precision over recall, with the operating point of the threshold."""
    figure = go.Figure()
    recall, precision, kept = points.recall, points.precision, corners(points)
    known = "" if average_precision is None else f", average precision {average_precision:.3f}"
    _add_curve(figure, "curve", recall[kept], precision[kept], "hv", f"precision–recall curve{known}")
    _add_chance(figure, (base_rate, base_rate), f"chance, precision {base_rate:.2g}")
    at = points.at(threshold)
    if not points.n_positive:
        note(figure, NO_POSITIVES)
    elif at < len(points):
        _add_operating_point(figure, recall[at], precision[at], threshold_name(threshold, folds))
    else:
        note(figure, "No window reaches the threshold: precision is not defined.")
    style(
        figure,
        title=f"{part}: precision–recall curve",
        x="Recall (share of positive rows)",
        y="Precision (share)",
    )
    figure.update_xaxes(range=[-0.02, 1.02])
    return figure.update_yaxes(rangemode="tozero")


def roc_figure(
    points: OperatingPoints, threshold: float, *, part: str, auc: float | None, folds: int = 1
) -> go.Figure:
    """Draw the ROC curve, with the operating point of the threshold and the line of chance."""
    figure = go.Figure()
    if points.n_positive and points.n_normal:
        known = "" if auc is None else f", AUC {auc:.3f}"
        _add_curve(figure, "curve", *_roc(points, MOST_POINTS), "linear", f"ROC curve{known}")
        at = points.at(threshold)
        fpr, tpr = np.append(points.false_positive_rate, 0.0), np.append(points.recall, 0.0)
        _add_operating_point(figure, fpr[at], tpr[at], threshold_name(threshold, folds))
    else:
        note(figure, ONE_CLASS)
    return _style_roc(figure, f"{part}: ROC curve")


def overlay_roc_figure(points: Mapping[str, OperatingPoints], *, part: str) -> go.Figure:
    """Draw the ROC curves of several models by name, at least one, with the line of chance."""
    figure = go.Figure()
    defined = {name: bool(model.n_positive and model.n_normal) for name, model in points.items()}
    for number, (name, model) in enumerate(points.items()):
        if defined[name]:
            # Of all points, not of those drawn.
            fpr, tpr = np.append(model.false_positive_rate, 0.0), np.append(model.recall, 0.0)
            curve = _roc(model, min(MOST_POINTS, LIMIT // len(points)))
            _add_model(figure, number, list(points), f"AUC {-np.trapezoid(tpr, fpr):.3f}", *curve, "linear")
        else:
            _add_model(figure, number, list(points), "one class only", *NOWHERE, "linear")
    if not any(defined.values()):
        note(figure, ONE_CLASS if points else NO_MODELS)
    _style_roc(figure, f"{part}: ROC curves")
    return figure.update_layout(height=HEIGHT + ROW_OF_LEGEND * len(points))


def overlay_alarms_figure(
    points: Mapping[str, OperatingPoints], *, part: str, most_per_day: float = 10.0
) -> go.Figure:
    """Draw the events each model catches as the budget of false alarms a day grows.

    The free-response curve (Bunch et al. 1977). At each budget the threshold is the one that the rule
    for false alarms per day chooses, but read on the part itself: an upper bound of what a threshold
    chosen beforehand catches. A part of less than a day has no curve. A curve ends where more than a
    tenth of the normal windows reach the threshold: alarms that hardly ever stop are few and catch
    everything, and warn of nothing.

    Parameters
    ----------
    points
        Operating points of each model, at least one, by name; about 8 models are still distinguishable.
    part
        Part of the data, for the title.
    most_per_day
        Where the axis ends, in false alarms per day of running time; above 0.
    """
    figure = go.Figure()
    n_events = {model.n_events for model in points.values()} - {0}
    # Shares can be compared where models were tried on different events; counts say more.
    counted = len(n_events) == 1
    for number, model in enumerate(points.values()):
        if model.n_events and rate_of(0, model.days) is None:
            too_short = (
                f"no rate ({'fewer than 1,000 rows' if model.time_unit.reason else 'less than a day'})"
            )
            _add_model(figure, number, list(points), too_short, *NOWHERE, "hv")
        elif model.n_events:
            budget, caught = _caught_at_budgets(model, most_per_day, LIMIT // len(points))
            share = caught if counted else caught / model.n_events
            _add_model(figure, number, list(points), "", budget, share, "hv")
        else:
            _add_model(figure, number, list(points), "no events", *NOWHERE, "hv")
    if not n_events:
        note(figure, "This part has no events." if points else NO_MODELS)
    unit = f"of {max(n_events):,}" if counted else "share"
    rows = any(model.time_unit.reason for model in points.values())
    machines = any(model.time_unit.machines for model in points.values())
    rate = "1,000 rows" if rows else "machine-day" if machines else "day of running time"
    style(
        figure,
        title=f"{part}: events caught at each false-alarm rate",
        x=f"False alarms per {rate}<br>(only thresholds with alarms in at most 10% of normal windows)",
        y=f"Largest number of events caught<br>({unit})",
        height=HEIGHT + ROW_OF_LEGEND * len(points),
    )
    figure.update_xaxes(range=[0, most_per_day])
    return figure.update_yaxes(rangemode="tozero")


def _useful_range(thresholds: np.ndarray, threshold: float) -> tuple[float, float]:
    low, high = float(np.quantile(thresholds, 1 - SHOWN)), float(np.quantile(thresholds, SHOWN))
    if not np.isfinite(threshold):
        return low, high
    return min(low, threshold), max(high, threshold)


def _roc(points: OperatingPoints, limit: int) -> tuple[np.ndarray, np.ndarray]:
    # Above the highest score nothing is called positive: the curve ends at the origin.
    kept = corners(points, limit - 1)
    return np.append(points.false_positive_rate[kept], 0.0), np.append(points.recall[kept], 0.0)


def _style_roc(figure: go.Figure, title: str) -> go.Figure:
    _add_chance(figure, (0.0, 1.0), "chance")
    style(
        figure,
        title=title,
        x="False positive rate<br>(share of normal rows)",
        y="Recall (share)",
    )
    figure.update_xaxes(range=[-0.02, 1.02])
    return figure.update_yaxes(range=[-0.02, 1.02])


def _caught_at_budgets(
    points: OperatingPoints, most_per_day: float, limit: int
) -> tuple[np.ndarray, np.ndarray]:
    """Budgets at which more events are caught, and how many; at the last budget once more."""
    # From the highest threshold down. Where alarms merge into few long ones the rate falls again, but
    # no budget below the highest rate before it pays for that.
    needed = np.maximum.accumulate(np.append(0.0, points.false_alarms_per_day[::-1]))
    paid = needed <= most_per_day
    stops = np.append(True, points.fp[::-1] <= MOST_IN_ALARM * points.n_normal)
    last = most_per_day if stops[paid].all() else needed[stops][-1]
    needed, caught = needed[paid & stops], np.append(0, points.caught[::-1])[paid & stops]
    rises = thin(np.flatnonzero(np.diff(caught, prepend=-1)), limit - 1)
    return np.append(needed[rises], last), np.append(caught[rises], caught[-1])


def _add_model(
    figure: go.Figure, number: int, names: list[str], about: str, x: np.ndarray, y: np.ndarray, shape: str
) -> None:
    """Draw the curve of one of several models, known by its number."""
    colour, dash = MODELS[number % len(MODELS)], DASHES[number % len(DASHES)]
    whole = plain(names[number])
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        line={"color": colour, "dash": dash, "width": 2, "shape": shape},
        name=f"{distinct(names)[number]}, {about}" if about else distinct(names)[number],
        # The legend may have cut the name off: hovering and the description have the whole one.
        meta=[whole, f"{whole}, {about}" if about else whole],
        hovertemplate="%{meta[0]}<br>%{x:.3~f}, %{y:.3~f}<extra></extra>",
    )


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
        mode=mode_of(int(defined.sum())),
        marker={"color": COLOURS[role]},
        line={"color": COLOURS[role], "width": 2, "shape": shape},
        name=name or role,
        hovertemplate=values,
    )


def mode_of(n_points: int) -> str:
    """Choose lines, which a browser draws quickly; one point alone makes no line."""
    return "lines" if n_points > 1 else "markers"


def _add_chance(figure: go.Figure, y: tuple[float, float], name: str) -> None:
    line = {"color": COLOURS["chance"], "dash": "dot", "width": 1.5}
    figure.add_scatter(x=[0.0, 1.0], y=list(y), mode="lines", line=line, name=name, hoverinfo="skip")


def _add_operating_point(figure: go.Figure, x: float, y: float, name: str) -> None:
    figure.add_scatter(
        x=[float(x)],
        y=[float(y)],
        mode="markers",
        marker={"color": COLOURS["threshold"], "size": 13, "symbol": "diamond"},
        name=name,
        hovertemplate="%{x:.3f}, %{y:.3f}",
    )
