"""Two machines judged in one table count what each counts alone."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rare_event.clock import TimeUnit
from rare_event.config import AlarmPolicy, Rule
from rare_event.judge.alarms import alarms, event_ledger
from rare_event.judge.chance import chance, since_restart
from rare_event.judge.drift import alarms_by_day
from rare_event.judge.evaluation import call, evaluate
from rare_event.judge.explorer import event_levels
from rare_event.judge.ledger import by_machine, ledger
from rare_event.judge.operating_intervals import leads_at
from rare_event.judge.resampling import figure_draws
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import operating_points
from rare_event.judge.trailing import follow, quantile_for, trailing_threshold
from tests import naive

NAMES = ("press 1", "press 2")


def beside(first: Scores, second: Scores) -> Scores:
    """Put the windows of two machines of the same hours one below the other."""
    rows, stretches = int(first.row.max()) + 1, int(first.stretch.max()) + 1
    events = int(max(first.event.max(), first.total_events.max(initial=-1))) + 1
    other = replace(
        second,
        row=second.row + rows,
        stretch=second.stretch + stretches,
        event=np.where(second.event >= 0, second.event + events, -1),
        total_events=second.total_events + events,
    )
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(first, name), getattr(other, name)])
        for name in ("row", "clock", "stretch", "fold", "y_true", "y_score", "event", "to_event")
    }
    return Scores(
        **columns,
        total_events=np.concatenate([first.total_events, other.total_events]),
        step=first.step,
        time_unit=TimeUnit(machines=True),
        asset=np.repeat([0, 1], [len(first), len(second)]),
        assets=NAMES,
    )


def machines(seed: int, ties: int | None = None, restarts: float = 0.12) -> tuple[Scores, Scores, Scores]:
    random = np.random.default_rng([11, seed])
    levels = ties or int(random.choice([3, 12, 1000]))
    sizes = random.integers(40, 120, 2).tolist()
    first, second = (naive.random_scores(random, n, ties=levels, restarts=restarts) for n in sizes)
    # Both clocks begin at 0, and alarms of both are minutes apart.
    return first, second, beside(first, second)


@pytest.mark.parametrize("seed", range(30))
def test_every_count_at_every_threshold_is_the_sum_of_both(seed) -> None:
    first, second, both = machines(seed, restarts=0.04)
    policy = naive.random_policy(np.random.default_rng([12, seed]))
    points = operating_points(both, policy)
    alone = [operating_points(each, policy) for each in (first, second)]
    for i, threshold in enumerate(points.threshold):
        at = [each.at(threshold) for each in alone]
        for name in ("tp", "fp", "caught", "alarms", "false_alarms"):
            parts = [
                getattr(each, name)[k] if k < len(each) else 0 for each, k in zip(alone, at, strict=True)
            ]
            assert getattr(points, name)[i] == sum(parts), (name, threshold, policy)
        figures = naive.alarm_figures(both, threshold, policy)
        assert points.false_alarms[i] == figures["false_alarms"] and points.caught[i] == figures["caught"]
    assert points.days == pytest.approx(alone[0].days + alone[1].days)
    assert points.n_events == alone[0].n_events + alone[1].n_events


@pytest.mark.parametrize("seed", range(10))
def test_alarms_events_and_leads_are_those_of_each(seed) -> None:
    first, second, both = machines(seed)
    policy = naive.random_policy(np.random.default_rng([13, seed]))
    threshold = float(np.median(both.y_score))
    listed = alarms(both, threshold, policy)
    parts = [alarms(each, threshold, policy) for each in (first, second)]
    assert listed["asset"].tolist() == np.repeat(NAMES, [len(part) for part in parts]).tolist()
    for name in ("start", "end", "rows", "peak", "false"):
        assert listed[name].tolist() == pd.concat(parts)[name].tolist()
    assert "asset" not in parts[0].columns
    caught = [event_ledger(each, threshold, policy) for each in (first, second)]
    assert event_ledger(both, threshold, policy)["lead"].equals(pd.concat(caught, ignore_index=True)["lead"])
    levels = [event_levels(each, policy) for each in (first, second)]
    assert (event_levels(both, policy) == np.concatenate(levels)).all()
    at = np.unique(both.y_score)
    leads = [leads_at(each, policy, at) for each in (first, second)]
    np.testing.assert_array_equal(leads_at(both, policy, at), np.concatenate(leads))
    whole, *halves = (evaluate(each, {0: threshold}, policy) for each in (both, first, second))
    for name in ("n", "tn", "fp", "fn", "tp", "caught", "n_events", "alarms", "false_alarms", "days"):
        assert getattr(whole, name) == pytest.approx(sum(getattr(half, name) for half in halves)), name
    clocks = [since_restart(each).y_score for each in (first, second)]
    assert (since_restart(both).y_score == np.concatenate(clocks)).all()


@pytest.mark.parametrize("seed", range(6))
def test_a_day_of_two_machines_has_the_hours_and_alarms_of_both(seed) -> None:
    first, second, both = machines(seed)
    policy = AlarmPolicy()
    days = [
        alarms_by_day(call(each, {0: 1.0}, policy), policy).set_index("day") for each in (first, second, both)
    ]
    for name in ("hours", "false_alarms", "caught"):
        total = days[0][name].add(days[1][name], fill_value=0)
        np.testing.assert_allclose(days[2][name], total)


@pytest.mark.parametrize("seed", range(6))
def test_no_machine_looks_back_on_another(seed) -> None:
    first, second, both = machines(seed, ties=1000)
    rule = Rule("trailing-quantile", 0.8, days=1 / 24)
    limits = [trailing_threshold(each, rule) for each in (first, second)]
    np.testing.assert_array_equal(trailing_threshold(both, rule), np.concatenate(limits))
    crossing = trailing_threshold(replace(both, asset=None, assets=()), rule)
    assert (crossing != np.concatenate(limits)).any()
    # History is that of the same machine.
    early = both.clock < 100
    history, later = both.where(early), both.where(~early)
    expected = []
    for each in (first, second):
        past = each.clock < 100
        expected.append(follow(each.where(~past), rule, each.where(past)).y_score)
    np.testing.assert_array_equal(follow(later, rule, history).y_score, np.concatenate(expected))


def test_the_quantile_for_a_budget_does_not_hang_on_which_machine_comes_first() -> None:
    first, second, both = machines(3, ties=1000, restarts=0.01)
    quantile = quantile_for(both, AlarmPolicy(), 5.0, days=1 / 12)
    assert quantile == quantile_for(beside(second, first), AlarmPolicy(), 5.0, days=1 / 12)


def test_chance_moves_scores_within_a_machine() -> None:
    first, second, both = machines(4, ties=1000)
    rolled = chance(both, seed=5)
    for number, each in enumerate((first, second)):
        mine = both.asset == number
        assert sorted(rolled.y_score[mine]) == sorted(each.y_score)
        assert (rolled.y_score[mine] != each.y_score).any()


def test_a_block_of_a_resample_is_a_stretch_of_one_machine() -> None:
    _, _, both = machines(5)
    assert both.asset is not None
    assert all(len(np.unique(both.asset[both.stretch == number])) == 1 for number in np.unique(both.stretch))
    called = call(both, {0: 1.0}, AlarmPolicy())
    # Drawn as often as they are, the stretches give the figures themselves.
    draws = figure_draws(called, AlarmPolicy())
    figures = evaluate(both, {0: 1.0}, AlarmPolicy())
    low, high = draws["false_alarms_per_day"].quantile([0.01, 0.99])
    assert low <= figures.false_alarms_per_day <= high


def test_the_ledger_names_the_machine_of_each_line() -> None:
    _, _, both = machines(6)
    lines = ledger(both, float(np.quantile(both.y_score, 0.7)), AlarmPolicy())
    known = lines["row"].notna()
    edge = int(both.row[both.asset == 1].min())
    rows = lines.loc[known, "row"].to_numpy(int)
    assert (lines.loc[known, "asset"] == np.where(rows < edge, *NAMES)).all()
    assert set(lines.loc[known, "asset"]) == set(NAMES) and (lines.loc[~known, "asset"] == "").all()
    assert "asset" not in ledger(replace(both, asset=None, assets=()), 1.0, AlarmPolicy()).columns


@pytest.mark.parametrize("seed", range(10))
def test_a_ledger_machine_by_machine_counts_what_each_counts_alone(seed) -> None:
    first, second, both = machines(seed)
    threshold, policy = float(np.quantile(both.y_score, 0.7)), AlarmPolicy()
    numbers = int(both.total_events.max(initial=-1)) + 1
    of_event = [NAMES[int(n not in first.total_events)] for n in range(numbers)]
    lines = ledger(both, {0: threshold, 1: threshold}, policy, of_event=of_event)
    # Events that no window sees have their machine too.
    assert lines["asset"].isin(NAMES).all()
    table = by_machine(lines, both).set_index("machine")
    assert table.index.tolist() == list(NAMES)
    for name, alone in zip(NAMES, (first, second), strict=True):
        figures = evaluate(alone, {0: threshold}, policy)
        counted = [table.loc[name, figure] for figure in ("events", "caught", "false_alarms")]
        assert counted == [figures.n_events, figures.caught, figures.false_alarms]
        assert table.loc[name, "days"] == pytest.approx(figures.days)
    assert table["days"].sum() != pytest.approx((both.clock.max() - both.clock.min()) / 1440)


def test_a_machine_without_windows_or_events_has_no_line() -> None:
    first, _, both = machines(8)
    alone = replace(first, asset=np.zeros(len(first), int), assets=NAMES, time_unit=both.time_unit)
    of_event = [NAMES[0]] * (int(first.total_events.max(initial=-1)) + 1)
    table = by_machine(ledger(alone, 1.0, AlarmPolicy(), of_event=of_event), alone)
    assert table["machine"].tolist() == [NAMES[0]]


def test_a_frame_and_back_keeps_the_machines() -> None:
    first, _, both = machines(7)
    again = Scores.of_record(both.to_frame(), both.total_events, both.scales())
    assert again.asset is not None and both.asset is not None
    assert (again.asset == both.asset).all() and again.assets == NAMES
    assert again.time_unit == both.time_unit
    frame = first.to_frame()
    assert "asset" not in frame and Scores.of_record(frame, [], first.scales()).asset is None
    assert Scores.of_record(frame, [], {"step": 2.0}).asset is None


def test_words_say_that_days_are_of_machines() -> None:
    unit = TimeUnit(machines=True)
    assert unit.a_day == unit.per_day == "per machine-day"
    assert Rule("fa-per-day", 2.0).in_words(unit) == "at most 2 false alarms per machine-day"
    assert unit.reword("False alarms per day of running time") == "False alarms per machine-day"
    assert unit.reword("A day; Per day of running time.") == "Per machine-day; Per machine-day."
    assert unit.running(9) == "9 machine-days of running time" and unit.span(9 * 1440) == "9 days"
    assert TimeUnit("No clock", machines=True).running(9) == "9,000 rows"
    assert unit.reword("Saturdays, the last days") == "Saturdays, the last days"
    assert TimeUnit().reword("False alarms a day") == "False alarms a day"
    assert "machine" not in TimeUnit("No clock", machines=True).a_day
