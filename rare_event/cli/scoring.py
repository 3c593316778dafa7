"""The commands that put a trained model to work: score, bundle, import."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rare_event.cli.output import check_output
from rare_event.errors import ConfigError

if TYPE_CHECKING:
    from rare_event.experiment.trained import Trained
    from rare_event.read.source import Files


def score_command(options: argparse.Namespace) -> int:
    """Score new rows and write scores, alarms and figures into a folder."""
    from rare_event.experiment.score import score
    from rare_event.experiment.shelving import check_shelving
    from rare_event.jobs.spread import cluster_pieces
    from rare_event.store.incoming import read_new
    from rare_event.store.scored import check_folder, describe, exports, summary, write_folder

    check_folder(options.out, options.force)
    mapping = mapping_of(options.map)
    trained = trained_of(options.model)
    until = check_shelving(trained, options.shelve_until)
    pieces_by = cluster_pieces(trained.part)
    source = _source([file for path in options.file for file in _files_of(path)])
    incoming = read_new(trained, source, _name(source), mapping, options.history)
    scored = score(trained, incoming.matched.ready(), incoming.history, pieces_by, shelve_until=until)
    write_folder(exports(trained, scored), options.out, options.force)
    if options.json:
        sys.stdout.write(json.dumps(summary(trained, scored), indent=1) + "\n")
    else:
        sys.stdout.write(describe(trained, scored) + f"results in {options.out}\n")
    return 0


def trained_of(text: str) -> Trained:
    """Open the model of a run by its id, or of a bundle by its path.

    Raises
    ------
    RunError
        If there is neither, or it cannot be used.
    """
    from rare_event.store.archive import open_bundle
    from rare_event.store.bundle import open_trained
    from rare_event.store.runs import open_run

    if Path(text).is_file():
        return open_bundle(Path(text))
    return open_trained(open_run(text))


def mapping_of(texts: list[str]) -> dict[str, str]:
    """Read the options --map.

    Raises
    ------
    ConfigError
        If one is not NEW=OLD, or names a column twice.
    """
    mapping: dict[str, str] = {}
    for text in texts:
        new, sign, old = text.rpartition("=")
        if not sign or not new or not old:
            raise ConfigError(f"--map is {text!r}. Write the name in the file, =, and the name in training.")
        if new in mapping:
            raise ConfigError(f"--map names the column {new!r} twice. Leave one out.")
        mapping[new] = old
    return mapping


def _files_of(path: Path) -> list[Path]:
    """Return the Parquet files of a folder, by name, or the file itself."""
    if not path.is_dir():
        return [path]
    files = sorted(path.glob("*.parquet"))
    if not files:
        raise ConfigError(f"The folder {path} holds no .parquet file. Choose another one, or name the files.")
    return files


def _source(paths: list[Path]) -> Path | Files:
    from rare_event.read.source import Files

    if len(paths) == 1:
        return paths[0]
    return Files(tuple(paths), tuple(path.name for path in paths))


def _name(source: Path | Files) -> str:
    return source.name


def bundle_command(options: argparse.Namespace) -> int:
    """Write a run to one file."""
    from rare_event.store.archive import save_archive
    from rare_event.store.runs import open_run

    check_output(options.out, options.force)
    manifest = save_archive(open_run(options.run), options.out)
    size = options.out.stat().st_size / 1e6
    sys.stdout.write(f"{options.out}: {manifest.title}, {len(manifest.files)} files, {size:.1f} MB\n")
    return 0


def import_command(options: argparse.Namespace) -> int:
    """Bring a bundle into the workspace and print its run."""
    from rare_event.store.archive import import_archive

    run = import_archive(options.bundle)
    if options.json:
        sys.stdout.write(json.dumps({"run": run.id}) + "\n")
    else:
        sys.stdout.write(f"run {run.id}\n")
    return 0
