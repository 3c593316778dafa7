"""Sensors ranked by how much they change in the rows before events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from rare_event.errors import TableError
from rare_event.prepare.labels import curve_shift
from rare_event.prepare.stretches import find_events

Measure = Literal["jump", "level"]
MEASURES: tuple[Measure, ...] = ("jump", "level")

TRAILING = 30  # rows whose median a level is compared with
FEWEST_TRAILING = 5
MOST_NORMAL = 10_000  # of the normal rows: their share of the error is then below 0.003
DRAWS = 200
# Of all draws together; beyond it, only some events are moved, and a few rows of each.
MOST_DRAWN = 60_000
ROWS_A_WINDOW = 2
CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class SensorChange:
    """How much one sensor changes before events, in the measure in which it changes most.

    Parameters
    ----------
    sensor
        Its name.
    measure
        ``jump``: the size of the difference to the row before; ``level``: the value minus the median of
        the 30 rows before.
    auc
        Share of the pairs of a row before an event and a normal row in which the former has the
        larger measure; 0.5 means no change.
    low, high
        95% interval over the events, wide enough for the better of two measures; NaN for fewer than
        two events.
    jump, level
        The shares of both measures.
    """

    sensor: str
    measure: Measure
    auc: float
    low: float
    high: float
    jump: float
    level: float

    @property
    def strength(self) -> float:
        """Distance from no change, 0 to 0.5."""
        return abs(self.auc - 0.5)

    @property
    def in_words(self) -> str:
        """What the sensor does before an event."""
        if self.measure == "jump":
            return "jumps more" if self.auc > 0.5 else "is calmer"
        return "is higher" if self.auc > 0.5 else "is lower"


@dataclass(frozen=True, eq=False)
class SensorRanking:
    """All sensors, the strongest change first.

    Parameters
    ----------
    changes
        One for each sensor that has values both before events and elsewhere.
    n_sensors
        Number of sensors looked at.
    n_events
        Number of events with at least one row before them.
    chance
        Distance from 0.5 that the strongest sensor stays below in 95% of draws in which the events
        are moved to other times.
    """

    changes: tuple[SensorChange, ...]
    n_sensors: int
    n_events: int
    chance: float


@dataclass(frozen=True, eq=False)
class _Windows:
    """Rows to compare: the positives with their events, normal rows, and rows of moved events."""

    row: np.ndarray
    event: np.ndarray
    normal: np.ndarray
    moved: np.ndarray
    moved_share: float


def rank_sensors(sensors: pd.DataFrame, label: np.ndarray, stretch: np.ndarray, shift: int) -> SensorRanking:
    """Rank sensors by how much they change before events.

    Each sensor is measured twice: by the size of its jump from row to row, and by its level against
    the 30 rows before. The area under the ROC curve of each measure compares the rows before events
    with normal rows; it needs no scale and no outlier moves it far. The interval takes events, not
    rows, as independent.

    Parameters
    ----------
    sensors
        One column for each, n_rows rows; may have missing values.
    label
        1 in event rows, shape (n_rows,).
    stretch
        Stretch id of each row.
    shift
        Rows before an event that are compared; 0 compares the event rows themselves.

    Raises
    ------
    TableError
        If there is no event, no row before any, or no sensor with values there.
    """
    windows = _windows(label, stretch, shift)
    wanted = (windows.row, windows.normal, windows.moved.ravel())
    rows = np.unique(np.concatenate(wanted))
    positive, normal, moved = (np.searchsorted(rows, each) for each in wanted)
    moved = moved.reshape(windows.moved.shape)
    place, inside = _places(rows, stretch)
    found: list[SensorChange] = []
    strongest = np.zeros(len(windows.moved))
    for name, column in sensors.items():
        figures = {}
        for measure, measured in _measures(column.to_numpy(), rows, place, inside).items():
            share = _share_below(measured, measured[normal])
            figures[measure] = _over_events(share[positive], windows.event)
            strongest = np.fmax(strongest, abs(_means(share[moved]) - 0.5))
        if any(np.isfinite(auc) for auc, _, _ in figures.values()):
            found.append(_change(str(name), figures))
    if not found:
        raise TableError("No sensor has values both before events and in normal rows, so none can be ranked.")
    found.sort(key=lambda change: -change.strength)
    chance = float(np.quantile(strongest, CONFIDENCE)) * windows.moved_share if len(strongest) else np.nan
    return SensorRanking(tuple(found), sensors.shape[1], len(np.unique(windows.event)), chance)


def rows_by_class(label: np.ndarray, stretch: np.ndarray, shift: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the normal rows and the rows before events, or the event rows for a shift of 0.

    Parameters
    ----------
    label, stretch
        Of each row, shape (n_rows,).
    shift
        Rows before an event.
    """
    if not shift:
        return np.flatnonzero(label == 0), np.flatnonzero(label == 1)
    shifted = curve_shift(label, shift, stretch)
    return shifted.rows[shifted.y == 0], shifted.rows[shifted.y == 1]


def _change(sensor: str, figures: dict[Measure, tuple[float, float, float]]) -> SensorChange:
    measure = max(MEASURES, key=lambda m: np.nan_to_num(abs(figures[m][0] - 0.5), nan=-1.0))
    return SensorChange(sensor, measure, *figures[measure], figures["jump"][0], figures["level"][0])


