"""The judgement over folds: what is read on the past, and what only in hindsight."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from rare_event.__main__ import main
from rare_event.config import RECOMMENDED, PCAModel, Rule
from rare_event.judge.rules import choose
from rare_event.judge.thresholds import operating_points
from rare_event.work.backtest import BUDGETS, LEAD_WINDOWS, backtest, describe, judge, thresholds_of_the_past
from rare_event.work.experiment import run_experiment

PCA = replace(RECOMMENDED, name="pca", model=PCAModel())


@pytest.fixture(scope="module")
def result(sample_table):
    return run_experiment(sample_table, replace(PCA, split=replace(PCA.split, kind="rolling", folds=4)))


@pytest.fixture(scope="module")
def row(result):
    return judge(result, "pca")


def test_figures_are_those_of_scikit_learn(result, row) -> None:
    each = [roc_auc_score(fold.test.y_true, fold.test.y_score) for fold in result.folds]
    assert row.fold_auc == pytest.approx(tuple(each))
    assert row.mean_fold_auc == pytest.approx(np.mean(each))
    assert row.interval[0] < row.mean_fold_auc < row.interval[1]
    pooled = result.test
    assert row.pooled_auc == pytest.approx(roc_auc_score(pooled.y_true, pooled.y_score))
    assert row.average_precision == pytest.approx(average_precision_score(pooled.y_true, pooled.y_score))
    assert row.base_rate == pooled.y_true.mean()
    assert row.n_events == len(np.unique(pooled.total_events)) > 20


def test_hindsight_is_kept_apart_from_the_past(result, row) -> None:
    for budget in BUDGETS:
        for lead in LEAD_WINDOWS:
            policy = replace(PCA.policy, lead=lead)
            points = operating_points(result.test, policy)
            at = points.at(choose(points, Rule("fa-per-day", budget)))
            assert row.caught_at_best[budget, lead] == points.caught[at]
            assert points.false_alarms_per_day[at] <= budget
            assert 0 <= row.caught[budget, lead] <= row.n_events
    # A longer lead window can only catch more at the same thresholds' rows.
    assert all(row.caught_at_best[b, 20.0] >= row.caught_at_best[b, 4.0] for b in BUDGETS)


def test_thresholds_of_the_past_do_not_know_the_test_part(result) -> None:
    before = thresholds_of_the_past(result, PCA.policy, 2.0)
    blind = [replace(fold, test=fold.test.with_score(fold.test.y_score * 100)) for fold in result.folds]
    assert thresholds_of_the_past(replace(result, folds=blind), PCA.policy, 2.0) == before
    assert set(before) == set(range(4))


def test_any_split_of_the_config_becomes_a_rolling_origin(sample_table, row) -> None:
    random = replace(PCA, split=replace(PCA.split, kind="random"))
    assert backtest(sample_table, random, folds=4).to_dict() == row.to_dict()


def test_the_command_line_prints_one_object(sample_csv, capsys) -> None:
    assert main(["backtest", str(sample_csv), "--model", "pca", "--folds", "4", "--json"]) == 0
    printed = capsys.readouterr()
    figures = json.loads(printed.out)
    assert figures["n_compared"] == 1
    (model,) = figures["models"]
    assert model["name"] == "pca" and len(model["fold_auc"]) == 4
    assert set(model["events"]) == {"total", "caught", "caught_at_best"}
    assert set(model["events"]["caught"]) == {"4", "20"} and set(model["fa_per_day_achieved"]) == {
        "1",
        "2",
        "5",
    }
    assert "{" not in printed.err


def test_a_file_too_short_for_the_folds_is_a_sentence(tmp_path, capsys) -> None:
    short = tmp_path / "short.csv"
    short.write_text("x,y\n" + "".join(f"{i * 0.37 % 1:.3f},{int(i == 20)}\n" for i in range(30)))
    assert main(["backtest", str(short), "--model", "pca", "--folds", "20"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and "Traceback" not in printed.err
    assert "Use fewer folds" in printed.err


def test_in_words_the_best_stands_first(row) -> None:
    worse = replace(row, name="worse", mean_fold_auc=0.1, interval=None)
    lines = describe([worse, row]).splitlines()
    assert "2 compared" in lines[0] and lines[2].startswith("pca") and lines[3].startswith("worse")
    assert "None" not in "".join(lines)
