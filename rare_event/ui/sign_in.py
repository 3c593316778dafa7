"""Who may see a page: none from a foreign site, and where a sign-in is configured, none before it.

Whoever has signed in works in a workspace of their own; see `own_workspace`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from streamlit.errors import StreamlitAuthError, StreamlitMissingAuthlibError
from streamlit.runtime.scriptrunner import get_script_run_ctx

from rare_event.errors import RareEventError
from rare_event.store.users import note_user, workspace_of
from rare_event.store.workspace import resolve_by
from rare_event.text import plain

NOT_INSTALLED = (
    "Sign-in is configured, but the package that does it is not installed, so nothing can be shown. Install "
    'it with `pip install "rare-event[sign-in]"` and start the app again.'
)
UNREADABLE = (
    "The file of secrets of this app cannot be read. It may ask for a sign-in, so nothing is shown. Whoever "
    "runs the app must correct or remove it, and start the app again."
)

SIGN_IN_FIRST = "Nobody is signed in on this page any more. Reload it, and sign in."
NOBODY = (
    "The sign-in does not say who you are: it names no {what}, by which your workspace would be found, so "
    "nothing can be shown. Whoever runs the app must let the sign-in provider send it."
)
FOREIGN = (
    "This page was asked for by another site, {origin}, so nothing is shown. Open the app by its own "
    "address. If a proxy serves it there, whoever runs the app must add that address to "
    "server.corsAllowedOrigins."
)


# Whether this thread, which serves one run of a page, asks for a sign-in.
_RUN = threading.local()
NOTED = "sign_in_noted"


class SignInError(RareEventError):
    """Whoever asks for a page is not signed in, or the sign-in does not say who that is."""


def require_own_origin() -> None:
    """Show nothing to a session that a page of another origin has opened.

    Streamlit lets in pages of any port of this computer: whatever else is served there could then read and
    change all that the app shows. A browser always says the origin; a program need not.
    """
    headers = st.context.headers
    origin, host = headers.get("Origin"), headers.get("Host")
    if origin is None or is_own(origin, host, st.get_option("server.corsAllowedOrigins") or []):
        return
    st.error(FOREIGN.format(origin=plain(origin)))
    st.stop()


def is_own(origin: str, host: str | None, allowed: Sequence[str]) -> bool:
    """Whether an origin is the one of the app, or one that whoever runs it allows.

    Parameters
    ----------
    origin, host
        As the browser sends them.
    allowed
        Origins of proxies, such as `https://plant.example`.

    Examples
    --------
    >>> is_own("http://localhost:8501", "localhost:8501", [])
    True
    >>> is_own("http://localhost:9", "localhost:8501", [])
    False
    """
    return origin in allowed or (host is not None and urlsplit(origin).netloc.lower() == host.lower())


def require_sign_in() -> None:
    """Show the sign-in, and nothing else, until the user has signed in; do nothing where none is configured.

    It is where the secrets of Streamlit have a section `[auth]`. Secrets that cannot be read may have one.
    """
    if are_secrets_unreadable():
        st.error(UNREADABLE)
        st.stop()
    if not has_sign_in():
        return
    if st.user.get("is_logged_in") is True:
        _require_workspace()
        return
    st.title("rare_event")
    st.markdown("Sign in to see the datasets and runs.")
    for way in _ways(st.secrets["auth"]):
        label = "Sign in" if way is None else f"Sign in with {plain(way)}"
        if st.button(label, key=f"sign_in_{way or ''}", type="primary"):
            _sign_in(way)
    st.stop()


def _require_workspace() -> None:
    """Show nothing to somebody who cannot be told from others; note who the workspace belongs to."""
    try:
        workspace = _workspace_of_user(st.user.to_dict())
    except SignInError as error:
        st.error(plain(error))
        st.button("Sign out", key="sign_out", on_click=st.logout)
        st.stop()
    if st.session_state.get(NOTED) != workspace.name:
        # On a full disk whatever is done next says so.
        with suppress(RareEventError):
            note_user(workspace, *(str(st.user.get(key) or "") for key in ("name", "email")))
            st.session_state[NOTED] = workspace.name


def own_workspace() -> Path | None:
    """Return the workspace of whoever is signed in on the page that this thread serves.

    It holds for the page, its fragments and what its buttons do. None where no sign-in is configured, and for
    a thread that serves no page.

    Raises
    ------
    SignInError
        If a sign-in is configured, or may be, and nobody is signed in, or the sign-in does not say who.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return None
    user = context.user_info
    if user.get("is_logged_in") is not True:
        if _asks():
            raise SignInError(SIGN_IN_FIRST)
        return None
    return _workspace_of_user(user)


def _asks() -> bool:
    """Whether a sign-in is configured, or may be; looked up once for each thread: it takes a while."""
    if not hasattr(_RUN, "asks"):
        _RUN.asks = has_sign_in() or are_secrets_unreadable()
    asks: bool = _RUN.asks
    return asks


def _workspace_of_user(user: Mapping[str, object]) -> Path:
    issuer, subject = user.get("iss"), user.get("sub")
    for claim, what in ((subject, "subject (sub)"), (issuer, "issuer (iss)")):
        if not isinstance(claim, str) or not claim.strip() or "\0" in claim:
            raise SignInError(NOBODY.format(what=what))
    return workspace_of(str(issuer), str(subject))


# Here, so that no page can be drawn in the wrong workspace.
resolve_by(own_workspace)


def _ways(section: Mapping[str, object]) -> list[str | None]:
    """Names of the ways to sign in: the one without a name, and those with a section of their own."""
    named = [name for name, way in section.items() if isinstance(way, Mapping) and "client_id" in way]
    return [*([None] if "client_id" in section or not named else []), *named]


def _sign_in(way: str | None) -> None:
    try:
        st.login(way)
    except StreamlitMissingAuthlibError:
        st.error(NOT_INSTALLED)
    except StreamlitAuthError as error:
        st.error(f"Sign-in is not configured completely: {plain(str(error))}")


def show_signed_in() -> None:
    """Show who is signed in, and how to sign out, where a sign-in is configured."""
    if st.user.get("is_logged_in") is not True:
        return
    who = signed_in_as()
    # As text: Markdown would make a link of an address.
    st.text(f"Signed in as {who}" if who else "Signed in")
    st.button("Sign out", key="sign_out", on_click=st.logout)


def signed_in_as() -> str:
    """Return the address or the name of whoever is signed in; empty without either."""
    return next((str(st.user[key]) for key in ("email", "name") if st.user.get(key)), "")


def are_secrets_unreadable() -> bool:
    """Whether there are secrets that cannot be read, so that a sign-in may be configured."""
    if st.secrets.load_if_toml_exists():
        return False
    return any(Path(file).exists() for file in st.get_option("secrets.files"))


def has_sign_in() -> bool:
    """Whether a sign-in is configured."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets
