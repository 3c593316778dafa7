"""Whose workspace a thread of the app works in."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from rare_event.errors import RareEventError
from rare_event.store.datasets import list_datasets
from rare_event.store.users import workspace_of
from rare_event.store.workspace import home, resolve_by
from rare_event.ui import sign_in

ANA = {"is_logged_in": True, "iss": "https://id.example", "sub": "17", "name": "Ana"}


@pytest.fixture
def served(workspace, monkeypatch):
    """Let this thread serve a page of a person, and others none, as in Streamlit."""

    here = threading.get_ident()
    resolve_by(sign_in.own_workspace)

    def serve(user, *, asks: bool = True, readable: bool = True) -> None:
        page = SimpleNamespace(user_info=user)
        monkeypatch.setattr(
            sign_in,
            "get_script_run_ctx",
            lambda **_: page if threading.get_ident() == here else None,
        )
        monkeypatch.setattr(sign_in, "has_sign_in", lambda: asks and readable)
        monkeypatch.setattr(sign_in, "are_secrets_unreadable", lambda: not readable)
        monkeypatch.setattr(sign_in, "_RUN", threading.local())

    return serve


def test_a_page_works_in_the_workspace_of_who_is_signed_in(served, workspace) -> None:
    served(ANA)
    assert home() == workspace_of("https://id.example", "17")
    served({**ANA, "name": "Somebody", "email": "ana@plant.example"})
    assert home() == workspace_of("https://id.example", "17"), "a name names nobody"
    served({**ANA, "sub": "18"})
    assert home() == workspace_of("https://id.example", "18") != workspace


def test_a_thread_that_serves_no_page_has_nobodys_workspace(served, workspace) -> None:
    served(ANA)
    with ThreadPoolExecutor(1) as other:
        assert other.submit(home).result() == workspace


@pytest.mark.parametrize(
    "user", [{}, {"is_logged_in": False, "iss": "a", "sub": "17"}, {"is_logged_in": "yes"}]
)
@pytest.mark.parametrize("readable", [True, False])
def test_a_page_of_nobody_works_in_no_workspace(served, workspace, user, readable) -> None:
    """Such as a piece that polls after a sign-out in another window, or while the secrets are broken."""
    served(user, readable=readable)
    for read in (home, list_datasets):
        with pytest.raises(RareEventError, match="sign in"):
            read()
    assert list(workspace.iterdir()) == []


@pytest.mark.parametrize(("claim", "what"), [("sub", "subject"), ("iss", "issuer")])
def test_who_cannot_be_told_from_others_works_in_no_workspace(served, claim, what) -> None:
    for value in (None, "", " ", 17, "a\0b"):
        served({**ANA, claim: value})
        with pytest.raises(RareEventError, match=f"names no {what}"):
            home()
    served({name: value for name, value in ANA.items() if name != claim})
    with pytest.raises(RareEventError, match=f"names no {what}"):
        home()


def test_without_a_sign_in_there_is_one_workspace(served, workspace) -> None:
    served({"email": "test@example.com"}, asks=False)
    assert home() == workspace
