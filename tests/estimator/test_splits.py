"""Splitters: folds written out, whole stretches, and nothing near a test row in the training rows."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score

from rare_event import ConfigError, DataError, EarlyWarning, PCAModel, RollingOrigin, Rule, StretchSplit
from rare_event.config import SplitPlan
from rare_event.prepare.split import split


def folds(splitter, n_rows, *given):
    return [(train.tolist(), test.tolist()) for train, test in splitter.split(np.zeros((n_rows, 2)), *given)]


def test_rolling_folds() -> None:
    """Ten rows, of which the last six are tested on, two by two."""
    assert folds(RollingOrigin(3, purge=0), 10) == [
        ([0, 1, 2, 3], [4, 5]),
        ([0, 1, 2, 3, 4, 5], [6, 7]),
        ([0, 1, 2, 3, 4, 5, 6, 7], [8, 9]),
    ]
    assert folds(RollingOrigin(3, purge=2, window="trailing"), 10) == [
        ([0, 1], [4, 5]),
        ([2, 3], [6, 7]),
        ([4, 5], [8, 9]),
    ]


@pytest.mark.parametrize("purge", [0, 7])
def test_rolling_folds_are_those_of_the_experiment(purge) -> None:
    plan = split(SplitPlan("rolling", folds=4), np.zeros(500, int), np.arange(500), purge)
    for (train, test), fold in zip(folds(RollingOrigin(4, purge=purge), 500), plan, strict=True):
        assert test == fold.test.tolist()
        # The validation part is purged before the test part; between the first two nothing is left out here.
        assert train[-1] == fold.validation[-1] == test[0] - 1 - purge
        assert set(fold.train) | set(fold.validation) <= set(train) and train == list(range(len(train)))


def test_machines_by_turns_are_purged_each_by_itself() -> None:
    machine = [0, 1] * 10
    ((train, test),) = folds(RollingOrigin(2, purge=2, test_share=0.6), 20, None, machine)[:1]
    assert test == list(range(8, 14))
    assert train == [0, 1, 2, 3]


def test_machines_one_after_the_other_are_cut_at_one_time() -> None:
    times = pd.date_range("2024-01-01", periods=10, freq="2min")
    frame = pd.DataFrame({"x": range(20)}, index=times.append(times))
    found = [
        (train.tolist(), test.tolist())
        for train, test in RollingOrigin(2, purge=1, test_share=0.4).split(frame, None, [0] * 10 + [1] * 10)
    ]
    assert found == [
        ([0, 1, 2, 3, 4, 10, 11, 12, 13, 14], [6, 7, 16, 17]),
        ([0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 16], [8, 9, 18, 19]),
    ]


def test_stretches_stay_whole_and_each_row_is_tested_once() -> None:
    label = np.zeros(120, int)
    label[[19, 39, 40, 41, 79, 99]] = 1
    # Stretches end after events: rows 0-19, 20-41, 42-79, 80-99, 100-119.
    stretch = np.searchsorted([19, 41, 79, 99], np.arange(120))
    seen = []
    for train, test in folds(StretchSplit(3), 120, label):
        assert not set(stretch[train]) & set(stretch[test])
        assert sorted(train + test) == list(range(120))
        seen += test
    assert sorted(seen) == list(range(120))
    assert folds(StretchSplit(3), 120, label) == folds(StretchSplit(3), 120, None, stretch)
    assert folds(StretchSplit(3), 120, label) != folds(StretchSplit(3, random_state=0), 120, label)


def test_a_purge_removes_training_rows_on_both_sides_of_a_test_row() -> None:
    label = np.zeros(60, int)
    label[9::10] = 1
    for train, test in folds(StretchSplit(3, purge=3), 60, label):
        assert min(abs(np.subtract.outer(train, test)).ravel()) == 4
        assert set(train) | set(test) < set(range(60))


def rolling(**settings: Any) -> RollingOrigin:
    return RollingOrigin(2, **{"purge": 0} | settings)


@pytest.mark.parametrize(
    ("splitter", "sentence"),
    [
        (RollingOrigin(2, purge=-1), "purge is -1; choose a whole number"),
        (rolling(purge=1.5), "purge is 1.5"),
        (RollingOrigin(1, purge=0), "folds is 1; choose 2 to 50"),
        (RollingOrigin(2, purge=0, test_share=1.0), "test_share is 1;"),
        (rolling(window="all"), "window is 'all'"),
        (RollingOrigin(2, purge=30), "No training rows are left after a purge of 30 rows"),
        (StretchSplit(2), "The file has 1 stretch, too few to hold out 2 groups"),
        (StretchSplit(2, random_state=-1), "seed of the split is -1"),
    ],
)
def test_what_cannot_be_split_is_a_sentence(splitter, sentence) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        list(splitter.split(np.zeros((30, 1))))
    assert isinstance(caught.value, ConfigError | DataError)


def test_splitters_speak_as_those_of_scikit_learn() -> None:
    assert repr(RollingOrigin(3, purge=5)) == (
        "RollingOrigin(n_splits=3, purge=5, test_share=0.6, window='expanding')"
    )
    assert RollingOrigin(3, purge=5).get_n_splits() == 3 == StretchSplit(3).get_n_splits(None, None, None)
    with pytest.raises(TypeError, match="purge"):
        RollingOrigin(3)  # type: ignore[call-arg]


def test_a_search_over_the_lookback_is_a_loop_over_the_folds(X, y) -> None:
    warning = EarlyWarning(model=PCAModel(components=2), rule=Rule("quantile", 0.9))
    cv = RollingOrigin(3, purge=10)
    search = GridSearchCV(warning, {"lookback": [1, 4, 8]}, cv=cv).fit(X, y)
    for lookback, found in zip([1, 4, 8], search.cv_results_["mean_test_score"], strict=True):
        each = []
        for train, test in cv.split(X, y):
            fitted = EarlyWarning(2, lookback, PCAModel(components=2), rule=Rule("quantile", 0.9))
            each.append(fitted.fit(X.iloc[train], y[train]).score(X.iloc[test], y[test]))
        assert found == pytest.approx(np.mean(each), abs=1e-12) and len(set(each)) > 1
    assert search.best_estimator_.n_features_in_ == 4
    assert search.predict(X).shape == (600,) and search.best_params_["lookback"] in (1, 4, 8)


def test_whole_stretches_of_a_frame_are_not_joined(X, y) -> None:
    """Of a frame the rows keep their times; the windows of a fold are those that the whole frame has."""
    warning = EarlyWarning(model=PCAModel(components=2), lookback=5, rule=Rule("quantile", 0.9))
    train, test = next(StretchSplit(3).split(X, y))
    fitted = warning.fit(X.iloc[train], y[train])
    part, whole = fitted.score_samples(X.iloc[test]), fitted.score_samples(X)[test]
    known = part <= 0
    np.testing.assert_allclose(part[known], whole[known], rtol=1e-6)
    # As an array they are joined where no event shows between them, so more rows have a score, a wrong one.
    joined = fitted.set_params().score_samples(X.to_numpy()[test])
    assert (joined <= 0).sum() > known.sum()
    scores = cross_val_score(warning, X, y, cv=StretchSplit(3))
    assert np.isfinite(scores).all() and len(scores) == 3
