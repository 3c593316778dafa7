"""Files with one row per tag and time, as historians export them: found, asked about, spread into columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from rare_event.errors import TableError
from rare_event.read.columns import Cells
from rare_event.read.kinds import kind_of
from rare_event.read.ledger import N_NAMED
from rare_event.read.names import clean_name
from rare_event.read.notation import settle
from rare_event.read.table import LINE, Choice, Question, RawTable, Reading, Remark
from rare_event.read.times import called_time, open_formats, parse_times, times_of
from rare_event.read.values import shown
from rare_event.text import plural

_VALUE = re.compile(r".*(value|val|wert)|reading|pv")
_QUALITY = re.compile(r".*(qual|valid).*|q|good|status(code)?")
OTHER_WORDS = {"unit", "units", "einheit", "uom", "description", "desc", "beschreibung", "source"}
GOOD = {"good", "gut", "ok", "valid", "true", "g", "192", "192.0", "1", "1.0"}


@dataclass(frozen=True)
class _Roles:
    tag: str
    time: str
    value: str
    quality: str | None


def with_layout(raw: RawTable, said: Reading, name: str) -> RawTable:
    """Spread a long file into one column per tag if the analyst says so, and ask if nobody has said.

    Parameters
    ----------
    raw
        Columns of a file.
    said
        What the analyst says of it.
    name
        Name of the file for sentences.

    Raises
    ------
    TableError
        If the analyst says that the file is long, and it is not.
    """
    if said.layout == "wide":
        return raw
    roles = _roles(raw.frame)
    if said.layout == "long":
        if roles is None:
            raise TableError(
                f"{name} has no columns for tag, time and value. Rename its columns, or choose the layout "
                "with one column per sensor."
            )
        return _spread(raw, roles, said)
    if roles is None:
        return raw
    tags = raw.frame[roles.tag].nunique()
    asked = (
        f"{name} has one row for each tag and time, with {tags} tags such as "
        f"{shown(raw.frame[roles.tag].iloc[0])} in column {shown(roles.tag)}. One column per sensor is "
        "needed. Should each tag become a column?"
    )
    choices = (Choice("long", "One column for each tag"), Choice("wide", "Leave the table as it is"))
    question = Question("layout", None, asked, choices, "--layout long")
    return replace(raw, questions=(*raw.questions, question))


def _roles(frame: pd.DataFrame) -> _Roles | None:
    """Find the columns of a long table; None if it is none."""
    if not 3 <= frame.shape[1] <= 7 or len(frame) < 4:
        return None
    words = {column: column.strip().casefold() for column in frame.columns}
    qualities = [c for c, word in words.items() if _QUALITY.fullmatch(word)]
    times = [c for c in frame.columns if _is_time(frame[c])]
    # The same time in numbers, as "Time_ms".
    others = [c for c in frame.columns if times and c not in times and called_time(c)]
    others += [c for c, word in words.items() if c in qualities or word in OTHER_WORDS]
    left = [c for c in frame.columns if c not in others]
    values = [c for c in left if _VALUE.fullmatch(words[c])] or [
        c for c in left if c not in times and pd.api.types.is_numeric_dtype(frame[c])
    ]
    if len(left) != 3 or len(times) != 1 or len(values) != 1:
        return None
    (tag,) = (c for c in left if c not in (times[0], values[0])) if times != values else (None,)
    if tag is None or pd.api.types.is_float_dtype(frame[tag]) or not frame[tag].notna().all():
        return None
    tags, moments = frame[tag].nunique(), frame[times[0]].nunique()
    pairs = len(frame) - int(frame.duplicated([tag, times[0]]).sum())
    if not 2 <= tags <= len(frame) / 2 or moments > 0.75 * len(frame) or pairs < 0.9 * len(frame):
        return None
    return _Roles(tag, times[0], values[0], next(iter(qualities), None))


def _is_time(column: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(column):
        return True
    if not pd.api.types.is_string_dtype(column):
        return False
    some = column.dropna().iloc[:: max(1, len(column) // 200)]
    return bool(len(some)) and sum(kind_of(cell) == "time" for cell in some) >= 0.9 * len(some)


def _spread(raw: RawTable, roles: _Roles, said: Reading) -> RawTable:
    frame = raw.frame
    kept, remarks = _kept(frame, roles)
    row, moments = pd.factorize(frame[roles.time])
    order = _order(pd.Series(moments, name=roles.time))
    first = np.zeros(len(moments), dtype=np.int64)
    first[row[::-1]] = frame.index.to_numpy()[::-1]
    lines = pd.Index(first[order], name=LINE)
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    column, tags = pd.factorize(frame[roles.tag])
    names = [clean_name(str(tag)) for tag in tags]
    if len({*names, roles.time}) <= len(names):
        raise TableError(
            f"Two tags in column {shown(roles.tag)} have the same name, or one is named like the time column "
            f"{shown(roles.time)}. Rename one."
        )
    wide: dict[str, pd.Series] = {roles.time: pd.Series(moments).iloc[order].set_axis(lines)}
    cells = []
    for k, name in enumerate(names):
        chosen = kept & (column == k)
        one = frame[roles.value][chosen].set_axis(position[row[chosen]]).reindex(range(len(lines)))
        wide[name] = one.set_axis(lines)
        if pd.api.types.is_string_dtype(one):
            cells.append(Cells(name, raw.reading.decimal or ".", set(), keep=True))
            cells[-1].add(pa.array(one, type=pa.string(), from_pandas=True), len(lines))
    settled = settle(cells, lines, said, separator="", quoted=True)
    wide |= {c.name: one.set_axis(lines) for c, one in zip(cells, settled.columns, strict=True)}
    what = f"The file holds one row for each tag and time; each of its {len(tags)} tags becomes a column."
    remarks.append(Remark("note", roles.tag, what, "long table", len(tags)))
    return replace(
        raw,
        frame=pd.DataFrame(wide, copy=False),
        reading=replace(raw.reading, layout="long"),
        remarks=(*raw.remarks, *remarks, *settled.remarks),
        questions=(*raw.questions, *settled.questions),
        written=settled.written,
    )


def _kept(frame: pd.DataFrame, roles: _Roles) -> tuple[np.ndarray, list[Remark]]:
    """Find the rows whose values are used: the first of each tag and time, of good quality."""
    remarks = []
    again = frame.duplicated([roles.tag, roles.time]).to_numpy()
    if again.any():
        lines = frame.index[again]
        what = (
            f"{plural(len(lines), 'row')} {'repeats' if len(lines) == 1 else 'repeat'} the tag and time of "
        )
        what += f"an earlier row, first in line {lines[0]}; the earlier value is kept."
        remarks.append(_remark(roles.tag, what, "tag and time repeated", lines))
    bad, words = _bad(frame, roles)
    if bad.any():
        lines = frame.index[bad]
        what = f"{plural(len(lines), 'value')} with a quality such as {words}, first in line {lines[0]}, "
        what += "is read as missing." if len(lines) == 1 else "are read as missing."
        remarks.append(_remark(roles.quality, what, "bad quality", lines))
    return ~again & ~bad, remarks


def _bad(frame: pd.DataFrame, roles: _Roles) -> tuple[np.ndarray, str]:
    """Find the rows of bad quality, and list their words."""
    if roles.quality is None:
        return np.zeros(len(frame), bool), ""
    texts = frame[roles.quality].astype("str").str.strip()
    common = texts.mode().iloc[0] if texts.notna().any() else ""
    good = texts.str.casefold().isin(GOOD)
    # Numbers of other systems: the common one is good.
    good = good if good.any() else texts == common
    words = texts[~good].fillna("").drop_duplicates().iloc[:3]
    return ~good.to_numpy(dtype=bool), ", ".join(map(shown, words))


def _order(moments: pd.Series) -> np.ndarray:
    """Return the order of times, or the one in which they stand if they cannot be read for sure."""
    formats = times_of(moments.to_frame()).get(str(moments.name), [])
    if not formats or len(open_formats(moments, formats)) > 1:
        return np.arange(len(moments))
    times = parse_times(moments, formats[0])
    return np.argsort(times.to_numpy(), kind="stable") if times.notna().all() else np.arange(len(moments))


def _remark(column: str | None, what: str, fact: str, lines: pd.Index) -> Remark:
    return Remark("warning", column, what, fact, len(lines), tuple(map(int, lines[:N_NAMED])))
