"""The dialect of a CSV file: encoding, separator, decimal sign and header."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from rare_event.errors import TableError
from rare_event.read.source import Source, open_source
from rare_event.read.values import shown

SEPARATORS = ",;\t|"
HEAD_BYTES = 1 << 20


@dataclass(frozen=True)
class Dialect:
    """Encoding, separator, decimal sign and column names of a CSV file."""

    encoding: str
    separator: str
    decimal: str
    names: tuple[str, ...]


def find_dialect(source: Source, head: bytes, name: str) -> Dialect:
    """Detect the dialect of a CSV file.

    Raises
    ------
    TableError
        If the file has one column, free text, blank or repeated column names, or an unreadable encoding.
    """
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
    require_names(names, name)
    return Dialect(encoding, separator, _find_decimal(text, separator), tuple(names))


def _find_encoding(source: Source, head: bytes, name: str) -> str:
    """Return the first encoding that decodes the whole file."""
    for encoding in [utf16(head)] if utf16(head) else ["utf-8-sig", "cp1252"]:
        if encoding and _decodes(source, encoding):
            return encoding
    raise TableError(
        f"{name} is written in an encoding that cannot be read (tried UTF-8, UTF-16 and Windows-1252). "
        "Save it as CSV UTF-8."
    )


def utf16(head: bytes) -> str | None:
    """Return the UTF-16 variant of a file; None for any other encoding."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a mark: every second byte of Latin text is zero.
    low, high = head[0:2000:2].count(0), head[1:2000:2].count(0)
    half = len(head[:2000]) // 2
    if low == 0 and high > 0.9 * half:
        return "utf-16-le"
    return "utf-16-be" if high == 0 and low > 0.9 * half else None


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


def _records(text: str, separator: str) -> Iterator[list[str]]:
    """Iterate over the rows that are not blank."""
    return (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row)


def _consistency(text: str, separator: str) -> tuple[float, int]:
    """Share of the first rows that are as wide as the header, and that width; (0, 1) for one column."""
    widths: list[int] = []
    with suppress(csv.Error):  # a quotation mark is never closed; `reading._fault` finds the line
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


def require_names(names: list[str], name: str) -> None:
    """Reject blank or repeated column names in the file `name`."""
    for position, column in enumerate(names, start=1):
        if not column.strip():
            raise TableError(
                f"Column {position} of {name} has no name. Give it one in the header, or delete the column "
                "(pandas: to_csv with index=False)."
            )
    repeated = [column for column, count in Counter(names).items() if count > 1]
    if repeated:
        listed = ", ".join(shown(column) for column in repeated[:5])
        raise TableError(f"{name} has more than one column called {listed}. Rename or delete all but one.")
