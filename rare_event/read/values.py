"""Values of a column as texts and numbers, and the words for missing ones."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from rare_event.text import printable

# Words for a missing number; among texts they are values ("Bad" may be a label).
MISSING = [
    "",
    "-",
    "--",
    "?",
    "#N/A",
    "#NA",
    "#VALUE!",
    "#DIV/0!",
    "N/A",
    "n/a",
    "NA",
    "NULL",
    "null",
    "None",
]
MISSING += ["NaN", "nan", "Bad", "No Data"]
# These say nothing but that there is no value; the other words are named where they are read as missing.
BLANK = frozenset(["", "na", "n/a", "null", "none", "nan"])
# What historians and spreadsheets write where a sensor has no value.
_MISSING_WORD = re.compile(
    r"[-?.*#/]+|n\.?\s?[avd]\.?|k\.\s?a\.|[+-]?nan(\(.*\))?|[+-]?1\.#\w+|\[-?\d+\] .*|null|none|missing"
    r"|unknown"
    r"|#?(n/a|na|value!|div/0!|num!|ref!|name\?|null!|wert!|bezug!|nv)|(very )?bad( .*)?|invalid|defekt"
    r"|no[t ]+(data|good|value|sample|result|connect\w*|available)\b.*|i/o timeout|timeout|offline|err(or)?"
    r"|(comm|calc|scan|sensor)\w*[ _-](fail\w*|off|timeout|err\w*|defe[ck]t|fault|lost)|(pt|point) created"
    r"|(under|over)\s?range|configure|intf ?shut|shutdown|fehler|ung(ü|ue)ltig|gestört|keine daten|kein wert",
    re.IGNORECASE,
)
# Largest rounding error as a share of a column's 5-95 % range; no sensor resolves it.
FLOAT32_LOSS = 1e-4
MAX_GRADES = 20  # distinct values of a category; the sample mill has 8 paper grades


def is_missing_word(text: str) -> bool:
    """Whether a text says by itself that there is no value.

    Examples
    --------
    >>> [is_missing_word(text) for text in ("I/O Timeout", "[-11059] No Good Data", "OFF", "grade A")]
    [True, True, False, False]
    """
    return text in MISSING or bool(_MISSING_WORD.fullmatch(text.strip()))


def shown(value: object) -> str:
    """Quote a value from a file for a sentence, cut to 40 characters, without control characters."""
    text = " ".join(str(value).split()) or " " * bool(str(value))
    text = printable(text)
    return f"'{text[:39]}...'" if len(text) > 40 else f"'{text}'"


def separator_shown(sign: str) -> str:
    r"""Write the separator of cells for a sentence; a tab, which has no sign, by its name.

    Examples
    --------
    >>> separator_shown(";"), separator_shown("\t")
    ("';'", 'tab')
    """
    return "tab" if sign == "\t" else shown(sign)


def text_of(value: object) -> str:
    """Write a label or category value in its standard form: 1, "1", " 1.0" all become "1".

    Examples
    --------
    >>> [text_of(value) for value in (1, "1", " 1.0", 0.25, "OK ", "TRUE", False)]
    ['1', '1', '1', '0.25', 'OK', 'True', 'False']
    """
    text = str(value).strip()
    if text.casefold() in ("true", "false"):
        return text.capitalize()
    written = not isinstance(value, int | float | np.number)  # a text, or a time of a Parquet file
    if written and not re.fullmatch(r"[+-]?\d+(\.\d*)?", text):
        return text
    number = float(text)
    return str(int(number)) if number.is_integer() else f"{number:.6g}"


def texts_of(column: pd.Series) -> pd.Series:
    """Apply `text_of` to a column, shape (n_rows,); missing values stay missing."""
    words = {value: text_of(value) for value in column.dropna().unique()}
    return column.map(words).astype("str")


def distinct(column: pd.Series, limit: int = MAX_GRADES) -> np.ndarray | None:
    """Return the distinct values of a column, without missing ones; None if there are more than `limit`."""
    for part in (column.iloc[:10_000], column):  # most columns are settled by their first rows
        values = part.dropna().unique()
        if len(values) > limit:
            return None
    return np.asarray(values)


def to_numbers(column: pd.Series) -> pd.Series:
    """Convert a column of texts to numbers; other texts become NaN.

    Parameters
    ----------
    column
        Texts or numbers, shape (n_rows,).

    Returns
    -------
    Series of float, shape (n_rows,)
        A comma is a decimal comma, unless three digits follow each one (thousands); among
        decimal commas, a value with a point is not a number.
    """
    if pd.api.types.is_numeric_dtype(column):
        return column
    texts = column.astype("str").str.strip()
    commas = texts.str.fullmatch(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?", na=False)
    if commas.any() and not texts[commas].str.fullmatch(r"[+-]?\d{1,3},\d{3}").all():
        texts = texts.where(~texts.str.contains(".", regex=False, na=False)).str.replace(
            ",", ".", regex=False
        )
    return pd.to_numeric(texts, errors="coerce")


def to_float32(values: np.ndarray) -> np.ndarray:
    """Convert a column to float32 if that loses no relevant digits.

    Parameters
    ----------
    values
        One column, shape (n_rows,).

    Returns
    -------
    ndarray, shape (n_rows,)
        float32 if every finite value is exact in it, or the rounding is at most `FLOAT32_LOSS`
        of the column's 5-95 % range; otherwise float64. Values from 2**24 up (clocks, counters)
        must be exact.
    """
    if values.dtype == np.float32:
        return values
    values = np.asarray(values, dtype=np.float64)
    with np.errstate(over="ignore"):
        short = values.astype(np.float32)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return short
    with np.errstate(over="ignore"):
        loss = float(np.abs(finite - finite.astype(np.float32)).max())
    if loss == 0:
        return short
    few = finite[:: max(1, finite.size // 512)]
    low, high = np.quantile(few, [0.05, 0.95])
    spread = float(high - low) or float(np.ptp(finite))
    small = float(np.abs(finite).max()) < 2**24
    return short if small and loss <= FLOAT32_LOSS * spread else values


def first_intruder(column: pd.Series) -> int | None:
    """Row of the first text that is neither a number nor a word for a missing one; None if there is none."""
    if pd.api.types.is_numeric_dtype(column):
        return None
    strange = to_numbers(column).isna() & column.notna() & ~column.astype("str").str.strip().isin(MISSING)
    return int(np.flatnonzero(strange)[0]) if strange.any() else None


def mostly_numbers(column: pd.Series) -> bool:
    """Whether at least half of the texts of a column are numbers, so that the others are errors."""
    filled = column.dropna()
    return bool(len(filled)) and bool(to_numbers(filled).notna().mean() >= 0.5)
