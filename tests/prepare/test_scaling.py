"""Centre and scale of columns: those of scikit-learn, which would take longer to import than to compute."""

import numpy as np
import pytest
from sklearn.preprocessing import RobustScaler, StandardScaler

from rare_event.prepare import scaling
from rare_event.prepare.scaling import fit_scale

SCALERS = {"standard": StandardScaler, "robust": lambda: RobustScaler(quantile_range=(5, 95))}


@pytest.fixture
def values() -> np.ndarray:
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(501, 7)) * [1, 1e-12, 5, 1e4, 0, 0, 1] + [0, 0, 1e3, 1e8, 0, 7.1, 0]
    wide[:, 6] = np.round(wide[:, 6])
    wide[:, 5] += 1e-16 * rng.normal(size=501)
    return wide


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("kind", ["standard", "robust"])
def test_centre_and_scale_are_those_of_scikit_learn(kind, missing, values) -> None:
    values[np.random.default_rng(1).random(values.shape) < missing] = np.nan
    before, of = values.copy(), SCALERS[kind]().fit(values)
    n_rows, n_columns = values.shape
    centre, scale = fit_scale(kind, n_rows, n_columns, lambda part: values[:, part])
    np.testing.assert_allclose(centre, of.mean_ if kind == "standard" else of.center_, rtol=1e-14)
    np.testing.assert_allclose(scale, of.scale_, rtol=1e-12)
    # A constant column is not divided by what rounding left of it.
    assert scale[4] == scale[5] == 1.0
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("kind", ["standard", "robust"])
def test_columns_fitted_a_few_at_once_are_those_fitted_together(kind, values, monkeypatch) -> None:
    n_rows, n_columns = values.shape
    together = fit_scale(kind, n_rows, n_columns, lambda part: values[:, part])
    seen = []

    def columns(part: slice) -> np.ndarray:
        seen.append(part.stop - part.start)
        part_of: np.ndarray = values[:, part]
        return part_of

    monkeypatch.setattr(scaling, "AT_ONCE", 2 * scaling.THREADS * n_rows)
    apart = fit_scale(kind, n_rows, n_columns, columns)
    # Sums of a block of another width may round otherwise.
    np.testing.assert_allclose(apart, together, rtol=1e-13)
    assert seen == [2, 2, 2, 1]


def test_a_column_without_values_has_no_centre() -> None:
    values = np.array([[1.0, np.nan], [3.0, np.nan]])
    centre, _ = fit_scale("standard", 2, 2, lambda part: values[:, part])
    assert centre[0] == 2.0 and np.isnan(centre[1])
