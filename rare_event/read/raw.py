"""Read a CSV or Parquet file into a frame of numbers, texts and times.

A CSV is read as text and converted to numbers block by block, so a file is never in memory twice.
Line numbers in errors count as in a spreadsheet: the header is line 1.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from rare_event.errors import TableError
from rare_event.read.columns import Cells, Growing, new_cells
from rare_event.read.dialect import HEAD_BYTES, Dialect, find_dialect, require_names, utf16
from rare_event.read.notation import settle, unsettled
from rare_event.read.source import Source, open_source
from rare_event.read.table import AS_FOUND, LINE, RawTable, Reading
from rare_event.read.times import called_time
from rare_event.read.values import shown, to_float32

BLOCK_BYTES = 1 << 22
FIRST_LINE = 2  # of the data below a header
MAGIC = {
    b"PK\x03\x04": "a zip archive; unpack it and choose the CSV file inside",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save it as CSV (in Excel: Save as, CSV UTF-8)",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"\x89PNG": "a PNG picture; choose a CSV or Parquet file",
    b"%PDF": "a PDF document; choose a CSV or Parquet file",
}


def digest_of(source: Source) -> str:
    """SHA-256 of a file's bytes, in hexadecimal; the file is streamed.

    Raises
    ------
    TableError
        If the file cannot be opened.
    """
    try:
        with open_source(source) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TableError(f"The file cannot be opened: {error.strerror}. Choose another one.") from error


def read_raw(source: Source, *, name: str, said: Reading = AS_FOUND) -> RawTable:
    """Read a CSV or Parquet file into columns of numbers, texts and times.

    Parameters
    ----------
    source
        A path, or the bytes of the file.
    name
        Name of the file for error messages.
    said
        What the analyst says of the file; the rest is found out.

    Returns
    -------
    RawTable

    Raises
    ------
    TableError
        If the file is empty, binary or ragged, or has one column, blank or repeated column names, or
        an unreadable encoding.
    """
    try:
        with open_source(source) as file:
            head = file.read(HEAD_BYTES)
        if head.startswith(b"PAR1"):
            table = _read_parquet(source, name, said)
        else:
            _require_text(head, name)
            dialect = find_dialect(source, head, name)
            table = _read_csv(source, dialect, name, said)
    except OSError as error:
        raise TableError(
            f"{name} cannot be opened: {error.strerror or error}. Choose another file."
        ) from error
    if table.frame.empty:
        raise TableError(f"{name} has a header but no rows. Choose a file with data below the header.")
    return table


def _require_text(head: bytes, name: str) -> None:
    if not head.strip():
        raise TableError(f"{name} is empty. Choose a file with a header and rows of data.")
    if head.startswith(b"PK") and (b"xl/" in head or b"[Content_Types].xml" in head):
        raise TableError(f"{name} is an Excel workbook. Save it as CSV (in Excel: Save as, CSV UTF-8).")
    for magic, what in MAGIC.items():
        if head.startswith(magic):
            raise TableError(f"{name} is {what}.")
    if b"\x00" in head and not utf16(head):
        raise TableError(f"{name} is a binary file, not a table. Choose a CSV or Parquet file.")


def _read_csv(source: Source, dialect: Dialect, name: str, said: Reading) -> RawTable:
    exact = [called_time(column) for column in dialect.names]
    columns, block = new_cells(dialect.names, dialect.decimal, exact), None
    expected = 0
    try:
        for block in _blocks(source, dialect):
            expected = expected or int(1.05 * block.num_rows * max(1.0, _size(source) / BLOCK_BYTES))
            for cells, column in zip(columns, block.columns, strict=True):
                cells.add(column, expected)
        if again := unsettled(columns):
            for part in _blocks(source, dialect, again):
                for position, column in zip(again, part.columns, strict=True):
                    columns[position].add_again(column)
    except pa.ArrowInvalid as error:
        unreadable = TableError(f"{name} cannot be read as a table. Save it again as CSV UTF-8.")
        raise _fault(source, dialect, name) or unreadable from error
    if block is not None and _swallowed_lines(block) and (fault := _fault(source, dialect, name)):
        raise fault
    lines = pd.RangeIndex(FIRST_LINE, FIRST_LINE + columns[0].n_rows, name=LINE)
    with open_source(source) as file:
        quoted = b'"' in file.read(HEAD_BYTES).partition(b"\n")[2]
    settled = settle(columns, lines, said, separator=dialect.separator, quoted=quoted)
    reading = replace(
        said,
        encoding=dialect.encoding,
        separator=dialect.separator,
        decimal=settled.decimal,
        header=1,
    )
    frame = pd.DataFrame(dict(zip(dialect.names, settled.columns, strict=True)), copy=False).set_index(lines)
    return RawTable(frame, reading, settled.remarks, settled.questions, settled.written)


def _blocks(source: Source, dialect: Dialect, only: Sequence[int] = ()) -> Iterator[pa.RecordBatch]:
    """Yield a CSV's rows as text columns named by position, so that any header is safe."""
    positions = [str(position) for position in range(len(dialect.names))]
    encoding = "utf8" if dialect.encoding == "utf-8-sig" else dialect.encoding
    with open_source(source) as file:
        yield from pa_csv.open_csv(
            file,
            pa_csv.ReadOptions(
                block_size=BLOCK_BYTES, encoding=encoding, column_names=positions, skip_rows_after_names=1
            ),
            pa_csv.ParseOptions(delimiter=dialect.separator, newlines_in_values=True),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(positions, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
                include_columns=[str(position) for position in only],
            ),
        )


