"""Scores: one number per window, higher where the window looks less normal."""

from __future__ import annotations

import numpy as np

from rare_event.config import Score
from rare_event.detect.detector import Detector

# Windows whose sensor errors are held at once: 60 sensors then take 4 MB at any number of rows.
CHUNK = 16_384


def score(detector: Detector, X: np.ndarray, ends: np.ndarray, config: Score) -> np.ndarray:
    """Score windows.

    Parameters
    ----------
    detector
        Fitted on normal windows.
    X
        float32, shape (n_rows, n_features).
    ends
        Last rows of the windows.
    config
        Which steps count, and how sensor errors are joined.

    Returns
    -------
    numpy.ndarray
        float64, shape (n_windows,).
    """
    result = np.empty(len(ends))
    for start in range(0, len(ends), CHUNK):
        chunk = ends[start : start + CHUNK]
        result[start : start + CHUNK] = join_errors(
            detector.sensor_errors(X, chunk, config.steps), config.top_k
        )
    return result


def join_errors(errors: np.ndarray, top_k: int | None) -> np.ndarray:
    """Join the sensor errors of each window into its score.

    Parameters
    ----------
    errors
        Shape (n_windows, n_features).
    top_k
        Mean of the `top_k` largest; None, or more than there are, takes the mean of all.

    Examples
    --------
    >>> join_errors(np.array([[4.0, 1.0, 1.0], [0.0, 2.0, 4.0]]), top_k=2)
    array([2.5, 3. ])
    """
    if top_k is None or top_k >= errors.shape[1]:
        return errors.mean(axis=1, dtype=float)
    return np.partition(errors, -top_k, axis=1)[:, -top_k:].mean(axis=1, dtype=float)


def contributions(detector: Detector, X: np.ndarray, ends: np.ndarray, config: Score) -> np.ndarray:
    """Share of each sensor in the total error of each window.

    Parameters
    ----------
    detector, X, ends, config
        As for `score`.

    Returns
    -------
    numpy.ndarray
        Shape (n_windows, n_features); rows sum to 1, or are 0 where nothing is wrong.
    """
    errors = detector.sensor_errors(X, ends, config.steps)
    total = errors.sum(axis=1, keepdims=True)
    return np.divide(errors, total, out=np.zeros_like(errors), where=total > 0)
