"""The articles' published numbers, and what the recommendation is worth, on the real mill.

The bands are those of several seeds; full trainings.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import ARTICLE_DENSE, ARTICLE_DENSE_TEXT, ARTICLE_LSTM, RECOMMENDED, Rule, SplitPlan
from rare_event.experiment.regime import regime_of_run
from rare_event.experiment.result import summarise
from rare_event.experiment.run import run_experiment
from rare_event.store.serial import to_plain

pytestmark = pytest.mark.mill


def test_the_lstm_article(mill_table) -> None:
    result = run_experiment(mill_table, replace(ARTICLE_LSTM, rule=Rule("fixed", 0.3)))
    figures = to_plain(summarise(result))
    assert len(result.folds[0].history) == 200
    assert (figures["n_rows"], figures["n_sensors"], figures["n_windows"]) == (18_274, 59, 18_268)
    assert figures["n_positive"] == 247
    assert (figures["test"]["n"], figures["test"]["n_positive"]) == (3_654, 49)
    # Published: AUC 0.706; at 0.3, 13 of 49 positive rows caught and 286 of 3,605 normal ones called.
    assert 0.68 <= figures["test"]["auc"] <= 0.73
    confusion = figures["confusion"]
    assert 10 <= confusion["tp"] <= 15 and confusion["tp"] + confusion["fn"] == 49
    assert 230 <= confusion["fp"] <= 330 and confusion["fp"] + confusion["tn"] == 3_605
    # The validation set of the same split tells another story.
    assert figures["validation"]["auc"] < 0.65


def test_the_dense_article(mill_table) -> None:
    found = [
        to_plain(summarise(run_experiment(mill_table, replace(ARTICLE_DENSE, seed=seed))))
        for seed in range(3)
    ]
    for figures in found:
        assert (figures["validation"]["n"], figures["validation"]["n_positive"]) == (2_924, 41)
        assert (figures["test"]["n"], figures["test"]["n_positive"]) == (3_655, 52)
    # The curves that were published are of the validation set, on which the threshold was read. With one
    # seed, rounding is other on other processors, and 200 epochs carry it to 0.59 or 0.62 in the test part.
    assert 0.695 <= np.median([figures["validation"]["auc"] for figures in found]) <= 0.715
    assert 0.608 <= np.median([figures["test"]["auc"] for figures in found]) <= 0.641


def test_the_network_of_the_dense_article_s_text(mill_table) -> None:
    result = run_experiment(mill_table, replace(ARTICLE_DENSE_TEXT, rule=Rule("fixed", 0.8)))
    figures = to_plain(summarise(result))
    # Five seeds: 0.589 to 0.622 on validation data, 0.549 to 0.578 on test data. The article's text
    # publishes no AUC; at 0.8 it counts "4 out of 21" breaks and a false positive rate of about 7%.
    assert 0.57 <= figures["validation"]["auc"] <= 0.64
    assert 0.53 <= figures["test"]["auc"] <= 0.60
    confusion = figures["confusion"]
    assert 5 <= confusion["tp"] <= 13 and confusion["tp"] + confusion["fn"] == 52
    assert 280 <= confusion["fp"] <= 365 and confusion["fp"] + confusion["tn"] == 3_603
    # A relu output cannot reconstruct what lies below the mean: the loss stays near half the variance.
    assert 0.6 <= min(epoch.validation_loss for epoch in result.folds[0].history) <= 0.7


def test_the_recommendation_on_six_rolling_folds(mill_table) -> None:
    config = replace(RECOMMENDED, split=SplitPlan("rolling"))
    figures = to_plain(summarise(run_experiment(mill_table, config)))
    areas = [fold["auc"] for fold in figures["folds"]]
    assert len(areas) == 6 and sum(areas) / 6 >= 0.63
    assert figures["events"]["total"] == 78
    assert (figures["n_windows"], figures["n_positive"]) == (18_274, 239)
    assert max(areas) < 0.95  # more would be a leak


def test_six_folds_at_once_stop_at_the_epochs_at_which_they_stop_alone(mill_table) -> None:
    config = replace(RECOMMENDED, split=SplitPlan("rolling"))
    at_once, alone = (run_experiment(mill_table, config, workers=workers) for workers in (2, 1))
    epochs = [len(fold.history) for fold in alone.folds]
    assert [len(fold.history) for fold in at_once.folds] == epochs
    assert len(set(epochs)) > 1 and min(epochs) < config.training.epochs, "some stop early"
    for one, other in zip(alone.folds, at_once.folds, strict=True):
        assert one.test.y_score.tobytes() == other.test.y_score.tobytes()
        assert one.threshold == other.threshold


def test_the_step_of_the_real_mill_from_the_article_s_scores(mill_table) -> None:
    """Sensor x19 falls from 3.4 to -3.9 on 19 May at 12:46, 19 hours after the long stop, and stays."""
    config = replace(ARTICLE_DENSE, split=SplitPlan("rolling"))
    result = run_experiment(mill_table, config)
    first = result.folds[0].test.row.min()
    found = regime_of_run(result.validation, result.test, config, lambda: result.prepared)
    assert found.n_tested == 6
    # Silent on the first 60% of the rows: the whole test parts of the first two folds lie there.
    (change,) = found.changes
    when = mill_table.when[change.row]
    assert pd.Timestamp("1999-05-19 12:40") <= pd.Timestamp(when) <= pd.Timestamp("1999-05-19 12:52")
    assert change.times > 20 and change.until is None
    assert change.sensor == "x19" and change.share is not None and change.share > 0.75
    assert first < 0.41 * mill_table.n_rows and change.row > 0.6 * mill_table.n_rows
    ends = [fold.test.row.max() / mill_table.n_rows for fold in result.folds[:2]]
    assert ends[1] <= 0.61
