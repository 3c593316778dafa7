"""Representations: how sensors enter the model, scaled on normal training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from rare_event.aligned import empty
from rare_event.config import Representation, RepresentationKind
from rare_event.errors import DataError
from rare_event.prepare.assets import asset_rows
from rare_event.prepare.forecast import Forecast, fit_forecast, forecast_history, forecastable
from rare_event.prepare.history import ages, blocks, change, deviation, movement
from rare_event.prepare.scaling import fit_scale

MOVEMENT_ROWS = (1, 5, 15)
# Below this many rows, a range from 5 to 95% is that from the least to the greatest value.
LEAST_ROWS = 20


def input_names(kind: RepresentationKind, sensors: tuple[str, ...]) -> tuple[str, ...]:
    """Name the inputs of a representation.

    Examples
    --------
    >>> input_names("combined", ("x1", "x2"))
    ('x1', 'x2', 'x1 change', 'x2 change', 'x1 |change|', 'x2 |change|')
    """
    endings: tuple[str, ...] = ("",)
    if kind == "movement":
        endings = tuple(f" over {rows} row{'s' if rows > 1 else ''}" for rows in MOVEMENT_ROWS)
    if kind == "combined":
        endings = ("", " change", " |change|")
    return tuple(f"{sensor}{ending}" for ending in endings for sensor in sensors)


def reading_in_words(config: Representation, place: int) -> str:
    """Say what a representation reads of a sensor; `place` is that of the ending in `input_names`.

    Examples
    --------
    >>> reading_in_words(Representation("difference"), 0), reading_in_words(Representation("combined"), 0)
    ('change since the row before', 'value')
    """
    since = "since the row before" if config.lag == 1 else f"over {config.lag} rows"
    words: dict[RepresentationKind, tuple[str, ...]] = {
        "level": ("value",),
        "difference": (f"change {since}",),
        "deviation": (f"deviation from the mean of the last {config.trailing} rows",),
        "forecast": ("change less its forecast",),
        "movement": tuple(
            f"mean movement over {rows} rows" if rows > 1 else "movement since the row before"
            for rows in MOVEMENT_ROWS
        ),
        "combined": ("value", "change since the row before", "movement since the row before"),
    }
    return words[config.kind][place]


@dataclass(frozen=True)
class Derived:
    """A representation of each row, before anything is fitted.

    Parameters
    ----------
    values
        float32, shape (n_rows, n_columns): one column for each of `input_names`, not yet scaled. For
        a forecast, which is fitted later: levels minus the first level of the stretch.
    sensors
        Names of the sensors.
    age
        Rows of the same stretch before each row, shape (n_rows,).
    usable
        Whether no value behind the row's inputs is missing, shape (n_rows,).
    grades
        Category columns as text, each of shape (n_rows,); empty unless one-hot.
    asset
        Number of each row's asset in `assets`, never falling, shape (n_rows,); None to scale all alike.
    assets
        Names of the assets.
    """

    values: np.ndarray
    sensors: tuple[str, ...]
    age: np.ndarray
    usable: np.ndarray
    grades: Mapping[str, np.ndarray]
    asset: np.ndarray | None = None
    assets: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)

    def take(self, rows: np.ndarray | slice) -> Derived:
        """Return some of the rows; a forecast needs each stretch from its first row on."""
        grades = {column: grade[rows] for column, grade in self.grades.items()}
        asset = None if self.asset is None else self.asset[rows]
        own = self.values[rows], self.sensors, self.age[rows], self.usable[rows]
        return Derived(*own, grades, asset, self.assets)

    def parts(self, scaled: tuple[str, ...]) -> list[tuple[slice, int | None]]:
        """Rows of each asset, and its place among those `scaled` by themselves; None if it is not."""
        if self.asset is None or not len(self):
            return [(slice(0, len(self)), None)]
        places = {name: place for place, name in enumerate(scaled)}
        return [(rows, places.get(self.assets[self.asset[rows.start]])) for rows in asset_rows(self.asset)]

    def own_scale(self, normal: np.ndarray) -> tuple[str, ...]:
        """Names of the assets that have enough of the normal training rows for a scale of their own."""
        if self.asset is None:
            return ()
        counts = np.bincount(self.asset[normal], minlength=len(self.assets))
        return tuple(name for name, n in zip(self.assets, counts, strict=True) if n >= LEAST_ROWS)


def derive(
    values: np.ndarray,
    stretch: np.ndarray,
    config: Representation,
    sensors: tuple[str, ...],
    grades: Mapping[str, np.ndarray] | None = None,
    base: np.ndarray | None = None,
) -> Derived:
    """Turn sensor values into the columns of a representation, not yet scaled.

    Parameters
    ----------
    values
        Sensor values, shape (n_rows, n_sensors). Missing values stay missing.
    stretch
        Stretch id of each row, never falling; rows are not compared across a stop. Early in a
        stretch, changes start at its first row and means use the rows so far.
    config
        The representation.
    sensors
        Names of the sensors.
    grades
        Category columns as text, each of shape (n_rows,).
    base
        Values of the first row of the first stretch, if it began before these rows, shape (n_sensors,).
    """
    age = ages(stretch)
    n_columns = len(input_names(config.kind, sensors))
    derived, usable = np.empty((len(values), n_columns), np.float32), np.empty(len(values), bool)
    # Infinite values become infinite or missing, and unusable either way.
    with np.errstate(invalid="ignore", over="ignore"):
        for block in blocks(age, _reach(config), n_columns):
            columns = _columns(values[block.extended], block.age, config)
            for number, column in enumerate(columns):
                derived[block.rows, number * len(sensors) : (number + 1) * len(sensors)] = block.own(column)
            if config.kind == "forecast":
                # Levels far from 0 would lose digits in float32; changes and deviations stay the same.
                begins = np.arange(block.rows.start, block.rows.stop) - age[block.rows]
                first = values[begins]
                if base is not None:
                    first[begins == 0] = base
                derived[block.rows] = values[block.rows] - np.where(np.isfinite(first), first, 0)
            usable[block.rows] = np.isfinite(derived[block.rows]).all(axis=1)
    if config.kind == "forecast":
        usable = forecastable(usable, age)
    return Derived(derived, sensors, age, usable, (grades or {}) if config.one_hot else {})


def _reach(config: Representation) -> int:
    """Count the earlier rows that the columns of a row depend on."""
    rows = {"difference": config.lag, "deviation": config.trailing, "movement": max(MOVEMENT_ROWS)}
    return rows.get(config.kind, 1)


def history_rows(config: Representation) -> int:
    """Count the earlier rows without which the inputs of a row would be others.

    Examples
    --------
    >>> [history_rows(Representation(kind)) for kind in ("level", "difference", "deviation", "forecast")]
    [0, 1, 29, 30]
    """
    # A trailing mean includes the row itself; that of a forecast ends one row earlier.
    rows = {"level": 0, "deviation": config.trailing - 1, "forecast": forecast_history(config)}
    return rows.get(config.kind, _reach(config))


def _columns(values: np.ndarray, age: np.ndarray, config: Representation) -> list[np.ndarray]:
    if config.kind == "difference":
        return [change(values, age, config.lag)]
    if config.kind == "deviation":
        return [deviation(values, age, config.trailing)]
    if config.kind == "movement":
        return [movement(values, age, rows) for rows in MOVEMENT_ROWS]
    if config.kind == "combined":
        moved = change(values, age)
        return [values, moved, np.abs(moved)]
    return [values]


@dataclass(frozen=True)
class FittedRepresentation:
    """A representation fitted on normal training rows.

    Parameters
    ----------
    config
        The representation.
    sensors
        Names of the sensors.
    center, scale
        Of each column, shape (n_columns,).
    categories
        Grades of each category column in the training data; empty unless one-hot.
    forecast
        For the representation ``forecast``, else None.
    assets
        Names of the assets that have a scale of their own; others have that over all.
    own
        Centre and scale of each of them, shape (n_assets, 2, n_columns).
    """

    config: Representation
    sensors: tuple[str, ...]
    center: np.ndarray
    scale: np.ndarray
    categories: Mapping[str, tuple[str, ...]]
    forecast: Forecast | None = None
    assets: tuple[str, ...] = ()
    own: np.ndarray = field(default_factory=lambda: np.empty((0, 2, 0), np.float32))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the model's inputs: of the sensors, then one `column = grade` for each grade."""
        hot = (f"{column} = {grade}" for column, grades in self.categories.items() for grade in grades)
        return (*input_names(self.config.kind, self.sensors), *hot)

    def without_clip(self) -> FittedRepresentation:
        """Return the representation without its clip, for what the values were."""
        return replace(self, config=replace(self.config, clip=None))

    def in_units(self, scaled: np.ndarray, asset: str | None = None) -> np.ndarray:
        """Return the scaled inputs of a row in the units of their sensors.

        Parameters
        ----------
        scaled
            A row of `transform`, shape (n_features,).
        asset
            Machine of the row, where each is scaled by itself.
        """
        place = self.assets.index(asset) if asset in self.assets else None
        center, scale = (self.center, self.scale) if place is None else self.own[place]
        values: np.ndarray = center + scale * scaled[: len(center)].astype(float)
        if self.forecast is not None:
            # A residual is one of scaled changes.
            values *= self.forecast.scale[0] if place is None else self.forecast.own[place][1, 0]
        return values

    @np.errstate(invalid="ignore", over="ignore")
    def transform(self, derived: Derived) -> np.ndarray:
        """Forecast, scale, clip and append one-hot grades.

        Returns
        -------
        numpy.ndarray
            float32, shape (n_rows, n_features). NaN where a value is missing.
        """
        if derived.sensors != self.sensors:
            raise ValueError("the sensors differ from those of the fit")
        X = empty(len(derived), len(self.names))
        columns = X[:, : len(self.center)]
        for rows, place in derived.parts(self.assets):
            center, scale = (self.center, self.scale) if place is None else self.own[place]
            values = derived.values[rows]
            if self.forecast is not None:
                values = self.forecast.residual(values, derived.age[rows], self.config, place)
            np.subtract(values, center, out=columns[rows])
            columns[rows] /= scale
        if self.config.clip is not None:
            np.clip(columns, -self.config.clip, self.config.clip, out=columns)
        hot = ((column, grade) for column, grades in self.categories.items() for grade in grades)
        for position, (column, grade) in enumerate(hot, len(self.center)):
            X[:, position] = derived.grades[column] == grade
        return X


