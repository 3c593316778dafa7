"""Drift of the sensors: levels that change at a stop and stay changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from rare_event.clock import MINUTES, TimeUnit
from rare_event.prepare.assets import asset_rows
from rare_event.prepare.stretches import median_step
from rare_event.read.values import shown
from rare_event.text import capital

# In any distribution, at most 1 / 5**2 = 4% of the reference rows are this many sigmas out
# (Chebyshev's inequality), so such a level is rare in the training data.
SIGMAS = 5.0
# A level is the median of this many rows from a day of running time, and lasts at least a day. In a
# short table, a day is this share of the table.
SAMPLED = 48
SHARE_OF_TABLE = 0.1
# A level stays if this share of its rows is `SIGMAS` out, on the same side of the reference.
STAYS = 0.8
# Largest number of rows of a level to examine.
MOST_ROWS = 500
# Largest number of stops to examine, the longest first.
MOST_STOPS = 5_000
# Stops examined together: 60 sensors then take about 6 MB.
AT_ONCE = 512
# A stop this many times as long as the median is not a mere restart: the machine may be changed.
LONG_STOP = 10.0


@dataclass(frozen=True)
class Change:
    """A sensor whose level changed at a stop and stayed changed.

    Parameters
    ----------
    row
        First row after the stop.
    clock
        Its time in minutes.
    stop
        Length of the stop in minutes.
    sensor
        Name of the sensor.
    sigma
        New level: its median minus the mean of the reference rows, in their standard deviations;
        infinite if the sensor is constant in the reference rows.
    until
        When the level ended, in minutes; None if it holds to the last row.
    asset
        Name of the asset; empty for one machine.
    """

    row: int
    clock: float
    stop: float
    sensor: str
    sigma: float
    until: float | None
    asset: str = ""

    @property
    def where(self) -> str:
        """The sensor, and its asset if there are several."""
        return f"{self.sensor} of {shown(self.asset)}" if self.asset else self.sensor

    def in_words(self, when: str, time_unit: TimeUnit = MINUTES) -> str:
        """Say what changed.

        Examples
        --------
        >>> Change(11503, 25_636.0, 834.0, "x19", -30.7, None).in_words("18 May")
        'Since 18 May: x19 is 31 standard deviations from its training level'
        """
        far = f"{abs(self.sigma):.0f} standard deviations" if np.isfinite(self.sigma) else "far"
        span, verb = f"Since {when}", "is"
        if self.until is not None:
            length = self.until - self.clock
            rows = time_unit.reason
            lasted = f"{length:,.0f} rows" if rows else f"{length / time_unit.period:.1f} days"
            span, verb = f"{capital(when)}, for {lasted}", "was"
        return f"{span}: {self.where} {verb} {far} from its training level"


def level_changes(
    values: np.ndarray,
    clock: np.ndarray,
    stretch: np.ndarray,
    reference_rows: np.ndarray,
    sensors: Sequence[str],
    time_unit: TimeUnit = MINUTES,
    asset: np.ndarray | None = None,
    assets: Sequence[str] = (),
) -> list[Change]:
    """Find the sensors whose level changed at a stop and stayed changed, the largest change first.

    A level counts if it is at least `SIGMAS` from the mean of the reference and from the level before
    it, and lasts a day of running time or more, until the next change of the sensor or the last row. A
    change is placed at the stop where the medians of the day before and the day after differ most.
    Since a day of rows does not separate this stop from others near by, a stop within that day that is
    `LONG_STOP` times as long as the median is preferred.

    Parameters
    ----------
    values
        Sensor values, shape (n_rows, n_sensors); missing and infinite ones are skipped.
    clock, stretch
        Minutes and stretch ids, each of shape (n_rows,).
    reference_rows
        Positions of the rows that give the mean and the standard deviation of each sensor: the
        normal rows of the training part.
    sensors
        Names of the columns of `values`.
    time_unit
        Of the clock; where it is rows, 1,000 of them stand for a day.
    asset
        Number of each row's asset in `assets`, never falling, shape (n_rows,); None for one machine. Each
        asset is compared with its own reference rows; see `without_reference` for those that have none.
    assets
        Names of the assets.

    Returns
    -------
    list of Change
        In falling order of the distance.
    """
    found = []
    for rows in _assets(asset, len(clock)):
        own = reference_rows[(reference_rows >= rows.start) & (reference_rows < rows.stop)] - rows.start
        changes = _changes(values[rows], clock[rows], stretch[rows], own, sensors, time_unit)
        name = "" if asset is None else assets[asset[rows.start]]
        found += [replace(change, row=change.row + rows.start, asset=name) for change in changes]
    return sorted(found, key=lambda change: (-abs(change.sigma), change.row))


def without_reference(
    reference_rows: np.ndarray, asset: np.ndarray | None, assets: Sequence[str]
) -> list[str]:
    """Name the assets that have no reference row, so that nothing says what their level is.

    Examples
    --------
    >>> without_reference(np.array([0, 1]), np.array([0, 0, 1]), ("press 1", "press 2"))
    ['press 2']
    """
    if asset is None:
        return []
    return [assets[number] for number in np.setdiff1d(asset, asset[reference_rows]).tolist()]


def _assets(asset: np.ndarray | None, n_rows: int) -> list[slice]:
    return [slice(0, n_rows)] if asset is None else list(asset_rows(asset))


def _changes(
    values: np.ndarray,
    clock: np.ndarray,
    stretch: np.ndarray,
    reference_rows: np.ndarray,
    sensors: Sequence[str],
    time_unit: TimeUnit,
) -> list[Change]:
    """Find the changes of one machine."""
    starts = np.flatnonzero(np.diff(stretch)) + 1
    lengths = clock[starts] - clock[starts - 1]
    most = np.sort(np.argsort(-lengths, kind="stable")[:MOST_STOPS])
    starts, lengths = starts[most], lengths[most]
    day = max(1, min(round(time_unit.period / median_step(clock)), int(SHARE_OF_TABLE * len(clock))))
    center, scale = _reference(values, reference_rows)
    steps = _steps(values, starts, day)
    large = np.abs(steps) >= np.where(scale == 0, np.finfo(float).tiny, SIGMAS * scale)
    found = []
    for sensor in np.flatnonzero(large.any(axis=0)).tolist():
        at = _peaks(steps[:, sensor], large[:, sensor], starts, day)
        z = _in_sigmas(values[:, sensor], center[sensor], scale[sensor])
        for peak, sigma, end in _lasting(z, starts[at], day):
            stop = _long_stop_near(at[peak], starts, lengths, day)
            row, length = int(starts[stop]), float(lengths[stop])
            until = float(clock[end]) if end < len(clock) else None
            found.append(Change(row, float(clock[row]), length, sensors[sensor], sigma, until))
    return found


def _reference(values: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the finite values of each sensor; exactly 0 where they are constant."""
    center, scale = np.full((2, values.shape[1]), np.nan)
    for sensor in range(values.shape[1]):
        known = values[rows, sensor].astype(float)
        known = known[np.isfinite(known)]
        if len(known):
            moved = known.min() < known.max()
            center[sensor], scale[sensor] = (known.mean(), known.std()) if moved else (known[0], 0.0)
    return center, scale


