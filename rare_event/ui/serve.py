"""Serve the app from any folder, from a checkout or an installed wheel: `python -m rare_event.ui.serve`."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

from rare_event.errors import ConfigError, RareEventError

PACKAGE = Path(__file__).parents[1]
LOCAL = ("localhost", "127.0.0.1")
LARGEST_PORT = 65535
BAD_INPUT = 2


def app_script() -> Path:
    """Return the app's entry script; its pages and its configuration lie next to it.

    Raises
    ------
    ConfigError
        If it is missing.
    """
    # A wheel carries the screens inside the package, a checkout has them next to it.
    for script in (PACKAGE / "_app" / "app.py", PACKAGE.parent / "app.py"):
        if (script.parent / "pages").is_dir() and script.is_file():
            return script
    raise ConfigError(f"The app's pages are missing from {PACKAGE}. Install the package again.")


def serve_options(port: int, address: str) -> list[str]:
    """Return Streamlit's options for a port and an address.

    Parameters
    ----------
    port
        From 1 to 65535.
    address
        A name or number of this machine.

    Raises
    ------
    ConfigError
        If the port is out of range.
    """
    if not 1 <= port <= LARGEST_PORT:
        raise ConfigError(f"The port is {port}; choose one from 1 to {LARGEST_PORT}.")
    hosts = [*LOCAL, address]
    if not _is_local(address):
        # Whoever opens the app to the network reaches it by this machine's names.
        hosts += [socket.gethostname(), socket.getfqdn()]
    options = [f"--server.allowedHosts={host}" for host in dict.fromkeys(hosts)]
    return [f"--server.port={port}", f"--server.address={address}", *options]


def serve(port: int, address: str, workspace: Path | None) -> None:
    """Serve the app until it is stopped.

    Parameters
    ----------
    port, address
        As of `serve_options`.
    workspace
        Where datasets and runs are kept; None leaves the workspace as it is.

    Raises
    ------
    ConfigError
        If the port is out of range or the app is missing.
    """
    script, options = app_script(), serve_options(port, address)
    if workspace is not None:
        # In the environment, so that worker processes find it too.
        os.environ["RARE_EVENT_HOME"] = str(workspace.expanduser().resolve())
    from streamlit.web.cli import main as streamlit

    # `streamlit run` reads the configuration next to the script after any other.
    streamlit(["run", str(script), *options], standalone_mode=False)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `serve` to a parser."""
    parser.add_argument("--port", type=int, default=8501, help="(default: %(default)s)")
    parser.add_argument(
        "--address",
        default="127.0.0.1",
        help="address to listen on (default: %(default)s)",
    )
    parser.add_argument("--workspace", type=Path, metavar="FOLDER", help="where datasets and runs are kept")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the app and return the exit code: 0, or 2 for options that cannot be used.

    Parameters
    ----------
    arguments
        Without the program's name; None takes those of the process.
    """
    parser = argparse.ArgumentParser(prog="python -m rare_event.ui.serve", description="Serve the app.")
    add_options(parser)
    options = parser.parse_args(arguments)
    try:
        serve(options.port, options.address, options.workspace)
    except RareEventError as error:
        sys.stderr.write(f"rare_event: {error}\n")
        return BAD_INPUT
    return 0


def _is_local(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


if __name__ == "__main__":
    sys.exit(main())
