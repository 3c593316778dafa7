"""What the server keeps between reruns: for each workspace by itself, so that no value reaches another."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar, cast

import streamlit as st

from rare_event.store.workspace import home

Asked = ParamSpec("Asked")
Kept = TypeVar("Kept", covariant=True)


class Keeping(Protocol[Asked, Kept]):
    """A function whose values are kept."""

    def __call__(self, *arguments: Asked.args, **named: Asked.kwargs) -> Kept:
        """Return the value, computed or kept."""

    def clear(self) -> None:
        """Forget the values of all workspaces."""


def kept(
    max_entries: int, show_spinner: bool | str = False
) -> Callable[[Callable[Asked, Kept]], Keeping[Asked, Kept]]:
    """Keep what a function returns, as `st.cache_resource` does, but for each workspace by itself.

    An id names a run in one workspace only. A digest of a file does not, but what is made of the file may
    carry the name that somebody gave it.

    Parameters
    ----------
    max_entries
        Most values that are kept, of all workspaces together.
    show_spinner
        What is said while it is computed.
    """

    def decorate(function: Callable[Asked, Kept]) -> Keeping[Asked, Kept]:
        @wraps(function)
        def computed(workspace: str, /, *arguments: Any, **named: Any) -> Kept:
            return function(*arguments, **named)

        # Streamlit reads here which parameters are part of the key.
        asked = inspect.signature(function)
        first = inspect.Parameter("workspace", inspect.Parameter.POSITIONAL_ONLY)
        signed = asked.replace(parameters=[first, *asked.parameters.values()])
        cast(Any, computed).__signature__ = signed
        cached = st.cache_resource(max_entries=max_entries, show_spinner=show_spinner)(computed)

        @wraps(function)
        def here(*arguments: Asked.args, **named: Asked.kwargs) -> Kept:
            return cached(str(home()), *arguments, **named)

        cast(Any, here).clear = cached.clear
        return cast(Keeping[Asked, Kept], here)

    return decorate
