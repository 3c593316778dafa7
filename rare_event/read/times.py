"""Find the format of the times in a column, and parse them."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
import pandas as pd

EPOCHS: dict[str | None, tuple[Literal["s", "ms"], float, float]] = {
    "epoch s": ("s", 1e8, 5e9),
    "epoch ms": ("ms", 1e11, 5e12),
}

TIME_WORDS = frozenset(["time", "timestamp", "date", "datetime", "ts", "epoch"])

_TIME = re.compile(
    r"(\d{1,4})([-/.])\d{1,2}\2(\d{1,4})"
    r"(?:(T|\s+)\d{1,2}:\d{2}(:\d{2})?(\.\d+)?(\s*[AaPp][Mm])?)?\s*(Z|[+-]\d{2}:?\d{2})?"
)
_ZONE = re.compile(r":\d{2}(?:\.\d+)?\s*(?:[AaPp][Mm])?\s*(Z|[+-]\d{2}:?\d{2})\s*$")


def called_time(name: str) -> bool:
    """Whether a column is named like a time, for example "Date" or "time_utc"."""
    return bool(set(re.split(r"[^a-z0-9]+", name.casefold())) & TIME_WORDS)


def time_formats(column: pd.Series) -> list[str | None]:
    """Find the formats in which a column reads as times, the best first; none if it holds no times.

    Parameters
    ----------
    column
        Texts, numbers or datetimes, shape (n_rows,).

    Returns
    -------
    list
        `strptime` formats, a key of `EPOCHS`, or None for datetimes and ISO 8601. If day and month
        are ambiguous, the order in which time runs backwards least often comes first, then the one
        with the smallest spread of steps.
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        return [None]
    filled = column.dropna()
    if filled.empty:
        return []
    if pd.api.types.is_numeric_dtype(column):
        return [f for f, (_, low, high) in EPOCHS.items() if filled.between(low, high).all()]
    sample = filled.iloc[:: max(1, len(filled) // 1000)]
    formats = dict.fromkeys(f for value in sample.iloc[:20] for f in _formats_of(value.strip()))
    fitting = [f for f in formats if parse_times(sample, f).notna().mean() >= 0.9]
    return fitting if len(fitting) < 2 else sorted(fitting, key=lambda f: _disorder(parse_times(column, f)))


def parse_times(column: pd.Series, time_format: str | None) -> pd.Series:
    """Parse a column as times; zones are converted to UTC, unreadable times become NaT.

    Parameters
    ----------
    column
        Texts, numbers or datetimes, shape (n_rows,).
    time_format
        As returned by `time_formats`.

    Returns
    -------
    Series of datetime64[ns], shape (n_rows,)
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        times = pd.to_datetime(column, utc=True)
    elif time_format in EPOCHS:
        numbers = pd.to_numeric(column, errors="coerce")
        unit = EPOCHS[time_format][0]
        times = pd.to_datetime(numbers.astype(np.float64), unit=unit, errors="coerce", utc=True)
    else:
        times = pd.to_datetime(
            column.astype("str").str.strip(), format=time_format or "ISO8601", errors="coerce", utc=True
        )
    times = times.dt.tz_localize(None)
    return times.where(times.between(pd.Timestamp.min, pd.Timestamp.max)).astype("datetime64[ns]")


def zones(column: pd.Series) -> pd.Series | None:
    """Zone of each time as written, missing where there is none; None if the times are not texts."""
    if not pd.api.types.is_string_dtype(column):
        return None
    return column.str.extract(_ZONE, expand=False)


def first_unread(column: pd.Series) -> int:
    """Row of the first text that is no time; of the first text where each alone is one."""
    written = column.notna()
    unread = written & ~column.str.strip().str.fullmatch(_TIME, na=True)
    return int(np.flatnonzero(unread if unread.any() else written)[0])


def _formats_of(value: str) -> list[str | None]:
    """Return the formats that a text matches."""
    match = _TIME.fullmatch(value)
    if not match:
        return []
    first, mark, last, gap, seconds, fraction, half, zone = match.groups()
    clock = ""
    if gap:
        clock = (gap.strip() or " ") + ("%I:%M" if half else "%H:%M")
        clock += (":%S" if seconds else "") + (".%f" if fraction else "")
    if half:
        clock += " %p" if half[0].isspace() else "%p"
    clock += "%z" if zone else ""
    if len(first) == 4:
        return [None, f"%Y{mark}%m{mark}%d{clock}"]
    year = "%Y" if len(last) == 4 else "%y"
    orders = [f"%m{mark}%d{mark}{year}{clock}", f"%d{mark}%m{mark}{year}{clock}"]
    return list(orders if mark == "/" else reversed(orders))


def _disorder(times: pd.Series) -> tuple[int, int, float]:
    steps = times.diff().dt.total_seconds()
    return int(times.isna().sum()), int((steps < 0).sum()), float(steps.std()) if len(steps) > 2 else 0.0
