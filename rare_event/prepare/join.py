"""Several files of one plant, joined in the order of their times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from rare_event.errors import TableError
from rare_event.prepare.corrections import Corrections, joined_time
from rare_event.read.raw import read_each, read_raw
from rare_event.read.source import Files, Source
from rare_event.read.table import LINE, RawTable, Reading, Remark
from rare_event.read.times import first_unread, has_zone, parse_times, time_formats, times_of
from rare_event.read.values import shown, text_of, texts_of
from rare_event.text import plural

# The column of names of files, where each file is one machine.
FILE = "file"
MOST_NAMED = 5
IN_UTC = " All times are converted to UTC."
_WAYS = {"separator": "separator", "decimal": "decimal mark", "thousands": "thousands separator"}
_WAYS |= {"encoding": "encoding", "time_format": "time format"}


def read_files(source: Source | Files, name: str, said: Corrections) -> RawTable:
    """Read a file, or several that are joined.

    Raises
    ------
    TableError
        If a file cannot be read, or they do not fit together.
    """
    if not isinstance(source, Files):
        return read_raw(source, name=name, said=said.reading)
    if len(source.parts) == 1:
        return read_raw(source.parts[0], name=source.names[0], said=said.reading)
    return join_files(read_each(source, said.reading), source.names, said)


@dataclass(frozen=True, eq=False)
class _Part:
    """One file: its columns, and the time of each row."""

    name: str
    frame: pd.DataFrame
    time: np.ndarray

    def line(self, row: int) -> str:
        return f"line {self.frame.index[row]}"

    @property
    def span(self) -> str:
        first, last = (f"{pd.Timestamp(edge):%Y-%m-%d %H:%M}" for edge in (self.time.min(), self.time.max()))
        return f"{self.name} ({first} to {last}, {plural(len(self.time), 'row')})"


def join_files(tables: Sequence[RawTable], names: Sequence[str], said: Corrections) -> RawTable:
    """Join files with the same columns in the order of their times.

    Rows of two files that are the same in every column are kept once. Files that share no hours follow one
    another; the rows of others are mixed by time.

    Parameters
    ----------
    tables
        The columns of each file, with the line of each row as index.
    names
        Of the files.
    said
        What the analyst says. Columns to ignore need not be in every file; if the asset is ``file``, which no
        file has as a column, each file is one machine.

    Returns
    -------
    RawTable
        The index holds the line and the file of each row, as text. Times are datetimes.

    Raises
    ------
    TableError
        If there is no column of times, columns differ, or rows of one time differ.
    """
    by_file = said.assets == FILE and all(FILE not in table.frame for table in tables)
    frames = [
        table.frame.set_axis(pd.Index([f"{line} of {name}" for line in table.frame.index], dtype="str"))
        for table, name in zip(tables, names, strict=True)
    ]
    _require_same_columns(frames, names, said)
    # What is not used need not be in every file.
    unused = [column for column in said.ignore if any(column in frame for frame in frames)]
    frames = [frame.reindex(columns=list(dict.fromkeys([*frame, *unused]))) for frame in frames]
    column = _time_column(frames[0], said)
    times = [_times(frame[column], name, said) for frame, name in zip(frames, names, strict=True)]
    written = [has_zone(f[column], t.reading.time_format) for f, t in zip(frames, tables, strict=True)]
    zoned = _require_zones(written, names, column)
    parts = [
        _Part(name, frame.assign(**{column: time}), time.to_numpy())
        for name, frame, time in zip(names, frames, times, strict=True)
    ]
    parts = sorted((_rising(part) for part in parts), key=lambda part: part.time.min())
    asset = None if by_file else said.assets
    kept, remarks = _without_repeats(parts, column, asset, unused) if not by_file else (parts, [])
    mixed = _mixed([part.frame for part in kept])
    joined = pd.concat([_aligned(part.frame, kept[0].frame, mixed) for part in kept])
    if by_file:
        joined[FILE] = np.repeat([part.name for part in kept], [len(part.time) for part in kept])
    elif asset is None and _overlap(kept):
        _require_rising(kept)
        joined = joined.iloc[np.argsort(joined[column].to_numpy(), kind="stable")]
    about = Remark("note", None, _about(parts, zoned), "files joined", len(parts))
    return replace(_with_findings(joined.rename_axis(LINE), (about, *remarks), tables, names), zoned=zoned)


def _with_findings(
    joined: pd.DataFrame, remarks: Sequence[Remark], tables: Sequence[RawTable], names: Sequence[str]
) -> RawTable:
    """Add what was found in each file, and what each leaves open."""
    own = [
        replace(remark, what=f"{name}: {remark.what}")
        for table, name in zip(tables, names, strict=True)
        for remark in table.remarks
    ]
    unlike = _unlike([table.reading for table in tables], names)
    questions = {(q.about, q.column): q for table in reversed(tables) for q in table.questions}
    written = {name: cells for table in reversed(tables) for name, cells in table.written.items()}
    reading = _shared_reading([table.reading for table in tables])
    return RawTable(joined, reading, (*remarks, *unlike, *own), tuple(questions.values()), written)


def _unlike(readings: Sequence[Reading], names: Sequence[str]) -> list[Remark]:
    """Name the files that are read in another way than the first, and in what."""
    remarks = []
    for reading, name in zip(readings[1:], names[1:], strict=True):
        ways = [word for way, word in _WAYS.items() if getattr(reading, way) != getattr(readings[0], way)]
        if ways:
            listed = " and ".join(filter(None, [", ".join(ways[:-1]), ways[-1]]))
            what = f"{name} differs from {names[0]} in its {listed}; each file is read in its own way."
            remarks.append(Remark("note", None, what, "files joined", len(ways)))
    return remarks


def _time_column(frame: pd.DataFrame, said: Corrections) -> str:
    column = (joined_time(frame, said) or tuple(times_of(frame)) or (None,))[0]
    if column is None or column not in frame:
        raise TableError(
            "The files have no readable time column, so they cannot be put in order. Name the time column, "
            "or join the files by hand."
        )
    return column


def _require_same_columns(frames: Sequence[pd.DataFrame], names: Sequence[str], said: Corrections) -> None:
    """Refuse files whose columns differ, naming those that only some have."""
    first = frames[0].columns
    for frame, name in zip(frames[1:], names[1:], strict=True):
        lacking = [column for column in first if column not in (*frame.columns, *said.ignore)]
        more = [column for column in frame.columns if column not in (*first, *said.ignore)]
        if lacking or more:
            told = [f"lacks {_listed(lacking)}"] if lacking else []
            told += [f"has {_listed(more)}, which {names[0]} lacks"] if more else []
            option = " ".join(["--ignore", *map(shown, [*lacking, *more][:MOST_NAMED])])
            raise TableError(
                f"{name} {' and '.join(told)}. Correct the files, or leave these columns out.",
                f"Leave them out with {option}.",
            )


def _listed(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - MOST_NAMED} more" if len(columns) > MOST_NAMED else ""
    word = "column" if len(columns) == 1 else "columns"
    return f"the {word} {', '.join(shown(column) for column in columns[:MOST_NAMED])}{more}"


def _times(column: pd.Series, name: str, said: Corrections) -> pd.Series:
    """Parse the times of one file in its own format."""
    wanted = said.reading.time_format
    formats = time_formats(column) if wanted is None else [wanted]
    times = parse_times(column, formats[0]) if formats else None
    if times is None or times.isna().any():
        row = _unread_row(column, times)
        found = "is empty" if pd.isna(column.iloc[row]) else f"holds {shown(column.iloc[row])}"
        raise TableError(
            f"The time column {shown(column.name)} {found} in line {column.index[row]}, where a time is "
            "expected. Correct the line, or choose another time column."
        )
    return times


def _unread_row(column: pd.Series, times: pd.Series | None) -> int:
    """Row of the first cell that is no time."""
    if times is not None:
        return int(np.flatnonzero(times.isna())[0])
    return first_unread(column) if column.notna().any() else 0


def _require_zones(zoned: Sequence[bool], names: Sequence[str], column: str) -> bool:
    """Return whether the times have a zone; refuse files of which only some have."""
    if len(set(zoned)) > 1:
        with_zone, without = names[zoned.index(True)], names[zoned.index(False)]
        raise TableError(
            f"The time column {shown(column)} has a time zone in {with_zone} but not in {without}. "
            "Write all times with their zone, or all without."
        )
    return zoned[0]


def _rising(part: _Part) -> _Part:
    """Turn a file that begins with its newest row around."""
    steps = np.diff(part.time)
    if len(steps) and (steps <= np.timedelta64(0)).all() and (steps < np.timedelta64(0)).any():
        return _Part(part.name, part.frame.iloc[::-1], part.time[::-1])
    return part


def _overlap(parts: Sequence[_Part]) -> bool:
    return any(before.time.max() > after.time.min() for before, after in zip(parts, parts[1:], strict=False))


def _require_rising(parts: Sequence[_Part]) -> None:
    """Refuse to mix files by time in which time runs backwards: the clock may have been set back."""
    for part in parts:
        back = np.flatnonzero(np.diff(part.time) < np.timedelta64(0))
        if len(back):
            raise TableError(
                f"Time runs backwards in {part.line(back[0] + 1)}, and the files cover the same "
                f"hours, so their rows cannot be put in order. {_MACHINES}",
                _ASSETS,
            )


_MACHINES = "If each file is one machine, choose “each file is one machine” as the machine column."
_ASSETS = (
    f"--assets {FILE} says that each file is one machine; --assets with a name says which column names it."
)


def _without_repeats(
    parts: Sequence[_Part], column: str, asset: str | None, unused: Sequence[str]
) -> tuple[list[_Part], list[Remark]]:
    """Leave out the rows that an earlier file has too; refuse other rows of the same time."""
    frames = [part.frame for part in parts]
    head, mixed = frames[0], _mixed(frames)
    keys = [column] if asset is None or asset not in head else [column, asset]
    owner = np.repeat(np.arange(len(parts)), [len(part.time) for part in parts])
    key = pd.concat([_aligned(frame[keys], head, mixed) for frame in frames], ignore_index=True)
    shared = np.flatnonzero(_in_several(key, owner))
    if not len(shared):
        return list(parts), []
    rows = pd.concat([_aligned(frame, head, mixed) for frame in frames]).iloc[shared]
    rows = rows.drop(columns=list(unused))
    same = pd.DataFrame({"row": _hash(rows), "owner": owner[shared]})
    # The second of two equal rows of a file is the same as the second of another file.
    same["copy"] = same.groupby(["row", "owner"]).cumcount()
    again = same.duplicated(["row", "copy"]).to_numpy()
    new = ~same.duplicated("row").to_numpy()
    left = _in_several(key.iloc[shared[new]], owner[shared[new]])
    if left.any():
        raise TableError(_conflict(rows[new][left], owner[shared[new]][left], parts, keys), _ASSETS)
    dropped = np.zeros(len(owner), bool)
    dropped[shared[again]] = True
    kept, remarks = [], []
    for number, part in enumerate(parts):
        gone = dropped[owner == number]
        if gone.any():
            word = "row is" if gone.sum() == 1 else "rows are"
            first = part.line(np.flatnonzero(gone)[0])
            what = f"{gone.sum():,} {word} also in an earlier file, first in {first}"
            what += "; it is left out." if gone.sum() == 1 else "; they are left out."
            remarks.append(Remark("note", None, what, "repeated rows", int(gone.sum())))
        if not gone.all():
            kept.append(_Part(part.name, part.frame[~gone], part.time[~gone]))
    return kept, remarks


def _in_several(key: pd.DataFrame, owner: np.ndarray) -> np.ndarray:
    """Mark the rows whose key stands in more than one file."""
    owners = pd.Series(owner).groupby([key[name].to_numpy() for name in key], dropna=False)
    several: np.ndarray = (owners.transform("min") != owners.transform("max")).to_numpy()
    return several


def _hash(rows: pd.DataFrame) -> np.ndarray:
    """Hash rows by value: all missing numbers are equal, and so are 0 and -0."""
    floats = {
        str(column): np.where(np.isnan(values), np.nan, values + 0.0)
        for column in rows.select_dtypes("number")
        for values in [rows[column].to_numpy(float)]
    }
    return pd.util.hash_pandas_object(rows.assign(**floats), index=False).to_numpy()


def _conflict(rows: pd.DataFrame, owner: np.ndarray, parts: Sequence[_Part], keys: Sequence[str]) -> str:
    """Say which rows of one time differ, and in what."""
    mine = (rows[list(keys)] == rows[list(keys)].iloc[0]).all(axis=1).to_numpy()
    other = int(np.flatnonzero(mine & (owner != owner[0]))[0])
    cells = ((name, rows[name].iloc[0], rows[name].iloc[other]) for name in rows)
    column, one, two = next(c for c in cells if not (c[1] == c[2] or (pd.isna(c[1]) and pd.isna(c[2]))))
    return (
        f"Line {rows.index[0]} and line {rows.index[other]} both have the time {rows[keys[0]].iloc[0]}, but "
        f"different values: {shown(column)} is {_cell(one)} in the first and {_cell(two)} in the second. "
        f"Correct the files, or leave one out. {_MACHINES}"
    )


def _cell(value: Any) -> str:
    """Write a cell with all its digits."""
    if pd.isna(value):
        return "empty"
    whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return shown(text_of(value) if whole else value)


def _mixed(frames: Sequence[pd.DataFrame]) -> set[str]:
    """Find the columns that are numbers in some files and texts in others."""
    kinds = [{c: pd.api.types.is_numeric_dtype(kind) for c, kind in frame.dtypes.items()} for frame in frames]
    return {str(column) for column in kinds[0] if len({kind[column] for kind in kinds}) > 1}


def _aligned(frame: pd.DataFrame, first: pd.DataFrame, mixed: set[str]) -> pd.DataFrame:
    """Return the columns in the order of the first file, as texts where one of the files has texts."""
    texts = [c for c in mixed & {*frame} if pd.api.types.is_numeric_dtype(frame[c])]
    return frame[[c for c in first if c in frame]].assign(**{c: texts_of(frame[c]) for c in texts})


def _about(parts: Sequence[_Part], zoned: bool) -> str:
    listed = ", ".join(part.span for part in parts[:MOST_NAMED])
    more = f" and {len(parts) - MOST_NAMED} more" if len(parts) > MOST_NAMED else ""
    utc = IN_UTC if zoned else ""
    both = " Some files overlap in time." if _overlap(parts) else ""
    return f"{len(parts)} files are joined, ordered by time: {listed}{more}.{both}{utc}"


def _shared_reading(readings: Sequence[Reading]) -> Reading:
    """Return what all files have in common; the rest is detected for each."""
    first = readings[0]
    names = [field.name for field in fields(Reading)]
    unlike = [n for n in names if any(getattr(other, n) != getattr(first, n) for other in readings)]
    return replace(first, **dict.fromkeys(unlike))
