"""The command that stops a new run which is worse than the old."""

from __future__ import annotations

import argparse
import json
import sys

from rare_event.cli.options import add_json
from rare_event.errors import ConfigError

WORSE = 1
GATE = (
    "Exit codes: 0 the new run is not shown to be worse; 1 it is worse, and the 95% interval of the "
    "difference leaves 0 out; 2 the runs cannot be compared."
)


def gate_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `gate`."""
    parser.add_argument("new", metavar="RUN_NEW", help="id of the new run")
    parser.add_argument("old", metavar="RUN_OLD", help="id of the run that it would replace")
    add_json(parser)
    parser.set_defaults(command=gate_command)


def gate_command(options: argparse.Namespace) -> int:
    """Compare a new run with an old one; 1 if it is worse."""
    from rare_event.compare.gate import gate
    from rare_event.store.runs import open_run
    from rare_event.store.serial import to_plain

    if options.new == options.old:
        raise ConfigError(f"Both ids name the run {options.new}. Give the new run first, then the old one.")
    found = gate(open_run(options.new), open_run(options.old))
    if options.json:
        figures = to_plain(found) | {"worse": found.worse, "what": found.in_words}
        sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    else:
        sys.stdout.write(found.in_words + "\n")
    return WORSE if found.worse else 0
