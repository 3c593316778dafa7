"""The lines above the data: preamble, comments, names in one line or several, units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from rare_event.errors import TableError
from rare_event.read.dialect import Dialect
from rare_event.read.kinds import Kind, are_units, kind_of
from rare_event.read.lines import fields_found
from rare_event.read.names import clean_name
from rare_event.read.shape import Shape
from rare_event.read.values import separator_shown

N_RECORDS = 100  # above which a header must stand
JOIN_LINES = 30


@dataclass(frozen=True)
class Record:
    """A line of cells, or several where cells hold line breaks: its number, as in a spreadsheet.

    `cells` are without quotation marks, `text` is as written; up to its end the file has `end` lines.
    """

    line: int
    cells: tuple[str, ...]
    text: bytes
    end: int

    @property
    def filled(self) -> int:
        """Number of cells that are not blank."""
        return sum(bool(cell.strip()) for cell in self.cells)


@dataclass(frozen=True)
class Header:
    """What stands above the data.

    Parameters
    ----------
    names
        As written, one for each cell of the data; blank where there is none.
    records
        The lines of the names; none if the file has no header.
    units
        The line of the units.
    comments, preamble
        Numbers of the lines above the header that are skipped.
    left_out
        Number and reason of the lines between header and data that do not fit.
    first
        Number of the first line of data.
    n_lines
        Lines of the file above it.
    kinds
        Kind of the cells of each column.
    asked
        Whether the first line seems to hold data, and nobody has said that the file has no header.
    """

    names: tuple[str, ...]
    records: tuple[Record, ...]
    units: Record | None
    comments: tuple[int, ...]
    preamble: tuple[int, ...]
    left_out: tuple[tuple[int, str], ...]
    first: int
    n_lines: int
    kinds: tuple[Kind, ...]
    asked: bool = False


def find_header(
    lines: list[bytes], dialect: Dialect, name: str, header: int | None, units: int | None
) -> Header:
    """Find the names of the columns.

    Parameters
    ----------
    lines
        The first lines of the file.
    dialect
        How its cells are divided.
    name
        Name of the file for error messages.
    header, units
        Lines that the analyst names; 0 for none, None finds them out.

    Raises
    ------
    TableError
        If the header does not fit the lines below it.
    """
    shape = dialect.shape
    records = _records(lines, shape, dialect.named_in)
    kinds = _kinds(lines, records, shape)
    filled = [r for r in records if r.filled]
    comments = [] if header else _comments(filled)
    upper = [r for r in filled if r not in comments]
    above, data = _above_the_data(upper, kinds, dialect.width, header)
    unit = _units(above, header, units)
    rows, names = _names(above, comments, unit, data, kinds, dialect, header)
    if not rows and above and header is None:
        _require_fit(above[-1], data, dialect, name)
    kept = {r.line for r in rows} | ({unit.line} if unit else set())
    skipped = [r for r in above if r.line not in kept]
    below = [r for r in skipped if rows and r.line > rows[-1].line]
    last = max([r.end for r in (*rows, *above, *comments)] + ([unit.end] if unit else []), default=0)
    n_lines = data.end - data.text.count(b"\n") - 1 if data else max(last, dialect.named_in)
    first = data.line if data else (filled[-1].line if filled else 0) + 1
    asked = not rows and header is None
    return Header(
        names or ("",) * dialect.width,
        tuple(rows),
        unit,
        tuple(r.line for r in comments if r.line not in kept),
        tuple(r.line for r in skipped if r not in below),
        tuple((r.line, fields_found(len(r.cells), dialect.width)) for r in below),
        first,
        n_lines,
        kinds,
        asked,
    )


def texts(shape: Shape, record: bytes) -> tuple[str, ...] | None:
    """Split a record into cells without quotation marks; None if a mark is out of place."""
    cells = shape.cells(record)
    if cells is None:
        return None
    plain = (cell[1:-1].replace(b'""', b'"') if cell[:1] == b'"' else cell for cell in cells)
    return tuple(cell.decode("utf-8", "replace") for cell in plain)


def _records(lines: list[bytes], shape: Shape, skipped: int) -> list[Record]:
    """Divide the first lines into records; a cell may hold line breaks if the record is then whole."""
    records: list[Record] = []
    i = skipped
    while i < len(lines) and len(records) < N_RECORDS:
        end, cells = i + 1, texts(shape, lines[i])
        if cells is None:
            for j in range(i + 2, min(i + JOIN_LINES, len(lines)) + 1):
                longer = texts(shape, b"\n".join(lines[i:j]))
                if longer is not None and len(longer) in (shape.width, shape.width - 1):
                    cells, end = longer, j
                    break
        text = b"\n".join(lines[i:end])
        number = skipped + len(records) + 1
        records.append(Record(number, cells or (text.decode("utf-8", "replace"),), text, end))
        i = end
    return records


def _kinds(lines: list[bytes], records: Sequence[Record], shape: Shape) -> tuple[Kind, ...]:
    """Tell the kind of each column from lines well below the top."""
    below = lines[len(lines) // 2 :] if len(lines) < 4 * N_RECORDS else lines[2 * N_RECORDS :]
    below = below[:: max(1, len(below) // 200)]
    rows = [cells for line in below if line.strip() and (cells := texts(shape, line))]
    rows = [cells for cells in rows if len(cells) == shape.width]
    rows = rows or [r.cells for r in records[1:] if len(r.cells) == shape.width]
    return tuple(_kind_of_column([row[k] for row in rows]) for k in range(shape.width))


def _kind_of_column(cells: list[str]) -> Kind:
    kinds = [kind_of(cell) for cell in cells]
    filled = len(kinds) - kinds.count("blank")
    if not filled:
        return "blank"
    common: Kind = "time" if 2 * kinds.count("time") >= filled else "number"
    return common if 2 * (kinds.count("time") + kinds.count("number")) >= filled else "text"


def _comments(records: Sequence[Record]) -> list[Record]:
    """Find the lines that begin with # above anything else that is a table."""
    marked = [r for r in records if r.text.lstrip().startswith(b"#")]
    if marked and all(r in marked for r in records):
        return []
    return marked


