"""Find the format of the times in a column, and parse them."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
import pandas as pd

from rare_event.read.clocks import Parts, clock_format, date_formats, may_hold, take_apart, to_times

Unit = Literal["D", "s", "ms", "us", "ns"]
# Unit, and the smallest and largest number; the smallest of 1900, where a column is called a time.
_LAST_EPOCH = 2.9e9  # seconds since 1970, in 2061; seconds since 1904 were so many in 1995
EPOCHS: dict[str | None, tuple[Unit, float, float]] = {
    "epoch s": ("s", 1e8, _LAST_EPOCH),
    "epoch ms": ("ms", 1e11, 5e12),
    "epoch us": ("us", 1e14, 5e15),
    "epoch ns": ("ns", 1e17, 5e18),
}
SINCE_1904 = "seconds since 1904"  # as LabVIEW counts
_SECONDS_TO_1970 = 2_082_844_800
SERIAL = "spreadsheet days"  # since 30 December 1899
NUMBERS = frozenset([*EPOCHS, SERIAL, SINCE_1904])
IN_WORDS = {
    "epoch s": "seconds since 1970",
    "epoch ms": "milliseconds since 1970",
    "epoch us": "microseconds since 1970",
    "epoch ns": "nanoseconds since 1970",
    SERIAL: "days since 30 December 1899, as in a spreadsheet",
    SINCE_1904: "seconds since 1904",
}
_SERIALS = (20_000, 80_000)  # 1954 to 2119
_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
# No plant recorded before, and the differences of all times fit into nanoseconds.
YEARS = (pd.Timestamp("1890-01-01"), pd.Timestamp("2150-01-01"))
FIRST_EPOCH = -2.3e9  # seconds, in 1897
# Day and month exchanged move a date by four weeks or more: days of fewer rows lie between no two rows.
_EXCHANGED = 20 * 86400.0  # seconds
CLEARER = 0.5  # an order of day and month is evident if its steps are at most this share of the other's
_DAY_POINT = re.compile(r"%d\.")  # nobody writes the month first with points
TIME_WORDS = frozenset(
    ["time", "timestamp", "date", "datetime", "ts", "epoch", "zeit", "datum", "zeitpunkt", "zeitstempel"]
    + ["uhrzeit", "fecha", "hora", "heure", "horodatage", "tijd"]
)
_MORE_WORDS = frozenset(["utc", "local", "of", "day", "stamp", "s", "sec", "ms", "min", "h", "in", "seconds"])


def called_time(name: str) -> bool:
    """Whether a column is named like a time, for example "Date" or "time_utc"."""
    return bool(set(re.split(r"[^a-z0-9]+", name.casefold())) & TIME_WORDS)


def is_called_time(name: str) -> bool:
    """Whether the whole name of a column says time, as "Time [s]" does and "cycle_time" does not."""
    words = set(re.split(r"[^a-z0-9]+", re.sub(r"[\[(].*?[\])]", "", name.casefold()))) - {""}
    return bool(words & TIME_WORDS) and words <= TIME_WORDS | _MORE_WORDS


def time_formats(column: pd.Series) -> list[str | None]:
    """Find the formats in which a column reads as times, the best first; none if it holds no times.

    Parameters
    ----------
    column
        Texts, numbers or datetimes, shape (n_rows,).

    Returns
    -------
    list
        `strptime` formats, one of `NUMBERS`, or None for datetimes and ISO 8601. If day and month are
        ambiguous, the order in which time runs backwards least often comes first, then the one with the
        smallest spread of steps.
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        return [None]
    filled = column.dropna()
    if filled.empty:
        return []
    if pd.api.types.is_numeric_dtype(column):
        return _formats_of_numbers(filled, called=is_called_time(str(column.name)))
    sample = take_apart(filled.iloc[:: max(1, len(filled) // 1000)])
    if (sample.codes >= 0).mean() < 0.9:
        return []
    candidates = date_formats(sample.dates)
    if candidates and _DAY_POINT.match(candidates[0]) and not np.isnat(to_times(sample, candidates[0])).any():
        candidates = candidates[:1]
    parts = take_apart(filled) if len(candidates) > 1 else sample
    fitting = {}
    for date_format in candidates:
        times = to_times(parts, date_format)
        if np.isnat(times).mean() <= 0.1:
            fitting[date_format] = _disorder(times)
    if not fitting and candidates and order_change(column, candidates[0]) is not None:
        fitting = {date_format: _disorder(to_times(parts, date_format)) for date_format in candidates[:2]}
    best = sorted(fitting, key=lambda date_format: _rank(date_format, fitting[date_format]))
    found: list[str | None] = [date_format + clock_format(parts) for date_format in best]
    return [None, *found] if found and _is_iso(best[0], parts) else found


def open_formats(column: pd.Series, formats: list[str | None]) -> list[str]:
    """Return formats between which nothing in a column decides: no day above 12, steps as even in each.

    Both orders of day and month are returned where the column changes from one to the other.

    Parameters
    ----------
    column
        Texts, numbers or datetimes, shape (n_rows,).
    formats
        As returned by `time_formats`.
    """
    if formats and order_change(column, formats[0]) is not None:
        return [str(formats[0]), _exchanged(str(formats[0]))]
    texts = [text for text in formats if text is not None and "%d" in text]
    if len(texts) < 2 or formats[0] is None or _DAY_POINT.match(texts[0]):
        return []
    parts = take_apart(column)
    ranks = {text: _disorder(to_times(parts, _date_of(text))) for text in texts}
    unread, backwards, spread = ranks[texts[0]]
    return [
        text
        for text, (other_unread, other_backwards, other_spread) in ranks.items()
        if other_unread == unread
        and CLEARER * other_backwards <= backwards
        and CLEARER * other_spread <= spread
    ]


def order_change(column: pd.Series, time_format: str | None) -> int | None:
    """Return the row from which day and month change places; None where one order explains all times.

    Parameters
    ----------
    column
        Texts, numbers or datetimes, shape (n_rows,).
    time_format
        A format of the column with one of the two orders; others have none.
    """
    if not re.match(r"%[dm][-/ ]%[dm]", time_format or ""):
        return None
    parts = take_apart(column)
    one = to_times(parts, _date_of(str(time_format)))
    other = to_times(parts, _date_of(_exchanged(str(time_format))))
    rows = np.flatnonzero(~(np.isnat(one) & np.isnat(other)))
    seconds = [np.where(np.isnat(t), np.nan, t.astype(np.int64) / 1e9)[rows] for t in (one, other)]
    if any(_explains(times) for times in seconds):
        return None
    one, other = seconds
    pairs = [(one, other), (other, one), (-one, -other), (-other, -one)]  # the newest row may come first
    found = next((row for row in (_change(*pair) for pair in pairs) if row is not None), None)
    return None if found is None else int(rows[found])


def parse_times(column: pd.Series, time_format: str | None) -> pd.Series:
    """Parse a column as times; zones are converted to UTC, unreadable times become NaT.

    Parameters
    ----------
    column
        Texts, numbers or datetimes, shape (n_rows,).
    time_format
        As returned by `time_formats`. A text with the date alone is midnight, a second 60 the next one.

    Returns
    -------
    Series of datetime64[ns], shape (n_rows,)
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        times = pd.to_datetime(column, utc=True)
    elif pd.api.types.is_numeric_dtype(column) or time_format in NUMBERS:
        times = _from_numbers(column, time_format)
    elif time_format is None:
        texts = column.astype("str").str.strip()
        times = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
    elif "%H" in time_format and not re.match(r"%[adAmyYbB]", time_format):
        texts = column.astype("str").str.strip()
        times = pd.to_datetime(texts, format=time_format, errors="coerce", utc=True)
    else:
        times = _from_texts(column, time_format).dt.tz_localize("UTC")
    times = times.dt.tz_localize(None)
    times = times.where(times.between(*YEARS)).astype("datetime64[ns]")
    if time_format is None and pd.api.types.is_string_dtype(column):
        rest = times.isna() & column.notna()
        times = times.fillna(_from_texts(column[rest], "%Y-%m-%d")) if rest.any() else times
    return times


def times_of(frame: pd.DataFrame) -> dict[str, list[str | None]]:
    """Columns that are read as times, with their formats; the best candidate first."""
    found: dict[str, list[str | None]] = {}
    rank: dict[str, tuple[bool, bool]] = {}
    for position, (name, column) in enumerate(frame.items()):
        called = called_time(str(name))
        numeric = pd.api.types.is_numeric_dtype(column)
        if numeric and not called and (position > 0 or not column.is_monotonic_increasing):
            continue
        if formats := time_formats(column):
            found[str(name)] = formats
            # A date alone says less than any column that also has the time of day.
            rank[str(name)] = (not has_clock(column), not called)
    best = sorted(found, key=lambda name: rank[name])
    return {column: found[column] for column in best}


def has_clock(column: pd.Series) -> bool:
    """Whether the times of a column have a time of day, if they are texts of dates."""
    if not pd.api.types.is_string_dtype(column):
        return not pd.api.types.is_numeric_dtype(column)
    return bool(take_apart(column.iloc[:50]).clocked.any())


def zones(column: pd.Series) -> pd.Series | None:
    """Zone of each time as written, missing where there is none; None if the times are not texts."""
    if not pd.api.types.is_string_dtype(column):
        return None
    if not may_hold(column, r":[0-9][0-9].*[A-Za-z+-]"):
        return pd.Series(None, column.index, dtype="str")
    parts = take_apart(column)
    found = np.array([zone or None for zone in parts.zones], dtype=object)[parts.zone_codes]
    return pd.Series(found, column.index, dtype="str")


def has_zone(column: pd.Series, time_format: str | None) -> bool:
    """Whether times are UTC once they are read: written with a zone, or counted since 1970."""
    if time_format in EPOCHS:
        return True
    written = zones(column)
    return isinstance(column.dtype, pd.DatetimeTZDtype) or (
        written is not None and bool(written.notna().any())
    )


def first_unread(column: pd.Series) -> int:
    """Row of the first text that is no time; of the first text where each alone is one."""
    written = column.notna().to_numpy()
    unread = written & (take_apart(column).codes < 0)
    return int(np.flatnonzero(unread if unread.any() else written)[0])


def _exchanged(time_format: str) -> str:
    """Return a format with day and month in each other's place."""
    return time_format.translate(str.maketrans("dm", "md"))


def _explains(times: np.ndarray) -> bool:
    """Whether seconds rise or fall through all rows, without a step that exchanged days would give."""
    steps = np.diff(times)
    one_way = (steps >= 0).all() or (steps <= 0).all()  # NaN is neither
    return bool(one_way and (np.abs(steps) < _EXCHANGED).all())


def _change(first: np.ndarray, then: np.ndarray) -> int | None:
    """Row from which `then` continues the seconds of `first`, both rising; None if there is none."""
    early = np.logical_and.accumulate(np.append(True, np.diff(first) >= 0))
    late = np.logical_and.accumulate(np.append(True, np.diff(then)[::-1] >= 0))[::-1]
    at = np.flatnonzero(early[1:-2] & late[2:-1] & (first != then)[2:-1]) + 2
    jumps = then[at] - first[at - 1]
    if not (jumps > 0).any():
        return None
    row = int(at[np.argmin(np.where(jumps > 0, jumps, np.inf))])
    steps = np.diff(np.append(first[:row], then[row:]))
    usual = float(np.median(steps[steps > 0]))
    # One order that rises has a gap there: only the very next time is evidence against it.
    gap = any((np.diff(times) >= 0).all() for times in (first, then))
    near = steps[row - 1] <= (2 * usual if gap else max(10 * usual, 86400.0))
    better = _span(first[:row]) <= _span(then[:row]) and _span(then[row:]) <= _span(first[row:])
    return row if near and better else None


def _span(times: np.ndarray) -> float:
    """Sum of the lengths of all steps; infinite if a time cannot be read."""
    return float(np.inf) if np.isnan(times).any() else float(np.abs(np.diff(times)).sum())


def _date_of(time_format: str) -> str:
    """Return the format of the date in a format of a time."""
    return re.split(r"(?:T|,? +|:)?%[HI]", re.sub(r"^%[aA],? ?", "", time_format))[0]


def _from_texts(column: pd.Series, time_format: str) -> pd.Series:
    parts = take_apart(column)
    times = to_times(parts, _date_of(time_format))
    halves = {"half", " half"} & parts.marks
    if ("%p" in time_format) != bool(halves) and (halves or "%I" in time_format):
        times = np.full(len(times), np.datetime64("NaT", "ns"))
    return pd.Series(times, column.index)


def _from_numbers(column: pd.Series, time_format: str | None) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    if time_format == SERIAL:
        seconds = (numbers - 25569) * 86400
        whole = seconds.round()
        # Six decimals of a day are 0.09 seconds.
        exact = whole if (seconds - whole).abs().max() < 0.1 else seconds.round(3)
        return pd.to_datetime(exact, unit="s", errors="coerce", utc=True)
    if time_format == SINCE_1904:
        numbers, time_format = numbers - _SECONDS_TO_1970, "epoch s"
    if time_format in EPOCHS:
        return pd.to_datetime(numbers, unit=EPOCHS[time_format][0], errors="coerce", utc=True)
    if time_format is None:  # pandas would take 1999 for a year
        return pd.Series(pd.NaT, column.index, dtype="datetime64[ns, UTC]")
    texts = numbers.map("{:.0f}".format, na_action="ignore").astype("str")
    return pd.to_datetime(texts, format=time_format, errors="coerce", utc=True)


def _formats_of_numbers(filled: pd.Series, *, called: bool) -> list[str | None]:
    low, high = float(filled.min()), float(filled.max())
    if called and low > 0 and (filled == filled.round()).all():
        size = {len(f"{value:.0f}") for value in (low, high)}
        compact = _COMPACT.get(size.pop()) if len(size) == 1 else None
        if compact and low >= 19 * 10 ** (len(f"{low:.0f}") - 2):
            sample = filled.iloc[:: max(1, len(filled) // 1000)]
            if _from_numbers(sample, compact).notna().all():
                return [compact]
    for name, (_, least, most) in EPOCHS.items():
        scale = least / 1e8
        before = called and FIRST_EPOCH * scale <= low < 0 and max(-low, high) >= least
        if (least <= low or before) and high <= most:
            return [name]
    if called and low > _LAST_EPOCH and high <= _LAST_EPOCH + _SECONDS_TO_1970:
        return [SINCE_1904]
    return [SERIAL] if called and _SERIALS[0] <= low and high <= _SERIALS[1] else []


def _is_iso(date_format: str, parts: Parts) -> bool:
    """Whether pandas reads the times as ISO 8601."""
    if date_format not in ("%Y-%m-%d", "%Y/%m/%d"):
        return False
    offsets = all(re.fullmatch(r"|Z|[+-]\d\d:?(\d\d)?", zone) for zone in parts.zones)
    return offsets and not parts.marks & {",", "half", " half", "gap:", "gap,"}


def _rank(date_format: str, disorder: tuple[int, int, float]) -> tuple[float, ...]:
    return disorder[:1] if re.match(r"%[dm]\.", date_format) else disorder


def _disorder(times: np.ndarray) -> tuple[int, int, float]:
    """Count times that cannot be read and steps backwards, with the spread of the steps in seconds."""
    steps = np.diff(times[~np.isnat(times)].astype(np.int64).astype(np.float64)) / 1e9
    return int(np.isnat(times).sum()), int((steps < 0).sum()), float(steps.std()) if len(steps) > 1 else 0.0
