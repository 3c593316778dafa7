"""A simulated paper machine: a seeded table that behaves like a real mill's, with known causes.

It is hard in the same ways. A few slow factors move the sensors together; the sensors drift, and one
long stop shifts some of them permanently, so that a model of their *levels* becomes outdated; a fifth
of the breaks come without any warning. `PRECURSORS` announce the others for 2 to 12 minutes, by
*changes* that are small compared with the drift.

Values are drawn in units of a sensor's usual spread and converted to engineering units at the end.
"""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter

from rare_event.config import require

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Name: (usual value, usual spread), in the unit a mill would show; no spread is above a 30th of the
# value, so that drift never makes a pressure negative.
SENSORS: dict[str, tuple[float, float]] = {
    "stock_consistency": (3.2, 0.08),  # %
    "stock_flow": (412.0, 9.0),  # m3/h
    "stock_ph": (7.4, 0.12),
    "stock_temperature": (48.0, 1.1),  # degrees C
    "filler_flow": (61.0, 2.0),  # l/min
    "retention_aid_flow": (18.5, 0.6),  # l/min
    "white_water_turbidity": (230.0, 7.5),  # NTU
    "headbox_pressure": (58.0, 1.3),  # kPa
    "slice_opening": (11.5, 0.25),  # mm
    "jet_wire_ratio": (1.01, 0.02),
    "wire_speed": (868.0, 6.5),  # m/min
    "foil_vacuum": (9.5, 0.3),  # kPa
    "couch_vacuum": (62.0, 2.0),  # kPa
    "press_load_1": (71.0, 1.7),  # kN/m
    "press_load_2": (94.0, 2.2),  # kN/m
    "felt_moisture": (41.0, 1.3),  # %
    "draw_press_dryer": (17.5, 0.55),  # m/min
    "steam_pressure_1": (142.0, 4.0),  # kPa
    "steam_pressure_2": (211.0, 5.5),  # kPa
    "condensate_flow": (33.0, 1.1),  # m3/h
    "dryer_temperature": (104.0, 2.4),  # degrees C
    "hood_humidity": (170.0, 5.0),  # g/kg
    "reel_tension": (318.0, 8.0),  # N/m
    "reel_moisture": (6.8, 0.22),  # %
}

# The sensors that change before a break; no other sensor does.
PRECURSORS = ("headbox_pressure", "retention_aid_flow", "couch_vacuum", "draw_press_dryer", "reel_tension")

GRADES = ("N42", "N45", "N49", "M54", "M60")  # newsprint and magazine paper, by basis weight
ROW_MINUTES = 2
BREAK_SHARE = 0.007  # of the rows, as on the real mill
MAX_LEAD = 6  # rows: the longest warning is 12 minutes
SILENT_SHARE = 0.2  # of the breaks: no warning in any sensor, so no model can catch them
LONG_STOP_AT = 0.6  # of the rows: the stop after which some sensors keep another level
LONG_STOP_ROWS = 420  # 14 hours
WALK = 5.0  # usual spreads that a sensor drifts in 12,000 rows (one standard deviation)


