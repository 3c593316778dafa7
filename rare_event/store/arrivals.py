"""A folder into which files come: which bytes are new, and whether they are whole."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

# A file that is being written under one of these names will be renamed.
UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".swp", "~")
# gzip, zip and workbooks, Parquet, old workbooks: such files are whole or nothing.
PACKED = (b"\x1f\x8b", b"PK", b"PAR1", b"\xd0\xcf")
MARK_BYTES = 1 << 16
# A text file that never rests is read up to its last whole line after so many seconds.
PATIENCE = 1.0


@dataclass(frozen=True)
class Seen:
    """How far a file was scored.

    Parameters
    ----------
    size, modified
        Bytes that were scored or set aside, and the time of the last change, in nanoseconds.
    mark
        Digest of the first and last of these bytes: appending does not change it.
    head
        Bytes before the first row, which come before rows that are appended; None if it cannot grow.
    lines
        Lines in these bytes.
    scored
        Whether any of its rows were scored; else a corrected file is read from its beginning.
    """

    size: int
    modified: int
    mark: str
    head: int | None
    lines: int = 0
    scored: bool = True


@dataclass(frozen=True, eq=False)
class Piece:
    """New bytes of a file.

    Parameters
    ----------
    file
        Name of the file.
    content
        The bytes to read: for appended rows, the heading and they.
    seen
        How far the file is scored with them.
    size
        Bytes of the file as it was found.
    after
        Line after which appended rows begin; 0 for a new file.
    refused
        Why they cannot be scored, if that is known.
    """

    file: str
    content: bytes
    seen: Seen
    size: int
    after: int = 0
    refused: str = ""

    @property
    def name(self) -> str:
        """The file, and for appended rows where they begin."""
        return f"{self.file} (rows after line {self.after})" if self.after else self.file


@dataclass(frozen=True, eq=False)
class Look:
    """What a look at the folder found.

    Parameters
    ----------
    pieces
        New bytes of files at rest, by name.
    growing
        Whether a file is being written.
    unended
        Files whose last line has no line end, so that it may be half-written.
    """

    pieces: tuple[Piece, ...]
    growing: bool
    unended: tuple[str, ...]

    @property
    def quiet(self) -> bool:
        """Whether there is nothing new."""
        return not self.pieces and not self.growing


@dataclass
class Arrivals:
    """A folder that is looked at again and again.

    Parameters
    ----------
    folder
        The folder.
    whole
        Whether files come whole and never grow; then a last line needs no line end.
    """

    folder: Path
    whole: bool = False
    _before: dict[str, tuple[int, int]] = field(default_factory=dict, init=False)
    _since: dict[str, float] = field(default_factory=dict, init=False)
    _nothing: dict[str, tuple[int, int]] = field(default_factory=dict, init=False)
    _unended: dict[str, tuple[int, int]] = field(default_factory=dict, init=False)

    def look(self, seen: Mapping[str, Seen]) -> Look:
        """Find the new bytes of files that rest: two looks found the same size and time of change.

        Parameters
        ----------
        seen
            How far each file was scored.

        Raises
        ------
        OSError
            If the folder cannot be listed.
        """
        pieces, growing = [], False
        before, self._before = self._before, {}
        for entry in sorted(os.scandir(self.folder), key=lambda entry: entry.name):
            name = entry.name
            if _ignored(name):
                continue
            try:
                if not entry.is_file():
                    continue
                about = entry.stat()
            except FileNotFoundError:
                continue
            stamp, known = (about.st_size, about.st_mtime_ns), seen.get(name)
            self._before[name] = stamp
            if self._nothing.get(name) == stamp or (known and (known.size, known.modified) == stamp):
                self._since.pop(name, None)
                continue
            waited = time.monotonic() - self._since.setdefault(name, time.monotonic())
            if before.get(name) != stamp and waited < PATIENCE:
                growing = True
                continue
            rests = before.get(name) == stamp
            piece = self._piece(name, stamp, known, rests)
            growing |= piece is None and not rests
            pieces += [] if piece is None else [piece]
        unended = tuple(name for name, stamp in self._unended.items() if self._before.get(name) == stamp)
        return Look(tuple(pieces), growing, unended)

    def _piece(self, name: str, stamp: tuple[int, int], known: Seen | None, rests: bool) -> Piece | None:
        """Read the new bytes of a file; None if there are none yet."""
        size, modified = stamp
        self._unended.pop(name, None)
        try:
            with open(self.folder / name, "rb") as file:
                start = file.read(4096)
                growable = not (self.whole or start.startswith(PACKED) or b"\0" in start)
                if known is not None and known.scored and not _has_grown(file, known, size, growable):
                    return self._changed(name, file, stamp, known) if rests else None
                if not growable:
                    if not rests:
                        return None
                    return Piece(
                        name, _read(file, 0, size), Seen(size, modified, _mark(file, size), None), size
                    )
                begin = known.size if known is not None and known.scored else 0
                content = _read(file, begin, size)
                whole = content.rfind(b"\n") + 1
                if content[whole:].strip():
                    self._unended[name] = stamp
                # A heading alone is not a table yet.
                if not content[:whole].strip() or (not begin and content[:whole].strip().count(b"\n") == 0):
                    if rests:
                        self._nothing[name] = stamp
                    return None
                end = begin + whole
                lines = content.count(b"\n", 0, whole) + (known.lines if begin and known else 0)
                if begin and known is not None and known.head is not None:
                    head = _read(file, 0, known.head)
                    made = replace(known, size=end, modified=modified, mark=_mark(file, end), lines=lines)
                    return Piece(name, head + content[:whole], made, size, known.lines)
                return Piece(name, content[:whole], Seen(end, modified, _mark(file, end), 0, lines), size)
        except OSError as error:
            why = f"{name} cannot be opened: {error.strerror}. Make it readable, or replace it."
            return Piece(name, b"", Seen(size, modified, "", None, scored=False), size, refused=why)

    def _changed(self, name: str, file: BinaryIO, stamp: tuple[int, int], known: Seen) -> Piece | None:
        """Refuse a file that is not what was scored with something added; its times alone may differ."""
        size, modified = stamp
        if size == known.size and _mark(file, size) == known.mark:
            self._nothing[name] = stamp
            return None
        why = (
            f"{name} was changed after its rows were scored. Rows are never scored twice: append new "
            "rows to it, or put them in a new file."
        )
        return Piece(name, b"", Seen(size, modified, _mark(file, size), None), size, refused=why)


def waiting_names(folder: Path, seen: Mapping[str, Seen]) -> tuple[str, ...]:
    """Return the names of files in a folder of which nothing was scored or set aside yet.

    Raises
    ------
    OSError
        If the folder cannot be listed.
    """
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.is_file()]
    return tuple(sorted(name for name in names if not _ignored(name) and name not in seen))


def _ignored(name: str) -> bool:
    return name.startswith(".") or name.lower().endswith(UNFINISHED)


def head_bytes(content: bytes, first: int) -> int:
    """Return how many bytes there are before a line, counted from 1."""
    end = 0
    for _ in range(first - 1):
        end = content.find(b"\n", end) + 1
    return end


def beginning(content: bytes) -> bytes:
    """Return enough of a file to tell the time of its first row."""
    if content.startswith(PACKED) or b"\0" in content[:4096] or len(content) <= MARK_BYTES:
        return content
    return content[: content.rfind(b"\n", 0, MARK_BYTES) + 1] or content


def _read(file: BinaryIO, begin: int, end: int) -> bytes:
    file.seek(begin)
    return file.read(end - begin)


def _has_grown(file: BinaryIO, known: Seen, size: int, growable: bool) -> bool:
    """Whether a file begins with what was scored of it."""
    able = growable and known.head is not None and size >= known.size
    return able and _mark(file, known.size) == known.mark


def _mark(file: BinaryIO, size: int) -> str:
    """Digest of the first and last bytes up to a size."""
    first = _read(file, 0, min(size, MARK_BYTES))
    return hashlib.sha256(first + _read(file, max(0, size - MARK_BYTES), size)).hexdigest()
