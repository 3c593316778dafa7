"""One address for several serving processes: each browser stays with the one that it met first.

A process of Streamlit runs all its pages on one core, and holds what a session uploads and downloads. So each
connection goes to one process by the cookie of its browser, and carries one request or one websocket.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from zlib import crc32

LOCAL = "127.0.0.1"
COOKIE = "rare_event_server"
END = b"\r\n\r\n"
LASTING = (b"connection:", b"keep-alive:")
LARGEST_HEAD = 1 << 16  # bytes
LARGEST_PIECE = 1 << 18  # bytes
LONGEST_HEAD, LONGEST_STALL, LONGEST_REST = 60.0, 300.0, 5.0  # seconds
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
SAID = b"The app is starting again. Load this page again in a few seconds."
NOT_THERE = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 2\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(SAID), SAID)
)


@dataclass(frozen=True)
class Head:
    r"""The head of a request: its first line, and its header lines.

    Examples
    --------
    >>> head = Head.of(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
    >>> head.closing()
    b'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    """

    first: bytes
    lines: tuple[bytes, ...]

    @classmethod
    def of(cls, content: bytes) -> Head:
        """Read the head of a request, which ends with an empty line."""
        first, *lines = content.removesuffix(END).split(b"\r\n")
        return cls(first, tuple(lines))

    def value(self, name: bytes) -> bytes:
        """Return the values of a header, in lower case, after each other; empty if there is none."""
        values = (line.partition(b":") for line in self.lines)
        return b";".join(text.strip().lower() for key, _, text in values if key.strip().lower() == name)

    @property
    def upgrades(self) -> bool:
        """Whether it opens a websocket."""
        return self.value(b"upgrade") == b"websocket" and b"upgrade" in self.value(b"connection")

    @property
    def opens_page(self) -> bool:
        """Whether a browser asks for a page, not for a part of one."""
        return self.first.startswith(b"GET ") and b"text/html" in self.value(b"accept")

    def server(self, n_servers: int) -> int | None:
        """Return the number of the process that the cookie names; None if it names none of them."""
        for part in self.value(b"cookie").split(b";"):
            name, _, number = part.strip().partition(b"=")
            if name == COOKIE.encode() and number.isdigit() and int(number) < n_servers:
                return int(number)
        return None

    def closing(self) -> bytes:
        """Return the head for the process: a request closes its connection, a websocket keeps it."""
        kept = self.lines
        if not self.upgrades:
            kept = tuple(line for line in kept if not line.lower().startswith(LASTING))
            kept = (*kept, b"Connection: close")
        return b"\r\n".join((self.first, *kept)) + END


class Front:
    """Hands each connection to one of several processes.

    Parameters
    ----------
    ports
        Where each serves on the loopback address, as of now; None while it does not.
    """

    def __init__(self, ports: Sequence[int | None]) -> None:
        self._ports = ports
        self._sessions: Counter[int] = Counter()
        self._given: Counter[int] = Counter()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a connection, until either side closes it."""
        # A browser may go away at any moment, and the app may end: nobody else waits for this task.
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError, asyncio.CancelledError):
            try:
                head = Head.of(await asyncio.wait_for(reader.readuntil(END), LONGEST_HEAD))
            except asyncio.LimitOverrunError:
                await _refuse(TOO_LARGE, reader, writer)
            else:
                await self._hand_over(head, reader, writer)
        writer.close()

    async def _hand_over(
        self, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        number, cookie = self._number(head, str(writer.get_extra_info("peername", ("",))[0]))
        try:
            if (port := self._ports[number]) is None:
                raise ConnectionRefusedError
            answers, asks = await asyncio.open_connection(LOCAL, port, limit=LARGEST_HEAD)
        except OSError:
            await _refuse(NOT_THERE, reader, writer)
            return
        self._sessions[number] += head.upgrades
        asks.write(head.closing())
        upwards = asyncio.create_task(_copy(reader, asks))
        try:
            if cookie:
                # An answer whose head has no end is handed on as it is.
                with suppress(asyncio.LimitOverrunError):
                    answer = await answers.readuntil(END)
                    writer.write(answer.replace(b"\r\n", b"\r\nSet-Cookie: " + cookie + b"\r\n", 1))
            await _copy(answers, writer)
        finally:
            self._sessions[number] -= head.upgrades
            upwards.cancel()
            asks.close()

    def _number(self, head: Head, peer: str) -> tuple[int, bytes]:
        """Return the process of a request, and the cookie that keeps a browser there if it has none yet."""
        number = head.server(len(self._ports))
        if number is not None:
            return number, b""
        serving = [each for each, port in enumerate(self._ports) if port is not None]
        serving = serving or list(range(len(self._ports)))
        if not head.opens_page:
            # A browser that keeps no cookies always meets the same one, too.
            return serving[crc32(peer.encode() + head.value(b"user-agent")) % len(serving)], b""
        number = min(serving, key=lambda each: (self._sessions[each], self._given[each]))
        self._given[number] += 1
        return number, f"{COOKIE}={number}; Path=/; HttpOnly; SameSite=Lax".encode()


async def _refuse(answer: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(answer)
    writer.write_eof()
    # Closing while the browser still sends would reset the connection before it has read the answer.
    async with asyncio.timeout(LONGEST_REST):
        while await reader.read(LARGEST_PIECE):
            pass


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Copy until the source ends, no faster than the target takes it; one that takes nothing is given up."""
    with suppress(OSError):
        try:
            while piece := await source.read(LARGEST_PIECE):
                target.write(piece)
                async with asyncio.timeout(LONGEST_STALL):
                    await target.drain()
        except TimeoutError:
            # Closing would wait until it has taken the rest.
            target.transport.abort()
        finally:
            # Also when the source broke: the process would wait for the rest of an upload for ever.
            if target.can_write_eof():
                target.write_eof()
