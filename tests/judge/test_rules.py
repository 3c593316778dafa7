"""Rules choose what a search over every threshold chooses, and of equals the highest threshold."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rare_event.config import LABEL_FREE, AlarmPolicy, Costs, Rule, RuleKind
from rare_event.errors import DataError
from rare_event.judge.rules import choose
from rare_event.judge.thresholds import OperatingPoints, operating_points
from tests import naive


def points_of(false_alarms, days=1.0):
    n = len(false_alarms)
    zeros = np.zeros(n, int)
    return OperatingPoints(
        threshold=np.arange(1.0, n + 1),
        tp=zeros,
        fp=zeros,
        caught=zeros,
        alarms=zeros,
        false_alarms=np.array(false_alarms),
        n_positive=0,
        n_normal=n,
        n_events=0,
        days=days,
    )


def test_the_budget_is_kept_at_every_threshold_above() -> None:
    # False alarms at thresholds 1 to 6. Within 2 a day are 4, 5 and 6; 1 is too (one alarm that
    # never stops), but on the way there 3 has four.
    points = points_of([1, 3, 4, 2, 1, 0])
    assert choose(points, Rule("fa-per-day", 2)) == 4.0
    assert choose(points, Rule("fa-per-day", 0)) == 6.0
    assert choose(points, Rule("fa-per-day", 0.99)) == 6.0
    assert choose(points, Rule("fa-per-day", 4)) == 1.0
    # Over half a day every count weighs twice.
    assert choose(replace(points, days=0.5), Rule("fa-per-day", 2)) == 5.0


def test_just_above_the_highest_score_where_nothing_keeps_the_budget() -> None:
    points = points_of([9, 9, 9])
    threshold = choose(points, Rule("fa-per-day", 2))
    assert threshold == np.nextafter(3.0, 4.0) > 3.0
    assert points.at(threshold) == len(points)  # no row is called positive


def test_a_fixed_threshold_is_itself() -> None:
    for value in (0.0, 0.3, 1e9):
        assert choose(points_of([9, 9]), Rule("fixed", value)) == value


def budgets(most: float) -> st.SearchStrategy[float]:
    return st.just(0.0) | st.floats(1e-6, most)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=30), budgets(7.0))
def test_choosing_is_that_of_the_walk(false_alarms, budget) -> None:
    points = points_of(false_alarms)
    chosen = choose(points, Rule("fa-per-day", budget))
    expected = naive.choose(points.threshold.tolist(), points.false_alarms_per_day.tolist(), budget)
    assert chosen == (np.nextafter(len(false_alarms), np.inf) if expected is None else expected)
    kept = points.false_alarms_per_day[points.threshold >= chosen]
    assert (kept <= budget).all()
    lower = points.at(chosen) - 1
    assert lower < 0 or points.false_alarms_per_day[lower] > budget


@given(st.integers(0, 10_000), budgets(200.0))
def test_the_chosen_threshold_keeps_the_budget_on_the_rows_themselves(seed, budget) -> None:
    rng = np.random.default_rng(seed)
    scores, policy = naive.random_scores(rng, n_rows=40), naive.random_policy(rng)
    threshold = choose(operating_points(scores, policy), Rule("fa-per-day", budget))
    for above in (threshold, threshold + 0.01, threshold + 1):
        assert naive.alarm_figures(scores, above, policy)["false_alarms"] / scores.days <= budget


def test_a_trailing_quantile_is_one_of_its_own_multiples() -> None:
    assert choose(points_of([9, 9, 9]), Rule("trailing-quantile", 0.99)) == 1.0
    assert choose(points_of([0] * 50), Rule("trailing-quantile", 0.5, days=1.0)) != 25.0


# Of `f-beta` the beta, of `cost` what a false alarm costs.
SEARCHED: list[tuple[RuleKind, tuple[float, ...]]] = [
    ("fa-per-day", (0.0, 5.0, 20.0, 60.0, 1000.0)),
    ("f-beta", (0.25, 1.0, 2.0, 10.0)),
    ("cost", (0.0, 200.0, 4000.0, 50_000.0)),
    ("quantile", (0.0, 0.1, 0.5, 0.9, 0.99, 1.0)),
]


def rule_of(kind: RuleKind, value: float) -> Rule:
    return Rule(kind, costs=Costs(false_alarm=value)) if kind == "cost" else Rule(kind, value)


def counted(seed, n_rows=60):
    """Random scores, their operating points and the figures of a walk at each threshold."""
    rng = np.random.default_rng(seed)
    scores = naive.random_scores(rng, n_rows=n_rows, ties=int(rng.choice([3, 12, 1000])))
    policy = naive.random_policy(rng)
    walked = [
        (t, naive.figures_at(scores, t, policy) | {"standing": naive.standing_rows(scores, t, policy)})
        for t in naive.thresholds_of(scores, policy)
    ]
    return scores, operating_points(scores, policy), walked


@pytest.mark.parametrize("seed", range(12))
def test_the_same_as_a_search_over_every_threshold(seed) -> None:
    scores, points, walked = counted(seed)
    none = np.nextafter(points.threshold[-1], np.inf)
    for kind, values in SEARCHED:
        for value in values:
            rule = rule_of(kind, value)
            expected = naive.search(walked, rule, points.n_events, scores.days)
            found = choose(points, rule)
            assert found == (none if expected is None else expected), rule
            assert type(found) is float and np.isfinite(found)


@pytest.mark.parametrize("kind", ["recall", "events"])
@pytest.mark.parametrize("seed", range(12))
def test_a_share_that_can_be_reached_is_reached(kind, seed) -> None:
    scores, points, walked = counted(seed)
    figures = dict(walked)
    most = max(f["caught"] for f in figures.values()) / max(points.n_events, 1)
    for share in (0.0, 0.3, 0.5, 0.8, 1.0):
        if kind == "events" and share > most:
            continue
        chosen = choose(points, Rule(kind, share))
        reached = {
            t: f["recall"] if kind == "recall" else f["caught"] / max(points.n_events, 1) for t, f in walked
        }
        assert reached[chosen] >= share
        # Nothing higher reaches the share at a better precision, nor at the same.
        for higher in (t for t in reached if t > chosen and reached[t] >= share):
            assert figures[higher]["precision"] < figures[chosen]["precision"]


@pytest.mark.parametrize("kind", ["recall", "events"])
def test_a_share_is_reached_at_the_best_precision(kind) -> None:
    if kind == "recall":
        # Half of the rows are found at 5 with precision .67; at 4 it is three quarters, with .75.
        assert choose(by_hand(), Rule("recall", 0.5)) == 4.0
    for seed in range(12):
        scores, points, walked = counted(seed)
        for share in (0.0, 0.3, 0.5, 1.0):
            expected = naive.search(walked, Rule(kind, share), points.n_events, scores.days)
            if expected is not None:
                assert choose(points, Rule(kind, share)) == expected


def by_hand() -> OperatingPoints:
    """Six thresholds over ten rows, four of them positive, and four events.

    threshold      1     2     3     4     5     6
    rows called   10     8     6     4     3     1
    tp             4     4     3     3     2     1
    precision    .40   .50   .50   .75   .67  1.00
    recall      1.00  1.00   .75   .75   .50   .25
    caught         4     4     3     2     2     1
    false alarms   0     1     3     2     0     0
    """
    return OperatingPoints(
        threshold=np.arange(1.0, 7),
        tp=np.array([4, 4, 3, 3, 2, 1]),
        fp=np.array([6, 4, 3, 1, 1, 0]),
        caught=np.array([4, 4, 3, 2, 2, 1]),
        alarms=np.array([4, 5, 6, 4, 2, 1]),
        false_alarms=np.array([0, 1, 3, 2, 0, 0]),
        n_positive=4,
        n_normal=6,
        n_events=4,
        days=1.0,
    )


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule("recall", 1.0), 2.0),  # 1 and 2 find all: .50 is more precise than .40
        (Rule("recall", 0.75), 4.0),  # 1 to 4 find enough: .75 is the best of them
        (Rule("recall", 0.25), 6.0),
        (Rule("events", 1.0), 2.0),
        (Rule("events", 0.75), 3.0),  # 1, 2 and 3 catch three: 2 and 3 are equally precise
        (Rule("events", 0.5), 4.0),  # 4 and 5 catch two: .75 is more precise than .67
        (Rule("events", 0.25), 6.0),
        # F1 = 2 tp / (4 + called): 8/14, 8/12, 6/10, 6/8, 4/7, 2/5.
        (Rule("f-beta", 1.0), 4.0),
        # F10 weighs recall 100 times: 2 has all of it, at more precision than 1.
        (Rule("f-beta", 10.0), 2.0),
        # F0.1 weighs it 1/100: precision decides.
        (Rule("f-beta", 0.1), 6.0),
        # Net from threshold 3, with the most false alarms, on: 15,000 - 600, 10,000 - 400, 10,000,
        # 5,000. At 1 it would be 20,000.
        (Rule("cost"), 3.0),
        # 15,000 - 9,000, 10,000 - 6,000, 10,000, 5,000.
        (Rule("cost", costs=Costs(false_alarm=3000)), 5.0),
        (Rule("cost", costs=Costs(saved=0.0)), np.nextafter(6.0, 7.0)),  # a warning saves nothing
        # Called are 10, 8, 6, 4, 3 and 1 of 10: at most 4 from 4 on, at most 3 from 5, none nowhere.
        (Rule("quantile", 0.6), 4.0),
        (Rule("quantile", 0.7), 5.0),
        (Rule("quantile", 0.65), 5.0),
        (Rule("quantile", 0.0), 1.0),
        (Rule("quantile", 1.0), np.nextafter(6.0, 7.0)),
    ],
    ids=str,
)
def test_rules_by_hand(rule, expected) -> None:
    points = by_hand()
    assert choose(points, rule) == expected
    assert (points.tp == by_hand().tp).all() and (points.threshold == by_hand().threshold).all()


@pytest.mark.parametrize(
    "rule", [Rule("recall", 0.5), Rule("events", 0.5), Rule("f-beta", 1.0), Rule("cost")]
)
def test_of_equals_the_highest(rule) -> None:
    # Three thresholds at which the same is counted; the fourth finds nothing.
    equal = OperatingPoints(
        threshold=np.arange(1.0, 5),
        tp=np.array([2, 2, 2, 0]),
        fp=np.array([1, 1, 1, 1]),
        caught=np.array([1, 1, 1, 0]),
        alarms=np.array([1, 1, 1, 0]),
        false_alarms=np.array([0, 0, 0, 0]),
        n_positive=2,
        n_normal=8,
        n_events=1,
        days=1.0,
    )
    assert choose(equal, rule) == 3.0


@given(st.integers(0, 10_000), st.floats(0, 20_000))
def test_cost_is_never_below_the_most_false_alarms(seed, false_alarm) -> None:
    rng = np.random.default_rng(seed)
    scores = naive.random_scores(rng, n_rows=60, ties=1000)
    points = operating_points(scores, naive.random_policy(rng))
    if not points.n_positive:
        return
    rule = Rule("cost", costs=Costs(false_alarm=false_alarm))
    chosen = points.at(choose(points, rule))
    assert chosen >= int(np.argmax(points.false_alarms))
    value = points.net_value(rule.costs)
    assert chosen == len(points) or value[chosen] > 0
    assert chosen < len(points) or (value[int(np.argmax(points.false_alarms)) :] <= 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_cost_never_picks_an_alarm_that_is_always_on(seed) -> None:
    # 40 stretches of 30 rows, each up to an event, and scores that know nothing: an alarm that never
    # stops would catch all 40 and never be false.
    rng = np.random.default_rng(seed)
    stretch = np.repeat(np.arange(40), 30)
    to_event = np.tile(np.arange(60.0, 0, -2), 40)
    scores = replace(
        naive.random_scores(rng, n_rows=8),
        row=np.arange(1200),
        clock=2.0 * np.arange(1200) + 100 * stretch,
        stretch=stretch,
        fold=np.zeros(1200, int),
        y_true=(to_event <= 4).astype(np.int8),
        y_score=rng.random(1200),
        event=stretch,
        to_event=to_event,
        total_events=np.arange(40),
    )
    # It does not sound again either, or it would be false.
    points = operating_points(scores, AlarmPolicy(repeat=60.0))
    assert points.caught[0] == 40 and points.false_alarms[0] == 0
    assert points.net_value(Costs())[0] == points.net_value(Costs()).max()
    chosen = choose(points, Rule("cost"))
    assert (scores.y_score >= chosen).mean() < 0.8 and chosen > points.threshold[0]


ALL = [
    Rule("fa-per-day", 2.0),
    Rule("recall", 0.5),
    Rule("events", 0.5),
    Rule("f-beta", 1.0),
    Rule("cost"),
    Rule("quantile", 0.99),
    Rule("trailing-quantile", 0.99),
    Rule("fixed", 0.3),
]


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.kind)
def test_without_positive_rows_only_some_rules_have_an_answer(rule) -> None:
    alone = replace(points_of([2, 1, 0]), fp=np.array([3, 2, 1]))
    assert alone.n_positive == 0
    if rule.kind in LABEL_FREE:
        # Nothing is above 1 - .99 of 3 rows but the next number after the highest score.
        highest = np.nextafter(3.0, 4.0)
        expected = {"fa-per-day": 1.0, "quantile": highest, "trailing-quantile": 1.0, "fixed": 0.3}
        assert choose(alone, rule) == expected[rule.kind]
    else:
        with pytest.raises(DataError, match="no positive windows.*false alarms per day or by a quantile"):
            choose(alone, rule)
        assert np.isfinite(choose(by_hand(), rule))


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=60),
    st.floats(0, 1) | st.sampled_from([0.1, 0.5, 0.9, 0.99]),
)
def test_a_quantile_by_its_definition(values, share) -> None:
    scores = naive.random_scores(np.random.default_rng(0), n_rows=100).where(np.arange(85) < len(values))
    points = operating_points(scores.with_score(np.array(values, float)), AlarmPolicy())
    chosen = choose(points, Rule("quantile", share))
    few = (1 - share) * len(values) + 1e-9
    assert sum(value >= chosen for value in values) <= few
    # The next lower score would call too many.
    lower = [value for value in values if value < chosen]
    assert not lower or sum(value >= max(lower) for value in values) > few - 2e-9


WORDS = {
    "at most 2 false alarms a day": Rule(),
    "at most 0.5 false alarms a day": Rule("fa-per-day", 0.5),
    "at most 1 false alarm a day": Rule("fa-per-day", 1.0),
    "at most 1,000,000 false alarms a day": Rule("fa-per-day", 1e6),
    "at most 123,457 false alarms a day": Rule("fa-per-day", 123_456.7),
    "at least 50% of the positive rows, at the best precision": Rule("recall", 0.5),
    "at least 90% of the events, at the best precision": Rule("events", 0.9),
    "the highest F-beta with beta 0.5": Rule("f-beta", 0.5),
    "the least cost (event 10,000, of which a warning saves 50%; false alarm 200)": Rule("cost"),
    "the 0.995 quantile of the scores": Rule("quantile", 0.995),
    "the trailing 0.99 quantile of the scores over the last 3 days": Rule("trailing-quantile", 0.99),
    "set by hand": Rule("fixed", 7.0),
}


@pytest.mark.parametrize(("words", "rule"), WORDS.items(), ids=lambda value: getattr(value, "kind", "words"))
def test_every_rule_in_words(words, rule) -> None:
    assert rule.in_words() == words
    assert "nan" not in words and "_" not in words


def test_no_rule_is_left_without_words() -> None:
    assert {rule.kind for rule in WORDS.values()} == {rule.kind for rule in ALL}
    assert len({rule.in_words() for rule in ALL}) == len(ALL)
