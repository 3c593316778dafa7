"""Values of a column, and how to write them: texts, numbers, the words for none."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

# Words for "no value" among numbers; among texts they stay what they are ("Bad" may be a label).
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
# Rounding over the 5-95 % range of a column: a step no sensor resolves.
FLOAT32_LOSS = 1e-4
MAX_GRADES = 20  # distinct values of a category; the sample mill has 8 paper grades


def shown(value: object) -> str:
    """Quote a value from a file for a sentence, cut to 40 characters."""
    text = " ".join(str(value).split()) or str(value)
    return f"'{text[:39]}...'" if len(text) > 40 else f"'{text}'"


def line_of(row: int) -> int:
    """Line in the file of a row counted from 0, as a spreadsheet numbers it."""
    return int(row) + 2


def text_of(value: object) -> str:
    """Write a label or category value in its one form: 1, "1", " 1.0" all become "1".

    Examples
    --------
    >>> [text_of(value) for value in (1, "1", " 1.0", 0.25, "OK ", "TRUE", False)]
    ['1', '1', '1', '0.25', 'OK', 'True', 'False']
    """
    text = str(value).strip()
    if text.casefold() in ("true", "false"):
        return text.capitalize()
    if isinstance(value, str) and not re.fullmatch(r"[+-]?\d+(\.\d*)?", text):
        return text
    number = float(text)
    return str(int(number)) if number.is_integer() else f"{number:.6g}"


def texts_of(column: pd.Series) -> pd.Series:
    """Apply `text_of` to a column, shape (n_rows,); missing values stay missing."""
    words = {value: text_of(value) for value in column.dropna().unique()}
    return column.map(words).astype("str")


def distinct(column: pd.Series, limit: int = MAX_GRADES) -> np.ndarray | None:
    """Give the distinct values of a column, without missing ones; None if there are more than `limit`."""
    for part in (column.iloc[:10_000], column):  # most columns are settled by their first rows
        values = part.dropna().unique()
        if len(values) > limit:
            return None
    return np.asarray(values)


def to_numbers(column: pd.Series) -> pd.Series:
    """Read a column of texts as numbers; what is none becomes NaN.

    Parameters
    ----------
    column
        Texts or numbers, shape (n_rows,).

    Returns
    -------
    Series of float, shape (n_rows,)
        A comma is a decimal comma, unless three digits follow each one (thousands); among
        decimal commas, a value with a point is no number.
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
    """Halve the memory of a column where that loses nothing that matters.

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
    """Row of the first text that is no number and no word for a missing one; None without any."""
    if pd.api.types.is_numeric_dtype(column):
        return None
    strange = to_numbers(column).isna() & column.notna() & ~column.astype("str").str.strip().isin(MISSING)
    return int(np.flatnonzero(strange)[0]) if strange.any() else None


def mostly_numbers(column: pd.Series) -> bool:
    """Whether at least half of the texts of a column are numbers, so that the others are intruders."""
    filled = column.dropna()
    return bool(len(filled)) and bool(to_numbers(filled).notna().mean() >= 0.5)
