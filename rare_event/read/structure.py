"""The structure of a text file: encoding, dialect and header together, and what to tell of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rare_event.read.blocks import Csv
from rare_event.read.dialect import NO_SEPARATOR, Dialect, find_dialect, is_wrapped, unwrapped
from rare_event.read.encoding import HEAD_BYTES, Encoding, find_encoding, utf8_blocks
from rare_event.read.header import Header, find_header
from rare_event.read.limits import require_columns
from rare_event.read.names import distinct_names, filled_names, require_names, without_separators
from rare_event.read.shape import Shape
from rare_event.read.source import Opened
from rare_event.read.table import Choice, Question, Reading, Remark
from rare_event.read.values import shown


@dataclass(frozen=True)
class Structure:
    """How a text file is read.

    Parameters
    ----------
    csv
        The file and what a line of its data looks like.
    names
        Of its columns.
    nameless
        Positions of the columns that have no name in the file.
    decimal
        The decimal sign that most numbers seem to have.
    quoted
        Whether some cells are in quotation marks.
    reading
        How the file is read, for the analyst.
    remarks
        What was found.
    questions
        What must be answered.
    expected_rows
        Estimated number of rows.
    """

    csv: Csv
    names: tuple[str, ...]
    nameless: tuple[int, ...]
    decimal: str
    quoted: bool
    reading: Reading
    remarks: tuple[Remark, ...]
    questions: tuple[Question, ...]
    expected_rows: int

    def without_blank_columns(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Remark]]:
        """Drop the columns without a name that hold nothing or count the rows, and tell of the others."""
        if not self.nameless or not self.reading.header:
            return frame, []
        dropped, remarks = [], []
        for position in self.nameless:
            column = frame.iloc[:, position]
            if column.isna().all():
                dropped.append(position)
            elif position == 0 and _counts_rows(column):
                dropped.append(position)
                what = "The first column has no name and only counts the rows; it is left out."
                remarks.append(Remark("note", None, what, "row numbers"))
            else:
                new = self.names[position]
                what = f"Column {position + 1} has no name in the header; it is called {shown(new)}."
                remarks.append(Remark("warning", new, what, "column without a name"))
        blank = len(dropped) - sum(r.fact == "row numbers" for r in remarks)
        if blank:
            what = f"{blank} column{'s' * (blank != 1)} without a name or any values "
            what += "is left out." if blank == 1 else "are left out."
            remarks.append(Remark("note", None, what, "empty columns", blank))
        kept = [k for k in range(frame.shape[1]) if k not in dropped]
        return frame.iloc[:, kept], remarks


def find_structure(opened: Opened, head: bytes, name: str, said: Reading) -> Structure:
    """Find out how a text file is read, as far as the analyst does not say it.

    Parameters
    ----------
    opened
        The file.
    head
        Its first bytes.
    name
        Name of the file for error messages.
    said
        What the analyst says.

    Raises
    ------
    TableError
        If the file is no table, or its names cannot be used.
    """
    encoding, remarks, questions = find_encoding(opened, head, name, said.encoding)
    lines = _first_lines(utf8_blocks(opened, encoding))
    wrapped = is_wrapped(lines)
    if wrapped:
        lines = b"".join(unwrapped(iter([b"\n".join(lines)]))).split(b"\n")
    typed = opened.typed and said.separator != NO_SEPARATOR
    dialect = find_dialect(lines, name, said.separator, typed=typed)
    header = find_header(lines, dialect, name, said.header, said.units)
    require_columns(len(header.names), name)
    require_names(header.records[0].cells if len(header.records) == 1 else header.names, name)
    line = header.records[-1].line if header.records else 0
    names, strays = header.names, list[Remark]()
    if not opened.typed:
        names, strays = without_separators(names, dialect.separator, line)
    names, nameless = filled_names(names)
    names, alike = distinct_names(names)
    shape = _shape(dialect, header, lines, encoding)
    csv = Csv(opened, encoding, shape, wrapped, header.n_lines, header.first, header.left_out, name)
    decimal = said.decimal or ("." if opened.typed else dialect.decimal)
    reading = replace(
        said,
        member=opened.member,
        encoding=None if opened.typed else encoding.name,
        separator=None if opened.typed else dialect.separator,
        decimal=decimal,
        header=line,
        units=header.units.line if header.units else 0,
    )
    length = len(b"\n".join(lines)) / max(1, len(lines) - 1)
    expected = int(1.05 * opened.size / max(1.0, length)) + 1
    return Structure(
        csv,
        names,
        nameless,
        decimal,
        any(b'"' in line for line in lines[header.n_lines :]),
        reading,
        (*remarks, *_remarks(wrapped, dialect, header), *strays, *alike),
        (*questions, *_questions(header, name)),
        expected,
    )


def _first_lines(blocks: Iterator[bytes]) -> list[bytes]:
    """Return the whole lines among the first bytes of a file."""
    head, whole = b"", True
    for block in blocks:
        head += block
        if len(head) >= HEAD_BYTES:
            whole = False
            break
    lines = head.removesuffix(b"\n").split(b"\n")
    return lines if whole or len(lines) == 1 else lines[:-1]


def _shape(dialect: Dialect, header: Header, lines: list[bytes], encoding: Encoding) -> Shape:
    repeated = [r.text for r in (*header.records, *([header.units] if header.units else []))]
    below = [line.lstrip(b'"') for line in lines[header.n_lines :][:500] if line.strip()]
    plain = sum(not line[:1].isalpha() for line in below)
    return replace(
        dialect.shape,
        header=tuple(text for text in repeated if b"\n" not in text),
        comment=b"#" if header.comments else b"",
        numbers=tuple(k for k, kind in enumerate(header.kinds) if kind in ("number", "time")),
        by_digit=bool(below) and plain >= 0.9 * len(below) and header.kinds[0] in ("number", "time"),
        damaged=encoding.damaged,
    )


def _questions(header: Header, name: str) -> tuple[Question, ...]:
    if not header.asked:
        return ()
    what = f"Line {header.first} of {name} seems to hold data, not column names. Does the file have a header?"
    choices = (
        Choice("0", "No: call the columns column_1, column_2 and so on"),
        Choice(str(header.first), f"Yes: line {header.first} holds the names"),
    )
    return (Question("header", None, what, choices, "--header 0"),)


def _remarks(wrapped: bool, dialect: Dialect, header: Header) -> list[Remark]:
    found = []
    if wrapped:
        what = "Whole lines are in quotation marks, separators included; the marks are removed."
        found.append(Remark("note", None, what, "lines in quotation marks"))
    if dialect.named_in:
        what = "Line 1 names a separator (sep=) and is skipped."
        found.append(Remark("note", None, what, "separator line", 1, (1,)))
    for lines, what, fact in (
        (header.comments, "begins with # and is skipped", "comment lines"),
        (header.preamble, "is above the data and is skipped", "preamble"),
    ):
        if lines:
            many = what.replace("begins", "begin").replace("is ", "are ")
            sentence = f"Line {lines[0]} {what}." if len(lines) == 1 else f"{len(lines)} lines {many}."
            found.append(Remark("note", None, sentence, fact, len(lines), lines[:20]))
    if len(header.records) > 1:
        listed = tuple(record.line for record in header.records)
        what = f"The column names take up {len(listed)} lines and are joined, for example "
        what += f"{shown(next(filter(str.strip, header.names)))}."
        found.append(Remark("note", None, what, "header of several lines", len(listed), listed))
    wide = [r for r in header.records if len(r.cells) > len(header.names)]
    if wide:
        what = f"Line {wide[0].line}, the header, ends with an extra separator."
        found.append(Remark("note", None, what, "separator after the header", 1, (wide[0].line,)))
    if header.units:
        example = [cell for cell in header.units.cells if cell.strip()]
        what = f"Line {header.units.line} holds units, such as "
        what += f"{', '.join(map(shown, example[:3]))}, and is skipped."
        found.append(Remark("note", None, what, "units row", 1, (header.units.line,)))
    return found


def _counts_rows(column: pd.Series) -> bool:
    """Whether a column counts the rows from 0 or 1."""
    if not pd.api.types.is_numeric_dtype(column):
        return False
    values = column.to_numpy(dtype=np.float64)
    return bool(np.isfinite(values).all() and (np.diff(values) >= 1).all() and values[0] in (0, 1))
