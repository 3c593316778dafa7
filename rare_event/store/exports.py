"""Downloaded tables: text that a spreadsheet would run as a formula stays text."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

# Spreadsheets read text that begins so as a formula (OWASP, CSV injection), some also after blanks and in the
# wide signs of East Asian scripts.
_FORMULA = re.compile(r"[\s\ufeff\u200b-\u200f\u2060\x00-\x1f]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def spreadsheet_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before text, also names of columns, that a spreadsheet would run as a formula.

    Examples
    --------
    >>> spreadsheet_safe(pd.DataFrame({"name": ["x1", "=1+1"], "value": [-1, 2]})).values.tolist()
    [['x1', -1], ["'=1+1", 2]]
    """
    safe = frame.rename(columns=_safe)
    texts = [n for n, kind in enumerate(safe.dtypes) if not pd.api.types.is_any_real_numeric_dtype(kind)]
    for position in texts:
        column = safe.iloc[:, position]
        if isinstance(column.dtype, pd.CategoricalDtype):
            column = column.astype(object)
        if column.dtype == object or pd.api.types.is_string_dtype(column):
            safe.isetitem(position, column.map(_safe).array)
    return safe


def _safe(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    # A line feed is quoted where it is written, but not a carriage return alone, which would begin a row.
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if _FORMULA.match(value) else text
