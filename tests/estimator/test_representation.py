"""The transformer gives the inputs of a model, fitted on normal rows, wherever scikit-learn puts it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from rare_event import EarlyWarning, PCAModel, RepresentationTransformer, Rule, curve_shift
from rare_event.config import Representation, RepresentationKind
from rare_event.prepare.features import derive, fit_representation

KINDS = ["level", "difference", "deviation", "forecast", "movement", "combined"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_inputs_are_those_of_an_experiment_to_the_bit(X, y, kind: RepresentationKind) -> None:
    values, stretch = X.to_numpy(), np.arange(600) // 60
    settings: dict[str, Any] = {"scaler": "standard", "clip": 3.0, "trailing": 7, "lag": 2}
    config = Representation(kind, **settings)
    derived = derive(values.astype(np.float32), stretch, config, ("a", "b", "c", "d"))
    shifted = curve_shift(y, 2, stretch)
    expected = fit_representation(config, derived, shifted.rows[shifted.y == 0])
    found = RepresentationTransformer(kind, **settings).fit_transform(values, y, stretch)
    assert found.tobytes() == expected.transform(derived).tobytes() and found.dtype == np.float32
    other = RepresentationTransformer(kind, **settings).fit_transform(values, y)
    assert (other.shape == found.shape) and (kind == "level") == np.array_equal(other, found)


def test_rows_before_events_do_not_count_for_the_scale(X, y) -> None:
    values = X.to_numpy().copy()
    expected = RepresentationTransformer("level", shift=3).fit(values, y).representation_
    for event in range(50, 600, 60):
        values[event - 3 : event + 1] = 1e6
    again = RepresentationTransformer("level", shift=3).fit(values, y).representation_
    assert (again.center == expected.center).all() and (again.scale == expected.scale).all()
    for other in (
        RepresentationTransformer("level", shift=2).fit(values, y),
        RepresentationTransformer("level").fit(values),
    ):
        assert (other.representation_.scale != expected.scale).any()


def test_groups_and_the_index_keep_rows_apart(X) -> None:
    values, machine = X.to_numpy(), np.arange(600) % 2
    transformer = RepresentationTransformer("difference").fit(values, None, machine)
    found = transformer.transform(values, machine)
    for number in (0, 1):
        assert (found[machine == number] == transformer.transform(values[machine == number])).all()
    assert (found != transformer.transform(values)).any()
    # Row 51 follows a stop: it has no row before to differ from.
    frame = RepresentationTransformer("difference", scaler="standard", clip=None).fit(X)
    stopped, plain = frame.transform(X), frame.transform(X.reset_index(drop=True))
    assert np.allclose(stopped[51], stopped[0]) and not np.allclose(plain[51], plain[0])
    assert (stopped[50] == plain[50]).all()


def test_a_missing_value_stays_missing_and_spoils_no_scale(X) -> None:
    values = X.to_numpy().copy()
    values[10, 1] = np.nan
    found = RepresentationTransformer("difference").fit_transform(values)
    assert np.argwhere(np.isnan(found)).tolist() == [[10, 1], [11, 1]]


def test_names_of_the_inputs(X) -> None:
    fitted = RepresentationTransformer("combined").fit(X.iloc[:, :2])
    expected = ["s0", "s1", "s0 change", "s1 change", "s0 |change|", "s1 |change|"]
    assert fitted.get_feature_names_out().tolist() == expected
    plain = RepresentationTransformer("movement").fit(X.to_numpy()[:, :1])
    assert plain.get_feature_names_out().tolist() == ["x0 over 1 row", "x0 over 5 rows", "x0 over 15 rows"]
    with pytest.raises(NotFittedError):
        RepresentationTransformer().get_feature_names_out()
    with pytest.raises(NotFittedError):
        RepresentationTransformer().transform(X)


def test_in_a_pipeline_by_its_parameters(X, y) -> None:
    pipeline = make_pipeline(RepresentationTransformer("level"), IsolationForest(random_state=0)).fit(X)
    pipeline.set_params(representationtransformer__kind="movement").fit(X)
    inputs = RepresentationTransformer("movement").fit_transform(X)
    expected = IsolationForest(random_state=0).fit(inputs).score_samples(inputs)
    assert (pipeline.score_samples(X) == expected).all()
    again = clone(pipeline)
    assert again.get_params()["representationtransformer__kind"] == "movement"
    with pytest.raises(NotFittedError):
        again.predict(X)


def test_a_frame_between_the_steps_keeps_the_times(X, y) -> None:
    """So the early warning at the end of a pipeline still sees the stops."""
    steps = (
        RepresentationTransformer("difference"),
        EarlyWarning(2, 4, PCAModel(components=2), representation="level", rule=Rule("quantile", 0.9)),
    )
    pipeline = make_pipeline(*steps).set_output(transform="pandas").fit(X, y)
    between = pipeline[0].transform(X)
    assert isinstance(between, pd.DataFrame) and between.index.equals(X.index)
    assert (pipeline.predict(X) == pipeline[-1].predict(between)).all()
    assert np.flatnonzero(~pipeline[-1].is_scored(between))[3:6].tolist() == [51, 52, 53]
    assert pipeline.score(X, y) == pipeline[-1].score(between, y)


def test_a_classifier_of_shifted_labels_needs_no_step_of_a_pipeline(X, y) -> None:
    """No step can drop rows or change labels, so the shift comes before."""
    inputs = RepresentationTransformer("movement").fit_transform(X, y)
    shifted = curve_shift(y.tolist(), 2)
    model = LogisticRegression().fit(inputs[shifted.rows], shifted.y)
    assert len(shifted.rows) == 590 and shifted.y.sum() == 20
    assert model.classes_.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"kind": "slope"}, "kind is 'slope'"),
        ({"clip": -1.0}, "clip is -1.0"),
        ({"trailing": 1}, "trailing is 1"),
        ({"shift": 600}, "The shift is 600 rows"),
        ({"shift": 59}, "no normal"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_at_the_fit(X, y, settings, sentence) -> None:
    transformer = RepresentationTransformer(**settings)
    label = np.tile(np.r_[np.zeros(59), 1], 10) if settings.get("shift") == 59 else y
    with pytest.raises(ValueError, match=sentence):
        transformer.fit(X.to_numpy(), label)
