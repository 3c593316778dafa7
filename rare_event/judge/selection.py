"""Nested folds: what picking the best of many settings would have been worth on what came next.

The best of many settings looks better than it is, because it was picked on the very figures it is
shown with. Picked on the folds before, and read on the fold after, the figure is honest (Varma and
Simon 2006, BMC Bioinformatics 7:91, with folds in the order of time).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare_event.judge.resampling import interval_of


@dataclass(frozen=True)
class Nested:
    """A pick on the past, fold by fold; figures are means over the folds from the second on.

    Parameters
    ----------
    best
        Number of the setting that is best over all folds.
    picks
        Number of the setting picked for each fold from the second on, shape (n_folds - 1,).
    best_of_all_folds
        Figure of the best setting, the first fold included.
    best_figure
        Of the best setting.
    nested_figure
        Of the picks.
    middle_figure
        The middle one of all settings.
    """

    best: int
    picks: tuple[int, ...]
    best_of_all_folds: float
    best_figure: float
    nested_figure: float
    middle_figure: float


def nested(figures: np.ndarray) -> Nested | None:
    """Pick for each fold the setting that was best on the folds before it.

    Parameters
    ----------
    figures
        Of each setting in each fold, higher is better, shape (n_settings, n_folds); not a number
        where a fold has no figure. Of equal settings the first is picked.

    Returns
    -------
    Nested or None
        None with fewer than two folds that have figures.

    Examples
    --------
    >>> nested(np.array([[0.9, 0.5, 0.6], [0.6, 0.8, 0.8]])).picks
    (0, 0)
    """
    known = figures[:, np.isfinite(figures).all(axis=0)]
    if known.shape[0] == 0 or known.shape[1] < 2:
        return None
    means = np.cumsum(known, axis=1) / np.arange(1, known.shape[1] + 1)
    # Sums in another order differ in the last digits: equals must stay equals.
    picks = np.argmax(means[:, :-1].round(12), axis=0)
    later = known[:, 1:]
    best = int(np.argmax(means[:, -1].round(12)))
    own = later.mean(axis=1)
    return Nested(
        best,
        tuple(int(pick) for pick in picks),
        float(means[best, -1]),
        float(own[best]),
        float(later[picks, np.arange(later.shape[1])].mean()),
        float(np.median(own)),
    )


def level_with(draws: np.ndarray, best: int) -> np.ndarray:
    """Find the settings that the data cannot tell apart from one of them.

    Parameters
    ----------
    draws
        A figure of each setting in the same resamples, shape (n_settings, resamples).
    best
        Number of the setting to compare with.

    Returns
    -------
    numpy.ndarray
        Whether the 95% interval of the paired difference holds 0, or no resample tells; bool, shape
        (n_settings,).
    """
    low, high = interval_of((draws[best] - draws).T)
    return ~((low > 0) | (high < 0))
