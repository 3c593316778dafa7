"""The label that a second file of events gives: which rows it marks, and which events mark none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from rare_event.errors import TableError
from rare_event.prepare.assets import set_back
from rare_event.prepare.corrections import Corrections, OpenQuestion, roles, still_open
from rare_event.prepare.event_file import Events, Listed, lines_of, read_events
from rare_event.prepare.event_rows import event_rows
from rare_event.prepare.join import read_files
from rare_event.prepare.label_words import resembles_label
from rare_event.prepare.labelling import distinct_texts, joined, quoted
from rare_event.prepare.schema import Schema
from rare_event.read.source import Files, Source
from rare_event.read.table import AS_FOUND, RawTable, Remark
from rare_event.read.times import has_zone, parse_times
from rare_event.read.values import distinct, shown, texts_of
from rare_event.text import plural

EVENT = "event"  # column of the label


def with_events(raw: RawTable, source: Source | Files, said: Corrections) -> tuple[RawTable, Corrections]:
    """Add the label that a file of events gives, if there is one.

    Parameters
    ----------
    raw
        The rows of the data; while they leave a question open, no label is added.
    source
        Their file or files, and that of the events.
    said
        What the analyst says.

    Returns
    -------
    tuple
        The rows with the column of the label, and the corrections that make it the label.

    Raises
    ------
    OpenQuestion
        If the file of events leaves something open that is never guessed.
    TableError
        If it cannot be read or matched with the rows, or no event marks a row.
    """
    if not isinstance(source, Files) or source.events is None:
        if said.events is not None:
            raise TableError(
                "The label comes from a file of events, which is missing. Add that file.",
                "Use --events FILE.",
            )
        return raw, said
    if still_open(raw.questions, said):
        return raw, said.labelled_by(None)
    events = read_events(source.events, source.events_name, said.events or AS_FOUND)
    schema = roles(raw.frame, said.labelled_by(None))
    if schema.time is None:
        raise TableError(
            f"{source.rows_name} has no readable time column, so the events of {events.name} cannot be "
            "matched to its rows. Name its time column."
        )
    _require_one_clock(raw, schema, source.rows_name, events)
    label, remarks = _label(raw.frame, schema, source.rows_name, events)
    column = EVENT if EVENT not in raw.frame else f"{EVENT} of {events.name}"
    unused = _named_like_labels(raw.frame, said, schema)
    if unused:
        verb, kind = ("is", "a label") if len(unused) == 1 else ("are", "labels")
        what = f"{quoted(unused)} {verb} named like {kind} and {verb} not used, since "
        remarks.append(Remark("note", None, f"{what}{events.name} gives the label.", "label not used"))
    frame = raw.frame.assign(**{column: label})
    told = (*raw.remarks, *events.remarks, *remarks)
    said = replace(said, ignore=(*said.ignore, *unused)).labelled_by(column)
    return replace(raw, frame=frame, remarks=told, events=events.reading), said


def read_labelled(
    source: Source | Files, name: str, said: Corrections, schema: Schema | None = None
) -> tuple[RawTable, Corrections]:
    """Read a file, or several that are joined, with the label that a file of events gives.

    Parameters
    ----------
    source, name
        The file or files, and their name.
    said
        What the analyst says of them.
    schema
        The roles, where they are known; they settle questions too.

    Returns
    -------
    tuple
        As from `with_events`.

    Raises
    ------
    OpenQuestion
        If the file leaves something open that is never guessed.
    TableError
        If it is not a table, or its events do not fit its rows.
    """
    raw = read_files(source, name, said)
    if questions := still_open(raw.questions, said, schema):
        raise OpenQuestion(questions)
    return with_events(raw, source, said)


def _named_like_labels(frame: pd.DataFrame, said: Corrections, schema: Schema) -> list[str]:
    """List the columns that could be the label and have no other role by the analyst's word."""
    used = {*said.ignore, schema.time, schema.asset}
    used |= set() if said.schema is None else {*said.schema.sensors, *said.schema.categories}
    named = [str(column) for column in frame if resembles_label(str(column)) and column not in used]
    return [column for column in named if len(distinct_texts(distinct(frame[column]))) > 1]


def _require_one_clock(raw: RawTable, schema: Schema, name: str, events: Events) -> None:
    """Refuse times of which only some have a zone: events would be hours away from their rows."""
    rows = raw.frame[schema.time]
    unknown = any(r.fact == "unknown zone" and r.column == schema.time for r in raw.remarks)
    if (raw.zoned or unknown or has_zone(rows, schema.time_format)) == events.zoned:
        return
    cell = events.frame[(events.reading.time or ("",))[0]].iloc[0]
    zoned, local = (events.name, name) if events.zoned else (name, events.name)
    raise TableError(
        f"The times of {zoned} have a time zone or are in UTC, but those of {local} have no zone: "
        f"{shown(rows.iloc[0])} in {name}, {shown(cell)} in {events.name}. Write the times of both files "
        "with their zone, or both without one."
    )


