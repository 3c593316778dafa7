"""The options that say how a file is read, shared by all commands that read one."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rare_event.errors import ConfigError

if TYPE_CHECKING:
    from rare_event.prepare.corrections import Corrections
    from rare_event.prepare.table import Table
    from rare_event.read.source import Files
    from rare_event.read.table import Reading
    from rare_event.store.datasets import Dataset

# Tab and space are hard to type in a shell.
SEPARATORS = {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";", "bar": "|"}


def reading_options() -> argparse.ArgumentParser:
    """Return the options as a parent of a command's parser."""
    parent = argparse.ArgumentParser(add_help=False)
    add = parent.add_argument_group(
        "how the file is read",
        "Whatever you do not give is detected. If something cannot be detected with certainty, the command "
        "stops with a question, exit code 2 and the option that answers it.",
    ).add_argument
    add("--schema", type=Path, metavar="FILE", help="corrections that `check --write-schema` wrote")
    add("--time", nargs="+", metavar="COL", help="time column, or the columns of date and time")
    add("--no-time", action="store_true", help="use no time column")
    add("--time-format", metavar="FORMAT", help='for example "%%d.%%m.%%Y %%H:%%M", or "epoch ms"')
    add("--label", nargs="+", metavar="COL", help="column that marks events; if several, any of them does")
    add("--event", nargs="+", metavar="VALUE", help="values of the label that mark an event")
    add("--no-label", action="store_true", help="no column marks events")
    add("--leave-out", nargs="+", metavar="VALUE", help="values of the label whose rows are left out")
    add("--normal", nargs="+", metavar="VALUE", help="values of the label that mean no event")
    add("--blank", choices=["normal", "left out"], help="what an empty cell of the label means")
    add("--ignore", nargs="+", metavar="COL", default=[], help="columns to ignore")
    add("--assets", metavar="COL", help="column that names the machine of each row")
    add("--decimal", metavar="SIGN", help="decimal mark, for example ,")
    add("--thousands", metavar="SIGN", help="thousands separator, or the word none")
    add("--separator", metavar="SIGN", help="separator of the columns: one character, or tab")
    add("--encoding", help="for example utf-8 or cp1252")
    add("--header", type=int, metavar="LINE", help="line of the column names; 0 if there is none")
    add("--units", type=int, metavar="LINE", help="line of the units; 0 if there is none")
    add("--sheet", "--member", dest="member", metavar="NAME", help="sheet of a workbook, or file in a zip")
    add("--layout", choices=["wide", "long"], help="long: one row per tag and time")
    add = parent.add_argument_group("events in a second file").add_argument
    add("--events", type=Path, metavar="FILE", help="file with the times of events, or their starts and ends")
    add("--events-time", nargs="+", metavar="COL", help="time column, or start column and end column")
    add("--events-time-format", metavar="FORMAT", help="like --time-format, for the file of events")
    add("--events-member", "--events-sheet", metavar="NAME", help="like --member, for the file of events")
    add("--events-encoding", metavar="NAME", help="like --encoding, for the file of events")
    return parent


def corrections_of(options: argparse.Namespace) -> Corrections:
    """Return what the options say of the file.

    Raises
    ------
    ConfigError
        If a value cannot be used.
    RunError
        If the schema file cannot be read.
    """
    from rare_event.prepare.corrections import NO_CORRECTIONS

    said = NO_CORRECTIONS if options.schema is None else _schema_file(options.schema)
    changes: dict[str, Any] = {
        name: getattr(options, name)
        for name in ("encoding", "header", "units", "member", "layout", "time_format", "decimal")
        if getattr(options, name) is not None
    }
    if options.separator is not None:
        changes["separator"] = SEPARATORS.get(options.separator, options.separator)
    if options.thousands is not None:
        changes["thousands"] = "" if options.thousands == "none" else options.thousands
    if options.time is not None or options.no_time:
        changes["time"] = () if options.no_time else tuple(options.time)
        # The format of another column does not fit.
        changes.setdefault("time_format", None)
    _require_signs(changes)
    several = ("label", "event", "leave_out", "normal", "ignore")
    given: dict[str, Any] = {name: tuple(getattr(options, name) or ()) for name in several}
    given |= {name: getattr(options, name) for name in ("blank", "assets", "no_label")}
    given["events"] = _reading_of_events(options, given, said.events)
    return replace(
        said,
        reading=replace(said.reading, **changes),
        **{name: value for name, value in given.items() if value},
    )


