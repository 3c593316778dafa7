"""Sign-in: where one is configured, no page shows anything before it, and none is let in by a broken file."""

from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.secrets import Secrets
from streamlit.testing.v1 import AppTest

from rare_event.store.runs import Run
from rare_event.ui.home import OPEN, SHARED
from tests.app.conftest import ROOT, Deferred

PAGES = ["app.py", *sorted(f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py"))]
ONE_WAY = {"redirect_uri": "http://localhost/oauth2callback", "cookie_secret": "x" * 40, "client_id": "me"}


@pytest.fixture
def page_of(executor: Deferred) -> Callable[..., AppTest]:
    def opened(
        page: str, auth: dict[str, Any] | None, user: dict[str, Any] | None = None, **address: str
    ) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
        if page != "app.py":
            app.switch_page(page)
        if auth is not None:
            app.secrets["auth"] = auth
        if user is not None:
            app.user = user
        for name, value in address.items():
            app.query_params[name] = value
        return app.run()

    return opened


def shown(app: AppTest) -> str:
    """All that is on the page and beside it, as text."""
    return "\n".join(repr(element) for block in (app.main, app.sidebar) for element in block)


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_shown_before_the_sign_in(page, page_of, done_run: Run, executor) -> None:
    address = {"run": done_run.id, "dataset": done_run.dataset().digest}
    app = page_of(page, ONE_WAY, **address)
    assert not app.exception
    assert [title.value for title in app.title] == ["rare_event"]
    assert [button.label for button in app.button] == ["Sign in"]
    for secret in ("sample-mill", done_run.id, "PCA", "AUC", "page_link"):
        assert secret not in shown(app)
    assert not app.sidebar and not executor.waiting


def test_who_is_signed_in_sees_the_pages_and_can_sign_out(page_of, done_run: Run) -> None:
    app = page_of("app.py", ONE_WAY, {"is_logged_in": True, "email": "ana_*b*@plant.example"})
    assert not app.exception and "sample-mill" in shown(app)
    assert [button.label for button in app.sidebar.button] == ["Sign out"]
    # A name is text, never Markdown.
    assert [text.value for text in app.sidebar.text] == ["Signed in as ana_*b*@plant.example"]


@pytest.mark.parametrize("user", [{"is_logged_in": False}, {"is_logged_in": "yes"}, {"email": "a@b.example"}])
def test_only_a_sign_in_lets_in(user, page_of, done_run: Run) -> None:
    app = page_of("app.py", ONE_WAY, user)
    assert "sample-mill" not in shown(app) and [b.label for b in app.button] == ["Sign in"]


def test_without_sign_in_the_pages_are_as_before(page_of, done_run: Run) -> None:
    app = page_of("app.py", None)
    assert "sample-mill" in shown(app) and not app.exception
    assert not {"Sign in", "Sign out"} & {button.label for button in app.button}


def test_the_first_page_says_who_sees_and_changes_what(page_of, done_run: Run) -> None:
    alone, signed_in = page_of("app.py", None), page_of("app.py", ONE_WAY, {"is_logged_in": True})
    for app, said, other in ((alone, OPEN, SHARED), (signed_in, SHARED, OPEN)):
        captions = "".join(caption.value for caption in app.main.caption)
        assert said in captions and other not in captions
    assert OPEN not in shown(page_of("app.py", ONE_WAY))


def test_a_section_without_settings_still_asks(page_of, done_run: Run) -> None:
    app = page_of("app.py", {})
    assert "sample-mill" not in shown(app)
    app.button[0].click().run()
    assert not app.exception
    assert (
        "Sign-in is not configured completely" in app.error[0].value
        or "is not installed" in app.error[0].value
    )
    assert "sample-mill" not in shown(app)


def test_each_way_to_sign_in_has_its_button(page_of) -> None:
    ways = {"plant": {"client_id": "a"}, "guests": {"client_id": "b"}, "client_kwargs": {"prompt": "login"}}
    named = ["Sign in with plant", "Sign in with guests"]
    app = page_of("app.py", {**ONE_WAY, **ways})
    assert [button.label for button in app.button] == ["Sign in", *named]
    app = page_of("app.py", ways)
    assert [button.label for button in app.button] == named


def test_secrets_that_cannot_be_read_let_nobody_in(page_of, done_run: Run, tmp_path, monkeypatch) -> None:
    broken = tmp_path / "secrets.toml"
    broken.write_text("[auth\nredirect_uri = ")
    monkeypatch.setattr(st, "secrets", Secrets())
    before = st.get_option("secrets.files")
    st.config.set_option("secrets.files", [str(broken)])
    try:
        app = page_of("app.py", None)
    finally:
        st.config.set_option("secrets.files", before)
    assert not app.exception and not app.button
    assert "cannot be read" in app.error[0].value and "nothing is shown" in app.error[0].value
    assert str(tmp_path) not in shown(app), "where the file lies is nobody's business"
    assert "sample-mill" not in shown(app)
