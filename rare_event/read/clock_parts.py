"""Times in several columns of numbers: year, month, day and so on apart, or 20230119 and 060000."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from rare_event.read.times import YEARS, called_time, is_called_time, time_formats

_PARTS = (  # names in English, German, French, Spanish, Italian and Dutch, and the range
    ("year yyyy yr jahr année annee año ano anno jaar", YEARS[0].year, YEARS[1].year),
    ("month mon monat mois mes mese maand", 1, 12),
    ("day tag jour día dia giorno dag", 1, 31),
    ("hour hours hr hh stunde heure hora ora uur", 0, 23),
    ("minute minutes min mins minuto minuut", 0, 59),
    ("second seconds sec secs sek sekunde seconde segundo secondo", 0, 59),
)
_SIGNS = ("", "-", "-", " ", ":", ":")


def clock_parts(frame: pd.DataFrame, said: tuple[str, ...]) -> tuple[tuple[str, ...], pd.Series] | None:
    """Find the columns of numbers that are one time together, and that time as texts.

    Parameters
    ----------
    frame
        Columns of a file.
    said
        The columns that the analyst names; none finds them out.
    """
    numbers = [c for c in frame.columns if pd.api.types.is_numeric_dtype(frame[c]) and frame[c].notna().any()]
    if said:
        numbers = [c for c in numbers if c in said]
    return _calendar(frame, numbers) or _compact(frame, numbers)


def _calendar(frame: pd.DataFrame, numbers: list[str]) -> tuple[tuple[str, ...], pd.Series] | None:
    names: list[str] = []
    text = pd.Series("", frame.index, dtype="str")
    for (words, least, most), sign in zip(_PARTS, _SIGNS, strict=True):
        name = next(
            (c for c in numbers if _plain(c) in words.split() and _within(frame[c], least, most)), None
        )
        if name is None:
            break
        names.append(name)
        text = text + sign + _digits(frame[name], 4 if len(names) == 1 else 2)
    if len(names) == 4:  # an hour alone is no time of day to the reader of times
        text = text + ":00"
    return (tuple(names), text) if len(names) >= 3 else None


def _compact(frame: pd.DataFrame, numbers: list[str]) -> tuple[tuple[str, ...], pd.Series] | None:
    """Join a column such as 20230119 and one such as 60000 for six o'clock."""
    dates = [c for c in numbers if called_time(c) and time_formats(frame[c]) == ["%Y%m%d"]]
    clocks = [c for c in numbers if dates and c not in dates and is_called_time(c) and _is_clock(frame[c])]
    if not clocks:
        return None
    date, clock = _digits(frame[dates[0]], 8), _digits(frame[clocks[0]], 6)
    date = date.str.replace(r"(....)(..)(..)", r"\1-\2-\3", regex=True)
    clock = clock.str.replace(r"(..)(..)(..)", r"\1:\2:\3", regex=True)
    return (dates[0], clocks[0]), date + " " + clock


def _plain(name: str) -> str:
    return re.sub(r"[\[(].*?[\])]", "", name.casefold()).strip(" _.:")


def _within(column: pd.Series, least: int, most: int) -> bool:
    filled = column.dropna()
    return bool(((filled >= least) & (filled <= most) & (filled == filled.round())).all())


def _is_clock(column: pd.Series) -> bool:
    """Whether numbers are times of day with seconds; up to 2359 they may be hours and minutes."""
    if not _within(column, 0, 235_959) or column.max() <= 2359:
        return False
    values = column.dropna().to_numpy(dtype=np.int64)
    return bool(((values % 100 < 60) & (values // 100 % 100 < 60)).all())


def _digits(column: pd.Series, width: int) -> pd.Series:
    return column.map(f"{{:0{width}.0f}}".format, na_action="ignore").astype("str")
