"""The preview of an upload: nothing is stored before its questions are answered."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import streamlit as st

from rare_event.prepare.schema import Schema
from rare_event.read.source import Files
from rare_event.read.table import RawTable
from rare_event.read.times import IN_WORDS
from rare_event.read.values import shown
from rare_event.store.datasets import Dataset, store
from rare_event.store.preview import Preview, examples, first_lines
from rare_event.text import number, plain
from rare_event.ui.cache import forget_previews, preview_of
from rare_event.ui.data.correct import correct
from rare_event.ui.data.events import choose_events
from rare_event.ui.data.upload import Pending, leave, look_at, read_differently
from rare_event.ui.frame import in_place
from rare_event.ui.state import update_state

REMARK_COLOURS = {"problem": "red", "warning": "orange", "note": "blue"}
FIRST_ROWS = 8
UNDECIDED = "not decided"
ASKED = {"decimal": "Decimal mark", "thousands": "Thousands separator", "header": "Column names"}
ASKED |= {"time_format": "Time format", "encoding": "Encoding", "member": "File or sheet"}
TIME_WORDS = {"%d": "day", "%m": "month", "%Y": "year", "%y": "year", "%b": "month", "%B": "month"}
TIME_WORDS |= {"%H": "hour", "%I": "hour", "%M": "minute", "%S": "second", "%f": "fraction", "%z": "zone"}
TIME_WORDS |= {"%p": "AM or PM"}
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}
SIGNS = {",": "comma", ".": "point", " ": "space", "'": "apostrophe", "": "none", "\u00a0": "space"}


def offer_other_reading(dataset: Dataset) -> None:
    """Let the user read the upload of a stored dataset differently."""
    if st.button("Read it differently", key="data_read_differently", icon=":material/edit_document:"):
        read_differently(dataset)


@in_place
def show_preview(upload: Pending) -> None:
    """Show how an upload would be read, ask what it leaves open, and store it on request.

    Raises
    ------
    RunError
        If the upload is no longer there.
    """
    source, several = upload.source, len(upload.files) > 1
    seen = preview_of(upload.files, upload.corrections, upload.events, upload.events_name)
    st.header(f"Preview of {plain(upload.name)}")
    each = "files are read and joined, then use them" if several else "file is read, then use it"
    st.caption(f"The data are not stored yet. Check how the {each}.")
    if seen.refused:
        st.error(plain(seen.refused))
    _ask(upload, seen)
    choose_events(upload)
    _buttons(upload, seen, source)
    if seen.raw is None:
        st.markdown("**First lines of the file**")
        st.code("\n".join(first_lines(source)) or " ", language=None)
    else:
        st.markdown(" · ".join(f"{what} **{plain(value)}**" for what, value in _guesses(seen)))
        _show_remarks(seen)
        st.markdown("**Columns, with two example cells as written and as read**")
        st.dataframe(
            _columns(seen), hide_index=True, key="data_preview_columns", alt="Columns as written and as read"
        )
        st.markdown("**First rows as read**")
        st.dataframe(_first_rows(seen), key="data_preview_rows", alt="First rows as read")
    if (said := correct(upload, seen)) is not None:
        look_at(upload.corrected(said))


def _ask(upload: Pending, seen: Preview) -> None:
    """Show the questions, those that are answered too, so that an answer can be changed."""
    answered = dict(upload.answers)
    for position, question in enumerate(dict.fromkeys([*answered, *seen.questions])):
        before = answered.get(question)
        with st.container(border=True):
            choice = st.radio(
                f"**{plain(question.what)}**",
                question.choices,
                index=None if before is None else question.choices.index(before),
                format_func=lambda choice: plain(choice.words),
                captions=[plain(choice.example) for choice in question.choices],
                key=f"data_question_{upload.key}_{position}_{question.about}_{question.column}",
            )
        if choice is not None and choice != before:
            look_at(upload.answered(question, choice))


def _buttons(upload: Pending, seen: Preview, source: Path | Files) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        usable = seen.table is not None and not seen.questions
        words = "Use these files" if isinstance(source, Files) and len(source.parts) > 1 else "Use this file"
        if st.button(words, key="data_use", type="primary", disabled=not usable):
            dataset = store(seen, source)
            forget_previews()
            leave()
            update_state(digest=dataset.digest, run_id=None)
            st.rerun()
        if st.button("Cancel", key="data_cancel"):
            leave()
            st.rerun()
        if seen.questions:
            asked = "question" if len(seen.questions) == 1 else "questions"
            st.caption(f"Answer the {asked} above first.")
        elif seen.refused:
            st.caption("Correct how the file is read below, or upload another file.")


def _show_remarks(seen: Preview) -> None:
    for remark in seen.remarks:
        said = remark.column is None or remark.column in remark.what
        where = "" if said else f"Column {plain(shown(remark.column))}: "
        st.markdown(f":{REMARK_COLOURS[remark.kind]}-badge[{remark.kind}] {where}{plain(remark.what)}")


def _guesses(seen: Preview) -> list[tuple[str, str]]:
    """List what was found out about the file."""
    assert seen.raw is not None
    reading, schema, table = seen.raw.reading, seen.schema, seen.table
    rows = [
        ("Rows", f"{len(seen.raw.frame):,}"),
        ("File or sheet", reading.member),
        ("Encoding", (reading.encoding or "").removesuffix("-sig").upper()),
        ("Separator", SEPARATORS.get(reading.separator or "", reading.separator)),
        ("Decimal mark", _sign(reading.decimal)),
        ("Thousands separator", _sign(reading.thousands)),
        ("Column names", _line(reading.header)),
        ("Units", _line(reading.units) if reading.units else None),
        ("Layout", "one row per tag and time" if reading.layout == "long" else None),
    ]
    if schema is not None:
        rows += [("Time", schema.time or "no column"), ("Time format", time_format(schema, seen.raw))]
        rows += [("Label", ", ".join(schema.labels) or "no column")]
        rows += [("Event", ", ".join(schema.event_values) if schema.labels else None)]
        rows += [("Left out", ", ".join(schema.left_out_values))]
    if table is not None:
        step = f"{number(table.step)} min" if table.step >= 1 else f"{number(60 * table.step)} s"
        rows += [("Step", "unknown; figures are in rows" if table.time_unit.reason else step)]
        rows += [("Event rows", f"{int(table.label.sum()):,}")]
    asked = {ASKED.get(question.about) for question in seen.questions}
    return [(what, "see the question above" if what in asked else value) for what, value in rows if value]


def time_format(schema: Schema, raw: RawTable | None = None) -> str | None:
    """Write the format of the times of a file in words.

    Examples
    --------
    >>> time_format(Schema("y", "at", ("x1",), time_format="%d.%m.%Y %H:%M"))
    'day.month.year hour:minute'
    """
    if schema.time is None:
        return None
    if schema.time_format is None and raw is not None and schema.time in raw.frame:
        if pd.api.types.is_datetime64_any_dtype(raw.frame[schema.time]):
            # The times of joined files are read before.
            return "differs by file" if pd.api.types.is_string_dtype(raw.frame.index) else "stored as times"
        if raw.reading.member is not None and raw.reading.encoding is None:
            return "stored as times, or text with the year first"
    if schema.time_format is None:
        return "year first (ISO 8601)"
    if schema.time_format in IN_WORDS:
        return IN_WORDS[schema.time_format]
    return re.sub(r"%.", lambda code: TIME_WORDS.get(code[0], code[0]), schema.time_format)


def _sign(sign: str | None) -> str | None:
    return None if sign is None else SIGNS.get(sign, sign)


def _line(line: int | None) -> str | None:
    return None if line is None else f"line {line}" if line else "none"


def _columns(seen: Preview) -> pd.DataFrame:
    """List the columns with their roles and two cells, as written and as read, each in a row.

    Side by side they would not fit a narrow page.
    """
    assert seen.raw is not None
    roles = {} if seen.schema is None else dict(seen.schema.roles())
    unknown = UNDECIDED if seen.schema is None else "left out"
    rows = []
    for column in seen.raw.frame.columns:
        role = roles.get(column, unknown)
        # Columns that wait for an answer are not ignored for good.
        role = UNDECIDED if seen.questions and role == "ignored" else role
        waiting = role == UNDECIDED and not pd.api.types.is_numeric_dtype(seen.raw.frame[column])
        cells = [(cell.written, UNDECIDED if waiting else cell.read) for cell in examples(seen, column)]
        rows += [(column, role, *cell) for cell in cells or [("", "")]]
    return pd.DataFrame(rows, columns=["column", "role", "cell as written", "read as"])


def _first_rows(seen: Preview) -> pd.DataFrame:
    assert seen.raw is not None
    if seen.table is None:
        return seen.raw.frame.head(FIRST_ROWS)
    head = seen.table.frame.head(FIRST_ROWS)
    return head.set_axis(pd.Index(seen.table.lines[: len(head)], name="line"))
