"""Sign-in in a real browser, with a small provider beside the app."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from rare_event.store.datasets import add_dataset
from rare_event.store.workspace import scratch_home
from tests.browser.conftest import Server, serving, settled
from tests.browser.oidc import CLIENT, PERSON, providing

SECRETS = """
[auth]
redirect_uri = "{app}/oauth2callback"
cookie_secret = "a secret of the tests, as long as it must be"
client_id = "{client}"
client_secret = "nothing"
server_metadata_url = "{issuer}/.well-known/openid-configuration"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sample_csv: Path) -> Iterator[Server]:
    """An app that asks for a sign-in, with one dataset."""
    folder = tmp_path_factory.mktemp("signed")
    secrets = folder / "secrets.toml"

    with providing() as issuer, scratch_home(folder / "home"):
        add_dataset(sample_csv, "sample-mill.csv")

        def options(port: int) -> list[str]:
            app = f"http://127.0.0.1:{port}"
            secrets.write_text(SECRETS.format(app=app, client=CLIENT, issuer=issuer))
            return ["--secrets.files", str(secrets)]

        with serving(folder, options) as server:
            yield server


def test_signing_in_shows_the_pages_and_signing_out_hides_them(page: Page, server, complaints) -> None:
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    for place in ("/", "/Data", "/Evaluate"):
        page.goto(server.address + place)
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        expect(page.get_by_text("sample-mill")).to_have_count(0)
    assert frames and not any("sample-mill" in frame for frame in frames), "nor is it sent"
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("sample-mill").first).to_be_visible()
    assert any("sample-mill" in frame for frame in frames)
    expect(page.get_by_text(f"Signed in as {PERSON['email']}")).to_be_visible()
    page.goto(f"{server.address}/Data")
    settled(page)
    expect(page.get_by_role("button", name="Sign in")).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_text("sample-mill")).to_have_count(0)
    assert not complaints.messages


def test_a_cookie_that_is_not_ours_lets_nobody_in(chromium: Browser, server: Server) -> None:
    context = chromium.new_context()
    context.add_cookies([{"name": "_streamlit_user", "value": "forged", "url": server.address}])
    page = context.new_page()
    page.goto(server.address)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_text("sample-mill")).to_have_count(0)
    context.close()
