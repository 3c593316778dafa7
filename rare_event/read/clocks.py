"""Texts of times, taken apart: the date, the time of day and the zone, each read once for all its rows.

dateparser 1.5 takes "09.01.2023" for 1 September without a word, and reads 800 such times a second; pandas
3.1 needs four times as long with a format, and guesses between day and month. So the distinct parts are
read, by pandas.
"""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rare_event.read.kinds import kind_of

SECOND = 10**9
DAY = 86400 * SECOND

# Beginnings of the names in English, German, French, Spanish, Italian, Dutch and Portuguese.
_MONTHS = (
    "jan jän gen ene", "feb fev fév", "mar mär mrz maa mrt", "apr abr avr", "may mai mag mei maj",
    "jun jui juin giu", "jul juil lug", "aug ago aoû aou", "sep set", "oct okt ott out", "nov",
    "dec dez déc dic",
)  # fmt: skip
_STARTS = {start: month for month, starts in enumerate(_MONTHS, start=1) for start in starts.split()}
_HOURS = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2,
    "EEST": 3, "MSK": 3, "JST": 9, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7,
}  # fmt: skip

_WORD = "[A-Za-z\u00c0-\u017f]"
_NAMED = (
    rf"[0-9]{{1,2}}[-/. ]{{1,2}}{_WORD}{{3,10}}[-/.]?[-/. ][0-9]{{2,4}}"
    rf"|{_WORD}{{3,10}}[. ]{{1,2}}[0-9]{{1,2}},? [0-9]{{4}}"
)
_DATE = rf"^(?:[0-9]{{1,4}}[-/.][0-9]{{1,2}}[-/.][0-9]{{1,4}}|[0-9]{{8}}|{_NAMED})$"
_CLOCK = r"(?P<clock>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)"
_FRACTION = r"(?P<fraction>(?:[.,][0-9]{1,9})?)"
_ZONE = (
    r" ?(?P<half>(?:[AaPp]\.?[Mm]\.?)?)"
    r" ?(?P<zone>(?:Z|[+-][0-9]{2}:?(?:[0-9]{2})?|[A-Za-z][A-Za-z_]*(?:/[A-Za-z_/]+)?)?)"
)
# Other ways to write a time, and how each is written here.
_REWRITTEN = (
    (rf"^{_WORD}{{2,10}}[.,]{{0,2}} ([0-9]{{1,2}}[-/. ]+{_WORD}{{3}}|[0-9]{{1,4}}[-/.][0-9])", r"\1"),
    (
        rf"^{_WORD}{{3}} ({_WORD}{{3}}) +([0-9]{{1,2}}) ([0-9:.]+)( [A-Z]{{3,4}})? ([0-9]{{4}})$",
        r"\1 \2, \5 \3\4",
    ),
    (r"^([0-9]{8})[T_ -]([0-9]{2})([0-9]{2})([0-9]{2})", r"\1 \2:\3:\4"),
    (r"^([0-9]\S{5,}[ T])([0-9]{1,2})[.h]([0-9]{2})\b", r"\1\2:\3"),
    (r"^([0-9]\S{5,}[ T][0-9]{1,2}:[0-9]{2})\.([0-9]{2})\b", r"\1:\2"),
    (r"([0-9]:[0-9]{2}:[0-9]{2}):([0-9]{3,9})", r"\1.\2"),
)
_PART = rf"^{_CLOCK}{_ZONE}$"
_TEXT = rf"^(?P<date>{_DATE[1:-1]})(?:(?P<gap>T|,? +|:){_CLOCK}{_FRACTION}{_ZONE})?$"
_ALONE = rf"^{_CLOCK}{_FRACTION}{_ZONE}$"


@dataclass(frozen=True, eq=False)
class Parts:
    """The texts of a column of times, taken apart.

    Parameters
    ----------
    dates
        Distinct texts of dates.
    codes
        Position of each row's date in `dates`, -1 where a text is no time; shape (n_rows,).
    clock
        Nanoseconds since midnight, shape (n_rows,).
    clocked
        Whether a row has a time of day, shape (n_rows,).
    leap
        Whether a row's time has 60 seconds, shape (n_rows,).
    zones, zone_codes
        Distinct zones, and the position of each row's in them; shape (n_rows,).
    marks
        Which of "seconds", ".", ",", "half", " half" and "zone" occur, and the gap before the time of day.
    """

    dates: list[str]
    codes: np.ndarray
    clock: np.ndarray
    clocked: np.ndarray
    leap: np.ndarray
    zones: list[str]
    zone_codes: np.ndarray
    marks: frozenset[str]


