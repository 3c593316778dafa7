"""Small parts of data that figures are tried on, and what is looked up in a figure."""

from __future__ import annotations

import numpy as np

from rare_event.config import AlarmPolicy
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import operating_points


def make_scores(y_score, y_true=None, fold=0):
    """Scores of one stretch with a row every two minutes."""
    y_score = np.asarray(y_score, dtype=float)
    n = len(y_score)
    return Scores(
        row=np.arange(n),
        clock=2.0 * np.arange(n),
        stretch=np.zeros(n, np.int64),
        fold=np.broadcast_to(fold, n),
        y_true=np.zeros(n, np.int8) if y_true is None else np.asarray(y_true, np.int8),
        y_score=y_score,
        event=np.full(n, -1),
        to_event=np.full(n, np.inf),
        total_events=np.zeros(0, np.int64),
        step=2.0,
    )


def make_points(y_score, y_true=None):
    """Operating points of the same."""
    return operating_points(make_scores(y_score, y_true), AlarmPolicy())


def random_scores(n, n_positive=20, seed=0):
    """Long-tailed scores, the positives anywhere."""
    rng = np.random.default_rng(seed)
    y_true = np.zeros(n, np.int8)
    y_true[rng.choice(n, n_positive, replace=False)] = 1
    return make_scores(rng.lognormal(0, 1.5, n), y_true)


def dates(n, start="1999-05-01", minutes=2):
    """Times `minutes` apart."""
    return np.datetime64(start, "us") + np.arange(n) * np.timedelta64(minutes, "m")


def trace(figure, name):
    """Return the one trace whose name begins so."""
    found = [t for t in figure.data if (t.name or "").startswith(name)]
    assert len(found) == 1, [t.name for t in figure.data]
    return found[0]


def names(figure):
    """Names of all traces."""
    return [t.name for t in figure.data]


def texts(figure):
    """Annotations."""
    return [a.text.replace("<br>", " ") for a in figure.layout.annotations]
