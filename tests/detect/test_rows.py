"""Estimators see the last row of a window, in one thread."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from threadpoolctl import threadpool_info

from rare_event.config import KNNModel
from rare_event.detect import unsupervised
from rare_event.detect.detector import fit_detector
from rare_event.detect.rows import RowDetector, thinned
from tests.detect.conftest import BASELINE


class Watched(RowDetector):
    """Keeps what it was given, and how many threads there were."""

    ESTIMATOR = DummyClassifier

    @staticmethod
    def fit_rows(model, rows, y, seed):
        return {"model": model, "rows": rows, "y": y, "seed": seed, "threads": threads()}

    def score_rows(self, rows):
        return np.full(len(rows), max(threads(), default=1), np.float32)


def threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info()}


@pytest.mark.parametrize("lookback", [1, 7])
def test_only_the_last_row_of_a_window_is_seen(X, y, lookback) -> None:
    config = replace(BASELINE["knn"], lookback=lookback, seed=5)
    ends = np.array([20, 9, 150])
    given = Watched.fit(config, X, y, ends).estimator
    np.testing.assert_array_equal(given["rows"], X[[20, 9, 150]])
    assert given["y"].tolist() == y[[20, 9, 150]].tolist()
    assert given["seed"] == 5 and given["model"] == KNNModel()


def test_one_thread_while_it_lasts(X, y, monkeypatch) -> None:
    before = threads()
    monkeypatch.setattr(unsupervised, "KNNDetector", Watched)
    detector, _ = fit_detector(BASELINE["knn"], X, y, np.arange(9), np.arange(9, 20))
    assert isinstance(detector, Watched) and detector.estimator["threads"] <= {1}
    found = detector.window_scores(X, np.arange(4))
    assert found.tolist() == [1, 1, 1, 1] and found.dtype == np.float64
    assert threads() == before
    assert detector.window_scores(X, np.array([], int)).shape == (0,)


@pytest.mark.parametrize("n", [0, 1, 2, 5, 6, 7, 100])
@pytest.mark.parametrize("most", [1, 2, 6])
def test_thinning_keeps_both_ends_and_even_steps(n, most) -> None:
    values = np.arange(n)
    kept = thinned(values, most)
    assert len(kept) == min(n, most)
    if n <= most:
        assert kept is values
        return
    steps = np.diff(kept)
    assert kept[0] == 0 and (most == 1 or kept[-1] == n - 1)
    assert len(steps) == 0 or steps.max() - steps.min() <= 1
    assert (values == np.arange(n)).all()
