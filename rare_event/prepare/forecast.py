"""Forecast of each sensor's change from the recent past of all sensors, and its residual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rare_event.batches import in_batches
from rare_event.config import Representation
from rare_event.errors import DataError
from rare_event.prepare.history import before, blocks, change, deviation, trailing_sum
from rare_event.prepare.scaling import fit_scale

# Number of past changes of a sensor in the inputs; its last deviation is one more.
CHANGES = 5
INPUTS = CHANGES + 1
# Rows back to the level before the first of these changes.
REACH = CHANGES + 1
# Added to the squares of the standardised inputs, as `alpha` of scikit-learn's Ridge. Strong on
# purpose: on the mill, a closely fitted forecast did worse than none.
PENALTY = 10_000.0


@dataclass(frozen=True)
class Forecast:
    """A fitted forecast: a ridge regression (Hoerl and Kennard 1970) for each sensor.

    Its inputs are the changes 1 to 5 rows before, and the deviation from the trailing mean 1 row
    before, of all sensors; scaled and clipped, so that a few extreme rows do not dominate.

    Parameters
    ----------
    center, scale
        Of each sensor's change and deviation, shape (2, n_sensors).
    coefficients
        Inputs in the order given above, each of all sensors; shape (6 * n_sensors, n_sensors).
    intercept
        Shape (n_sensors,).
    own
        Centre and scale of each asset that has its own, shape (n_own, 2, 2, n_sensors).
    """

    center: np.ndarray
    scale: np.ndarray
    coefficients: np.ndarray
    intercept: np.ndarray
    own: np.ndarray = field(default_factory=lambda: np.empty((0, 2, 2, 0)))

    @np.errstate(invalid="ignore", over="ignore")
    def residual(
        self, levels: np.ndarray, age: np.ndarray, config: Representation, own: int | None = None
    ) -> np.ndarray:
        """Return the scaled change, not clipped, minus its forecast.

        Parameters
        ----------
        levels
            Sensor values, up to a constant in each stretch, shape (n_rows, n_sensors).
        age
            Rows of the same stretch before each row, shape (n_rows,).
        config
            Clip and trailing are used.
        own
            Number of the asset's own scale; None for the one over all.

        Returns
        -------
        numpy.ndarray
            float32, shape (n_rows, n_sensors). 0 in the first row of a stretch; NaN where an input
            is missing.
        """
        _check(age)
        scales = np.stack([self.center, self.scale]) if own is None else self.own[own]
        residual, largest = np.empty(levels.shape, np.float32), np.finfo(np.float32).max
        for block in blocks(age, forecast_history(config), len(self.coefficients)):
            terms = block.own(_terms(levels[block.extended], block.age, config, scales))
            inputs, moved = np.hsplit(terms, [len(self.coefficients)])
            known = in_batches(lambda some: some @ self.coefficients, inputs)
            missed = moved - (known + self.intercept)
            missed = np.where(age[block.rows, None] > 0, missed, moved)
            residual[block.rows] = np.clip(missed, -largest, largest)
        return residual


def forecastable(complete: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Mark the rows that have a residual: no missing value up to 6 rows back in their stretch.

    Parameters
    ----------
    complete
        Whether all values of a row are finite, shape (n_rows,).
    age
        Rows of the same stretch before each row, shape (n_rows,).
    """
    missing = trailing_sum((~complete).astype(float)[:, None], np.minimum(age, REACH) + 1)
    whole: np.ndarray = missing[:, 0] == 0
    return whole


def _check(age: np.ndarray) -> None:
    if ((age > 0) & (np.diff(age, prepend=-1) != 1)).any():
        raise ValueError("rows are missing inside a stretch")


def forecast_history(config: Representation) -> int:
    """Count the earlier rows that a residual depends on."""
    return max(REACH, config.trailing)


def _terms(levels: np.ndarray, age: np.ndarray, config: Representation, scales: np.ndarray) -> np.ndarray:
    """Return the inputs of a forecast, then the scaled change; 0 where there is no past."""
    limit = np.inf if config.clip is None else config.clip
    levels, (center, scale) = levels.astype(float), scales
    moved = (change(levels, age) - center[0]) / scale[0]
    # Multiplied by 0, so that missing values stay missing.
    moved[age == 0] *= 0
    clipped = np.clip(moved, -limit, limit)
    away = np.clip((deviation(levels, age, config.trailing) - center[1]) / scale[1], -limit, limit)
    past = [before(clipped, age, lag) for lag in range(1, CHANGES + 1)]
    return np.concatenate([*past, before(away, age, 1), moved], axis=1)


