"""Each connection is handed to one of several processes, by the cookie of its browser."""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

import pytest

from rare_event.ui import front as front_module
from rare_event.ui.front import COOKIE, LARGEST_HEAD, Front, Head

Answer = TypeVar("Answer")
BROWSER = "Accept: text/html\r\nUser-Agent: Chromium\r\n"
BODY = bytes(range(256)) * 4000


async def behind(talk: Callable[[int], Coroutine[Any, Any, Answer]], n_servers: int = 3) -> Answer:
    """Serve small processes' stand-ins behind a front, and talk to its port.

    Each answers with its number and what it was asked, and closes as it is told to; on a websocket it sends
    back what it gets.
    """

    def stand_in(number: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            content = await reader.readuntil(b"\r\n\r\n")
            head = Head.of(content)
            writer.write(b"HTTP/1.1 200 OK\r\nServer: %d\r\n\r\n" % number)
            if head.upgrades:
                with suppress(asyncio.CancelledError):
                    while piece := await reader.read(1 << 16):
                        writer.write(piece)
            elif length := int(head.value(b"content-length") or 0):
                writer.write(await reader.readexactly(length))
            else:
                writer.write(content)
            writer.close()

        return answer

    servers = [await asyncio.start_server(stand_in(each), "127.0.0.1", 0) for each in range(n_servers)]
    ports = [each.sockets[0].getsockname()[1] for each in servers]
    front = await asyncio.start_server(Front(ports).answer, "127.0.0.1", 0, limit=LARGEST_HEAD)
    try:
        return await talk(front.sockets[0].getsockname()[1])
    finally:
        for each in (front, *servers):
            each.close()


def run(talk: Callable[[int], Coroutine[Any, Any, Answer]], n_servers: int = 3) -> Answer:
    # In a thread of its own: a browser test before it may have left its loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(asyncio.wait_for(behind(talk, n_servers), 60))).result()


async def ask(port: int, head: str, body: bytes = b"") -> tuple[bytes, bytes]:
    """Send one request; return the head of the answer and the rest of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode() + b"\r\n" + body)
    answer = await reader.read()
    writer.close()
    first, _, rest = answer.partition(b"\r\n\r\n")
    return first, rest


def server_of(head: bytes) -> int:
    return int(head.partition(b"Server: ")[2][:1])


def cookie_of(head: bytes) -> str:
    return head.partition(b"Set-Cookie: ")[2].partition(b";")[0].decode()


def test_browsers_are_spread_and_each_stays_where_it_began() -> None:
    async def talk(port: int) -> list[tuple[int, list[int], bytes]]:
        met = []
        for _ in range(6):
            first, _ = await ask(port, f"GET / HTTP/1.1\r\n{BROWSER}")
            again = f"Cookie: theme=a; {cookie_of(first)}\r\n"
            later = [
                (await ask(port, f"GET {path} HTTP/1.1\r\n{again}{more}"))[0]
                for path, more in (("/", BROWSER), ("/static/a.js", ""), ("/media/b", "Accept: */*\r\n"))
            ]
            assert not any(b"Set-Cookie" in each for each in later), "it has one already"
            met.append((server_of(first), [server_of(each) for each in later], first))
        return met

    met = run(talk)
    assert sorted(first for first, _, _ in met) == [0, 0, 1, 1, 2, 2]
    assert all(later == [first] * 3 for first, later, _ in met)
    assert all(b"; Path=/; HttpOnly; SameSite=Lax" in head for _, _, head in met)


@pytest.mark.parametrize("value", ["3", "-1", "1.0", "", "0x1", "9" * 50, "²"])
def test_a_cookie_of_no_server_is_none(value) -> None:
    head = Head.of(f"GET / HTTP/1.1\r\nCookie: {COOKIE}={value}\r\n\r\n".encode())
    assert head.server(3) is None
    assert Head.of(f"GET / HTTP/1.1\r\ncookie: a=b;{COOKIE}=2\r\n\r\n".encode()).server(3) == 2


def test_a_browser_without_cookies_always_meets_the_same_server() -> None:
    async def talk(port: int) -> set[int]:
        heads = [await ask(port, f"GET /part{n} HTTP/1.1\r\nUser-Agent: Firefox\r\n") for n in range(6)]
        assert not any(b"Set-Cookie" in head for head, _ in heads)
        return {server_of(head) for head, _ in heads}

    assert len(run(talk)) == 1


def test_a_request_closes_its_connection_so_that_no_other_browser_shares_it() -> None:
    async def talk(port: int) -> bytes:
        lasting = "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nX-Connection: kept\r\n"
        return (await ask(port, f"GET / HTTP/1.1\r\nHost: plant.example\r\n{lasting}"))[1]

    asked = run(talk)
    assert asked.endswith(b"\r\nConnection: close\r\n\r\n") and b"keep-alive" not in asked.lower()
    assert b"Host: plant.example\r\n" in asked and b"X-Connection: kept\r\n" in asked


def test_an_upload_arrives_whole() -> None:
    async def talk(port: int) -> bytes:
        return (await ask(port, f"PUT /up HTTP/1.1\r\nContent-Length: {len(BODY)}\r\n", BODY))[1]

    assert run(talk) == BODY


def test_a_websocket_goes_both_ways_and_sessions_are_spread() -> None:
    async def talk(port: int) -> list[bytes]:
        upgrade = (
            f"GET /stream HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nCookie: {COOKIE}=1\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(upgrade.encode())
        said = [await reader.readuntil(b"\r\n\r\n")]
        for word in (b"one", b"two"):
            writer.write(word)
            said.append(await reader.readexactly(3))
        # Server 1 has a session: the next two browsers begin elsewhere.
        said += [(await ask(port, f"GET / HTTP/1.1\r\n{BROWSER}"))[0] for _ in range(2)]
        writer.close()
        return said

    first, one, two, *others = run(talk)
    assert server_of(first) == 1 and (one, two) == (b"one", b"two")
    assert sorted(server_of(each) for each in others) == [0, 2]


def test_a_server_that_is_starting_again_is_said() -> None:
    async def talk(_: int) -> tuple[bytes, bytes, bytes]:
        gone = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        ports = [gone.sockets[0].getsockname()[1]]
        gone.close()
        front = await asyncio.start_server(Front(ports).answer, "127.0.0.1", 0)
        try:
            port = front.sockets[0].getsockname()[1]
            whole = (await ask(port, f"PUT /up HTTP/1.1\r\nContent-Length: {len(BODY)}\r\n", BODY))[0]
            return *(await ask(port, f"GET / HTTP/1.1\r\n{BROWSER}")), whole
        finally:
            front.close()

    head, said, whole = run(talk)
    assert head.startswith(b"HTTP/1.1 503 ") and b"Set-Cookie" not in head
    assert whole.startswith(b"HTTP/1.1 503 "), "nor is an upload broken off before it is said"
    assert said == b"The app is starting again. Load this page again in a few seconds."


@pytest.mark.parametrize("sent", [b"", b"GET", b"\x00\xff\r\n", b"\r\n\r\n", b"GET / HTTP/1.1\r\n" * 3])
def test_what_is_no_request_harms_no_other(sent) -> None:
    async def talk(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        writer.write_eof()
        await reader.read()
        writer.close()
        return (await ask(port, f"GET / HTTP/1.1\r\n{BROWSER}"))[0]

    assert run(talk).startswith(b"HTTP/1.1 200 OK")


def test_a_head_without_end_is_refused() -> None:
    async def talk(port: int) -> bytes:
        return (await ask(port, "GET / HTTP/1.1\r\nCookie: " + "a" * 2 * LARGEST_HEAD))[0]

    assert run(talk).startswith(b"HTTP/1.1 431 ")


async def served(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any], more: tuple[int | None, ...] = ()
) -> tuple[asyncio.Server, asyncio.Server]:
    """Serve one stand-in behind a front; `more` are the ports of others."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    ports = (*more, server.sockets[0].getsockname()[1])
    return server, await asyncio.start_server(Front(ports).answer, "127.0.0.1", 0, limit=LARGEST_HEAD)


def test_an_upload_that_breaks_off_is_not_waited_for() -> None:
    async def talk(_: int) -> int:
        broken: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            try:
                await reader.readexactly(1000)
            except asyncio.IncompleteReadError as error:
                broken.set_result(len(error.partial))
            writer.close()

        server, front = await served(take)
        writer = (await asyncio.open_connection(*front.sockets[0].getsockname()))[1]
        writer.write(b"PUT /up HTTP/1.1\r\nContent-Length: 1000\r\n\r\nbegun")
        await writer.drain()
        await asyncio.sleep(0)
        # A network that breaks resets the connection instead of ending it.
        lingering = writer.get_extra_info("socket")
        lingering.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        try:
            return await asyncio.wait_for(broken, 30)
        finally:
            server.close()
            front.close()

    assert run(talk) < 1000


def test_a_browser_that_takes_nothing_is_given_up(monkeypatch) -> None:
    monkeypatch.setattr(front_module, "LONGEST_STALL", 0.05)

    async def talk(_: int) -> tuple[int, int]:
        given_up: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            sent = 0
            with suppress(OSError):
                while True:
                    writer.write(BODY)
                    sent += len(BODY)
                    await writer.drain()
            given_up.set_result(sent)

        server, front = await served(flood)
        reader, writer = await asyncio.open_connection(*front.sockets[0].getsockname())
        writer.write(b"GET /media/a HTTP/1.1\r\n\r\n")
        sent = await asyncio.wait_for(given_up, 30)
        taken = 0
        with suppress(ConnectionError):
            while piece := await reader.read(1 << 20):
                taken += len(piece)
        writer.close()
        server.close()
        front.close()
        return taken, sent

    taken, sent = run(talk)
    assert 0 < taken < sent


def test_a_new_browser_meets_a_server_that_serves() -> None:
    async def talk(_: int) -> list[bytes]:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            writer.close()

        server, front = await served(greet, more=(None, None))
        port = front.sockets[0].getsockname()[1]
        asked = [BROWSER, BROWSER, "User-Agent: a\r\n", "User-Agent: b\r\n", f"Cookie: {COOKIE}=1\r\n"]
        heads = [(await ask(port, f"GET / HTTP/1.1\r\n{each}"))[0] for each in asked]
        server.close()
        front.close()
        return heads

    *others, stays = run(talk)
    assert all(b" 200 " in head for head in others)
    assert [cookie_of(head) for head in others] == [f"{COOKIE}=2"] * 2 + [""] * 2
    assert b" 503 " in stays and b"Set-Cookie" not in stays


def test_an_answer_with_a_long_head_arrives_whole() -> None:
    long = b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 2 * LARGEST_HEAD + b"\r\n\r\nbody"

    async def talk(_: int) -> bytes:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(long)
            writer.close()

        server, front = await served(answer)
        head, rest = await ask(front.sockets[0].getsockname()[1], f"GET / HTTP/1.1\r\n{BROWSER}")
        server.close()
        front.close()
        return head + b"\r\n\r\n" + rest

    assert run(talk) == long


def test_connections_that_are_open_at_the_end_raise_no_complaint() -> None:
    complaints: list[dict[str, Any]] = []

    async def talk(port: int) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
        _, idle = await asyncio.open_connection("127.0.0.1", port)
        idle.write(b"GET")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /s HTTP/1.1\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n")
        writer.write(b"open")
        assert await reader.readexactly(4) == b"open"

    run(talk)
    assert complaints == []


def test_only_a_websocket_keeps_its_connection() -> None:
    half = Head.of(b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: keep-alive\r\n\r\n")
    assert not half.upgrades and half.closing().endswith(b"\r\nConnection: close\r\n\r\n")
    whole = Head.of(
        b"GET / HTTP/1.1\r\nConnection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    assert whole.upgrades and b"close" not in whole.closing()


def test_cookies_may_come_in_several_lines() -> None:
    head = Head.of(f"GET / HTTP/1.1\r\nCookie: a=b\r\nCookie: {COOKIE}=1\r\n\r\n".encode())
    assert head.server(3) == 1 and head.server(1) is None
