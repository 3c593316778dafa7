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

from rare_event.errors import ConfigError
from rare_event.experiment.watchdog import end_with
from rare_event.ui.front import LARGEST_HEAD, LOCAL, Front

# Signs the cookies of all processes alike.
SECRET = "STREAMLIT_SERVER_COOKIE_SECRET"
ONE = "import sys; from rare_event.ui.serving import serve_one; serve_one(int(sys.argv[1]), sys.argv[2:])"
HEALTH = b"GET /_stcore/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
LONGEST_START, LONGEST_END = 60.0, 5.0  # seconds
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
    ports = _free_ports(n_servers)
    environment = {SECRET: secrets.token_hex(32), **os.environ}
    kept = [asyncio.create_task(_keep(port, command, environment)) for port in ports]
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
            async with server:
                await stopped
    finally:
        for task in (healthy, *kept):
            task.cancel()
        await asyncio.gather(healthy, *kept, return_exceptions=True)


async def _keep(port: int, command: Sequence[str], environment: dict[str, str]) -> None:
    """Run a serving process, and another whenever it ends, until this task is cancelled."""
    where = [f"--server.port={port}", f"--server.address={LOCAL}"]
    while True:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", ONE, str(os.getpid()), *command, *where),
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise
        sys.stderr.write(f"A serving process has ended with code {code}. It is started again.\n")
        await asyncio.sleep(PAUSE)


async def _end(process: asyncio.subprocess.Process) -> None:
    # It may have ended at the same Ctrl-C.
    with suppress(ProcessLookupError):
        process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), LONGEST_END)
            return
        process.kill()
        await process.wait()


async def _until_healthy(ports: Sequence[int]) -> bool:
    try:
        async with asyncio.timeout(LONGEST_START):
            for port in ports:
                while not await _is_healthy(port):
                    await asyncio.sleep(POLL)
    except TimeoutError as error:
        raise ConfigError(
            f"The app does not answer within {LONGEST_START:.0f} s. Start it again, or with fewer servers."
        ) from error
    return True


async def _is_healthy(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(LOCAL, port)
    except OSError:
        return False
    writer.write(HEALTH)
    answer = await reader.read()
    writer.close()
    return answer.startswith(b"HTTP/1.1 200")


def _free_ports(n_ports: int) -> list[int]:
    """Return ports of the loopback address that nobody serves; held together, so that they differ."""
    free = [socket.create_server((LOCAL, 0)) for _ in range(n_ports)]
    ports = [each.getsockname()[1] for each in free]
    for each in free:
        each.close()
    return ports
