"""The estimator fits and scores as an experiment does, with scikit-learn's signs, and guesses nothing."""

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score

from rare_event import (
    AlarmPolicy,
    DenseModel,
    EarlyWarning,
    ExperimentConfig,
    LogisticModel,
    PCAModel,
    RareEventError,
    Representation,
    Rule,
    Score,
    SplitPlan,
    Training,
    operating_points,
    read_table,
    run_experiment,
)
from rare_event.config import BlendModel
from rare_event.prepare.prepared import prepare
from tests.small import small_frame

TINY = Training(epochs=2, patience=None)
QUANTILE = Rule("quantile", 0.9)


def warning(**settings: Any) -> EarlyWarning:
    chosen: dict[str, Any] = {"model": PCAModel(components=2), "lookback": 3, "rule": QUANTILE} | settings
    return EarlyWarning(**chosen)


CASES: dict[str, tuple[Any, Representation]] = {
    "pca": (PCAModel(components=2), Representation("difference")),
    "deviation": (PCAModel(components=2), Representation("deviation", trailing=5)),
    "learns from events": (LogisticModel(), Representation("combined", scaler="standard")),
    "dense": (DenseModel(widths=(3,)), Representation("difference")),
}


@pytest.mark.parametrize("case", CASES)
def test_it_fits_and_scores_as_an_experiment_on_the_same_rows_to_the_bit(case) -> None:
    """An experiment trains on 64% of the rows and chooses on 16%: an estimator is given just these."""
    model, representation = CASES[case]
    table = read_table(small_frame(1200).to_csv(index=False).encode())
    config = ExperimentConfig(
        shift=2,
        lookback=3,
        model=model,
        representation=representation,
        training=TINY,
        score=Score(top_k=2),
        split=SplitPlan("chronological"),
        rule=Rule("fa-per-day", 20.0),
        seed=7,
    )
    expected = run_experiment(table, config)
    (fold,), prepared = expected.folds, prepare(table, config)
    parts = prepared.folds[0]
    # The rows kept before the test part, less the purge, and the share that makes the same cut.
    n_kept, n_train = parts.validation[-1] + 1, parts.validation[0]
    last = prepared.row[n_kept - 1]
    X = pd.DataFrame(table.values, index=pd.DatetimeIndex(table.when))
    fitted = EarlyWarning(
        2,
        3,
        model,
        representation=representation,
        training=TINY,
        window_score=Score(top_k=2),
        rule=Rule("fa-per-day", 20.0),
        validation_share=1 - n_train / n_kept,
        random_state=7,
    ).fit(X[: last + 1], table.label[: last + 1])

    assert fitted.threshold_ == fold.threshold
    assert fitted.representation_.center.tobytes() == fold.representation.center.tobytes()
    assert fitted.validation_scores_.to_frame().equals(fold.validation.to_frame())
    assert [e.loss for e in fitted.history_] == [e.loss for e in fold.history]
    # The index tells the stops, so later rows have the windows of the experiment.
    found = fitted.score_samples(X)
    assert (-found[fold.test.row]).tobytes() == fold.test.y_score.tobytes()
    alarmed = np.zeros(len(X), bool)
    alarmed[fold.test.row] = fold.test.y_score >= fold.threshold
    assert ((fitted.predict(X) == -1) == alarmed)[fold.test.row].all() and alarmed.any()
    # Another seed is another network; the same one is not.
    other = clone(fitted).set_params(random_state=8).fit(X[: last + 1], table.label[: last + 1])
    assert (other.threshold_ == fitted.threshold_) == (case != "dense")


def test_signs_are_those_of_outlier_detectors(X, y) -> None:
    fitted = warning().fit(X, y)
    score, decision, predicted = fitted.score_samples(X), fitted.decision_function(X), fitted.predict(X)
    known = fitted.is_scored(X)
    assert (score[known] <= 0).all() and (score[~known] == 1).all()
    assert ((predicted == -1) == (-score >= fitted.threshold_)).all()
    assert ((predicted == -1) == (decision < 0)).all()
    np.testing.assert_array_equal(decision, score - fitted.offset_)
    assert set(predicted) == {-1, 1} and (predicted[~known] == 1).all()
    # A row that lies on the threshold alarms, though scikit-learn's own would not.
    on_it = known & (-score == fitted.threshold_)
    assert on_it.any() and (predicted[on_it] == -1).all() and (decision[on_it] < 0).all()
    assert not hasattr(fitted, "predict_proba")


