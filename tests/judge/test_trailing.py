"""The trailing quantile follows the scores, and never sees one that is still to come."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rare_event.config import RECOMMENDED, AlarmPolicy, PCAModel, Rule, SplitPlan
from rare_event.errors import ConfigError
from rare_event.experiment.run import run_experiment
from rare_event.judge.evaluation import evaluate
from rare_event.judge.rules import choose
from rare_event.judge.scores import Scores, join
from rare_event.judge.thresholds import operating_points
from rare_event.judge.trailing import follow, quantile_for, quantiles_for, trailing_threshold
from tests import naive

BUDGETS = (1.0, 2.0, 5.0)


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


def look_back(scores, rule, history=None):
    """Sort the windows before each window of its fold, and walk down from the highest."""
    limits = []
    for past in naive.trailing(scores, rule, history):
        falling = sorted(past, reverse=True)
        place = min(max((1 - rule.value) * (len(falling) + 1), 1.0), len(falling))
        above, below = falling[int(place + 1e-9) - 1], falling[min(int(place + 1e-9), len(falling) - 1)]
        limits.append(above + (place - int(place + 1e-9)) * (below - above))
    return limits


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


def test_a_quantile_between_order_statistics_by_hand() -> None:
    # Of n windows the 0.75 quantile is number (n + 1) / 4 from the top: of two it is the highest, of
    # three too; of four it is a quarter of the way from the highest to the second.
    rule = Rule("trailing-quantile", 0.75, days=1 / 12)
    scores = course([1, 3, 2, 7, 4, 5], step=30.0)
    limit = trailing_threshold(scores, rule)
    np.testing.assert_allclose(limit, [3, 3, 3, 3, 7 - 0.25 * 4, 7 - 0.25 * 3])
    np.testing.assert_allclose(trailing_threshold(scores, rule, factor=2.0), 2 * limit)
    # The ordinary quantile of four would be a quarter further down.
    assert limit[4] > np.quantile([1, 3, 2, 7], 0.75)


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
    alone, after = follow(scores, rule), follow(scores, rule, history)
    np.testing.assert_allclose(trailing_threshold(scores, rule), look_back(scores, rule), rtol=1e-12)
    limit = trailing_threshold(scores, rule, history)
    np.testing.assert_allclose(limit, look_back(scores, rule, history), rtol=1e-12)
    assert (after.y_score == scores.y_score / limit).all()
    assert len(after) == len(scores) and not np.allclose(alone.y_score, after.y_score)
    # A fold never looks at another.
    for fold in range(n_folds):
        mine = follow(scores.of_fold(fold), rule, history.of_fold(fold))
        assert (mine.y_score == after.of_fold(fold).y_score).all()


def test_a_fold_may_have_a_quantile_of_its_own() -> None:
    history, scores = random_parts(np.random.default_rng(2), 250, 2)
    rules = [Rule("trailing-quantile", value, days=0.1) for value in (0.7, 0.95)]
    both = follow(scores, rules[0], history, quantiles={0: 0.7, 1: 0.95})
    for fold, rule in enumerate(rules):
        mine = follow(scores.of_fold(fold), rule, history.of_fold(fold))
        assert (both.of_fold(fold).y_score == mine.y_score).all()
    assert not (both.y_score == follow(scores, rules[0], history).y_score).all()


@pytest.mark.parametrize(
    "rule", [Rule(), Rule("quantile", 0.99), Rule("fixed", 1.0), Rule("recall", 0.5), Rule("cost")]
)
def test_other_rules_leave_the_scores_as_they_are(rule) -> None:
    history, scores = random_parts(np.random.default_rng(1), 100, 1)
    assert follow(scores, rule, history) is scores and follow(scores, rule) is scores
    # What such scores are compared with is the threshold itself.
    assert (trailing_threshold(scores, rule, history, factor=0.7) == 0.7).all()
    assert not (follow(scores, Rule("trailing-quantile", 0.99)).y_score == scores.y_score).all()


def test_of_nothing_comes_nothing() -> None:
    nothing = course([])
    rule = Rule("trailing-quantile", 0.99)
    assert len(follow(nothing, rule, course([1, 2, 3]))) == 0
    assert trailing_threshold(nothing, rule).shape == (0,)


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
    # 20 days of 2-minute rows whose errors grow tenfold, by 6% in the half day that a quantile of the
    # last day lags behind on average; the first 5 days are validation.
    rng = np.random.default_rng(0)
    values = rng.gamma(2.0, size=14_400) * np.geomspace(1, 10, 14_400)
    history, scores = course(values[:3600]), course(values[3600:], first_row=3600)
    followed = follow(scores, Rule("trailing-quantile", share, days=1.0), history)
    alarmed = (followed.y_score >= 1.0).mean()
    assert 0.8 * (1 - share) < alarmed < 1.6 * (1 - share)
    fixed = (scores.y_score >= np.quantile(history.y_score, share)).mean()
    assert fixed > 10 * (1 - share) > 5 * alarmed


@pytest.mark.parametrize(("rows", "share"), [(99, 0.02), (49, 0.05), (80, 0.1), (300, 0.011)])
def test_it_is_exceeded_by_as_many_windows_as_it_says(rows, share) -> None:
    # Heavy tails or not, a further window is as likely as any to be among the highest.
    values = np.exp(np.random.default_rng(rows).normal(size=200_000))
    limit = trailing_threshold(course(values), Rule("trailing-quantile", 1 - share, days=rows / 720))
    exceeded = (values >= limit)[rows:].mean()
    assert exceeded == pytest.approx(share, rel=0.06)
    # The ordinary quantile of so few would be exceeded by (share * (rows - 1) + 1) / (rows + 1).
    assert exceeded < 0.95 * (share * (rows - 1) + 1) / (rows + 1)


def test_a_window_as_high_as_the_limit_reaches_it() -> None:
    # Of 79 whole numbers the 0.9 quantile is the 8th from the top, no hair more: a tie reaches it.
    scores = course(np.random.default_rng(3).integers(1, 8, 500).astype(float))
    rule = Rule("trailing-quantile", 0.9, days=79 / 720)
    eighth = [np.sort(scores.y_score[i - 79 : i])[-8] for i in range(79, 500)]
    limit = trailing_threshold(scores, rule)
    assert (limit[79:] == eighth).all()
    reached = follow(scores, rule).y_score >= 1.0
    assert (reached == (scores.y_score >= limit)).all() and 0 < reached.sum() < 500
    assert (scores.y_score[79:] == eighth).any()


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


def plant(rng, days, spread=1.0, cluster=1, step=1.0) -> Scores:
    """Running time without events whose high scores come in clusters, and rise at 3/4 of it."""
    n = round(720 * days)
    noise = np.exp(spread * rng.normal(size=n + cluster - 1))
    highest = np.lib.stride_tricks.sliding_window_view(noise, cluster).max(axis=1)
    return course(highest * np.where(np.arange(n) < 0.75 * n, 1.0, step))


def rates(parts, budget, days=3.0, policy=None):
    """Rates of all folds together: with a quantile found on each fold's past, and a fixed threshold."""
    policy = policy or AlarmPolicy()
    trailing, fixed = [], []
    for past, test in parts:
        rule = Rule("trailing-quantile", quantile_for(past, policy, budget, days), days=days)
        trailing.append(evaluate(follow(test, rule, past), dict.fromkeys(test.fold, 1.0), policy))
        threshold = choose(operating_points(past, policy), Rule("fa-per-day", budget))
        fixed.append(evaluate(test, dict.fromkeys(test.fold, threshold), policy))
    days_of_all = sum(part.days for part in trailing)
    return tuple(sum(part.false_alarms for part in each) / days_of_all for each in (trailing, fixed))


