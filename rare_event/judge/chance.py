"""What chance, and a clock without a model, would reach on the same data; and the interval of each figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import scipy

from rare_event.config import AlarmPolicy, Rule
from rare_event.judge.alarms import alarm_level
from rare_event.judge.evaluation import call, evaluate
from rare_event.judge.exact import exact_intervals, joined
from rare_event.judge.operating_intervals import lead_figures, leads_at
from rare_event.judge.resampling import auc_draws, figure_draws, interval_of, varies
from rare_event.judge.rules import choose
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import operating_points

# Least offset of a score from its own time, as a share of the fold.
LEAST_OFFSET = 0.1
OFFSETS = 200
OFFSETS_OF_A_FIGURE = 100


def chance(scores: Scores, seed: int = 0) -> Scores:
    """Roll the scores of each fold and machine in time, by a random offset of at least a tenth of them.

    They stay as alike from window to window as they were, and mean nothing any more.

    Returns
    -------
    Scores
        The same windows; what is rolled over the end of a fold comes in at its beginning.
    """
    return scores.with_score(scores.y_score[sources(scores.series, seed)])


def sources(series: np.ndarray, seed: int) -> np.ndarray:
    """Return the window that each window takes its score from, as `chance` rolls them.

    Parameters
    ----------
    series
        As `Scores.series`, shape (n,).
    seed
        Of the offsets.
    """
    random = np.random.default_rng(seed)
    source = np.arange(len(series))
    for number in np.unique(series):
        mine = np.flatnonzero(series == number)
        least = int(np.ceil(LEAST_OFFSET * len(mine)))
        # A single window has nowhere to go.
        if len(mine) > 1:
            source[mine] = np.roll(mine, random.integers(least, len(mine) - least, endpoint=True))
    return source


def chance_draws(
    scores: Scores, policy: AlarmPolicy, budgets: Sequence[float], seed: int = 0, offsets: int = OFFSETS
) -> np.ndarray:
    """Figures of the scores shifted in time by many random offsets.

    Returns
    -------
    numpy.ndarray
        Shape (offsets, 1 + n_budgets): mean fold AUC over the folds with both classes, not a number
        where there is none; then the events caught at each budget, with the threshold read on the
        rolled scores themselves.
    """
    positive = scores.y_true == 1
    _, fold = np.unique(scores.fold, return_inverse=True)
    rank = np.empty(len(scores))
    for number in range(int(fold.max(initial=-1)) + 1):
        rank[fold == number] = scipy.stats.rankdata(scores.y_score[fold == number])
    n_windows, n_positive = np.bincount(fold), np.bincount(fold, weights=positive)
    pairs = n_positive * (n_windows - n_positive)
    drawn = np.full((offsets, 1 + len(budgets)), np.nan)
    for row in range(offsets):
        source = sources(scores.series, seed + row)
        # Rolled scores have rolled ranks, and the AUC follows from the ranks of positives.
        ranks = np.bincount(fold[positive], rank[source][positive], minlength=len(pairs))
        beaten = (ranks - n_positive * (n_positive + 1) / 2)[pairs > 0]
        if len(beaten):
            drawn[row, 0] = np.mean(beaten / pairs[pairs > 0])
        drawn[row, 1:] = _caught(scores.with_score(scores.y_score[source]), policy, budgets)
    return drawn


def _caught(scores: Scores, policy: AlarmPolicy, budgets: Sequence[float]) -> list[int]:
    points = operating_points(scores, policy)
    at = [points.at(choose(points, Rule("fa-per-day", budget))) for budget in budgets]
    return [int(points.caught[point]) if point < len(points) else 0 for point in at]


def chance_band(
    scores: Scores, policy: AlarmPolicy, budgets: Sequence[float], seed: int = 0, offsets: int = OFFSETS
) -> pd.DataFrame:
    """Mean and 95% band of what chance reaches.

    Returns
    -------
    pandas.DataFrame
        One row for the mean fold AUC and one for each budget: `figure` (``auc`` or ``caught``),
        `budget` (missing for the AUC), `mean`, `low`, `high`.
    """
    drawn = chance_draws(scores, policy, budgets, seed, offsets)
    low, high = interval_of(drawn)
    return pd.DataFrame(
        {
            "figure": ["auc"] + ["caught"] * len(budgets),
            "budget": [np.nan, *budgets],
            "mean": drawn.mean(axis=0),
            "low": low,
            "high": high,
        }
    )


def since_restart(scores: Scores) -> Scores:
    """Score each window by how short a time ago its stretch began.

    A model must do better than this clock, since many events follow soon after a restart.

    Returns
    -------
    Scores
        The same windows, scored 1 / (1 + minutes since the first window of the stretch in this part).
    """
    first = np.arange(len(scores)) - scores.age
    return scores.with_score(1 / (1 + scores.clock - scores.clock[first]))


def figure_intervals(
    scores: Scores,
    thresholds: Mapping[int, float],
    policy: AlarmPolicy,
    offsets: int = OFFSETS_OF_A_FIGURE,
) -> pd.DataFrame:
    """Lay out how far each figure at a threshold would move on other data, and what chance would reach.

    Parameters
    ----------
    scores, thresholds, policy
        The part, the threshold of each fold and the alarm policy.
    offsets
        Shifts in time of which the events that chance catches are the mean; 0: they are not counted.

    Returns
    -------
    pandas.DataFrame
        Indexed by figure (caught, false_alarms_per_day, precision, recall, median_lead, auc, the
        last of all folds together), with the columns `low` and `high`, the ends of the 95% interval,
        and `chance`: what the same alarms would reach at other times. Missing where not defined. Where
        all resamples agree, the interval is the exact one, or missing; that of false alarms is never
        narrower than the exact one.
    """
    called = call(scores, thresholds, policy)
    figures = evaluate(scores, thresholds, policy)
    auc = auc_draws(scores) if varies(scores) else None
    draws = figure_draws(called, policy).assign(auc=np.nan if auc is None else auc)
    by_name = exact_intervals(
        figures.caught,
        figures.n_events,
        figures.false_alarms,
        figures.days,
        np.nan if figures.precision is None else figures.precision,
        _stretches(called, called.y_score == 1),
        np.nan if figures.recall is None else figures.recall,
        _stretches(called, called.y_true == 1),
    )
    lead = lead_figures(leads_at(called, policy, np.array([1.0])))
    by_name["median_lead"] = (lead["median_lead_low"][0], lead["median_lead_high"][0])
    drawn = zip(*interval_of(draws.to_numpy(float)), strict=True)
    missing = np.full(2, np.nan)
    ends = [
        joined(str(name), pair, by_name.get(str(name), (missing[0], missing[1])))
        for name, pair in zip(draws, drawn, strict=True)
    ]
    low, high = np.array(ends).T
    by_chance = {
        "caught": _caught_by_chance(called, policy, offsets) if offsets else np.nan,
        "precision": figures.n_positive / figures.n if figures.n else np.nan,
        "recall": (figures.tp + figures.fp) / figures.n if figures.n_positive else np.nan,
        "auc": 0.5 if figures.auc is not None else np.nan,
    }
    return pd.DataFrame(
        {"low": low, "high": high, "chance": [by_chance.get(str(name), np.nan) for name in draws]},
        index=pd.Index(draws.columns, name="figure"),
    )


def _stretches(scores: Scores, windows: np.ndarray) -> int:
    return len(np.unique(scores.stretch[windows]))


def _caught_by_chance(called: Scores, policy: AlarmPolicy, offsets: int) -> float:
    """Mean number of events caught when the alarms are shifted in time."""
    may_catch = (
        called.in_lead_window(policy) & called.in_time(policy) & np.isin(called.event, called.total_events)
    )
    caught = []
    for seed in range(offsets):
        shifted = chance(called, seed)
        alarmed = may_catch & (alarm_level(shifted.y_score, shifted, policy, -np.inf) >= 1.0)
        caught.append(len(np.unique(called.event[alarmed])))
    return float(np.mean(caught))
