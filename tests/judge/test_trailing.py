"""The trailing quantile follows the scores, and never sees one that is still to come."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rare_event.config import AlarmPolicy, Rule
from rare_event.judge.evaluation import evaluate
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import operating_points
from rare_event.judge.trailing import follow
from tests import naive


def course(values, first_row=0, fold=0, step=2.0) -> Scores:
    """Windows in one stretch, without events."""
    n = len(values)
    return Scores(
        row=first_row + np.arange(n),
        clock=step * (first_row + np.arange(n)),
        stretch=np.zeros(n, int),
        fold=np.full(n, fold),
        y_true=np.zeros(n, np.int8),
        y_score=np.array(values, float),
        event=np.full(n, -1),
        to_event=np.full(n, np.inf),
        total_events=np.array([], int),
        step=step,
    )


def test_by_hand() -> None:
    # Rows of 30 minutes: an hour is two of them, and 2 hours (1/12 day) are four. The median of
    # 1, 2 is 1.5: for rows 0, 1 (the first there is) and 2; of 1, 2, 3 it is 2; of 1, 2, 3, 4 it is
    # 2.5; of the last four, 2, 3, 4, 10, it is 3.5.
    rule = Rule("trailing-quantile", 0.5, days=1 / 12)
    followed = follow(course([1, 2, 3, 4, 10, 7], step=30.0), rule)
    np.testing.assert_allclose(followed.y_score, [1 / 1.5, 2 / 1.5, 3 / 1.5, 4 / 2, 10 / 2.5, 7 / 3.5])
    # With two windows of history, 4 and 6, no row uses what comes after it: medians 5 of 4, 6; 4 of
    # 4, 6, 1; 3 of 4, 6, 1, 2; 2.5 of 6, 1, 2, 3; ...
    history = course([4, 6], step=30.0)
    later = course([1, 2, 3, 4], first_row=2, step=30.0)
    followed = follow(later, rule, history)
    np.testing.assert_allclose(followed.y_score, [1 / 5, 2 / 4, 3 / 3, 4 / 2.5])
    assert len(followed) == 4 and followed.row.tolist() == [2, 3, 4, 5]
    assert later.y_score.tolist() == [1, 2, 3, 4] and history.y_score.tolist() == [4, 6]


def test_less_than_an_hour_is_compared_with_all_there_is() -> None:
    followed = follow(course([1, 2, 3]), Rule("trailing-quantile", 0.5))
    np.testing.assert_allclose(followed.y_score, [0.5, 1, 1.5])
    (one,) = follow(course([7]), Rule("trailing-quantile", 0.99)).y_score
    assert one == 1.0


def random_parts(rng, n_rows, n_folds):
    """Validation before test, or among it, of one or more folds; continuous scores."""
    scores = naive.random_scores(rng, n_rows=n_rows, n_folds=n_folds)
    scores = scores.with_score(rng.gamma(2.0, size=len(scores)))
    if rng.random() < 0.5:
        earlier = np.arange(len(scores)) < len(scores) // 3
    else:
        earlier = rng.random(len(scores)) < 0.4
    return scores.where(earlier), scores.where(~earlier)


@pytest.mark.parametrize("n_folds", [1, 3])
@pytest.mark.parametrize("seed", range(8))
def test_the_same_as_looking_back_from_every_window(seed, n_folds) -> None:
    rng = np.random.default_rng(seed)
    # Of 2-minute rows: an hour is 30, the last 0.05 to 0.2 days are 36 to 144 of them.
    history, scores = random_parts(rng, int(rng.choice([40, 120, 250])), n_folds)
    rule = Rule(
        "trailing-quantile", float(rng.choice([0.5, 0.9, 0.99])), days=float(rng.choice([0.01, 0.05, 0.2]))
    )
    alone = follow(scores, rule)
    np.testing.assert_allclose(alone.y_score, naive.follow(scores, rule), rtol=1e-12)
    after = follow(scores, rule, history)
    np.testing.assert_allclose(after.y_score, naive.follow(scores, rule, history), rtol=1e-12)
    assert len(after) == len(scores) and not np.allclose(alone.y_score, after.y_score)
    # A fold never looks at another.
    for fold in range(n_folds):
        mine = follow(scores.of_fold(fold), rule, history.of_fold(fold))
        assert (mine.y_score == after.of_fold(fold).y_score).all()


@pytest.mark.parametrize(
    "rule", [Rule(), Rule("quantile", 0.99), Rule("fixed", 1.0), Rule("recall", 0.5), Rule("cost")]
)
def test_other_rules_leave_the_scores_as_they_are(rule) -> None:
    history, scores = random_parts(np.random.default_rng(1), 100, 1)
    assert follow(scores, rule, history) is scores and follow(scores, rule) is scores
    assert not (follow(scores, Rule("trailing-quantile", 0.99)).y_score == scores.y_score).all()


def test_of_nothing_comes_nothing() -> None:
    nothing = course([])
    assert len(follow(nothing, Rule("trailing-quantile", 0.99), course([1, 2, 3]))) == 0


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(30, 119), st.floats(0.01, 1000))
def test_nothing_comes_from_the_future(seed, changed, factor) -> None:
    rng = np.random.default_rng(seed)
    rule = Rule("trailing-quantile", 0.9, days=0.1)
    scores = course(rng.gamma(2.0, size=120))
    spoilt = scores.y_score.copy()
    spoilt[changed:] *= factor
    one, other = follow(scores, rule), follow(scores.with_score(spoilt), rule)
    # The first hour is 30 windows: from the 31st on, changing a window changes no ratio before it.
    assert (one.y_score[:changed] == other.y_score[:changed]).all()
    # What changes is its own ratio, as much as itself.
    assert other.y_score[changed] == pytest.approx(factor * one.y_score[changed])


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 59))
def test_with_an_hour_of_history_not_even_the_first_hour_looks_ahead(seed, changed) -> None:
    rng = np.random.default_rng(seed)
    rule = Rule("trailing-quantile", 0.9, days=0.1)
    history = course(rng.gamma(2.0, size=30))
    scores = course(rng.gamma(2.0, size=60), first_row=30)
    spoilt = scores.y_score.copy()
    spoilt[changed:] += 5.0
    one, other = follow(scores, rule, history), follow(scores.with_score(spoilt), rule, history)
    assert (one.y_score[:changed] == other.y_score[:changed]).all()
    assert one.y_score[changed] < other.y_score[changed]


@pytest.mark.parametrize("share", [0.95, 0.99])
def test_it_keeps_its_budget_while_the_scores_drift(share) -> None:
    # 20 days of 2-minute rows whose errors grow tenfold, by 6 % in the half day that a quantile of the
    # last day lags behind on average; the first 5 days are validation.
    rng = np.random.default_rng(0)
    values = rng.gamma(2.0, size=14_400) * np.geomspace(1, 10, 14_400)
    history, scores = course(values[:3600]), course(values[3600:], first_row=3600)
    followed = follow(scores, Rule("trailing-quantile", share, days=1.0), history)
    alarmed = (followed.y_score >= 1.0).mean()
    assert 0.8 * (1 - share) < alarmed < 1.6 * (1 - share)
    fixed = (scores.y_score >= np.quantile(history.y_score, share)).mean()
    assert fixed > 10 * (1 - share) > 5 * alarmed


def test_a_ratio_of_one_is_the_quantile_itself() -> None:
    rng = np.random.default_rng(3)
    scores = course(rng.integers(1, 8, 500).astype(float))
    rule = Rule("trailing-quantile", 0.9, days=0.1)
    limit = pd.Series(scores.y_score).rolling(72, min_periods=30).quantile(0.9).shift(1).bfill()
    reached = scores.y_score >= limit.to_numpy()
    assert ((follow(scores, rule).y_score >= 1.0) == reached).all() and 0 < reached.sum() < 500


def test_all_that_is_counted_is_counted_on_ratios() -> None:
    rng = np.random.default_rng(4)
    history, scores = random_parts(rng, 300, 1)
    followed = follow(scores, Rule("trailing-quantile", 0.9, days=0.1), history)
    points = operating_points(followed, AlarmPolicy())
    at_one = points.at(1.0)
    found = evaluate(followed, {0: 1.0}, AlarmPolicy())
    expected = (points.tp[at_one], points.fp[at_one], points.caught[at_one], points.false_alarms[at_one])
    assert (found.tp, found.fp, found.caught, found.false_alarms) == expected
    assert found.n_positive == scores.n_positive and found.tp + found.fp < len(scores)


def test_a_quantile_of_zero_gives_numbers() -> None:
    # Half of the windows are reproduced exactly: their median error is 0.
    with np.errstate(over="ignore"):
        followed = follow(course([0.0] * 40 + [5.0] * 20), Rule("trailing-quantile", 0.5))
    assert np.isfinite(followed.y_score).all()
