"""Sign-in in a real browser, with a small provider beside the app; each person has a workspace."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from rare_event.jobs.worker import execute
from rare_event.store.datasets import add_dataset, list_datasets
from rare_event.store.records import About
from rare_event.store.runs import create_run, list_runs
from rare_event.store.users import user_workspaces, workspace_of
from rare_event.store.workspace import scratch_home, workspace
from tests.browser.conftest import Server, serving, settled
from tests.browser.oidc import CLIENT, OTHER, PERSON, Provider, providing
from tests.small import PCA

SECRETS = """
[auth]
redirect_uri = "{app}/oauth2callback"
cookie_secret = "a secret of the tests, as long as it must be"
client_id = "{client}"
client_secret = "nothing"
server_metadata_url = "{issuer}/.well-known/openid-configuration"
"""
NAME = "anas own model"


@pytest.fixture(scope="module")
def provider() -> Iterator[type[Provider]]:
    with providing() as provider:
        yield provider


@pytest.fixture(scope="module")
def server(
    provider: type[Provider], tmp_path_factory: pytest.TempPathFactory, sample_csv: Path
) -> Iterator[Server]:
    """An app that asks for a sign-in; one person has a run, and so has the workspace of nobody."""
    folder = tmp_path_factory.mktemp("signed")
    secrets = folder / "secrets.toml"
    with scratch_home(folder / "home"):
        add_dataset(sample_csv, "nobodys.csv")
        with workspace(workspace_of(provider.issuer, PERSON["sub"])):
            run = create_run(add_dataset(sample_csv, "sample-mill.csv"), PCA)
            execute(run)
            run.describe(About(NAME))

        def options(port: int) -> list[str]:
            app = f"http://127.0.0.1:{port}"
            secrets.write_text(SECRETS.format(app=app, client=CLIENT, issuer=provider.issuer))
            return ["--secrets.files", str(secrets)]

        with serving(folder, options) as server:
            yield server


@pytest.fixture
def other(chromium: Browser, server: Server, provider: type[Provider]) -> Iterator[Page]:
    """The page of another person, signed in."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(30_000)
    opened.goto(server.address)
    sign_in(opened, provider, OTHER)
    yield opened
    context.close()


def sign_in(page: Page, provider: type[Provider], person: dict[str, str]) -> None:
    provider.person = person
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text(f"Signed in as {person['email']}")).to_be_visible()
    settled(page)


def test_signing_in_shows_the_pages_and_signing_out_hides_them(
    page: Page, server: Server, provider: type[Provider], complaints
) -> None:
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    for place in ("/", "/Data", "/Evaluate"):
        page.goto(server.address + place)
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        expect(page.get_by_text("sample-mill")).to_have_count(0)
    assert frames and not any("sample-mill" in frame for frame in frames), "nor is it sent"
    sign_in(page, provider, PERSON)
    expect(page.get_by_text("sample-mill").first).to_be_visible()
    assert any("sample-mill" in frame for frame in frames)
    assert not any("nobodys.csv" in frame for frame in frames), "what lies in no person's workspace"
    page.goto(f"{server.address}/Data")
    settled(page)
    expect(page.get_by_role("button", name="Sign in")).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_text("sample-mill")).to_have_count(0)
    assert not complaints.messages


def test_another_person_sees_nothing_until_a_run_is_shared(
    page: Page, other: Page, server: Server, provider: type[Provider], complaints
) -> None:
    frames: list[str] = []
    other.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    with scratch_home(server.home), workspace(workspace_of(provider.issuer, PERSON["sub"])):
        (run,) = list_runs()
    for place in ("/", f"/Threshold?run={run.id}", f"/Train?run={run.id}", "/Compare", "/Score"):
        other.goto(server.address + place)
        expect(other.get_by_text(f"Signed in as {OTHER['email']}")).to_be_visible()
        settled(other)
        expect(other.get_by_text(NAME)).to_have_count(0)
    assert frames and not any(NAME in frame or "sample-mill" in frame for frame in frames), "nor is it sent"
    page.goto(server.address)
    sign_in(page, provider, PERSON)
    page.goto(f"{server.address}/Train?run={run.id}")
    page.get_by_role("button", name="Share this run").click()
    # It can be stopped from the start; others see it when it is written.
    expect(page.get_by_role("button", name="Share it again as it is now")).to_be_enabled(timeout=120_000)
    expect(page.get_by_role("button", name="Stop sharing")).to_be_visible()
    other.goto(server.address)
    expect(other.get_by_text(f"{NAME} · trained on sample-mill.csv · shared by")).to_be_visible()
    other.get_by_role("button", name="Take a copy").click()
    expect(other.get_by_role("button", name="Copied")).to_be_visible()
    page.get_by_role("button", name="Stop sharing").click()
    expect(page.get_by_role("button", name="Share this run")).to_be_visible()
    other.goto(server.address)
    expect(other.get_by_text(NAME).first).to_be_visible()
    expect(other.get_by_text("Shared runs")).to_have_count(0)
    with scratch_home(server.home):
        assert list_runs() == [] and len(user_workspaces()) == 2
        with workspace(workspace_of(provider.issuer, OTHER["sub"])):
            assert [each.about().name for each in list_runs()] == [NAME] and list_datasets() == []
    assert not complaints.messages


def test_a_cookie_that_is_not_ours_lets_nobody_in(chromium: Browser, server: Server) -> None:
    context = chromium.new_context()
    context.add_cookies([{"name": "_streamlit_user", "value": "forged", "url": server.address}])
    page = context.new_page()
    page.goto(server.address)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_text("sample-mill")).to_have_count(0)
    context.close()
