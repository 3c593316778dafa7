"""Trailing quantile: a threshold that follows the scores, and so keeps its budget when they drift."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rare_event.config import Rule
from rare_event.judge.scores import MINUTES_PER_DAY, Scores


def follow(scores: Scores, rule: Rule, history: Scores | None = None) -> Scores:
    """Divide each score by the trailing quantile of the scores before it.

    A threshold of 1 on the result is the trailing quantile; all that is counted at a threshold is
    counted as usual.

    Parameters
    ----------
    scores
        Scored windows of one or more folds.
    rule
        A rule of the kind ``trailing-quantile``; others leave the scores as they are.
    history
        Scored windows of the same folds to look back on as well: validation data, for test data.

    Returns
    -------
    Scores
        Each window is compared with windows before it only. Those before the first full hour of
        windows use the first quantile there is.
    """
    if not rule.trailing or not len(scores):
        return scores
    ratio = np.empty(len(scores))
    for fold in np.unique(scores.fold):
        mine = scores.fold == fold
        past = history.where(history.fold == fold) if history is not None else scores.where(~mine & mine)
        ratio[mine] = _ratio(scores.where(mine), past, rule)
    return scores.with_score(ratio)


def _ratio(scores: Scores, past: Scores, rule: Rule) -> np.ndarray:
    row = np.concatenate([past.row, scores.row])
    order = np.argsort(row, kind="stable")
    values = pd.Series(np.concatenate([past.y_score, scores.y_score])[order])
    rows = max(1, round(rule.days * MINUTES_PER_DAY / scores.step))
    least = min(rows, max(1, round(60 / scores.step)))
    limit = values.rolling(rows, min_periods=least).quantile(rule.value).shift(1).bfill()
    # Fewer windows than an hour have no trailing quantile: they are compared with all there are.
    limit = limit.fillna(values.quantile(rule.value))
    # A quantile of 0 cannot divide; the least error there is stands in for it.
    least_error = values[values > 0].min() if (values > 0).any() else 1.0
    ratio = values.to_numpy() / np.maximum(limit.to_numpy(), least_error)
    back = np.empty(len(row))
    back[order] = ratio
    return back[len(past) :]