def _label(frame: pd.DataFrame, schema: Schema, name: str, events: Events) -> tuple[np.ndarray, list[Remark]]:
    """Mark the rows of the events, and say what is marked and which events mark nothing."""
    times = parse_times(frame[schema.time], schema.time_format).to_numpy()
    label, places = np.zeros(len(frame), np.int8), 0
    nowhere, outside, stopped = np.zeros((3, len(events.starts)), bool)
    for rows, which in _machines(frame, schema, events):
        rows = rows[~np.isnat(times[rows])]
        if not len(rows):
            nowhere[which] = True
            continue
        if set_back(times[rows]):
            require_once(times[rows], events, which, name)
        found = event_rows(times[rows], events.starts[which], events.ends[which])
        label[rows] = found.label
        outside[which], stopped[which] = found.outside, found.stopped
        places += found.places
    covered, covers = _span(times), _span(np.concatenate([events.starts, events.ends]))
    lost = [
        (outside, "before or after the data", f" The data cover {covered}."),
        (stopped, "in a stop", ""),
        (nowhere, "on a machine that is not in the data", ""),
    ]
    if not label.any():
        alike = ", and name the machines alike" if nowhere.any() else ""
        how = joined(_events_are(int(mask.sum()), where) for mask, where, _ in lost if mask.any())
        raise TableError(
            f"No event of {events.name} marks a row of {name}: {how}. {name} covers {covered}, {events.name} "
            f"covers {covers}. Check that both files cover the same period in the same time zone{alike}."
        )
    remarks = [_marked(events, schema, int(label.sum()), places)]
    for mask, where, more in lost:
        if mask.any():
            n, lines = int(mask.sum()), events.frame.index[mask]
            what = f"{plural(n, 'event')} of {events.name} {'is' if n == 1 else 'are'} {where} and "
            what += f"{'marks' if n == 1 else 'mark'} no rows: {lines_of(lines)}.{more}"
            told = tuple(f"{line} of {events.name}" for line in lines[:5])
            remarks.append(Remark("warning", None, what, "events without a row", n, told))
    return label, remarks


def _machines(frame: pd.DataFrame, schema: Schema, events: Events) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the rows and the events of each machine; of a machine without rows, no rows."""
    if schema.asset is None:
        yield np.arange(len(frame)), np.arange(len(events.starts))
        return
    if schema.asset not in events.frame:
        raise TableError(
            f"{events.name} does not say which machine each event belongs to. Give it a column "
            f"{shown(schema.asset)} with the names of the machines, as in the data."
        )
    owners, named = (texts_of(each[schema.asset]).to_numpy() for each in (frame, events.frame))
    for machine in dict.fromkeys(named):
        # An empty cell is no machine.
        yield (
            np.flatnonzero(owners == machine),
            np.flatnonzero((named == machine) | (pd.isna(machine) & pd.isna(named))),
        )


def require_once(
    times: np.ndarray, events: Events, which: np.ndarray, name: str, listed: Listed = "event"
) -> None:
    """Refuse an event that begins or ends in the hour that occurs twice where clocks are set back.

    Parameters
    ----------
    times
        Of the rows of a machine, in the order of the file.
    events, which
        Events, or alarms, and the positions of those of the machine.
    name
        Of the file of rows.
    listed
        What is listed.

    Raises
    ------
    TableError
        If there is one.
    """
    for row in np.flatnonzero(np.diff(times) < np.timedelta64(0)):
        for edge in (events.starts[which], events.ends[which]):
            twice = which[(edge >= times[row + 1]) & (edge <= times[row])]
            if len(twice):
                raise TableError(
                    f"{events.name}: clocks are set back in {name}, so one hour occurs twice, and an "
                    f"{listed} begins or ends in it ({lines_of(events.frame.index[twice])}). Delete these "
                    "lines, or write the times of both files with their zone."
                )


def _marked(events: Events, schema: Schema, n_rows: int, places: int) -> Remark:
    """Say what the events mark, and which repeat another one."""
    n = len(events.starts)
    what = f"{events.name} names {plural(n, 'event')}, which {'marks' if n == 1 else 'mark'} "
    what += f"{plural(n_rows, 'row')} in {plural(places, 'place')}. "
    moments = events.ends is events.starts
    what += (
        "The row at or just after each time is marked."
        if moments
        else "All rows from start to end are marked; an event between two rows marks the row just after it."
    )
    keys = pd.DataFrame({"start": events.starts, "end": events.ends})
    if schema.asset is not None:
        keys["asset"] = events.frame[schema.asset].to_numpy()
    again = keys.duplicated().to_numpy()
    if again.any():
        what += f" {plural(int(again.sum()), 'event')} {'repeats' if again.sum() == 1 else 'repeat'} an "
        what += f"earlier one: {events.where(again)}."
    columns = [c for c in events.frame if c not in (*(events.reading.time or ()), schema.asset)]
    what += f" Other columns are not used: {quoted(columns)}." if columns else ""
    return Remark("note", None, what, "events of a second file", n)


def _events_are(n: int, where: str) -> str:
    return f"{plural(n, 'event')} {'is' if n == 1 else 'are'} {where}"


def _span(times: np.ndarray) -> str:
    known = times[~np.isnat(times)]
    first, last = (f"{pd.Timestamp(edge):%Y-%m-%d %H:%M}" for edge in (known.min(), known.max()))
    return first if first == last else f"{first} to {last}"
