"""Serve the app from wherever the package lies: a checkout, or an installed wheel."""

from __future__ import annotations

import os
import socket
from ipaddress import ip_address
from pathlib import Path

from rare_event.errors import ConfigError

PACKAGE = Path(__file__).parents[1]
LOCAL = ("localhost", "127.0.0.1")
LARGEST_PORT = 65535


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
    from streamlit.web.cli import main

    # `streamlit run` reads the configuration next to the script after any other.
    main(["run", str(script), *options], standalone_mode=False)


def _is_local(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
