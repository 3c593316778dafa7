"""Luck: how far each figure would move on other data, and what chance would reach in its place."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rare_event.config import AlarmPolicy
from rare_event.judge.alarms import event_ledger
from rare_event.judge.chance import chance
from rare_event.judge.evaluation import call, evaluate
from rare_event.judge.resampling import auc_draws, figure_draws, interval_of
from rare_event.judge.scores import Scores

OFFSETS = 100


def luck(scores: Scores, thresholds: Mapping[int, float], policy: AlarmPolicy) -> pd.DataFrame:
    """Lay out the interval of each figure at a threshold, and its value by chance.

    Parameters
    ----------
    scores
        Scored windows of one or more folds.
    thresholds
        Of each fold.
    policy
        The alarm policy.

    Returns
    -------
    pandas.DataFrame
        Indexed by figure (caught, false_alarms_per_day, precision, recall, median_lead, auc, the
        last of all folds together), with the columns `low` and `high`, the ends of the 95 % interval,
        and `chance`: what the same alarms would reach at other times. Missing where not defined.
    """
    called = call(scores, thresholds)
    draws = figure_draws(called, policy)
    auc = auc_draws(scores)
    draws = draws.assign(auc=np.nan if auc is None else auc)
    low, high = interval_of(draws.to_numpy(float))
    figures = evaluate(scores, thresholds, policy)
    by_chance = {
        "caught": _caught_by_chance(called, policy),
        "precision": figures.n_positive / figures.n if figures.n else np.nan,
        "recall": (figures.tp + figures.fp) / figures.n if figures.n_positive else np.nan,
        "auc": 0.5 if figures.auc is not None else np.nan,
    }
    return pd.DataFrame(
        {"low": low, "high": high, "chance": [by_chance.get(str(name), np.nan) for name in draws]},
        index=pd.Index(draws.columns, name="figure"),
    )


def _caught_by_chance(called: Scores, policy: AlarmPolicy) -> float:
    """Mean number of events caught when the alarms are rolled in time."""
    caught = [event_ledger(chance(called, seed), 1.0, policy)["caught"].sum() for seed in range(OFFSETS)]
    return float(np.mean(caught))
