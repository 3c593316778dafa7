"""The roles of the columns of a file, and a guess at them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from rare_event.errors import TableError
from rare_event.read.times import is_called_time, times_of
from rare_event.read.values import distinct, first_intruder, mostly_numbers, shown, text_of, texts_of

LABEL_WORDS = frozenset(
    ["label", "target", "class", "break", "event", "fault", "failure", "anomaly", "alarm", "trip", "defect"]
)

Role = Literal["time", "label", "sensor", "category", "ignored", "asset"]


@dataclass(frozen=True)
class Schema:
    """The role of each column of a file.

    Parameters
    ----------
    label
        Column that marks the events.
    time
        Column of times, or None.
    sensors, categories, ignored
        Columns of numbers, columns of few distinct values, and columns that are not used.
    event_value
        Text of the label value that marks events, as returned by `values.text_of`.
    time_format
        A `strptime` format or a key of `times.EPOCHS`; None reads ISO 8601.
    asset
        Column that names the machine of each row, each with stretches of its own; None for one machine.

    Raises
    ------
    TableError
        If a column has two roles.

    Examples
    --------
    >>> dict(Schema(label="y", time="at", sensors=("x1",)).roles())
    {'at': 'time', 'y': 'label', 'x1': 'sensor'}
    """

    label: str
    time: str | None
    sensors: tuple[str, ...]
    categories: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    event_value: str = "1"
    time_format: str | None = None
    asset: str | None = None

    def __post_init__(self) -> None:
        double = [column for column, count in Counter(c for c, _ in self.roles()).items() if count > 1]
        if double:
            raise TableError(f"Column {shown(double[0])} has more than one role. Give each column one role.")

    def roles(self) -> Iterator[tuple[str, Role]]:
        """Each column with its role: time, label, asset, sensors, categories, ignored."""
        if self.time is not None:
            yield self.time, "time"
        yield self.label, "label"
        if self.asset is not None:
            yield self.asset, "asset"
        yield from ((column, "sensor") for column in self.sensors)
        yield from ((column, "category") for column in self.categories)
        yield from ((column, "ignored") for column in self.ignored)


def guess_schema(raw: pd.DataFrame, *, label: str | None = None) -> Schema:
    """Guess the roles of the columns of a file.

    Parameters
    ----------
    raw
        As in `RawTable.frame`.
    label
        The label, if the analyst names it.

    Returns
    -------
    Schema
        The label is the rarest binary column among those named like a label, or else among all.
        Categories are texts and whole numbers of at most `values.MAX_GRADES` distinct values. Empty
        columns, columns of one value and columns of many texts are ignored.

    Raises
    ------
    TableError
        If there is only one row, or no column can be the label.
    """
    require_rows(raw)
    few = {column: distinct(raw[column]) for column in raw.columns}
    times = times_of(raw.drop(columns=[label] if label else []))
    time, formats = next(iter(times.items()), (None, [None]))
    label = label or _guess_label(raw.drop(columns=[time] if time else []), few)
    counts = texts_of(raw[label]).value_counts()
    # Of two equally frequent values the later in the alphabet: "1" and "True" rather than "0" and "False".
    event = min(sorted(counts.index, reverse=True), key=lambda word: counts[word]) if len(counts) > 1 else "1"
    roles: dict[str, Role] = {c: _role(raw[c], few[c]) for c in raw.columns if c not in (time, label)}
    # A time that is not used, or cannot be read, is no sensor.
    roles |= {c: "ignored" for c in roles if c in times or is_called_time(c)}
    sensors, categories, ignored = (
        tuple(column for column, role in roles.items() if role == wanted)
        for wanted in ("sensor", "category", "ignored")
    )
    return Schema(label, time, sensors, categories, ignored, str(event), formats[0])


def resembles_label(name: str) -> bool:
    """Whether a column is named like a label, for example "y" or "sheet_break"."""
    words = set(re.split(r"[^a-z0-9]+", name.casefold()))
    return name.strip().casefold() == "y" or any(
        w in LABEL_WORDS or w.removesuffix("s") in LABEL_WORDS for w in words
    )


def require_rows(raw: pd.DataFrame) -> None:
    """Reject a file of one row: it cannot hold both normal rows and events."""
    if len(raw) < 2:
        raise TableError(f"The file has {len(raw)} row of data. Choose a file with normal rows and events.")


def _guess_label(raw: pd.DataFrame, few: dict[str, np.ndarray | None]) -> str:
    shares = {}
    for column in raw.columns:
        values = few[column]
        if values is not None and len({text_of(value) for value in values}) == 2:
            shares[column] = texts_of(raw[column]).value_counts(normalize=True).min()
    called = [column for column in raw.columns if resembles_label(column)]
    exact = [c for c in called if c.strip().casefold() in LABEL_WORDS | {"y"}]
    for candidates in (
        [c for c in exact if c in shares],
        [c for c in called if c in shares],
        [c for c in exact if few[c] is not None],  # rejected later, with an error about its values
        [c for c in shares if raw[c].notna().all()],
    ):
        if candidates:
            return str(min(candidates, key=lambda column: shares.get(column, 1.0)))
    raise TableError(
        "No column can be the label: none has exactly two distinct values. "
        "Add a column that is 1 in the rows of an event and 0 elsewhere."
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
