"""Columns of a frame, filled block by block: numbers as long as Arrow reads them, else texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rare_event.read.numbers import Texts, Words, count_as_missing, take_apart, without
from rare_event.read.values import BLANK, MISSING, is_missing_word, to_float32

N_LOOKED_AT = 2000
_NUMBERLIKE = "^['\u2019(+\u2212\u2013-]*[ \u00a0]*[.,]?[0-9]"
# A cell that shows what the mark is: no thousands sign stands like this.
_PROOF = {
    mark: rf"^\s*[+-]?(0[0-9]*{sign}|{sign}|[0-9]{{4,}}{sign}|[0-9]+{sign}[0-9]*[eE]"
    rf"|[0-9]+{sign}([0-9]{{0,2}}|[0-9]{{4,}})\s*$)"
    for mark, sign in ((".", r"\."), (",", ","))
}


class Growing:
    """One column of numbers, filled block by block.

    Memory is allocated once, for the expected rows: joining many small blocks at the end takes it twice.
    """

    def __init__(self) -> None:
        self.data = np.empty(0, dtype=np.float32)
        self.filled = 0

    def add(self, values: np.ndarray, expected: int) -> None:
        """Append `values`; `expected` is the estimated total number of rows."""
        end = self.filled + len(values)
        kind = np.promote_types(self.data.dtype, values.dtype)
        if end > len(self.data) or kind != self.data.dtype:
            # A packed file has more rows than expected: a quarter more each time copies each row a few times.
            more = expected if end <= expected else end + end // 4
            longer = np.empty(max(more, len(self.data)), dtype=kind)
            longer[: self.filled] = self.data[: self.filled]
            self.data = longer
        self.data[self.filled : end] = values
        self.filled = end

    def series(self) -> pd.Series:
        """Return the column, as float32 where that is precise enough."""
        return pd.Series(to_float32(self.data[: self.filled]), copy=False)


class Cells:
    """One column of texts, filled block by block.

    Parameters
    ----------
    name
        Name of the column.
    decimal
        The decimal sign that most numbers of the file seem to have.
    proven
        Decimal signs that some column of the file proves; shared by all its columns.
    exact
        Keep float64, as for a time in numbers.
    keep
        Keep all texts, for a file that is not read twice.
    """

    def __init__(
        self, name: str, decimal: str, proven: set[str], *, exact: bool = False, keep: bool = False
    ) -> None:
        self.name, self.decimal, self.proven, self.exact = name, decimal, proven, exact
        self.numbers = Growing()
        self.words = Words()
        self.texts: list[pa.Array] | None = [] if keep else None  # once a block is not read as numbers
        self.cut = False  # earlier texts are lost, and must be read again
        self.proves = False
        self.marked = False  # cells hold a decimal sign that could be one of thousands
        self.first: list[tuple[int, str]] = []
        self._again: list[pa.Array] = []
        self._taken: Texts | None = None

    def add(self, block: pa.Array, expected: int) -> None:
        """Append a block of texts; `expected` is the estimated total number of rows."""
        if self.texts is None:
            values = self._quick(block)
            if values is not None:
                self._look(block)
                self.numbers.add(values if self.exact else to_float32(values), expected)
                return
            self.cut = bool(self.numbers.filled)
            self.texts, self.numbers = [], Growing()
        if not self.cut:
            self.texts.append(block)

    def add_again(self, block: pa.Array) -> None:
        """Append a block of texts of a column that is read again, from its first row on."""
        self._again.append(block)
        self.texts, self.cut, self.numbers, self._taken = self._again, False, Growing(), None

    @property
    def n_rows(self) -> int:
        """Number of rows read."""
        return self.numbers.filled if self.texts is None else sum(len(block) for block in self.texts)

    def taken(self) -> Texts:
        """Texts of the whole column, taken apart."""
        if self._taken is None:
            cells = pa.chunked_array(self.texts or [], type=pa.string()).combine_chunks()
            some = take_apart(
                cells.take(pa.array(np.arange(0, len(cells), max(1, len(cells) // N_LOOKED_AT))))
            )
            # Taking a long column of words or times apart only to find no number would cost much memory.
            self._taken = take_apart(cells) if some.n_numbers else some
        return self._taken

    def leave_out(self, rows: np.ndarray) -> None:
        """Read the numbers in some rows as missing."""
        self._taken = without(self.taken(), rows)

    def filled(self) -> np.ndarray:
        """Numbers read so far, shape (n_rows,)."""
        return self.numbers.data[: self.numbers.filled]

    def needs_texts(self, decimals: set[str]) -> bool:
        """Whether the numbers cannot be trusted; `decimals` are the decimal signs proven in the file."""
        if self.texts is not None:
            return self.cut
        if self.marked and not self.proves and decimals != {self.decimal}:
            return True
        strange = [word for word in self.words.counts if not is_missing_word(word)]
        if not strange:
            return False
        values = self.filled()
        n_numbers = int(np.count_nonzero(~np.isnan(values)))
        return not count_as_missing(self.words, Words(), n_numbers) or few_values(values)

    def _quick(self, block: pa.Array) -> np.ndarray | None:
        """Convert texts to float64, words to NaN; None if a text begins like a number and is none."""
        floats: np.ndarray
        cells = block
        if self.decimal == ",":
            if pc.any(pc.match_substring(cells, ".")).as_py():
                return None
            cells = pc.replace_substring(cells, ",", ".")
        try:
            floats = cells.cast(pa.float64()).to_numpy(zero_copy_only=False)
            return floats
        except pa.ArrowInvalid:
            cells = pc.utf8_trim_whitespace(cells)
        word = pc.is_in(cells, value_set=pa.array(MISSING))
        strange = pc.and_not(pc.invert(pc.match_substring_regex(cells, _NUMBERLIKE)), word)
        word = pc.or_(word, pc.and_not(strange, pc.match_substring_regex(cells, "^[+-]?(?i:inf|infinity)$")))
        word = pc.fill_null(word, False)
        try:
            floats = pc.if_else(word, None, cells).cast(pa.float64()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            return None
        rows = np.flatnonzero(word.to_numpy(zero_copy_only=False))
        if 2 * len(rows) > len(cells) and pc.any(strange).as_py():
            return None
        self.words = self.words.add(cells.take(pa.array(rows)), rows + self.numbers.filled)
        return floats

    def _look(self, block: pa.Array) -> None:
        """Look for a cell that shows that the mark in the numbers is a decimal sign."""
        if self.decimal == "," and not self.first:
            held = np.flatnonzero(pc.fill_null(pc.match_substring(block, ","), False))[:2]
            self.first = [(int(row) + self.numbers.filled, block[int(row)].as_py()) for row in held]
        if self.proves:
            return
        for part in (block[:64], block):
            if self.marked and self.decimal in self.proven:
                return
            if pc.any(pc.match_substring(part, self.decimal)).as_py():
                self.marked = True
                if pc.any(pc.match_substring_regex(part, _PROOF[self.decimal])).as_py():
                    self.proves = True
                    self.proven.add(self.decimal)
                    return


def few_values(values: np.ndarray) -> bool:
    """Whether numbers have at most two distinct values."""
    finite = values[np.isfinite(values)]
    return not finite.size or bool(((finite == finite.min()) | (finite == finite.max())).all())


def new_cells(names: Sequence[str], decimal: str, exact: Sequence[bool]) -> list[Cells]:
    """Columns of a file before their first block; `exact` says which keep float64."""
    proven: set[str] = set()
    return [Cells(name, decimal, proven, exact=e) for name, e in zip(names, exact, strict=True)]


def says_missing(words: Words) -> list[str]:
    """Texts of a column of numbers that are worth naming, the most frequent first."""
    named = [word for word in words.counts if word.casefold() not in BLANK]
    return sorted(named, key=lambda word: -words.counts[word])
