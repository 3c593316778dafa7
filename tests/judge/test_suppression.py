"""Suppressed rows: no alarm, no say in k of n, and every event stays counted."""

from dataclasses import replace

import numpy as np
import pytest

from rare_event.config import RECOMMENDED, AlarmPolicy, from_json, to_json
from rare_event.errors import ConfigError, DataError
from rare_event.judge.alarms import alarms
from rare_event.judge.category import Category
from rare_event.judge.evaluation import evaluate
from rare_event.judge.scores import Scores, join
from rare_event.judge.suppression import hears_nothing, suppressed_in_words, suppression
from rare_event.judge.thresholds import operating_points
from tests import naive
from tests.small import one_stretch

KINDS = ("caught", "alarms", "false_alarms")


def graded(y_score: list[float], grade: str, since: list[float]) -> Scores:
    category = Category.of_text(np.array(list(grade), object), np.array(since))
    return replace(one_stretch(*y_score), categories={"grade": category})


def test_by_hand() -> None:
    # Rows 2 minutes apart; the grade becomes b in row 3 and a again in row 6.
    scores = graded([9, 0, 9, 9, 0, 9, 9, 9], "aaabbbaa", [np.inf] * 3 + [0, 2, 4, 0, 2])
    policy = AlarmPolicy(cooldown=0.0)
    assert alarms(scores, 5.0, policy)["first_row"].tolist() == [0, 2, 3, 5, 6, 7]
    during = replace(policy, suppress_column="grade", suppress_values=("b",))
    assert alarms(scores, 5.0, during)["first_row"].tolist() == [0, 2, 6, 7]
    after = replace(policy, suppress_column="grade", suppress_after=2.0)
    assert alarms(scores, 5.0, after)["first_row"].tolist() == [0, 2, 5, 7]
    # Two of the last two: row 6 has only a suppressed one before it.
    two = replace(during, k=2, n=2)
    assert alarms(scores, 5.0, two)["first_row"].tolist() == [7]


def test_known_stops_by_hand() -> None:
    scores, policy = (
        one_stretch(9, 9, 9, 9, 9),
        AlarmPolicy(cooldown=0.0, stops=((2.0, 5.9, ""), (8.0, 8.0, ""))),
    )
    assert alarms(scores, 5.0, policy)["first_row"].tolist() == [0, 3]
    # Of two machines only the one that stopped is silent.
    two = replace(
        scores, asset=np.array([0, 0, 0, 1, 1]), assets=("A", "B"), stretch=np.array([0, 0, 0, 1, 1])
    )
    of_b = replace(policy, stops=((0.0, 6.0, "B"),))
    assert alarms(two, 5.0, of_b)["first_row"].tolist() == [0, 1, 2, 4]
    assert of_b.of_machine("A").stops == () and of_b.of_machine("B") == of_b
    assert suppressed_in_words(two, of_b) == "Alarms are suppressed in 1 row, 20.0% of the running time."


def test_shelved_times_by_hand() -> None:
    scores = one_stretch(9, 9, 9, 9, 9)
    shelved = AlarmPolicy(cooldown=0.0, shelved=((2.0, 5.9, ""),))
    assert alarms(scores, 5.0, shelved)["first_row"].tolist() == [0, 3, 4]
    assert suppressed_in_words(scores, shelved) == "Alarms are shelved in 2 rows, 40.0% of the running time."
    both = replace(shelved, stops=((8.0, 9.0, ""),))
    assert suppressed_in_words(scores, both) == (
        "Alarms are suppressed or shelved in 3 rows, 60.0% of the running time. In 2 of these rows, they are "
        "shelved."
    )
    # The event comes 2 minutes after the last row, and its lead window of 4 minutes is shelved.
    to_event, event = np.array([10.0, 8, 6, 4, 2]), np.zeros(5, int)
    before = replace(scores, event=event, to_event=to_event, total_events=np.array([0]))
    late = replace(shelved, shelved=((6.0, 8.0, ""),))
    found = evaluate(before, {0: 5.0}, late)
    assert (found.caught, found.n_events) == (0, 1) and evaluate(before, {0: 5.0}, shelved).caught == 1
    assert suppressed_in_words(before, late).endswith(
        "1 event has its whole lead window shelved and counts as missed."
    )


