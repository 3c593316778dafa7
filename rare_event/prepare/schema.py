"""The roles of the columns of a file, and a guess at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from rare_event.errors import TableError
from rare_event.prepare.label_guess import guess_label
from rare_event.prepare.labelling import Blank, Labelling
from rare_event.read.table import Question
from rare_event.read.times import is_called_time, times_of
from rare_event.read.values import distinct, first_intruder, mostly_numbers, shown
from rare_event.text import plural

Role = Literal["time", "label", "sensor", "category", "ignored", "asset"]


@dataclass(frozen=True)
class Schema:
    """The role of each column of a file.

    Parameters
    ----------
    label
        Column that marks the events; None if the file has no label.
    time
        Column of times, or None.
    sensors, categories, ignored
        Columns of numbers, columns of few distinct values, and columns that are not used.
    event_values
        Texts of the label values that mark events, as returned by `values.text_of`.
    time_format
        A `strptime` format or a key of `times.EPOCHS`; None reads ISO 8601.
    asset
        Column that names the machine of each row, each with stretches of its own; None for one machine.
    also
        Further label columns: a row is an event if any of them, or `label`, marks it.
    left_out_values
        Rows with these values of a label are left out of the table, and a stretch ends there.
    normal_values
        Values of rows without an event; empty for the one value that is neither of the above.
    blank
        What empty cells of a label mean.

    Raises
    ------
    TableError
        If a column has two roles.

    Examples
    --------
    >>> dict(Schema(label="y", time="at", sensors=("x1",)).roles())
    {'at': 'time', 'y': 'label', 'x1': 'sensor'}
    """

    label: str | None
    time: str | None
    sensors: tuple[str, ...]
    categories: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    event_values: tuple[str, ...] = ("1",)
    time_format: str | None = None
    asset: str | None = None
    also: tuple[str, ...] = ()
    left_out_values: tuple[str, ...] = ()
    normal_values: tuple[str, ...] = ()
    blank: Blank = "refused"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let pydantic also read the layout of older versions, which knew one event value."""
        from pydantic_core import core_schema

        def renamed(record: Any) -> Any:
            if not isinstance(record, Mapping) or "event_value" not in record:
                return record
            rest = {name: value for name, value in record.items() if name != "event_value"}
            return {"event_values": [record["event_value"]], **rest}

        return core_schema.no_info_before_validator_function(renamed, handler(source))

    def __post_init__(self) -> None:
        if self.label is None and self.also:
            raise TableError(
                f"Column {shown(self.also[0])} is an additional label, but no main label is named. Name one."
            )
        double = [column for column, count in Counter(c for c, _ in self.roles()).items() if count > 1]
        if double:
            raise TableError(f"Column {shown(double[0])} has more than one role. Give each column one role.")

    @property
    def labels(self) -> tuple[str, ...]:
        """All columns that mark events."""
        return () if self.label is None else (self.label, *self.also)

    @property
    def labelling(self) -> Labelling:
        """What is settled about the label."""
        return Labelling(self.labels, self.event_values, self.left_out_values, self.normal_values, self.blank)

    def roles(self) -> Iterator[tuple[str, Role]]:
        """Each column with its role: time, label, asset, sensors, categories, ignored."""
        if self.time is not None:
            yield self.time, "time"
        yield from ((column, "label") for column in self.labels)
        if self.asset is not None:
            yield self.asset, "asset"
        yield from ((column, "sensor") for column in self.sensors)
        yield from ((column, "category") for column in self.categories)
        yield from ((column, "ignored") for column in self.ignored)


@dataclass(frozen=True)
class Guess:
    """The roles as far as they are known, and what only the analyst can say about the label."""

    schema: Schema
    questions: tuple[Question, ...] = ()


FIND_OUT = Labelling()


def guess(raw: pd.DataFrame, said: Labelling = FIND_OUT, no_label: Collection[str] = ()) -> Guess:
    """Guess the roles of the columns of a file, and ask what neither names nor values say.

    Parameters
    ----------
    raw
        Columns of a file, as in `RawTable.frame`.
    said
        What the analyst says about the label.
    no_label
        Columns that the analyst gave another role.

    Returns
    -------
    Guess
        The label is the column that is named like one; its event is the value that says so, however
        often it occurs. Categories are texts and whole numbers of at most `values.MAX_GRADES` distinct
        values. Empty columns, columns of one value and columns of many texts are ignored. While a
        question is open, the schema holds its first choice, and no label if the column is asked for.

    Raises
    ------
    TableError
        If there is only one row, or the label that the analyst names cannot be one.
    """
    require_rows(raw)
    few = {column: distinct(raw[column]) for column in raw.columns}
    times = times_of(raw.drop(columns=list(said.labels or ()), errors="ignore"))
    time, formats = next(iter(times.items()), (None, [None]))
    label = guess_label(raw.drop(columns=[*no_label, *([time] if time else [])]), few, said)
    roles: dict[str, Role] = {c: _role(raw[c], few[c]) for c in raw.columns if c not in (time, *label.labels)}
    # A time that is not used, or cannot be read, is no sensor.
    roles |= {c: "ignored" for c in roles if c in times or is_called_time(c)}
    sensors, categories, ignored = (
        tuple(column for column, role in roles.items() if role == wanted)
        for wanted in ("sensor", "category", "ignored")
    )
    schema = Schema(
        time=time,
        sensors=sensors,
        categories=categories,
        ignored=ignored,
        time_format=formats[0],
        **label.fields,
    )
    return Guess(schema, label.questions)


def guess_schema(raw: pd.DataFrame, said: Labelling = FIND_OUT) -> Schema:
    """Guess the roles as `guess` does, where nothing needs to be asked.

    Raises
    ------
    TableError
        If a question is open.
    """
    guessed = guess(raw, said)
    for question in guessed.questions:
        raise TableError(question.what, f"Answer with {question.option}.")
    return guessed.schema


def require_rows(raw: pd.DataFrame) -> None:
    """Reject a file of one row: it cannot hold both normal rows and events."""
    if len(raw) < 2:
        raise TableError(
            f"The file has {plural(len(raw), 'row')} of data. Choose a file with normal rows and events."
        )


def _role(column: pd.Series, few: np.ndarray | None) -> Role:
    if (few is not None and len(few) < 2) or pd.api.types.is_datetime64_any_dtype(column):
        return "ignored"
    if not pd.api.types.is_numeric_dtype(column):
        if mostly_numbers(column):
            return "sensor" if first_intruder(column) is None else "ignored"
        return "ignored" if few is None else "category"
    if few is None or not np.isfinite(few).all() or (few != np.round(few)).any():
        return "sensor"
    # In a short file every whole number is rare, while a grade occurs more than once.
    return "category" if 2 * len(few) <= len(column) else "sensor"