def fit_representation(config: Representation, derived: Derived, normal: np.ndarray) -> FittedRepresentation:
    """Fit center, scale, grades and the forecast on normal training rows only.

    Raises
    ------
    DataError
        If there are no normal training rows, or none that a forecast can learn from.
    """
    if not len(normal):
        raise DataError("The training part has no normal windows. Use a shorter lookback or more data.")
    assets = derived.own_scale(normal)
    parts, values, forecast = derived.parts(assets), derived.values, None
    if config.kind == "forecast":
        forecast = fit_forecast(values, derived.age, normal[derived.usable[normal]], config, parts)
        values = np.concatenate(
            [forecast.residual(values[part], derived.age[part], config, place) for part, place in parts]
        )

    def fit(rows: np.ndarray, base: np.ndarray | None = None) -> np.ndarray:
        return fit_scale(
            config.scaler, len(rows), values.shape[1], lambda part: values[rows, part], base
        ).astype(np.float32)

    whole = fit(normal)
    own = [
        fit(normal[(normal >= part.start) & (normal < part.stop)], whole)
        for part, place in parts
        if place is not None
    ]
    grades = {column: np.unique(grade[normal]).tolist() for column, grade in derived.grades.items()}
    fitted = FittedRepresentation(
        config,
        derived.sensors,
        whole[0],
        whole[1],
        {column: tuple(sorted(values)) for column, values in grades.items()},
        forecast,
        assets,
    )
    return replace(fitted, own=np.stack(own)) if own else fitted