def take_apart(column: pd.Series) -> Parts:
    """Take the texts of a column of times apart."""
    cells = pc.utf8_trim_whitespace(_whole(column))
    date, rest, fraction = _pieces(cells)
    dates, codes = _distinct(date)
    rests, rest_codes = _distinct(rest)
    found = [re.fullmatch(_PART, text) for text in rests]
    seconds = np.array([_seconds(part) for part in found] + [0], dtype=np.int64)
    zones = list(dict.fromkeys(part["zone"] if part else "" for part in found)) or [""]
    zone_codes = np.array([zones.index(part["zone"] if part else "") for part in found] + [0])[rest_codes]
    fitting = np.array([bool(re.fullmatch(_DATE, text)) for text in dates] + [False])[codes]
    clock, clocked = seconds[rest_codes], rest_codes >= 0
    leaps = [part is not None and part["clock"].endswith(":60") for part in found]
    digits = pc.fill_null(pc.utf8_rpad(fraction, 9, "0").cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    codes = np.where(fitting & (clock >= 0), codes, -1)
    marks = _marks(cells, [part for part in found if part], fraction)
    leap = np.array([*leaps, False])[rest_codes]
    return Parts(dates, codes, clock * SECOND + digits, clocked, leap, zones, zone_codes, marks)


def _whole(column: pd.Series) -> pa.Array:
    """Return a column of texts in one piece, times rewritten if the first is written in another way."""
    cells = pa.array(column.astype("str"), type=pa.string(), from_pandas=True)
    cells = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
    first = next((cell.as_py().strip() for cell in cells[:1000] if cell.is_valid), "")
    if kind_of(first) == "time" and not (re.fullmatch(_TEXT, first) or re.fullmatch(_ALONE, first)):
        cells = pc.utf8_trim_whitespace(cells)
        for pattern, written in _REWRITTEN:
            cells = pc.replace_substring_regex(cells, pattern, written)
    return cells


def _pieces(cells: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Date, time of day with zone, and digits of the fraction of each cell, null where there are none."""
    found = (re.fullmatch(_TEXT, cell or "") for cell in cells[:1000].to_pylist())
    first = next((match for match in found if match and match["clock"]), None)
    gap = first["gap"] if first else None
    if first is None or not gap or gap[0] in first["date"]:
        return _by_pattern(cells)
    date, rest = _split(cells, gap)
    fraction = pa.nulls(len(cells), pa.string())
    if first["fraction"] and not first["half"] and not first["zone"]:
        rest, fraction = _split(rest, first["fraction"][0])
    # Digits, and shapes of dates and clocks, or one cell after the other.
    odd = pc.or_(_unlike(fraction, "^[0-9]{1,9}$"), pc.or_(_unlike(date, _DATE), _unlike(rest, _PART)))
    rows = np.flatnonzero(odd.to_numpy(zero_copy_only=False))
    if not len(rows):
        return date, rest, fraction
    pieces = _by_pattern(cells.take(pa.array(rows)))
    mask = pa.array(odd)
    columns = zip((date, rest, fraction), pieces, strict=True)
    date, rest, fraction = (pc.replace_with_mask(whole, mask, piece) for whole, piece in columns)
    return date, rest, fraction


def _unlike(texts: pa.Array, pattern: str) -> pa.Array:
    """Which texts do not match; of equal texts one is looked at."""
    found = texts.dictionary_encode()
    words = pc.match_substring_regex(found.dictionary, pattern)
    return pc.fill_null(pc.invert(words.take(found.indices)), False)


def _split(cells: pa.Array, mark: str) -> tuple[pa.Array, pa.Array]:
    """Split texts at the first `mark`; the second part is null where there is none."""
    lists = pc.split_pattern(cells, mark, max_splits=1)
    starts = lists.offsets.to_numpy()[:-1].astype(np.int64)
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    first = lists.values.take(pa.array(starts, mask=lengths < 1))
    return first, lists.values.take(pa.array(starts + 1, mask=lengths < 2))


def _by_pattern(cells: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """As `_pieces`, one cell after the other."""
    found = [re.fullmatch(_TEXT, cell or "") for cell in cells.to_pylist()]
    rests = [f"{m['clock']}{m['half']}{m['zone']}" if m and m["clock"] else None for m in found]
    dates = [m["date"] if m else None for m in found]
    fractions = [m["fraction"][1:] if m and m["fraction"] else None for m in found]
    date, rest, fraction = (pa.array(column, type=pa.string()) for column in (dates, rests, fractions))
    return date, rest, fraction


def _distinct(texts: pa.Array) -> tuple[list[str], np.ndarray]:
    """Distinct texts, and the position of each row's in them; -1 for null."""
    found = texts.dictionary_encode()
    return found.dictionary.to_pylist(), pc.fill_null(found.indices, -1).to_numpy(zero_copy_only=False)


def _seconds(part: re.Match[str] | None) -> int:
    """Seconds since midnight; -1 for no time of day."""
    if part is None:
        return -1
    hours, minutes, seconds = (int(number) for number in [*part["clock"].split(":"), "0"][:3])
    half = part["half"][:1].casefold()
    last = hours == 24 and not minutes and not seconds
    if minutes > 59 or seconds > 60 or (hours > 23 and not last) or (half and not 1 <= hours <= 12):
        return -1
    hours = hours % 12 + 12 * (half == "p") if half else hours
    return 3600 * hours + 60 * minutes + seconds


def _marks(cells: pa.Array, found: list[re.Match[str]], fraction: pa.Array) -> frozenset[str]:
    marks = {"seconds"} if any(part["clock"].count(":") == 2 for part in found) else set()
    whole = [m for cell in cells[:1000].to_pylist() if (m := re.fullmatch(_TEXT, cell or "")) and m["clock"]]
    marks |= {f"gap{whole[0]['gap']}"} if whole else set()
    if fraction.null_count < len(fraction):
        marks.add(next((m["fraction"][0] for m in whole if m["fraction"]), "."))
    if any(part["half"] for part in found):
        marks.add(" half" if whole and re.search(r"\s[AaPp]\.?[Mm]", whole[0][0]) else "half")
    return frozenset(marks | ({"zone"} if any(part["zone"] for part in found) else set()))


def clock_format(parts: Parts) -> str:
    """`strptime` format of the time of day and zone, with the gap before it; empty for dates alone."""
    marks = parts.marks
    if not parts.clocked.any():
        return ""
    half = next((" %p" if mark[0] == " " else "%p" for mark in marks if mark.endswith("half")), "")
    text = next((mark[3:] for mark in marks if mark.startswith("gap")), " ") + ("%I:%M" if half else "%H:%M")
    text += ":%S" if "seconds" in marks else ""
    text += next((f"{mark}%f" for mark in ".," if mark in marks), "") + half
    if "zone" in marks:
        offset = all(re.match(r"Z|[+-]|$", zone) for zone in parts.zones)
        text += "%z" if offset else " %Z"
    return text


def date_formats(dates: list[str]) -> list[str]:
    """`strptime` formats of dates, for each first date that is written in another way."""
    found: dict[str, None] = {}
    for date in dates[:20]:
        found |= dict.fromkeys(_formats_of(date))
    return list(found)


def _formats_of(date: str) -> list[str]:
    if date.isdigit():
        return ["%Y%m%d"]
    if named := re.fullmatch(r"(\d{1,2})([-/. ]{1,2})([^\W\d]{3,10})([-/. ]{1,2})(\d{2,4})", date):
        year = "%Y" if len(named[5]) == 4 else "%y"
        return [f"%d{named[2]}%b{named[4].replace('. ', ' ')}{year}"] if len(named[5]) != 3 else []
    if re.fullmatch(r"[^\W\d]{3,10}[. ]{1,2}\d{1,2},? \d{4}", date):
        return [f"%b %d{',' if ',' in date else ''} %Y"]
    first, sign, _, _, last = re.split(r"([-/.])", date)
    if len(first) == 4:
        return [f"%Y{sign}%m{sign}%d"]
    year = {2: "%y", 4: "%Y"}.get(len(last), "")
    orders = [f"%d{sign}%m{sign}{year}", f"%m{sign}%d{sign}{year}"] if year else []
    orders = orders[::-1] if sign == "/" else orders
    # Nobody writes the month first with points, or a year of two digits first.
    return orders + ([f"%y{sign}%m{sign}%d"] if sign != "." and len(first) == len(last) == 2 else [])


def read_dates(dates: list[str], date_format: str) -> np.ndarray:
    """Read distinct dates, as days since 1970; the smallest integer where one does not fit."""
    texts = pd.Series(dates, dtype="str")
    if "%b" in date_format or "%B" in date_format:
        date_format = re.sub(r"[^\w%]+", " ", date_format.replace("%B", "%b")).replace("%b", "%m")
        texts = texts.map(_with_month_number).astype("str")
    width = {"%Y": r"\d{4}", "%y": r"\d{2}", "%m": r"\d{1,2}", "%d": r"\d{1,2}"}
    if date_format == "%Y%m%d":
        width |= {"%m": r"\d\d", "%d": r"\d\d"}
    pattern = re.sub(r"%[YymdB]", lambda m: width[m[0]], re.escape(date_format).replace(r"\%", "%"))
    texts = texts.where(texts.str.fullmatch(pattern, na=False))
    times = pd.to_datetime(texts, format=date_format, errors="coerce").to_numpy().astype("datetime64[D]")
    return times.astype(np.int64)


def _with_month_number(date: str) -> str:
    """Write the name of a month as its number, and the other signs as single blanks."""
    name = re.search(r"[^\W\d]+", date)
    key = name[0].casefold() if name else ""
    number = next((_STARTS[key[:size]] for size in (4, 3) if key[:size] in _STARTS), 0)
    return re.sub(r"\W+", " ", date.replace(name[0] if name else "", str(number), 1)).strip()


def to_times(parts: Parts, date_format: str) -> np.ndarray:
    """Join dates and times of day, in UTC where a zone is written; NaT where one cannot be read."""
    days = read_dates(parts.dates, date_format)
    days = np.append(days, np.iinfo(np.int64).min)[parts.codes]
    near = np.abs(days.astype(np.float64)) < 106_000  # 290 years: beyond, nanoseconds overflow
    times: np.ndarray = (np.where(near, days, 0) * DAY + parts.clock).astype("datetime64[ns]")
    times[~near] = np.datetime64("NaT")
    for code, zone in enumerate(parts.zones):
        if zone:
            rows = parts.zone_codes == code
            times[rows] = _in_utc(times[rows], zone)
    return times


def _in_utc(times: np.ndarray, zone: str) -> np.ndarray:
    """Convert local times to UTC; NaT for an unknown zone, or an hour that comes twice in no order."""
    if zone.upper() in _HOURS:
        return times - np.timedelta64(_HOURS[zone.upper()], "h")
    if offset := re.fullmatch(r"([+-])(\d\d):?(\d\d)?", zone):
        minutes = 60 * int(offset[2]) + int(offset[3] or 0)
        return times - np.timedelta64(-minutes if offset[1] == "-" else minutes, "m")
    try:
        place = zoneinfo.ZoneInfo(zone)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return np.full(len(times), "NaT", dtype="datetime64[ns]")
    local = pd.DatetimeIndex(times)
    try:
        found = local.tz_localize(place, ambiguous="infer", nonexistent="NaT")
    except ValueError:
        found = local.tz_localize(place, ambiguous="NaT", nonexistent="NaT")
    return found.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[ns]")


def may_hold(column: pd.Series, pattern: str) -> bool:
    """Whether some text of a column holds a pattern."""
    return bool(pc.any(pc.match_substring_regex(_whole(column), pattern)).as_py())


def is_even(column: pd.Series) -> bool:
    """Whether all texts of a column are equally long, and none has 60 seconds."""
    lengths = pc.min_max(pc.utf8_length(_whole(column))).as_py()
    return lengths["min"] == lengths["max"] and not may_hold(column, ":60")


def clocks_alone(column: pd.Series) -> bool:
    """Whether the texts of a column are times of day without a date."""
    return _all_match(column, _ALONE)


def dates_alone(column: pd.Series) -> bool:
    """Whether the texts of a column are dates without a time of day."""
    return _all_match(column, _DATE)


def _all_match(column: pd.Series, pattern: str) -> bool:
    filled = column.iloc[:: max(1, len(column) // 1000)].dropna()
    hits = pc.match_substring_regex(pc.utf8_trim_whitespace(_whole(filled)), pattern)
    return bool(len(filled)) and float(pc.mean(hits.cast(pa.int8())).as_py()) >= 0.9
