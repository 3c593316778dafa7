"""Serving processes are found again, and end."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil
import pytest

from rare_event.ui.serving import _is_healthy, listens

# Stands for Streamlit: says that it is healthy, and keeps every other connection.
STAND_IN = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        if "health" not in self.path:
            self.wfile.write(b"open")
            self.rfile.read()
    def log_message(self, *_):
        pass
port = int(sys.argv[-2].partition("=")[2])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""
FRONT = """
import sys
from rare_event.ui import serving
serving.ONE = sys.argv[2]
serving.serve_several(2, [], int(sys.argv[1]), "127.0.0.1")
"""
WEBSOCKET = b"GET /s HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_it_ends_while_a_websocket_is_open() -> None:
    port = free_port()
    command = [sys.executable, "-c", FRONT, str(port), STAND_IN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stderr is not None
            assert process.stdout.readline() == (
                f"The app is at http://127.0.0.1:{port}, served by 2 processes.\n"
            )
            every = psutil.Process(process.pid).children(recursive=True)
            with socket.create_connection(("127.0.0.1", port)) as browser, browser.makefile("rb") as answer:
                browser.sendall(WEBSOCKET)
                assert b" 200 " in answer.readline()
                process.send_signal(signal.SIGTERM)
                assert process.wait(30) == 0
            assert process.stderr.read() == "", "nothing is complained of"
            assert psutil.wait_procs(every, timeout=30)[1] == []
        finally:
            with suppress(psutil.NoSuchProcess):
                for each in psutil.Process(process.pid).children(recursive=True):
                    each.kill()
            process.kill()


def test_the_port_of_a_stranger_is_not_taken_for_that_of_a_server() -> None:
    command = [sys.executable, "-c", "input()"]
    with (
        socket.create_server(("127.0.0.1", 0)) as served,
        subprocess.Popen(command, stdin=subprocess.PIPE) as other,
    ):
        port = served.getsockname()[1]
        assert listens(os.getpid(), port)
        assert not listens(other.pid, port) and not listens(os.getpid(), free_port())
        other.kill()
    assert not listens(other.pid, port)


def test_a_process_that_breaks_off_its_answer_is_not_healthy() -> None:
    async def ask() -> tuple[bool, bool]:
        server = await asyncio.start_server(lambda _, writer: writer.transport.abort(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        breaks_off = await _is_healthy(port)
        server.close()
        return breaks_off, await _is_healthy(free_port())

    # In a thread of its own: a browser test before it may have left its loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(lambda: asyncio.run(ask())).result() == (False, False)