def test_the_quantile_of_clusters_by_hand() -> None:
    # In 10 days of 2-minute rows every 60th row begins four equal scores: 120 clusters of different
    # heights. Whatever the level, four windows above it are one alarm, so 2 alarms a day are 8 of the
    # 720 windows. With each row an alarm of its own (cooldown 0) they are 2.
    height = 2.0 + np.random.default_rng(0).permutation(120)
    values = np.random.default_rng(1).random(7200)
    for row in range(4):
        values[np.arange(120) * 60 + row] = height
    past = course(values)
    assert quantile_for(past, AlarmPolicy(), 2.0) == pytest.approx(1 - 8 / 720, abs=0.0005)
    assert quantile_for(past, AlarmPolicy(), 1.0) == pytest.approx(1 - 4 / 720, abs=0.0005)
    assert quantile_for(past, AlarmPolicy(cooldown=0.0), 2.0) == pytest.approx(1 - 2 / 720, abs=1e-12)
    # Three of the last three rows: the third and the fourth row of a cluster are alarmed, as one.
    assert quantile_for(past, AlarmPolicy(k=3, n=3), 2.0) == pytest.approx(1 - 8 / 720, abs=0.0005)
    assert past.y_score.tolist() == values.tolist()


@pytest.mark.parametrize("budget", BUDGETS)
def test_alone_each_window_is_an_alarm(budget) -> None:
    past = plant(np.random.default_rng(5), days=40)
    found = 720 * (1 - quantile_for(past, AlarmPolicy(), budget))
    assert 0.999 * budget < found < 1.15 * budget


