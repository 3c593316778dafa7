"""The sheets of a workbook, read in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from rare_event.errors import TableError
from rare_event.read.limits import Room, too_large
from rare_event.read.sheet import NO_MEMORY
from rare_event.read.source import Source
from rare_event.read.values import shown

PROGRAM = Path(__file__).with_name("sheet.py")
CELL_BYTES = 8  # of the bytes that a file may unpack to
MEMORY = 6  # times these bytes; the libraries themselves need the rest
_START = 1 << 30


def read_sheet(source: Source, name: str, member: str | None, bound: int) -> tuple[list[str], bytes]:
    """Return the names of the sheets that hold something, and one of them as CSV.

    Parameters
    ----------
    source
        The workbook.
    name
        Name of the file for error messages.
    member
        The sheet that the analyst names; the first one if there is none of this name.
    bound
        Bytes to which it may unpack.

    Raises
    ------
    TableError
        If it cannot be read, or a sheet reaches too far.
    """
    most = min(Room(name).bytes, MEMORY * bound) + _START
    with ExitStack() as until:
        path = source
        if isinstance(source, bytes):
            copy = until.enter_context(tempfile.NamedTemporaryFile(suffix=".xlsx"))
            copy.write(source)
            copy.flush()
            path = copy.name
        # -P: the folder of the program holds modules named like those of Python.
        command = [sys.executable, "-P", str(PROGRAM), str(path), member or "", str(bound // CELL_BYTES)]
        reading = subprocess.Popen(
            [*command, str(most)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        until.enter_context(reading)
        until.callback(reading.kill)
        written = reading.stdout.read(bound + 1) if reading.stdout else b""
        if len(written) > bound:
            raise too_large(name, bound)
        code = reading.wait()
    # Where Rust cannot allocate it ends the process by a signal.
    if code < 0 or code == NO_MEMORY:
        raise TableError(
            f"A sheet of {name} needs more than {most / 1e9:,.1f} GB of memory: a cell may stand far from "
            "the others. Delete its empty rows and columns, or save it as CSV."
        )
    if code:
        raise TableError(f"{name} is a workbook that cannot be read. Save it again, or as CSV UTF-8.")
    head, _, text = written.partition(b"\n")
    about = json.loads(head)
    if about["size"] and not about["fits"]:
        rows, columns = about["size"]
        raise TableError(
            f"The sheet {shown(about['chosen'])} of {name} has {rows:,} rows and {columns:,} columns, which "
            "is too much. Delete its empty rows and columns, or save it as CSV."
        )
    return about["filled"], text