def _reading_of_events(
    options: argparse.Namespace, given: dict[str, Any], before: Reading | None
) -> Reading | None:
    """Return how the file of events is read; None if nothing is said of it."""
    names = ("time", "time_format", "member", "encoding")
    changes = {name: value for name in names if (value := getattr(options, f"events_{name}")) is not None}
    if options.events is None and changes:
        name = next(iter(changes)).replace("_", "-")
        raise ConfigError(f"--events-{name} needs a file of events. Name it with --events FILE.")
    of_labels = ("label", "event", "normal", "leave_out", "blank", "no_label")
    contrary = [name for name in of_labels if given[name]]
    if options.events is not None and contrary:
        raise ConfigError(
            f"--events already gives the label, so --{contrary[0].replace('_', '-')} cannot be used with it. "
            "Leave out one of them."
        )
    if not changes:
        return before
    if "time" in changes:
        # The format of other columns does not fit.
        changes = {"time_format": None, **changes, "time": tuple(changes["time"])}
    from rare_event.read.table import AS_FOUND

    return replace(before or AS_FOUND, **changes)


def source_of(options: argparse.Namespace) -> Path | Files:
    """Return the file of a command, or its files."""
    from rare_event.read.source import Files

    paths: list[Path] = options.file
    if len(paths) == 1 and options.events is None:
        return paths[0]
    names = tuple(path.name for path in paths)
    names = names if len(set(names)) == len(names) else tuple(map(str, paths))
    return Files(tuple(paths), names, options.events, options.events.name if options.events else "")


def inputs_of(options: argparse.Namespace) -> list[Path]:
    """Return all files that a command reads."""
    return [*options.file, *([options.events] if options.events else [])]


def name_of_files(options: argparse.Namespace) -> str:
    """Name the file of a command, or its files."""
    return source_of(options).name


def _require_signs(changes: dict[str, Any]) -> None:
    for name in ("separator", "decimal", "thousands"):
        if len(changes.get(name, "")) > 1:
            raise ConfigError(f"--{name} is {changes[name]!r}. Give one character.")
    if "decimal" in changes and changes["decimal"] not in (",", "."):
        raise ConfigError(f"--decimal is {changes['decimal']!r}. Give a comma or a point.")
    for name in ("header", "units"):
        if changes.get(name, 0) < 0:
            raise ConfigError(f"--{name} is {changes[name]}. Give the number of a line, or 0 for none.")


def _schema_file(path: Path) -> Corrections:
    from rare_event.prepare.corrections import Corrections
    from rare_event.store.serial import load

    hint = "Write it with `python -m rare_event check DATA --write-schema SCHEMA`, or correct it by hand."
    return load(Corrections, path, "schema file", str(path), hint)


def write_schema(path: Path, complete: Corrections) -> None:
    """Write corrections that read a file in the same way without a question.

    Raises
    ------
    RunError
        If the file cannot be written.
    """
    from rare_event.store.serial import dump
    from rare_event.store.workspace import write_text

    write_text(path, dump(complete) + "\n")


def stored(options: argparse.Namespace) -> tuple[Dataset, Table]:
    """Store the file of a command as its options say; say where an earlier reading is used or replaced.

    Returns
    -------
    tuple
        The dataset, and its table: what was just read and stored is not read again.
    """
    from rare_event.prepare.corrections import NO_CORRECTIONS
    from rare_event.read.raw import digest_of
    from rare_event.store.datasets import store, stored_dataset
    from rare_event.store.preview import preview

    source, said = source_of(options), corrections_of(options)
    digest = digest_of(source)
    before = stored_dataset(digest)
    if before is not None and said == NO_CORRECTIONS:
        dataset, table = before, before.table()
    else:
        seen = preview(source, name_of_files(options), said, digest)
        dataset = store(seen, source)
        # What was kept before may have been read by an older version.
        is_new = before is None and (dataset.schema, dataset.fixes) == (seen.schema, ())
        table = seen.parts()[2] if is_new else dataset.table()
    if before is not None and before != dataset:
        words = "The file was stored before, but read differently or with other roles. It is now read as the"
        sys.stderr.write(f"note: {words} options say, without its earlier fixes.\n")
    elif before is not None and (before.fixes or before.schema != before.first_schema):
        fixes = f"{len(before.fixes)} {'fix' if len(before.fixes) == 1 else 'fixes'}"
        used = f"roles and {fixes}" if before.fixes else "roles"
        sys.stderr.write(f"note: The file is already stored. Its stored {used} are used.\n")
    return dataset, table
