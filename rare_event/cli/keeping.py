"""The commands that look after a workspace: what is in it, and what is deleted."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rare_event.cli.options import add_json
from rare_event.cli.people import people, people_in_words
from rare_event.errors import ConfigError, RareEventError
from rare_event.text import plural, printable

if TYPE_CHECKING:
    from rare_event.store.maps import DesignMap
    from rare_event.store.runs import Run

DELETE = (
    "Ids are those that `list` prints; of a dataset, the first characters are enough. Nothing is deleted "
    "unless all can be: what is queued, running or in use is refused. A run is deleted with the files that "
    "were scored with it, a map with its cells. This cannot be undone."
)
KINDS = ("run", "dataset", "map")
# Of a digest: how many characters `list` prints, and how many `delete` needs.
SHOWN, FEWEST = 12, 6


def list_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `list`."""
    add_json(parser)
    parser.set_defaults(command=list_command)


def delete_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `delete`."""
    parser.add_argument("kind", choices=KINDS, help="what is deleted")
    parser.add_argument("ids", nargs="+", metavar="ID", help="id that `list` prints")
    parser.add_argument(
        "--with-runs", action="store_true", help="also delete the runs and maps of these datasets"
    )
    parser.set_defaults(command=delete_command)


def list_command(options: argparse.Namespace) -> int:
    """Print the datasets, runs and maps of the workspace, the latest first, and who has one inside it."""
    runs, cells, maps = list(_runs()), _cells(), list(_maps())
    found = {"datasets": list(_datasets(runs, maps)), "runs": runs, "maps": maps}
    if options.json:
        sys.stdout.write(json.dumps(found | people(), indent=1) + "\n")
    else:
        sys.stdout.write("".join(_section(title, rows) for title, rows in found.items()) + people_in_words())
    listed = {row["id"] for rows in found.values() for row in rows}
    if unreadable := len(_all_ids() - listed - cells):
        these = "1 entry" if unreadable == 1 else f"{unreadable:,} entries"
        sys.stderr.write(
            f"rare_event: {these} of the workspace cannot be read. `doctor` says which and why.\n"
        )
    return 0


def delete_command(options: argparse.Namespace) -> int:
    """Delete runs, datasets or maps: all that are named, or none."""
    if options.with_runs and options.kind != "dataset":
        raise ConfigError(f"--with-runs belongs to `delete dataset`. A {options.kind} needs no option.")
    find = {"run": _run_deletion, "map": _map_deletion, "dataset": _dataset_deletion}[options.kind]
    deletions = [find(each, options.with_runs) for each in dict.fromkeys(options.ids)]
    for words, delete in deletions:
        delete()
        sys.stdout.write(f"deleted {printable(words)}\n")
    return 0


# What is printed once it is deleted, and what deletes it.
Deletion = tuple[str, Callable[[], None]]


def _run_deletion(run_id: str, _: bool) -> Deletion:
    from rare_event.store.deleting import delete_run, of_run, require_run_unused
    from rare_event.store.runs import open_run

    run = open_run(run_id)
    require_run_unused(run)
    return _said(run.named, of_run(run).in_words), lambda: delete_run(run)


def _map_deletion(map_id: str, _: bool) -> Deletion:
    from rare_event.store.deleting import delete_map, of_map, require_map_unused
    from rare_event.store.maps import open_map

    design_map = open_map(map_id)
    require_map_unused(design_map)
    return _said(design_map.named, of_map(design_map).in_words), lambda: delete_map(design_map)


def _dataset_deletion(given: str, with_runs: bool) -> Deletion:
    from rare_event.store.deleting import (
        delete_dataset,
        name_of_dataset,
        of_dataset,
        require_dataset_unused,
    )

    digest = _digest(given)
    require_dataset_unused(digest, with_runs)
    said = _said(f"dataset {name_of_dataset(digest)}", of_dataset(digest).in_words)
    return said, lambda: delete_dataset(digest, with_runs)


def _said(named: str, also: str) -> str:
    return f"{named} with {also}" if also else named


def _digest(given: str) -> str:
    """Complete the digest of a dataset, which may be damaged.

    Raises
    ------
    ConfigError
        If no dataset begins so, or several do.
    """
    found = [digest for digest in _digests() if len(given) >= FEWEST and digest.startswith(given)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(
            f"The ids of {len(found)} datasets begin with {given!r}. Give more characters of the id."
        )
    raise ConfigError(
        f"There is no dataset {given[:40]!r} in this workspace. Use an id that `list` prints, or at least "
        f"its first {FEWEST} characters."
    )


def _datasets(runs: Sequence[dict[str, Any]], maps: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    from rare_event.store.datasets import list_datasets

    n_runs, n_maps = (Counter(row["dataset_id"] for row in rows) for rows in (runs, maps))
    for dataset in list_datasets():
        digest = dataset.digest
        yield {
            "id": digest,
            "name": dataset.name,
            "added": dataset.added,
            "rows": dataset.n_rows,
            "runs": n_runs[digest],
            "maps": n_maps[digest],
        }


def _runs() -> Iterator[dict[str, Any]]:
    """Yield what is said of each run; cells are counted with their map."""
    from rare_event.store.runs import list_runs

    for run in list_runs(role=None):
        with suppress(RareEventError):
            if run.purpose().role != "cell":
                yield _run(run)


def _run(run: Run) -> dict[str, Any]:
    from rare_event.compare.titles import name_of_run

    dataset = run.dataset()
    return {
        "id": run.id,
        "name": name_of_run(run),
        "state": run.status().state,
        "role": run.purpose().role,
        "dataset": dataset.name,
        "dataset_id": dataset.digest,
    }


def _maps() -> Iterator[dict[str, Any]]:
    from rare_event.store.maps import list_maps

    for design_map in list_maps():
        with suppress(RareEventError):
            yield _map(design_map)


def _map(design_map: DesignMap) -> dict[str, Any]:
    dataset = design_map.dataset()
    return {
        "id": design_map.id,
        "state": design_map.state().state,
        "cells": len(design_map.space()),
        "trained": len(design_map.cells()),
        "dataset": dataset.name,
        "dataset_id": dataset.digest,
    }


def _cells() -> set[str]:
    from rare_event.store.runs import list_runs

    return {run.id for run in list_runs(role="cell")}


def _all_ids() -> set[str]:
    """Return the ids of all there is, readable or not."""
    from rare_event.store.folders import list_folders
    from rare_event.store.maps import DesignMap
    from rare_event.store.runs import Run

    return {work.id for kind in (Run, DesignMap) for work in list_folders(kind)} | set(_digests())


def _digests() -> list[str]:
    from rare_event.store.originals import DIGEST
    from rare_event.store.workspace import home

    return [each.name for each in (home() / "datasets").glob("*") if DIGEST.fullmatch(each.name)]


def _section(title: str, rows: Sequence[dict[str, Any]]) -> str:
    """Lay one kind out in lines; names come last, as they may be long."""
    lines = [f"{title}: none\n" if not rows else f"{title}:\n"]
    for row in rows:
        lines.append(f"  {_line(title, row)}\n")
    return "".join(lines)


def _line(kind: str, row: dict[str, Any]) -> str:
    if kind == "datasets":
        counts = f"{plural(row['rows'], 'row')}, {plural(row['runs'], 'run')}, {plural(row['maps'], 'map')}"
        return f"{row['id'][:SHOWN]}  {counts}  {printable(row['name'])}"
    if kind == "runs":
        role = "" if row["role"] == "run" else f" ({row['role']})"
        return f"{row['id']}  {row['state']:11}  {printable(row['name'])}{role}, {printable(row['dataset'])}"
    cells = f"{row['trained']} of {plural(row['cells'], 'cell')}"
    return f"{row['id']}  {row['state']:11}  {cells}, {printable(row['dataset'])}"
