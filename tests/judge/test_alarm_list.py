"""Fixed alarms are judged like those of a model at a threshold, and claim no ranking."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rare_event.clock import MINUTES, NO_TIME
from rare_event.config import AlarmPolicy, Rule
from rare_event.judge.alarm_list import ByChance, alarm_ledger, alarm_periods, fixed_policy, judge_alarms
from rare_event.judge.alarms import alarm_level
from rare_event.judge.chance import chance
from rare_event.judge.evaluation import evaluate
from rare_event.judge.ledger import ledger
from rare_event.judge.rules import choose
from rare_event.judge.same_rate import HINDSIGHT, SameRate, Side, at_same_rate
from rare_event.judge.thresholds import operating_points
from tests import naive
from tests.judge.test_chance import plant

SHARED = ["kind", "event", "caught", "first_alarm", "lead"]


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_the_alarms_of_a_model_are_judged_as_the_model_was(seed) -> None:
    rng = np.random.default_rng(seed)
    scores, policy = naive.random_scores(rng), naive.random_policy(rng)
    threshold = float(rng.choice(scores.y_score))
    alarmed = alarm_level(scores.y_score, scores, policy, -np.inf) >= threshold
    judged = judge_alarms(scores.with_score(-scores.y_score), alarmed, policy, offsets=2)
    expected = naive.alarm_figures(scores, threshold, policy)
    figures = judged.evaluation
    assert figures.caught == expected["caught"] and figures.alarms == expected["alarms"]
    assert figures.false_alarms == expected["false_alarms"]
    assert figures.auc is None and figures.average_precision is None and "auc" not in judged.intervals.index
    lines, theirs = alarm_ledger(judged), ledger(scores, threshold, policy)
    assert lines[SHARED].equals(theirs[SHARED])
    assert not {"peak", "sensors"} & set(lines)
    # The row is that of the first alarm, and nothing else.
    for row, clock in zip(lines["row"], lines["first_alarm"], strict=True):
        if np.isnan(clock):
            assert row is pd.NA
        else:
            assert scores.clock[list(scores.row).index(row)] == clock
    assert lines["row"].isna().sum() == figures.n_events - figures.caught


@given(st.integers(0, 10_000))
def test_periods_are_the_unbroken_runs_of_a_stretch(seed) -> None:
    rng = np.random.default_rng(seed)
    scores = naive.random_scores(rng)
    alarmed = rng.random(len(scores)) < 0.4
    found = alarm_periods(scores.with_score(alarmed.astype(float)))
    runs: list[list[int]] = []
    for i in np.flatnonzero(alarmed):
        joins = i > 0 and alarmed[i - 1] and scores.stretch[i] == scores.stretch[i - 1]
        if joins:
            runs[-1].append(int(scores.row[i]))
        else:
            runs.append([int(scores.row[i])])
    assert found.to_numpy().tolist() == [[run[0], run[-1]] for run in runs]
    assert alarm_periods(scores.with_score(np.zeros(len(scores)))).empty


def test_nothing_is_counted_k_of_n_again_nor_muted() -> None:
    policy = AlarmPolicy(k=3, n=4, mute=9, cooldown=7.0, min_lead=3.0)
    fixed = fixed_policy(policy, 20.0)
    assert (fixed.k, fixed.n, fixed.mute) == (1, 1, 0) and (fixed.lead, fixed.min_lead) == (20.0, 3.0)
    assert fixed_policy(policy).lead is None and fixed_policy(policy).cooldown == 7.0
    scores = plant(3, 400)
    alone = np.zeros(len(scores), bool)
    alone[5] = True
    assert judge_alarms(scores, alone, policy, offsets=1).evaluation.alarms == 1


def test_chance_is_what_the_alarms_catch_at_other_times() -> None:
    scores = plant(5, 1500)
    alarmed = np.random.default_rng(1).random(len(scores)) < 0.05
    judged = judge_alarms(scores, alarmed, AlarmPolicy(), offsets=40)
    called = scores.with_score(alarmed.astype(float))
    caught = sorted(
        naive.alarm_figures(chance(called, seed), 1.0, AlarmPolicy())["caught"] for seed in range(40)
    )
    assert judged.chance.mean == pytest.approx(np.mean(caught))
    # Of 40 the 2.5% from either end is the second.
    assert (judged.chance.low, judged.chance.high) == (caught[1], caught[38])
    before = scores.in_lead_window(AlarmPolicy())
    perfect = judge_alarms(scores, before, AlarmPolicy(), offsets=40)
    assert perfect.against_chance == "more" and judged.against_chance == "as many"


def test_random_alarms_lie_within_the_interval_of_chance() -> None:
    within = 0
    for seed in range(20):
        scores = plant(seed, 3000)
        rng = np.random.default_rng(100 + seed)
        # Alarms at about 2 a day of running time.
        alarmed = np.zeros(len(scores), bool)
        alarmed[rng.choice(len(scores), max(1, round(2 * scores.days)), replace=False)] = True
        judged = judge_alarms(scores, alarmed, AlarmPolicy(lead=60.0), offsets=100)
        within += judged.against_chance == "as many"
        assert judged.intervals["low"]["caught"] <= judged.evaluation.caught
    # 19 are expected.
    assert within >= 17


# A model at the same rate


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_a_model_is_compared_at_the_alarms_own_rate(seed) -> None:
    rng = np.random.default_rng(seed)
    scores, policy = naive.random_scores(rng, n_rows=120), naive.random_policy(rng)
    fixed = fixed_policy(policy)
    alarmed = rng.random(len(scores)) < 0.1
    judged = judge_alarms(scores, alarmed, policy, offsets=1)
    found = at_same_rate(scores, policy, judged)
    budget = judged.evaluation.false_alarms / scores.days
    threshold = choose(operating_points(scores, policy), Rule("fa-per-day", budget))
    model = naive.alarm_figures(scores, threshold, policy)
    theirs = naive.alarm_figures(scores.with_score(alarmed.astype(float)), 1.0, fixed)
    assert found.model.false_alarms == model["false_alarms"] <= theirs["false_alarms"]
    assert found.alarms.false_alarms == theirs["false_alarms"]
    assert found.model.only == len(set(model["leads"]) - set(theirs["leads"]))
    assert found.alarms.only == len(set(theirs["leads"]) - set(model["leads"]))
    assert (found.model.caught, found.alarms.caught) == (model["caught"], theirs["caught"])
    assert found.model.on == np.mean(naive.alarmed_rows(scores, threshold, policy))
    with pytest.raises(ValueError, match="same windows"):
        at_same_rate(scores.where(np.arange(len(scores)) > 0), policy, judged)


def counts(only_model: int, only_alarms: int, **more) -> SameRate:
    """Ten events are caught by both; chance catches at most `chance` of 60."""
    by_chance, on = ByChance(3.0, 1.0, more.get("chance", 6.0)), more.get("on", 0.05)
    model = Side(10 + only_model, only_model, more.get("model_false_alarms", 12), 0.02, by_chance)
    alarms = Side(10 + only_alarms, only_alarms, 12, on, by_chance, on > 0.5)
    return SameRate(60, model, alarms, 6.0, more.get("time_unit", MINUTES))


@pytest.mark.parametrize(
    ("only_model", "only_alarms", "answer"),
    [
        (0, 0, "cannot be told"),
        # Of five that differ even all leave 2 * 0.5^5 = 6%, of six 3%.
        (5, 0, "cannot be told"),
        (6, 0, "better"),
        (0, 5, "cannot be told"),
        (0, 6, "worse"),
        (20, 10, "cannot be told"),
        (20, 4, "better"),
        (4, 20, "worse"),
    ],
)
def test_three_answers(only_model, only_alarms, answer) -> None:
    found = counts(only_model, only_alarms)
    assert found.answer == answer
    assert (found.p_value < 0.05) == (answer != "cannot be told")
    turned = {"better": "worse", "worse": "better"}
    assert counts(only_alarms, only_model).answer == turned.get(answer, answer)


def test_the_answer_in_words() -> None:
    assert counts(20, 4).in_words("“A”", "“DCS”") == (
        "“A” is better than “DCS”. At the same 2 false alarms a day, “A” catches 30 of 60 events and “DCS” "
        "catches 14; 20 are caught by “A” only, 4 by “DCS” only. The model's alarms are on in 2.0% of "
        "the windows, those of “DCS” in 5.0%."
    )
    assert counts(4, 20).in_words("“A”", "“DCS”").startswith("“A” is worse than “DCS”. At the same 2 false")
    assert "1 is caught by “A” only" in counts(1, 20).in_words("“A”", "“DCS”")
    unknown = counts(3, 1, model_false_alarms=11).in_words("“A”", "“DCS”")
    assert unknown.startswith(
        "These data cannot show whether “A” or “DCS” is better. At 2 false alarms a day or fewer "
        "(11 against 12 in total), “A” catches 13 of 60 events and “DCS” catches 11"
    )
    assert "chance" not in unknown
    rows = counts(20, 4, time_unit=NO_TIME).in_words("“A”", "“DCS”")
    assert "2 false alarms per 1,000 rows" in rows and "day" not in rows


def test_the_comparison_says_which_threshold_it_is_of() -> None:
    found = counts(20, 4)
    assert found.limits == f"{HINDSIGHT} {found.needed}" and "committed threshold" in HINDSIGHT
    # Alarms that always stand are not compared.
    standing = counts(20, 4, on=0.9)
    assert standing.limits == standing.needed and HINDSIGHT not in standing.limits


def test_what_catches_no_more_than_chance_is_not_called_better() -> None:
    """Alarms that stand for hours are on at many events: more than a model catches, and no warning."""
    for found, name in ((counts(4, 20, chance=30.0), "“DCS”"), (counts(20, 4, chance=30.0), "“A”")):
        assert found.p_value < 0.01 and found.answer == "cannot be told" != found.differs
        words = found.in_words("“A”", "“DCS”")
        assert words.startswith("These data cannot show whether “A” or “DCS” is better")
        assert f" But chance alone could catch as many events as {name} does (1 to 30)." in words
    on = counts(4, 20, on=0.6)
    assert on.answer == "cannot be told"
    assert "are on in 60% of the windows" in on.in_words("“A”", "“DCS”")
    assert "catches" not in on.in_words("“A”", "“DCS”")


def test_alarms_that_never_stop_beat_nothing() -> None:
    scores = plant(2, 600, skill=2.0)
    judged = judge_alarms(scores, np.ones(len(scores), bool), AlarmPolicy(), offsets=2)
    assert judged.evaluation.always_on and judged.evaluation.caught > 0
    assert at_same_rate(scores, AlarmPolicy(), judged).answer == "cannot be told"
    none = judge_alarms(scores, np.zeros(len(scores), bool), AlarmPolicy(), offsets=2)
    assert none.evaluation.alarms == 0 and none.chance.high == 0
    assert at_same_rate(scores, AlarmPolicy(), none).alarms.false_alarms == 0


def test_folds_are_called_at_one_threshold() -> None:
    scores = plant(4, 900)
    alarmed = np.random.default_rng(0).random(len(scores)) < 0.1
    judged = judge_alarms(replace(scores), alarmed, AlarmPolicy(), offsets=1)
    expected = evaluate(scores.with_score(alarmed * 1.0), dict.fromkeys(range(3), 1.0), AlarmPolicy())
    assert replace(expected, auc=None, average_precision=None) == judged.evaluation
