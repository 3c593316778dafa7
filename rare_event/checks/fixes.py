"""One-click fixes: apply the action of a finding to the columns or to their roles."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from rare_event.checks.effects import dropping, filling, leading
from rare_event.checks.findings import Finding
from rare_event.checks.order import one_row_of_each_time, sorted_rows, why_not_drop, why_not_sort
from rare_event.errors import TableError
from rare_event.prepare.notes import first_other_notation
from rare_event.prepare.schema import Schema
from rare_event.read.times import parse_times, time_formats
from rare_event.read.values import mostly_numbers, shown, texts_of, to_numbers


def fix(raw: pd.DataFrame, schema: Schema, finding: Finding) -> tuple[pd.DataFrame, Schema]:
    """Apply the one-click fix of a finding, unless it would destroy data.

    Returns
    -------
    (DataFrame, Schema)
        For `table.apply_schema`.

    Raises
    ------
    TableError
        If it would change more than `effects.MOST` of the rows or cells, lose an event, overwrite
        numbers in another notation, or mix several machines.
    ValueError
        If the finding has no action.
    """
    refused = _refused(raw, schema, finding)
    if refused is not None:
        raise TableError(
            f"{shown(finding.column)} is not changed. {refused}. Correct the file and upload it again."
        )
    return fix_again(raw, schema, finding)


def fix_again(raw: pd.DataFrame, schema: Schema, finding: Finding) -> tuple[pd.DataFrame, Schema]:
    """Apply a fix again; `fix` has already checked that it destroys no data.

    Raises
    ------
    ValueError
        If the finding has no action.
    """
    column = finding.column
    if finding.action is None or column is None:
        raise ValueError(f"The finding {finding.what!r} has no one-click fix.")
    if finding.action == "ignore":
        return raw, _moved(schema, column, "ignored")
    if finding.action == "category":
        return raw, _moved(schema, column, "categories")
    if finding.action == "sort-time":
        return raw.iloc[sorted_rows(_times(raw, schema, column))], schema
    if finding.action == "forward-fill":
        schema = schema if column in schema.categories else _moved(schema, column, "sensors")
        return raw.assign(**{column: _filled(raw, schema, column)}), schema
    return raw[_kept(raw, schema, column)], schema


def with_role_of(schema: Schema, other: Schema, column: str) -> Schema:
    """Give a column its role in another schema, unless it is the time or the label in either."""
    for role in ("sensors", "categories", "ignored"):
        if column in getattr(other, role) and column not in (schema.time, schema.label):
            return _moved(schema, column, role)
    return schema


def _refused(raw: pd.DataFrame, schema: Schema, finding: Finding) -> str | None:
    """Return why a fix would destroy data; None if it would not."""
    column = finding.column
    if column is None:
        return None
    if finding.action == "sort-time":
        return why_not_sort(_times(raw, schema, column))
    if finding.action == "drop-rows":
        effect = dropping(_kept(raw, schema, column), _label(raw, schema))
        other = why_not_drop(_times(raw, schema, column)) if column == schema.time else None
        return effect.refused or other
    if finding.action != "forward-fill":
        return None
    if column not in schema.categories and (row := first_other_notation(raw[column])) is not None:
        found = f"{shown(raw[column].iloc[row])} in line {raw.index[row]}"
        return f"{found} is a number in another notation, which the fix would overwrite"
    return filling(_usable(raw, schema, column).isna().to_numpy()).refused


def _moved(schema: Schema, column: str, role: Literal["sensors", "categories", "ignored"]) -> Schema:
    """Give a column another role; a column that already has the role keeps its place."""
    if column in getattr(schema, role):
        return schema
    sensors, categories, ignored = (
        (*(c for c in getattr(schema, r) if c != column), *([column] if r == role else []))
        for r in ("sensors", "categories", "ignored")
    )
    return replace(schema, sensors=sensors, categories=categories, ignored=ignored)


def _usable(raw: pd.DataFrame, schema: Schema, column: str) -> pd.Series:
    """Return the column with NaN for its unusable values."""
    # A category that is now ignored still holds texts, which are not missing numbers.
    if column in schema.categories or not (column in schema.sensors or mostly_numbers(raw[column])):
        return raw[column]
    numbers = to_numbers(raw[column])
    return numbers.where(np.isfinite(numbers))


def _filled(raw: pd.DataFrame, schema: Schema, column: str) -> pd.Series:
    filled = _usable(raw, schema, column).ffill()
    # An infinite value at the start has no earlier value; it stays and is reported again.
    return filled.fillna(raw[column] if column in schema.categories else to_numbers(raw[column]))


def _kept(raw: pd.DataFrame, schema: Schema, column: str) -> np.ndarray:
    if column == schema.time or (column in schema.ignored and time_formats(raw[column])):
        return one_row_of_each_time(_times(raw, schema, column), _label(raw, schema))
    kept = np.ones(len(raw), dtype=bool)
    kept[: leading(_usable(raw, schema, column).isna().to_numpy())] = False
    return kept


def _times(raw: pd.DataFrame, schema: Schema, column: str) -> np.ndarray:
    """Parse the times, even if the column is no longer the time column."""
    found = schema.time_format if column == schema.time else next(iter(time_formats(raw[column])), None)
    return parse_times(raw[column], found).to_numpy()


def _label(raw: pd.DataFrame, schema: Schema) -> np.ndarray:
    return (texts_of(raw[schema.label]) == schema.event_value).to_numpy(np.int8)
