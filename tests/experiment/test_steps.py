"""Alarms, leads and running time at any step of the rows, even or uneven, against a walk over the file."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import RECOMMENDED, AlarmPolicy, PCAModel, Rule
from rare_event.experiment.folds import make_scores
from rare_event.judge.alarms import event_ledger
from rare_event.judge.evaluation import evaluate
from rare_event.judge.rules import choose
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import operating_points
from rare_event.prepare.prepared import prepare
from rare_event.prepare.table import Table, read_table
from tests import naive

STEPS = {"1 s": 1.0, "10 s": 10.0, "2 min": 120.0, "15 min": 900.0, "1 h": 3600.0, "1 day": 86_400.0}
POLICY, BUDGET = AlarmPolicy(), Rule("fa-per-day", 2.0)


def plant(seconds: float, jitter: float, n_rows: int = 400) -> Table:
    """Events after 30 to 90 rows and a stop after each; steps differ by up to `jitter` of themselves."""
    rng = np.random.default_rng(round(seconds))
    label = np.zeros(n_rows, int)
    label[np.cumsum(rng.integers(30, 90, 12))[:5]] = 1
    step = 1 + jitter * rng.uniform(-1, 1, n_rows) + 10 * np.roll(label, 1)
    frame = pd.DataFrame(
        {
            "time": pd.Timestamp("2000-01-01")
            + pd.to_timedelta((1000 * seconds * np.cumsum(step)).round(), unit="ms"),
            "y": label,
            "s": rng.normal(size=n_rows).round(3),
        }
    )
    return read_table(frame.to_csv(index=False).encode())


def scores_of(table: Table, kind: str, shift: int = 2) -> Scores:
    """A perfect score (1 in the positive rows), a random one, or one that is the same everywhere."""
    config = replace(RECOMMENDED, shift=shift, lookback=1, model=PCAModel())
    prepared = prepare(table, config)
    y = prepared.y[prepared.ends]
    score = {"perfect": y, "random": np.random.default_rng(1).random(len(y)), "always on": np.ones(len(y))}
    every = np.arange(len(prepared.row))
    return make_scores(prepared, config, 0, every, prepared.ends, score[kind].astype(float))


def walk(table: Table, scores: Scores, threshold: float, shift: int = 2):
    scored = np.full(table.n_rows, None)
    scored[scores.row] = scores.y_score >= threshold
    clock, label = table.clock.tolist(), table.label.tolist()
    return naive.plant_figures(clock, label, shift, scored.tolist(), POLICY)


@pytest.mark.parametrize("jitter", [0.0, 0.2, 0.45])
@pytest.mark.parametrize("seconds", STEPS.values(), ids=STEPS)
def test_a_perfect_score_catches_every_event_without_a_false_alarm(seconds: float, jitter: float) -> None:
    table = plant(seconds, jitter)
    for shift in (1, 2, 5):
        scores = scores_of(table, "perfect", shift)
        points = operating_points(scores, POLICY)
        assert choose(points, BUDGET) == 1.0
        figures = evaluate(scores, {0: 1.0}, POLICY)
        assert (figures.caught, figures.false_alarms) == (figures.n_events, 0) == (5, 0)
        at = points.at(1.0)
        assert (points.caught[at], points.false_alarms[at]) == (5, 0)
        # Named in minutes, the lead window of the label is the same.
        named = evaluate(scores, {0: 1.0}, POLICY.with_lead(scores.lead))
        assert named == figures and not (scores.in_lead_window(POLICY) & (scores.y_true == 0)).any()
        wider = scores.in_lead_window(POLICY.with_lead(5 * scores.lead))
        assert wider[scores.y_true == 1].all()
        leads = walk(table, scores, 1.0, shift)["leads"]
        assert event_ledger(scores, 1.0, POLICY)["lead"].tolist() == pytest.approx(list(leads.values()))


@pytest.mark.parametrize("jitter", [0.0, 0.2])
@pytest.mark.parametrize("seconds", STEPS.values(), ids=STEPS)
def test_an_alarm_that_always_stands_sounds_at_least_every_repeat(seconds: float, jitter: float) -> None:
    table = plant(seconds, jitter)
    scores = scores_of(table, "always on")
    figures = evaluate(scores, {0: 1.0}, POLICY)
    least = 0
    for stretch in np.unique(scores.stretch):
        quiet = (scores.stretch == stretch) & ~scores.in_lead_window(POLICY)
        if seconds / 60 > POLICY.repeat:
            least += int(quiet.sum())  # one in each row
        else:
            # The alarm that still stands at the event is that event's.
            repeats = int(scores.running[quiet].sum() // POLICY.repeat)
            least += repeats - bool((scores.event[quiet] >= 0).any())
    assert figures.false_alarms >= least
    assert figures.false_alarms == walk(table, scores, 1.0)["false_alarms"]
    assert (operating_points(scores, POLICY).false_alarms == figures.false_alarms).all()
    # No budget, however large, makes it an alarm worth having.
    for budget in (0.0, 2.0, 1e6):
        assert choose(operating_points(scores, POLICY), Rule("fa-per-day", budget)) > 1.0


@pytest.mark.parametrize("jitter", [0.0, 0.2])
@pytest.mark.parametrize("seconds", STEPS.values(), ids=STEPS)
def test_a_random_score_is_counted_as_a_walk_over_the_file_counts_it(seconds: float, jitter: float) -> None:
    table = plant(seconds, jitter)
    scores = scores_of(table, "random")
    points = operating_points(scores, POLICY)
    for at in range(0, len(points), 7):
        walked = walk(table, scores, points.threshold[at])
        assert points.caught[at] == len(walked["leads"])
        assert points.false_alarms[at] == walked["false_alarms"]
    chosen = choose(points, BUDGET)
    figures = evaluate(scores, {0: chosen}, POLICY)
    assert figures.false_alarms_per_day <= BUDGET.value
    alarmed = (scores.y_score >= chosen).mean()
    assert alarmed <= 0.5, "half of the rows at most, even where the budget asks for no fewer"
    # Of five events with two rows each, chance catches at most about so many.
    share = 1 - (1 - alarmed) ** 2
    assert figures.caught <= 5 * share + 2 * np.sqrt(5 * share * (1 - share)) + 1e-9


def test_a_score_that_means_nothing_keeps_no_budget_by_standing_always() -> None:
    # Stretches of a minute or so: one alarm stands in each to its end, and counts for its event.
    scores = scores_of(plant(1.0, 0.0), "random")
    points = operating_points(scores, POLICY)
    assert (points.caught[0], points.false_alarms[0]) == (5, 1), "all alarmed: only the last has no event"
    assert not points.warns[0] and points.warns[-1]
    assert points.caught[points.at(choose(points, Rule("fa-per-day", 1e6)))] < 5


def test_running_time_is_the_real_one() -> None:
    # Ten rows a minute apart, three of them at one time, a stop of an hour; an event ends the first part.
    minute = [0, 1, 1, 1, 3, 5, 64, 65, 67, 68]
    label = [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    time = pd.Timestamp("2000-01-01") + pd.to_timedelta(minute, unit="min")
    frame = pd.DataFrame({"time": time, "y": label, "s": np.arange(10) / 7})
    # Each time is repeated often enough here to lose the clock, so more rows follow.
    more = pd.DataFrame({"time": time[-1] + pd.to_timedelta(np.arange(1, 91), unit="min"), "y": 0, "s": 0.5})
    table = read_table(pd.concat([frame, more]).to_csv(index=False).encode())
    assert not table.time_unit.reason
    prepared = prepare(table, replace(RECOMMENDED, model=PCAModel(), lookback=1, shift=2))
    # Row 5 is the event; row 4 stands for the time until then, rows 1 and 2 for nothing.
    assert prepared.minutes[:5].tolist() == [1, 0, 0, 2, 2]
    assert prepared.minutes[5:9].tolist() == [1, 2, 1, 1]
    scores = scores_of(table, "always on")
    assert scores.days == (5 + 4 + 91) / 1440 != len(scores) * scores.step / 1440
    assert scores.where(scores.row < 4).days == 3 / 1440
