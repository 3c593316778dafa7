"""A simulated paper machine: a seeded table that behaves like a real mill's, with known causes.

A row is 2 minutes. Slow factors move all sensors over hours, and each sensor wanders besides: their levels
show little else, and differences between rows hardly see it. What moves from row to row is mostly shared
too: each of five control loops (`LOOPS`) moves its sensors *together*, most of all after a restart.

Seven breaks in ten are announced: for 8 to 20 minutes the five `PRECURSORS` fluctuate more and more, each
on its own and no longer with the others. The others come without any warning, and many warnings are weak, so
no model catches all breaks.

For the checks: `DRIFTING` fouls steadily, `DEAD` always shows 0, the machine stands for three days, and
`TRIAL` is a grade that was made for an hour only. Values are drawn in units of a sensor's usual spread and
converted to engineering units at the end.
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

# Control loop: its sensors, each with (usual value, usual spread) in the unit a mill would show. No spread
# is above a 30th of the value, so that no wandering makes a pressure negative.
LOOPS: dict[str, dict[str, tuple[float, float]]] = {
    "stock": {
        "stock_consistency": (3.2, 0.08),  # %
        "stock_flow": (412.0, 9.0),  # m3/h
        "stock_ph": (7.4, 0.12),
        "stock_temperature": (48.0, 1.1),  # degrees C
        "filler_flow": (61.0, 2.0),  # l/min
        "retention_aid_flow": (18.5, 0.6),  # l/min
        "white_water_turbidity": (230.0, 7.5),  # NTU
    },
    "headbox": {
        "headbox_pressure": (58.0, 1.3),  # kPa
        "headbox_level": (74.0, 1.9),  # %
        "slice_opening": (11.5, 0.25),  # mm
        "jet_wire_ratio": (1.01, 0.02),
        "wire_speed": (868.0, 6.5),  # m/min
        "fan_pump_speed": (612.0, 11.0),  # 1/min
    },
    "vacuum": {
        "foil_vacuum": (9.5, 0.3),  # kPa
        "couch_vacuum": (62.0, 2.0),  # kPa
        "press_load_1": (71.0, 1.7),  # kN/m
        "press_load_2": (94.0, 2.2),  # kN/m
        "felt_moisture": (41.0, 1.3),  # %
        "felt_tension": (3.4, 0.1),  # kN/m
    },
    "steam": {
        "steam_pressure_1": (142.0, 4.0),  # kPa
        "steam_pressure_2": (211.0, 5.5),  # kPa
        "condensate_flow": (33.0, 1.1),  # m3/h
        "dryer_temperature": (104.0, 2.4),  # degrees C
        "hood_humidity": (170.0, 5.0),  # g/kg
        "hood_exhaust_flow": (88.0, 2.6),  # kg/s
    },
    "reel": {
        "draw_press_dryer": (17.5, 0.55),  # m/min
        "dryer_drive_load": (283.0, 8.5),  # kW
        "reel_tension": (318.0, 8.0),  # N/m
        "reel_moisture": (6.8, 0.22),  # %
        "reel_basis_weight": (48.6, 0.9),  # g/m2
    },
}
SENSORS = {name: usual for loop in LOOPS.values() for name, usual in loop.items()}

# The sensors that change before a break; no other sensor does.
PRECURSORS = ("couch_vacuum", "felt_moisture", "draw_press_dryer", "dryer_drive_load", "reel_tension")
DRIFTING = "white_water_turbidity"
DEAD = "pit_level"

GRADES = ("N42", "N45", "N49", "M54", "M60")  # newsprint and magazine paper, by basis weight
TRIAL = "T38"
TRIAL_AT, TRIAL_SHARE = 0.3, 0.003  # of the rows
ROW_MINUTES = 2
BREAK_SHARE = 0.008  # of the rows; on the real mill 0.007
SILENT_SHARE = 0.3  # of the breaks: no warning in any sensor, so no model can catch them
LEAD = (4, 10)  # rows: warnings last 8 to 20 minutes
LONG_STOP_AT = 0.6  # of the rows
LONG_STOP_ROWS = 2160  # 3 days

# In usual spreads of a sensor.
DRIFT = 8.0  # from the first row to the last
LOOP_MOVES = 0.15  # one standard deviation, in quiet running
OWN_NOISE = 0.05  # the same
WARNING = 0.8  # the same, in the last row before a break


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
        Columns ``time``, ``break`` (1 in the row of a break), the `SENSORS`, the `DEAD` sensor, ``grade``
        and ``valve_open``. Rows during a stop are left out, as in the real mill's table.

    Raises
    ------
    ConfigError
        If there are too few rows for a break to be likely.
    """
    require(rows >= 500, f"The sample mill was asked for {rows} rows; it needs at least 500.")
    # One random stream for each part: a change to one leaves the others as they are.
    rng = np.random.default_rng(seed).spawn(8)
    breaks = _break_rows(rng[0], rows)
    stops = _stop_rows(rng[1], rows, breaks)
    grade = _grades(rng[2], rows, np.flatnonzero(stops))
    valve = _valve(rng[3], rows)
    z = _wander(rng[4], rows) + _fast(rng[5], rows, np.flatnonzero(stops))
    z += _setpoints(rng[6], grade) + _warnings(rng[7], rows, breaks)
    z[:, _columns("condensate_flow")] += 0.8 * valve[:, None]
    z[:, _columns(DRIFTING)] += np.linspace(0, DRIFT, rows)[:, None]
    usual, spread = np.array(list(SENSORS.values())).T
    sensors = pd.DataFrame(np.round(usual + spread * z, 3), columns=list(SENSORS))
    sensors.insert(0, "time", _times(stops))
    sensors.insert(1, "break", np.isin(np.arange(rows), breaks).astype(np.int64))
    return sensors.assign(**{DEAD: 0}, grade=np.array([*GRADES, TRIAL])[grade], valve_open=valve)


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
    """Grade of each row, as a position in `GRADES`: it changes at some restarts. The trial is one more."""
    changes = restarts[rng.random(len(restarts)) < 0.3]
    drawn = rng.integers(0, len(GRADES), size=len(changes) + 1)
    grade = drawn[np.searchsorted(changes, np.arange(rows), side="right")]
    # The long stop comes later, so there is a restart to begin with.
    trial = restarts[np.searchsorted(restarts, TRIAL_AT * rows)]
    grade[trial : trial + 1 + int(TRIAL_SHARE * rows)] = len(GRADES)
    return grade