def _steps(values: np.ndarray, starts: np.ndarray, day: int) -> np.ndarray:
    """Median of the day after each stop minus that of the day before, shape (n_stops, n_sensors)."""
    offsets = np.unique(np.linspace(0, day - 1, min(day, SAMPLED)).round().astype(int))
    steps = np.empty((len(starts), values.shape[1]))
    for first in range(0, len(starts), AT_ONCE):
        some = starts[first : first + AT_ONCE, None]
        after, before = _medians(values, some + offsets), _medians(values, some - 1 - offsets)
        steps[first : first + AT_ONCE] = after - before
    return steps


def _medians(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Median of the finite values of rows of the table, shape (len(rows), n_sensors)."""
    inside = (rows >= 0) & (rows < len(values))
    picked = values[np.where(inside, rows, 0)]
    picked = np.sort(np.where(inside[:, :, None] & np.isfinite(picked), picked, np.nan), axis=1)
    known = np.isfinite(picked).sum(axis=1)
    middle = [np.maximum(place, 0)[:, None] for place in ((known - 1) // 2, known // 2)]
    # Missing values sort to the end; if all are missing, so is the median.
    low, high = (np.take_along_axis(picked, place, axis=1)[:, 0].astype(float) for place in middle)
    medians: np.ndarray = (low + high) / 2
    return medians


def _peaks(step: np.ndarray, large: np.ndarray, starts: np.ndarray, day: int) -> np.ndarray:
    """Return the stop of the largest step among neighbouring stops with one change of a sensor."""
    stops = np.flatnonzero(large)
    step, row = step[stops], starts[stops]
    apart = (np.diff(np.sign(step)) != 0) | (np.diff(row) > day)
    group = np.concatenate([[0], np.cumsum(apart)])
    largest_first = np.lexsort([-np.abs(step), group])
    return stops[largest_first[np.unique(group[largest_first], return_index=True)[1]]]


def _in_sigmas(values: np.ndarray, center: float, scale: float) -> np.ndarray:
    """Distance from the reference; infinite where the reference is constant and the value differs."""
    apart = np.where(np.isfinite(values), values.astype(float), np.nan) - center
    if scale:
        return apart / scale
    return np.where((apart == 0) | np.isnan(apart), apart, np.copysign(np.inf, apart))


def _lasting(z: np.ndarray, begins: np.ndarray, day: int) -> list[tuple[int, float, int]]:
    """Return number, level and end of the changes that lead to a far level and last."""
    bounds = [0, *begins.tolist(), len(z)]
    lasting, before = [], 0.0
    for number, (begin, end) in enumerate(pairwise(bounds), -1):
        level = z[begin : end : -(-(end - begin) // MOST_ROWS)]
        level = level[~np.isnan(level)]
        sigma = float(np.median(level)) if len(level) else 0.0
        far = np.count_nonzero((level if sigma > 0 else -level) >= SIGMAS) >= STAYS * max(len(level), 1)
        if number >= 0 and far and abs(sigma - before) >= SIGMAS and end - begin >= day:
            lasting.append((number, sigma, end))
        before = sigma
    return lasting


def _long_stop_near(stop: int, starts: np.ndarray, lengths: np.ndarray, day: int) -> int:
    """Return the longest stop within a day of running time, or the stop itself if none is long."""
    near = np.flatnonzero(np.abs(starts - starts[stop]) <= day)
    longest = near[np.argmax(lengths[near])]
    return int(longest) if lengths[longest] >= LONG_STOP * np.median(lengths) else int(stop)


@dataclass(frozen=True)
class Apart:
    """A sensor that is far from its training level in most rows of a file.

    Parameters
    ----------
    sensor
        Its name.
    sigma
        Median distance from the training mean in training standard deviations; infinite if the sensor was
        constant in training.
    share
        Share of the rows that are so far, on the same side.
    asset
        Name of the asset; empty for one machine.
    """

    sensor: str
    sigma: float
    share: float
    asset: str = ""

    @property
    def in_words(self) -> str:
        """Say how far.

        Examples
        --------
        >>> Apart("x19", -30.7, 1.0).in_words
        'x19 is 31 standard deviations from its training level in 100% of the rows.'
        """
        far = f"{abs(self.sigma):.0f} standard deviations" if np.isfinite(self.sigma) else "away"
        of = f" of {shown(self.asset)}" if self.asset else ""
        return f"{self.sensor}{of} is {far} from its training level in {self.share:.0%} of the rows."


def apart(
    values: np.ndarray,
    mean: Sequence[float | None],
    deviation: Sequence[float | None],
    sensors: Sequence[str],
) -> list[Apart]:
    """Find the sensors whose level differs from that of the training rows, the largest difference first.

    Parameters
    ----------
    values
        Sensor values of one machine, shape (n_rows, n_sensors); missing and infinite ones are skipped.
    mean, deviation
        Of each sensor in the normal training rows; None where there was no value.
    sensors
        Their names.
    """
    found = []
    for number, (center, scale) in enumerate(zip(mean, deviation, strict=True)):
        if center is None or scale is None:
            continue
        z = _in_sigmas(values[:, number], center, scale)
        z = z[~np.isnan(z)]
        sigma = float(np.median(z)) if len(z) else 0.0
        share = float(((z if sigma > 0 else -z) >= SIGMAS).mean()) if len(z) else 0.0
        if share >= STAYS:
            found.append(Apart(sensors[number], sigma, share))
    return sorted(found, key=lambda one: -abs(one.sigma))
