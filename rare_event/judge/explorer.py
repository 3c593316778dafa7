"""What the threshold explorer shows: a bounded number of columns, whatever the size of the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rare_event.config import AlarmPolicy
from rare_event.judge.alarms import alarm_level
from rare_event.judge.operating_intervals import intervals, lead_figures, leads_at
from rare_event.judge.operating_load import load_columns
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import OperatingPoints, operating_points

MOST_COLUMNS = 2000
BINS = 60


def display_points(
    points: OperatingPoints, keep: tuple[float, ...] = (), limit: int = MOST_COLUMNS
) -> np.ndarray:
    """Choose the points to draw: every one where an event is won or lost, the others spread evenly.

    Returns
    -------
    numpy.ndarray
        Rising positions, at most `limit`.
    """
    n_points = len(points)
    if n_points <= limit:
        return np.arange(n_points)
    fixed = np.array([0, n_points - 1, *(min(points.at(t), n_points - 1) for t in keep)])
    change = np.flatnonzero(np.diff(points.caught))
    corners = _thin(np.union1d(change, change + 1), limit - len(fixed))
    chosen = np.union1d(fixed, corners)
    # Half of what is left goes to the highest scores, where thresholds are set, by their logarithm.
    room = limit - len(chosen)
    tail = n_points - np.geomspace(1, n_points, room // 2 + 1).round().astype(int)
    chosen = np.union1d(chosen, _thin(np.setdiff1d(tail, chosen), room))
    rest = np.setdiff1d(np.arange(n_points), chosen, assume_unique=True)
    return np.union1d(chosen, _thin(rest, limit - len(chosen)))


def _thin(positions: np.ndarray, limit: int) -> np.ndarray:
    """Keep at most `limit` of the positions, spread evenly."""
    if len(positions) <= limit:
        return positions
    kept: np.ndarray = positions[np.linspace(0, len(positions) - 1, limit).round().astype(int)]
    return kept


@dataclass(frozen=True)
class Histogram:
    """Share of each class in bins of scores, shape (n_bins,), and their edges, shape (n_bins + 1,)."""

    edges: np.ndarray
    normal: np.ndarray
    positive: np.ndarray


def histogram(scores: Scores, low: float, high: float, logarithmic: bool) -> Histogram:
    """Count scores by class in bins of equal width, or of equal ratio."""
    edges = np.geomspace(low, high, BINS + 1) if logarithmic else np.linspace(low, high, BINS + 1)
    position = np.clip(np.searchsorted(edges, scores.y_score, side="right") - 1, 0, BINS - 1)
    shares = []
    for value in (0, 1):
        mine = position[scores.y_true == value]
        shares.append(np.bincount(mine, minlength=BINS) / max(len(mine), 1))
    return Histogram(edges, shares[0], shares[1])


def event_levels(scores: Scores, policy: AlarmPolicy) -> np.ndarray:
    """Highest threshold at which each event of the part is caught, -inf for never.

    Returns
    -------
    numpy.ndarray
        In the order of `scores.total_events`.
    """
    level = alarm_level(scores.y_score, scores, policy, -np.inf)
    useful = scores.in_time(policy)
    highest = pd.Series(level[useful]).groupby(scores.event[useful]).max()
    return highest.reindex(scores.total_events, fill_value=-np.inf).to_numpy(float)


def explorer_columns(
    scores: Scores, policy: AlarmPolicy, keep: tuple[float, ...] = (), seed: int = 0
) -> pd.DataFrame:
    """Lay out all that the explorer shows at a threshold, with 95% intervals.

    Returns
    -------
    pandas.DataFrame
        One row for each displayed threshold: the columns of `OperatingPoints.to_frame`; `standing`, the
        rows in which an alarm stands;
        `median_lead`, `lead_25`, `lead_75` in minutes (missing where nothing is caught); those of
        `load_columns`; and
        `NAME_low`, `NAME_high` for precision, recall, caught, false_alarms_per_day and median_lead
        (missing where the part has too few stretches to tell).
    """
    points = operating_points(scores, policy)
    shown = display_points(points, keep)
    frame = points.to_frame().iloc[shown].reset_index(drop=True)
    leads = leads_at(scores, policy, points.threshold[shown])
    standing = points.fp + points.tp if points.standing is None else points.standing
    return frame.assign(
        standing=standing[shown],
        **lead_figures(leads),
        **load_columns(scores, policy, shown),
        **intervals(scores, policy, shown, seed),
    )
