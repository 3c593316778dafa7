"""What happened to the lines of a file: which became rows, which were left out and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from rare_event.errors import NoRowsError, TableError
from rare_event.read.lines import Scan
from rare_event.read.table import LINE, Remark
from rare_event.read.values import separator_shown, shown
from rare_event.text import listed, plural

SHARE_LEFT_OUT = 0.01  # of the lines; one line always may be
N_BELOW = 6  # lines such as a sum or "end of export" that may stand below the data
N_NAMED = 20


@dataclass
class Ledger:
    """The lines of a file, counted block by block.

    Parameters
    ----------
    name
        Name of the file for error messages.
    separator
        One character; empty for a workbook, whose cells need none.
    line
        Number of the next line.
    rows
        Numbers of the lines that became rows, by block.
    left_out
        Number and reason of the lines that hold no whole record.
    repeated, comments, empty
        Numbers of the lines that hold the header again, a comment, or nothing.
    """

    name: str
    separator: str
    line: int
    rows: list[range | np.ndarray] = field(default_factory=list)
    left_out: list[tuple[int, str]] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    comments: list[int] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)

    @property
    def n_rows(self) -> int:
        """Number of rows so far."""
        return sum(map(len, self.rows))

    def add(self, scan: Scan) -> None:
        """Count the lines of a block.

        Raises
        ------
        TableError
            If a second table begins in it, or most of the lines so far do not fit.
        """
        start, whole = self.line, len(scan.rows) == scan.n_records
        self.rows.append(range(start, start + scan.n_records) if whole else scan.rows + start)
        self.left_out += [(start + line, reason) for line, reason in scan.left_out]
        for lines, found in ((self.repeated, scan.repeated), (self.comments, scan.comments)):
            lines += (found + start).tolist()
        self.empty += (scan.empty + start).tolist()
        self.line += scan.n_records
        if scan.others:
            line, text = scan.others[0]
            raise TableError(
                f"A second table begins in line {start + line} of {self.name}: "
                f"{shown(text.decode('utf-8', 'replace'))} holds names, not data. "
                "Save each table in a file of its own."
            )
        if len(self.left_out) > max(1000, self.n_rows):
            self.require_few()

    def require_rows(self, names: tuple[str, ...]) -> None:
        """Reject a file without a row, whose columns have these names."""
        if not self.n_rows:
            why = f" (line {self.left_out[0][0]}: {self.left_out[0][1]})" if self.left_out else ""
            raise NoRowsError(
                f"{self.name} has no rows of data{why}. Choose a file with rows.", () if why else names
            )

    def require_few(self) -> None:
        """Reject a file of which more than one line in a hundred does not fit.

        Raises
        ------
        TableError
            It names the first such line.
        """
        n_lines, rows = self.n_rows + len(self.left_out), self.lines()
        below = sum(line > rows[-1] for line, _ in self.left_out) if len(rows) else 0
        counted = len(self.left_out) - (below if below <= N_BELOW else 0)
        if not too_many(counted, n_lines):
            return
        line, reason = self.left_out[0]
        last = self.left_out[-1][0]
        if last == self.line - 1 - self._empty_at_the_end() and self._follow(line, last):
            raise TableError(
                f"From line {line} on, no line of {self.name} fits the table (line {line}: {reason}). "
                "A second table may begin there. Save each table in a file of its own."
            )
        quoting = ""
        if self.separator:
            quoting = f", or put text that contains the separator {separator_shown(self.separator)} in "
            quoting += "quotation marks"
        raise TableError(
            f"Line {line} of {self.name} does not fit the table: {reason}. "
            f"In total, {len(self.left_out):,} of {n_lines:,} lines do not fit. Correct them{quoting}."
        )

    def _empty_at_the_end(self) -> int:
        lines, last = set(self.empty), self.line - 1
        while last in lines:
            last -= 1
        return self.line - 1 - last

    def _follow(self, first: int, last: int) -> bool:
        """Whether no row lies between two lines."""
        lines = self.lines()
        return last > first + 1 and not ((lines > first) & (lines < last)).any()

    def lines(self) -> pd.Index:
        """Line of each row, shape (n_rows,)."""
        if all(isinstance(part, range) for part in self.rows):
            filled = [part for part in self.rows if len(part)]
            first = filled[0][0] if filled else 0
            last = filled[-1][-1] + 1 if filled else 0
            if last - first == self.n_rows:
                return pd.RangeIndex(first, last, name=LINE)
        parts = [np.arange(p.start, p.stop) if isinstance(p, range) else p for p in self.rows]
        lines: pd.Index = pd.Index(np.concatenate(parts), name=LINE)
        return lines

    def remarks(self) -> list[Remark]:
        """Tell what was found."""
        found = []
        if self.left_out:
            found.append(left_out(self.left_out))
        inner = [line for line in self.empty if line <= self.line - 1 - self._empty_at_the_end()]
        for lines, what, fact in (
            (self.repeated, "{} the header and {} skipped", "header repeated"),
            (self.comments, "{} a comment and {} skipped", "comment lines"),
            (inner, "{} no values and {} skipped", "empty lines"),
        ):
            if lines:
                are, word = ("is", "line") if len(lines) == 1 else ("are", "lines")
                verbs = ("repeats", "repeat") if lines is self.repeated else ("holds", "hold")
                sentence = what.format(_count(lines, *verbs), are) + f": {word} {listed([*map(str, lines)])}."
                found.append(Remark("note", None, sentence, fact, len(lines), tuple(lines[:N_NAMED])))
        return found


def too_many(count: int, n_lines: int) -> bool:
    """Whether more lines do not fit than may be left out."""
    return count > max(1, int(SHARE_LEFT_OUT * n_lines))


def left_out(lines: Sequence[tuple[int, str]]) -> Remark:
    """Tell which lines are left out, and why."""
    line, reason = lines[0]
    what = "does not fit the table and is left out"
    if len(lines) == 1:
        what = f"Line {line} {what}: {reason}."
    else:
        same = len({reason for _, reason in lines}) == 1
        named = "; ".join(f"line {line}: {reason}" for line, reason in lines[: 1 if same else 4])
        what = what.replace("does", "do").replace("is", "are")
        first = "; the first is" if same else ", for example"
        what = f"{len(lines):,} lines {what}{first} {named}."
    return Remark("warning", None, what, "lines left out", len(lines), tuple(n for n, _ in lines[:N_NAMED]))


def _count(lines: Sequence[object], one: str, many: str) -> str:
    return f"{plural(len(lines), 'line')} {one if len(lines) == 1 else many}"
