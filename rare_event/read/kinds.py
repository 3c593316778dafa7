"""Kinds of cells, told from their texts alone: to tell data from names, units and remarks."""

from __future__ import annotations

import re
from typing import Literal

from rare_event.read.values import MISSING

Kind = Literal["number", "time", "blank", "text"]

_WORDS = {word.casefold() for word in MISSING} | {"no data", "i/o timeout", "inf", "-inf", "infinity"}
_NUMBER = re.compile(
    r"['’]?[(+\-−–]?\s*(?:\d[\d.,'’ \xa0\u2009\u202f]*|[.,]\d+)(?:[eE][+-]?\d+)?\)?"
    r"[ \xa0\u202f]*(?:[^\d\s,;|]{1,6}(?:\d|/\S{1,4})?)?"
)
_MONTH = r"(?:[^\W\d_]{3,9})\.?"
_TIME = re.compile(
    rf"(?:{_MONTH},?\s+)?(?:"
    r"\d{1,4}\s*([-/.])\s*\d{1,2}\s*\1\s*\d{1,4}\.?(?:[T\s,].*)?"
    rf"|\d{{1,2}}\.?[-\s./]{_MONTH}[-\s./,]+\d{{2,4}}(?:\D.*)?"
    rf"|\d{{4}}[-\s./]{_MONTH}[-\s./]\d{{1,2}}(?:\D.*)?"
    rf"|{_MONTH}\s+\d{{1,2}},?\s+\d{{2,4}}(?:\D.*)?"
    r"|\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d+)?(?:\s*[AaPp]\.?[Mm]\.?)?(?:Z|\s*[+-]\d{2}:?\d{2})?"
    r"|\d{8}[T\s_]?\d{4,6}(?:[.,]\d+)?Z?"
    r")"
)
_UNIT = re.compile(
    r"[\[(].{0,20}[\])]|[-–—_%‰°]|°\s?[CFK]|[µμu]?[a-z]{1,3}/[a-z0-9²³*^.()]{1,8}|1/[a-z]{1,3}|[a-z]+[²³]?[*·][a-z]+[²³]?"
    r"|(?:deg|grad)\s?[cfk]?|[mkμµcdhgnp]?(?:m|g|s|pa|a|v|w|hz|n|j|l|bar|var|va|wh|ohm|t|mol|cd|eq)[²³23]?"
    r"|k|f|c|%\s?\S{1,4}|psi[ag]?|bar\s?[ag(].{0,4}|rpm|u/min|min|std|sec|hrs?|day|ppm|ppb|mesh|cp|cst|ntu|ph|fnu|db|gal|gpm|cfm"
    r"|scfm|inh2o|mmhg|mbar|lbs?|ft|in|mils?|nm³?|m3|t/h|steps?|counts?|bool|boolean|none|n/a|unit(?:s|less)?|einheit|"
    r"real|float(?:32|64)?|double|u?int(?:16|32|64)?|string|date(?:time)?|time(?:stamp)?|text|raw",
    re.IGNORECASE,
)
_TIME_UNIT = re.compile(r"[ymdhst:./\-\s,]{4,}|utc|local|mez|cet|iso\s?8601|date.*|time.*", re.IGNORECASE)


def kind_of(cell: str) -> Kind:
    """Tell the kind of a cell.

    Examples
    --------
    >>> [kind_of(cell) for cell in ("-1,5", "79.31 °C", "09.01.2023 06:00", "09-Jan-23", "NaN", "TI101")]
    ['number', 'number', 'time', 'time', 'blank', 'text']
    """
    text = cell.strip().strip('"').strip()
    if text.casefold() in _WORDS:
        return "blank"
    if len(text) > 40 or not any(map(str.isdigit, text)):
        return "text"
    if _TIME.fullmatch(text):
        return "time"
    return "number" if _NUMBER.fullmatch(text) else "text"


def is_unit(cell: str) -> bool:
    """Whether a cell looks like a unit of measurement, or like the form of a time."""
    text = cell.strip()
    return bool(_UNIT.fullmatch(text) or _TIME_UNIT.fullmatch(text))


def are_units(cells: list[str]) -> bool:
    """Whether a row of cells holds units of measurement."""
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and sum(map(is_unit, filled)) >= 0.6 * len(filled)
