"""A table in several dialects, spoilt in one line, and what reading it may give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rare_event.errors import TableError
from rare_event.read.raw import read_raw

DIALECTS = {
    "comma": (",", ".", ""),
    "semicolon": (";", ",", ""),
    "tab": ("\t", ".", ""),
    "all quoted": (",", ".", "all"),
    "some quoted": (";", ",", "some"),
    "some quoted, comma": (",", ".", "some"),
}
NAMES = ("time", "flow", "level", "state", "trip")
SPOILS = ("extra separator", "missing separator", "extra mark", "missing mark")


@dataclass(frozen=True)
class Written:
    """A table as lines of text, with what each cell must be read as."""

    lines: list[list[str]]
    separator: str
    values: pd.DataFrame

    def text(self, line: int | None = None, instead: str = "") -> str:
        """The file, with another text in place of the line `line`, counted from 0 with the header."""
        lines = [self.separator.join(cells) for cells in self.lines]
        if line is not None:
            lines[line] = instead
        return "\n".join(lines) + "\n"


def table(dialect: str, n_rows: int = 2000) -> Written:
    """Make a table of five columns: a time, two numbers, a text, and a label."""
    separator, decimal, quoting = DIALECTS[dialect]
    random = np.random.default_rng(3)
    values = pd.DataFrame(
        {
            "time": pd.date_range("2023-01-09", periods=n_rows, freq="2min").strftime("%Y-%m-%d %H:%M:%S"),
            "flow": np.round(80 + random.normal(size=n_rows), 2),
            "level": np.round(5 + random.normal(size=n_rows) / 9, 3),
            "state": np.where(random.random(n_rows) < 0.3, "slow, then fast", "on"),
            "trip": (random.random(n_rows) < 0.01).astype(int),
        }
    )
    if quoting == "":
        values["state"] = values["state"].str.replace(", then", " then")

    def written(name: str, value: object) -> str:
        digits = 2 if name == "flow" else 3
        text = f"{value:.{digits}f}".replace(".", decimal) if isinstance(value, float) else str(value)
        return f'"{text}"' if quoting == "all" or (quoting == "some" and name == "state") else text

    rows = [
        [written(name, value) for name, value in zip(NAMES, row, strict=True)]
        for row in values.itertuples(index=False)
    ]
    header = [f'"{name}"' if quoting == "all" else name for name in NAMES]
    return Written([header, *rows], separator, values)


def spoilt(written: Written, line: int, column: int, how: str) -> Iterator[str]:
    """Spoil a line at a column in each way that `how` allows there."""
    cells, s = written.lines[line], written.separator
    if how == "extra separator":
        yield s.join([*cells[:column], "", *cells[column:]])
        yield s.join([*cells[: column + 1], "", *cells[column + 1 :]])
    elif how == "missing separator" and column:
        yield s.join([*cells[: column - 1], cells[column - 1] + cells[column], *cells[column + 1 :]])
    elif how == "extra mark":
        for cell in ('"' + cells[column], cells[column] + '"', cells[column][:2] + '"' + cells[column][2:]):
            yield s.join([*cells[:column], cell, *cells[column + 1 :]])
    elif how == "missing mark" and cells[column].startswith('"'):
        for cell in (cells[column][1:], cells[column][:-1]):
            yield s.join([*cells[:column], cell, *cells[column + 1 :]])


def outcome(written: Written, line: int, instead: str) -> str:
    """Read a file spoilt in one line: ``left out``, ``repaired``, ``refused``, or what is wrong."""
    return judged(written, line, written.text(line, instead))


def judged(written: Written, line: int, text: str) -> str:
    """Read the text of a file spoilt in one line."""
    try:
        raw = read_raw(text.encode(), name="f.csv")
    except TableError as error:
        return "refused" if f"ine {line + 1} " in str(error) else f"refused without its line: {error}"
    named = {number for remark in raw.remarks for number in remark.lines}
    rows = raw.frame.index.to_numpy() - 2
    expected = written.values.iloc[rows]
    if tuple(raw.frame.columns) != NAMES:
        return f"other names: {list(raw.frame.columns)}"
    kept = rows != line - 1
    for name in NAMES:
        got, want = raw.frame[name], expected[name]
        if isinstance(want.iloc[0], str):
            same = got.to_numpy()[kept] == want.to_numpy()[kept]
        elif not pd.api.types.is_numeric_dtype(got):
            return f"{name} is no number any more"
        else:
            same = np.isclose(got.to_numpy(dtype=float)[kept], want.to_numpy(dtype=float)[kept], rtol=1e-6)
        if not same.all():
            return f"another value of {name} elsewhere"
    if len(rows) == len(written.values):
        return "repaired" if any(line + 1 in remark.lines for remark in raw.remarks) else "left in"
    return "left out" if len(rows) == len(written.values) - 1 and named == {line + 1} else f"lost: {named}"


def outcomes_among(n_rows: int, lines: Sequence[int]) -> set[str]:
    """Spoil one column of each of some lines in every way, among many lines."""
    written = table("some quoted", n_rows)
    return {
        outcome(written, line, text)
        for line in lines
        for how in SPOILS
        for text in spoilt(written, line, 3, how)
    }
