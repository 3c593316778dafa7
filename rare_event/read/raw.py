"""Read a CSV, a workbook or a Parquet file into a frame of numbers, texts and times.

A CSV is read as text and converted to numbers block by block, so a file is never in memory twice.
Line numbers count as in a spreadsheet: the header is line 1, and a record with line breaks counts once.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import replace
from functools import partial

import pandas as pd

from rare_event.errors import NoRowsError, TableError
from rare_event.read.blocks import convert
from rare_event.read.clock_columns import with_times
from rare_event.read.columns import new_cells
from rare_event.read.containers import is_packed, unpack
from rare_event.read.encoding import HEAD_BYTES, utf16
from rare_event.read.limits import CELL_BYTES, Room
from rare_event.read.long import with_layout
from rare_event.read.notation import settle, unsettled
from rare_event.read.parquet import read_parquet
from rare_event.read.source import Files, Opened, Source, open_source
from rare_event.read.spoilt import last_cell_empty, without_spoilt
from rare_event.read.structure import find_structure
from rare_event.read.table import AS_FOUND, RawTable, Reading
from rare_event.read.times import called_time

# Files read at once; each holds its blocks in memory.
READERS = 2
FIRST_LINE = 2  # of the data below a header


def digest_of(source: Source | Files) -> str:
    """SHA-256 of a file's bytes, in hexadecimal, or of the digests of several; files are streamed.

    Raises
    ------
    TableError
        If the file cannot be opened.
    """
    if isinstance(source, Files):
        digests = [*map(digest_of, source.parts)]
        digests += [] if source.events is None else ["events", digest_of(source.events)]
        return hashlib.sha256(" ".join(digests).encode()).hexdigest()
    try:
        with open_source(source) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TableError(
            f"The file cannot be opened: {error.strerror or error}. Choose another one."
        ) from error


def read_raw(source: Source, *, name: str, said: Reading = AS_FOUND) -> RawTable:
    """Read a file into columns of numbers, texts and times.

    Parameters
    ----------
    source
        A path, or the bytes of a CSV, a workbook or a Parquet file; a CSV may be packed with gzip or zip.
    name
        Name of the file for error messages.
    said
        What the analyst says about the file; the rest is detected.

    Returns
    -------
    RawTable

    Raises
    ------
    TableError
        If the file is empty, binary, damaged or no table, more than one line in a hundred does not fit it,
        or names of columns are repeated.
    """
    try:
        with open_source(source) as file:
            is_parquet = file.read(4) == b"PAR1"
        if is_parquet:
            raw = read_parquet(source, name, said)
        else:
            opened, questions = unpack(source, name, said.member)
            raw = _read_text(opened, name, said)
            raw = replace(raw, questions=(*questions, *raw.questions))
    except OSError as error:
        raise TableError(
            f"{name} cannot be opened: {error.strerror or error}. Choose another file."
        ) from error
    if raw.frame.empty:
        columns = tuple(map(str, raw.frame.columns))
        raise NoRowsError(f"{name} has no rows of data. Choose a file with rows.", columns)
    return with_times(with_layout(raw, said, name), said)


def read_each(files: Files, said: Reading) -> list[RawTable]:
    """Read the files of rows as `read_raw` does, some at once."""

    def read(context: Context, part: Source, name: str) -> RawTable:
        return context.run(read_raw, part, name=name, said=said)

    contexts = [copy_context() for _ in files.parts]
    with ThreadPoolExecutor(READERS) as readers:
        return list(readers.map(read, contexts, files.parts, files.names))


def _read_text(opened: Opened, name: str, said: Reading) -> RawTable:
    with opened.open() as file:
        head = file.read(HEAD_BYTES)
    _require_text(head, name, opened.packed)
    structure = find_structure(opened, head, name, said)
    csv, names = structure.csv, structure.names
    ledger, n_rows = csv.ledger(), structure.expected_rows
    columns = new_cells(names, structure.decimal, [called_time(column) for column in names])
    room = Room(name)
    # Of a file that is not packed: each cell of a line takes two bytes of it or more, but the rare empty one.
    least = min(n_rows, opened.size // (2 * len(names)))
    room.require(least * len(names) * CELL_BYTES["number"], least, len(names))
    convert(room.bounded(csv.blocks(ledger)), [partial(cells.add, expected=n_rows) for cells in columns])
    ledger.require_rows(names)
    ledger.require_few()
    if again := unsettled(columns):
        for block in csv.blocks(csv.ledger(), again):
            for position, column in zip(again, block, strict=True):
                columns[position].add_again(column)
    lines = ledger.lines()
    quoted = structure.quoted or opened.typed
    settled = settle(columns, lines, said, separator=csv.separator, quoted=quoted)
    frame = pd.DataFrame(dict(zip(names, settled.columns, strict=True)), copy=False).set_index(lines)
    frame, more = structure.without_blank_columns(frame)
    frame, strays = without_spoilt(frame, settled.spoilt, csv.separator, name)
    strays += last_cell_empty(frame, settled.remarks)
    return RawTable(
        frame,
        replace(structure.reading, decimal=settled.decimal),
        (*structure.remarks, *ledger.remarks(), *strays, *more, *settled.remarks),
        (*structure.questions, *settled.questions),
        settled.written,
    )


def _require_text(head: bytes, name: str, packed: bool) -> None:
    if packed and (what := is_packed(head)):
        raise TableError(f"{name} holds {what}. Unpack {name}, and upload the file in it.")
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise TableError(f"{name} is empty. Choose a file with a header and rows of data.")
    lines = head.split(b"\n")
    # A few lines of zero bytes are left by a logger that lost its power.
    if sum(b"\x00" in line for line in lines) > len(lines) / 10 and not utf16(head):
        raise TableError(f"{name} is a binary file, not a table. Choose a CSV, Excel or Parquet file.")
