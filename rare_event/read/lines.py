"""The lines of a CSV: which hold a whole record, and which are left out, with their numbers and reasons.

Libraries were tried on files spoilt in one line and on files of plants. DuckDB 2.0 (sniffer and rejects
table) rejects short and long lines, but after one stray quotation mark it reads columns as texts and
rejects none, and it fails on line breaks in a header; polars 2.1 fills short lines with nothing in silence
and fails on an open mark; clevercsv 0.8 finds separators only. So each line is judged here, and an open
mark never reaches the next lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from rare_event.read.encoding import DAMAGED, MARK
from rare_event.read.kinds import kind_of
from rare_event.read.shape import QUOTE, Lines, Shape, measure
from rare_event.text import plural

JOIN_LINES, JOIN_BYTES = 100, 1 << 16  # longest cell with line breaks
NO_TEXT, CUT, NO_DATA, OTHER_TABLE, SUMMARY, MARKED = 1, 2, 3, 4, 5, 6
SPACES = b" \t"
FAULTS = {
    NO_TEXT: "it holds characters that cannot be read",
    CUT: "the file seems to end in the middle of this line",
    NO_DATA: "it holds text but no numbers",
    SUMMARY: "it holds sums, means or limits of the lines above it",
    MARKED: "it begins with an invisible mark (BOM), as happens when files are joined",
}
_SUMMARY = re.compile(
    rb'"?\s*(sum|summe|gesamt\w*|total\w*|mittel\w*|durchschnitt|average|avg|mean|moyenne|somme|media|median'
    rb"|min|max|minimum|maximum|std\w*|anzahl|count)\b",
    re.IGNORECASE,
)


@dataclass
class Scan:
    """The records of a block of bytes.

    Parameters
    ----------
    clean
        The bytes of the whole records.
    rows
        Number of each record within the block, counted from 0; a record with line breaks counts once.
    n_records
        Records in the block, whole or not.
    left_out
        Number and reason of the lines that hold no whole record.
    repeated, comments, empty
        Numbers of lines that hold the header again, a comment, or nothing.
    others
        Numbers and bytes of lines that name other columns.
    rest
        Bytes after the last whole line, or from a record whose end is not in the block.
    """

    clean: bytes = b""
    rows: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    n_records: int = 0
    left_out: list[tuple[int, str]] = field(default_factory=list)
    repeated: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    comments: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    empty: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    others: list[tuple[int, bytes]] = field(default_factory=list)
    rest: bytes = b""


def scan(
    block: bytes, shape: Shape, final: bool = True, cut: bool = False, *, trusting: bool = False
) -> Scan:
    """Find the records of a block of bytes.

    Parameters
    ----------
    block
        Text in UTF-8, from the start of a record.
    shape
        What a line of the table looks like.
    final
        Whether the file ends with the block.
    cut
        Whether the file ends within a character.
    trusting
        Do not count the cells of lines without quotation marks, which takes longest: whoever parses them
        must refuse lines of another width.
    """
    end = len(block) if final else block.rfind(b"\n") + 1
    block, rest = block[:end], block[end:]
    if not block:
        return Scan(rest=rest)
    whole_end = block.endswith(b"\n")
    if not whole_end:
        block += b"\n"
    lines = measure(block, shape, trusting=trusting)
    whole = lines.placed & (lines.n_cells == shape.width)
    empty, repeated, comments = _without_data(lines, whole, shape)
    bad = _damaged(lines, shape)
    good = whole & ~(empty | repeated | comments) & (bad == 0)
    if cut or (final and not whole_end and _looks_cut(lines, shape, good)):
        bad[-1], good[-1] = CUT, False
    for i, fault in _strange(lines, shape, good, empty):
        bad[i], good[i] = fault, False
    suspects = np.flatnonzero(~(good | empty | repeated | comments))
    joined, left_out, stop = _join(lines, shape, good, suspects, bad, final)
    if stop < len(lines.starts):
        rest = block[lines.starts[stop] :] + rest
    return _collect(lines, stop, good, joined, left_out, bad, (empty, repeated, comments), rest)


def _without_data(lines: Lines, whole: np.ndarray, shape: Shape) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find lines that hold nothing, the header again, or a comment."""
    n = len(lines.starts)
    empty, repeated, comments = np.zeros(n, bool), np.zeros(n, bool), np.zeros(n, bool)
    nothing = SPACES + b'"' + shape.separator
    first = np.frombuffer(lines.block, np.uint8)[lines.starts]
    hollow = np.isin(first, np.frombuffer(nothing + b"\n", np.uint8))
    for i in np.flatnonzero(hollow & (lines.ends - lines.starts < 4 * shape.width + 64)).tolist():
        empty[i] = lines.placed[i] and not lines.text(i).strip(nothing)
    for text in shape.header:
        for i in _lines_that_start(lines, text + b"\n"):
            repeated[i] = True
    if shape.comment:
        for i in _lines_that_start(lines, shape.comment):
            comments[i] = True
    return empty, repeated, comments


