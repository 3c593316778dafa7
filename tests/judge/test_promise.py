"""The promise: its bounds by hand and against scipy, the rule, and how often its sentence holds."""

import numpy as np
import pytest
from scipy.stats import binomtest

from rare_event.bench.plants import PLANTS, Plant, scores_of_plant
from rare_event.bench.promise import DRIFTS, REPEATS, held_by_rule, simulate
from rare_event.clock import TimeUnit
from rare_event.config import AlarmPolicy, Rule
from rare_event.errors import DataError
from rare_event.judge.bands import level_of_counts, level_of_shares
from rare_event.judge.bounds import (
    INDEPENDENT,
    TAIL,
    Dispersion,
    dispersion,
    lowest_share,
    upper_rates,
    upper_rates_of,
)
from rare_event.judge.evaluation import evaluate
from rare_event.judge.promise import Promise, promise_of, promised_by
from rare_event.judge.rules import choose, choose_on
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import operating_points

POLICY = AlarmPolicy()


@pytest.mark.parametrize(("caught", "n_events"), [(0, 5), (1, 36), (10, 36), (36, 36)])
def test_shares_are_the_bounds_of_scipy_at_the_level_of_the_band(caught: int, n_events: int) -> None:
    level = level_of_shares(n_events, TAIL)
    exact = binomtest(caught, n_events, alternative="greater").proportion_ci(1 - level, "exact").low
    assert lowest_share(caught, n_events) == pytest.approx(exact)
    single = binomtest(caught, n_events, alternative="greater").proportion_ci(1 - TAIL, "exact").low
    assert not lowest_share(caught, n_events) > single
    assert lowest_share(caught, n_events, n_thresholds=6) <= lowest_share(caught, n_events)


def test_no_false_alarm_in_n_days_by_hand() -> None:
    # P(no alarm) = exp(-rate * days) falls to the level at rate = -log(level) / days.
    bound = -np.log(level_of_counts(256, TAIL)) / 4.0
    assert upper_rates(np.zeros(1, int), 4.0, INDEPENDENT)[0] == pytest.approx(bound)
    # Alarms that come in threes: a third as many clusters, each counted three times.
    threes = Dispersion(np.array([1.0]), np.array([3.0]))
    assert upper_rates(np.zeros(1, int), 4.0, threes)[0] == pytest.approx(3 * bound)
    assert upper_rates(np.zeros(1, int), 0.0, INDEPENDENT)[0] == np.inf
    assert upper_rates(np.array([257]), 4.0, INDEPENDENT)[0] == np.inf, "not followed so far"


def scores_of(false: list[list[float]], rows: int = 100) -> Scores:
    """Stretches of rows two minutes apart with a score of 0, but for single rows an hour apart."""
    y_score = np.zeros((len(false), rows))
    for number, values in enumerate(false):
        y_score[number, 10 : 10 + 30 * len(values) : 30] = values
    n, stretch = int(y_score.size), np.repeat(np.arange(len(false)), rows)
    return Scores(
        row=np.arange(n),
        clock=2.0 * np.arange(n) + 60.0 * stretch,
        stretch=stretch,
        fold=np.zeros(n, int),
        y_true=np.zeros(n, int),
        y_score=y_score.ravel(),
        event=np.full(n, -1),
        to_event=np.full(n, np.inf),
        total_events=np.array([], int),
        step=2.0,
    )


def test_alarms_of_one_stretch_count_as_a_cluster() -> None:
    # 40 alarms in 20 equal stretches: two in each have no variance; elsewhere four stretches have ten each.
    even = scores_of([[5.0, 5.0]] * 20)
    bad = scores_of([[5.0] * 10] * 4 + [[]] * 16, rows=400)
    assert dispersion(even, POLICY).at(np.array([40]))[0] == 1.0
    # Mean 2 a stretch: 20 / 19 * (4 * 8^2 + 16 * 2^2) / 40.
    expected = 20 / 19 * (4 * 64 + 16 * 4) / 40
    found = dispersion(bad, POLICY)
    assert found.at(np.array([40]))[0] == pytest.approx(expected, rel=1e-6)
    assert found.at(np.array([0, 3])).tolist() == found.at(np.array([30, 30])).tolist(), "few tell nothing"


def test_a_long_stretch_is_cut() -> None:
    # One stretch of 2,000 rows is cut into 20 pieces of 100: alarms in rows 10, 40, 70 and 100, 130, 160.
    one = scores_of([[5.0] * 6], rows=2000)
    ratio = dispersion(one, POLICY).at(np.array([6]))[0]
    assert ratio == pytest.approx(20 / 19 * (2 * (3 - 0.3) ** 2 + 18 * 0.3**2) / 6)
    assert ratio != 1, "rows of one stretch are not independent"


