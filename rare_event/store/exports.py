"""Downloaded tables: text that a spreadsheet would run as a formula stays text."""

from __future__ import annotations

import pandas as pd

# Spreadsheets read text with these first characters as a formula (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def spreadsheet_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before text that a spreadsheet would run as a formula.

    Examples
    --------
    >>> spreadsheet_safe(pd.DataFrame({"name": ["x1", "=1+1"], "value": [-1, 2]})).values.tolist()
    [['x1', -1], ["'=1+1", 2]]
    """
    texts = frame.select_dtypes(["object", "string"]).columns
    return frame.assign(**{column: frame[column].map(_safe) for column in texts})


def _safe(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
