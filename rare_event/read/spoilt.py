"""Cells that a stray sign or a cut spoils: their lines are left out, repaired or named."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rare_event.errors import TableError
from rare_event.read.conversions import Spoilt
from rare_event.read.kinds import kind_of
from rare_event.read.ledger import N_NAMED, left_out, too_many
from rare_event.read.numbers import few
from rare_event.read.table import Remark
from rare_event.read.values import separator_shown, shown
from rare_event.text import listed

N_LISTED = 5


def without_spoilt(
    frame: pd.DataFrame, spoilt: Sequence[Spoilt], separator: str, name: str
) -> tuple[pd.DataFrame, list[Remark]]:
    """Leave out the lines of spoilt cells, and take stray separators out of texts.

    Parameters
    ----------
    frame
        Columns of a file, the line of each row as index.
    spoilt
        Spoilt cells of columns of numbers.
    separator
        Of the cells; empty in a workbook, where each sign belongs to its cell.
    name
        Name of the file for error messages.

    Raises
    ------
    TableError
        If more than one line in a hundred is spoilt.
    """
    if not separator:
        return frame, []
    found, remarks = list(spoilt), list[Remark]()
    for column in frame.columns[[pd.api.types.is_string_dtype(kind) for kind in frame.dtypes]]:
        rows = np.flatnonzero(frame[column].str.contains(separator, regex=False, na=False))
        if not len(rows) or not few(len(rows), int(frame[column].notna().sum())):
            continue
        if 2 * sum(kind_of(cell) == "time" for cell in frame[column].dropna().iloc[:100]) >= 100:
            found += [(int(row), column, frame[column].iloc[row]) for row in rows]
        else:
            frame, remark = _repaired(frame, column, rows, separator)
            remarks.append(remark)
    if not found:
        return frame, remarks
    first: dict[int, str] = {}
    for row, column, cell in sorted(found, key=lambda cell: cell[0]):
        first.setdefault(row, f"column {shown(column)} holds {shown(cell)}")
    lines = [(int(frame.index[row]), reason) for row, reason in first.items()]
    if too_many(len(lines), len(frame)):
        line, reason = lines[0]
        raise TableError(
            f"Line {line} of {name} does not fit the table: {reason}. {len(lines):,} of {len(frame):,} lines "
            f"hold the separator {separator_shown(separator)} or a quotation mark in a number or time. "
            "Correct them."
        )
    kept = np.delete(np.arange(len(frame)), list(first))
    return frame.iloc[kept], [left_out(lines), *remarks]


def last_cell_empty(frame: pd.DataFrame, remarks: Sequence[Remark]) -> list[Remark]:
    """Name the line that alone ends with an empty cell, as a line that is cut does."""
    name = frame.columns[-1]
    rows = np.flatnonzero(frame.iloc[:, -1].isna())
    named = any(r.fact == "text read as missing" and r.column == name for r in remarks)
    if named or len(rows) != 1 or not few(1, len(frame)):
        return []
    line = int(frame.index[rows[0]])
    what = f"Column {shown(name)}, the last one, is empty only in line {line}; that line may be incomplete."
    return [Remark("note", name, what, "last cell empty", 1, (line,))]


def _repaired(
    frame: pd.DataFrame, column: str, rows: np.ndarray, separator: str
) -> tuple[pd.DataFrame, Remark]:
    """Take the separator out of the few texts that hold it, where other cells hold the text without it."""
    texts, known, cells = frame[column].copy(), frame[column].value_counts(), []
    for row in rows:
        cell, line = texts.iloc[row], int(frame.index[row])
        plain = cell.replace(separator, "").strip()
        repaired = not plain or known.get(plain, 0) > 1
        if repaired:
            texts.iloc[row] = plain or None
        result = f"read as {shown(plain)}" if plain else "read as empty"
        cells.append(f"{shown(cell)} in line {line} is {result if repaired else 'kept'}")
    what = f"Column {shown(column)} holds the separator {separator_shown(separator)} in only "
    what += f"{len(rows):,} cell{'s' * (len(rows) > 1)}: {listed(cells, N_LISTED)}."
    lines = tuple(frame.index[rows[:N_NAMED]].tolist())
    return frame.assign(**{column: texts}), Remark(
        "note", column, what, "separator in a cell", len(rows), lines
    )
