"""The drawer under a result with the Python lines that reproduce it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rare_event.errors import RareEventError
from rare_event.text import plain
from rare_event.ui.place import in_place

LABEL = "Show the code"


@in_place
def show_code(key: str, write: Callable[[], str]) -> None:
    """Offer the lines behind a result; they are written when the drawer is opened.

    Parameters
    ----------
    key
        Of the drawer.
    write
        Returns the lines; a `RareEventError` says why there are none.
    """
    drawer = st.expander(LABEL, key=key, icon=":material/code:", on_change="rerun")
    if not drawer.open:
        return
    with drawer:
        try:
            lines = write()
        except RareEventError as why:
            st.info(plain(why))
            return
        st.caption(
            "These Python lines give the main figures above. Change only the file paths, if necessary."
        )
        # The colours of the highlighter are too pale to read, and a box that scrolls has no key.
        st.code(lines, language=None, wrap_lines=True)