def sample_mill(rows: int = 12_000, seed: int = 7) -> pd.DataFrame:
    """Simulate the table of the sample mill.

    Parameters
    ----------
    rows
        Number of rows, one for each 2 minutes of running time.
    seed
        The same seed gives the same table.

    Returns
    -------
    pandas.DataFrame
        Columns ``time``, ``break`` (1 in the row of a break), the `SENSORS`, ``grade`` and
        ``valve_open``. Rows during a stop are left out, as in the real mill's table.

    Raises
    ------
    ConfigError
        If there are too few rows for a break to be likely.
    """
    require(rows >= 500, f"The sample mill was asked for {rows} rows; it needs at least 500.")
    # One random stream for each part: a change to one leaves the others as they are.
    rng = np.random.default_rng(seed).spawn(9)
    breaks = _break_rows(rng[0], rows)
    stops = _stop_rows(rng[1], rows, breaks)
    grade = _grades(rng[2], rows, np.flatnonzero(stops))
    valve = _valve(rng[3], rows)
    z = _factors(rng[4], rows) + _noise(rng[5], rows) + _drift(rng[6], rows)
    z += _setpoints(rng[7], grade) + _warnings(rng[8], rows, breaks)
    z[:, _columns("condensate_flow")] += 1.5 * valve[:, None]
    usual, spread = np.array(list(SENSORS.values())).T
    sensors = pd.DataFrame(np.round(usual + spread * z, 3), columns=list(SENSORS))
    sensors.insert(0, "time", _times(stops))
    sensors.insert(1, "break", np.isin(np.arange(rows), breaks).astype(np.int64))
    return sensors.assign(grade=np.array(GRADES)[grade], valve_open=valve)


