"""Representations: how sensors enter the model, scaled by what normal training rows show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.preprocessing import RobustScaler, StandardScaler

from rare_event.config import Representation
from rare_event.errors import DataError

ROBUST_RANGE = (5.0, 95.0)


def derive(values: np.ndarray, stretch: np.ndarray, config: Representation) -> np.ndarray:
    """Turn sensor values into levels, differences or deviations, not yet scaled.

    Parameters
    ----------
    values
        Sensor values, shape (n_rows, n_sensors).
    stretch
        Stretch id of each row: nothing is compared across a stop, and the first row of a stretch
        has difference and deviation 0 (no change is known).
    config
        The representation.

    Returns
    -------
    numpy.ndarray
        float32, shape (n_rows, n_sensors). Missing values stay missing.
    """
    if config.kind == "difference":
        return _difference(values, stretch).astype(np.float32)
    if config.kind == "deviation":
        return _deviation(values, stretch, config.trailing).astype(np.float32)
    return values.astype(np.float32)


def _difference(values: np.ndarray, stretch: np.ndarray) -> np.ndarray:
    change = np.diff(values, axis=0, prepend=values[:1])
    first = np.flatnonzero(np.diff(stretch, prepend=-1))
    change[first] = np.where(np.isfinite(values[first]), 0.0, np.nan)
    return change


def _deviation(values: np.ndarray, stretch: np.ndarray, trailing: int) -> np.ndarray:
    known = np.isfinite(values)
    length = np.minimum(_age(stretch) + 1, trailing)
    total = _trailing_sum(np.where(known, values, 0).astype(float), length)
    count = _trailing_sum(known.astype(float), length)
    return values - total / np.maximum(count, 1)


def _age(stretch: np.ndarray) -> np.ndarray:
    """How many rows of the same stretch come before each row."""
    position = np.arange(len(stretch))
    starts = np.concatenate([[True], stretch[1:] != stretch[:-1]])
    return position - np.maximum.accumulate(np.where(starts, position, 0))


def _trailing_sum(values: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Sum of the last `length[i]` rows up to each row i.

    Each length is a sum of powers of two, so log2 of the longest passes do. Unlike a difference of
    running sums, no row outside the window touches the result, however large its values.
    """
    total, end = np.zeros_like(values), np.arange(len(values))
    block, size = values, 1
    while size <= length.max(initial=0):
        chosen = np.flatnonzero(length & size)
        total[chosen] += block[end[chosen]]
        end[chosen] -= size
        block = block + np.concatenate([np.zeros((size, values.shape[1])), block[:-size]])[: len(block)]
        size *= 2
    return total


@dataclass(frozen=True)
class FittedRepresentation:
    """A representation with what it learned from normal training rows.

    Parameters
    ----------
    config
        The representation.
    sensors
        Names of the sensors, in the order of the columns.
    center, scale
        Of each sensor, shape (n_sensors,).
    categories
        For each category column the grades seen in training; empty unless one-hot.
    """

    config: Representation
    sensors: tuple[str, ...]
    center: np.ndarray
    scale: np.ndarray
    categories: Mapping[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the model's inputs: sensors, then one `column = grade` for each grade."""
        grades = (f"{column} = {grade}" for column, seen in self.categories.items() for grade in seen)
        return (*self.sensors, *grades)

    def transform(self, derived: np.ndarray, grades: Mapping[str, np.ndarray]) -> np.ndarray:
        """Scale, clip and append one-hot grades.

        Parameters
        ----------
        derived
            As of `derive`, shape (n_rows, n_sensors).
        grades
            Category columns as text, each of shape (n_rows,).

        Returns
        -------
        numpy.ndarray
            float32, shape (n_rows, n_features).
        """
        scaled = (derived - self.center) / self.scale
        if self.config.clip is not None:
            np.clip(scaled, -self.config.clip, self.config.clip, out=scaled)
        hot = [grades[column][:, None] == np.array(seen) for column, seen in self.categories.items()]
        return np.concatenate([scaled, *hot], axis=1).astype(np.float32, copy=False)


def fit_representation(
    config: Representation,
    sensors: tuple[str, ...],
    derived: np.ndarray,
    grades: Mapping[str, np.ndarray],
    normal: np.ndarray,
) -> FittedRepresentation:
    """Fit center, scale and grades on normal training rows only.

    Parameters
    ----------
    config
        The representation.
    sensors
        Names of the columns of `derived`.
    derived
        As of `derive`, shape (n_rows, n_sensors).
    grades
        Category columns as text, each of shape (n_rows,).
    normal
        Positions of the normal training rows.

    Raises
    ------
    DataError
        If there are no normal training rows.
    """
    if not len(normal):
        raise DataError("The training part has no normal window. Use a shorter lookback or more data.")
    scaler = StandardScaler() if config.scaler == "standard" else RobustScaler(quantile_range=ROBUST_RANGE)
    scaler.fit(derived[normal].astype(float))
    center = scaler.mean_ if config.scaler == "standard" else scaler.center_
    seen = (
        {c: tuple(sorted(np.unique(g[normal]).tolist())) for c, g in grades.items()} if config.one_hot else {}
    )
    return FittedRepresentation(
        config, sensors, center.astype(np.float32), scaler.scale_.astype(np.float32), seen
    )
