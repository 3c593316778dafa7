"""Each machine scaled by its own normal training rows."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from rare_event.config import RECOMMENDED, Representation, RepresentationKind, SplitPlan, recipe
from rare_event.detect.detector import fit_detector
from rare_event.errors import DataError
from rare_event.experiment.policy import check_policy
from rare_event.experiment.run import run_experiment
from rare_event.prepare.features import Derived, derive, fit_representation
from rare_event.prepare.forecast import fit_forecast
from rare_event.prepare.prepared import prepare
from rare_event.prepare.schema import Schema
from rare_event.prepare.table import read_table
from rare_event.store.bundle import load_bundle, save_bundle
from tests.naive import scaled_per_asset
from tests.small import PCA, small_frame

KINDS = get_args(RepresentationKind)
NAMES = ("a", "b", "c")
MACHINES = ("press 1", "press 2", "new")


def table_rows(constant: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three machines on other levels and scales; the last column of the first one does not move."""
    rng = np.random.default_rng(3)
    asset = np.repeat([0, 1, 2], [120, 150, 30])
    size = np.array([1.0, 100.0, 10.0])[asset][:, None]
    values = (rng.normal(size=(300, 3)).cumsum(axis=0) % 7 * size + 50 * size).astype(np.float32)
    if constant:
        values[asset == 0, 2] = 5.0
    return values, np.arange(300) // 30, asset


def derived_of(config: Representation, values, stretch, asset) -> Derived:
    return replace(derive(values, stretch, config, NAMES), asset=asset, assets=MACHINES)


NORMAL = np.concatenate([np.arange(90), np.arange(120, 220), np.arange(270, 275)])


@pytest.mark.parametrize("scaler", ["standard", "robust"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "forecast"])
def test_each_machine_has_its_own_scale(kind, scaler) -> None:
    config = Representation(kind, scaler, clip=None, per_asset=True)
    values, stretch, asset = table_rows()
    derived = derived_of(config, values, stretch, asset)
    fitted = fit_representation(config, derived, NORMAL)
    expected = scaled_per_asset(derived.values, asset, NORMAL, scaler)
    np.testing.assert_allclose(fitted.transform(derived), expected, rtol=1e-4, atol=1e-4)
    # The new machine has 5 training rows, so it is scaled as all are.
    assert fitted.assets == ("press 1", "press 2")
    alike = fit_representation(config, derive(values, stretch, config, NAMES), NORMAL)
    assert (fitted.center == alike.center).all() and (fitted.scale == alike.scale).all()
    both = alike.transform(derived)
    assert (both[asset == 2] == fitted.transform(derived)[asset == 2]).all()
    assert np.abs(both[asset == 0] - fitted.transform(derived)[asset == 0]).max() > 0.1


def test_machines_that_differ_in_scale_only_become_alike() -> None:
    values, stretch, _ = table_rows(constant=False)
    twice = np.concatenate([values[:120], 40 + 8 * values[:120]]).astype(np.float32)
    asset, stretch = np.repeat([0, 1], 120), np.concatenate([stretch[:120], 10 + stretch[:120]])
    for kind in KINDS:
        config = Representation(kind, per_asset=True)
        derived = replace(derived_of(config, twice, stretch, asset))
        X = fit_representation(config, derived, np.arange(240)).transform(derived)
        np.testing.assert_allclose(X[:120], X[120:], atol=2e-3)
        one = replace(derived, asset=None)
        X = fit_representation(config, one, np.arange(240)).transform(one)
        assert np.abs(X[:120] - X[120:]).max() > 0.5


def test_a_forecast_learns_from_the_scaled_changes_of_all_machines() -> None:
    config = Representation("forecast", "standard", clip=None, trailing=5, per_asset=True)
    values, stretch, asset = table_rows()
    derived = derived_of(config, values, stretch, asset)
    parts = derived.parts(MACHINES[:2])
    found = fit_forecast(derived.values, derived.age, NORMAL, config, parts)
    for number in (0, 1):
        mine = np.flatnonzero(asset == number)
        rows = np.intersect1d(NORMAL, mine)
        alone = derived.take(mine)
        own = fit_forecast(alone.values, alone.age, rows - mine[0], config)
        # What does not move on its own machine keeps the scale over all.
        moving = slice(None, 2 if number == 0 else 3)
        np.testing.assert_allclose(found.own[number, 0, :, moving], own.center[:, moving], atol=1e-5)
        np.testing.assert_allclose(found.own[number, 1, :, moving], own.scale[:, moving], rtol=1e-5)
    assert (found.own[0, 1, :, 2] == found.scale[:, 2]).all()
    assert found.coefficients.shape == (18, 3) and len(found.own) == 2
    residual = fit_representation(config, derived, NORMAL).transform(derived)
    normal = np.intersect1d(NORMAL, np.flatnonzero(asset == 1))
    np.testing.assert_allclose(residual[normal].std(axis=0), 1, atol=1e-3)