@np.errstate(invalid="ignore", over="ignore")
def fit_forecast(
    levels: np.ndarray,
    age: np.ndarray,
    rows: np.ndarray,
    config: Representation,
    parts: Sequence[tuple[slice, int | None]] = (),
) -> Forecast:
    """Fit the forecast by normal equations, summed over blocks of rows.

    Parameters
    ----------
    levels
        Sensor values, up to a constant in each stretch, shape (n_rows, n_sensors).
    age
        Rows of the same stretch before each row, shape (n_rows,); only the last rows of a stretch
        may be missing.
    rows
        Positions of the normal training rows, none with a missing input. The earlier rows that they
        depend on count as training rows. First rows of stretches are skipped.
    config
        Scaler, clip and trailing are used.
    parts
        Rows of each asset, and the number of its own scale if it has one; empty for one machine.

    Raises
    ------
    DataError
        If no row is left.
    """
    _check(age)
    rows = rows[age[rows] > 0]
    if not len(rows):
        raise DataError(
            "No normal training row has an earlier row in its stretch, so a forecast cannot be fitted. "
            "Choose the representation “levels”, or use more data."
        )
    every = slice(0, len(levels))
    base = _scales(levels, age, rows, config)
    own = [
        _scales(levels[part], age[part], _inside(rows, part), config, base)
        for part, number in parts
        if number is not None
    ]
    numbered = [(part, base if number is None else own[number]) for part, number in parts or [(every, None)]]
    fitted = _ridge(levels, age, rows, config, numbered)
    forecast = Forecast(base[0], base[1], *fitted)
    return replace(forecast, own=np.stack(own)) if own else forecast


def _inside(rows: np.ndarray, part: slice) -> np.ndarray:
    """Positions in a part of those rows that it holds."""
    held: np.ndarray = rows[(rows >= part.start) & (rows < part.stop)] - part.start
    return held


def _scales(
    levels: np.ndarray,
    age: np.ndarray,
    rows: np.ndarray,
    config: Representation,
    base: np.ndarray | None = None,
) -> np.ndarray:
    """Fit centre and scale of changes and deviations, shape (2, 2, n_sensors); without rows the base."""
    n_rows, n_sensors = levels.shape
    if base is not None and not len(rows):
        return base

    def changes(part: slice) -> np.ndarray:
        changed: np.ndarray = change(levels[:, part].astype(float), age)[rows]
        return changed

    def deviations(part: slice) -> np.ndarray:
        deviating: np.ndarray = deviation(levels[:, part].astype(float), age, config.trailing)[rows]
        return deviating

    fitted = [
        fit_scale(config.scaler, n_rows, n_sensors, columns, None if base is None else base[:, number])
        for number, columns in enumerate((changes, deviations))
    ]
    return np.stack(fitted, axis=1)


def _ridge(
    levels: np.ndarray,
    age: np.ndarray,
    rows: np.ndarray,
    config: Representation,
    parts: Sequence[tuple[slice, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray]:
    """Solve for coefficients and intercept; the changes to be forecast are clipped too."""
    n_inputs = INPUTS * levels.shape[1]
    n_terms = n_inputs + levels.shape[1]
    limit = np.inf if config.clip is None else config.clip
    chosen = np.zeros(len(levels), bool)
    chosen[rows] = True
    total, product = np.zeros(n_terms), np.zeros((n_terms, n_terms))
    for part, scales in parts:
        for block in blocks(age[part], forecast_history(config), n_terms):
            mine = chosen[part][block.rows]
            if not mine.any():
                continue
            terms = block.own(_terms(levels[part][block.extended], block.age, config, scales))[mine]
            np.clip(terms[:, n_inputs:], -limit, limit, out=terms[:, n_inputs:])
            total += terms.sum(axis=0)
            product += terms.T @ terms
    mean = total / len(rows)
    product -= len(rows) * np.outer(mean, mean)
    variance = product.diagonal()[:n_inputs] / len(rows)
    spread = np.sqrt(np.where(variance > 1e-12 * (variance + mean[:n_inputs] ** 2), variance, 1.0))
    gram = product[:n_inputs, :n_inputs] / np.outer(spread, spread) + PENALTY * np.eye(n_inputs)
    standardised = np.linalg.solve(gram, product[:n_inputs, n_inputs:] / spread[:, None])
    coefficients = standardised / spread[:, None]
    return coefficients, mean[n_inputs:] - mean[:n_inputs] @ coefficients
