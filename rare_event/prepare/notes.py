"""Facts about the columns of a file that a table no longer shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from rare_event.prepare.schema import Schema
from rare_event.prepare.times import zones
from rare_event.prepare.values import distinct, first_intruder, line_of, mostly_numbers

Fact = Literal["empty", "constant", "text in numbers", "many texts", "zones"]


@dataclass(frozen=True)
class Note:
    """A fact about a column that the table itself no longer shows.

    Parameters
    ----------
    column
        Name in the file.
    fact
        What kind of fact.
    detail
        The value or count a sentence about it needs.
    line
        Line in the file, where there is one.
    """

    column: str
    fact: Fact
    detail: str = ""
    line: int | None = None


def notes(raw: pd.DataFrame, schema: Schema) -> Iterator[Note]:
    """Note the zones of the times and why columns are ignored; `raw` is as `reading.read_raw` gives it."""
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
            yield from _ignored_notes(ignored, raw[ignored])


def _ignored_notes(name: str, column: pd.Series) -> Iterator[Note]:
    few = distinct(column)
    if few is not None and len(few) == 0:
        yield Note(name, "empty")
    elif few is not None and len(few) == 1:
        yield Note(name, "constant", str(few[0]))
    elif not pd.api.types.is_string_dtype(column):
        return
    elif mostly_numbers(column) and (row := first_intruder(column)) is not None:
        yield Note(name, "text in numbers", str(column.iloc[row]), line_of(row))
    elif few is None:
        yield Note(name, "many texts")
