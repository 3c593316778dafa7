"""The representations as a transformer of scikit-learn, for estimators other than ours."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import ClassifierTags
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from rare_event.config import Representation, RepresentationKind, ScalerKind
from rare_event.estimator.rows import Rows, as_value_errors, rows_of
from rare_event.prepare.features import Derived, derive, fit_representation, input_names
from rare_event.prepare.labels import curve_shift


class RepresentationTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc, unused-ignore]
    """How sensors enter a model: levels, differences and more, scaled on normal rows.

    The result has a row for each row of `X`, in its order. Early in a group, differences are those to its
    first row and means are over the rows so far; where a value is missing, so is what depends on it. `y` only
    tells which rows are normal: fitted or not, rows are compared in the same way, across the events too. So
    give the `groups`, or a pandas frame whose index has the times or the numbers of the rows, as in
    `EarlyWarning`. A Pipeline passes `groups` on with scikit-learn's metadata routing only.

    Parameters
    ----------
    kind, scaler, clip, trailing, lag
        As in `Representation`.
    shift
        Number of rows before an event of `y` that are not normal; the scale is not fitted on them.

    Attributes
    ----------
    representation_
        What was fitted.

    Examples
    --------
    >>> X = np.array([[1.0], [2.0], [4.0], [4.0]])
    >>> transformer = RepresentationTransformer("difference", scaler="standard", clip=None).fit(X)
    >>> transformer.transform(X).round(1).ravel()
    array([-0.9,  0.3,  1.5, -0.9], dtype=float32)
    """

    def __init__(
        self,
        kind: RepresentationKind = "difference",
        *,
        scaler: ScalerKind = "robust",
        clip: float | None = 5.0,
        trailing: int = 30,
        lag: int = 1,
        shift: int = 2,
    ) -> None:
        self.kind = kind
        self.scaler = scaler
        self.clip = clip
        self.trailing = trailing
        self.lag = lag
        self.shift = shift

    def fit(self, X: Any, y: Any = None, groups: Any = None) -> Self:
        """Fit the scale on the normal rows.

        Parameters
        ----------
        X
            Sensor values, shape (n_rows, n_sensors). NaN is a missing value.
        y
            1 or True in rows of events, 0 or False elsewhere, shape (n_rows,); None: all rows are normal.
        groups
            Stretch or machine of each row, shape (n_rows,); None: one.

        Raises
        ------
        ValueError
            If a setting cannot work, or no row is normal.
        """
        index = getattr(X, "index", None)
        values = validate_data(
            self, X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan", ensure_min_samples=2
        )
        with as_value_errors():
            config = Representation(self.kind, self.scaler, self.clip, self.trailing, self.lag)
            rows = rows_of(values, index, None, groups)
            derived = _derived(rows, config)
            normal = np.flatnonzero(derived.usable)
            if y is not None:
                shifted = curve_shift(
                    rows_of(values, index, y, groups).table.label, self.shift, rows.table.stretch
                )
                normal = np.intersect1d(normal, shifted.rows[shifted.y == 0])
            self.representation_ = fit_representation(config, derived, normal)
        return self

    def transform(self, X: Any, groups: Any = None) -> np.ndarray:
        """Return the inputs of a model, float32 of shape (n_rows, n_features).

        Parameters
        ----------
        X
            Sensor values, shape (n_rows, n_sensors).
        groups
            As in `fit`.
        """
        check_is_fitted(self, "representation_")
        index = getattr(X, "index", None)
        values = validate_data(
            self, X, reset=False, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan"
        )
        with as_value_errors():
            rows = rows_of(values, index, None, groups)
            inputs = self.representation_.transform(_derived(rows, self.representation_.config))
        restored = np.empty_like(inputs)
        restored[rows.order] = inputs
        return restored

    def fit_transform(self, X: Any, y: Any = None, groups: Any = None) -> np.ndarray:
        """Fit, and transform the same rows; see `fit` and `transform`."""
        return self.fit(X, y, groups).transform(X, groups)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the inputs, such as ``x1 change``.

        Parameters
        ----------
        input_features
            Names of the sensors; None: those of the fit, or ``x0``, ``x1`` and so on.
        """
        check_is_fitted(self, "representation_")
        sensors = tuple(_check_feature_names_in(self, input_features))
        return np.array(input_names(self.representation_.config.kind, sensors), dtype=object)

    def __sklearn_tags__(self) -> Any:
        """Describe the transformer to scikit-learn: NaN is allowed, labels are 0 and 1."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags


def _derived(rows: Rows, config: Representation) -> Derived:
    table = rows.table
    return derive(table.values, table.stretch, config, table.schema.sensors)