def _lines_that_start(lines: Lines, text: bytes) -> Iterator[int]:
    position = lines.block.find(text)
    while position >= 0:
        line = int(np.searchsorted(lines.ends, position))
        if lines.starts[line] == position:
            yield line
        position = lines.block.find(text, int(lines.ends[line]))


def _damaged(lines: Lines, shape: Shape) -> np.ndarray:
    """Find lines with bytes that are no text."""
    found = np.zeros(len(lines.starts), np.int8)
    for mark in (b"\x00", *(DAMAGED if shape.damaged else ())):
        position = lines.block.find(mark)
        while position >= 0:
            line = int(np.searchsorted(lines.ends, position))
            found[line] = NO_TEXT
            position = lines.block.find(mark, int(lines.ends[line]))
    for line in _lines_that_start(lines, MARK):
        found[line] = MARKED
    return found


def _looks_cut(lines: Lines, shape: Shape, good: np.ndarray) -> bool:
    """Whether the last cell of a file without a last line break is shorter than all above it."""
    above = np.flatnonzero(good[:-1])[-200:]
    if not good[-1] or len(above) < 20:
        return False
    last, *others = (
        lines.text(i).rsplit(shape.separator, 1)[-1].strip(b'"') for i in (len(good) - 1, *above.tolist())
    )
    return len(last) < min(map(len, others)) or _decimals(last) < min(map(_decimals, others))


def _decimals(cell: bytes) -> int:
    match = re.fullmatch(rb"[+-]?\d+[.,](\d*)", cell)
    return len(match[1]) if match else 0


def _strange(lines: Lines, shape: Shape, good: np.ndarray, empty: np.ndarray) -> list[tuple[int, int]]:
    """Find whole lines that hold no data: those that begin unlike the others, or follow an empty line."""
    if not shape.numbers:
        return []
    buffer = np.frombuffer(lines.block, np.uint8)
    first = buffer[lines.starts]
    first = np.where(first == QUOTE, buffer[np.minimum(lines.starts + 1, len(buffer) - 1)], first) | 32
    looked_at = np.concatenate(([False], empty[:-1]))
    if shape.by_digit:
        looked_at |= (first >= ord("a")) & (first <= ord("z"))
    found = []
    for i in np.flatnonzero(looked_at & good)[:1000].tolist():
        cells = (shape.cells(lines.text(i)) or [])[: shape.width]
        if len(cells) < shape.width:
            continue
        kinds_of = [kind_of(cells[k].decode("utf-8", "replace")) for k in shape.numbers]
        if kinds_of.count("text") > len(kinds_of) / 2:
            found.append((i, OTHER_TABLE))
        elif shape.by_digit and _SUMMARY.match(cells[0]):
            found.append((i, SUMMARY))
        elif not {"number", "time"} & set(kinds_of):
            found.append((i, NO_DATA))
    return found


