"""Blends: the scores of several models of the same windows, joined into one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from rare_event.errors import DataError
from rare_event.judge.scores import Scores

# In multiples of a fold's median a millionth is as good as none, and has a logarithm.
LEAST_SCORE = 1e-6
# Upper share of the reference that its tail is read from (DuMouchel 1983, Annals of Statistics 11).
TAIL = 0.1
LEAST_DECAY = 1e-6


def shared_windows(parts: Sequence[Scores]) -> list[Scores]:
    """Keep of each model's windows those that all models scored, in the same fold and row.

    Returns
    -------
    list of Scores
        As many as `parts`, all in the same order; without windows if none is shared.
    """
    folds = 1 + max(int(part.fold.max(initial=0)) for part in parts)
    keys = [part.row.astype(np.int64) * folds + part.fold for part in parts]
    shared = reduce(np.intersect1d, keys)
    return [part.where(np.isin(key, shared)) for part, key in zip(parts, keys, strict=True)]


def mean_log(parts: Sequence[Scores]) -> Scores:
    """Blend by the geometric mean: the mean of the log scores.

    Of models whose scores are odds it is the mean of their log-odds. No model is picked on its past:
    plain averages do better than the pick.

    Parameters
    ----------
    parts
        Scored windows of each model, in multiples of their fold's median; windows that not all of
        them scored are left out. What is known of a window besides its score is the first model's.

    Returns
    -------
    Scores
        The blend.

    Raises
    ------
    DataError
        If no window is shared.
    """
    shared = _shared_or_refuse(parts)
    logs = [np.log(np.maximum(part.y_score, LEAST_SCORE)) for part in shared]
    return shared[0].with_score(np.exp(np.mean(logs, axis=0)))


def either(parts: Sequence[Scores], references: Sequence[Scores]) -> Scores:
    """Blend by the more alarming model: an alarm if either does, each with an equal share of the budget.

    Each score is replaced by its `rarity` among the normal windows of the model's own reference, of
    the same fold; then the highest of the models counts. At any threshold all models call the same
    share of their reference's normal windows.

    Returns
    -------
    Scores
        The blend; a score of 3 means that a model calls one normal window in 1,000 from there on.

    Raises
    ------
    DataError
        If no window is shared, or a reference lacks normal windows of a fold.
    """
    shared = _shared_or_refuse(parts)
    scaled = [_rarity_by_fold(part, known) for part, known in zip(shared, references, strict=True)]
    return shared[0].with_score(np.max(scaled, axis=0))


def rarity(y_score: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Tell how rare scores are: -log10 of the share of reference scores that reach them.

    Within the reference this is its empirical distribution, so only ranks count. Beyond its largest
    score there is nothing to count, yet those are the scores that ring: there the share falls as a
    power of the score, by the estimate of Hill (1975, Annals of Statistics 3) from the largest tenth
    of the reference. Heavy tails, and errors have one, come down to a power law; it takes up where
    the counting ends, has one parameter to estimate, and no upper end.

    Parameters
    ----------
    y_score
        In multiples of a median, shape (n,).
    reference
        Scores of normal windows in the same unit, at least one.

    Returns
    -------
    numpy.ndarray
        0 or more, rising with the score, shape (n,).

    Examples
    --------
    >>> rarity(np.array([0.0, 1.0, 10.0]), reference=np.arange(1.0, 11.0))
    array([0., 0., 1.])
    """
    rising = np.sort(reference)
    n = len(rising)
    reached = n - np.searchsorted(rising, y_score)
    tail = np.log(np.maximum(rising[-1 - max(1, round(TAIL * n)) :], LEAST_SCORE))
    # Where the largest scores are all equal, anything beyond them is very rare.
    decay = max(float((tail[1:] - tail[0]).mean()) if n > 1 else 0.0, LEAST_DECAY)
    beyond = np.log(np.maximum(y_score, LEAST_SCORE)) - tail[-1]
    counted = np.log(n / np.maximum(reached, 1))
    rare: np.ndarray = np.where(reached, counted, np.log(n) + beyond / decay) / np.log(10)
    return rare


def _rarity_by_fold(part: Scores, reference: Scores) -> np.ndarray:
    scaled = np.empty(len(part))
    for fold in np.unique(part.fold):
        known = reference.y_score[(reference.fold == fold) & (reference.y_true == 0)]
        if not len(known):
            raise DataError(
                f"The validation scores of a model hold no normal windows of fold {fold + 1}, so its scores "
                "there cannot be compared with another model's. Give the validation scores of every fold."
            )
        mine = part.fold == fold
        scaled[mine] = rarity(part.y_score[mine], known)
    return scaled


def _shared_or_refuse(parts: Sequence[Scores]) -> list[Scores]:
    shared = shared_windows(parts)
    if not len(shared[0]):
        counts = ", ".join(f"{len(part):,}" for part in parts)
        raise DataError(
            f"The models have no scored window in common ({counts} windows in different rows or folds). "
            "Blend runs of the same dataset with the same split."
        )
    return shared
