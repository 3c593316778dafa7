"""Random tables in random dialects, and whether reading gives what was written."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from rare_event.errors import TableError
from rare_event.read.raw import read_raw
from rare_event.read.table import RawTable
from rare_event.read.times import parse_times

TIMES = (
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%y %H:%M"]
    + ["%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%y %I:%M:%S %p", "%d-%m-%Y %H:%M", "%d-%b-%y %H:%M:%S"]
    + ["%d %b %Y %H:%M", "%Y/%m/%d %H:%M:%S", "%y-%m-%d %H:%M", "%Y%m%d %H:%M:%S", "epoch s", "epoch ms"]
)
STEPS = ["1s", "10s", "2min", "15min", "1h", "6h", "1D", "7D"]
MISSING = ["", "NaN", "Bad", "No Data", "#N/A", "-", "I/O Timeout", "[-11059] No Good Data For Calculation"]
UNITS = [" °C", " bar", "%", " mm/s", "kW"]


@dataclass
class Written:
    """A file, and what was written into it: numbers or NaN, texts, and the times."""

    data: bytes
    numbers: dict[str, list[float]] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    cells: dict[str, list[str]] = field(default_factory=dict)
    time: list[pd.Timestamp] = field(default_factory=list)

    def parts(self) -> tuple[dict[str, list[Any]], ...]:
        return self.numbers, self.texts, self.cells


def write_table(rng: random.Random) -> Written:
    """Write a random table in a random dialect."""
    rows = rng.randint(3, 60) if rng.random() < 0.9 else rng.randint(100, 300)
    written = Written(b"")
    separator = rng.choice([",", ",", ";", ";", "\t", "|"])
    decimal = rng.choice([".", ","])
    thousands = rng.choice(["", "", *(sign for sign in ".,'\u2019 \u00a0\u202f" if sign != decimal)])
    columns: dict[str, list[str]] = {}
    if rng.random() < 0.8:
        columns["time"] = times(rng, rows, written)
    columns["y"] = [str(int(rng.random() < 0.2)) for _ in range(rows)]
    for position in range(rng.randint(1, 5)):
        name = f"{rng.choice(['T', 'Druck', 'flow'])}{position}"
        columns[name] = numbers(rng, rows, decimal, thousands, name, written)
    if rng.random() < 0.3:
        columns["grade"] = written.texts["grade"] = [rng.choice(["AA", "B", "C extra"]) for _ in range(rows)]
    written.cells = columns
    return lay_out(rng, columns, separator, written)


def times(rng: random.Random, rows: int, written: Written) -> list[str]:
    time_format, step = rng.choice(TIMES), pd.Timedelta(rng.choice(STEPS))
    start = pd.Timestamp("1990-01-01") + pd.Timedelta(rng.randint(0, 40 * 365 * 24 * 60), "min")
    unit = "s" if "%S" in time_format or "epoch" in time_format else "min"
    written.time = [(start + i * step).floor(unit) for i in range(rows)]
    if "epoch" in time_format:
        size = 1000 if "ms" in time_format else 1
        return [str(int(time.timestamp()) * size) for time in written.time]
    return [time.strftime(time_format) for time in written.time]


def numbers(
    rng: random.Random, rows: int, decimal: str, thousands: str, name: str, written: Written
) -> list[str]:
    places, scale = rng.choice([0, 0, 1, 2, 3, 3, 4]), 10 ** rng.choice([0, 1, 2, 3, 4, 6])
    keep, missing = rng.random() < 0.6, rng.choice(["", rng.choice(MISSING)])
    share = rng.choice([0, 0, 0.1])
    unit = rng.choice(UNITS) if rng.random() < 0.1 else ""
    minus = rng.choice(["-", "-", "-", "\u2212", "'-"])
    values, cells = [], []
    for _ in range(rows):
        if rng.random() < share:
            values.append(np.nan)
            cells.append(missing)
            continue
        text = f"{rng.uniform(-0.2 if rng.random() < 0.5 else 0.0, 1) * scale:.{places}f}"
        if places and not keep:
            text = text.rstrip("0").rstrip(".")
        text = "0" if text in ("-0", "") else text
        values.append(float(text))
        whole, _, fraction = text.lstrip("-").partition(".")
        whole = f"{int(whole):,}".replace(",", thousands) if thousands else whole
        cells.append(minus * (text[0] == "-") + whole + (decimal + fraction) * bool(fraction) + unit)
    written.numbers[name] = values
    return cells


def lay_out(rng: random.Random, columns: dict[str, list[str]], separator: str, written: Written) -> Written:
    """Write the lines of the file."""
    always, end = rng.random() < 0.2, rng.choice(["\n", "\r\n"])

    def cell(text: str) -> str:
        return f'"{text}"' if always or separator in text else text

    lines = [separator.join(cell(name) for name in columns)]
    if rng.random() < 0.15:
        units = [
            "" if name in ("time", "y", "grade") else rng.choice(["°C", "bar", "mm/s"]) for name in columns
        ]
        lines.append(separator.join(units))
    lines += [separator.join(cell(text) for text in row) for row in zip(*columns.values(), strict=True)]
    if rng.random() < 0.1:
        lines = ["# Export of line 3", *lines]
    elif separator == ";" and rng.random() < 0.1:
        lines = ["sep=;", *lines]
    # A last cell that is empty and not ended looks like a file that is cut.
    text = end.join(lines) + end * (rng.randint(0, 1) or lines[-1].endswith(separator))
    encodings = ["utf-8", "utf-8", "utf-8-sig", "utf-16"]
    try:
        text.encode("cp1252")
        encodings.append("cp1252")
    except UnicodeEncodeError:
        pass
    written.data = text.encode(rng.choice(encodings))
    return written


def outcome(written: Written) -> str:
    """Read a file; "read", "asked", "refused", "left as text", or a sentence about what is wrong."""
    try:
        raw = read_raw(written.data, name="f")
    except TableError as error:
        return f"refused: {' '.join(str(error).split()[:6])}"
    if raw.questions:
        return "asked"
    rows = len(written.cells["y"])
    if len(raw.frame) == rows - 1 and any("file seems to end" in remark.what for remark in raw.remarks):
        # A last cell that is not ended and shorter than all others may be cut: its line is left out.
        shorter = [{name: values[:-1] for name, values in part.items()} for part in written.parts()]
        written = Written(b"", shorter[0], shorter[1], shorter[2], written.time[:-1])
    elif len(raw.frame) != rows:
        return f"WRONG: {len(raw.frame)} rows instead of {rows}"
    return next((wrong for name in written.cells if (wrong := compare(raw, written, name)) != "read"), "read")


def compare(raw: RawTable, written: Written, name: str) -> str:
    """Compare a column with what was written."""
    # A single unit below the names is joined with them.
    found = next((c for c in raw.frame.columns if c == name or c.startswith(f"{name} ")), None)
    if found is None:
        return "read" if all(not text for text in written.cells[name]) else f"WRONG: no column {name}"
    column = raw.frame[found]
    if name == "time":
        if raw.reading.time != ("time",):
            return "left as text"
        times = parse_times(column, raw.reading.time_format).tolist()
        return "read" if times == written.time else f"WRONG: {written.cells[name][:2]} is {times[:2]}"
    if name in written.texts:
        return "read" if column.tolist() == written.texts[name] else f"WRONG: {name} {column.tolist()[:5]}"
    if not pd.api.types.is_numeric_dtype(column):
        kept = [text or np.nan for text in written.cells[name]]
        same = all(a == b or (pd.isna(a) and pd.isna(b)) for a, b in zip(column, kept, strict=True))
        return "left as text" if same else f"WRONG: {name} {column.tolist()[:5]}"
    expected = written.numbers.get(name, [float(text) for text in written.cells[name]] if name == "y" else [])
    close = np.isclose(column.to_numpy(float), expected, rtol=1e-6, atol=1e-6, equal_nan=True)
    if close.all():
        return "read"
    row = int(np.flatnonzero(~close)[0])
    return f"WRONG: {name} {written.cells[name][row]!r} is {column.iloc[row]} in {written.cells[name][:6]}"


def outcomes(seeds: range) -> tuple[Counter[str], list[str]]:
    """Read a random table for each seed: how often each outcome occurs, and what is wrong."""
    counts: Counter[str] = Counter()
    wrong = []
    for seed in seeds:
        result = outcome(write_table(random.Random(seed)))
        counts[result.partition(":")[0]] += 1
        if result.startswith("WRONG"):
            wrong.append(f"seed {seed}: {result}")
    return counts, wrong