def test_rows_without_history_or_with_a_missing_value_get_no_score(X, y) -> None:
    fitted = warning().fit(X, y)
    holed = X.copy()
    holed.iloc[20, 1] = np.nan
    # Three rows of a window and the one before them, for the first difference. A missing value spoils its
    # own difference and the next, and with them the windows of rows 20 to 23. The rows after a stop (51, 111,
    # ...) have no earlier rows: only their windows are short.
    restarts = [row + n for row in range(51, 600, 60) for n in range(2)]
    expected = sorted([0, 1, 2, *restarts])
    assert np.flatnonzero(~fitted.is_scored(X)).tolist() == expected
    assert np.flatnonzero(~fitted.is_scored(holed)).tolist() == sorted([*expected, 20, 21, 22, 23])
    everywhere = warning(rule=Rule("fixed", 0.0)).fit(X, y)
    assert everywhere.threshold_ == 0
    assert np.flatnonzero(everywhere.predict(holed) == 1).tolist() == sorted([*expected, 20, 21, 22, 23])
    assert (everywhere.decision_function(holed) < 0).sum() == (everywhere.predict(holed) == -1).sum()


def test_rows_without_a_score_can_be_nan_and_are_not_alarmed_then_either(X, y) -> None:
    fitted = warning(unscored="nan").fit(X, y)
    plain = warning().fit(X, y)
    known = plain.is_scored(X)
    for method in ("score_samples", "decision_function"):
        found, expected = getattr(fitted, method)(X), getattr(plain, method)(X)
        assert np.isnan(found[~known]).all() and (found[known] == expected[known]).all()
    assert (fitted.predict(X) == plain.predict(X)).all()


def test_fewer_rows_than_a_window_have_no_score_and_no_alarm(X, y) -> None:
    fitted = warning(policy=AlarmPolicy(k=2, n=3)).fit(X, y)
    assert fitted.predict(X[:2]).tolist() == [1, 1]
    assert fitted.score_samples(X[:2]).tolist() == [1.0, 1.0]
    assert not fitted.is_scored(X[:2]).any()


@pytest.mark.parametrize("kind", ["level", "difference", "deviation", "movement", "combined"])
def test_a_score_does_not_depend_on_where_the_rows_begin(X, y, kind) -> None:
    """What lacks history has no score, so no score is another one with more history."""
    fitted = warning(representation=Representation(kind, trailing=6)).fit(X, y)
    whole = fitted.score_samples(X)
    for begin in (1, 60, 75, 95):
        part = fitted.score_samples(X[begin:])
        known = part <= 0
        assert known.sum() > 300
        np.testing.assert_allclose(part[known], whole[begin:][known], rtol=1e-6)


def test_groups_are_scored_as_if_alone(X, y) -> None:
    """Rows of two machines by turns, as a data logger writes them."""
    values = X.to_numpy()
    machine = np.arange(len(values)) % 2
    fitted = warning().fit(values, np.zeros(len(values)), machine)
    found = fitted.score_samples(values, machine)
    for number in (0, 1):
        alone = fitted.score_samples(values[machine == number])
        np.testing.assert_allclose(found[machine == number], alone, rtol=1e-6)
    assert not np.allclose(found, fitted.score_samples(values))
    named = fitted.score_samples(values, np.where(machine == 0, "press", "dryer"))
    assert (named == found).all()


def test_events_of_another_group_make_no_row_positive(X) -> None:
    """By turns, each event of one machine follows a row of the other, which stays normal."""
    values = X.to_numpy()
    machine = np.arange(len(values)) % 2
    label = np.zeros(len(values), int)
    label[100::100] = 1
    scores = warning(shift=1, validation_share=0.5).fit(values, label, machine).validation_scores_
    # In the second half of all rows the events are 400 and 500: rows 200 and 250 of machine 0 alone.
    assert scores.row[scores.y_true == 1].tolist() == [199, 249]
    assert scores.asset is not None and scores.assets == ("0", "1")
    assert (scores.asset[scores.y_true == 1] == 0).all()
    mixed = warning(shift=1, validation_share=0.5).fit(values, label).validation_scores_
    assert mixed.row[mixed.y_true == 1].tolist() == [399, 499]


def test_the_rows_of_an_index_that_are_left_out_end_a_stretch(X, y) -> None:
    """Rows drawn from a frame keep their numbers, so windows do not join what is apart."""
    frame = X.reset_index(drop=True)
    rows = np.r_[0:200, 300:400]
    fitted = warning().fit(frame, y)
    part = frame.iloc[rows]
    assert np.flatnonzero(~fitted.is_scored(part)).tolist() == [0, 1, 2, 200, 201]
    assert np.flatnonzero(~fitted.is_scored(part.to_numpy())).tolist() == [0, 1, 2]
    every_tenth = frame.set_axis(10 * np.arange(len(frame)))
    assert fitted.is_scored(every_tenth).sum() == len(frame) - 3


