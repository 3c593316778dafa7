"""The dialect of a CSV: its separator and decimal sign, and whether whole lines are quoted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from rare_event.errors import TableError
from rare_event.read.kinds import kind_of
from rare_event.read.shape import Shape
from rare_event.read.values import separator_shown, shown

SEPARATORS = "\t;|,"  # of two that fit equally, the first
NO_SEPARATOR = "\x1f"  # stands in no text: the file is read as one column
N_LOOKED_AT = 300
_WRAPPED = re.compile(rb'"((?:[^"]|"")*)"[;,\t ]*')
_SEP_LINE = re.compile(rb'"?sep=(.)"?[ \t;,]*', re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How the cells of a CSV are divided.

    Parameters
    ----------
    separator
        One character.
    width
        Cells of most lines.
    decimal
        The decimal sign that most numbers seem to have.
    named_in
        1 if the first line names the separator, otherwise 0.
    inches
        Whether quotation marks stand within cells as signs, as in 5" for inches.
    """

    separator: str
    width: int
    decimal: str
    named_in: int = 0
    inches: bool = False

    @property
    def shape(self) -> Shape:
        """The lines of the file as far as the dialect tells."""
        return Shape(self.separator.encode(), self.width, inches=self.inches)


def is_wrapped(lines: list[bytes]) -> bool:
    """Whether most whole lines are in quotation marks, separators included."""
    filled = [line for line in _sample(lines) if line.strip()]
    wrapped = [_unwrap(line) for line in filled if _WRAPPED.fullmatch(line)]
    if not filled or len(wrapped) < 0.8 * len(filled):
        return False
    return max(_score(wrapped, separator).width for separator in SEPARATORS) >= 2


def unwrapped(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Take the quotation marks off whole lines."""
    held = b""
    for block in blocks:
        lines = (held + block).split(b"\n")
        held = lines.pop()
        if lines:
            yield b"\n".join(map(_unwrap, lines)) + b"\n"
    if held:
        yield _unwrap(held)


def _unwrap(line: bytes) -> bytes:
    match = _WRAPPED.fullmatch(line)
    return match[1].replace(b'""', b'"') if match else line


def find_dialect(lines: list[bytes], name: str, said: str | None, *, typed: bool = False) -> Dialect:
    """Find the separator from the first lines of a CSV, or use the one that the analyst said.

    Parameters
    ----------
    lines
        The first lines of the file.
    name
        Name of the file for error messages.
    said
        The separator that the analyst names; None finds it out.
    typed
        Whether the lines are those of a workbook, written with commas.

    Raises
    ------
    TableError
        If the file has one column or holds free text.
    """
    named = _SEP_LINE.fullmatch(lines[0].strip())
    rest = _sample(lines[1:] if named else lines)
    if said is not None and not typed and (len(said) != 1 or not said.isascii()):
        raise TableError(
            f"The separator {shown(said)} cannot be used. Give one ASCII character, such as ; or |, or a tab."
        )
    if said == NO_SEPARATOR:
        return Dialect(said, 1, ".", int(bool(named)), False)
    candidates = "," if typed else said or SEPARATORS
    if named and said is None and not typed and _score(rest, named[1].decode("latin-1")).width >= 2:
        candidates = named[1].decode("latin-1")
    scores = {separator: _score(rest, separator) for separator in candidates}
    separator = max(candidates, key=lambda s: scores[s].score)
    width, share = scores[separator].width, scores[separator].share
    if width < 2:
        raise _one_column(name, rest, None if typed else said, typed=typed)
    if share < 0.5:
        raise TableError(
            f"{name} is not a table: a line has {width} fields, but most lines below it have another "
            "number. "
            "Save it as CSV with one header line."
        )
    text = b"\n".join(rest).decode("utf-8", "replace")
    inches = _has_inches(rest, separator, width)
    if inches and (spaced := re.search(re.escape(separator) + ' +"', text)):
        raise TableError(
            f"{name} has spaces before quotation marks, as in {shown(spaced[0])}, so the cells cannot be "
            "separated. Save it without these spaces."
        )
    return Dialect(separator, width, _find_decimal(text, separator), int(bool(named)), inches)


def _one_column(name: str, lines: list[bytes], said: str | None, *, typed: bool) -> TableError:
    """Return the refusal of a file of one column."""
    first = shown(next((line for line in lines if line.strip()), b"").decode("utf-8", "replace"))
    if said is not None:
        return TableError(
            f"{name} has only one column with the separator {separator_shown(said)}: its first line is "
            f"{first}. Choose another separator."
        )
    apart = "" if typed else ", divided by commas, semicolons, tabs or vertical bars"
    return TableError(
        f"{name} has only one column: its first line is {first}. Choose a table with a label and "
        f"sensors{apart}."
    )


def _sample(lines: list[bytes]) -> list[bytes]:
    """Take the first lines, and some of those further down."""
    first, rest = lines[: N_LOOKED_AT // 3], lines[N_LOOKED_AT // 3 :]
    return first + rest[:: max(1, len(rest) // (2 * N_LOOKED_AT // 3))]


@dataclass(frozen=True)
class _Score:
    """How well a separator fits."""

    score: float = 0.0  # by the share of lines of one width, and of cells that are data
    width: int = 1
    share: float = 0.0  # of lines of that width, from the first one on


def _score(lines: list[bytes], separator: str) -> _Score:
    shape = Shape(separator.encode(), 0, inches=True)
    split = [shape.cells(line) or [] for line in lines if line.strip()]  # none where a mark is out of place
    widths = Counter(len(cells) for cells in split if cells)
    if not widths or not (width := max(widths, key=lambda w: (widths[w] * (w > 1), w))) > 1:
        return _Score()
    first = next(k for k, row in enumerate(split) if len(row) == width)
    cells = [cell for row in split if len(row) == width for cell in row][:3000]
    data = sum(kind_of(cell.decode("utf-8", "replace")) in ("number", "time") for cell in cells)
    score = widths[width] / len(split) * (0.1 + data / len(cells))
    return _Score(score, width, widths[width] / (len(split) - first))


def _has_inches(lines: list[bytes], separator: str, width: int) -> bool:
    """Whether more than one line in a hundred has a quotation mark within a cell without marks."""
    strict = Shape(separator.encode(), width)
    loose = Shape(separator.encode(), width, inches=True)
    quoted = [line for line in lines if b'"' in line]
    odd = sum(not strict.fits(line) and loose.fits(line) for line in quoted)
    return odd > max(2, len(lines) // 100)


def _find_decimal(text: str, separator: str) -> str:
    if separator == ",":
        return "."
    edge = rf"[{re.escape(separator)}\n\r\"]"
    counts = [
        len(re.findall(rf"(?<={edge})[+-]?\d+{mark}\d+(?:[eE][+-]?\d+)?(?={edge})", text))
        for mark in (",", r"\.")
    ]
    return "," if counts[0] > counts[1] else "."
