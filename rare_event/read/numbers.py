"""The notation of the numbers in a column of texts, decided from all its cells.

pandas 3.1, DuckDB 2.0 and polars 2.1 take one notation for a whole file. Untold, pandas and DuckDB read
"1.016" in a column with "998" as 1.016 and polars refuses; told, the first two are right. None asks, so the
notation is found here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rare_event.read.values import is_missing_word

MANY_WORDS = 1000
MAX_WORDS = 20  # distinct texts in a column of numbers
LEAST_NUMBERS = 0.6  # share of the cells that are not missing
MOST_ODD = 0.01  # share of texts that begin like a number, but are none
LONGEST_NUMBER = 400  # bytes of a cell; the largest float64 has 309 digits
LEAST_FILLED = 100  # cells of a column, from which so few of its numbers may be written unlike the others
SPACES = "\u0020\u00a0\u2007\u2009\u202f"
TRUTHS = frozenset(["true", "false", "yes", "no", "on", "off", "ja", "nein", "ein", "aus", "an", "y", "n"])

_BODY = rf"[0-9][0-9.,'{SPACES}]*[0-9.,]|[0-9]|[.,][0-9]+"
_UNIT = r"[%‰°℃℉\p{L}\p{Sc}][^\s]{0,11}"
_CELL = (
    rf"^(?P<sign>[+-]?)(?P<body>{_BODY})(?P<power>(?:[eE][+-]?[0-9]+|[dD][+-][0-9]{{2,3}})?)(?P<gap>[{SPACES}]*)"
    rf"(?P<unit>(?:{_UNIT})?)$"
)
_HEX = r"^[+-]?0[xX]"
_NUMBERLIKE = r"^['(+-]*[.,]?[0-9]"
_NO_NUMBER = r"^[+-]?1[.,]#[A-Z]"  # how C of Windows writes NaN and infinity
_FORMULA = r'^="([^"]*)"$'  # keeps spreadsheets from changing a number
# What stands before a number here stands behind it: € 5, - 5; and (5) or 5-, if no number has a minus sign.
_CURRENCY = rf"^([+-]?)(\p{{Sc}}|EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|CZK|JPY|CNY)[{SPACES}]*([+-]?(?:{_BODY}))$"
SPACED = rf"^([+-])[{SPACES}]+([.,]?[0-9])"
NEGATIVE = (rf"^\(((?:{_BODY}))\)$", rf"^((?:{_BODY}))-$")
_LEAST_NEGATIVE = 3
_INFINITE = r"^[+-]?(?i:inf|infinity)$"
_MARKS = ".,' "


@dataclass(frozen=True)
class Notation:
    """How the numbers of a column are written: decimal and thousands sign, and the unit in each cell."""

    decimal: str = "."
    thousands: str = ""
    unit: str = ""


PLAIN = Notation()


@dataclass(frozen=True)
class Words:
    """Texts of a column: how often each occurs, its first row, and the number of cells."""

    counts: Mapping[str, int] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    total: int = 0

    def add(self, texts: pa.Array, rows: np.ndarray) -> Words:
        """Add texts, with the row of each; of more than `MANY_WORDS` distinct ones only the first."""
        if not len(texts):
            return self
        found = texts.dictionary_encode()
        codes, first, times = np.unique(found.indices, return_index=True, return_counts=True)
        counts, firsts = dict(self.counts), dict(self.rows)
        for code, row, count in list(zip(codes, rows[first], times, strict=True))[:MANY_WORDS]:
            word = found.dictionary[int(code)].as_py()
            counts[word] = counts.get(word, 0) + int(count)
            firsts.setdefault(word, int(row))
        return Words(counts, firsts, self.total + len(texts))


@dataclass(frozen=True, eq=False)
class Texts:
    """The cells of a column, taken apart.

    Parameters
    ----------
    cells
        As in the file, without blanks around them; shape (n_rows,).
    parts
        Sign, body, power and unit of each cell; null where the cell is no number.
    fits
        The notations that all numbers of the column fit.
    units
        Unit of each number, the most frequent first; an empty text for none.
    words
        Texts that are no numbers and do not begin like one; those that mean missing included.
    odd
        Texts that begin like a number.
    odd_rows
        Their rows.
    n_numbers
        Number of cells that are numbers.
    misfits
        Rows of the numbers that do not fit the notation and unit of most.
    """

    cells: pa.Array
    parts: pa.StructArray
    fits: tuple[Notation, ...]
    units: tuple[str, ...]
    words: Words
    odd: Words
    odd_rows: np.ndarray
    n_numbers: int
    misfits: np.ndarray

    @property
    def n_filled(self) -> int:
        """Number of cells that are not empty."""
        return self.n_numbers + self.words.total + self.odd.total

    @property
    def ambiguous(self) -> str:
        """The sign of which the cells do not say whether it is a decimal or a thousands sign, or nothing."""
        if len(self.fits) < 2:
            return ""
        return "?" if _unlike(self.fits) else self.fits[0].decimal

    @property
    def fixed(self) -> bool:
        """Whether the ambiguous sign is in every number."""
        mark = self.ambiguous
        body = self.parts.field("body").drop_null()
        return bool(mark) and bool(pc.all(pc.match_substring(body, mark)).as_py())


def take_apart(cells: pa.Array) -> Texts:
    """Take the cells of a column apart and find the notations that fit all its numbers, but for very few."""
    texts = _take_apart(pc.utf8_trim_whitespace(cells), ())
    return without(texts, texts.misfits) if few(len(texts.misfits), texts.n_filled) else texts


def few(count: int, total: int) -> bool:
    """Whether so few of the filled cells of a column do not fit it that they are read as missing."""
    return total >= LEAST_FILLED and count <= MOST_ODD * total


def without(texts: Texts, rows: np.ndarray) -> Texts:
    """Count the numbers in some rows of a column as odd texts."""
    return _take_apart(texts.cells, rows) if len(rows) else texts


def _take_apart(cells: pa.Array, not_in: Sequence[int] | np.ndarray) -> Texts:
    # Patterns take minutes to go through megabytes of long texts, and no number is so long.
    clean = cleaned(pc.if_else(pc.less_equal(pc.binary_length(cells), LONGEST_NUMBER), cells, None))
    skipped = pc.match_substring_regex(clean, _HEX)
    if len(not_in):
        skipped = pc.or_(skipped, pa.array(np.isin(np.arange(len(cells)), not_in)))
    parts = pc.extract_regex(pc.if_else(skipped, None, clean), _CELL)
    number = pc.is_valid(parts)
    infinite = pc.fill_null(pc.match_substring_regex(clean, _INFINITE), False)
    other = pc.and_not(pc.and_not(pc.is_valid(cells), number), infinite)
    rows = np.flatnonzero(other.to_numpy(zero_copy_only=False))
    texts, looks = cells.take(pa.array(rows)), clean.take(pa.array(rows))
    likes = pc.and_not(
        pc.match_substring_regex(looks, _NUMBERLIKE), pc.match_substring_regex(looks, _NO_NUMBER)
    )
    likes = likes.to_numpy(zero_copy_only=False).astype(bool)
    words = Words().add(texts.filter(pa.array(~likes)), rows[~likes])
    odd = Words().add(texts.filter(pa.array(likes)), rows[likes])
    found = parts.filter(number)
    fits = _fits(found.field("body"))
    units = pc.value_counts(found.field("unit")).to_pylist()
    listed = tuple(u["values"] for u in sorted(units, key=lambda unit: -unit["counts"]))
    misfits = np.flatnonzero(number.to_numpy(zero_copy_only=False))[_misfits(found, fits, listed)]
    return Texts(cells, parts, fits, listed, words, odd, rows[likes], len(found), misfits)


def cleaned(cells: pa.Array) -> pa.Array:
    """Cells with plain minus signs and apostrophes; numbers in formulas or after an apostrophe alone."""
    cells = pc.replace_substring_regex(cells, _FORMULA, r"\1")
    cells = pc.replace_substring_regex(cells, "[\u2212\u2013]", "-")
    cells = pc.replace_substring_regex(cells, "[\u2019\u2018]", "'")
    cells = pc.replace_substring_regex(cells, r"^'([+-]?[.,]?[0-9])", r"\1")
    cells = pc.replace_substring_regex(cells, SPACED, r"\1\2")
    cells = pc.replace_substring_regex(cells, _CURRENCY, r"\1\3 \2")
    for pattern in NEGATIVE:
        count = pc.sum(pc.match_substring_regex(cells, pattern)).as_py() or 0
        many = count >= _LEAST_NEGATIVE and not few(count, len(cells) - cells.null_count)
        if many and not pc.any(pc.match_substring_regex(cells, "^-[.,]?[0-9]")).as_py():
            cells = pc.replace_substring_regex(cells, pattern, r"-\1")
    return cells


def to_floats(texts: Texts, notation: Notation) -> np.ndarray:
    """Read the numbers in a notation, float64 of shape (n_rows,); all other cells become NaN."""
    body = texts.parts.field("body")
    if notation.thousands:
        sign = rf"[{SPACES}]" if notation.thousands == " " else re.escape(notation.thousands)
        body = pc.replace_substring_regex(body, sign, "")
    if notation.decimal != ".":
        body = pc.replace_substring(body, notation.decimal, ".")
    sign = pc.replace_substring(texts.parts.field("sign"), "+", "")
    power = pc.replace_substring_regex(texts.parts.field("power"), "[dD]", "e")
    joined = pc.binary_join_element_wise(sign, body, power, "")
    valid = pc.is_valid(texts.parts)
    infinite = pc.match_substring_regex(texts.cells, _INFINITE)
    joined = pc.if_else(valid, joined, pc.if_else(infinite, texts.cells, None))
    floats: np.ndarray = joined.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return floats


@cache
def _pattern(decimal: str, thousands: str, least: int) -> str:
    """Regular expression of a body; numbers of up to `least` digits are not grouped; 2: as in India."""
    d = re.escape(decimal)
    if not thousands:
        return rf"^([0-9]+({d}[0-9]*)?|{d}[0-9]+)$"
    t = rf"[{SPACES}]" if thousands == " " else re.escape(thousands)
    if least == 2:
        return rf"^(([1-9][0-9]?({t}[0-9]{{2}})*{t}[0-9]{{3}}|[0-9]{{1,3}})({d}[0-9]+)?|{d}[0-9]+)$"
    short, first = ("[0-9]{1,3}", "[1-9][0-9]{0,2}") if least == 3 else ("[0-9]{1,4}", "[1-9][0-9]{1,2}")
    return rf"^(({first}({t}[0-9]{{3}})+|{short})({d}[0-9]+)?|{d}[0-9]+)$"


def _candidates(marks: set[str]) -> list[Notation]:
    """Notations that use the marks of a column, those without thousands first."""
    if len(marks) > 2:
        return []
    found = [Notation(d) for d in ".," if marks == {d}] or ([PLAIN] if not marks else [])
    for thousands in _MARKS:
        if thousands in marks:
            rest = marks - {thousands}
            decimals = rest if rest else {"," if thousands == "." else "."}
            found += [Notation(d, thousands) for d in decimals if d in ".,"]
    return found


def _marks(bodies: pa.Array) -> set[str]:
    spaces = pc.any(pc.match_substring_regex(bodies, f"[{SPACES}]")).as_py()
    return {m for m in ".,'" if pc.any(pc.match_substring(bodies, m)).as_py()} | ({" "} if spaces else set())


def _matches(bodies: pa.Array, notation: Notation, least: int) -> pa.Array:
    return pc.match_substring_regex(bodies, _pattern(notation.decimal, notation.thousands, least))


def _fits(bodies: pa.Array) -> tuple[Notation, ...]:
    """Return the notations that all bodies fit."""
    if not len(bodies):
        return ()
    return tuple(
        notation
        for notation in _candidates(_marks(bodies))
        if any(
            pc.all(_matches(bodies, notation, least)).as_py()
            for least in (3, 4, *([2] if notation.thousands == "," else []))
        )
    )


def _misfits(parts: pa.StructArray, fits: tuple[Notation, ...], units: tuple[str, ...]) -> np.ndarray:
    """Which numbers do not fit the notation and the unit of most, shape (n_numbers,)."""
    bodies, best = parts.field("body"), np.zeros(len(parts), dtype=bool)
    if len(fits) > 1 and _unlike(fits):
        best = ~_array(pc.match_substring_regex(bodies, r"[.,' ]"))
    elif fits or not len(parts):
        best[:] = True
    else:
        for pair in ({".", ","}, {".", "'"}, {",", "'"}, {".", " "}, {",", " "}, {"."}, {","}):
            for notation in _candidates(pair):
                found = _array(_matches(bodies, notation, 3))
                best = found if found.sum() > best.sum() else best
    return ~best | (_array(pc.not_equal(parts.field("unit"), units[0])) if len(units) > 1 else False)


def _array(truths: pa.BooleanArray) -> np.ndarray:
    found: np.ndarray = truths.to_numpy(zero_copy_only=False).astype(bool)
    return found


def _unlike(fits: tuple[Notation, ...]) -> bool:
    """Whether two notations differ by more than the meaning of one sign."""
    return fits[0].thousands != "" or fits[1].thousands != fits[0].decimal


def is_truth(words: Words) -> bool:
    """Whether one of the texts is a truth value, such as "TRUE" or "off"."""
    return any(word.casefold() in TRUTHS for word in words.counts)


def count_as_missing(words: Words, odd: Words, n_numbers: int) -> bool:
    """Whether a column holds so many numbers that its other texts stand for missing ones."""
    strange = [word for word in words.counts if not is_missing_word(word)]
    n_strange = words.total - sum(count for word, count in words.counts.items() if is_missing_word(word))
    if n_numbers < LEAST_NUMBERS * (n_numbers + n_strange + odd.total) or is_truth(words):
        return False
    rare = len(strange) <= MAX_WORDS or n_strange <= MOST_ODD * n_numbers
    return rare and odd.total <= max(1, MOST_ODD * (n_numbers + words.total + odd.total))
