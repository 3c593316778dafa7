"""A file as it would be stored: how it is read, what it leaves open, and cells before and after."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from numbers import Real

import pandas as pd

from rare_event.checks.order import machine_columns
from rare_event.errors import TableError
from rare_event.prepare.corrections import NO_CORRECTIONS, Corrections, OpenQuestion, roles, still_open
from rare_event.prepare.event_label import with_events
from rare_event.prepare.join import read_files
from rare_event.prepare.schema import Schema
from rare_event.prepare.table import Table, apply_schema
from rare_event.read.raw import digest_of, read_raw
from rare_event.read.source import Files, Source, open_source
from rare_event.read.table import Choice, Line, Question, RawTable, Remark, line_of
from rare_event.read.times import parse_times
from rare_event.read.values import shown, text_of, texts_of

FIRST_LINES = 8
LINE_LENGTH = 200
EXAMPLES = 2
FEW_NAMES = 4


@dataclass(frozen=True)
class Example:
    """One cell of a column: its line of the file, as written and as read."""

    column: str
    line: Line
    written: str
    read: str


@dataclass(frozen=True, eq=False)
class Preview:
    """A file that is read and not stored.

    Parameters
    ----------
    name, digest
        Of the file; `digest` is the SHA-256 of its bytes.
    said
        What the analyst says of it.
    raw, schema, table
        How far it can be used: None where `refused` or a question is in the way.
    questions
        What must be answered before it can be stored.
    refused, option
        Why it cannot be used as it is read, and the option of the command line that helps; empty if it can.
    """

    name: str
    digest: str
    said: Corrections
    raw: RawTable | None = None
    schema: Schema | None = None
    table: Table | None = None
    questions: tuple[Question, ...] = ()
    refused: str = ""
    option: str = ""

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What was found while reading."""
        if self.table is not None:
            return self.table.remarks
        return () if self.raw is None else self.raw.remarks

    @property
    def complete(self) -> Corrections:
        """The corrections that read the file in the same way without a question.

        Raises
        ------
        OpenQuestion, TableError
            If it cannot be stored as it is.
        """
        raw, schema, _ = self.parts()
        # Several files are joined before there are roles: by machine, and without what is not used.
        assets = schema.asset or self.said.assets
        return Corrections(
            raw.reading, ignore=self.said.ignore, assets=assets, schema=schema, events=raw.events
        )

    def parts(self) -> tuple[RawTable, Schema, Table]:
        """Return the columns, their roles and the table.

        Raises
        ------
        OpenQuestion, TableError
            If it cannot be stored as it is.
        """
        if self.questions:
            raise OpenQuestion(self.questions)
        if self.raw is None or self.schema is None or self.table is None:
            raise TableError(self.refused, self.option)
        return self.raw, self.schema, self.table


def preview(
    source: Source | Files, name: str, said: Corrections = NO_CORRECTIONS, digest: str | None = None
) -> Preview:
    """Read a file without storing anything; what is wrong with it is in the result.

    Parameters
    ----------
    source
        A path, or the bytes of the file; or several files.
    name
        Name of the file.
    said
        What the analyst says about the file; the rest is detected.
    digest
        SHA-256 of the file, as `digest_of` gives it; None computes it.

    Raises
    ------
    TableError
        If the file cannot be opened.
    """
    digest = digest or digest_of(source)
    try:
        raw = read_files(source, name, said)
    except TableError as error:
        none = Preview(name, digest, said, refused=str(error), option=error.option)
        return _first_of(source, none) if isinstance(source, Files) else none
    raw = replace(raw, questions=still_open(raw.questions, said))
    try:
        raw, told = with_events(raw, source, said)
        schema = roles(raw.frame, told)
    except OpenQuestion as question:
        # How the file is read is settled first: the columns depend on it.
        return Preview(name, digest, said, raw, questions=raw.questions or question.questions)
    except TableError as error:
        # An open question may be why: it is answered first.
        refused = "" if raw.questions else str(error)
        return Preview(name, digest, said, raw, questions=raw.questions, refused=refused, option=error.option)
    if raw.questions:
        return Preview(name, digest, said, raw, schema, questions=raw.questions)
    try:
        table = apply_schema(raw.frame, schema, name=name, digest=digest, remarks=raw.remarks)
    except TableError as error:
        return Preview(name, digest, said, raw, schema, refused=str(error), option=error.option)
    return Preview(name, digest, said, raw, schema, table)


def _first_of(source: Files, refused: Preview) -> Preview:
    """Show the first of several files that do not fit together: what it leaves open may be why."""
    with suppress(TableError):
        raw = read_raw(source.parts[0], name=source.names[0], said=refused.said.reading)
        open_questions = still_open(raw.questions, refused.said)
        why = "" if open_questions else refused.refused
        return replace(refused, raw=raw, questions=open_questions, refused=why)
    return refused


def asked_for_machines(seen: Preview) -> Preview:
    """Return a preview that also asks which column names the machine, where rows share their times."""
    if seen.table is None or seen.raw is None or seen.questions or seen.said.assets is not None:
        return seen
    unused = [column for column in seen.table.schema.ignored if column not in seen.said.ignore]
    whole = len(seen.raw.frame) == seen.table.n_rows
    columns = list(machine_columns(seen.table, seen.raw.frame[unused] if whole else None))
    if not columns:
        return seen
    names = {column: texts_of(seen.raw.frame[column]).unique() for column in columns}
    choices = [
        Choice(column, f"{shown(column)}: {len(named):,} machines", ", ".join(named[:FEW_NAMES]))
        for column, named in names.items()
    ]
    question = Question(
        "assets",
        None,
        "Rows of several machines seem to cover the same times. Which column names the machine?",
        (*choices, Choice("", "None: all rows belong to one machine")),
        "--assets COL",
    )
    return replace(seen, questions=(question,))


def first_lines(source: Source | Files) -> list[str]:
    """Return the first lines of a text file as they are written, cut to a width that can be shown."""
    with open_source(source.parts[0] if isinstance(source, Files) else source) as file:
        head = file.read(FIRST_LINES * 4096)
    for encoding in ("utf-8-sig", "cp1252"):
        with suppress(UnicodeDecodeError):
            return [line[:LINE_LENGTH] for line in head.decode(encoding).splitlines()[:FIRST_LINES]]
    return []


def examples(seen: Preview, column: str) -> list[Example]:
    """Return the first cells of a column before and after.

    Parameters
    ----------
    seen
        A preview with columns.
    column
        One of them.
    """
    assert seen.raw is not None
    if column in seen.raw.written:
        return [Example(column, *cell) for cell in seen.raw.written[column][:EXAMPLES]]
    cells = seen.raw.frame[column].dropna()
    if seen.schema is not None and dict(seen.schema.roles()).get(column) == "label":
        cells = cells.drop_duplicates()
    cells = cells.iloc[:EXAMPLES]
    lines = [line_of(cells.index, i) for i in range(len(cells))]
    return [Example(column, line, *_cell(seen, cells.iloc[[i]])) for i, line in enumerate(lines)]


def _cell(seen: Preview, cell: pd.Series) -> tuple[str, str]:
    """Return one cell as written and as read."""
    value, schema = cell.iloc[0], seen.schema
    written = text_of(value) if isinstance(value, Real) else str(value)
    if schema is not None and cell.name == schema.time:
        return written, str(parse_times(cell, schema.time_format).iloc[0])
    if schema is not None and cell.name in schema.labels:
        text = text_of(value)
        left_out = text in schema.left_out_values
        return written, "event" if text in schema.event_values else "left out" if left_out else "normal"
    return written, written