def test_the_promise_counts_what_the_evaluation_counts() -> None:
    scores = scores_of_plant(PLANTS[0], 70, seed=1)
    threshold = choose_on(scores, POLICY, Rule("fa-per-day", 2.0))
    promise, seen = promise_of(scores, {0: threshold}, POLICY), evaluate(scores, {0: threshold}, POLICY)
    assert (promise.caught, promise.n_events) == (seen.caught, seen.n_events)
    assert (promise.false_alarms, promise.days) == (seen.false_alarms, seen.days)
    assert promise.rate is not None
    assert promise.rate > seen.false_alarms_per_day and promise.share < seen.caught / seen.n_events
    assert promised_by(scores, {0: threshold}, Rule(), POLICY) == promise
    # Thresholds that differ are counted fold by fold, and promise less; above all scores there is no alarm.
    folds = scores_of_plant(PLANTS[0], 70, seed=1, folds=2)
    apart = promise_of(folds, {0: threshold, 1: np.nextafter(threshold, 9)}, POLICY)
    assert (apart.caught, apart.false_alarms, apart.thresholds) == (seen.caught, seen.false_alarms, 2)
    assert apart.rate is not None and promise.rate < apart.rate
    silent = promise_of(scores, {0: 1e9}, POLICY)
    assert silent.caught == silent.false_alarms == 0 and silent.bounds is not None
    assert promised_by(scores.where(scores.row < 0), {0: threshold}, Rule(), POLICY) is None


def test_nothing_is_promised_of_an_alarm_that_always_stands() -> None:
    scores = scores_of_plant(PLANTS[0], 70, seed=1)
    promise = promise_of(scores, {0: 0.0}, POLICY)
    assert promise.bounds is None and promise.share == 0 and "Choose a higher threshold" in promise.in_words()
    assert "at most" not in promise.in_words()


def test_the_rule_chooses_by_the_bound_and_not_by_the_estimate() -> None:
    scores = scores_of_plant(PLANTS[1], 70, seed=3)
    points, spread = operating_points(scores, POLICY), dispersion(scores, POLICY)
    chosen = choose(points, Rule("promise-per-day", 6.0), spread)
    at = points.at(chosen)
    bound = upper_rates_of(points, spread)
    assert bound[at] <= 6.0 and points.false_alarms_per_day[at] < bound[at]
    # The next lower threshold could not promise it; and the estimate alone would have allowed a lower one.
    assert bound[at - 1] > 6.0 and choose(points, Rule("fa-per-day", 6.0)) < chosen
    assert promise_of(scores, {0: chosen}, POLICY).rate == pytest.approx(bound[at])
    with pytest.raises(ValueError, match="needs the dispersion"):
        choose(points, Rule("promise-per-day", 6.0))


def test_a_promise_that_no_threshold_can_make_is_refused() -> None:
    scores = scores_of_plant(PLANTS[0], 70, seed=3)
    with pytest.raises(DataError, match="No threshold can promise at most 0.2 false alarms a day") as refused:
        choose_on(scores, POLICY, Rule("promise-per-day", 0.2))
    assert "or use at least" in str(refused.value) and "nan" not in str(refused.value)
    with pytest.raises(DataError, match="at most 0 false alarms") as refused:
        choose_on(scores, POLICY, Rule("promise-per-day", 0.0))
    assert "inf" not in str(refused.value)


def test_the_sentence_says_what_it_rests_on() -> None:
    none = Promise(3.01, 0.0, caught=1, n_events=36, false_alarms=13, running=8.7)
    assert (
        "at most 3.1 false alarms a day, if" in none.in_words()
        and "catching 1 of 36 events" in none.in_words()
    )
    folds = Promise(2.0, 0.1299, caught=9, n_events=36, false_alarms=13, running=8.7, thresholds=6)
    assert "at most 2 false alarms a day and at least 12% of the events caught" in folds.in_words()
    assert "all 6 folds together, each at its own threshold (36 events, 8.7 days)" in folds.in_words()
    silent = Promise(2.0, 0.0, caught=0, n_events=0, false_alarms=13, running=8.7)
    unlabelled = silent.in_words(TimeUnit(labelled=False))
    assert "at most 2 alarms a day" in unlabelled and "event" not in unlabelled and "false" not in unlabelled
    assert "nothing is promised about events" in silent.in_words()
    assert "coming rows" in silent.in_words(TimeUnit("There is no clock"))


@pytest.fixture(scope="module")
def simulated():
    return simulate(answers=False)


def test_the_sentence_holds_in_simulated_plants_without_drift(simulated) -> None:
    """Each threshold is chosen on the data that its promise comes from, by rules that pick the best."""
    still = simulated[simulated["drift"] == 1.0]
    assert len(PLANTS) * REPEATS == 300 and (still.groupby("rule").size() >= 290).all()
    assert min(held_by_rule(still).values()) >= 0.93
    assert still["promised"].notna().mean() > 0.9 and (still["share"] > 0).mean() > 0.5, (
        "something is promised"
    )


def test_the_sentence_fails_with_drift(simulated) -> None:
    """With scores 1.2 times higher it fails in 4 to 25%, with 1.5 times in 30 to 74% of cases, by rule."""
    by_drift = {drift: simulated[simulated["drift"] == drift] for drift in DRIFTS}
    failed = {drift: 1 - np.array([*held_by_rule(some).values()]) for drift, some in by_drift.items()}
    assert failed[1.0].max() < failed[1.2].max() < failed[1.5].max()
    assert failed[1.5].min() > 0.05


def test_the_sentence_holds_with_a_threshold_for_each_fold() -> None:
    few = [Plant("few events", n_stretches=30, signal=2.0), Plant("very bad stretches", between=1.0)]
    found = simulate(few, repeats=40, folds=6, answers=False)
    assert min(held_by_rule(found[found["drift"] == 1.0]).values()) >= 0.93
