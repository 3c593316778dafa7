"""What reading a file gives: its columns, how it was read, what was found, and what must be asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

LINE = "line"  # name of the index of raw columns

# Of several files joined, the line and the file: "12 of B.csv".
Line = int | str

Kind = Literal["note", "warning", "problem"]


def line_of(lines: pd.Index, row: int) -> Line:
    """Return the line of the file of a row, as sentences name it."""
    line = lines[row]
    return line if isinstance(line, str) else int(line)


@dataclass(frozen=True)
class Reading:
    """How a file is read. None: find out, in what the analyst says; not applicable, in a result.

    Parameters
    ----------
    member
        The file inside a zip archive, or the sheet of a workbook.
    encoding
        As Python names it, for example ``utf-8``.
    separator
        One character.
    decimal, thousands
        Signs inside numbers; an empty `thousands` means none.
    header
        Line of the column names, counted from 1; 0 if the file has none.
    units
        Line of the units; 0 if the file has none.
    layout
        ``long`` for one row per tag and time, which is pivoted; ``wide`` for one column per sensor.
    time
        Columns that form the time together; empty for none.
    time_format
        A `strptime` format, or a name of `times.EPOCHS`.
    """

    member: str | None = None
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    header: int | None = None
    units: int | None = None
    layout: Literal["wide", "long"] | None = None
    time: tuple[str, ...] | None = None
    time_format: str | None = None


AS_FOUND = Reading()


@dataclass(frozen=True)
class Remark:
    """Something found and handled while reading, which the analyst must know.

    Parameters
    ----------
    kind
        How bad it is.
    column
        Name of the column; None for the file.
    what
        What was found, where, and how it was read, in one or two sentences.
    fact
        Short name of what was found, for tests and codes, for example ``lines left out``.
    count
        Number of lines or cells.
    lines
        The first few lines of the file that it concerns.
    """

    kind: Kind
    column: str | None
    what: str
    fact: str
    count: int = 0
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Choice:
    """An answer to a question, in words, with a cell as it would then be read."""

    value: str
    words: str
    example: str = ""


@dataclass(frozen=True)
class Question:
    """Something that the file leaves open and that is never guessed.

    Parameters
    ----------
    about
        The field of `Reading` or of `Schema` that the answer sets.
    column
        Name of the column; None for the file.
    what
        What was found and where, as a sentence that ends in a question.
    choices
        The possible answers.
    option
        How the command line answers it, for example ``--decimal ,``.
    """

    about: str
    column: str | None
    what: str
    choices: tuple[Choice, ...]
    option: str


@dataclass(frozen=True, eq=False)
class RawTable:
    """The columns of a file before any has a role.

    Parameters
    ----------
    frame
        Numbers are float32, or float64 where float32 would lose resolution (see `values.to_float32`); texts
        are ``str``; times are datetimes in Parquet and texts elsewhere. Missing cells are NaN. The
        index holds the line of the file of each row.
    reading
        How the file was read.
    remarks
        What was found while reading.
    questions
        What must be answered before the columns can be used.
    written
        A few cells of columns that were converted, by column: line, text in the file, value read.
    zoned
        Whether times that had a zone are UTC now, without one.
    events
        How the file of events was read that gave the label; None without one. Its `time` is the column of
        the start and, if there is one, that of the end.
    """

    frame: pd.DataFrame
    reading: Reading = Reading()
    remarks: tuple[Remark, ...] = ()
    questions: tuple[Question, ...] = ()
    written: dict[str, tuple[tuple[int, str, str], ...]] = field(default_factory=dict)
    zoned: bool = False
    events: Reading | None = None
