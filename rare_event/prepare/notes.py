"""Facts about the columns of a file that a table does not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from rare_event.prepare.schema import Schema
from rare_event.read.table import Line, line_of
from rare_event.read.times import called_time, first_unread, time_formats, zones
from rare_event.read.values import MISSING, distinct, first_intruder, mostly_numbers, to_numbers

Fact = Literal["empty", "constant", "text in numbers", "other notation", "unread time", "many texts", "zones"]

# 1.000,5 and '-0.6 and 79.31 °C and 16#03E1, but neither 2023-01-09 nor 06:00.
_NUMBER = re.compile(
    r"['\u2019]?[+\-\u2212]?\d[\d.,'\u2019\s]*(?:(?:[%°‰]|[^\W\d_])\S{0,11})?|16#[\dA-Fa-f]+"
)
_CLOCK = re.compile(r"\d{1,2}:\d{2}|\d{1,4}[-./]\w{1,3}[-./]\d{1,4}")


@dataclass(frozen=True)
class Note:
    """A fact about a column that the table does not hold.

    Parameters
    ----------
    column
        Name in the file.
    fact
        Kind of fact.
    detail
        Value for the sentence about it.
    line
        Line in the file, if there is one.
    count
        Cells without a usable number, if the column holds mostly numbers.
    """

    column: str
    fact: Fact
    detail: str = ""
    line: Line | None = None
    count: int = 0


def notes(raw: pd.DataFrame, schema: Schema) -> Iterator[Note]:
    """Note the zones of the times and why columns are ignored; `raw` is as in `RawTable.frame`."""
    if schema.time is not None:
        column = raw[schema.time]
        written = zones(column)
        names = set() if written is None else set(written.dropna())
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            names = {str(column.dtype.tz)}
        if names:
            yield Note(schema.time, "zones", ", ".join(sorted(names)))
    for ignored in schema.ignored:
        if ignored in raw.columns:
            yield from _ignored_notes(ignored, raw[ignored], clock_missing=schema.time is None)


def first_other_notation(column: pd.Series) -> int | None:
    """Row of the first text that is a number in another notation; None if there is none."""
    if pd.api.types.is_numeric_dtype(column):
        return None
    rows = np.flatnonzero(to_numbers(column).isna() & column.notna())
    texts = column.iloc[rows].astype("str").str.strip()
    strange = rows[texts.str.fullmatch(_NUMBER, na=False).to_numpy(bool) & ~texts.isin(MISSING).to_numpy()]
    return int(strange[0]) if len(strange) else None


def _ignored_notes(name: str, column: pd.Series, *, clock_missing: bool) -> Iterator[Note]:
    few = distinct(column)
    if few is not None and len(few) == 0:
        yield Note(name, "empty")
    elif few is not None and len(few) == 1:
        yield Note(name, "constant", str(few[0]))
    elif not pd.api.types.is_string_dtype(column):
        return
    elif mostly_numbers(column) and (row := first_intruder(column)) is not None:
        other = first_other_notation(column)
        row = row if other is None else other
        fact: Fact = "text in numbers" if other is None else "other notation"
        count = int(to_numbers(column).isna().sum())
        yield Note(name, fact, str(column.iloc[row]), line_of(column.index, row), count)
    elif clock_missing and _resembles_time(name, column) and not time_formats(column):
        row = first_unread(column)
        yield Note(name, "unread time", str(column.iloc[row]), line_of(column.index, row))
    elif few is None:
        texts = column.dropna().astype("str").str.strip()
        row = first_other_notation(column)
        if row is not None and texts.str.fullmatch(_NUMBER).mean() >= 0.5:
            yield Note(name, "other notation", str(column.iloc[row]), line_of(column.index, row))
        else:
            yield Note(name, "many texts")


def _resembles_time(name: str, column: pd.Series) -> bool:
    """Whether the name of a column of texts, or most of its texts, suggest a time."""
    sample = column.dropna().iloc[:1000].astype("str").str.strip()
    return called_time(name) or bool(sample.str.match(_CLOCK).mean() >= 0.5)
