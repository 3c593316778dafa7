"""New files for a trained model: read as its training file was, matched with its columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rare_event.errors import TableError
from rare_event.experiment.matching import Matched, match, renamed
from rare_event.experiment.trained import Trained
from rare_event.prepare.corrections import Corrections, OpenQuestion, still_open
from rare_event.prepare.join import read_files
from rare_event.prepare.table import Table
from rare_event.read.raw import digest_of
from rare_event.read.source import Files, Source
from rare_event.read.table import AS_FOUND, RawTable, Reading


@dataclass(frozen=True, eq=False)
class Incoming:
    """A new file as the model takes it, and the rows before it.

    Parameters
    ----------
    matched
        The table of the new rows, or what is in its way.
    history
        The rows before; None if there are none.
    """

    matched: Matched
    history: Table | None = None


def read_new(
    trained: Trained,
    source: Source | Files,
    name: str,
    mapping: Mapping[str, str] | None = None,
    history: Source | Files | None = None,
) -> Incoming:
    """Read a new file as the training file was read, with the same fixes.

    Parameters
    ----------
    trained
        The model.
    source, name
        The file, or several that follow one another, and its name.
    mapping
        Names of columns of the file, and what each was called in training.
    history
        A file of the rows before. Fixes such as carrying a value forward then know them.

    Raises
    ------
    TableError
        If a file cannot be read.
    """
    with ThreadPoolExecutor(1) as beside:
        hashed = beside.submit(digest_of, source)
        raw, digest = read_as_trained(trained, source, name), hashed.result()
    if history is None:
        table = match(trained, raw.frame, mapping, name=name, digest=digest, remarks=raw.remarks)
        return Incoming(table)
    before = read_as_trained(trained, history, "the history").frame
    before = before.rename(columns={one: old for one, old in (mapping or {}).items() if old not in before})
    return after(trained, raw, before, mapping, name=name, digest=digest)


def after(
    trained: Trained,
    raw: RawTable,
    before: pd.DataFrame,
    mapping: Mapping[str, str] | None = None,
    *,
    name: str,
    digest: str,
) -> Incoming:
    """Bring new rows into the form of the model, with the fixes that look back on earlier rows.

    Parameters
    ----------
    trained
        The model.
    raw
        The new rows.
    before
        Columns of earlier rows, named as in training.
    mapping, name, digest
        As in `match`.
    """
    new = renamed(trained, raw.frame, mapping or {})
    # A column that the new file lacks is missing, whatever the history has.
    before = before[[column for column in before if column in new]]
    if not len(before):
        return Incoming(match(trained, new, name=name, digest=digest, remarks=raw.remarks))
    # Negative lines tell the rows of the history, wherever a fix or a machine moves them.
    lines = pd.Index(np.arange(-len(before), 0), name=new.index.name)
    whole = pd.concat([before.set_axis(lines), new])
    try:
        matched = match(trained, whole, name=name, digest=digest, remarks=raw.remarks)
    except TableError as error:
        raise TableError(with_earlier_named(str(error)), error.option) from error
    named = (replace(one, what=with_earlier_named(one.what)) for one in matched.findings)
    matched = replace(matched, findings=tuple(named))
    if matched.table is None:
        return Incoming(matched)
    earlier = np.array([isinstance(line, int) and line < 0 for line in matched.table.lines.tolist()])
    return Incoming(
        replace(matched, table=rows_of_table(matched.table, ~earlier)), rows_of_table(matched.table, earlier)
    )


def with_earlier_named(sentence: str) -> str:
    """Name rows of the history in words, since the user knows no lines below 1.

    Examples
    --------
    >>> with_earlier_named("It holds 'a' in line -1, 'b' in line 3 and 'c' in line -20.")
    "It holds 'a' in the last row of the file before, 'b' in line 3 and 'c' in an earlier row."
    """

    def words(found: re.Match[str]) -> str:
        named = "the last row of the file before" if found["back"] == "1" else "an earlier row"
        return named.capitalize() if found["line"] == "Line" else named

    return re.sub(r"\b(?P<line>[Ll]ine) -(?P<back>\d+)\b", words, sentence)


def rows_of_table(table: Table, mask: np.ndarray) -> Table:
    """Return some rows of a table.

    Parameters
    ----------
    table
        The table.
    mask
        Which rows, bool of shape (n_rows,).
    """
    cut = np.zeros(table.n_rows, bool)
    cut[np.asarray(table.cuts, np.int64)] = True
    frame = table.frame[mask].reset_index(drop=True)
    lines = table.lines[mask] if len(table.lines) else table.lines
    return replace(table, frame=frame, lines=lines, cuts=np.flatnonzero(cut[mask]))


def read_as_trained(trained: Trained, source: Source | Files, name: str) -> RawTable:
    """Read a file as the training file was read; if it is written otherwise, as it is found to be.

    Raises
    ------
    TableError
        If it cannot be read.
    """
    asked: OpenQuestion | None = None
    refused: TableError | None = None
    for reading in _readings(trained.recipe.reading):
        said = Corrections(reading, schema=trained.schema)
        try:
            raw = read_files(source, name, said)
            if questions := still_open(raw.questions, said, trained.schema):
                raise OpenQuestion(questions)
            return raw
        except OpenQuestion as question:
            asked = asked or question
        except TableError as error:
            refused = refused or error
    raise asked or refused or TableError(f"{name} cannot be read. Choose another file.")


def _readings(said: Reading) -> Sequence[Reading]:
    meaning = Reading(time=said.time, time_format=said.time_format, layout=said.layout)
    return tuple(dict.fromkeys([said, meaning, AS_FOUND]))
