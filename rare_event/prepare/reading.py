"""From a file to a frame of numbers, texts and times, whatever program wrote the file.

A CSV is read in blocks as text and turned into numbers block by block, so a file is never in
memory twice. Line numbers in sentences count as in a spreadsheet: the header is line 1.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from rare_event.errors import TableError

Source = str | Path | bytes

SEPARATORS = ",;\t|"
# Words for "no value" among numbers; among texts they stay what they are ("Bad" may be a label).
MISSING = [
    "",
    "-",
    "--",
    "?",
    "#N/A",
    "#NA",
    "#VALUE!",
    "#DIV/0!",
    "N/A",
    "n/a",
    "NA",
    "NULL",
    "null",
    "None",
]
MISSING += ["NaN", "nan", "Bad", "No Data"]
HEAD_BYTES = 1 << 20
BLOCK_BYTES = 1 << 22
# Rounding over the 5-95 % range of a column: a step no sensor resolves.
FLOAT32_LOSS = 1e-4
MAGIC = {
    b"PK\x03\x04": "a zip archive; unpack it and choose the CSV file inside",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save it as CSV (in Excel: Save as, CSV UTF-8)",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"\x89PNG": "a PNG picture; choose a CSV or Parquet file",
    b"%PDF": "a PDF document; choose a CSV or Parquet file",
}
EPOCHS: dict[str | None, tuple[Literal["s", "ms"], float, float]] = {
    "epoch s": ("s", 1e8, 5e9),
    "epoch ms": ("ms", 1e11, 5e12),
}

_TIME = re.compile(
    r"(\d{1,4})([-/.])\d{1,2}\2(\d{1,4})"
    r"(?:(T|\s+)\d{1,2}:\d{2}(:\d{2})?(\.\d+)?(\s*[AaPp][Mm])?)?\s*(Z|[+-]\d{2}:?\d{2})?"
)


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written.

    Parameters
    ----------
    encoding
        A Python codec name.
    separator, decimal
        One character each.
    names
        The header, as it stands in the file.
    """

    encoding: str
    separator: str
    decimal: str
    names: tuple[str, ...]


def shown(value: object) -> str:
    """Quote a value from a file for a sentence, cut to 40 characters."""
    text = " ".join(str(value).split()) or str(value)
    return f"'{text[:39]}...'" if len(text) > 40 else f"'{text}'"


def line_of(row: int) -> int:
    """Line in the file of a row counted from 0, as a spreadsheet numbers it."""
    return int(row) + 2


def open_source(source: Source) -> io.BytesIO | io.BufferedReader:
    """Open a path, or bytes already in memory, for reading."""
    return io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")


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


def read_raw(source: Source, *, name: str) -> pd.DataFrame:
    """Read a CSV or Parquet file into columns of numbers, texts and times.

    Parameters
    ----------
    source
        A path, or the bytes of the file.
    name
        What the file is called in sentences.

    Returns
    -------
    DataFrame, shape (n_rows, n_columns)
        Numbers are float32, or float64 where float32 would lose resolution (see
        `to_float32`); texts are ``str``; times are datetimes in Parquet and texts in CSV.
        Missing cells are NaN. Column names are exactly those of the file.

    Raises
    ------
    TableError
        If the file is no table: empty, binary, of one column, ragged, with blank or repeated
        column names, or in an encoding that cannot be read.
    """
    try:
        with open_source(source) as file:
            head = file.read(HEAD_BYTES)
        if head.startswith(b"PAR1"):
            frame = _read_parquet(source, name)
        else:
            _require_text(head, name)
            frame = _read_csv(source, _find_dialect(source, head, name), name)
    except OSError as error:
        raise TableError(
            f"{name} cannot be opened: {error.strerror or error}. Choose another file."
        ) from error
    if frame.empty:
        raise TableError(f"{name} has a header but no rows. Choose a file with data below the header.")
    return frame


