"""Scores of a new file over time, with its alarms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rare_event.config.labels import SCORE, ScoreLabel
from rare_event.judge.scores import Scores
from rare_event.plots.decimate import LIMIT, thin
from rare_event.plots.errors import error_figure
from rare_event.plots.marks import ringed
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
    """Draw the score of every window of a new file over time, and the highest score of each alarm.

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
        figure.add_trace(
            go.Scatter(
                x=x[shown],
                y=y[shown],
                mode="markers",
                marker=ringed("alarm", "diamond-open", 12),
                name=plural(len(x), "alarm") + left_out,
                hovertemplate="alarm, highest score %{y:.4g}<extra></extra>",
            )
        )
    return figure


def _timed(scores: Scores, frame: pd.DataFrame) -> bool:
    return "time" in frame and not scores.time_unit.reason


def _peaks(scores: Scores, frame: pd.DataFrame, alarms: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return where the figure has the peak of each alarm, and the score there."""
    several = scores.asset is not None
    machine = frame["machine"] if several else pd.Series("", frame.index)
    timed = _timed(scores, frame)
    moment = frame["time"] if timed else machine.groupby(machine).cumcount()
    rows = pd.Series(np.arange(len(frame)), pd.MultiIndex.from_arrays([machine, moment]))
    rows = rows[~rows.index.duplicated()]
    of_alarm = alarms["machine"] if several else pd.Series("", alarms.index)
    found = rows.reindex(pd.MultiIndex.from_arrays([of_alarm, alarms["peak_at"]])).to_numpy(float)
    row = found[np.isfinite(found)].astype(np.int64)
    y_score = frame["score"].to_numpy()[row]
    if not several:
        return (frame["time"].to_numpy()[row] if timed else row), y_score
    # Several machines are drawn one after the other, by the place of their windows.
    windows = scores.row[np.isfinite(scores.y_score)]
    there = np.isin(row, windows)
    return np.searchsorted(windows, row[there]), y_score[there]
