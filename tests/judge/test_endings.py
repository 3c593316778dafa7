"""Why each alarm ended: by hand, as a walk finds it, and the same as of rows that arrive."""

from dataclasses import replace

import numpy as np
import pytest

from rare_event.config import AlarmPolicy
from rare_event.judge.alarms import alarms
from rare_event.judge.endings import AGAIN, ENDS, EVENT, LOWER, NORMAL, OPEN, SHELVED, STOPPED, SUPPRESSED
from rare_event.judge.ledger import ledger
from rare_event.judge.running import hear
from rare_event.judge.scores import Scores
from rare_event.judge.suppression import hears_nothing
from tests import naive
from tests.small import one_stretch


def of_stretches(y_score: list[float], stretch: list[int], ends_with_event: dict[int, int]) -> Scores:
    """Rows 2 minutes apart; an event comes 2 minutes after the last row of some stretches."""
    number = np.array(stretch)
    scores = replace(one_stretch(*y_score), stretch=number)
    event = np.array([ends_with_event.get(s, -1) for s in stretch])
    last = np.array([2.0 * np.flatnonzero(number == s)[-1] for s in stretch])
    to_event = np.where(event >= 0, last + 2 - scores.clock, np.inf)
    return replace(scores, event=event, to_event=to_event, total_events=np.unique(event[event >= 0]))


def test_each_reason_by_hand() -> None:
    policy = AlarmPolicy(cooldown=3.0, lead=2.0)
    # Rows 0 to 3: the score falls. 4 to 6: the machine stops. 7, 8: an event. 9 to 12: still on.
    stretch = [0] * 4 + [1] * 3 + [2] * 2 + [3] * 4
    scores = of_stretches([9, 9, 0, 0, 0, 9, 0, 0, 9, 0, 9, 9, 9], stretch, {2: 0})
    listed = alarms(scores, 5.0, policy)
    assert listed["ended"].tolist() == [NORMAL, STOPPED, EVENT, OPEN]
    lines = ledger(scores, 5.0, policy)
    assert lines["kind"].tolist() == ["event"] + 3 * ["false alarm"]
    assert lines["ended"].tolist() == [ENDS[why] for why in (EVENT, NORMAL, STOPPED, OPEN)]
    # An event that none caught has no alarm that could end.
    assert ledger(scores, 99.0, policy)["ended"].tolist() == [""]


def test_the_words_of_hysteresis_suppression_and_repetition() -> None:
    # Threshold 10, lower level 5: row 2 is above it, row 3 is not.
    scores, held = one_stretch(10, 7, 6, 4, 4), AlarmPolicy(cooldown=3.0, end_share=0.5)
    assert alarms(scores, 10.0, held)["ended"].tolist() == [LOWER]
    assert "threshold" not in ENDS[LOWER] and ENDS[LOWER].endswith("below the level at which an alarm ends")
    heard, _ = hear(scores.where(scores.row < 0), scores, 10.0, held, None, current=0)
    assert [alarm.ended for alarm in heard] == [LOWER]
    assert alarms(scores, 10.0, replace(held, end_share=1.0))["ended"].tolist() == [NORMAL]
    # The known stop is of rows 2 and 3, at minutes 4 and 6; the second alarm falls by itself.
    cut = AlarmPolicy(cooldown=3.0, stops=((4.0, 6.0, ""),))
    assert alarms(one_stretch(9, 9, 9, 9, 9, 0, 0), 5.0, cut)["ended"].tolist() == [SUPPRESSED, NORMAL]
    shelved = replace(cut, stops=(), shelved=cut.stops)
    assert alarms(one_stretch(9, 9, 9, 9, 9, 0, 0), 5.0, shelved)["ended"].tolist() == [SHELVED, NORMAL]
    # Counted again at minutes 4 and 8.
    again = AlarmPolicy(cooldown=6.0, repeat=4.0)
    assert alarms(one_stretch(9, 9, 9, 9, 9), 5.0, again)["ended"].tolist() == [AGAIN, AGAIN, OPEN]