def _above_the_data(
    records: Sequence[Record], kinds: tuple[Kind, ...], width: int, header: int | None
) -> tuple[list[Record], Record | None]:
    """Divide the first records into those above the data, and the first of the data."""
    wide = [r for r in records if len(r.cells) == width]
    if header == 0:
        data = next((r for r in wide if _is_data(r, kinds, strict=False)), None)
    elif header:
        data = next((r for r in wide if r.line > header and _is_data(r, kinds, strict=False)), None)
    elif set(kinds) <= {"text", "blank"}:
        data = wide[1] if len(wide) > 1 else None
    else:
        data = next((r for k, r in enumerate(wide) if _is_data(r, kinds, strict=k == 0)), None)
    return [r for r in records if data is None or r.line < data.line], data


def _is_data(record: Record, kinds: tuple[Kind, ...], *, strict: bool) -> bool:
    """Whether the cells are of the kinds that their columns have; `strict`: also the times."""
    found = [(kind_of(cell), kind) for cell, kind in zip(record.cells, kinds, strict=True)]
    typed = [own for own, kind in found if kind in ("number", "time")]
    if not typed:
        return True
    times = [own for own, kind in found if kind == "time"]
    numbers = len(typed) - typed.count("text") - typed.count("blank")
    if strict:
        return "text" not in typed and numbers > 0 and all(own != "number" for own in times)
    if "time" in times or "text" not in typed:
        return True
    return numbers >= len(typed) / 2


def _units(above: Sequence[Record], header: int | None, units: int | None) -> Record | None:
    """Find the line of the units: right above the data, below the names."""
    if units is not None:
        return next((r for r in above if r.line == units), None) if units else None
    below = [r for r in above if r.line > (header or 0)]
    if not below or (not header and (len(below) < 2 or below[-2].filled < 2)):
        return None
    return below[-1] if are_units(list(below[-1].cells)) else None


def _names(
    above: Sequence[Record],
    comments: Sequence[Record],
    unit: Record | None,
    data: Record | None,
    kinds: tuple[Kind, ...],
    dialect: Dialect,
    header: int | None,
) -> tuple[list[Record], tuple[str, ...]]:
    """Find the lines of the names, and join them."""
    fitted = partial(_fitted, width=dialect.width, data=data)
    if header == 0:
        return [], ()
    rows = [r for r in above if r is not unit and any(fitted(r))]
    rows = [r for k, r in enumerate(rows) if k == 0 or not _holds_data(fitted(r), kinds)]
    if header:
        rows = [r for r in rows if r.line == header]
    elif not rows:
        rows = [r for r in comments if len(r.cells) == dialect.width][-1:]
    if not rows:
        return [], ()
    names = fitted(rows[-1])
    if rows[-1].text.startswith(b"#"):
        names = (names[0].removeprefix("#").lstrip() or "#", *names[1:])
    used = [rows[-1]]
    for row in reversed(rows[:-1]):
        more = _carried_on(fitted(row))
        whole = len(set(names)) == len(names) and all(name.strip() for name in names[1:])
        if row.filled < (len(names) - 1 if whole else 2):
            break
        names = tuple(" ".join(p for p in parts if p.strip()) for parts in zip(more, names, strict=True))
        used.insert(0, row)
    return used, names


def _holds_data(cells: Sequence[str], kinds: tuple[Kind, ...]) -> bool:
    """Whether most cells of the columns of numbers and times are such."""
    typed = [kind_of(cell) for cell, kind in zip(cells, kinds, strict=True) if kind in ("number", "time")]
    return typed.count("number") + typed.count("time") > len(typed) / 2


def _fitted(record: Record, width: int, data: Record | None) -> tuple[str, ...]:
    """Return the names in a record as wide as the data; none if it does not fit."""
    cells = tuple(map(clean_name, record.cells))
    if data and len(cells) == width - 1 and len(cells) > 1:
        if not data.cells[-1].strip():  # each line of data ends with a separator
            return (*cells, "")
        if data.cells[0].strip() in ("0", "1") and not cells[0].startswith(
            "#"
        ):  # R leaves out the first name
            return ("", *cells)
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        return cells[:width]
    return cells if len(cells) == width else ()


def _carried_on(cells: Sequence[str]) -> tuple[str, ...]:
    """Repeat each group's name over the blank cells that follow, as merged cells are exported."""
    carried, last = [], ""
    for cell in cells:
        last = cell if cell.strip() else last
        carried.append(last)
    return tuple(carried)


def _require_fit(above: Record, data: Record | None, dialect: Dialect, name: str) -> None:
    """Reject a header that is narrower or wider than the data."""
    count, width = len(above.cells), dialect.width
    if data is None:
        return
    if count == 1 and above.text.count(dialect.separator.encode()) >= width / 2:
        raise TableError(
            f"Line {above.line} of {name}, which seems to be the header, has a missing or extra quotation "
            "mark. Correct it."
        )
    if count < max(2, width / 2) or above.filled < count / 2:
        return
    raise TableError(
        f"Line {data.line} of {name} has {width} fields where the header has {count}. Correct the header in "
        f"line {above.line} of the file, or put text that contains the separator "
        f"{separator_shown(dialect.separator)} "
        "in quotation marks."
    )
