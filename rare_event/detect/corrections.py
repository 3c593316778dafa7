"""Why a window rang: the few sensors whose correction brings its score back below the threshold.

A score that is a sum of squares of linear residuals (PCA, T2, Mahalanobis) is corrected in closed form; a
network by an optimised sparse correction (`sparse_corrections.py`); any other detector is asked what it
would say if a sensor had its usual value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rare_event.config import Score
from rare_event.detect.detector import Autoencoder
from rare_event.detect.interface import Detector
from rare_event.detect.pca import PCADetector, T2Detector
from rare_event.detect.scoring import score
from rare_event.detect.sparse_corrections import rows_corrected, sparse_corrections

# More sensors than that are not few: the window is unusual as a whole.
MOST = 8
# Directions below this share of the largest one are in the span of sensors that are already corrected.
LEAST_DIRECTION = 1e-9


@dataclass(frozen=True, eq=False)
class Correction:
    """A correction of one window.

    Parameters
    ----------
    groups
        The groups of inputs that are corrected, in the order in which they were found.
    window
        The corrected window, shape (lookback, n_features).
    before, after
        The scores of the window as it is and corrected.
    below
        Whether the corrected score is below the target.
    """

    groups: tuple[int, ...]
    window: np.ndarray
    before: float
    after: float
    below: bool


def correct(
    detector: Detector,
    X: np.ndarray,
    ends: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    config: Score,
    lookback: int,
    usual: np.ndarray,
) -> list[Correction]:
    """Correct windows, each in the fewest groups of inputs that bring its score below a target.

    Groups are found one after the other, so that a set is small, but not proven to be the smallest.

    Parameters
    ----------
    detector
        Fitted.
    X
        float32, shape (n_rows, n_features).
    ends, targets
        Last rows of the windows, and the scores that they shall fall below, each of shape (n_windows,).
    groups
        Group of each input, from 0: the sensor that it comes from; -1 is never corrected; shape
        (n_features,).
    config
        How sensor errors become a score.
    lookback
        Rows in one window.
    usual
        Usual value of each input, for detectors that cannot be asked for a better one.

    Returns
    -------
    list
        One for each window. A window below its target is not corrected, nor is one whose score no
        correction lowers.
    """
    windows = X[np.asarray(ends)[:, None] + np.arange(1 - lookback, 1)]

    def scores(some: np.ndarray) -> np.ndarray:
        return score_windows(detector, some, config)

    before = scores(windows)
    if isinstance(detector, Autoencoder):
        find = _of_network(detector, config, scores)
    else:
        find = _of_squares(detector, config, scores) or _by_usual(usual, scores)
    found = [
        Correction((), window, was, was, was < t)
        for window, was, t in zip(windows, before, targets, strict=True)
    ]
    high = np.flatnonzero(before >= targets)
    if len(high) and (groups >= 0).any():
        for place, one in zip(high, find(windows[high], before[high], targets[high], groups), strict=True):
            found[place] = one
    return found


Scoring = Callable[[np.ndarray], np.ndarray]
# From windows, their scores, their targets and the groups of the inputs.
Find = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], list[Correction]]


def score_windows(detector: Detector, windows: np.ndarray, config: Score) -> np.ndarray:
    """Score windows that need not be rows of a table, shape (n_windows, lookback, n_features)."""
    n, lookback, n_features = windows.shape
    return score(
        detector, windows.reshape(n * lookback, n_features), lookback * np.arange(1, n + 1) - 1, config
    )


@dataclass(frozen=True, eq=False)
class Squares:
    """A score that grows with ``|matrix (window - mean)|^2``, the window flattened.

    Parameters
    ----------
    matrix
        Shape (n_residuals, n_inputs), the inputs being those of the last rows.
    mean
        Shape (n_inputs,).
    """

    matrix: np.ndarray
    mean: np.ndarray


def squares_of(detector: Detector, config: Score) -> Squares | None:
    """Return the squares that the score of a detector grows with; None if it has another form."""
    if isinstance(detector, PCADetector):
        width = len(detector.mean)
        matrix = np.eye(width) - detector.components.T @ detector.components
        if config.steps == "last":
            matrix = matrix[width - width // detector.lookback :]
        return Squares(matrix, detector.mean)
    if isinstance(detector, T2Detector):
        return Squares(detector.components / np.sqrt(detector.variances)[:, None], detector.mean)
    from rare_event.detect.unsupervised import MahalanobisDetector

    if isinstance(detector, MahalanobisDetector):
        fitted = detector.estimator
        return Squares(np.linalg.cholesky(fitted.precision_).T, fitted.location_)
    return None


def _of_squares(detector: Detector, config: Score, scores: Scoring) -> Find | None:
    squares = squares_of(detector, config)
    if squares is None:
        return None

    def find(
        windows: np.ndarray, before: np.ndarray, targets: np.ndarray, groups: np.ndarray
    ) -> list[Correction]:
        rows = len(squares.mean) // windows.shape[2]
        of = np.tile(groups, rows)
        if isinstance(detector, PCADetector):
            of[~np.repeat(rows_corrected(config, rows), len(groups))] = -1
        columns = np.stack([np.flatnonzero(of == group) for group in range(groups.max() + 1)])
        return [
            _pursue(squares, columns, window, rows, scores, was, target)
            for window, was, target in zip(windows, before, targets, strict=True)
        ]

    return find


def _pursue(
    squares: Squares,
    columns: np.ndarray,
    window: np.ndarray,
    rows: int,
    scores: Scoring,
    before: float,
    target: float,
) -> Correction:
    """Add the group of the largest reconstruction-based contribution until the score is below the target.

    The contribution of a group is what the sum of squares loses if the group is reconstructed from all
    others (Alcala and Qin 2009, Automatica 45; for several sensors at once Dunia and Qin 1998, AIChE Journal
    44). `columns` holds the inputs of each group.
    """
    flat = window[-rows:].reshape(-1).astype(float)
    residual = squares.matrix @ (flat - squares.mean)
    free = squares.matrix.T[columns].transpose(0, 2, 1)
    least = LEAST_DIRECTION * np.square(free).sum(axis=1).max()
    chosen: list[int] = []
    best = Correction((), window, before, before, False)
    while len(chosen) < min(MOST, len(columns)):
        variances, axes = np.linalg.eigh(free.transpose(0, 2, 1) @ free)
        known = variances > least
        along = np.einsum("gqw,gwv,q->gv", free, axes, residual)
        gains = np.where(known, np.square(along) / np.where(known, variances, 1.0), 0.0).sum(axis=1)
        gains[chosen] = -1.0
        group = int(gains.argmax())
        if gains[group] <= 0:
            break
        chosen.append(group)
        inputs = columns[chosen].reshape(-1)
        moved = np.linalg.lstsq(
            squares.matrix[:, inputs], -squares.matrix @ (flat - squares.mean), rcond=LEAST_DIRECTION
        )[0]
        corrected = window.copy()
        corrected[-rows:].reshape(-1)[inputs] = flat[inputs] + moved
        after = float(scores(corrected[None])[0])
        best = Correction(tuple(chosen), corrected, before, after, after < target)
        if best.below:
            break
        basis = free[group] @ (axes[group] / np.sqrt(np.where(known[group], variances[group], 1.0)))
        basis = basis[:, known[group]]
        residual = residual - basis @ (basis.T @ residual)
        free = free - basis @ (basis.T @ free)
    # The squares fall with each group; a score of the largest of them need not.
    return best if best.after < before else Correction((), window, before, before, False)


def _of_network(detector: Autoencoder, config: Score, scores: Scoring) -> Find:
    def find(
        windows: np.ndarray, before: np.ndarray, targets: np.ndarray, groups: np.ndarray
    ) -> list[Correction]:
        most = min(MOST, int(groups.max()) + 1)
        chosen, corrected = sparse_corrections(detector.model, windows, targets, groups, config, most)
        after = scores(corrected)
        return [
            Correction(chosen[one], corrected[one], before[one], after[one], bool(after[one] < targets[one]))
            if after[one] < before[one]
            else Correction((), windows[one], before[one], before[one], False)
            for one in range(len(windows))
        ]

    return find


def _by_usual(usual: np.ndarray, scores: Scoring) -> Find:
    """Give one group after the other its usual value: the one that lowers the score most."""

    def find(
        windows: np.ndarray, before: np.ndarray, targets: np.ndarray, groups: np.ndarray
    ) -> list[Correction]:
        n_groups = int(groups.max()) + 1
        of_group = groups == np.arange(n_groups)[:, None]
        found = [Correction((), window, was, was, False) for window, was in zip(windows, before, strict=True)]
        going = list(range(len(windows)))
        for _ in range(min(MOST, n_groups)):
            if not going:
                break
            now = np.stack([found[one].window for one in going])
            tried = np.where(of_group[None, :, None], usual, now[:, None])
            after = scores(tried.reshape(-1, *windows.shape[1:])).reshape(len(going), n_groups)
            still = []
            for place, one in enumerate(going):
                group = int(after[place].argmin())
                last = found[one]
                if after[place, group] >= last.after:
                    continue
                below = bool(after[place, group] < targets[one])
                found[one] = Correction(
                    (*last.groups, group), tried[place, group], last.before, after[place, group], below
                )
                if not below:
                    still.append(one)
            going = still
        return found

    return find