def test_an_unknown_machine_of_another_file_is_scaled_as_all_are() -> None:
    config = Representation("level", per_asset=True)
    values, stretch, asset = table_rows()
    derived = derived_of(config, values, stretch, asset)
    fitted = fit_representation(config, derived, NORMAL)
    other = replace(derived, assets=("press 9", "press 1", "press 2"))
    X, known = fitted.transform(other), fitted.transform(derived)
    alike = fit_representation(config, replace(derived, asset=None), NORMAL).transform(derived)
    assert (X[asset == 0] == alike[asset == 0]).all()
    assert (X[asset == 0] != known[asset == 0]).any() and (X[asset == 1] != known[asset == 1]).any()


@pytest.mark.parametrize("kind", ["level", "forecast"])
def test_the_scales_are_saved_with_the_run(tmp_path, kind) -> None:
    config = replace(PCA, representation=Representation(kind, per_asset=True))
    values, stretch, asset = table_rows()
    derived = derived_of(config.representation, values, stretch, asset)
    fitted = fit_representation(config.representation, derived, NORMAL)
    X = fitted.transform(derived)
    detector, _ = fit_detector(config.detector, X, np.zeros(300, np.int8), NORMAL, NORMAL)
    save_bundle(tmp_path, fitted, detector)
    again, _ = load_bundle(tmp_path, config)
    assert again.assets == MACHINES[:2]
    assert again.transform(derived).tobytes() == X.tobytes()
    assert again.transform(replace(derived, asset=None)).tobytes() != X.tobytes()


def stacked(n_late: int = 600):
    """Three machines of other scales, the last of which starts late."""
    frames = [small_frame().assign(unit=name) for name in MACHINES]
    for number, frame in enumerate(frames):
        frame[["s0", "s1", "s2", "s3"]] *= 10.0**number
    frames[2] = frames[2].iloc[-n_late:]
    written = pd.concat(frames).to_csv(index=False).encode()
    return read_table(written, schema=Schema("y", "time", ("s0", "s1", "s2", "s3"), asset="unit"))


@pytest.mark.parametrize("lookback", [1, 4])
def test_folds_and_windows_follow(lookback) -> None:
    config = replace(
        PCA, lookback=lookback, representation=replace(PCA.representation, kind="level", per_asset=True)
    )
    config = replace(config, split=SplitPlan("rolling", folds=2))
    result = run_experiment(stacked(), config, workers=1)
    for fold, part in zip(result.prepared.folds, result.folds, strict=True):
        prepared = result.prepared
        normal = np.intersect1d(fold.train, prepared.ends)
        normal = normal[prepared.y[normal] == 0]
        X = part.representation.transform(prepared.derived)
        expected = scaled_per_asset(prepared.derived.values, prepared.asset, normal, "robust").clip(-5, 5)
        np.testing.assert_allclose(X, expected, atol=1e-4)
        assert part.representation.assets == MACHINES
    alike = replace(config, representation=replace(config.representation, per_asset=False))
    assert not run_experiment(stacked(), alike, workers=1).folds[0].representation.assets


def test_machines_without_training_rows_are_named() -> None:
    config = replace(PCA, representation=replace(PCA.representation, per_asset=True))
    (sentence,) = (each for each in check_policy(prepare(stacked(150), config), config) if "scale" in each)
    assert sentence == (
        "Machine 'new' has too few normal training rows for its own scale. The scale of all training "
        "machines is used instead."
    )
    assert not any("scale" in each for each in check_policy(prepare(stacked(), config), config))
    by_asset = replace(config, split=SplitPlan("asset"))
    (sentence,) = (each for each in check_policy(prepare(stacked(), by_asset), by_asset) if "scale" in each)
    assert "it has no training rows of its own" in sentence
    assert not any("scale" in each for each in check_policy(prepare(stacked(150), PCA), PCA))


def test_one_machine_has_no_scale_of_its_own() -> None:
    table = read_table(small_frame().to_csv(index=False).encode())
    with pytest.raises(DataError, match="needs a column that names the machine of each row"):
        prepare(table, replace(PCA, representation=replace(PCA.representation, per_asset=True)))
    assert not RECOMMENDED.representation.per_asset
    asked = replace(RECOMMENDED, representation=replace(RECOMMENDED.representation, per_asset=True))
    assert recipe("forecast", asked).representation.per_asset
    assert not recipe("forecast", RECOMMENDED).representation.per_asset
