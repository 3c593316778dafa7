"""Leads and 95% intervals at many operating points at once."""

from __future__ import annotations

import numpy as np
import scipy

from rare_event.config import AlarmPolicy
from rare_event.judge.alarms import alarm_level, alarm_levels
from rare_event.judge.exact import exact_intervals, joined
from rare_event.judge.ranks import ranks_under
from rare_event.judge.resampling import INTERVAL, LEAST_STRETCHES, RESAMPLES, draw_stretches, interval_of
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import Marks, alarm_marks

NAMES = ("precision", "recall", "caught", "false_alarms_per_day")


def leads_at(scores: Scores, policy: AlarmPolicy, thresholds: np.ndarray) -> np.ndarray:
    """Lead time of each caught event at each threshold, in minutes.

    Parameters
    ----------
    scores, policy
        The part and the alarm policy.
    thresholds
        Rising, shape (n_thresholds,).

    Returns
    -------
    numpy.ndarray
        float32, shape (n_events_seen, n_thresholds); missing where the event is missed.
    """
    level = alarm_level(scores.y_score, scores, policy, -np.inf)
    useful = np.flatnonzero(scores.in_time(policy))
    _, event = np.unique(scores.event[useful], return_inverse=True)
    column = np.searchsorted(thresholds, level[useful], side="right") - 1
    leads = np.full((event.max(initial=-1) + 1, len(thresholds)), -np.inf, np.float32)
    alarmed = column >= 0
    np.maximum.at(leads, (event[alarmed], column[alarmed]), scores.to_event[useful][alarmed])
    # A row that is alarmed at one threshold is alarmed at all lower ones.
    leads = np.maximum.accumulate(leads[:, ::-1], axis=1)[:, ::-1]
    # Inside an event the time to its begin is the delay, below 0.
    return np.where(np.isfinite(leads), np.abs(leads), np.nan)


def lead_figures(leads: np.ndarray) -> dict[str, np.ndarray]:
    """Median and quartiles of the lead at each threshold, and a 95% interval of the median.

    The interval is between order statistics (David and Nagaraja 2003, section 7.1): it holds for
    any distribution, and needs at least six events.
    """
    count = np.isfinite(leads).sum(axis=0)
    rising = np.sort(leads, axis=0)  # missing values last

    def order_statistic(position: np.ndarray) -> np.ndarray:
        """Value at a fractional position from 0, between its neighbours."""
        if not len(rising):
            return np.full(leads.shape[1], np.nan)
        position = np.clip(position, 0, np.maximum(count - 1, 0))
        below = np.floor(position).astype(int)
        above = np.minimum(below + 1, np.maximum(count - 1, 0))
        values = [np.take_along_axis(rising, at[None], axis=0)[0] for at in (below, above)]
        between: np.ndarray = values[0] + (position - below) * (values[1] - values[0])
        return between

    # The highest rank that the median lies below in at most 2.5% of samples.
    lowest = scipy.stats.binom.ppf(INTERVAL[0] / 100, np.maximum(count, 1), 0.5) - 1
    enough = count >= 6
    return {
        "median_lead": order_statistic((count - 1) / 2),
        "lead_25": order_statistic((count - 1) / 4),
        "lead_75": order_statistic(3 * (count - 1) / 4),
        "median_lead_low": np.where(enough, order_statistic(lowest), np.nan),
        "median_lead_high": np.where(enough, order_statistic(count - 1 - lowest), np.nan),
    }


