"""Roles that a user gave to the columns of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from rare_event.errors import TableError
from rare_event.prepare.label_guess import guess_label
from rare_event.prepare.labelling import Labelling
from rare_event.prepare.schema import Role, Schema
from rare_event.read.times import time_formats
from rare_event.read.values import shown


def schema_of_roles(raw: pd.DataFrame, roles: Mapping[str, Role], said: Labelling, before: Schema) -> Schema:
    """Return the schema with the roles that a user chose.

    Parameters
    ----------
    raw
        As in `RawTable.frame`.
    roles
        Role of each column; several may be labels, or none.
    said
        What the user says about the values of the label.
    before
        The schema so far; its time format is kept with its time column.

    Raises
    ------
    TableError
        If more than one column is the time or the asset, or a value of the label is left without a meaning.
    """
    named = {
        wanted: tuple(c for c, role in roles.items() if role == wanted) for wanted in set(roles.values())
    }
    times, assets = named.get("time", ()), named.get("asset", ())
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
    # In the order that they had: the first label gives the table's column its name.
    known = [label for label in before.labels if roles.get(label) == "label"]
    labels = tuple(dict.fromkeys([*known, *named.get("label", ())]))
    guess = guess_label(raw, {}, replace(said, labels=labels))
    for question in guess.questions:
        raise TableError(question.what)
    return replace(
        before,
        time=time,
        time_format=time_format,
        asset=assets[0] if assets else None,
        sensors=named.get("sensor", ()),
        categories=named.get("category", ()),
        ignored=named.get("ignored", ()),
        **guess.fields,
    )
