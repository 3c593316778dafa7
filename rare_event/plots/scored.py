"""Scores of a new file over time, with its alarms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rare_event.config.labels import SCORE, ScoreLabel
from rare_event.judge.scores import Scores
from rare_event.plots.decimate import LIMIT, thin
from rare_event.plots.errors import error_figure
from rare_event.plots.marks import is_time, ringed
from rare_event.text import plural

# More alarms than this are one band.
MOST_ALARMS = LIMIT // 10


def scored_figure(
    scores: Scores,
    frame: pd.DataFrame,
    alarms: pd.DataFrame,
    *,
    name: str,
    threshold: float,
    trailing: bool = False,
    score: ScoreLabel = SCORE,
    labelled: bool = True,
) -> go.Figure:
    """Draw the score of every window of a new file over time, and the peak of each alarm.

    Parameters
    ----------
    scores
        Its scored windows.
    frame, alarms
        As in `Scored`.
    name
        Of the file, for the title.
    threshold
        Of the score.
    trailing
        Whether the threshold follows the scores; then `threshold` is not drawn.
    score
        What the scores are.
    labelled
        Whether the file says which windows are normal.
    """
    when = frame["time"].to_numpy()[scores.row] if _timed(scores, frame) else None
    limit = frame["threshold"].to_numpy()[scores.row] if trailing else None
    figure = error_figure(
        scores,
        np.nan if trailing else threshold,
        when=when,
        part=name,
        following=limit,
        score=score,
        labelled=labelled,
    )
    x, y = _peaks(scores, frame, alarms)
    shown = thin(np.arange(len(x)), MOST_ALARMS)
    if len(shown):
        left_out = f" ({len(shown):,} of {len(x):,} drawn)" if len(shown) < len(x) else ""
        trace = go.Scattergl if any(each.type == "scattergl" for each in figure.data) else go.Scatter
        figure.add_trace(
            trace(
                x=x[shown],
                y=y[shown],
                mode="markers",
                marker=ringed("alarm", "diamond-open", 12),
                name=plural(len(x), "alarm") + left_out,
                hovertemplate="alarm, peak %{y:.4g}<extra></extra>",
            )
        )
    return figure


def _timed(scores: Scores, frame: pd.DataFrame) -> bool:
    return "time" in frame and not scores.time_unit.reason


def _peaks(scores: Scores, frame: pd.DataFrame, alarms: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return where the figure has the peak of each alarm, and its height."""
    peak_at, peak = alarms["peak_at"].to_numpy(), alarms["peak"].to_numpy()
    if scores.asset is None:
        drawn = is_time(peak_at) == _timed(scores, frame)
        return (peak_at, peak) if drawn else (peak_at[:0], peak[:0])
    if not _timed(scores, frame):
        return peak_at[:0], peak[:0]
    # Several machines are drawn one after the other, by the place of their windows.
    finite = np.flatnonzero(np.isfinite(scores.y_score))
    windows = pd.MultiIndex.from_arrays(
        [scores.asset_names(finite), frame["time"].to_numpy()[scores.row[finite]]]
    )
    first = ~windows.duplicated()
    place = pd.Series(np.flatnonzero(first), windows[first])
    known = place.reindex(pd.MultiIndex.from_arrays([alarms["machine"], peak_at])).to_numpy()
    there = np.isfinite(known)
    return known[there].astype(np.int64), peak[there]