def to_float32(values: np.ndarray) -> np.ndarray:
    """Halve the memory of a column where that loses nothing that matters.

    Parameters
    ----------
    values
        One column, shape (n_rows,).

    Returns
    -------
    ndarray, shape (n_rows,)
        float32 if every finite value is exact in it, or the rounding is at most `FLOAT32_LOSS`
        of the column's 5-95 % range; otherwise float64. Values from 2**24 up (clocks, counters)
        must be exact.
    """
    if values.dtype == np.float32:
        return values
    values = np.asarray(values, dtype=np.float64)
    with np.errstate(over="ignore"):
        short = values.astype(np.float32)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return short
    with np.errstate(over="ignore"):
        loss = float(np.abs(finite - finite.astype(np.float32)).max())
    if loss == 0:
        return short
    few = finite[:: max(1, finite.size // 512)]
    low, high = np.quantile(few, [0.05, 0.95])
    spread = float(high - low) or float(np.ptp(finite))
    small = float(np.abs(finite).max()) < 2**24
    return short if small and loss <= FLOAT32_LOSS * spread else values


def _require_text(head: bytes, name: str) -> None:
    if not head.strip():
        raise TableError(f"{name} is empty. Choose a file with a header and rows of data.")
    if head.startswith(b"PK") and (b"xl/" in head or b"[Content_Types].xml" in head):
        raise TableError(f"{name} is an Excel workbook. Save it as CSV (in Excel: Save as, CSV UTF-8).")
    for magic, what in MAGIC.items():
        if head.startswith(magic):
            raise TableError(f"{name} is {what}.")
    if b"\x00" in head and not _utf16(head):
        raise TableError(f"{name} is a binary file, not a table. Choose a CSV or Parquet file.")


def _utf16(head: bytes) -> str | None:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a mark: every second byte of Latin text is zero.
    low, high = head[0:2000:2].count(0), head[1:2000:2].count(0)
    half = len(head[:2000]) // 2
    if low == 0 and high > 0.9 * half:
        return "utf-16-le"
    return "utf-16-be" if high == 0 and low > 0.9 * half else None


def _find_encoding(source: Source, head: bytes, name: str) -> str:
    """Take the first encoding in which the whole file can be decoded."""
    for encoding in [_utf16(head)] if _utf16(head) else ["utf-8-sig", "cp1252"]:
        if encoding and _decodes(source, encoding):
            return encoding
    raise TableError(
        f"{name} is written in an encoding that cannot be read (tried UTF-8, UTF-16 and Windows-1252). "
        "Save it as CSV UTF-8."
    )


def _decodes(source: Source, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with open_source(source) as file:
            while block := file.read(HEAD_BYTES):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _find_dialect(source: Source, head: bytes, name: str) -> Dialect:
    encoding = _find_encoding(source, head, name)
    text = codecs.getincrementaldecoder(encoding)().decode(head)
    if len(head) == HEAD_BYTES:
        text = text[: text.rfind("\n") + 1] or text
    shares = {s: _consistency(text, s) for s in SEPARATORS}
    separator = max(SEPARATORS, key=lambda s: shares[s])
    share, width = shares[separator]
    if width < 2:
        raise TableError(
            f"{name} has only one column: its first line {shown(text.strip().splitlines()[0])} holds no "
            "comma, semicolon, tab or bar. Choose a table with a label and sensors."
        )
    if share < 0.5:
        raise TableError(
            f"{name} is not a table: the first line has {width} fields, most lines below it do not. "
            "Save it as CSV with one header line."
        )
    names = next(_records(text, separator))
    _require_names(names, name)
    return Dialect(encoding, separator, _find_decimal(text, separator), tuple(names))


def _records(text: str, separator: str) -> Iterator[list[str]]:
    """Rows of the text that are not blank."""
    return (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row)


def _consistency(text: str, separator: str) -> tuple[float, int]:
    """Share of the first rows as wide as the header, and that width; (0, 1) where it is one column."""
    widths: list[int] = []
    with suppress(csv.Error):  # an open quotation mark further down; `_fault` tells where
        widths.extend(len(row) for row, _ in zip(_records(text, separator), range(50), strict=False))
    if not widths or widths[0] < 2:
        return 0.0, 1
    return (widths.count(widths[0]) - 1) / (len(widths) - 1) if len(widths) > 1 else 1.0, widths[0]


def _find_decimal(text: str, separator: str) -> str:
    if separator == ",":
        return "."
    edge = rf"[{re.escape(separator)}\n\r\"]"
    counts = [
        len(re.findall(rf"(?<={edge})[+-]?\d+{mark}\d+(?:[eE][+-]?\d+)?(?={edge})", text))
        for mark in (",", r"\.")
    ]
    return "," if counts[0] > counts[1] else "."


def _require_names(names: list[str], name: str) -> None:
    for position, column in enumerate(names, start=1):
        if not column.strip():
            raise TableError(
                f"Column {position} of {name} has no name. Give it one in the header, or delete the column "
                "(pandas: to_csv with index=False)."
            )
    twice = [column for column, count in Counter(names).items() if count > 1]
    if twice:
        listed = ", ".join(shown(column) for column in twice[:5])
        raise TableError(f"{name} has more than one column called {listed}. Rename or delete all but one.")


def _blocks(source: Source, dialect: Dialect, only: int | None = None) -> Iterator[pa.RecordBatch]:
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
                include_columns=[] if only is None else [str(only)],
            ),
        )


class _Growing:
    """One column of numbers, filled block by block.

    The memory is taken once, for the rows the file is expected to have: many small blocks joined
    at the end would need it twice, since the gaps they leave are too small to be used again.
    """

    def __init__(self) -> None:
        self.data = np.empty(0, dtype=np.float32)
        self.filled = 0

    def add(self, values: np.ndarray, expected: int) -> None:
        """Append `values`; `expected` is the number of rows in the end, as far as it is known."""
        end = self.filled + len(values)
        kind = np.promote_types(self.data.dtype, values.dtype)
        if end > len(self.data) or kind != self.data.dtype:
            longer = np.empty(max(end, expected, len(self.data)), dtype=kind)
            longer[: self.filled] = self.data[: self.filled]
            self.data = longer
        self.data[self.filled : end] = values
        self.filled = end

    def series(self) -> pd.Series:
        """Give the column, in float32 where that is enough."""
        return pd.Series(to_float32(self.data[: self.filled]), copy=False)


def _read_csv(source: Source, dialect: Dialect, name: str) -> pd.DataFrame:
    width = len(dialect.names)
    numbers: dict[int, _Growing] = {position: _Growing() for position in range(width)}
    texts: dict[int, list[pa.Array]] = {}
    late: set[int] = set()
    expected = 0
    try:
        for block in _blocks(source, dialect):
            expected = expected or int(1.05 * block.num_rows * max(1.0, _size(source) / BLOCK_BYTES))
            for position, column in enumerate(block.columns):
                values = _numbers(column, dialect.decimal) if position in numbers else None
                if values is not None:
                    numbers[position].add(to_float32(values), expected)
                    continue
                if position in numbers and numbers.pop(position).filled:
                    late.add(position)  # its texts so far are gone: read again below
                texts.setdefault(position, []).append(column)
        for position in late:
            texts[position] = [block.column(0) for block in _blocks(source, dialect, position)]
    except pa.ArrowInvalid as error:
        unreadable = TableError(f"{name} cannot be read as a table. Save it again as CSV UTF-8.")
        raise _fault(source, dialect, name) or unreadable from error
    if expected and _swallowed_lines(block) and (fault := _fault(source, dialect, name)):
        raise fault
    return _frame(dialect.names, numbers, texts)


def _size(source: Source) -> int:
    return len(source) if isinstance(source, bytes) else Path(source).stat().st_size


def _numbers(column: pa.Array, decimal: str) -> np.ndarray | None:
    """Turn texts into float64, or give None if one of them is no number."""
    floats: np.ndarray
    if decimal == ",":
        if pc.any(pc.match_substring(column, ".")).as_py():
            return None
        column = pc.replace_substring(column, ",", ".")
    try:
        floats = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return floats
    except pa.ArrowInvalid:
        trimmed = pc.utf8_trim_whitespace(column)
    try:
        blank = pc.is_in(trimmed, value_set=pa.array(MISSING))
        floats = pc.if_else(blank, None, trimmed).cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return None
    return floats


def _frame(
    names: Sequence[str], numbers: dict[int, _Growing], others: dict[int, list[pa.Array]]
) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {}
    for position, name in enumerate(names):
        blocks = others.pop(position, None)
        columns[name] = pa.chunked_array(blocks).to_pandas() if blocks else numbers.pop(position).series()
    return pd.DataFrame(columns, copy=False)


def _swallowed_lines(block: pa.RecordBatch) -> bool:
    """Whether the last row holds a line break, as it does after a quotation mark that is never closed."""
    return any("\n" in (column[-1].as_py() or "") for column in block.columns)


def _fault(source: Source, dialect: Dialect, name: str) -> TableError | None:
    """Find the first line that is wider or narrower than the header, or wrongly quoted."""
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


def _read_parquet(source: Source, name: str) -> pd.DataFrame:
    try:
        with open_source(source) as file:
            parquet = pq.ParquetFile(file)
            names = parquet.schema_arrow.names
            _require_names(names, name)
            numbers: dict[int, _Growing] = {position: _Growing() for position in range(len(names))}
            others: dict[int, list[pa.Array]] = {}
            for block in parquet.iter_batches(batch_size=1 << 16):
                for position, column in enumerate(block.columns):
                    values = _typed(column, names[position], name)
                    if isinstance(values, np.ndarray):
                        numbers[position].add(to_float32(values), parquet.metadata.num_rows)
                    else:
                        others.setdefault(position, []).append(values)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise TableError(f"{name} is a damaged Parquet file. Write or copy it again.") from error
    return _frame(names, numbers, others)


def _typed(column: pa.Array, column_name: str, name: str) -> np.ndarray | pa.Array:
    """Bring a Parquet column to one of the three kinds: numbers, texts, times."""
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
        f"Column {shown(column_name)} of {name} holds values of type {kind}, neither numbers, texts "
        "nor times. Leave it out of the file."
    )


