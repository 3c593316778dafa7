"""The command that writes the report of a run."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rare_event.cli.output import check_output
from rare_event.errors import ConfigError, RareEventError

if TYPE_CHECKING:
    from rare_event.store.runs import Run

REPORT = (
    "The file holds everything and needs no internet connection: open it in a browser, send it, or print it "
    "on A4. While the test data are sealed, it shows validation figures only; writing it is no look at the "
    "test data."
)


def report_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `report`."""
    parser.add_argument("run", metavar="RUN", help="id that `run` prints")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.html", help="output file")
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    parser.set_defaults(command=report_command)


def report_command(options: argparse.Namespace) -> int:
    """Write the report of a run to one HTML file."""
    from rare_event.report.page import write_report
    from rare_event.store.runs import open_run

    run = open_run(options.run)
    check_output(options.out, options.force, inputs_of(run))
    if options.out.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"The report is an HTML file, but {options.out.name} does not end in .html.")
    write_report(run, options.out)
    sys.stdout.write(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB\n")
    return 0


def inputs_of(run: Run) -> list[Path]:
    """List the files that a report is made of, which no output may replace."""
    from rare_event.store.originals import folder_of

    folders = [run.folder]
    # A damaged record is told when the report is made.
    with suppress(RareEventError):
        folders.append(folder_of(run.dataset().digest))
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]
