"""The label of each row: what the values of the label columns come to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rare_event.errors import TableError
from rare_event.prepare.labelling import counted, fitting, quoted, written
from rare_event.prepare.schema import Schema
from rare_event.read.table import Line, Remark, line_of
from rare_event.read.values import shown
from rare_event.text import plural


@dataclass(frozen=True)
class Marked:
    """The label of a file.

    Parameters
    ----------
    label
        1 in event rows, int8, shape (n_rows,).
    kept
        False in rows that are left out of the table, shape (n_rows,).
    remarks
        What the analyst must know about it.
    """

    label: np.ndarray
    kept: np.ndarray
    remarks: tuple[Remark, ...] = ()


def mark(raw: pd.DataFrame, schema: Schema, *, events_needed: bool = True) -> Marked:
    """Mark the events of a file, and the rows that its label leaves out.

    Parameters
    ----------
    raw
        Columns of a file, the line of each row as index.
    schema
        The roles.
    events_needed
        False for a file that is only scored: labels may be missing or hold no event.

    Raises
    ------
    TableError
        If a value of a label has no meaning, or there are no events or no normal rows.
    """
    columns = {label: written(raw[label]) for label in schema.labels if label in raw.columns}
    label, kept = np.zeros(len(raw), np.int8), np.ones(len(raw), bool)
    for words in columns.values():
        label |= words.isin(schema.event_values).to_numpy(np.int8)
        kept &= ~words.isin(schema.left_out_values).to_numpy()
        if schema.blank == "left out":
            kept &= words.notna().to_numpy()
    if not events_needed:
        return Marked(label, kept)
    for name, words in columns.items():
        _require_meanings(name, words, schema)
    if columns and not 0 < label[kept].sum() < kept.sum():
        _refuse_one_class(columns, schema, bool(label[kept].any()))
    return Marked(label, kept, (*_remarks_on_values(columns, schema), *_remarks_on_columns(columns, schema)))


def event_rows(raw: pd.DataFrame, schema: Schema) -> np.ndarray:
    """Return 1 in rows that a label marks as event, int8, shape (n_rows,); 0 elsewhere."""
    return mark(raw, schema, events_needed=False).label


def _require_meanings(name: str, words: pd.Series, schema: Schema) -> None:
    """Refuse empty cells and values of which nobody said what they mean."""
    if words.isna().any() and schema.blank == "refused":
        line = line_of(words.index, int(np.flatnonzero(words.isna())[0]))
        raise TableError(
            f"The label column {shown(name)} is empty in {plural(int(words.isna().sum()), 'row')}, first in "
            f"line {line}. Say what an empty cell means: no event, or a row to leave out."
        )
    found = [str(value) for value in words.dropna().unique()]
    said = {*schema.event_values, *schema.left_out_values, *schema.normal_values}
    unsaid = [value for value in found if value not in said]
    if not schema.event_values:
        raise TableError(f"No value of the label column {shown(name)} marks an event. Choose one or more.")
    if len(found) > 1 and not {*found} & {*schema.event_values}:
        raise TableError(
            f"The label column {shown(name)} holds {counted(words, 60)}, but not "
            f"{quoted(schema.event_values, 60, 'or')}, which should mark events. "
            "Choose the value that marks them."
        )
    if len(unsaid) + len({*found} & {*schema.normal_values}) > 1 and unsaid:
        raise TableError(
            f"The label column {shown(name)} holds more than two distinct values: {counted(words, 60)}. "
            "Say which of them mean an event, which are normal, and which rows are left out."
        )


def _refuse_one_class(columns: dict[str, pd.Series], schema: Schema, has_event: bool) -> None:
    name, words = next(iter(columns.items()))
    what = "every row is an event" if has_event else "there are no events"
    only = f"only {shown(words.dropna().iloc[0])}" if words.nunique() == 1 else counted(words, 90)
    raise TableError(
        f"The label column {shown(name)} holds {only}: {what}. Choose another label or a longer file."
    )


def _remarks_on_values(columns: dict[str, pd.Series], schema: Schema) -> list[Remark]:
    remarks = []
    for name, words in columns.items():
        out, blank = words.isin(schema.left_out_values), words.isna()
        for value in schema.left_out_values:
            if n := int((words == value).sum()):
                are = "is" if n == 1 else "are"
                what = f"{plural(n, 'row')} with {shown(value)} {are} left out, "
                what += "and a stretch ends at each gap."
                remarks.append(Remark("note", name, what, "rows left out", n, _lines(words == value)))
        if blank.any():
            n = int(blank.sum())
            ways = ("is left out", "counts as normal") if n == 1 else ("are left out", "count as normal")
            what = f"{plural(n, 'row')} without a value {ways[schema.blank != 'left out']}."
            remarks.append(Remark("note", name, what, "blank labels", n, _lines(blank)))
        if words.nunique() > 2 or out.any():
            events = quoted(schema.event_values, 60, "or")
            what = f"It holds {counted(words)}; {events} marks an event."
            remarks.append(Remark("note", name, what, "label values", len(words), ()))
    return remarks


def _remarks_on_columns(columns: dict[str, pd.Series], schema: Schema) -> list[Remark]:
    if len(columns) < 2:
        return []
    marks = {name: words.isin(schema.event_values) for name, words in columns.items()}
    each = [f"{shown(name)} in {plural(int(rows.sum()), 'row')}" for name, rows in marks.items()]
    listed = fitting(each, 120)
    if len(listed) < len(each):
        listed.append(f"{len(each) - len(listed)} more")
    both = int(np.logical_or.reduce(list(marks.values())).sum())
    what = f"Any of these {len(marks)} columns marks an event: {', '.join(listed)}; "
    what += f"{plural(both, 'row')} in total."
    return [Remark("note", schema.label, what, "several labels", both)]


def _lines(rows: pd.Series) -> tuple[Line, ...]:
    return tuple(line_of(rows.index, row) for row in np.flatnonzero(rows.to_numpy())[:5])
