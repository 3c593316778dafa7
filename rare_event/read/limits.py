"""How much a file may hold and unpack to, told before it is read: a small file can name a huge table."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import psutil
import pyarrow as pa

from rare_event.errors import TableError
from rare_event.text import plural

MB = 1 << 20
MOST_COLUMNS = 10_000  # a whole plant has a few thousand tags
MOST_FILES = 5_000  # in an archive
LONGEST_CELL = MB  # bytes of a text
LONGEST_LINE = 16 * MB
# Peak of memory for each cell of a column while a table is read, measured on constant columns.
CELL_BYTES: Mapping[str, int] = {"number": 16, "time": 32, "time in UTC": 32, "truth": 40, "text": 44}
TEXT_COPIES = 4  # of the bytes of texts, beyond the column itself
USABLE = 0.8  # share of the free memory that one table may take
# So an archive ends: a count of files and the size of their list; of a large one, a second record.
_END, _END_BYTES, _LARGE = b"PK\x05\x06", 22, b"PK\x06\x07"
_LONGEST_COMMENT = 1 << 16
_ENTRY_BYTES = 46
_CGROUP = Path("/sys/fs/cgroup")


def free_memory() -> int:
    """Return how many bytes of memory this process can still take, also within a container."""
    free = psutil.virtual_memory().available
    with suppress(OSError, ValueError):
        most = int((_CGROUP / "memory.max").read_text())  # "max" without a limit
        taken = int((_CGROUP / "memory.current").read_text())
        stat = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        free = min(free, most - taken + int(stat.get("inactive_file", 0)))
    return max(0, free)


def require_columns(n_columns: int, name: str) -> None:
    """Refuse a table of too many columns.

    Raises
    ------
    TableError
        If there are more than `MOST_COLUMNS`.
    """
    if n_columns > MOST_COLUMNS:
        raise TableError(
            f"{name} has {n_columns:,} columns. At most {MOST_COLUMNS:,} can be read. Export fewer tags, "
            "or split the file by columns."
        )


def too_large(name: str, bound: int) -> TableError:
    """Return the refusal of a file that unpacks to more than `bound` bytes."""
    return TableError(
        f"{name} unpacks to more than {bound >> 20:,} MB, which is too much. Split it into smaller files."
    )


class Room:
    """The memory that one table may take: what is free when its reading begins.

    Parameters
    ----------
    name
        Name of the file for error messages.
    """

    def __init__(self, name: str) -> None:
        self.name, self.bytes = name, int(USABLE * free_memory())

    def require(self, needed: int, n_rows: int, n_columns: int) -> None:
        """Refuse a table that needs more bytes than there are.

        Raises
        ------
        TableError
            If it does.
        """
        if needed > self.bytes:
            size = f"{plural(n_rows, 'row')} and {plural(n_columns, 'column')}"
            raise TableError(
                f"{self.name} has {size}. To read it takes about {needed / 1e9:,.1f} GB of memory; "
                f"{self.bytes / 1e9:,.1f} GB are free. Split it into smaller files, or leave out columns."
            )

    def bounded(self, blocks: Iterator[list[pa.Array]]) -> Iterator[list[pa.Array]]:
        """Yield blocks of columns until the table that they make needs too much.

        Raises
        ------
        TableError
            If it does.
        """
        n_rows = 0
        for block in blocks:
            n_rows += len(block[0])
            self.require(n_rows * len(block) * CELL_BYTES["number"], n_rows, len(block))
            yield block


def lists_many_files(file: BinaryIO, most: int = MOST_FILES) -> bool:
    """Whether the end of an archive says that it holds more files, before their list is read.

    Parameters
    ----------
    file
        The archive; it is read from its start afterwards.
    most
        So many files are no more than usual.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES - _LONGEST_COMMENT))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES:
        return False
    count, length = struct.unpack("<HI", tail[at + 10 : at + 16])
    many = count > most or length > most * 2 * _ENTRY_BYTES
    return many or tail[:at].rfind(_LARGE) == at - 20 >= 0


def require_few_files(file: BinaryIO, name: str) -> None:
    """Refuse an archive with a long list of files before the list is read.

    Raises
    ------
    TableError
        If it holds more than `MOST_FILES`, as far as its end says.
    """
    if lists_many_files(file):
        raise TableError(
            f"{name} is an archive of very many files, or larger than 4 GB. At most {MOST_FILES:,} files can "
            "be listed. Pack only the files of the table."
        )
