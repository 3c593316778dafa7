"""Every route of the running server, tried as a foreign page or program would."""

import http.client
import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from tenacity import retry, stop_after_delay, wait_fixed
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from rare_event.ui.sign_in import FOREIGN, is_own
from tests.app.conftest import ROOT

# Each route with what it may do. A route that is not here has not been looked at.
ROUTES = {
    "/_stcore/health": "says ok",
    "/_stcore/metrics": "counts sessions and bytes, no data",
    "/_stcore/host-config": "names the pages that may embed the app: none",
    "/media/{file_id:path}": "files that a session offers, by a name that cannot be guessed",
    "/_stcore/upload_file/{session_id}/{file_id}": "takes files, with the token of a session",
    "/component/{path:path}": "files of components of the first kind: none",
    "/_stcore/bidi-components/{path:path}": "files of components of the second kind: none",
    "/_stcore/stream": "the messages of a session",
    "/auth/login": "the sign-in, where one is configured",
    "/auth/logout": "the sign-out",
    "/oauth2callback": "the way back from the sign-in",
    "/_stcore/agent/interact": "off",
    "/_stcore/agent/openapi.json": "off",
    "/_stcore/agent/mcp": "off",
    "": "the files of Streamlit's frontend",
}
ESCAPES = (
    "../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "..%5c..%5c..%5cetc%5cpasswd",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "..%252f..%252fetc%252fpasswd",
    "a%00b",
)
FOLDERS = ("", "media/", "component/", "_stcore/bidi-components/", "static/", "app/static/")
PAGE = b"<title>Streamlit</title>"
MEGABYTE = 1 << 20


@dataclass
class Served:
    """The running app, and the routes it has."""

    port: int
    routes: list[dict[str, object]]
    log: Path

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask without any change of the path; return status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {"Host": f"127.0.0.1:{self.port}"} | {
            name.replace("_", "-"): it for name, it in headers.items()
        }
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        found = answer.status, {name.lower(): it for name, it in answer.getheaders()}, answer.read()
        connection.close()
        return found

    def stream(self, host: str | None = None, **headers: str) -> ClientConnection:
        """Open a session as a page would that sends these headers."""
        sent = {name.replace("_", "-"): it for name, it in headers.items()}
        with socket.create_connection(("127.0.0.1", self.port)) as opened:
            address = f"ws://{host or f'127.0.0.1:{self.port}'}/_stcore/stream"
            return connect(address, sock=opened.dup(), additional_headers=sent, open_timeout=60)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("routes")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(Path(__file__).with_name("routes_server.py")), str(folder / "routes.json")]
    command += ["app", "--port", str(port), "--workspace", str(folder / "home")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "STREAMLIT_SERVER_MAX_UPLOAD_SIZE": "1"}
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        _wait(port)
        routes = json.loads((folder / "routes.json").read_text(encoding="utf-8"))
        yield Served(port, routes, folder / "log.txt")
    finally:
        process.terminate()
        process.wait(60)