def test_nothing_given_is_changed(X, y) -> None:
    values, label, groups = X.to_numpy().copy(), y.copy(), np.arange(len(y)) // 300
    for array in (values, label, groups):
        array.flags.writeable = False
    frame, model = X.copy(), PCAModel(components=2)
    fitted = warning(model=model).fit(values, label, groups)
    fitted.score(values, label, groups)
    warning().fit(X, y).predict(X)
    pd.testing.assert_frame_equal(X, frame)
    assert fitted.model is model and fitted.get_params()["rule"] is QUANTILE


def test_without_labels_all_rows_are_normal_and_alarms_are_counted(X) -> None:
    fitted = warning(rule=Rule("fa-per-day", 5.0)).fit(X)
    same = warning(rule=Rule("fa-per-day", 5.0)).fit(X, np.zeros(len(X), bool))
    assert fitted.threshold_ == same.threshold_
    points = operating_points(fitted.validation_scores_, AlarmPolicy())
    assert points.n_positive == 0 and points.n_normal == len(fitted.validation_scores_)
    with pytest.raises(ValueError, match="no positive windows"):
        warning(rule=Rule("f-beta", 1.0)).fit(X)


def test_fit_predict_uses_the_labels_and_the_groups(X, y) -> None:
    groups = np.arange(len(y)) // 300
    expected = warning(model=LogisticModel()).fit(X, y, groups).predict(X, groups)
    assert (warning(model=LogisticModel()).fit_predict(X, y, groups) == expected).all()


def test_the_score_is_that_of_the_rows_before_events(X, y) -> None:
    # Shift 2: rows 48, 49, 108, 109, ... are positive and the rows of events left out.
    near = np.zeros(len(y), bool)
    near[np.concatenate([np.arange(48, 600, 60), np.arange(49, 600, 60)])] = True
    asked = y == 0
    for lookback in (1, 8):
        fitted = warning(lookback=lookback).fit(X, y)
        auc = roc_auc_score(near[asked], -fitted.score_samples(X)[asked])
        assert fitted.score(X, y) == pytest.approx(auc)
    weight = np.r_[np.ones(300), np.zeros(300)]
    assert fitted.score(X, y, sample_weight=weight) == pytest.approx(
        roc_auc_score(near[asked][:295], -fitted.score_samples(X)[asked][:295])
    )
    # Without a score they count as never alarmed, on the same rows.
    assert (~fitted.is_scored(X)[asked]).sum() > 50
    for label, sentence in ((None, "give y"), (np.zeros(600), "570 rows|600 rows")):
        with pytest.raises(ValueError, match=sentence):
            fitted.score(X, label)


def test_of_the_last_n_windows_k_must_reach_the_threshold(X, y) -> None:
    policy = AlarmPolicy(k=2, n=3, mute=4)
    fitted = warning(policy=policy, rule=Rule("fixed", 0.1)).fit(X, y)
    plain = -fitted.score_samples(X)
    # Stretches begin in rows 0, 51, 111, ...; the first windows 3 and 2 rows later.
    begin = np.searchsorted(np.arange(51, 600, 60), np.arange(600), side="right")
    first = np.r_[3, np.arange(53, 600, 60)][begin]
    expected = [
        row - start >= 4 and sum(plain[max(start, row - 2) : row + 1] >= 0.1) >= 2
        for row, start in enumerate(first)
    ]
    predicted = fitted.predict(X)
    assert (predicted == -1).tolist() == expected and 50 < sum(expected) < 500
    assert ((fitted.decision_function(X) < 0) == (predicted == -1)).all()
    assert np.isfinite(fitted.decision_function(X)).all()


BAD: dict[str, dict[str, Any]] = {
    "model is 'prophet'; choose one of dense, vae": {"model": "prophet"},
    "kind is 'slope'": {"representation": "slope"},
    "lookback is 0 rows": {"lookback": 0},
    "shift is -1 rows": {"shift": -1},
    "shift is 700 rows|The shift is 700 rows": {"shift": 700},
    "validation_share is 1; choose between 0 and 1": {"validation_share": 1},
    "unscored is 'zero'": {"unscored": "zero"},
    "A blend has several models": {"model": BlendModel()},
    "A trailing threshold needs": {"rule": Rule("trailing-quantile", 0.99)},
    "rule is 'quantile'; give a Rule": {"rule": "quantile"},
    "No window of 60 rows fits": {"lookback": 60},
    "no machine|names the machine": {"representation": Representation(per_asset=True)},
    "No rows are left to train on: of 590 rows, the last 587": {"validation_share": 0.995},
    "The lead window is 1 minute": {"policy": AlarmPolicy(lead=1.0)},
}


