"""Roles that a user gave to the columns of a file."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from rare_event.errors import TableError
from rare_event.prepare.schema import Role, Schema
from rare_event.read.times import time_formats
from rare_event.read.values import distinct, shown, text_of, texts_of


def schema_of_roles(raw: pd.DataFrame, roles: Mapping[str, Role], event_value: str, before: Schema) -> Schema:
    """Return the schema with the roles that a user chose.

    Parameters
    ----------
    raw
        As in `RawTable.frame`.
    roles
        Role of each column.
    event_value
        Text of the label value that marks events; ignored if the label column changes, whose rarer
        value is then used.
    before
        The schema so far; its time format is kept with its time column.

    Raises
    ------
    TableError
        If not exactly one column is the label, or more than one is the time or the asset.
    """
    named = {
        wanted: tuple(c for c, role in roles.items() if role == wanted) for wanted in set(roles.values())
    }
    labels, times, assets = (named.get(role, ()) for role in ("label", "time", "asset"))
    if len(labels) != 1:
        raise TableError(
            f"{len(labels) or 'No'} columns have the role label. "
            "Give it to exactly one column: the one that marks events."
        )
    for role, columns in (("time", times), ("asset", assets)):
        if len(columns) > 1:
            raise TableError(
                f"Columns {shown(columns[0])} and {shown(columns[1])} both have the role {role}. "
                "Give it to one of them."
            )
    time = times[0] if times else None
    time_format = before.time_format
    if time is not None and time != before.time:
        time_format = next(iter(time_formats(raw[time])), None)
    if labels[0] != before.label:
        counts = texts_of(raw[labels[0]]).value_counts()
        event_value = str(counts.index[-1]) if len(counts) else event_value
    return Schema(
        labels[0],
        time,
        named.get("sensor", ()),
        named.get("category", ()),
        named.get("ignored", ()),
        event_value,
        time_format,
        assets[0] if assets else None,
    )


def label_values(raw: pd.DataFrame, label: str) -> list[str]:
    """List the distinct values of the column `label` as text, sorted."""
    values = distinct(raw[label])
    return sorted({text_of(value) for value in values}) if values is not None else []
