"""Where a piece of a page stands, and where its errors are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rare_event.errors import RareEventError
from rare_event.logs import log
from rare_event.text import plain
from rare_event.ui.state import Missing

P = ParamSpec("P")
T = TypeVar("T")


def in_place(component: Callable[P, T]) -> Callable[P, T]:
    """Wrap a component whose number of elements varies in a container.

    Streamlit identifies an element by its position in its container. If one is added or removed, those
    below it move, and the browser shows them twice until the page has finished.
    """

    @wraps(component)
    def placed(*args: P.args, **kwargs: P.kwargs) -> T:
        with st.container():
            return component(*args, **kwargs)

    return placed


@contextmanager
def show_errors() -> Iterator[None]:
    """Show an error the user can correct as a sentence, with a link to the missing step."""
    try:
        yield
    except Missing as missing:
        st.info(plain(missing))
        st.page_link(missing.page, label=missing.label, icon=":material/arrow_forward:")
    except RareEventError as error:
        log("shown", error=type(error).__name__)
        st.error(plain(error))


def drawer(label: str, key: str, *, expanded: bool = False) -> DeltaGenerator | None:
    """Return an expander whose content is drawn from its first opening on; None before.

    Many fields in a closed drawer would delay all that the browser draws after them. Once drawn, they
    stay, so that closing the drawer loses nothing typed.
    """
    place = st.expander(label, expanded=expanded, key=key, on_change="rerun")
    drawn = f"{key}_drawn"
    if place.open:
        st.session_state[drawn] = True
    return place if st.session_state.get(drawn) else None
