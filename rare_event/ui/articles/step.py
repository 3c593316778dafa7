"""The frame of one step: its number, what the article says, and why figures differ."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from rare_event.ui.articles.texts import PASSAGES, Passage


@contextmanager
def step(passage: Passage, article: str) -> Iterator[None]:
    """Write what the article says above a step, and why the figures here differ below it."""
    with st.container(border=True):
        st.header(f"{PASSAGES.index(passage) + 1} · {passage.title}")
        if says := passage.says(article):
            st.markdown(f"**The article:** {says}")
        yield
        if passage.differs:
            st.caption(passage.differs)
