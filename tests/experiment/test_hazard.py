"""The hazard model in an experiment: how far ahead events are, and a score that is a risk."""

from dataclasses import replace

import numpy as np
import pytest

from rare_event.config import RECOMMENDED, HazardModel, SplitPlan, recipe
from rare_event.config.labels import OF_FOLDS
from rare_event.detect.hazard import HazardDetector
from rare_event.detect.rows import NO_EVENT_AHEAD
from rare_event.errors import ConfigError
from rare_event.experiment.folds import rows_ahead
from rare_event.experiment.run import run_experiment
from rare_event.prepare.corrections import Corrections
from rare_event.prepare.prepared import label_and_window
from rare_event.prepare.table import read_table
from tests.small import small_frame

CONFIG = recipe("hazard", RECOMMENDED)


def ahead_one_by_one(table, prepared) -> list[int]:
    """Walk from each row to the next event, and stop where a stretch ends."""
    label, stretch, found = table.label, table.stretch, []
    for row in prepared.row.tolist():
        at = row
        while at < table.n_rows and stretch[at] == stretch[row] and not label[at]:
            at += 1
        inside = at < table.n_rows and stretch[at] == stretch[row]
        found.append(at - row if inside and at > row else NO_EVENT_AHEAD)
    return found


@pytest.mark.parametrize("machines", [False, True])
def test_rows_until_the_event_of_the_stretch(machines) -> None:
    rng = np.random.default_rng(0)
    frame = small_frame()
    # Events in rows that follow one another, right after a restart, and at both ends of the file.
    frame["y"] = (rng.random(len(frame)) < 0.05).astype(int)
    frame.loc[[0, 1, 2, 50, 51, 53, 599], "y"] = 1
    if machines:
        frame["machine"] = np.where(frame.index < 300, "A", "B")
    said = Corrections(assets="machine") if machines else Corrections()
    table = read_table(frame.to_csv(index=False).encode(), said=said)
    assert (table.asset is not None) == machines
    for shift in (1, 4):
        prepared = label_and_window(table, replace(CONFIG, shift=shift))
        assert rows_ahead(prepared, shift).tolist() == ahead_one_by_one(table, prepared)
        # The label says the same of the rows that it marks, and nothing of those farther away.
        np.testing.assert_array_equal(prepared.y == 1, rows_ahead(prepared, shift) <= shift)


def test_during_events_their_own_rows_are_the_positives() -> None:
    table = read_table(small_frame().to_csv(index=False).encode())
    prepared = label_and_window(table, replace(CONFIG, shift=0))
    np.testing.assert_array_equal(rows_ahead(prepared, 0) == 1, prepared.y == 1)
    assert set(rows_ahead(prepared, 0)) == {1, NO_EVENT_AHEAD}


def test_the_score_of_one_split_is_the_risk(sample_table) -> None:
    result = run_experiment(sample_table, CONFIG)
    (fold,) = result.folds
    assert isinstance(fold.detector, HazardDetector) and fold.unit == 1.0
    assert CONFIG.score_label(1).axis == "Risk of an event in the next 5 rows<br>(probability)"
    assert CONFIG.score_label(6).unit == OF_FOLDS, "a ratio is no probability"
    came = rows_ahead(result.prepared, CONFIG.shift)[np.searchsorted(result.prepared.row, fold.test.row)] <= 5
    assert fold.test.y_score.mean() == pytest.approx(came.mean(), rel=0.5)
    assert fold.test.y_score.max() <= 1 and fold.test.y_score.min() > 0
    quiet, loud = (came[mine].mean() for mine in (fold.test.y_score < 0.03, fold.test.y_score > 0.3))
    assert quiet < 0.04 and loud > 0.3


def test_the_horizon_is_not_the_shift(sample_table) -> None:
    scores = [
        run_experiment(sample_table, replace(CONFIG, shift=shift, split=SplitPlan())).test for shift in (2, 4)
    ]
    one, other = (part.where(np.isin(part.row, scores[0].row)) for part in scores)
    shared = np.isin(one.row, other.row)
    same = np.corrcoef(one.y_score[shared], other.y_score[np.isin(other.row, one.row)])[0, 1]
    assert same > 0.99 and one.n_positive != other.n_positive


def test_settings_that_cannot_be_are_refused() -> None:
    for wrong in ({"horizon": 0}, {"horizon": 1001}, {"C": 0.0}):
        with pytest.raises(ConfigError, match="choose"):
            HazardModel(**wrong)
    assert HazardModel(horizon=1).score_label.name == "risk of an event in the next row"


@pytest.mark.mill
def test_the_mill_gains_nothing_by_near_rows_first(mill_table) -> None:
    """Measured with settings fixed beforehand: 0.689, logistic regression 0.700, the autoencoder 0.655."""
    from rare_event.experiment.backtest import backtest

    rows = {row.name: row for row in backtest(mill_table, [CONFIG, recipe("logistic", RECOMMENDED)])}
    hazard, logistic = rows["hazard"].mean_fold_auc, rows["logistic"].mean_fold_auc
    assert hazard is not None and logistic is not None
    assert hazard == pytest.approx(0.689, abs=0.01) and hazard < logistic + 0.02
