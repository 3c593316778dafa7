"""What stands below each figure: how far it would move, and what chance would reach."""

import numpy as np
import pytest

from rare_event.config import AlarmPolicy
from rare_event.judge.chance_figures import luck
from rare_event.judge.evaluation import evaluate
from tests.judge.test_judgement import parts

POLICY = AlarmPolicy()
THRESHOLDS = dict.fromkeys(range(3), 5.0)


@pytest.fixture(scope="module")
def found():
    _, test = parts(skill=3.0)
    return test, evaluate(test, THRESHOLDS, POLICY), luck(test, THRESHOLDS, POLICY)


def test_every_figure_lies_in_its_interval(found) -> None:
    _, figures, table = found
    for name in ("caught", "false_alarms_per_day", "precision", "recall", "median_lead"):
        assert table.loc[name, "low"] <= getattr(figures, name) <= table.loc[name, "high"], name
    assert table.loc["auc", "low"] < table.loc["auc", "high"] <= 1
    assert not table[["low", "high"]].isna().any().any()


def test_chance_alarms_as_often_and_means_nothing(found) -> None:
    test, figures, table = found
    assert table.loc["auc", "chance"] == 0.5
    assert table.loc["precision", "chance"] == pytest.approx(test.y_true.mean())
    assert table.loc["recall", "chance"] == pytest.approx((test.y_score >= 5.0).mean())
    assert 0 < table.loc["caught", "chance"] < figures.caught / 3
    # How many false alarms there are, and how early, is no matter of luck.
    assert np.isnan(table.loc["false_alarms_per_day", "chance"])
    assert np.isnan(table.loc["median_lead", "chance"])


def test_an_alarm_that_never_sounds_has_no_precision(found) -> None:
    table = luck(found[0], dict.fromkeys(range(3), np.inf), POLICY)
    assert table.loc["caught", "high"] == 0 == table.loc["caught", "chance"]
    assert table["low"].isna()["precision"] and table["high"].isna()["median_lead"]