def _windows(label: np.ndarray, stretch: np.ndarray, shift: int) -> _Windows:
    """Choose the rows: all before events, an even sample of normal ones, and events at other times."""
    normal, row = rows_by_class(label, stretch, shift)
    events = find_events(np.arange(len(label), dtype=float), label, stretch)
    if not len(events):
        raise TableError("The file has no events, so sensors cannot be ranked by their change before one.")
    event = np.searchsorted(events.row, row) if shift else np.searchsorted(events.row, row, side="right") - 1
    if not len(row) or not len(normal):
        what = "rows before events" if not len(row) else "normal rows"
        raise TableError(f"The file has no {what}, so sensors cannot be ranked by their change.")
    normal = _thin(normal, MOST_NORMAL)
    moved, share = _moved(row, event, len(label))
    return _Windows(row, event, normal, moved, share)


def _moved(row: np.ndarray, event: np.ndarray, n_rows: int) -> tuple[np.ndarray, float]:
    """Move all windows by the same number of rows, around the end, once for each draw.

    Windows stay as far apart as they are, so that events that come in clusters stay in clusters.
    Of many windows only some are drawn; the second value corrects the spread for it.
    """
    kept, scale = np.arange(len(row)), 1.0
    if DRAWS * len(row) > MOST_DRAWN:
        _, begin, number, count = np.unique(event, return_index=True, return_inverse=True, return_counts=True)
        some = _thin(np.arange(len(begin)), MOST_DRAWN // (DRAWS * ROWS_A_WINDOW))
        spread = (np.arange(len(row)) - begin[number]) * ROWS_A_WINDOW // count[number]
        first = np.diff(spread, prepend=-1) != 0
        kept = np.flatnonzero((first | (np.diff(number, prepend=-1) != 0)) & np.isin(number, some))
        scale = float(np.sqrt(len(some) / len(begin)))
    # Moved by little, windows would still lie before their events.
    least = max(n_rows // 10, 1)
    offsets = np.random.default_rng(0).integers(least, max(n_rows - least, least + 1), DRAWS)
    return (row[kept] + offsets[:, None]) % n_rows, scale


def _places(rows: np.ndarray, stretch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows before each row, the nearest first, and which of them lie in its stretch."""
    place = rows[:, None] - np.arange(1, TRAILING + 1)
    inside = (place >= 0) & (stretch[np.maximum(place, 0)] == stretch[rows][:, None])
    return np.maximum(place, 0), inside


def _measures(
    column: np.ndarray, rows: np.ndarray, place: np.ndarray, inside: np.ndarray
) -> dict[Measure, np.ndarray]:
    """Measure a sensor in each row; NaN where a row has too few before it."""
    now, before = column[rows], np.where(inside, column[place], np.nan)
    now, before = (np.where(np.isfinite(v), v, np.nan) for v in (now, before))
    jump = abs(now - before[:, 0])
    before.sort(axis=1)  # NaN last
    count = np.isfinite(before).sum(axis=1)
    every, half = np.arange(len(rows)), np.maximum(count, 1)
    median = (before[every, (half - 1) // 2] + before[every, half // 2]) / 2
    return {"jump": jump, "level": np.where(count >= FEWEST_TRAILING, now - median, np.nan)}


def _share_below(measured: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Share of the normal rows below each value, ties counted half; NaN stays."""
    ranked = np.sort(normal[np.isfinite(normal)])
    if not len(ranked):
        return np.full(len(measured), np.nan)
    order = np.argsort(measured)  # neighbours are found several times faster one after the other
    below, up_to = (np.searchsorted(ranked, measured[order], side=side) for side in ("left", "right"))
    share = np.empty(len(measured))
    share[order] = (below + up_to) / (2 * len(ranked))
    share[np.isnan(measured)] = np.nan
    return share


def _over_events(share: np.ndarray, event: np.ndarray) -> tuple[float, float, float]:
    """Mean share and its 95% interval, the events independent (a ratio estimator)."""
    known = np.isfinite(share)
    if not known.any():
        return np.nan, np.nan, np.nan
    auc = float(share[known].mean())
    _, number = np.unique(event[known], return_inverse=True)
    n_events = number.max() + 1
    if n_events < 2:
        return auc, np.nan, np.nan
    residual = np.bincount(number, share[known] - auc)
    error = np.sqrt(n_events / (n_events - 1) * (residual**2).sum()) / known.sum()
    # Of two measures the better is shown: each may exclude 0.5 by chance half as often.
    outside = (1 - CONFIDENCE) / len(MEASURES)
    half = float(stdtrit(n_events - 1, 1 - outside / 2) * error)
    return auc, max(auc - half, 0.0), min(auc + half, 1.0)


def _means(share: np.ndarray) -> np.ndarray:
    """Mean over the known of each row; NaN for a row without any."""
    known = np.isfinite(share)
    count = known.sum(axis=1)
    mean: np.ndarray = np.where(count, np.where(known, share, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)
    return mean


def _thin(positions: np.ndarray, most: int) -> np.ndarray:
    """Keep at most `most` evenly spaced positions."""
    if len(positions) <= most:
        return positions
    return positions[np.linspace(0, len(positions) - 1, most).astype(np.int64)]
