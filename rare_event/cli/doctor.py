"""The command that checks the installation and the workspace, and repairs the workspace."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator

from rare_event.cli.installation import (
    Check,
    check_packages,
    check_port,
    check_training,
    check_workspace_disk,
)
from rare_event.cli.options import add_json
from rare_event.cli.people import people, people_in_words
from rare_event.text import printable

DOCTOR = (
    "Exit code 0 if all is well or was repaired, 1 otherwise. With --repair, damaged things are moved to "
    "set-aside/TIME in the workspace, never deleted; caches that cannot be read are deleted, because they "
    "are computed again; what a killed process left is removed after an hour, and its work marked as "
    "interrupted. What is queued, running or in use is left alone. Where people sign in, each has a "
    "workspace in users/ID of this one, which is checked by itself: set RARE_EVENT_HOME to its folder."
)
PORT, LARGEST_PORT = 8501, 65_535
NETWORKS = "tensorflow"


def a_port(text: str) -> int:
    """Read a port."""
    port = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= port <= LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"the port is {text}; choose one from 1 to {LARGEST_PORT}")
    return port


def doctor_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `doctor`."""
    parser.add_argument("--repair", action="store_true", help="set aside what is damaged, tidy the rest")
    parser.add_argument("--port", type=a_port, default=PORT, help="port of the app (default: %(default)s)")
    add_json(parser)
    parser.set_defaults(command=doctor_command)


def doctor_command(options: argparse.Namespace) -> int:
    """Check the installation and the workspace; return 0 if all is well or was repaired, otherwise 1."""
    from rare_event.store.check import damages_of
    from rare_event.store.repair import repair
    from rare_event.store.workspace import home

    checks = []
    for check in _checks(options.port):
        checks.append(check)
        if not options.json:
            _say(check.line)
    workspace, done, left = home(), list[str](), list[str]()
    damages = damages_of(workspace)
    if options.repair:
        done, left = repair(workspace, damages)
    wrong = left if options.repair else damages
    if options.json:
        report = {
            "ok": not wrong and all(check.ok for check in checks),
            "installation": [{"name": each.name, "ok": each.ok, "what": each.what} for each in checks],
            "damages": [
                {"kind": each.kind, "id": each.id, "file": each.file, "what": each.what} for each in damages
            ],
            "done": done,
            "left": left,
        }
        sys.stdout.write(json.dumps(report | people(), indent=1) + "\n")
    else:
        for line in (*(damage.in_words for damage in damages), *done, *left):
            _say(line)
        if not damages:
            _say("workspace: ok, all that is in it can be read")
        elif not options.repair:
            _say("workspace: run `doctor --repair` to set aside what is damaged; nothing is deleted.")
        sys.stdout.write(people_in_words())
    return 0 if not wrong and all(check.ok for check in checks) else 1


def _checks(port: int) -> Iterator[Check]:
    from rare_event.store.workspace import home

    packages = list(check_packages())
    yield from packages
    yield check_port(port)
    yield check_workspace_disk(home())
    networks = [check for check in packages if check.name == NETWORKS]
    if all(check.ok for check in packages):
        yield check_training(any("not installed" not in check.what for check in networks))
    else:
        yield Check("training", False, "Not tried, because a package is missing. Install it first.")


def _say(line: str) -> None:
    sys.stdout.write(f"{printable(line)}\n")
    sys.stdout.flush()
