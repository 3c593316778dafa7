"""Resampling: how far figures would move on other data of the same plant.

Rows of one stretch are alike, so whole stretches are drawn, never single rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import roc_auc_score

from rare_event.judge.scores import Scores

# Enough for a 95 % interval that no longer moves visibly.
RESAMPLES = 400
# With fewer stretches than this, drawing them again says nothing about other data.
LEAST_STRETCHES = 5
INTERVAL = (2.5, 97.5)


def draw_stretches(
    stretch: np.ndarray, leads_to_event: np.ndarray, seed: int, resamples: int = RESAMPLES
) -> np.ndarray:
    """Draw stretches with replacement; those that lead to an event and the others apart.

    So every resample has as many events as the data.

    Parameters
    ----------
    stretch
        Number of each row's stretch, from 0 without gaps, shape (n,).
    leads_to_event
        Whether the row's stretch ends with an event, shape (n,).
    seed, resamples
        Seed and number of resamples.

    Returns
    -------
    numpy.ndarray
        How often each stretch is drawn, float32, shape (resamples, n_stretches).
    """
    random = np.random.default_rng(seed)
    kind = np.zeros(int(stretch.max(initial=-1)) + 1, bool)
    kind[stretch[leads_to_event]] = True
    weights = np.zeros((resamples, len(kind)), np.float32)
    for members in (np.flatnonzero(kind), np.flatnonzero(~kind)):
        if len(members):
            even = np.full(len(members), 1 / len(members))
            weights[:, members] = random.multinomial(len(members), even, resamples)
    return weights


def interval_of(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % interval of each column; resamples in which it is not defined are left out.

    Parameters
    ----------
    values
        Shape (resamples, n_figures); not a number where not defined.
    """
    rising = np.sort(values, axis=0)
    count = np.isfinite(rising).sum(axis=0)
    ends = []
    for percent in INTERVAL:
        position = np.maximum(np.round(percent / 100 * (count - 1)).astype(int), 0)
        ends.append(np.take_along_axis(rising, position[None], axis=0)[0])
    return ends[0], ends[1]


def mean_auc_interval(
    folds: Sequence[Scores], seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float] | None:
    """95 % interval of the mean ROC AUC over folds, each fold's stretches drawn anew.

    Parameters
    ----------
    folds
        Scored windows of each fold.
    seed, resamples
        Seed and number of resamples.

    Returns
    -------
    tuple or None
        None where a fold has one class only, or too few stretches to tell.
    """
    drawn = []
    for number, scores in enumerate(folds):
        _, stretch = np.unique(scores.stretch, return_inverse=True)
        if stretch.max(initial=-1) + 1 < LEAST_STRETCHES or not 0 < scores.n_positive < len(scores):
            return None
        weights = draw_stretches(stretch, scores.event >= 0, seed + number, resamples)
        drawn.append([_weighted_auc(scores, weight[stretch]) for weight in weights])
    low, high = interval_of(np.mean(drawn, axis=0)[:, None])
    return float(low[0]), float(high[0])


def _weighted_auc(scores: Scores, weight: np.ndarray) -> float:
    drawn = weight > 0
    if len(np.unique(scores.y_true[drawn])) < 2:
        return float("nan")
    return float(roc_auc_score(scores.y_true[drawn], scores.y_score[drawn], sample_weight=weight[drawn]))
