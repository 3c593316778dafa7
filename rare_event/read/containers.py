"""Files in other files: gzip, zip, and the sheets of workbooks, each read as one text file within a bound."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

from rare_event.errors import TableError
from rare_event.read.limits import require_few_files, too_large
from rare_event.read.source import Opened, Source, open_source, size_of
from rare_event.read.table import Choice, Question
from rare_event.read.values import shown
from rare_event.read.workbook import read_sheet
from rare_event.text import listed

# A file may unpack to this, or to so many times its own bytes: tables of plants are packed 3 to 30 times.
BOUND, RATIO = 1 << 29, 64
UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    zlib.error,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
)
GZIP, ZIP, OLD_WORKBOOK = b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
MAGIC = {
    OLD_WORKBOOK: "an old or password-protected Office file; save it without a password as .xlsx or CSV",
    b"\x89PNG": "a PNG picture; choose a CSV, Excel or Parquet file",
    b"%PDF": "a PDF document; choose a CSV, Excel or Parquet file",
    b"7z\xbc\xaf": "a 7-Zip archive; unpack it first",
    b"Rar!": "a RAR archive; unpack it first",
    b"\x28\xb5\x2f\xfd": "compressed with Zstandard; unpack it first",
    b"BZh": "compressed with bzip2; unpack it first",
    b"\xfd7zXZ": "compressed with xz; unpack it first",
}


def bound_of(source: Source) -> int:
    """Return how many bytes a packed file may unpack to."""
    return max(BOUND, RATIO * size_of(source))


def unpack(source: Source, name: str, member: str | None) -> tuple[Opened, tuple[Question, ...]]:
    """Find the one text file in a file.

    Parameters
    ----------
    source
        A path, or the bytes of the file.
    name
        Name of the file for error messages.
    member
        The file in an archive, or the sheet of a workbook, that the analyst names.

    Returns
    -------
    Opened
        The file; the first one while the question is open.
    tuple of Question
        Which one to take, if there are several.

    Raises
    ------
    TableError
        If there is none, it is damaged, or it unpacks to too much.
    """
    with open_source(source) as file:
        magic = file.read(8)
    for start, what in MAGIC.items():
        if magic.startswith(start):
            raise TableError(f"{name} is {what}.")
    if magic.startswith(GZIP):
        opening = partial(_bounded, source, name, lambda file: gzip.GzipFile(fileobj=file))
        return Opened(opening, 8 * size_of(source), packed=True), ()
    if magic.startswith(ZIP):
        return _unzip(source, name, member)
    return Opened(lambda: open_source(source), size_of(source)), ()


def is_packed(head: bytes) -> str:
    """Say what the first bytes of a file inside another are, if they are no text; else nothing."""
    if head.startswith((GZIP, ZIP, b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ")):
        return "another packed file or a workbook"
    return "a Parquet file" if head.startswith(b"PAR1") else ""


class _Bounded(io.RawIOBase):
    """A stream that is unpacked while it is read, up to a bound."""

    def __init__(self, file: Any, owner: BinaryIO, name: str, bound: int) -> None:
        self.file, self.owner, self.name, self.bound, self.left = file, owner, name, bound, bound

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            block: bytes = self.file.read(len(buffer))
        except UNREADABLE as error:
            raise _damaged(self.name) from error
        self.left -= len(block)
        if self.left < 0:
            raise too_large(self.name, self.bound)
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        if not self.closed:
            self.file.close()
            self.owner.close()
        super().close()


def _bounded(source: Source, name: str, opening: Callable[[Any], Any]) -> BinaryIO:
    owner = open_source(source)
    try:
        file = opening(owner)
    except UNREADABLE as error:
        owner.close()
        if isinstance(error, NotImplementedError):
            raise TableError(
                f"{name} is packed with a method that cannot be read. Unpack it, and upload the file in it."
            ) from error
        raise _damaged(name) from error
    return io.BufferedReader(_Bounded(file, owner, name, bound_of(source)), 1 << 18)


def _damaged(name: str) -> TableError:
    return TableError(f"{name} is damaged or incomplete: it cannot be unpacked. Copy it again.")


def _unzip(source: Source, name: str, member: str | None) -> tuple[Opened, tuple[Question, ...]]:
    try:
        with open_source(source) as file:
            require_few_files(file, name)
            with zipfile.ZipFile(file) as archive:
                entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except UNREADABLE as error:
        raise TableError(
            f"{name} is a zip archive that is damaged or cannot be read. Copy it again, or create it again."
        ) from error
    if any(entry.filename == "[Content_Types].xml" for entry in entries):
        if any(entry.filename.startswith("xl/") for entry in entries):
            return _workbook(source, name, member, entries)
        raise TableError(f"{name} is an office document without a sheet. Save the table as CSV.")
    if {"mimetype", "content.xml"} <= {entry.filename for entry in entries}:
        raise TableError(f"{name} is an OpenDocument file. Save its table as .xlsx or CSV.")
    files = {e.filename: e for e in entries if _may_be_a_table(e.filename)}
    chosen, questions = _choose(list(files), name, member, "file")
    entry = files[chosen]
    if entry.flag_bits & 1:
        raise TableError(f"{shown(chosen)} in {name} needs a password. Unpack it first.")
    if entry.file_size > bound_of(source):
        raise too_large(name, bound_of(source))

    def opening(file: BinaryIO) -> BinaryIO:
        return cast(BinaryIO, zipfile.ZipFile(file).open(entry))  # noqa: SIM115

    return Opened(lambda: _bounded(source, name, opening), entry.file_size, chosen, packed=True), questions


def _may_be_a_table(filename: str) -> bool:
    path = PurePosixPath(filename)
    return not path.name.startswith(".") and path.parts[0] != "__MACOSX"


def _choose(found: list[str], name: str, member: str | None, what: str) -> tuple[str, tuple[Question, ...]]:
    if not found:
        raise TableError(f"{name} holds no {what} with a table. Choose another file.")
    if member is not None:
        if member not in found:
            has = listed([*map(shown, found)])
            raise TableError(f"{name} has no {what} with a table called {shown(member)}. It has {has}.")
        return member, ()
    if len(found) == 1:
        return found[0], ()
    choices = tuple(Choice(entry, shown(entry)) for entry in found[:50])
    asked = f"{name} holds {len(found)} {what}s. Which one holds the table?"
    return found[0], (Question("member", None, asked, choices, "--member NAME"),)


def _workbook(
    source: Source, name: str, member: str | None, entries: list[zipfile.ZipInfo]
) -> tuple[Opened, tuple[Question, ...]]:
    bound = bound_of(source)
    _require_true_sizes(source, name, entries, bound)
    filled, text = read_sheet(source, name, member, bound)
    chosen, questions = _choose(filled, name, member, "sheet")
    return Opened(lambda: io.BytesIO(text), len(text), chosen, typed=True), questions


def _require_true_sizes(source: Source, name: str, entries: list[zipfile.ZipInfo], bound: int) -> None:
    """Reject a workbook that unpacks to too much, or to more than it declares."""
    if sum(entry.file_size for entry in entries) > bound:
        raise too_large(name, bound)
    try:
        with open_source(source) as file, zipfile.ZipFile(file) as archive:
            damaged = archive.testzip()
    except UNREADABLE as error:
        raise TableError(
            f"{name} is a damaged workbook, or needs a password. Save it again, without a password."
        ) from error
    if damaged:
        raise TableError(f"{name} is a damaged workbook. Save it again.")