@retry(stop=stop_after_delay(90), wait=wait_fixed(0.2))
def _wait(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass


def test_every_route_of_the_server_has_been_looked_at(served: Served) -> None:
    found = {str(route["path"]) for route in served.routes}
    assert found == set(ROUTES)
    # Files of the app itself are not served.
    assert "/app/static/{path:path}" not in found and PAGE in served.ask("/app/static/app.py")[2]
    changing = {
        (route["path"], method)
        for route in served.routes
        for method in dict(route)["methods"]  # type: ignore[attr-defined]
        if method not in ("GET", "HEAD", "OPTIONS") and not str(route["path"]).startswith("/_stcore/agent/")
    }
    upload = "/_stcore/upload_file/{session_id}/{file_id}"
    assert changing == {(upload, "PUT"), (upload, "DELETE")}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8501", "localhost.evil.example", "[::2]:80"])
def test_a_foreign_host_gets_no_session(served: Served, host: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        served.stream(host)
    assert refused.value.response.status_code == 403
    status, headers, _ = served.ask("/_stcore/agent/interact", "POST", b"{}", Host=host)
    assert status in (403, 404) and "access-control-allow-origin" not in headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
def test_a_foreign_page_gets_no_session(served: Served, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        served.stream(Origin=origin)
    assert refused.value.response.status_code == 403


def test_a_page_of_another_port_of_this_computer_sees_nothing(served: Served) -> None:
    own, foreign = f"http://127.0.0.1:{served.port}", "http://127.0.0.1:9"
    assert "rare_event" in _first_page(served, own) and "Upload a file" in _first_page(served, own)
    for origin in (foreign, "http://localhost:9", "http://localhost", f"http://localhost:{served.port}"):
        shown = _first_page(served, origin)
        assert FOREIGN.partition("{")[0] in shown and "Upload a file" not in shown, origin


def _first_page(served: Served, origin: str) -> str:
    """All that the first page sends to a session."""
    shown = []
    with served.stream(Origin=origin) as session:
        for message in _messages(session, ""):
            shown.append(str(message))
            if message.WhichOneof("type") == "script_finished":
                break
    return "\n".join(shown)


def _messages(session: ClientConnection, page: str) -> Iterator[ForwardMsg]:
    """Ask for a page, and yield what the app sends."""
    asked = BackMsg()
    asked.rerun_script.page_name = page
    session.send(asked.SerializeToString())
    while True:
        message = ForwardMsg()
        message.ParseFromString(session.recv(timeout=60, decode=False))
        yield message


@pytest.mark.parametrize("path", ROUTES)
def test_no_route_lets_a_foreign_page_read_its_answer(served: Served, path: str) -> None:
    asked = path.replace("{file_id:path}", "a").replace("{path:path}", "a")
    asked = asked.replace("{session_id}", "a").replace("{file_id}", "a") or "/"
    own = f"http://localhost:{served.port}"
    for origin in ("https://evil.example", "http://localhost:9", "null"):
        for method in ("GET", "OPTIONS"):
            status, headers, _ = served.ask(asked, method, Origin=origin)
            assert headers.get("access-control-allow-origin") in (None, own) and status < 500, (
                method,
                origin,
            )
    assert served.ask("/_stcore/health")[0] == 200, "the server still answers"


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("escape", ESCAPES)
def test_no_path_leads_out_of_what_is_served(served: Served, folder: str, escape: str) -> None:
    status, _, body = served.ask(f"/{folder}{escape}")
    assert b"root:" not in body and b"rare_event" not in body.replace(b"/rare_event", b"")
    assert status in (400, 403, 404) or (status == 200 and PAGE in body)


def test_uploads_need_the_token_of_a_session_and_end_at_the_limit(served: Served) -> None:
    cookie = served.ask("/_stcore/health")[1]["set-cookie"].partition(";")[0]
    token = cookie.partition("=")[2]
    with served.stream() as session:
        begun = next(it for it in _messages(session, "Data") if it.WhichOneof("type") == "new_session")
        name = begun.new_session.initialize.session_id
        path = f"/_stcore/upload_file/{name}/{uuid.uuid4()}"
        small, large = _form(b"a,b\n1,2\n"), _form(b"x" * (2 * MEGABYTE))
        kind = "multipart/form-data; boundary=part"
        assert served.ask(path, "PUT", small, Content_Type=kind)[0] == 403, "no token"
        assert served.ask(path, "PUT", small, Content_Type=kind, Cookie=cookie, X_Xsrftoken=token)[0] == 204
        assert served.ask(path, "PUT", large, Content_Type=kind, Cookie=cookie, X_Xsrftoken=token)[0] == 413
        other = path.replace(name, str(uuid.uuid4()))
        assert served.ask(other, "PUT", small, Content_Type=kind, Cookie=cookie, X_Xsrftoken=token)[0] == 400
        assert (
            served.ask(path, "DELETE")[0] == 403
            and served.ask(path, "DELETE", Cookie=cookie, X_Xsrftoken=token)[0] == 204
        )
        # The second part of a path is no folder.
        for escape in ESCAPES[1:4]:
            status = served.ask(
                f"{path}{escape}", "PUT", small, Content_Type=kind, Cookie=cookie, X_Xsrftoken=token
            )[0]
            assert status in (204, 400, 404, 405)
    assert list(served.log.parent.rglob("passwd*")) == []


def _form(content: bytes) -> bytes:
    head = b'--part\r\nContent-Disposition: form-data; name="f"; filename="f.csv"\r\n\r\n'
    return head + content + b"\r\n--part--\r\n"


def test_the_programs_interface_of_streamlit_is_off(served: Served) -> None:
    for path in (path for path in ROUTES if path.startswith("/_stcore/agent/")):
        called = b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}'
        for body in (b"{}", called):
            status, _, said = served.ask(path, "POST", body, Content_Type="application/json")
            assert 400 <= status < 500 and b"Upload a file" not in said and b"sample" not in said, path


def test_no_page_that_embeds_the_app_may_send_it_messages(served: Served) -> None:
    assert json.loads(served.ask("/_stcore/host-config")[2])["allowedOrigins"] == []


def test_an_origin_that_is_allowed_is_the_whole_of_it() -> None:
    assert is_own("https://plant.example", "127.0.0.1:8501", ["https://plant.example"])
    assert is_own("https://Plant.example", "plant.EXAMPLE", [])
    assert not is_own("https://plant.example.evil.example", "127.0.0.1:8501", ["https://plant.example"])
    assert not is_own("null", "127.0.0.1:8501", []) and not is_own("https://plant.example", None, [])