def test_an_alarm_at_the_end_of_a_fold_or_a_machine() -> None:
    policy = AlarmPolicy(cooldown=0.0)
    scores = of_stretches([0, 9, 0, 9, 0, 9], [0, 0, 1, 1, 5, 5], {})
    # Stretch 1 follows at once, so the machine stopped; what follows stretch 1 in its fold nobody knows.
    folds = replace(scores, fold=np.array([0, 0, 0, 0, 1, 1]))
    assert alarms(folds, 5.0, policy)["ended"].tolist() == [STOPPED, OPEN, OPEN]
    assert alarms(scores, 5.0, policy)["ended"].tolist() == [STOPPED, STOPPED, OPEN]
    next_to = replace(folds, stretch=np.array([0, 0, 1, 1, 2, 2]))
    assert alarms(next_to, 5.0, policy)["ended"].tolist() == [STOPPED, STOPPED, OPEN]
    two = replace(scores, asset=np.array([0, 0, 0, 0, 1, 1]), assets=("A", "B"))
    assert alarms(two, 5.0, policy)["ended"].tolist() == [STOPPED, OPEN, OPEN]


@pytest.mark.parametrize("seed", range(60))
def test_the_reasons_are_those_of_a_walk_and_of_rows_that_arrive(seed: int) -> None:
    rng = np.random.default_rng([41, seed])
    restarts = float(rng.choice([0.02, 0.12]))
    scores = naive.random_scores(rng, 100, ties=int(rng.choice([3, 12])), restarts=restarts)
    scores = naive.with_grade(scores, rng)
    policy = naive.random_policy(rng)
    if seed % 3:
        policy = naive.random_suppression(rng, policy)
    for threshold in np.unique(scores.y_score)[:: 1 + seed % 3]:
        listed = alarms(scores, threshold, policy)
        assert [ENDS[why] for why in listed["ended"]] == naive.alarm_endings(scores, threshold, policy)
        # Rows that arrive know no lead window, in which a judged alarm does not sound again.
        blind = replace(policy, lead=1.0, min_lead=0.0)
        silent = hears_nothing(scores, blind)
        event_at_end = set(scores.stretch[scores.event >= 0].tolist())
        heard, _ = hear(
            silent.where(scores.row < 0),
            replace(silent, to_event=np.full(len(scores), np.inf)),
            threshold,
            replace(blind.unsuppressed(), shelved=blind.shelved),
            None,
            int(scores.stretch[-1]),
            event_at_end,
        )
        wanted = alarms(scores, threshold, blind)
        assert [alarm.ended for alarm in heard] == wanted["ended"].tolist()
        assert [alarm.first_row for alarm in heard] == wanted["first_row"].tolist()


@pytest.mark.parametrize("seed", range(20))
def test_the_line_of_an_event_has_the_reason_of_the_alarm_that_caught_it(seed: int) -> None:
    rng = np.random.default_rng([42, seed])
    scores = naive.random_scores(rng, 100, restarts=0.06)
    policy = naive.random_policy(rng)
    for threshold in (0.25, 1.0, 2.0):
        groups = naive.alarm_groups(scores, threshold, policy)
        why = naive.alarm_endings(scores, threshold, policy)
        lines = ledger(scores, threshold, policy)
        events = lines[lines["kind"] == "event"]
        for _, line in events.iterrows():
            catching = [
                said
                for group, said in zip(groups, why, strict=True)
                if any(
                    scores.event[i] == line["event"]
                    and policy.min_lead <= scores.to_event[i] <= scores.lead_of(policy)
                    for i in group
                )
            ]
            # The first of them, should several sound in the lead window.
            assert line["ended"] == (catching[0] if catching else "")
            assert bool(line["ended"]) == line["caught"]
        false = [
            said
            for group, said in zip(groups, why, strict=True)
            if all(scores.to_event[i] > scores.lead_of(policy) for i in group)
        ]
        assert lines.loc[lines["kind"] == "false alarm", "ended"].tolist() == false
