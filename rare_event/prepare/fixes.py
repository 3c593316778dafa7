"""One-click fixes: what a finding offers to do, done to the columns or to their roles."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from rare_event.prepare.findings import Finding
from rare_event.prepare.schema import Schema
from rare_event.prepare.times import parse_times
from rare_event.prepare.values import texts_of, to_numbers


def fix(raw: pd.DataFrame, schema: Schema, finding: Finding) -> tuple[pd.DataFrame, Schema]:
    """Apply the one-click fix of a finding.

    Parameters
    ----------
    raw
        As given by `reading.read_raw`; not changed.
    schema
        The roles under which the finding was made.
    finding
        As given by `checks.check`.

    Returns
    -------
    (DataFrame, Schema)
        To be given to `table.apply_schema` again.

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
        order = np.argsort(parse_times(raw[column], schema.time_format).to_numpy(), kind="stable")
        return raw.iloc[order].reset_index(drop=True), schema
    if finding.action == "forward-fill":
        schema = schema if column in schema.categories else _moved(schema, column, "sensors")
        return raw.assign(**{column: _usable(raw, schema, column).ffill()}), schema
    return raw[_kept(raw, schema, column)].reset_index(drop=True), schema


def _moved(schema: Schema, column: str, role: Literal["sensors", "categories", "ignored"]) -> Schema:
    """Give a column another role; one that has it already keeps its place."""
    if column in getattr(schema, role):
        return schema
    sensors, categories, ignored = (
        (*(c for c in getattr(schema, r) if c != column), *([column] if r == role else []))
        for r in ("sensors", "categories", "ignored")
    )
    return replace(schema, sensors=sensors, categories=categories, ignored=ignored)


def _usable(raw: pd.DataFrame, schema: Schema, column: str) -> pd.Series:
    """Give the column with NaN wherever its value cannot be used."""
    if column in schema.categories:
        return raw[column]
    numbers = to_numbers(raw[column])
    return numbers.where(np.isfinite(numbers))


def _kept(raw: pd.DataFrame, schema: Schema, column: str) -> np.ndarray:
    if column != schema.time:
        return _usable(raw, schema, column).notna().to_numpy()
    times = parse_times(raw[column], schema.time_format)
    normal = (texts_of(raw[schema.label]) != schema.event_value).to_numpy()
    # Events first, so that of rows with one time an event is never the one dropped.
    order = np.argsort(normal, kind="stable")
    kept = np.empty(len(raw), dtype=bool)
    kept[order] = ~times.iloc[order].duplicated().to_numpy()
    return kept
