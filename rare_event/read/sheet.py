"""A sheet of a workbook as CSV, run as a program: a sheet that takes all memory ends this process alone.

Its arguments are the workbook, the sheet or nothing, the most cells, and the most bytes of memory. It writes
a line of JSON about the sheets, then the sheet. It imports nothing of ours, so that it starts at once.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

NO_MEMORY = 3  # exit code


def write_sheet(path: str, wanted: str, most_cells: int) -> None:
    """Write what sheets there are, and one as CSV: numbers with a point, times as ISO 8601."""
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(path)
    sheets = {name: book.get_sheet_by_name(name) for name in book.sheet_names}
    filled = [name for name, sheet in sheets.items() if sheet.height > 1 and sheet.width]
    chosen = wanted if wanted in filled else next(iter(filled), None)
    size: list[int] = []
    if chosen is not None:
        # Both totals are numbers from 0 of the last row and column.
        size = [sheets[chosen].total_height + 1, sheets[chosen].total_width + 1]
    fits = bool(size) and (size[0] - 1) * (size[1] - 1) <= most_cells
    out = sys.stdout.buffer
    out.write(json.dumps({"filled": filled, "chosen": chosen, "size": size, "fits": fits}).encode() + b"\n")
    if chosen is not None and fits:
        text = io.TextIOWrapper(out, "utf-8", newline="")
        rows = sheets[chosen].to_python(skip_empty_area=False)
        csv.writer(text, lineterminator="\n").writerows(_texts_of(rows))
        text.flush()


def _texts_of(rows: list[list[Any]]) -> Iterator[list[str]]:
    """Write the cells of a sheet; a date in a column of times is one of its midnights."""
    timed = {k for row in rows for k, cell in enumerate(row) if isinstance(cell, datetime)}
    for row in rows:
        yield [
            f"{cell} 00:00:00" if k in timed and type(cell) is date else _text_of(cell)
            for k, cell in enumerate(row)
        ]


def _text_of(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime):
        rounded = cell + timedelta(microseconds=500)  # days as fractions: 06:01:59.9999 is 06:02
        return rounded.replace(microsecond=rounded.microsecond // 1000 * 1000).isoformat(" ")
    if isinstance(cell, time):
        return cell.isoformat()
    return str(cell)


def _limit_memory(most: int) -> None:
    # Windows has no such limit: there the sizes that the archive declares are the only bound.
    with suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    _limit_memory(int(sys.argv[4]))
    try:
        write_sheet(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    except MemoryError:
        sys.exit(NO_MEMORY)