def write_sample(path: Path) -> Path:
    """Write the sample mill as a CSV and return `path`, which never holds half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        sample_mill().to_csv(part, index=False, date_format="%Y-%m-%dT%H:%M:%S", lineterminator="\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _columns(*names: str) -> Ints:
    """Positions of sensors among `SENSORS`."""
    return np.array([list(SENSORS).index(name) for name in names])


def _autoregressive(rng: np.random.Generator, rows: int, memory: Floats) -> Floats:
    """Independent AR(1) series of variance 1, one column for each coefficient in `memory`."""
    shocks = rng.standard_normal((rows, len(memory)))
    shocks[1:] *= np.sqrt(1 - memory**2)
    return np.column_stack([lfilter([1.0], [1.0, -m], shocks[:, i]) for i, m in enumerate(memory)])


def _break_rows(rng: np.random.Generator, rows: int) -> Ints:
    """Draw the rows of the breaks, at least 2 apart: never two in a row.

    One break in five follows the last one closely, since a machine is unsettled after a restart; the time
    to the others is geometric.
    """
    close, apart = 10.0, (1 / BREAK_SHARE - 2 - 0.2 * 10.0) / 0.8
    draws = int(rows * BREAK_SHARE * 3) + 10
    mean = np.where(rng.random(draws) < 0.2, close, apart)
    ends = np.cumsum(2 + rng.geometric(1 / mean)) - 1
    return ends[ends < rows]


def _stop_rows(rng: np.random.Generator, rows: int, breaks: Ints) -> Ints:
    """Rows missing before each row: after most breaks, at a few other stops, and the long stop.

    After one break in six the machine restarts within two minutes, and the table shows no gap.
    """
    gaps = np.zeros(rows + 1, dtype=np.int64)
    stopped = breaks[rng.random(len(breaks)) >= 1 / 6]
    gaps[stopped + 1] = 3 + rng.lognormal(2.5, 0.8, len(stopped))  # median half an hour
    others = rng.integers(1, rows, size=3)
    gaps[others] = 3 + rng.lognormal(3.0, 0.8, 3)
    gaps[int(LONG_STOP_AT * rows)] = LONG_STOP_ROWS
    return gaps[:rows]


def _times(stops: Ints) -> pd.DatetimeIndex:
    """Time of each row, given the rows missing before it."""
    minutes = ROW_MINUTES * (np.arange(len(stops)) + np.cumsum(stops))
    return pd.Timestamp("2024-03-04 06:00") + pd.to_timedelta(minutes, unit="min")


def _grades(rng: np.random.Generator, rows: int, restarts: Ints) -> Ints:
    """Grade of each row, as a position in `GRADES`: it changes at some restarts."""
    changes = restarts[rng.random(len(restarts)) < 0.3]
    drawn = rng.integers(0, len(GRADES), size=len(changes) + 1)
    return drawn[np.searchsorted(changes, np.arange(rows), side="right")]


def _valve(rng: np.random.Generator, rows: int) -> Ints:
    """Open for 5 rows about every 600, independent of the breaks."""
    opened = (rng.random(rows) < 1 / 600).astype(np.int64)
    return np.minimum(np.convolve(opened, np.ones(5, dtype=np.int64))[:rows], 1)


def _factors(rng: np.random.Generator, rows: int) -> Floats:
    """Four slow factors (of 1 to 17 hours) that move all sensors together."""
    memory = np.array([0.985, 0.99, 0.995, 0.998])
    loadings = rng.normal(0, 0.6, size=(len(memory), len(SENSORS)))
    return _autoregressive(rng, rows, memory) @ loadings


def _noise(rng: np.random.Generator, rows: int) -> Floats:
    """Draw each sensor's own variation: short memory, measurement noise and rare spikes.

    The noise swells and fades over hours, and spikes hit any sensor at any time; without them, a single
    large change would reveal every break.
    """
    count = len(SENSORS)
    own = 0.1 * _autoregressive(rng, rows, np.full(count, 0.9))
    swell = np.exp(0.15 * _autoregressive(rng, rows, np.array([0.98])))
    spikes = (rng.random((rows, count)) < 0.001) * rng.normal(0, 1.5, (rows, count))
    return swell * (own + 0.1 * rng.standard_normal((rows, count))) + spikes


def _drift(rng: np.random.Generator, rows: int) -> Floats:
    """Slow random walks of all sensors, and the step of a few at the long stop.

    The step is 6 to 15 spreads, larger than any before, as after the 14-hour stop of the real mill.
    """
    count = len(SENSORS)
    walk = np.cumsum(rng.normal(0, WALK / np.sqrt(12_000), (rows, count)), axis=0)
    moved = rng.choice(count, size=5, replace=False)
    step = rng.uniform(6, 15, size=5) * rng.choice([-1, 1], size=5)
    walk[int(LONG_STOP_AT * rows) :, moved] += step
    return walk


def _setpoints(rng: np.random.Generator, grade: Ints) -> Floats:
    """Each grade has its own setpoints in a third of the sensors."""
    shape = (len(GRADES), len(SENSORS))
    offsets = rng.normal(0, 1.0, shape) * (rng.random(len(SENSORS)) < 1 / 3)
    return offsets[grade]


def _warnings(rng: np.random.Generator, rows: int, breaks: Ints) -> Floats:
    """Draw the warnings of breaks; zero outside the `PRECURSORS` and far from breaks.

    Each warning draws its shape (a ramp that grows until the break, a flutter up and down, or a lasting
    step), length (1 to 6 rows), strength and sensors (each of the `PRECURSORS` with probability 0.6).
    It never begins before the previous break.
    """
    count, sensors = len(breaks), len(PRECURSORS)
    ahead = np.arange(MAX_LEAD + 1)  # rows until the break; 0 is the break's own row
    lead = rng.integers(1, MAX_LEAD + 1, size=(count, 1))
    ramp = (lead + 1 - ahead) * 0.5
    flutter = np.where(ahead % 2, 0.7, -0.7) * np.ones_like(ramp)
    step = np.ones_like(ramp)
    kind = rng.choice(3, size=(count, 1), p=[0.35, 0.55, 0.1])
    strength = rng.lognormal(0, 0.4, size=(count, 1)) * (rng.random((count, 1)) >= SILENT_SHARE)
    room = np.diff(breaks, prepend=-1)[:, None]
    shape = np.choose(kind, [ramp, flutter, step]) * strength * (ahead <= lead) * (ahead < room)
    sign = rng.choice([-1, 1], (count, sensors)) * (rng.random((count, sensors)) < 0.6)
    rows_ahead = np.maximum(breaks[:, None] - ahead, 0)
    change = np.zeros((rows, len(SENSORS)))
    np.add.at(change, (rows_ahead[:, :, None], _columns(*PRECURSORS)), shape[:, :, None] * sign[:, None, :])
    return change
