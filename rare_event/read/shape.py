"""What a line of a table looks like, and the lines of a block of bytes measured by it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

LINE_BREAK, QUOTE = 10, 34


@dataclass(frozen=True)
class Shape:
    """What a line of the table looks like.

    Parameters
    ----------
    separator
        One byte.
    width
        Number of cells.
    header
        The lines of the header, which may stand again within the data.
    comment
        Beginning of a comment line; empty for none.
    numbers
        Positions of cells that hold numbers or times.
    by_digit
        Whether each line of data begins with a digit or a sign.
    inches
        Whether quotation marks stand within cells as signs.
    damaged
        Whether single bytes may be no text.
    """

    separator: bytes
    width: int
    header: tuple[bytes, ...] = ()
    comment: bytes = b""
    numbers: tuple[int, ...] = ()
    by_digit: bool = False
    inches: bool = False
    damaged: bool = False

    @cached_property
    def cell(self) -> re.Pattern[bytes]:
        """A cell and what ends it."""
        s = re.escape(self.separator)
        plain = rb"[^" + s + rb'"\n][^' + s + rb"\n]*|" if self.inches else rb"[^" + s + rb'"\n]+|'
        return re.compile(rb'("(?:[^"]|"")*"|' + plain + rb")(" + s + rb"|\Z)")

    def cells(self, record: bytes) -> list[bytes] | None:
        """Split a record into cells as written; None if a quotation mark is out of place."""
        found, position = [], 0
        while match := self.cell.match(record, position):
            found.append(match[1])
            position = match.end()
            if not match[2]:
                return found
        return None

    def fits(self, record: bytes) -> bool:
        """Whether a text is one whole record."""
        cells = self.cells(record)
        return cells is not None and len(cells) == self.width


@dataclass
class Lines:
    """The lines of a block of bytes.

    Parameters
    ----------
    block
        Its bytes; the last one is a line break.
    starts, ends
        Positions of the first byte and of the line break, shape (n_lines,).
    n_cells, n_quotes
        Cells and quotation marks, shape (n_lines,).
    placed
        Whether all quotation marks are where they may be, shape (n_lines,).
    """

    block: bytes
    starts: np.ndarray
    ends: np.ndarray
    n_cells: np.ndarray
    n_quotes: np.ndarray
    placed: np.ndarray

    def text(self, first: int, last: int | None = None) -> bytes:
        """Bytes of a line, or of several with the line breaks between them."""
        return self.block[self.starts[first] : self.ends[first if last is None else last]]


def measure(block: bytes, shape: Shape, *, trusting: bool = False) -> Lines:
    """Count the cells and quotation marks of each line of a block that ends with a line break.

    `trusting`: cells of lines without quotation marks are not counted but taken to be right.
    """
    buffer = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(buffer == LINE_BREAK)
    starts = np.concatenate(([0], ends[:-1] + 1))
    if trusting and b'"' not in block and not ((ends > starts) & (ends - starts < shape.width - 1)).any():
        n_cells = np.where(ends > starts, shape.width, 1)
        return Lines(block, starts, ends, n_cells, np.zeros_like(ends), np.ones(len(ends), bool))
    separators = np.flatnonzero(buffer == shape.separator[0])
    n, between = len(ends), shape.width - 1
    if b'"' not in block:
        if len(separators) == n * between and between:
            grid = separators.reshape(n, between)
            if (grid[:, 0] >= starts).all() and (grid[:, -1] < ends).all():
                counts = np.full(n, between)
                return Lines(block, starts, ends, counts + 1, np.zeros(n, np.int64), np.ones(n, bool))
        counts = np.diff(np.searchsorted(separators, np.append(starts, len(block))))
        return Lines(block, starts, ends, counts + 1, np.zeros(n, np.int64), np.ones(n, bool))
    if shape.inches:
        return _measure_slowly(block, starts, ends, shape)
    quotes = np.flatnonzero(buffer == QUOTE)
    line = np.searchsorted(ends, quotes)
    n_quotes = np.bincount(line, minlength=n)
    before_line = np.cumsum(n_quotes) - n_quotes
    opens = (np.arange(len(quotes)) - before_line[line]) % 2 == 0
    before, after = buffer[quotes - 1], buffer[quotes + 1]
    may_open = (quotes == starts[line]) | (before == shape.separator[0]) | (before == QUOTE)
    may_close = (after == shape.separator[0]) | (after == LINE_BREAK) | (after == QUOTE)
    wrong = np.bincount(line, weights=~np.where(opens, may_open, may_close), minlength=n) > 0
    line = np.searchsorted(ends, separators)
    inside = (np.searchsorted(quotes, separators) - before_line[line]) % 2 == 1
    counts = np.bincount(line[~inside], minlength=n)
    return Lines(block, starts, ends, counts + 1, n_quotes, (n_quotes % 2 == 0) & ~wrong)


def _measure_slowly(block: bytes, starts: np.ndarray, ends: np.ndarray, shape: Shape) -> Lines:
    """Count cells where a quotation mark may stand within a cell, as a sign for inches."""
    texts = [block[start:end] for start, end in zip(starts, ends, strict=True)]
    cells = [shape.cells(text) for text in texts]
    counts = np.array([0 if found is None else len(found) for found in cells])
    n_quotes = np.array([text.count(b'"') for text in texts])
    return Lines(block, starts, ends, counts, n_quotes, np.array([found is not None for found in cells]))