def _join(
    lines: Lines, shape: Shape, good: np.ndarray, suspects: np.ndarray, bad: np.ndarray, final: bool
) -> tuple[list[tuple[int, int]], list[tuple[int, str]], int]:
    """Join lines to records with line breaks inside, or leave them out; and where the next block starts."""
    joined: list[tuple[int, int]] = []
    left_out: list[tuple[int, str]] = []
    n, done = len(lines.starts), -1
    for i in suspects.tolist():
        if i <= done:
            continue
        if bad[i] == OTHER_TABLE:
            continue
        if lines.n_quotes[i] % 2 == 0 or bad[i]:
            left_out.append((i, _reason(lines, i, shape, bad)))
            continue
        last, others = _end_of_record(lines, shape, good, i)
        if last == n and not final and lines.ends[-1] - lines.starts[i] < JOIN_BYTES:
            return joined, left_out, i
        if last is None or last >= n:
            left_out.append((i, _reason(lines, i, shape, bad)))
        elif others:
            # Whole lines between two open marks: nobody can tell what belongs to what.
            left_out += [
                (j, "a quotation mark in this line or above is not closed") for j in range(i, last + 1)
            ]
            good[i : last + 1] = False
            done = last
        else:
            joined.append((i, last))
            done = last
    return joined, left_out, n


def _end_of_record(lines: Lines, shape: Shape, good: np.ndarray, i: int) -> tuple[int | None, int]:
    """Return the line where a record that starts in line `i` ends, and the whole records in between.

    None if nothing closes it; the number of lines if the block ends before.
    """
    n, others = len(lines.starts), 0
    for j in range(i + 1, min(n, i + JOIN_LINES)):
        if lines.ends[j] - lines.starts[i] > JOIN_BYTES:
            return None, others
        if lines.n_quotes[j] % 2 == 1 and shape.fits(lines.text(i, j)):
            return j, others
        if lines.n_quotes[j] % 2 == 1 and not shape.inches:
            return None, others
        if good[j]:
            others += 1
            if others == 3:
                return None, others
    return (n if i + JOIN_LINES >= n else None), others


def _reason(lines: Lines, i: int, shape: Shape, bad: np.ndarray) -> str:
    if bad[i]:
        return FAULTS[bad[i]]
    if not lines.placed[i]:
        return "it has a missing or extra quotation mark"
    return fields_found(int(lines.n_cells[i]), shape.width)


def fields_found(count: int, width: int) -> str:
    """Say that a line has another number of fields than the table."""
    return f"it has {plural(count, 'field')} instead of {width}"


def _collect(
    lines: Lines,
    stop: int,
    good: np.ndarray,
    joined: list[tuple[int, int]],
    left_out: list[tuple[int, str]],
    bad: np.ndarray,
    without_data: tuple[np.ndarray, np.ndarray, np.ndarray],
    rest: bytes,
) -> Scan:
    """Count the records, and put the bytes of the whole ones together."""
    kept, heads = good[:stop].copy(), np.ones(stop, bool)
    inside = np.zeros(stop, bool)
    for first, last in joined:
        kept[first : last + 1], inside[first : last + 1], heads[first + 1 : last + 1] = True, True, False
    number = np.cumsum(heads) - 1
    empty, repeated, comments = (found[:stop] & ~inside for found in without_data)
    return Scan(
        clean=_bytes_of(lines, kept, stop),
        rows=number[kept & heads],
        n_records=int(heads.sum()),
        left_out=[(int(number[i]), reason) for i, reason in left_out],
        empty=number[empty],
        repeated=number[repeated],
        comments=number[comments],
        others=[(int(number[i]), lines.text(i)) for i in np.flatnonzero(bad[:stop] == OTHER_TABLE).tolist()],
        rest=rest,
    )


def _bytes_of(lines: Lines, kept: np.ndarray, stop: int) -> bytes:
    if kept.all():
        return (
            lines.block
            if stop == len(lines.starts)
            else lines.block[: lines.ends[stop - 1] + 1 if stop else 0]
        )
    edges = np.flatnonzero(np.diff(np.concatenate(([False], kept, [False])).astype(np.int8)))
    return b"".join(
        lines.block[lines.starts[a] : lines.ends[b - 1] + 1]
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    )
