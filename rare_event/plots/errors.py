"""Scores: over time, and their distribution by class."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from rare_event.config.labels import SCORE, ScoreLabel
from rare_event.judge.scores import Scores
from rare_event.plots.decimate import MOST_POINTS, decimate_classes, extremes, thin
from rare_event.plots.marks import add_steps, add_threshold, is_time, note, time_title
from rare_event.plots.palette import COLOURS, OPACITY, Role, faint, plain, style
from rare_event.plots.scales import log_axis, long_tailed
from rare_event.text import plural

BINS = 50
# More are drawn slowly, and no faster by WebGL where a computer has no graphics card.
MOST_MARKERS = 1000
# Positives large and solid, on top of small and faint normals.
MARKERS: dict[Role, dict[str, object]] = {
    "normal": {"color": COLOURS["normal"], "size": 4, "opacity": OPACITY},
    "positive": {"color": COLOURS["positive"], "size": 8, "opacity": OPACITY},
}
NOTHING = "This part has no scored windows."


def error_figure(
    scores: Scores,
    threshold: float,
    *,
    when: np.ndarray | None = None,
    part: str,
    following: np.ndarray | None = None,
    score: ScoreLabel = SCORE,
    labelled: bool = True,
    folds: int = 1,
) -> go.Figure:
    """Draw the score of every window over time, by class.

    Several machines share their times, and are drawn one after the other.

    Parameters
    ----------
    scores
        Scored windows of one part; may be empty.
    threshold
        A horizontal line.
    when
        Time of each window, datetime64 or numbers of rows, shape (n,); None draws over the row.
    part
        For the title.
    following
        Trailing threshold at each window, in the unit of the scores, shape (n,); None draws none.
    score
        What the scores are.
    labelled, folds
        Whether the file says which windows are normal; of how many folds the threshold is the median.
    """
    times = scores.row if when is None else np.asarray(when)
    finite = np.flatnonzero(np.isfinite(scores.y_score))
    y_score, positive = scores.y_score[finite], scores.y_true[finite] == 1
    machine = None if scores.asset is None else scores.asset[finite]
    x = times[finite] if machine is None else np.arange(len(finite))
    kept = decimate_classes(y_score, positive, threshold, MOST_MARKERS)
    figure = go.Figure()
    groups: tuple[tuple[Role, np.ndarray], ...] = (("normal", ~positive), ("positive", positive))
    for role, mine in groups:
        shown = kept[mine[kept]]
        left_out = f" ({len(shown):,} of {mine.sum():,} drawn)" if len(shown) < mine.sum() else ""
        name = role if labelled else "window"
        _add_markers(figure, role, name, x[shown], y_score[shown], left_out)
        if machine is not None and len(shown):
            _say_machine(figure.data[-1], name, machine[shown], times[finite][shown], scores.assets)
    if len(kept):
        add_threshold(figure, threshold, (x.min(), x.max()), "y", folds)
        if following is not None:
            _add_following(figure, x, following[finite], machine, np.isfinite(threshold))
    else:
        note(figure, NOTHING)
    along = "Row number" if when is None else time_title(times)
    style(figure, title=f"{part}: {score.name} over time", x=along, y=score.axis, height=470)
    if machine is not None:
        _name_machines(figure, machine, scores.assets)
    logarithmic = _logarithmic(y_score, threshold)
    return figure.update_yaxes(**log_axis(_decades(y_score))) if logarithmic else figure


def score_histogram_figure(
    scores: Scores, threshold: float, part: str, score: ScoreLabel = SCORE
) -> go.Figure:
    """Draw how the scores of either class are distributed; each class adds up to 100%."""
    finite = np.isfinite(scores.y_score)
    y_score, y_true = scores.y_score[finite], scores.y_true[finite]
    logarithmic = _logarithmic(y_score, threshold)
    edges = _edges(y_score, logarithmic)
    figure = go.Figure()
    highest = 0.0
    groups: tuple[tuple[Role, int], ...] = (("normal", 0), ("positive", 1))
    for role, label in groups:
        mine = y_score[y_true == label]
        if len(mine):
            share = 100 * np.histogram(mine, edges)[0] / len(mine)
            highest = max(highest, float(share.max()))
            hover = f"score from %{{x:.4g}}: %{{y:.2f}}% of {role} windows<extra></extra>"
            named = {"name": f"{role}, {plural(len(mine), 'window')}", "hovertemplate": hover}
            add_steps(figure, role, edges, share, fillcolor=faint(role, 0.25), **named)
    if len(y_score):
        add_threshold(figure, threshold, (0.0, highest), "x")
    else:
        note(figure, NOTHING)
    style(
        figure,
        title=f"{part}: distribution of the {score.name}",
        x=score.axis,
        y="Windows of the class (%)",
    )
    figure.update_yaxes(rangemode="tozero")
    return figure.update_xaxes(**log_axis(_decades(y_score))) if logarithmic else figure


def _logarithmic(y_score: np.ndarray, threshold: float) -> bool:
    # A threshold of 0 or less has no place on a logarithmic axis.
    return long_tailed(y_score) and threshold > 0


def _decades(y_score: np.ndarray) -> float:
    return float(np.log10(y_score.max()) - np.log10(y_score.min()))


def _edges(y_score: np.ndarray, logarithmic: bool) -> np.ndarray:
    if not len(y_score):
        return np.array([0.0, 1.0])
    if not logarithmic:
        return np.histogram_bin_edges(y_score, BINS)
    edges = np.geomspace(y_score.min(), y_score.max(), BINS + 1)
    # Rounding must not push the extremes out of the outermost bins.
    edges[0], edges[-1] = y_score.min(), y_score.max()
    return edges


def _hover(of: str, times: np.ndarray) -> str:
    return f"%{{{of}|%Y-%m-%d %H:%M}}" if is_time(times) else f"%{{{of}:,}}"


def _add_markers(
    figure: go.Figure, role: Role, name: str, x: np.ndarray, y: np.ndarray, left_out: str
) -> None:
    if not len(x):
        return
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="markers",
            marker=MARKERS[role],
            name=name + left_out,
            hovertemplate=f"{_hover('x', x)}<br>score %{{y:.4g}}, {name}<extra></extra>",
        )
    )


def _say_machine(
    markers: go.Scatter,
    name: str,
    machine: np.ndarray,
    times: np.ndarray,
    names: tuple[str, ...],
) -> None:
    where = f"%{{text}}, {_hover('customdata', times)}"
    markers.update(
        text=[plain(names[number]) for number in machine],
        customdata=times,
        hovertemplate=f"{where}<br>score %{{y:.4g}}, {name}<extra></extra>",
    )


def _add_following(
    figure: go.Figure, x: np.ndarray, following: np.ndarray, machine: np.ndarray | None, other: bool
) -> None:
    """Draw a trailing threshold; where another one decides, it is there for comparison."""
    # As for the fixed threshold: 0 or less has no place on a logarithmic axis.
    known = np.flatnonzero(np.isfinite(following) & (following > 0))
    if not len(known):
        return
    kept = known[extremes(following[known], MOST_POINTS)]
    shown_x, shown_y = x[kept], following[kept]
    if machine is not None:
        # No line joins the limits of two machines.
        first = np.flatnonzero(np.diff(machine[kept])) + 1
        shown_x, shown_y = np.insert(shown_x, first, shown_x[first]), np.insert(shown_y, first, np.nan)
    figure.add_trace(
        go.Scatter(
            x=shown_x,
            y=shown_y,
            mode="lines" if len(shown_x) > 1 else "markers",
            line={"color": COLOURS["trailing threshold"], "width": 2.5},
            marker={"color": COLOURS["trailing threshold"]},
            name=f"trailing threshold{', for comparison' if other else ''}",
            hovertemplate="%{y:.4g}",
        )
    )


def _name_machines(figure: go.Figure, machine: np.ndarray, names: tuple[str, ...]) -> None:
    """Name the machines below their windows, with a line between two of them."""
    first = np.flatnonzero(np.diff(machine, prepend=-1))
    middle = (first + np.append(first[1:], len(machine)) - 1) / 2
    labelled = thin(np.arange(len(first)), 20)
    figure.update_xaxes(
        title="Each machine over time",
        tickvals=middle[labelled],
        ticktext=[plain(names[number]) for number in machine[first[labelled]]],
        showgrid=False,
    )
    for start in first[1:].tolist():
        figure.add_vline(start - 0.5, line={"color": COLOURS["other"], "width": 1})