def to_numbers(column: pd.Series) -> pd.Series:
    """Read a column of texts as numbers; what is none becomes NaN.

    Parameters
    ----------
    column
        Texts or numbers, shape (n_rows,).

    Returns
    -------
    Series of float, shape (n_rows,)
        A comma is a decimal comma, unless three digits follow each one (thousands); beside
        decimal commas, a value with a point is no number.
    """
    if pd.api.types.is_numeric_dtype(column):
        return column
    texts = column.astype("str").str.strip()
    commas = texts.str.fullmatch(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?", na=False)
    if commas.any() and not texts[commas].str.fullmatch(r"[+-]?\d{1,3},\d{3}").all():
        texts = texts.where(~texts.str.contains(".", regex=False, na=False)).str.replace(
            ",", ".", regex=False
        )
    return pd.to_numeric(texts, errors="coerce")


def first_intruder(column: pd.Series) -> int | None:
    """Row of the first text that is no number and no word for a missing one; None without any."""
    if pd.api.types.is_numeric_dtype(column):
        return None
    strange = to_numbers(column).isna() & column.notna() & ~column.astype("str").str.strip().isin(MISSING)
    return int(np.flatnonzero(strange)[0]) if strange.any() else None


def time_formats(column: pd.Series) -> list[str | None]:
    """Find the formats in which a column reads as times, the best first; none if it holds no times.

    Parameters
    ----------
    column
        Texts, numbers or datetimes, shape (n_rows,).

    Returns
    -------
    list
        `strptime` formats, a key of `EPOCHS`, or None for datetimes and ISO 8601. Where a day
        and a month cannot be told apart, first comes the order under which time runs backwards
        least often, then the one with the smallest spread of steps.
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        return [None]
    filled = column.dropna()
    if filled.empty:
        return []
    if pd.api.types.is_numeric_dtype(column):
        return [f for f, (_, low, high) in EPOCHS.items() if filled.between(low, high).all()]
    sample = filled.iloc[:: max(1, len(filled) // 1000)]
    formats = dict.fromkeys(f for value in sample.iloc[:20] for f in _formats_of(value.strip()))
    fitting = [f for f in formats if parse_times(sample, f).notna().mean() >= 0.9]
    return fitting if len(fitting) < 2 else sorted(fitting, key=lambda f: _disorder(parse_times(column, f)))


def parse_times(column: pd.Series, time_format: str | None) -> pd.Series:
    """Read a column as times; zones are converted to UTC, what cannot be read becomes NaT.

    Parameters
    ----------
    column
        Texts, numbers or datetimes, shape (n_rows,).
    time_format
        As given by `time_formats`.

    Returns
    -------
    Series of datetime64[ns], shape (n_rows,)
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        times = pd.to_datetime(column, utc=True)
    elif time_format in EPOCHS:
        numbers = pd.to_numeric(column, errors="coerce")
        unit = EPOCHS[time_format][0]
        times = pd.to_datetime(numbers.astype(np.float64), unit=unit, errors="coerce", utc=True)
    else:
        times = pd.to_datetime(
            column.astype("str").str.strip(), format=time_format or "ISO8601", errors="coerce", utc=True
        )
    times = times.dt.tz_localize(None)
    return times.where(times.between(pd.Timestamp.min, pd.Timestamp.max)).astype("datetime64[ns]")


def _formats_of(value: str) -> list[str | None]:
    """Give the formats with the shape of one text."""
    match = _TIME.fullmatch(value)
    if not match:
        return []
    first, mark, last, gap, seconds, fraction, half, zone = match.groups()
    clock = ""
    if gap:
        clock = (gap.strip() or " ") + ("%I:%M" if half else "%H:%M")
        clock += (":%S" if seconds else "") + (".%f" if fraction else "")
    if half:
        clock += " %p" if half[0].isspace() else "%p"
    clock += "%z" if zone else ""
    if len(first) == 4:
        return [None, f"%Y{mark}%m{mark}%d{clock}"]
    year = "%Y" if len(last) == 4 else "%y"
    orders = [f"%m{mark}%d{mark}{year}{clock}", f"%d{mark}%m{mark}{year}{clock}"]
    return list(orders if mark == "/" else reversed(orders))


def _disorder(times: pd.Series) -> tuple[int, int, float]:
    steps = times.diff().dt.total_seconds()
    return int(times.isna().sum()), int((steps < 0).sum()), float(steps.std()) if len(steps) > 2 else 0.0
