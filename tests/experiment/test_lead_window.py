"""The lead window follows the shift, whatever the step of the rows."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import RECOMMENDED, AlarmPolicy, PCAModel, Rule, SplitPlan
from rare_event.errors import ConfigError
from rare_event.experiment.folds import make_scores
from rare_event.experiment.run import run_experiment
from rare_event.judge.evaluation import evaluate
from rare_event.judge.judgement import judge
from rare_event.judge.scores import OLDER_LEAD, Scores
from rare_event.judge.thresholds import operating_points
from rare_event.prepare.prepared import prepare
from rare_event.prepare.table import Table, read_table

STEPS = {"1 s": 1, "10 s": 10, "2 min": 120, "15 min": 900, "1 h": 3600, "1 day": 86_400}


def table_of(seconds: int, n_rows: int = 600) -> Table:
    """An event every 60 rows, rows `seconds` apart, a stop of ten rows after each event."""
    label = np.zeros(n_rows, int)
    label[50::60] = 1
    row = np.arange(n_rows) + 10 * np.cumsum(np.roll(label, 1))
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "time": pd.Timestamp("2000-01-01") + pd.to_timedelta(seconds * row, unit="s"),
            "y": label,
            **{f"s{i}": rng.normal(size=n_rows).round(4) for i in range(3)},
        }
    )
    return read_table(frame.to_csv(index=False).encode())


def perfect(table: Table, shift: int) -> Scores:
    """Every row scored 1 that the shift makes positive, and 0 the others."""
    config = replace(RECOMMENDED, shift=shift, lookback=1, model=PCAModel(), split=SplitPlan("chronological"))
    prepared = prepare(table, config)
    every = np.arange(len(prepared.row))
    return make_scores(prepared, config, 0, every, prepared.ends, prepared.y[prepared.ends].astype(float))


@pytest.mark.parametrize("shift", [1, 2, 5])
@pytest.mark.parametrize("seconds", STEPS.values(), ids=STEPS)
def test_a_perfect_score_catches_all_events_at_any_step(seconds: int, shift: int) -> None:
    scores = perfect(table_of(seconds), shift)
    assert scores.lead == pytest.approx(shift * seconds / 60)
    figures = evaluate(scores, {0: 1.0}, AlarmPolicy())
    assert (figures.caught, figures.n_events) == (10, 10)
    assert figures.false_alarms_per_day == 0
    points = operating_points(scores, AlarmPolicy())
    at = points.at(1.0)
    assert (points.caught[at], points.false_alarms[at]) == (10, 0)
    judgement = judge(scores, scores, AlarmPolicy(), "perfect")
    assert judgement.lead_windows == pytest.approx((scores.lead, 5 * scores.lead))
    assert {count.caught for count in judgement.counts if count.threshold == "hindsight"} == {10}


@pytest.mark.parametrize("seconds", [1, 900])
def test_an_alarm_outside_the_lead_window_is_false(seconds: int) -> None:
    scores = perfect(table_of(seconds), shift=2)
    # Four rows before each event: sooner than the label asks, later than the wider window begins.
    early = np.isclose(scores.to_event, 4 * scores.step).astype(float)
    figures = evaluate(scores.with_score(early), {0: 1.0}, AlarmPolicy(cooldown=0))
    assert figures.caught == 0, "an alarm minutes early is no warning of seconds"
    assert figures.false_alarms == 10
    wide = evaluate(scores.with_score(early), {0: 1.0}, AlarmPolicy(cooldown=0, lead=5 * scores.lead))
    assert (wide.caught, wide.false_alarms) == (10, 0)


def test_the_lead_window_of_a_result_is_that_of_its_shift() -> None:
    config = replace(RECOMMENDED, model=PCAModel(components=2), rule=Rule("quantile", 0.9))
    result = run_experiment(table_of(900), replace(config, shift=3))
    assert result.policy.lead == 45
    assert {count.lead for count in result.judgement().counts} == {45, 225}
    assert result.config.policy.lead is None, "the recipe stays as it was asked for"


def test_a_lead_window_shorter_than_a_row_is_refused() -> None:
    config = replace(RECOMMENDED, model=PCAModel(components=2), policy=AlarmPolicy(lead=4))
    with pytest.raises(ConfigError, match="4 minutes, but rows are 15 minutes apart.*the shift, 30 minutes"):
        run_experiment(table_of(900), config)
    assert len(run_experiment(table_of(120), config).test), "four minutes are two rows of two minutes"


def test_scores_of_older_files_keep_the_window_they_were_judged_by() -> None:
    scores = perfect(table_of(120), shift=2)
    older = Scores.of_record(scores.to_frame(), scores.total_events, {"step": scores.step})
    assert older.lead == scores.lead == OLDER_LEAD
    assert older.lead_windows == (4.0, 20.0)