def test_an_event_that_only_suppressed_rows_see_is_missed_not_dropped() -> None:
    # The event comes 2 minutes after the last row; its lead window of 4 minutes holds rows 2 and 3.
    scores = graded([9, 9, 9, 9], "aabb", [np.inf, np.inf, 0, 2])
    scores = replace(
        scores,
        event=np.zeros(4, int),
        to_event=np.array([8.0, 6, 4, 2]),
        total_events=np.array([0]),
        y_true=np.array([0, 0, 1, 1]),
    )
    policy = AlarmPolicy(cooldown=0.0, suppress_column="grade", suppress_values=("b",))
    points, found = operating_points(scores, policy), evaluate(scores, {0: 5.0}, policy)
    assert (points.caught[-1], points.n_events) == (found.caught, found.n_events) == (0, 1)
    assert found.false_alarms == 2
    # What is said of rows is not changed: precision and recall are of the scores.
    assert (found.tp, found.fp) == (2, 2)
    assert suppressed_in_words(scores, policy) == (
        "Alarms are suppressed in 2 rows, 50.0% of the running time. 1 event has its whole lead window "
        "suppressed and counts as missed."
    )
    half = replace(policy, suppress_values=(), suppress_after=1.0)
    one = suppression(scores, half)
    assert one is not None and (one.windows, one.events) == (1, 0) and "event" not in one.in_words
    assert suppression(scores, AlarmPolicy()) is None and not suppressed_in_words(scores, AlarmPolicy())


@pytest.mark.parametrize("seed", range(40))
def test_the_curve_is_the_loop(seed: int) -> None:
    rng = np.random.default_rng([31, seed])
    scores = naive.random_scores(rng, ties=int(rng.choice([3, 12, 60])), backwards=seed % 4 == 0)
    scores = naive.with_grade(scores, rng)
    policy = naive.random_suppression(rng, naive.random_policy(rng))
    points = operating_points(scores, policy)
    for threshold in points.threshold[:: 1 + len(points) // 20]:
        figures, i = naive.alarm_figures(scores, threshold, policy), points.at(threshold)
        assert [getattr(points, name)[i] for name in KINDS] == [figures[name] for name in KINDS]
        assert points.standing is not None
        assert points.standing[i] == naive.standing_rows(scores, threshold, policy)
        found = evaluate(scores, {0: threshold}, policy)
        assert [getattr(found, name) for name in KINDS] == [figures[name] for name in KINDS]
        listed = alarms(scores, threshold, policy)
        assert len(listed) == figures["alarms"]
        silent = scores.row[naive.silent_rows(scores, policy)]
        assert not np.isin(listed["first_row"], silent).any()
        # What a follower keeps of the windows makes the same alarms.
        heard = alarms(hears_nothing(scores, policy), threshold, policy.unsuppressed())
        assert heard[["first_row", "last_row"]].equals(listed[["first_row", "last_row"]])
    assert points.standing is not None
    assert (np.diff(points.caught) <= 0).all() and (np.diff(points.standing) <= 0).all()


def test_scores_keep_their_categories_on_disk_and_in_parts() -> None:
    rng = np.random.default_rng(0)
    scores = naive.with_grade(naive.random_scores(rng), rng)
    again = Scores.of_record(scores.to_frame(), scores.total_events, scores.scales())
    odd = scores.row % 2 == 1
    both = join([scores.where(odd), scores.where(~odd)])
    for other in (again, both):
        assert other.categories["grade"].text.tolist() == scores.categories["grade"].text.tolist()
        assert other.categories["grade"].since.tolist() == scores.categories["grade"].since.tolist()
    plain = replace(scores, categories={})
    assert not [name for name in plain.to_frame() if "grade" in name]
    assert Scores.of_record(plain.to_frame(), plain.total_events, plain.scales()).categories == {}


def test_a_column_that_the_scores_do_not_know_is_a_sentence() -> None:
    policy = AlarmPolicy(suppress_column="mode", suppress_values=("clean",))
    with pytest.raises(DataError, match=r"by the column mode: .* They know no category column"):
        operating_points(one_stretch(1, 2), policy)
    with pytest.raises(DataError, match="The category columns are grade"):
        operating_points(graded([1, 2], "aa", [np.inf] * 2), policy)


def test_settings_that_suppress_nothing_or_cannot_be_are_refused() -> None:
    for bad in (
        {"suppress_column": "grade"},
        {"suppress_values": ("a",)},
        {"suppress_after": 3.0},
        {"suppress_column": "grade", "suppress_after": -1.0},
        {"suppress_column": "grade", "suppress_values": (1,)},
        {"suppress_column": "grade", "suppress_values": "ab"},
        {"stops": ((3.0, 2.0, ""),)},
        {"stops": ((3.0, float("inf"), ""),)},
        {"stops": ((3.0, 4.0),)},
        {"stops": [(3.0, 4.0, "")]},
        {"shelved": ((3.0, 2.0, ""),)},
    ):
        with pytest.raises(ConfigError, match=r"(suppress_|stops|shelved).* is .*; (choose|give) "):
            AlarmPolicy(**bad)


def test_a_policy_is_the_same_after_json() -> None:
    policy = AlarmPolicy(suppress_column="grade", suppress_values=("a", "b|c"), suppress_after=20.0)
    policy = replace(policy, stops=((1.5, 2.0, ""), (3.0, 3.0, "A")), shelved=((4.0, 5.0, ""),))
    config = replace(RECOMMENDED, policy=policy)
    assert from_json(to_json(config)).policy == policy
    assert policy.unsuppressed() == AlarmPolicy()
