"""A file read and corrected in one step, as the app corrected it."""

from __future__ import annotations

from collections.abc import Sequence

from rare_event.checks.findings import Fix
from rare_event.checks.fixes import fix_again
from rare_event.prepare.corrections import NO_CORRECTIONS, Corrections
from rare_event.prepare.event_label import read_labelled
from rare_event.prepare.schema import Schema
from rare_event.prepare.table import Table, apply_schema
from rare_event.read.raw import digest_of
from rare_event.read.source import Files, Source, name_of


def read_corrected(
    source: Source | Files,
    fixes: Sequence[Fix],
    *,
    schema: Schema,
    said: Corrections = NO_CORRECTIONS,
    name: str | None = None,
) -> Table:
    r"""Read a file, correct it and assign roles to its columns.

    Parameters
    ----------
    source
        As in `read_table`.
    fixes
        The steps, in order.
    schema
        The roles of the columns once all steps are done.
    said, name
        As in `read_table`.

    Raises
    ------
    OpenQuestion
        If the file leaves something open that is never guessed.
    TableError
        If the file is not a table, or its columns do not fit their roles.

    Examples
    --------
    >>> file = b"time,y,x1\n2026-01-01 00:00,0,1.5\n2026-01-01 00:02,0,-9999\n2026-01-01 00:04,1,2.5\n"
    >>> fixes = [Fix("missing-value", "x1", (-9999.0,)), Fix("forward-fill", "x1")]
    >>> read_corrected(file, fixes, schema=Schema("y", "time", ("x1",))).values.ravel().tolist()
    [1.5, 1.5, 2.5]
    """
    if name is None:
        name = source.name if isinstance(source, Files) else name_of(source)
    raw, _ = read_labelled(source, name, said, schema)
    frame = raw.frame
    for step in fixes:
        frame, _ = fix_again(frame, schema, step)
    return apply_schema(frame, schema, name=name, digest=digest_of(source), remarks=raw.remarks)