@pytest.mark.parametrize("seed", range(5))
def test_it_keeps_its_budget_on_what_comes_after(seed) -> None:
    # Six folds of 2.5 days after 2 days of validation, as on the mill; in one of them the scores rise
    # half-way through the test part, threefold where they spread by a factor of e.
    rng = np.random.default_rng(seed)
    parts = []
    for step in (3.0, 1.0, 1.0, 1.0, 1.0, 1.0):
        scores = plant(rng, 4.5, cluster=int(rng.integers(1, 8)), step=step)
        parts.append((scores.where(scores.row < 1440), scores.where(scores.row >= 1440)))
    found = np.array([np.array(rates(parts, budget)) / budget for budget in BUDGETS])
    assert ((found[:, 0] > 0.5) & (found[:, 0] < 2.0)).all()
    # A threshold fixed on the past is further from the budget.
    off = np.abs(np.log(found)).sum(axis=0)
    assert off[0] < off[1]


def test_the_spread_of_the_scores_does_not_matter() -> None:
    found = []
    for spread in (0.1, 1.0, 5.0):
        scores = plant(np.random.default_rng(6), 30.0, spread, cluster=3)
        found.append(rates([(scores.where(scores.row < 1440), scores.where(scores.row >= 1440))], 2.0)[0])
    assert len(set(found)) == 1 and 1.0 < found[0] < 4.0


def test_three_of_five_keeps_its_budget_too() -> None:
    scores = plant(np.random.default_rng(8), 60.0, cluster=4, step=5.0)
    parts = [(scores.where(scores.row < 3000), scores.where(scores.row >= 3000))]
    for budget in BUDGETS:
        trailing, fixed = rates(parts, budget, policy=AlarmPolicy(k=3, n=5))
        assert budget / 2 < trailing < 2 * budget < fixed


def test_only_ranks_count() -> None:
    past = plant(np.random.default_rng(9), 2.0, cluster=3)
    found = [
        quantile_for(past.with_score(change(past.y_score)), AlarmPolicy(), 2.0)
        for change in (np.array, np.log, lambda score: 1000 * score, np.square)
    ]
    assert len(set(found)) == 1 and 0.98 < found[0] < 0.997
    assert quantile_for(past, AlarmPolicy(), 5.0) < found[0] < quantile_for(past, AlarmPolicy(), 1.0)


def test_too_few_windows_to_tell_are_taken_to_alarm_alone() -> None:
    for n in (0, 1, 19):
        assert quantile_for(course(np.arange(n)), AlarmPolicy(), 2.0) == 1 - 2 / 720
    # All equal: no window is above another.
    assert 0.5 <= quantile_for(course(np.ones(500)), AlarmPolicy(), 2.0) <= 1 - 2 / 720
    # More alarms than there is time for: no limit below the median.
    assert quantile_for(course(np.random.default_rng(0).random(500)), AlarmPolicy(), 700.0) == 0.5


def test_each_fold_has_a_quantile_of_its_own() -> None:
    alone, clustered = (plant(np.random.default_rng(seed), 3.0, cluster=seed) for seed in (1, 6))
    past = join([alone, replace(clustered, fold=np.full(len(clustered), 4))])
    found = quantiles_for(past, AlarmPolicy(), 2.0)
    assert found == {part: quantile_for(past.of_fold(part), AlarmPolicy(), 2.0) for part in (0, 4)}
    assert found[4] < found[0]


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan")])
def test_a_budget_of_nothing_is_refused(budget) -> None:
    with pytest.raises(ConfigError, match="more than 0"):
        quantile_for(course(np.arange(100)), AlarmPolicy(), budget)


@pytest.mark.mill
def test_the_mill_keeps_its_budget(mill_table) -> None:
    recipe = replace(RECOMMENDED, model=PCAModel(), split=SplitPlan("rolling", folds=6))
    result = run_experiment(mill_table, recipe)
    parts = [(fold.validation, fold.test) for fold in result.folds]
    for days in (2.0, 3.0, 4.0):
        for budget in BUDGETS:
            assert budget / 2 < rates(parts, budget, days)[0] < 2 * budget
    # A threshold of the past is over its budget by then: the mill drifts.
    assert rates(parts, 2.0)[1] > 1.5 * 2.0
    quantiles = quantiles_for(result.validation, AlarmPolicy(), 5.0)
    followed = follow(result.test, Rule("trailing-quantile", 0.9), result.validation, quantiles)
    caught = evaluate(followed, dict.fromkeys(range(6), 1.0), AlarmPolicy()).caught
    assert 8 <= caught <= 20