def intervals(
    scores: Scores, policy: AlarmPolicy, shown: np.ndarray, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, np.ndarray]:
    """Bootstrap 95% intervals at the displayed points, drawing whole stretches with their events.

    Rows of one stretch are alike, so rows are never drawn on their own. Stretches that lead to an
    event and others are drawn apart, so that every resample has as many events as the part.

    Where all resamples agree, as with no event caught, the interval is the exact one, or missing; that of
    false alarms is never narrower than the exact one.

    Returns
    -------
    dict
        `NAME_low` and `NAME_high`, each of shape (len(shown),).
    """
    _, stretch = np.unique(scores.stretch, return_inverse=True)
    n_stretches = int(stretch.max(initial=-1)) + 1
    if n_stretches < LEAST_STRETCHES:
        return {f"{name}_{side}": np.full(len(shown), np.nan) for name in NAMES for side in ("low", "high")}
    counts = counts_by_stretch(scores, policy, shown, stretch, n_stretches)
    weights = draw_stretches(stretch, scores.event >= 0, seed, resamples)
    own = {name: count.sum(axis=0) for name, count in counts.items()}
    figures = figures_of(scores, stretch, counts, np.ones((1, n_stretches), np.float32))
    exact = exact_intervals(
        own["caught"],
        len(scores.total_events),
        own["false_alarms"],
        scores.days,
        figures["precision"][0],
        (counts["tp"] + counts["fp"] > 0).sum(axis=0),
        figures["recall"][0],
        len(np.unique(stretch[scores.y_true == 1])),
    )
    result: dict[str, np.ndarray] = {}
    for name, values in figures_of(scores, stretch, counts, weights).items():
        low, high = joined(name, interval_of(values), exact[name])
        result |= {f"{name}_low": low, f"{name}_high": high}
    return result


def figures_of(
    scores: Scores, stretch: np.ndarray, counts: dict[str, np.ndarray], weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Figures of each resample at the displayed points, shape (resamples, n_points)."""
    drawn = {name: weights @ count for name, count in counts.items()}
    days = weights @ np.bincount(stretch, weights=scores.running) / scores.time_unit.period
    positives = weights @ np.bincount(stretch, weights=scores.y_true == 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "precision": drawn["tp"] / (drawn["tp"] + drawn["fp"]),
            "recall": drawn["tp"] / positives[:, None],
            "caught": drawn["caught"],
            "false_alarms_per_day": drawn["false_alarms"] / days[:, None],
        }


def counts_by_stretch(
    scores: Scores, policy: AlarmPolicy, shown: np.ndarray, stretch: np.ndarray, n_stretches: int
) -> dict[str, np.ndarray]:
    """Count by stretch at some operating points.

    Parameters
    ----------
    scores, policy
        The part and the alarm policy.
    shown
        Positions of the points, rising, shape (n_shown,).
    stretch
        Number of each row's stretch, from 0, shape (n,).
    n_stretches
        How many there are.

    Returns
    -------
    dict
        ``tp``, ``fp`` (rows), ``caught`` (events) and ``false_alarms``: float32, shape (n_stretches,
        n_shown).
    """
    _, rank, _, up_to = ranks_under(scores.y_score, policy.end_share)
    level, held = alarm_levels(rank, scores, policy, -1, up_to)
    marks = alarm_marks(scores, level, held, policy)
    positive = np.flatnonzero(scores.y_true == 1)
    normal = np.flatnonzero(scores.y_true == 0)
    everything = slice(None)
    wanted: dict[str, Marks] = {
        "tp": [(positive, rank[positive], 1)],
        "fp": [(normal, rank[normal], 1)],
        "caught": marks["caught"],
        "false_alarms": [
            (everything, level, 1),
            *(
                (rows, up_to, -sign)
                for name in ("merged", "true_alarms")
                for rows, up_to, sign in marks[name]
            ),
        ],
    }
    width = len(shown) + 1
    counts = {}
    for name, some in wanted.items():
        flat = np.zeros(n_stretches * width)
        for rows, up_to, sign in some:
            column = np.searchsorted(shown, up_to, side="right")
            flat += sign * np.bincount(stretch[rows] * width + column, minlength=n_stretches * width)
        by_stretch = flat.reshape(n_stretches, width)[:, :0:-1]
        counts[name] = np.cumsum(by_stretch, axis=1, dtype=np.float32)[:, ::-1]
    return counts
