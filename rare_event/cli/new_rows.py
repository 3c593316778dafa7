"""Options of the commands that use a trained model on new rows."""

from __future__ import annotations

import argparse
from pathlib import Path

from rare_event.cli import following, scoring
from rare_event.cli.options import add_file, add_json

FOLLOW = (
    "Each row is scored once. If the command is interrupted, run it again to resume. Write each file under a "
    "name that ends in .tmp and then rename it, or append whole lines. The webhook receives each record of "
    "alarms.jsonl in order and at least once: after a crash the last one may come again, with the same id."
)

SHELVE = (
    'no alarm begins or continues before this time, such as "2024-05-01 14:00", on the clock of the rows, or '
    '"2024-05-01 14:00+02:00" where their times have a zone; the results say for how many rows'
)


def score_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `score`."""
    parser.add_argument("model", metavar="RUN_OR_BUNDLE", help="id that `run` prints, or a bundle")
    add_file(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder for the results")
    parser.add_argument(
        "--map", action="append", default=[], metavar="NEW=OLD", help="column NEW was called OLD in training"
    )
    parser.add_argument(
        "--history",
        type=Path,
        metavar="FILE",
        help="rows that come before those of the file; they fill its first windows and get no result",
    )
    parser.add_argument("--shelve-until", metavar="TIME", help=SHELVE)
    add_json(parser)
    parser.add_argument("--force", action="store_true", help="replace earlier results in the folder")
    parser.set_defaults(command=scoring.score_command)


def follow_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `follow`."""
    parser.add_argument("model", metavar="RUN_OR_BUNDLE", help="id that `run` prints, or a bundle")
    parser.add_argument(
        "--watch", type=Path, required=True, metavar="DIR", help="folder in which files arrive or grow"
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder for the results: scores.csv, alarms.jsonl, files.jsonl, with a watch level "
        "watch_alarms.jsonl, and the state to resume from",
    )
    parser.add_argument("--webhook", metavar="URL", help="also post each record of an alarm to this address")
    whole = "files arrive complete and never grow; a last line without a line end counts too"
    parser.add_argument("--whole", action="store_true", help=whole)
    parser.add_argument("--once", action="store_true", help="stop when there is nothing new to score")
    parser.add_argument(
        "--map", action="append", default=[], metavar="NEW=OLD", help="column NEW was called OLD in training"
    )
    parser.add_argument("--shelve-until", metavar="TIME", help=SHELVE)
    interval = "seconds between two looks at the folder (default: %(default)s)"
    parser.add_argument("--interval", type=float, default=0.2, help=interval)
    parser.add_argument("--json", action="store_true", help="print the records of alarms only, one a line")
    parser.set_defaults(command=following.follow_command)


def bundle_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `bundle`."""
    parser.add_argument("run", help="id that `run` prints")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.zip", help="output file")
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    parser.set_defaults(command=scoring.bundle_command)


def import_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `import`."""
    parser.add_argument("bundle", type=Path, metavar="FILE.zip", help="file that `bundle` wrote")
    add_json(parser)
    parser.set_defaults(command=scoring.import_command)
