"""Several serving processes, started, watched and ended together: `rare-event app --servers`."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psutil

from rare_event.errors import ConfigError
from rare_event.experiment.watchdog import end_with
from rare_event.ui.front import LARGEST_HEAD, LOCAL, Front

# Signs the cookies of all processes alike.
SECRET = "STREAMLIT_SERVER_COOKIE_SECRET"
ONE = "import sys; from rare_event.ui.serving import serve_one; serve_one(int(sys.argv[1]), sys.argv[2:])"
HEALTH = b"GET /_stcore/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
LONGEST_START, LONGEST_END = 60.0, 3.0  # seconds
LONGEST_ANSWER = 5.0  # seconds
POLL, PAUSE = 0.1, 1.0  # seconds


def serve_one(parent: int, command: Sequence[str]) -> None:
    """Serve by Streamlit until the process that started this one has ended."""
    end_with(parent)
    from streamlit.web.cli import main as streamlit

    streamlit(list(command), standalone_mode=False)


def serve_several(n_servers: int, command: Sequence[str], port: int, address: str) -> None:
    """Serve the app by several processes behind one address, until this one is stopped.

    Parameters
    ----------
    n_servers
        How many.
    command
        Arguments of Streamlit, without a port and an address.
    port, address
        Where browsers reach them.

    Raises
    ------
    ConfigError
        If the address or the port cannot be served, or no process answers within a minute.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        listening = socket.create_server((address, port), family=family, backlog=128)
    except OSError as error:
        raise ConfigError(
            f"Port {port} of {address} cannot be served: {error.strerror}. Choose another with --port."
        ) from error
    with listening:
        asyncio.run(_serve(n_servers, command, listening))


async def _serve(n_servers: int, command: Sequence[str], listening: socket.socket) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        # Windows has none in a loop; Ctrl-C ends it there.
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
    ports: list[int | None] = [None] * n_servers
    environment = {SECRET: secrets.token_hex(32), **os.environ}
    kept = [asyncio.create_task(_keep(ports, each, command, environment)) for each in range(n_servers)]
    stopped = asyncio.create_task(stop.wait())
    healthy = asyncio.create_task(_until_healthy(ports))
    try:
        await asyncio.wait({healthy, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not stopped.done():
            await healthy
            server = await asyncio.start_server(Front(ports).answer, sock=listening, limit=LARGEST_HEAD)
            host, port = listening.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            sys.stdout.write(f"The app is at http://{shown}:{port}, served by {n_servers} processes.\n")
            sys.stdout.flush()
            try:
                await stopped
            finally:
                # Not `async with`: that waits for browsers, which keep their websockets.
                server.close()
    finally:
        for task in (healthy, *kept):
            task.cancel()
        await asyncio.gather(healthy, *kept, return_exceptions=True)


async def _keep(
    ports: list[int | None], number: int, command: Sequence[str], environment: dict[str, str]
) -> None:
    """Run a serving process, and another whenever it ends, until this task is cancelled."""
    while True:
        try:
            ended = f"has ended with code {await _run_one(ports, number, command, environment)}"
        except OSError as error:
            ended = f"cannot be started: {error.strerror}"
        sys.stderr.write(f"A serving process {ended}. It is started again.\n")
        await asyncio.sleep(PAUSE)


async def _run_one(
    ports: list[int | None], number: int, command: Sequence[str], environment: dict[str, str]
) -> int:
    """Run a serving process until it ends, and return its code.

    Its port is in `ports` while it serves: another process, maybe of another person, may take a port before
    this one does, and is handed nothing.
    """
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ONE, str(os.getpid()), *command),
        *(f"--server.port={port}", f"--server.address={LOCAL}"),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    ended = asyncio.create_task(process.wait())
    try:
        while not ended.done() and not (await _is_healthy(port) and listens(process.pid, port)):
            await asyncio.wait({ended}, timeout=POLL)
        ports[number] = port
        return await ended
    except asyncio.CancelledError:
        await _end(process)
        raise
    finally:
        ports[number] = None


async def _end(process: asyncio.subprocess.Process) -> None:
    # It may have ended at the same Ctrl-C.
    with suppress(ProcessLookupError):
        process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), LONGEST_END)
            return
        process.kill()
        await process.wait()


async def _until_healthy(ports: Sequence[int | None]) -> None:
    try:
        async with asyncio.timeout(LONGEST_START):
            while None in ports:
                await asyncio.sleep(POLL)
    except TimeoutError as error:
        raise ConfigError(
            f"The app does not answer within {LONGEST_START:.0f} s. Start it again, or with fewer servers."
        ) from error


async def _is_healthy(port: int) -> bool:
    with suppress(OSError):
        reader, writer = await asyncio.open_connection(LOCAL, port)
        try:
            writer.write(HEALTH)
            async with asyncio.timeout(LONGEST_ANSWER):
                return (await reader.read(LARGEST_HEAD)).startswith(b"HTTP/1.1 200")
        finally:
            writer.close()
    return False


def listens(pid: int, port: int) -> bool:
    """Whether a process or what it started serves a port, and no stranger does."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        # On Windows the interpreter of an environment starts another.
        sockets = (one for each in (process, *process.children(recursive=True)) for one in _sockets(each))
        return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in sockets)
    return False


def _sockets(process: psutil.Process) -> list[Any]:
    with suppress(psutil.Error):
        return list(process.net_connections("tcp"))
    return []


def _free_port() -> int:
    """Return a port of the loopback address that nobody serves."""
    with socket.create_server((LOCAL, 0)) as free:
        port: int = free.getsockname()[1]
        return port