def _size(source: Source) -> int:
    return len(source) if isinstance(source, bytes) else Path(source).stat().st_size


def _swallowed_lines(block: pa.RecordBatch) -> bool:
    """Whether the last row holds a line break, as after a quotation mark that is never closed."""
    return any("\n" in (column[-1].as_py() or "") for column in block.columns)


def _fault(source: Source, dialect: Dialect, name: str) -> TableError | None:
    """Find the first line that is wider or narrower than the header, or has an open quotation mark."""
    expected, start = len(dialect.names), 1
    with open_source(source) as file:
        lines = io.TextIOWrapper(file, dialect.encoding, newline="")
        reader = csv.reader(lines, delimiter=dialect.separator, strict=True)
        try:
            for row in reader:
                if row and len(row) != expected:
                    fields = "1 field" if len(row) == 1 else f"{len(row)} fields"
                    return TableError(
                        f"Line {start} of {name} has {fields} where the header has {expected}. Correct the "
                        f"line, or put texts that hold the separator {shown(dialect.separator)} in quotation "
                        "marks."
                    )
                start = reader.line_num + 1
        except csv.Error:
            return TableError(
                f"A quotation mark in line {start} of {name} is opened and not closed. "
                "Close or delete it in the file."
            )
    return None


def _read_parquet(source: Source, name: str, said: Reading) -> RawTable:
    try:
        with open_source(source) as file:
            parquet = pq.ParquetFile(file)
            names = parquet.schema_arrow.names
            require_names(names, name)
            numbers = {position: Growing() for position in range(len(names))}
            times: dict[int, list[pa.Array]] = {}
            texts: dict[int, Cells] = {}
            for block in parquet.iter_batches(batch_size=1 << 16):
                for position, column in enumerate(block.columns):
                    values = _typed(column, names[position], name)
                    if isinstance(values, np.ndarray):
                        numbers[position].add(to_float32(values), parquet.metadata.num_rows)
                    elif pa.types.is_timestamp(values.type):
                        times.setdefault(position, []).append(values)
                    else:
                        cells = texts.setdefault(position, Cells(names[position], ".", set(), keep=True))
                        cells.add(values.cast(pa.string()), parquet.metadata.num_rows)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise TableError(f"{name} is a damaged Parquet file. Write or copy it again.") from error
    lines = pd.RangeIndex(1, 1 + parquet.metadata.num_rows, name=LINE)
    settled = settle(list(texts.values()), lines, said, separator="", quoted=True)
    columns = {position: numbers[position].series() for position in range(len(names))}
    columns |= {position: pa.chunked_array(blocks).to_pandas() for position, blocks in times.items()}
    columns |= dict(zip(texts, settled.columns, strict=True))
    frame = pd.DataFrame({names[position]: columns[position] for position in range(len(names))}, copy=False)
    return RawTable(frame.set_index(lines), said, settled.remarks, settled.questions, settled.written)


def _typed(column: pa.Array, column_name: str, name: str) -> np.ndarray | pa.Array:
    """Convert a Parquet column to numbers, texts or times."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _typed(column.dictionary_decode(), column_name, name)
    if pa.types.is_boolean(kind):
        return pc.if_else(column, "True", "False")
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return column if pa.types.is_timestamp(kind) else column.cast(pa.timestamp("ms"))
    if (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)
    ):
        return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    raise TableError(
        f"Column {shown(column_name)} of {name} holds values of type {kind}, which are not numbers, "
        "texts or times. Remove the column from the file."
    )
