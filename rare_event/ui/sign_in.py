"""Who may see a page: none from a foreign site, and where a sign-in is configured, none before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from streamlit.errors import StreamlitAuthError, StreamlitMissingAuthlibError

from rare_event.text import plain

NOT_INSTALLED = (
    "Sign-in is configured, but the package that does it is not installed, so nothing can be shown. Install "
    'it with `pip install "rare-event[sign-in]"` and start the app again.'
)
UNREADABLE = (
    "The file of secrets of this app cannot be read. It may ask for a sign-in, so nothing is shown. Whoever "
    "runs the app must correct or remove it, and start the app again."
)


FOREIGN = (
    "This page was asked for by another site, {origin}, so nothing is shown. Open the app by its own "
    "address. If a proxy serves it there, whoever runs the app must add that address to "
    "server.corsAllowedOrigins."
)


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
    if not st.secrets.load_if_toml_exists():
        if any(Path(file).exists() for file in st.get_option("secrets.files")):
            st.error(UNREADABLE)
            st.stop()
        return
    if not has_sign_in() or st.user.get("is_logged_in") is True:
        return
    st.title("rare_event")
    st.markdown("Sign in to see the datasets and runs.")
    for way in _ways(st.secrets["auth"]):
        label = "Sign in" if way is None else f"Sign in with {plain(way)}"
        if st.button(label, key=f"sign_in_{way or ''}", type="primary"):
            _sign_in(way)
    st.stop()


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
    who = next((str(st.user[key]) for key in ("email", "name") if st.user.get(key)), "")
    # As text: Markdown would make a link of an address.
    st.text(f"Signed in as {who}" if who else "Signed in")
    st.button("Sign out", key="sign_out", on_click=st.logout)


def has_sign_in() -> bool:
    """Whether a sign-in is configured."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets
