"""Events detected while they last (shift 0): an alarm inside catches, one outside is false."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import RECOMMENDED, AlarmPolicy, DesignSpace, PCAModel, Representation
from rare_event.errors import ConfigError
from rare_event.experiment.folds import make_scores
from rare_event.experiment.leakage import leakage
from rare_event.experiment.policy import check_policy
from rare_event.experiment.result import summarise
from rare_event.experiment.run import run_experiment
from rare_event.judge.alarms import alarms
from rare_event.judge.evaluation import evaluate
from rare_event.judge.explorer import event_levels, explorer_columns
from rare_event.judge.judgement import judge
from rare_event.judge.ledger import ledger
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import operating_points
from rare_event.prepare.prepared import prepare
from rare_event.prepare.table import Table, read_table
from rare_event.store.serial import to_plain
from tests import naive

CONFIG = replace(
    RECOMMENDED, shift=0, lookback=1, model=PCAModel(components=2), representation=Representation("level")
)
POLICY = AlarmPolicy(cooldown=0.1)


def table_of(n_events: int = 10, before: int = 50, lasts: int = 12) -> Table:
    """Rows a second apart; after 50 normal rows an event of 12, in which both sensors are higher."""
    label = np.tile(np.repeat([0, 1], [before, lasts]), n_events)
    time = pd.Timestamp("2000-01-01") + pd.to_timedelta(np.arange(len(label)), unit="s")
    rng = np.random.default_rng(0)
    sensors = {f"s{i}": (rng.normal(size=len(label)) + 6 * label).round(3) for i in range(3)}
    return read_table(pd.DataFrame({"time": time, "y": label, **sensors}).to_csv(index=False).encode())


def scores_of(table: Table, y_score: np.ndarray) -> Scores:
    prepared = prepare(table, CONFIG)
    return make_scores(prepared, CONFIG, 0, np.arange(len(prepared.row)), prepared.ends, y_score)


def test_the_rows_of_events_stay_and_are_the_positives() -> None:
    table = table_of()
    prepared = prepare(table, CONFIG)
    assert prepared.row.tolist() == list(range(table.n_rows))
    assert (prepared.y == table.label).all() and prepared.y.sum() == 120
    # An event ends its stretch and does not begin one, so a window reaches from before into it.
    wide = prepare(table, replace(CONFIG, lookback=5))
    assert {50, 61} <= set(wide.ends.tolist()) and 62 not in wide.ends
    for end in wide.ends[wide.y[wide.ends] == 0]:
        assert not table.label[end - 4 : end + 1].any(), "no row of an event is in a normal window"


def test_an_alarm_inside_catches_late_by_its_delay() -> None:
    table = table_of(4)
    alarmed = np.zeros(table.n_rows)
    # Event 0 (rows 50 to 61) in its fourth row, event 1 (112 to 123) from five rows before to its first,
    # event 2 (174 to 185) after its end only, event 3 never; two alarms far from any.
    alarmed[[53, 54, *range(107, 113), 186, 200, 20]] = 1
    scores = scores_of(table, alarmed)
    lines = ledger(scores, 1.0, POLICY)
    events = lines[lines["kind"] == "event"]
    assert events["caught"].tolist() == [True, True, False, False]
    assert events["delay"].tolist()[:2] == pytest.approx([3 / 60, 0.0]) and "lead" not in lines
    assert events["first_alarm"].tolist()[:2] == pytest.approx([53 / 60, 112 / 60])
    figures = evaluate(scores, {0: 1.0}, POLICY)
    assert (figures.caught, figures.n_events, figures.false_alarms) == (2, 4, 3)
    assert figures.median_lead == pytest.approx(1.5 / 60) and figures.during
    assert alarms(scores, 1.0, POLICY)["event"].tolist() == [-1, 0, 1, -1, -1]
    # A false alarm can only sound outside events: their rows are no running time.
    assert scores.days == pytest.approx(200 / 86_400)


@pytest.mark.parametrize("seed", range(4))
def test_every_threshold_is_that_of_a_walk(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = table_of(4)
    scores = scores_of(table, rng.integers(0, 6, table.n_rows) / 2)
    policy = AlarmPolicy(k=2, n=3, cooldown=float(rng.choice([0.0, 0.05, 10.0])), repeat=0.4, min_lead=1.0)
    points = operating_points(scores, policy)
    columns = explorer_columns(scores, policy)
    for at, threshold in enumerate(points.threshold):
        groups = naive.alarm_groups(scores, threshold, policy)
        inside = [[i for i in group if table.label[scores.row[i]] == 1] for group in groups]
        assert points.false_alarms[at] == sum(not rows for rows in inside)
        delays: dict[int, float] = {}
        for i in sorted(i for rows in inside for i in rows):
            delays.setdefault(int(scores.row[i]) // 62, (int(scores.row[i]) % 62 - 50) / 60)
        assert points.caught[at] == len(delays)
        expected = np.median(list(delays.values())) if delays else np.nan
        assert columns["median_lead"][at] == pytest.approx(expected, nan_ok=True)
    assert np.isfinite(event_levels(scores, policy)).all()


def test_a_run_from_the_table_to_the_figures() -> None:
    result = run_experiment(table_of(), CONFIG)
    summary = to_plain(summarise(result))
    assert summary["events"] == {"caught": 2, "total": 2} and summary["test"]["auc"] > 0.95
    assert summary["median_delay_minutes"] < 0.2 and summary["median_lead_minutes"] is None
    assert result.policy.lead is None and "delay" in result.ledger()
    judged = judge(result.validation, result.test, result.policy, "pca")
    assert judged.lead_windows == (0.0, 0.0) and len({count.lead for count in judged.counts}) == 1
    before = to_plain(summarise(run_experiment(table_of(), replace(CONFIG, shift=2))))
    assert "median_delay_minutes" not in before and "during" not in before


def test_what_needs_warnings_before_events_says_so() -> None:
    with pytest.raises(ConfigError, match="leakage check.* shift of at least 1 row"):
        leakage(table_of(), CONFIG)
    with pytest.raises(ConfigError, match="articles warn before events"):
        replace(CONFIG, article_mode=True)
    with pytest.raises(ConfigError, match="leave the lead window empty"):
        replace(CONFIG, policy=AlarmPolicy(lead=4))
    with pytest.raises(ConfigError, match="map compares warnings before events"):
        DesignSpace(shifts=(0, 2))
    table = table_of()
    said = check_policy(prepare(table, replace(CONFIG, policy=AlarmPolicy(k=20, n=20))), CONFIG)
    assert not any("detect during" in sentence for sentence in said)
    warned = replace(CONFIG, shift=2)
    assert any("detect during" in sentence for sentence in check_policy(prepare(table, warned), warned))


@pytest.mark.parametrize("kind", ["level", "difference"])
def test_levels_are_suggested_for_events_that_last(kind) -> None:
    config = replace(CONFIG, representation=Representation(kind))
    said = check_policy(prepare(table_of(), config), config)
    assert any("use levels" in sentence for sentence in said) == (kind == "difference")
    assert config.representation.kind == kind
