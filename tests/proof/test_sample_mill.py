"""What models reach on the sample mill, as README.md says; run by `make proof`: it trains networks."""

from dataclasses import replace

import pytest

from rare_event import Judgement, Table, backtest, read_table, recipe, run_experiment, sample_mill
from rare_event.config import RECOMMENDED, SplitPlan
from tests.experiment.test_explain import explained, leading

SUPERVISED = ("logistic", "boosting", "forest")
LEVELS = replace(RECOMMENDED, name="levels", representation=replace(RECOMMENDED.representation, kind="level"))


def judged(table: Table, *names: str) -> dict[str, Judgement]:
    """The recommended model, and what it is compared with."""
    configs = [RECOMMENDED, *(recipe(name, RECOMMENDED) for name in names)]
    return {row.name: row for row in backtest(table, configs)}


def auc(row: Judgement) -> float:
    assert row.mean_fold_auc is not None
    return row.mean_fold_auc


def false_alarms(row: Judgement) -> float:
    """False alarms a day at 2 a day, with thresholds of the past."""
    rate = row.count("past", 2.0).false_alarms_per_day
    assert rate is not None
    return rate


def caught(row: Judgement) -> float:
    """Share of the events caught at 2 false alarms a day, with thresholds of the past."""
    return row.count("past", 2.0).caught / row.n_events


@pytest.mark.timeout(1200)
def test_the_recommended_model_sees_breaks_as_well_as_supervised_ones(sample_table: Table) -> None:
    """Measured: AUC 0.845, 27 of 56 caught; squares 0.721, 11 of 56; supervised 0.808 to 0.839."""
    rows = judged(sample_table, "squares", *SUPERVISED)
    best = rows["recommended"]
    assert best.n_events > 40
    assert 0.75 <= auc(best) < 0.9  # three in ten breaks are silent: no model is perfect
    assert 1 / 3 <= caught(best) < 0.7
    assert false_alarms(best) < 3
    assert auc(rows["squares"]) < auc(best) - 0.05 and caught(rows["squares"]) < caught(best)
    assert abs(max(auc(rows[name]) for name in SUPERVISED) - auc(best)) < 0.05
    assert auc(rows["chance"]) < 0.6 and caught(rows["chance"]) < 0.1


@pytest.mark.timeout(1200)
def test_levels_do_not_see_breaks(sample_table: Table) -> None:
    """Measured: AUC 0.539; 17 of 56 caught, but at 18.7 false alarms a day."""
    (levels, *_) = backtest(sample_table, [LEVELS])
    assert auc(levels) < 0.65 and caught(levels) < 0.4
    # Scores drift over any threshold of the past, and an alarm that stands catches some events by chance.
    assert false_alarms(levels) > 5


@pytest.mark.timeout(1200)
def test_at_half_the_events_supervised_models_are_not_better(sample_table: Table) -> None:
    """Measured: the recommended model 0.886, supervised ones 0.796 to 0.812."""
    half = replace(sample_table, frame=sample_table.frame[: sample_table.n_rows // 2])
    rows = judged(half, *SUPERVISED)
    best = rows["recommended"]
    assert 20 <= best.n_events < 40
    assert auc(best) >= 0.75 and caught(best) >= 1 / 3
    for name in SUPERVISED:
        assert 0.65 < auc(rows[name]) < auc(best) + 0.03


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", [7, 8, 9])
def test_planted_sensors_lead_on_every_mill(seed: int) -> None:
    """Measured: in 94, 96 and 96 % of 51, 77 and 91 events; by squared errors in 75, 75 and 77 %.

    Alone, without any other sensor: in 90, 88 and 89 %; by squared errors in 78, 70 and 73 %.
    """
    table = read_table(sample_mill(seed=seed).to_csv(index=False).encode())
    result = run_experiment(table, replace(RECOMMENDED, split=SplitPlan("rolling")))
    share = leading(explained(result, "validation") + explained(result, "test"))
    assert share["n"] >= 40, share
    assert share["lead"] >= 0.9 and share["first"] >= 0.9, share
    assert share["lead"] > share["lead by errors"] and share["alone"] > share["alone by errors"], share
