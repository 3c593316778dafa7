"""Where the bytes of a file come from: a path, or memory."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

Source = str | Path | bytes


@dataclass(frozen=True)
class Opened:
    """A text file, unpacked while it is read.

    Parameters
    ----------
    open
        Opens it for reading, as often as needed.
    size
        Bytes, as far as they are known before it is read.
    member
        Name of the file inside an archive, or of the sheet of a workbook.
    typed
        Whether the cells had types, so that every decimal sign is a point.
    packed
        Whether it is unpacked while it is read.
    """

    open: Callable[[], BinaryIO]
    size: int
    member: str | None = None
    typed: bool = False
    packed: bool = False


@dataclass(frozen=True)
class Files:
    """Several files that are read as one table, and their names.

    Parameters
    ----------
    parts, names
        One or more files of rows.
    events, events_name
        A file of the times of events, if there is one.
    """

    parts: tuple[Source, ...]
    names: tuple[str, ...]
    events: Source | None = None
    events_name: str = ""

    @property
    def rows_name(self) -> str:
        """Name of the files of rows together, for display."""
        more = len(self.names) - 2
        return ", ".join(self.names[:2]) + (f" and {more} more" if more > 0 else "")

    @property
    def name(self) -> str:
        """Name of all files together, for display."""
        return self.rows_name + (f" with {self.events_name}" if self.events is not None else "")


def name_of(source: Source) -> str:
    """Name of a file, for display."""
    return "The file" if isinstance(source, bytes) else Path(source).name


def open_source(source: Source) -> io.BytesIO | io.BufferedReader:
    """Open a path, or bytes already in memory, for reading."""
    return io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb")


def size_of(source: Source) -> int:
    """Return the bytes of a file."""
    return len(source) if isinstance(source, bytes) else Path(source).stat().st_size


def compress(source: Source, block: int, path: Path) -> None:
    """Write a file compressed, in blocks of so many bytes."""
    with open_source(source) as file, pa.output_stream(str(path), compression="zstd") as packed:
        shutil.copyfileobj(file, packed, block)
