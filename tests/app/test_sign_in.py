"""Sign-in: where one is configured, no page shows anything before it, and none is let in by a broken file."""

import pytest
import streamlit as st
from streamlit.runtime.secrets import Secrets

from rare_event.store.runs import Run
from rare_event.store.users import user_of, user_workspaces
from rare_event.ui.home import OPEN, OWN
from tests.app.conftest import ROOT, shown

PAGES = ["app.py", *sorted(f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py"))]
ONE_WAY = {"redirect_uri": "http://localhost/oauth2callback", "cookie_secret": "x" * 40, "client_id": "me"}
ANA = {"is_logged_in": True, "iss": "https://id.example", "sub": "17", "email": "ana_*b*@plant.example"}


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
    app = page_of("app.py", ONE_WAY, ANA)
    assert not app.exception and "Open the sample mill" in shown(app)
    assert "sample-mill" not in shown(app), "what nobody's workspace holds is not theirs"
    assert [button.label for button in app.sidebar.button] == ["Sign out"]
    # A name is text, never Markdown.
    assert [text.value for text in app.sidebar.text] == ["Signed in as ana_*b*@plant.example"]
    (own,) = user_workspaces()
    assert user_of(own).email == ANA["email"] and user_of(own).name == ""


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("claim", "value"),
    [("sub", None), ("sub", ""), ("sub", 17), ("sub", "a\0b"), ("iss", None), ("iss", " ")],
)
def test_who_cannot_be_told_from_others_is_shown_nothing(claim, value, page, page_of, done_run: Run) -> None:
    address = {"run": done_run.id, "dataset": done_run.dataset().digest}
    app = page_of(page, ONE_WAY, {**ANA, claim: value}, **address)
    assert not app.exception and f"({claim})" in shown(app) and "Whoever runs the app must" in shown(app)
    assert [button.label for button in app.button] == ["Sign out"] and not app.sidebar
    for secret in ("sample-mill", done_run.id, "PCA", "page_link"):
        assert secret not in shown(app)
    assert user_workspaces() == []


@pytest.mark.parametrize("user", [{"is_logged_in": False}, {"is_logged_in": "yes"}, {"email": "a@b.example"}])
def test_only_a_sign_in_lets_in(user, page_of, done_run: Run) -> None:
    app = page_of("app.py", ONE_WAY, user)
    assert "sample-mill" not in shown(app) and [b.label for b in app.button] == ["Sign in"]


def test_without_sign_in_the_pages_are_as_before(page_of, done_run: Run) -> None:
    app = page_of("app.py", None)
    assert "sample-mill" in shown(app) and not app.exception
    assert not {"Sign in", "Sign out"} & {button.label for button in app.button}
    assert user_workspaces() == [] and "Shared runs" not in shown(app) and "Share" not in shown(app)


def test_the_first_page_says_who_sees_and_changes_what(page_of, done_run: Run) -> None:
    alone, signed_in = page_of("app.py", None), page_of("app.py", ONE_WAY, ANA)
    for app, said, other in ((alone, OPEN, OWN), (signed_in, OWN, OPEN)):
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
