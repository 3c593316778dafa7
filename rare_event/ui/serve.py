"""Serve the app from any folder, in a checkout or an installed wheel: `rare-event app`."""

from __future__ import annotations

import argparse
import os
import re
import socket
from ipaddress import ip_address
from pathlib import Path

from rare_event.errors import ConfigError

PACKAGE = Path(__file__).parents[1]
LOCAL = ("localhost", "127.0.0.1")
LARGEST_PORT = 65535
MOST_SERVERS = 64
# Settings of Streamlit under which several servers could not be reached through one address.
ALONE = ("server.baseUrlPath", "server.sslCertFile")


def app_script() -> Path:
    """Return the app's entry script, which lies next to its pages and configuration.

    Raises
    ------
    ConfigError
        If it is missing.
    """
    # A wheel has the pages inside the package, a checkout next to it.
    for script in (PACKAGE / "_app" / "app.py", PACKAGE.parent / "app.py"):
        if (script.parent / "pages").is_dir() and script.is_file():
            return script
    raise ConfigError(f"The app's pages are missing from {PACKAGE}. Install the package again.")


def serve_options(port: int, address: str) -> list[str]:
    """Return Streamlit's options for a port (1 to 65535) and an address of this machine.

    Raises
    ------
    ConfigError
        If the port is out of range.
    """
    if not 1 <= port <= LARGEST_PORT:
        raise ConfigError(f"The port is {port}; choose one from 1 to {LARGEST_PORT}.")
    hosts = [*LOCAL, address]
    if not _is_local(address):
        # Other machines reach the app by this machine's names.
        hosts += [socket.gethostname(), socket.getfqdn()]
    options = [f"--server.allowedHosts={host}" for host in dict.fromkeys(hosts)]
    return [f"--server.port={port}", f"--server.address={address}", *options]


def require_servers(servers: int) -> None:
    """Refuse a number of serving processes that is none, that no computer bears, or that cannot be reached.

    Raises
    ------
    ConfigError
        If it is not from 1 to 64, or more than 1 where a setting of Streamlit allows only one.
    """
    if not 1 <= servers <= MOST_SERVERS:
        raise ConfigError(f"The number of servers is {servers}; choose one from 1 to {MOST_SERVERS}.")
    for option in ALONE if servers > 1 else ():
        if _is_set(option):
            raise ConfigError(
                f"Several servers do not work with Streamlit's setting {option}. Remove it from config.toml "
                "or the environment, and let a proxy do it; or start one server."
            )


def _is_set(option: str) -> bool:
    from streamlit import config

    name = "STREAMLIT_" + re.sub("([A-Z])", r"_\1", option).replace(".", "_").upper()
    return bool(os.environ.get(name) or config.get_option(option))


def serve(port: int, address: str, workspace: Path | None, servers: int = 1) -> None:
    """Serve the app until it is stopped; without a workspace, use the default.

    Raises
    ------
    ConfigError
        If the port or the number of serving processes is out of range, or the app is missing.
    """
    script, options = app_script(), serve_options(port, address)
    require_servers(servers)
    if workspace is not None:
        # In the environment, so that worker processes use it too.
        os.environ["RARE_EVENT_HOME"] = str(workspace.expanduser().resolve())
    if servers > 1:
        from rare_event.ui.serving import serve_several

        _, _, *hosts = options
        command = ["run", str(script), *hosts, f"--browser.serverAddress={address}"]
        serve_several(servers, command, port, address)
        return
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
    parser.add_argument(
        "--servers",
        type=int,
        default=1,
        metavar="N",
        help="processes that serve the pages, for more than about ten people at once (default: %(default)s)",
    )
    parser.add_argument("--workspace", type=Path, metavar="FOLDER", help="where datasets and runs are kept")


def _is_local(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
