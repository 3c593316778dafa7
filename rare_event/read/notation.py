"""From the texts of all columns of a file to numbers: one column's cells can tell how another's are meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rare_event.read.columns import Cells, few_values
from rare_event.read.conversions import Findings, Spoilt, decimal_question, name_words, read_column
from rare_event.read.numbers import Notation, Texts, count_as_missing, few, to_floats
from rare_event.read.table import Question, Reading, Remark
from rare_event.read.values import is_missing_word, shown
from rare_event.text import listed, plural

MANY_ROWS = 100  # from which columns of three fixed decimals are no coincidence
SOME_ROWS = 20  # where a comma separates the cells, two such columns are none either
NARROW = 20  # largest share of the largest number in the smallest of such a column
_DATE = r"^[0-9]{1,4}([.,' ])[0-9]{1,2}[.,' ][0-9]{1,4}( [0-9]{1,2}\.[0-9]{2}(\.[0-9]{2})?)?$"


@dataclass(frozen=True, eq=False)
class Settled:
    """Columns of numbers and texts, what was found in them, and the rows that a stray sign spoils."""

    columns: list[pd.Series]
    decimal: str
    remarks: tuple[Remark, ...]
    questions: tuple[Question, ...]
    written: dict[str, tuple[tuple[int, str, str], ...]]
    spoilt: list[Spoilt]


def unsettled(columns: Sequence[Cells]) -> list[int]:
    """Positions of the columns whose texts must be read again, with `Cells.add_again`, before `settle`."""
    decimals = _decimals(columns)
    return [position for position, cells in enumerate(columns) if cells.needs_texts(decimals)]


def settle(
    columns: Sequence[Cells], lines: Sequence[int] | pd.Index, said: Reading, *, separator: str, quoted: bool
) -> Settled:
    """Read the numbers of all columns, each in its notation.

    Parameters
    ----------
    columns
        The columns of a file, complete.
    lines
        Line of the file of each row, shape (n_rows,).
    said
        What the analyst says of the file.
    separator
        Of the fields.
    quoted
        Whether some fields are in quotation marks.
    """
    found, decimals = Findings(lines, separator), _decimals(columns)
    for cells in columns:
        if cells.texts is not None and len(decimals) <= 1:
            cells.leave_out(_against(cells.taken(), said.decimal or "".join(decimals), separator))
    fixed = sum(c.texts is not None and _is_number(c.taken()) and _is_narrow(c.taken()) for c in columns)
    commas = separator == "," and not quoted
    plain = fixed > (0 if commas else 1) and len(lines) >= MANY_ROWS
    plain = plain or (commas and fixed > 1 and len(lines) >= SOME_ROWS)
    result, open_columns, with_comma = [], [], []
    for cells in columns:
        if cells.texts is None:
            if cells.first:
                with_comma.append(cells.name)
                found.show(cells.name, [(r, t, cells.filled()[r]) for r, t in cells.first])
            name_words(cells.name, cells.words, found)
            result.append(cells.numbers.series())
            continue
        texts = cells.taken()
        refusal = _refusal(texts, lines)
        if refusal is None and texts.n_numbers:
            notation = _decided(texts, decimals, said, plain=plain)
            if notation is None:
                open_columns.append(cells)
            else:
                result.append(read_column(cells, texts, notation, found))
                if notation.decimal == "," and not notation.thousands and "," in _sample(texts):
                    with_comma.append(cells.name)
                continue
        elif refusal is not None and refusal[0]:
            fact, what, row, count = refusal
            text = f"Column {shown(cells.name)} {what} The column is not read as numbers."
            found.say("warning", cells.name, fact, text, [row], count)
        result.append(pa.chunked_array(cells.texts or [], type=pa.string()).to_pandas())
    if with_comma:
        text = f"Decimal commas in {plural(len(with_comma), 'column')}: {listed([*map(shown, with_comma)])}."
        found.say("note", None, "decimal comma", text, [], len(with_comma))
    questions = (decimal_question(open_columns, lines),) if open_columns else ()
    decimal = said.decimal or (
        min(decimals) if len(decimals) == 1 else columns[0].decimal if columns else "."
    )
    return Settled(result, decimal, tuple(found.remarks), questions, found.written, found.spoilt)


def _is_number(texts: Texts) -> bool:
    # Which lines they are is not told.
    return bool(texts.n_numbers) and _refusal(texts, range(len(texts.cells))) is None


def _is_narrow(texts: Texts) -> bool:
    """Whether all numbers have three digits after the sign, and are near to one another."""
    if not texts.fixed:
        return False
    sizes = np.abs(to_floats(texts, texts.fits[0]))
    return bool(np.nanmax(sizes) <= NARROW * np.nanmin(sizes))


def _sample(texts: Texts) -> str:
    """Return some numbers of a column, joined."""
    return " ".join(texts.parts.field("body").drop_null()[:200].to_pylist())


def _decimals(columns: Sequence[Cells]) -> set[str]:
    """Decimal signs that the cells of some column prove."""
    found: set[str] = set()
    for cells in columns:
        if cells.texts is None:
            found |= {cells.decimal} if cells.proves else set()
        elif not cells.cut and len(cells.taken().fits) == 1 and _is_number(cells.taken()):
            notation = cells.taken().fits[0]
            marked = len(_marked(cells.taken(), notation))
            if notation.thousands in (".", ",") or (marked and not few(marked, cells.taken().n_filled)):
                found.add(notation.decimal)
    return found


def _marked(texts: Texts, notation: Notation) -> np.ndarray:
    """Rows of the numbers with a decimal sign."""
    marked = pc.fill_null(pc.match_substring(texts.parts.field("body"), notation.decimal), False)
    return np.flatnonzero(marked.to_numpy(zero_copy_only=False))


def _against(texts: Texts, decimal: str, separator: str) -> np.ndarray:
    """Rows of the few numbers whose decimal sign is not that of the file, or divides its cells."""
    if len(texts.fits) != 1 or texts.fits[0].thousands:
        return np.empty(0, np.int64)
    rows, mark = _marked(texts, texts.fits[0]), texts.fits[0].decimal
    against = mark != decimal if decimal else mark == separator
    return rows if against and few(len(rows), texts.n_filled) else rows[:0]


def _refusal(texts: Texts, lines: Sequence[int] | pd.Index) -> tuple[str, str, int, int] | None:
    """Why a column of texts is none of numbers: fact, what is found, row and count; no fact: just texts.

    `lines` are those of the rows in the file.
    """
    total = texts.n_filled
    plain = ("", "", 0, 0)
    if not texts.n_numbers or texts.n_numbers < 0.2 * total:
        return plain
    if texts.odd.total:
        brackets = [w for w in texts.odd.counts if w[0] in "(" or w[:2].casefold() == "0x"]
        word = brackets[0] if brackets else next(iter(texts.odd.counts))
        row = texts.odd.rows[word]
        if (brackets and not few(texts.odd.total, total)) or not count_as_missing(
            texts.words, texts.odd, texts.n_numbers
        ):
            if texts.n_numbers < 0.5 * total:
                return plain
            return "not a number", f"holds {shown(word)} in line {lines[row]}, which is not a number.", row, 1
    elif not count_as_missing(texts.words, texts.odd, texts.n_numbers):
        word = next(word for word in texts.words.counts if not is_missing_word(word))
        if texts.words.total <= 0.02 * total or len(texts.words.counts) <= 2 and texts.n_numbers == 0:
            return plain
        example = ", for example" if texts.words.total > 1 else ","
        what = (
            f"holds {plural(texts.n_numbers, 'number')} and {plural(texts.words.total, 'text')}{example} "
            f"{shown(word)} in line {lines[texts.words.rows[word]]}."
        )
        return "numbers and texts", what, texts.words.rows[word], texts.words.total
    if len(texts.units) > 1:
        if len(texts.units) > 5:
            return plain
        return _mixed_units(texts, lines)
    if not texts.fits or texts.ambiguous == "?":
        if pc.all(pc.match_substring_regex(texts.parts.field("body").drop_null(), _DATE)).as_py():
            return plain
        row = int(texts.misfits[0]) if len(texts.misfits) else 0
        what = f"holds {shown(texts.cells[row])} in line {lines[row]}, "
        what += "written differently from its other numbers."
        return "mixed notations", what, row, max(1, len(texts.misfits))
    strange = [word for word in texts.words.counts if not is_missing_word(word)]
    odd = texts.odd.total and not few(texts.odd.total, total)
    if (strange or odd) and few_values(to_floats(texts, texts.fits[0])):
        return plain
    return None


def _mixed_units(texts: Texts, lines: Sequence[int] | pd.Index) -> tuple[str, str, int, int]:
    units, usual = texts.parts.field("unit"), texts.units[0]
    rows = np.flatnonzero(pc.fill_null(pc.not_equal(units, usual), False).to_numpy(zero_copy_only=False))
    row = int(rows[0])
    other = f"the unit {shown(usual)}" if usual else "no unit"
    what = f"mixes units: {shown(texts.cells[row])} in line {lines[row]}, but other cells have {other}."
    return "mixed units", what, row, len(rows)


def _decided(texts: Texts, decimals: set[str], said: Reading, *, plain: bool) -> Notation | None:
    """Return the notation of a column; None if that must be asked."""
    mark = texts.ambiguous
    if not mark:
        return texts.fits[0]
    as_decimal, as_thousands = texts.fits[:2]
    if said.decimal or len(decimals) == 1:
        return as_decimal if (said.decimal or min(decimals)) == mark else as_thousands
    if said.thousands is not None:
        return as_thousands if said.thousands == mark else as_decimal
    return as_decimal if mark == "." and texts.fixed and plain and not decimals else None
