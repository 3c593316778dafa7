"""Resampling: how far figures would move on other data of the same plant.

Rows of one stretch are alike, so whole stretches are drawn, never single rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from rare_event.config import AlarmPolicy
from rare_event.judge.alarms import alarms, event_ledger
from rare_event.judge.scores import Scores

# Enough for a 95% interval that no longer moves visibly.
RESAMPLES = 400
# With fewer stretches than this, drawing them again says nothing about other data.
LEAST_STRETCHES = 5
INTERVAL = (2.5, 97.5)
FIGURES = ("caught", "false_alarms_per_day", "precision", "recall", "median_lead")
# Numbers held at once while resamples are counted: 16 MB in each of a few arrays.
AT_ONCE = 2_000_000


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
    """Return the 95% interval of each column; resamples in which it is not defined are left out.

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


def stretch_weights(
    scores: Scores, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[np.ndarray, np.ndarray] | None:
    """Draw the stretches of scored windows.

    The scores themselves play no part: with one seed, several models of the same windows are judged
    on the same draws, and their figures can be compared pair by pair.

    Returns
    -------
    tuple or None
        Stretch of each window, numbered from 0, shape (n,); and how often each is drawn, shape
        (resamples, n_stretches). None where there are too few stretches to tell.
    """
    _, stretch = np.unique(scores.stretch, return_inverse=True)
    if stretch.max(initial=-1) + 1 < LEAST_STRETCHES:
        return None
    return stretch, draw_stretches(stretch, scores.event >= 0, seed, resamples)


def auc_draws(scores: Scores, seed: int = 0, resamples: int = RESAMPLES) -> np.ndarray | None:
    """ROC AUC of each resample; ties count half.

    Returns
    -------
    numpy.ndarray or None
        Shape (resamples,); not a number in a resample without a positive or a normal window. None
        where there is one class only, or too few stretches to tell.
    """
    return _ranking_draws(_auc, scores, seed, resamples)


def average_precision_draws(scores: Scores, seed: int = 0, resamples: int = RESAMPLES) -> np.ndarray | None:
    """Average precision of each resample.

    Returns
    -------
    numpy.ndarray or None
        As returned by `auc_draws`.
    """
    return _ranking_draws(_average_precision, scores, seed, resamples)


def _ranking_draws(
    figure: Callable[[np.ndarray, np.ndarray], np.ndarray], scores: Scores, seed: int, resamples: int
) -> np.ndarray | None:
    drawn = stretch_weights(scores, seed, resamples)
    if drawn is None or not 0 < scores.n_positive < len(scores):
        return None
    stretch, weights = drawn
    positives, normals = _counts_by_score(scores, stretch, weights.shape[1])
    times = weights.T.astype(float)
    width = max(1, AT_ONCE // normals.shape[0])
    parts = [times[:, start : start + width] for start in range(0, resamples, width)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.concatenate([figure(positives @ part, normals @ part) for part in parts])


def _counts_by_score(scores: Scores, stretch: np.ndarray, n_stretches: int) -> tuple[csr_array, csr_array]:
    """Count positives at, and normals between and at, the distinct scores of the positives.

    A curve only turns at the scores of positives, which are few: normals are counted in the
    intervals between them, even rows, and at them, odd rows. Shapes (n_values, n_stretches) and
    (2 * n_values + 1, n_stretches).
    """
    positive = scores.y_true == 1
    values, at = np.unique(scores.y_score[positive], return_inverse=True)
    normal = scores.y_score[~positive]
    between = np.searchsorted(values, normal) + np.searchsorted(values, normal, side="right")
    n_values = len(values)
    return (
        csr_array((np.ones(len(at)), (at, stretch[positive])), shape=(n_values, n_stretches)),
        csr_array(
            (np.ones(len(normal)), (between, stretch[~positive])), shape=(2 * n_values + 1, n_stretches)
        ),
    )


def _auc(positives: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Share of pairs in which the positive scores higher (Mann and Whitney 1947), of each column."""
    up_to = np.cumsum(normals, axis=0)
    beaten = up_to[:-1:2] + normals[1::2] / 2
    share: np.ndarray = (positives * beaten).sum(axis=0) / (positives.sum(axis=0) * up_to[-1])
    return share


def _average_precision(positives: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Precision at each threshold, weighted with the recall it adds, of each column."""
    up_to = np.cumsum(normals, axis=0)
    tp = np.cumsum(positives[::-1], axis=0)[::-1]
    called = tp + up_to[-1] - up_to[:-1:2]
    # A threshold above all that was drawn calls nothing, and adds nothing.
    added = positives * tp / np.maximum(called, 1)
    return np.where(up_to[-1] > 0, added.sum(axis=0) / positives.sum(axis=0), np.nan)


def mean_auc_draws(folds: Sequence[Scores], seed: int = 0, resamples: int = RESAMPLES) -> np.ndarray | None:
    """Mean ROC AUC over folds of each resample, each fold's stretches drawn independently.

    Returns
    -------
    numpy.ndarray or None
        As returned by `auc_draws`; None where one of the folds has none, or there is no fold.
    """
    drawn = [auc_draws(scores, seed + number, resamples) for number, scores in enumerate(folds)]
    known = [draws for draws in drawn if draws is not None]
    return np.mean(known, axis=0) if known and len(known) == len(drawn) else None


def auc_interval(scores: Scores, seed: int = 0) -> tuple[float, float] | None:
    """95% interval of the ROC AUC.

    Returns
    -------
    tuple or None
        None with one class only, with all positives in one stretch, or with too few stretches.
    """
    if not varies(scores):
        return None
    return ends_of(auc_draws(scores, seed))


def varies(scores: Scores) -> bool:
    """Whether positives lie in more than one stretch: else every resample has the same ones."""
    return len(np.unique(scores.stretch[scores.y_true == 1])) > 1


def ends_of(draws: np.ndarray | None) -> tuple[float, float] | None:
    """95% interval of the draws of one figure; None where none is defined, or all are the same.

    Parameters
    ----------
    draws
        Shape (resamples,), not a number where not defined.
    """
    if draws is None or not np.isfinite(draws).any():
        return None
    low, high = interval_of(draws[:, None])
    return None if low[0] == high[0] else (float(low[0]), float(high[0]))


def figure_draws(
    called: Scores, policy: AlarmPolicy, seed: int = 0, resamples: int = RESAMPLES
) -> pd.DataFrame:
    """Figures of each resample at thresholds already applied.

    Returns
    -------
    pandas.DataFrame
        One row for each resample: `caught` (events), `false_alarms_per_day`, `precision` and
        `recall` (of windows), `median_lead` (minutes). Missing where not defined, and everywhere
        where there are too few stretches to tell.
    """
    drawn = stretch_weights(called, seed, resamples)
    if drawn is None:
        return pd.DataFrame(np.nan, index=range(resamples), columns=list(FIGURES))
    stretch, weights = drawn
    times = weights.astype(float)

    def total(stretches: np.ndarray) -> np.ndarray:
        """Add up what lies in these stretches, each as often as it was drawn."""
        return times @ np.bincount(stretches, minlength=times.shape[1])

    above, positive = called.y_score >= 1, called.y_true == 1
    listed = alarms(called, 1.0, policy)
    false = np.searchsorted(called.row, listed.loc[listed["false"], "first_row"])
    ledger = event_ledger(called, 1.0, policy)
    ledger = ledger[ledger["caught"]]
    seen, first = np.unique(called.event, return_index=True)
    caught = stretch[first[np.searchsorted(seen, ledger["event"])]]
    days = times @ np.bincount(stretch, weights=called.running) / called.time_unit.period
    with np.errstate(invalid="ignore", divide="ignore"):
        return pd.DataFrame(
            {
                "caught": total(caught),
                "false_alarms_per_day": total(stretch[false]) / days,
                "precision": total(stretch[above & positive]) / total(stretch[above]),
                "recall": total(stretch[above & positive]) / total(stretch[positive]),
                "median_lead": _median(ledger["lead"].to_numpy(), times[:, caught]),
            }
        )


def _median(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Median of values that count as often as each row of `times` says, shape (resamples,)."""
    order = np.argsort(values)
    up_to = np.cumsum(times[:, order], axis=1)
    count = times.sum(axis=1)
    # Where nothing counts, the upper middle is behind the last value.
    rising = np.append(values[order], np.nan)
    middle = [rising[(up_to <= position[:, None]).sum(axis=1)] for position in ((count - 1) // 2, count // 2)]
    median: np.ndarray = (middle[0] + middle[1]) / 2
    return median