def _valve(rng: np.random.Generator, rows: int) -> Ints:
    """Open for 5 rows about every 600, independent of the breaks."""
    opened = (rng.random(rows) < 1 / 600).astype(np.int64)
    return np.minimum(np.convolve(opened, np.ones(5, dtype=np.int64))[:rows], 1)


def _wander(rng: np.random.Generator, rows: int) -> Floats:
    """Four slow factors (of 1 to 7 hours) that move all sensors together, and a slower one of each sensor."""
    memory = np.array([0.97, 0.985, 0.99, 0.995])
    loadings = rng.normal(0, 0.6, size=(len(memory), len(SENSORS)))
    own = _autoregressive(rng, rows, np.full(len(SENSORS), 0.998))
    return _autoregressive(rng, rows, memory) @ loadings + own


def _fast(rng: np.random.Generator, rows: int, restarts: Ints) -> Floats:
    """Movement from row to row: of the loops, which move their sensors together, and of each sensor.

    The loops swell and fade over hours. After a restart they are more than twice as restless, and settle
    within half an hour. Rarely a sensor shows a wrong value in one row.
    """
    count, row = len(SENSORS), np.arange(rows)
    since = row - np.maximum.accumulate(np.where(np.isin(row, restarts), row, 0))
    swell = np.exp(0.3 * _autoregressive(rng, rows, np.full(len(LOOPS), 0.98)))
    swell *= 1 + 1.5 * np.exp(-since / 6)[:, None]
    moves = swell * _autoregressive(rng, rows, np.full(len(LOOPS), 0.6))
    loop = np.repeat(np.arange(len(LOOPS)), [len(sensors) for sensors in LOOPS.values()])
    gain = rng.uniform(0.7, 1.3, count) * rng.choice([-1, 1], count)
    spikes = (rng.random((rows, count)) < 5e-5) * rng.normal(0, 1.5, (rows, count))
    own = OWN_NOISE * rng.standard_normal((rows, count))
    every: Floats = own + LOOP_MOVES * gain * moves[:, loop] + spikes
    return every


def _setpoints(rng: np.random.Generator, grade: Ints) -> Floats:
    """Each grade has its own setpoints in a third of the sensors."""
    shape = (len(GRADES) + 1, len(SENSORS))
    offsets = rng.normal(0, 1.0, shape) * (rng.random(len(SENSORS)) < 1 / 3)
    return offsets[grade]


def _warnings(rng: np.random.Generator, rows: int, breaks: Ints) -> Floats:
    """Draw the warnings of breaks; zero outside the `PRECURSORS` and far from breaks.

    Each warning draws its length and its strength, and grows faster and faster until the break's own row.
    It never begins before the previous break.
    """
    count = len(breaks)
    lead = rng.integers(LEAD[0], LEAD[1] + 1, size=(count, 1))
    strength = WARNING * rng.lognormal(0, 0.4, size=(count, 1)) * (rng.random((count, 1)) >= SILENT_SHARE)
    ahead = np.arange(LEAD[1] + 1)  # rows until the break; 0 is the break's own row
    room = np.diff(breaks, prepend=-1)[:, None]
    size = strength * np.maximum(1 - ahead / (lead + 1), 0) ** 2 * (ahead < room)
    moves = size[:, :, None] * rng.standard_normal((*size.shape, len(PRECURSORS)))
    change = np.zeros((rows, len(SENSORS)))
    rows_ahead = np.maximum(breaks[:, None] - ahead, 0)
    np.add.at(change, (rows_ahead[:, :, None], _columns(*PRECURSORS)), moves)
    return change
