"""What is here and cannot be read: said where it would be listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from rare_event.text import plain

MOST_SAID = 3


def show_unreadable(*find: Callable[[], Sequence[str]]) -> None:
    """Say what of the workspace cannot be listed.

    Parameters
    ----------
    find
        Each returns a sentence for each thing that cannot be read.
    """
    said = [sentence for each in find for sentence in each()]
    if said:
        more = f" The same is true of {len(said) - MOST_SAID:,} more." if len(said) > MOST_SAID else ""
        st.warning(plain(" ".join(said[:MOST_SAID]) + more))
