"""Read a column of texts as numbers, and say each thing that is not plain about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rare_event.read.columns import Cells, says_missing
from rare_event.read.numbers import NEGATIVE, SPACED, Notation, Texts, Words, to_floats
from rare_event.read.table import Choice, Kind, Question, Remark
from rare_event.read.values import is_missing_word, shown, to_float32
from rare_event.text import listed, plural

MOST_WORDS = 5  # texts of a column that are named one by one
_SIGNS = {".": "a point", ",": "a comma", "'": "an apostrophe", " ": "a space"}
_APOSTROPHE = "^['\u2019\u2018]"
_MINUS = "^['\u2019\u2018]?[\u2212\u2013]"


Spoilt = tuple[int, str, str]  # row, name of the column and text of a cell that holds a stray sign


@dataclass(eq=False)
class Findings:
    """Remarks and examples about the columns of a file, and its spoilt cells.

    `lines` holds the line of each row; `separator` divides its cells.
    """

    lines: Sequence[int] | pd.Index
    separator: str
    spoilt: list[Spoilt] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    written: dict[str, tuple[tuple[int, str, str], ...]] = field(default_factory=dict)

    def say(
        self, kind: Kind, name: str | None, fact: str, what: str, rows: Sequence[int], count: int
    ) -> None:
        """Add a remark about some rows of a column."""
        lines = tuple(int(self.lines[row]) for row in rows[:20])
        self.remarks.append(Remark(kind, name, what, fact, count, lines))

    def show(self, name: str, cells: Sequence[tuple[int, str, float | np.floating]]) -> None:
        """Keep examples of a column: row, text and value of each."""
        self.written[name] = tuple((int(self.lines[row]), text, number(value)) for row, text, value in cells)


def number(value: float | np.floating) -> str:
    """Write a number that was read, with the digits that its type keeps."""
    return f"{value:.7g}" if isinstance(value, np.float32) else f"{value:.15g}"


def read_column(cells: Cells, texts: Texts, notation: Notation, found: Findings) -> pd.Series:
    """Read a column of numbers in a notation, and say what is not plain in it."""
    name, floats = cells.name, to_floats(texts, notation)
    examples: list[int] = []
    for fact, words, hits in _unusual(texts, notation):
        rows = np.flatnonzero(pc.fill_null(hits, False).to_numpy(zero_copy_only=False))
        rows = rows[np.isfinite(floats[rows])]
        if not len(rows):
            continue
        examples = examples or rows[:2].tolist()
        row = int(rows[0])
        before, line = shown(texts.cells[row].as_py()), int(found.lines[row])
        what = f"Column {shown(name)} {words}; {before} in line {line} is read as {number(floats[row])}."
        found.say("note", name, fact, what, rows[:3].tolist(), len(rows))
    if not examples and notation.decimal == ",":
        marked = pc.fill_null(pc.match_substring(texts.cells, ","), False)
        marked = pc.and_(marked, pc.is_valid(texts.parts))
        examples = np.flatnonzero(marked.to_numpy(zero_copy_only=False))[:2].tolist()
    if examples:
        found.show(name, [(row, texts.cells[row].as_py(), float(floats[row])) for row in examples])
    name_words(name, texts.words, found)
    _name_odd(name, texts, notation, found)
    return pd.Series(floats if cells.exact else to_float32(floats), copy=False)


def _unusual(texts: Texts, notation: Notation) -> list[tuple[str, str, pa.Array]]:
    """List what is not plain in a column: fact, words for it, and the cells that it concerns."""
    body, unit = texts.parts.field("body"), texts.units[0] if texts.units else ""
    found = []
    if unit:
        words = f"has the unit {shown(unit)} in each cell"
        found.append(("unit in cells", words, pc.is_valid(texts.parts)))
    if notation.thousands:
        words = f"uses {_SIGNS[notation.thousands]} as the thousands separator"
        decimal = f"[^0-9{notation.decimal}]"
        found.append(("thousands separators", words, pc.match_substring_regex(body, decimal)))
    words = 'holds formulas such as ="5", which are read as numbers'
    found.append(("numbers as formulas", words, pc.match_substring_regex(texts.cells, '^="')))
    words = "has an apostrophe before numbers, which is ignored"
    found.append(("apostrophe before a number", words, pc.match_substring_regex(texts.cells, _APOSTROPHE)))
    words = "uses a dash as a minus sign"
    found.append(("typographic minus", words, pc.match_substring_regex(texts.cells, _MINUS)))
    words = "has brackets around negative numbers"
    found.append(("negative numbers", words, pc.match_substring_regex(texts.cells, NEGATIVE[0])))
    words = "has the minus sign after negative numbers"
    found.append(("negative numbers", words, pc.match_substring_regex(texts.cells, NEGATIVE[1])))
    words = "has spaces after plus or minus signs"
    found.append(("negative numbers", words, pc.match_substring_regex(texts.cells, SPACED)))
    return found


def name_words(name: str, words: Words, found: Findings) -> None:
    """Name the texts of a column of numbers that are read as missing."""
    fact, column = "text read as missing", f"Column {shown(name)}"
    named = says_missing(words)
    for word in named[:MOST_WORDS]:
        count, row = words.counts[word], words.rows[word]
        often = "in" if count == 1 else f"{count:,} times, first in"
        what = f"{column} holds {shown(word)} {often} line {int(found.lines[row])}; it is read as missing."
        kind: Kind = "note" if is_missing_word(word) else "warning"
        found.say(kind, name, fact, what, [row], count)
    more = named[MOST_WORDS:]
    if more:
        count = sum(words.counts[word] for word in more)
        what = f"{column} holds {plural(len(more), 'other text')} instead of numbers; "
        what += "it is read as missing." if len(more) == 1 else "all are read as missing."
        found.say("warning", name, fact, what, [words.rows[more[0]]], count)


def _name_odd(name: str, texts: Texts, notation: Notation, found: Findings) -> None:
    """Name the cells that begin like numbers and are read as missing; a stray sign spoils the line."""
    signs = {found.separator, '"'} - {notation.decimal, notation.thousands} if found.separator else set()
    odd = [(int(row), texts.cells[int(row)].as_py()) for row in texts.odd_rows]
    spoilt = [(row, name, cell) for row, cell in odd if signs & set(cell)]
    found.spoilt += spoilt
    left = [(row, cell) for row, cell in odd if (row, name, cell) not in spoilt]
    if not left:
        return
    cells = [f"{shown(cell)} in line {int(found.lines[row])}" for row, cell in left]
    one = len(left) == 1
    what = f"Column {shown(name)} holds {listed(cells, MOST_WORDS)}; "
    what += "it is read as missing." if one else f"these {len(left):,} cells are read as missing."
    found.say("warning", name, "text read as missing", what, [row for row, _ in left], len(left))


def decimal_question(open_columns: Sequence[Cells], lines: Sequence[int] | pd.Index) -> Question:
    """Ask what the sign in the numbers of a column means."""
    first, more = open_columns[0], len(open_columns) - 1
    texts = first.taken()
    mark = texts.ambiguous
    marked = pc.fill_null(pc.match_substring(texts.cells, mark), False)
    row = int(np.flatnonzero(marked.to_numpy(zero_copy_only=False))[0])
    cell = texts.cells[row].as_py()
    other = "," if mark == "." else "."
    others = f" and {plural(more, 'other column')}" if more else ""
    what = (
        f"Column {shown(first.name)}{others} can be read in two ways, for example {shown(cell)} in line "
        f"{int(lines[row])}. Is the {'comma' if mark == ',' else 'point'} a decimal mark or a thousands "
        "separator?"
    )
    decimals, thousands = (float(to_floats(texts, notation)[row]) for notation in texts.fits[:2])
    choices = (
        Choice(mark, "a decimal mark", f"{shown(cell)} → {number(decimals)}"),
        Choice(other, "a thousands separator", f"{shown(cell)} → {number(thousands)}"),
    )
    return Question("decimal", first.name, what, choices, f"--decimal '{mark}' or --decimal '{other}'")