@pytest.mark.parametrize("sentence", BAD)
def test_a_setting_that_cannot_work_is_refused_at_the_fit(X, y, sentence) -> None:
    estimator = warning(**BAD[sentence])
    with pytest.raises(ValueError, match=sentence) as caught:
        estimator.fit(X, y)
    assert isinstance(caught.value, RareEventError)
    with pytest.raises(NotFittedError):
        estimator.predict(X)


LABELS: dict[str, list[Any]] = {
    "y holds -1": [-1, 1],
    "y holds 2": [0, 2],
    "y holds 'BREAK', 'OK'": ["BREAK", "OK"],
    "y holds nan": [0, np.nan],
    "y holds 0.5": [0, 0.5],
    "y holds 'b', 'a', 'c', ...": ["b", "a", "c", "d"],
}


@pytest.mark.parametrize("sentence", LABELS)
def test_no_value_of_a_label_is_guessed_to_mean_an_event(X, sentence) -> None:
    values = LABELS[sentence]
    label = pd.Series((values * len(X))[: len(X)])
    with pytest.raises(ValueError, match=sentence):
        warning().fit(X, label)


@pytest.mark.parametrize("kind", [bool, float, object, "boolean", list])
def test_labels_of_any_type_mean_the_same(X, y, kind) -> None:
    label = y.tolist() if kind is list else pd.Series(y).astype(bool if kind == "boolean" else kind)
    assert warning().fit(X, label).threshold_ == warning().fit(X, y).threshold_


def test_data_that_cannot_be_used_are_refused(X, y) -> None:
    fitted = warning().fit(X, y)
    with pytest.raises(ValueError, match="infinity"):
        fitted.predict(X.replace(X.iloc[5, 0], np.inf))
    with pytest.raises(ValueError, match="feature"):
        fitted.predict(X.iloc[:, :3])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fitted.predict(X, np.zeros(5))
    with pytest.raises(ValueError, match="groups is empty in 1 row, first in row 3"):
        fitted.predict(X[:5], pd.Series(["a", "a", "a", None, "a"]))
    with pytest.raises(ValueError, match="The index has no time in row 1"):
        fitted.predict(X[:2].set_axis(pd.DatetimeIndex(["2024-01-01", None])))


def test_times_with_a_zone_are_the_same_times(X, y) -> None:
    zoned = X.set_axis(X.index.tz_localize("UTC").tz_convert("Europe/Berlin"))
    fitted = warning(rule=Rule("fa-per-day", 5.0)).fit(zoned, y)
    assert fitted.threshold_ == warning(rule=Rule("fa-per-day", 5.0)).fit(X, y).threshold_
    assert fitted.validation_scores_.time_unit.name == "minutes"
    rows = warning(rule=Rule("fa-per-day", 5.0)).fit(X.to_numpy(), y)
    assert rows.validation_scores_.time_unit.name == "rows"


def test_each_machine_can_be_scaled_by_itself(X, y) -> None:
    groups = np.repeat(["press", "dryer"], 300)
    apart = X.to_numpy().copy()
    apart[300:] *= 1000
    settings = {"representation": Representation("level", per_asset=True), "validation_share": 0.6}
    own = warning(**settings).fit(apart, y, groups)
    even = warning(**settings).fit(X.to_numpy(), y, groups)
    assert own.representation_.assets == ("press",) == even.representation_.assets
    np.testing.assert_allclose(
        own.score_samples(apart[:300], groups[:300]),
        even.score_samples(X[:300].to_numpy(), groups[:300]),
        rtol=1e-5,
    )


def test_a_generator_gives_a_new_seed_at_each_fit(X, y) -> None:
    forest = replace(ExperimentConfig(), seed=0)
    assert forest.detector.seed == 0
    drawn = warning(model="isolation-forest", random_state=np.random.RandomState(3))
    first = drawn.fit(X, y).score_samples(X)
    second = drawn.fit(X, y).score_samples(X)
    again = warning(model="isolation-forest", random_state=np.random.RandomState(3)).fit(X, y)
    assert (first != second).any() and (again.score_samples(X) == first).all()


@pytest.mark.parametrize("model", [PCAModel(components=2), DenseModel(widths=(3,))])
def test_a_fitted_estimator_is_sent_to_other_processes(X, y, model) -> None:
    """As scikit-learn does where it fits in parallel; we ourselves keep nothing in this format."""
    fitted = warning(model=model, training=TINY).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    assert again.threshold_ == fitted.threshold_
    np.testing.assert_allclose(again.score_samples(X), fitted.score_samples(X), rtol=1e-6)
