"""Scores: one number per window, higher where the window looks less normal."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rare_event.config import Score
from rare_event.detect.interface import Detector, Reconstructor

# Windows scored at once: sensor errors of 60 sensors then take 4 MB at any number of rows.
CHUNK = 16_384
# Sensors kept for each window: as many as an operator can look at.
TOP = 5


def score(detector: Detector, X: np.ndarray, ends: np.ndarray, config: Score) -> np.ndarray:
    """Score windows.

    Parameters
    ----------
    detector
        Fitted.
    X
        float32, shape (n_rows, n_features).
    ends
        Last rows of the windows.
    config
        Which rows count and how sensor errors are combined, for detectors that have them.

    Returns
    -------
    numpy.ndarray
        float64, shape (n_windows,).
    """
    result = np.empty(len(ends))
    for start in range(0, len(ends), CHUNK):
        chunk = ends[start : start + CHUNK]
        if isinstance(detector, Reconstructor):
            errors = detector.sensor_errors(X, chunk, config.steps)
            result[start : start + CHUNK] = join_errors(errors, config.top_k)
        else:
            result[start : start + CHUNK] = detector.window_scores(X, chunk)
    return result


def join_errors(errors: np.ndarray, top_k: int | None) -> np.ndarray:
    """Combine the sensor errors of each window into its score.

    Parameters
    ----------
    errors
        Shape (n_windows, n_features).
    top_k
        The score is the mean of the `top_k` largest errors; None takes all.

    Examples
    --------
    >>> join_errors(np.array([[4.0, 1.0, 1.0], [0.0, 2.0, 4.0]]), top_k=2)
    array([2.5, 3. ])
    """
    if top_k is not None and top_k < errors.shape[1]:
        errors = np.partition(errors, -top_k, axis=1)[:, -top_k:]
    joined: np.ndarray = errors.mean(axis=1, dtype=float)
    return joined


def score_and_contributions(
    detector: Detector, X: np.ndarray, ends: np.ndarray, config: Score
) -> tuple[np.ndarray, pd.DataFrame]:
    """Score windows as `score` does, and find the sensors with the largest errors, in one pass.

    Returns
    -------
    tuple
        Scores, float64, shape (n_windows,); and a frame with one row per window: the inputs with the
        largest errors, `sensor_1` to `sensor_5` (int16), and their shares of the window's total error,
        `share_1` to `share_5` (float32). It has no columns if the detector has no sensor errors.
    """
    if not isinstance(detector, Reconstructor):
        return score(detector, X, ends, config), pd.DataFrame(index=pd.RangeIndex(len(ends)))
    y_score, tops = np.empty(len(ends)), [top_contributions(np.empty((0, X.shape[1])))]
    for start in range(0, len(ends), CHUNK):
        errors = detector.sensor_errors(X, ends[start : start + CHUNK], config.steps)
        y_score[start : start + CHUNK] = join_errors(errors, config.top_k)
        tops.append(top_contributions(errors))
    return y_score, pd.concat(tops, ignore_index=True)


def top_contributions(errors: np.ndarray) -> pd.DataFrame:
    """Find the largest of the sensor errors (n_windows, n_features); see `score_and_contributions`."""
    kept = min(TOP, errors.shape[1])
    index = np.argpartition(errors, -kept, axis=1)[:, -kept:]
    order = np.argsort(-np.take_along_axis(errors, index, axis=1), axis=1, kind="stable")
    index = np.take_along_axis(index, order, axis=1)
    largest = np.take_along_axis(errors, index, axis=1)
    # Errors that are not finite are refused later, with their row.
    finite = np.where(np.isfinite(errors), errors, 0)
    largest = np.where(np.isfinite(largest), largest, 0)
    total = finite.sum(axis=1, keepdims=True)
    share = np.divide(largest, total, out=np.zeros_like(largest), where=total > 0)
    sensors = {f"sensor_{rank + 1}": index[:, rank].astype(np.int16) for rank in range(kept)}
    return pd.DataFrame(
        sensors | {f"share_{rank + 1}": share[:, rank].astype(np.float32) for rank in range(kept)}
    )


def contributions(detector: Reconstructor, X: np.ndarray, ends: np.ndarray, config: Score) -> np.ndarray:
    """Return each sensor's share of the total error, shape (n_windows, n_features); 0 without error."""
    errors = detector.sensor_errors(X, ends, config.steps)
    total = errors.sum(axis=1, keepdims=True)
    shares: np.ndarray = np.divide(errors, total, out=np.zeros_like(errors), where=total > 0)
    return shares
