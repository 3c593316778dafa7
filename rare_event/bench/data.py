"""Synthetic data of the mill's size, because the mill's data may not be redistributed."""

from __future__ import annotations

from typing import Any

import numpy as np

# Rows and sensors of the mill in the articles.
N_ROWS, N_SENSORS = 14_400, 59
MILL_ROWS = 18_398


def correlated_rows(n_rows: int = N_ROWS, n_sensors: int = N_SENSORS, seed: int = 0) -> np.ndarray:
    """Return standardised low-rank rows with noise, float32, shape (n_rows, n_sensors)."""
    random = np.random.default_rng(seed)
    factors = random.normal(size=(n_rows, 12)) @ random.normal(size=(12, n_sensors))
    values = factors + 0.5 * random.normal(size=factors.shape)
    rows: np.ndarray = (values / values.std(axis=0)).astype(np.float32)
    return rows


def synthetic_scores(n_rows: int, seed: int = 0) -> Any:
    """Return scores of stretches of about 150 rows, 60% of which end with an event."""
    from rare_event.judge.scores import Scores

    random = np.random.default_rng(seed)
    stretch = np.cumsum(random.random(n_rows) < 1 / 150)
    ends_with_event = random.random(stretch[-1] + 1) < 0.6
    restart = np.diff(stretch, prepend=0) > 0
    clock = 2.0 * np.arange(n_rows) + np.cumsum(np.where(restart, 60.0, 0.0))
    last = np.append(np.flatnonzero(np.diff(stretch)), n_rows - 1)
    number = np.where(ends_with_event, np.cumsum(ends_with_event) - 1, -1)
    present, position = np.unique(stretch, return_inverse=True)
    event = number[present][position]
    to_event = np.where(event >= 0, clock[last][position] + 2.0 - clock, np.inf)
    return Scores(
        row=np.arange(n_rows),
        clock=clock,
        stretch=stretch,
        fold=np.zeros(n_rows, np.int64),
        y_true=(to_event <= 4).astype(np.int8),
        y_score=random.gamma(2.0, size=n_rows),
        event=event,
        to_event=to_event,
        total_events=np.unique(event[event >= 0]),
        step=2.0,
    )
