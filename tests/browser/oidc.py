"""A small OpenID Connect provider on the loopback address: it lets everyone in, as the person it is told."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "rare-event"
PERSON = {"sub": "17", "email": "ana@plant.example", "name": "Ana"}
OTHER = {"sub": "18", "email": "ben@plant.example", "name": "Ben"}


class Provider(BaseHTTPRequestHandler):
    """The four answers of the authorization code flow."""

    key: RSAKey
    issuer: str
    # Who signs in next; and who did, with the nonce, by the code.
    person: dict[str, str]
    codes: dict[str, tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        if asked.path == "/.well-known/openid-configuration":
            paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            places = {key: f"{self.issuer}/{path}" for key, path in paths.items()}
            self._answer({"issuer": self.issuer} | places)
        elif asked.path == "/keys":
            self._answer({"keys": [self.key.as_dict(private=False)]})
        else:
            code = f"code {len(self.codes)}"
            self.codes[code] = query.get("nonce", ""), self.person
            back = urlencode({"code": code, "state": query["state"]})
            self.send_response(302)
            self.send_header("Location", f"{query['redirect_uri']}?{back}")
            self.end_headers()

    def do_POST(self) -> None:
        now = int(time.time())
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        nonce, person = self.codes[form["code"][0]]
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 600, "nonce": nonce} | person
        token = jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)
        self._answer({"access_token": "nothing", "token_type": "Bearer", "id_token": token})

    def _answer(self, content: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def providing() -> Iterator[type[Provider]]:
    """Run a provider; yield what says its address, and who signs in next."""
    key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})

    class Own(Provider):
        person, codes = PERSON, {}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    Own.key, Own.issuer = key, f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Own
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
