"""What trainings cannot do on the data, said next to the button that starts them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rare_event.config import ExperimentConfig
from rare_event.store.datasets import Dataset
from rare_event.text import plain
from rare_event.ui.cache import limits_of
from rare_event.ui.frame import in_place


@in_place
def show_limits(dataset: Dataset, configs: Sequence[ExperimentConfig], small: bool = False) -> None:
    """Say which parts of the split have too few events, and what no model can do with the settings.

    Parameters
    ----------
    dataset, configs
        What the button trains, and on what.
    small
        Whether the sentences are small, for a page of results.
    """
    findings, sentences = limits_of(dataset, configs)
    problems = [f"{found.what} {found.fix}" for found in findings if found.grade == "problem"]
    warnings = [f"{found.what} {found.fix}" for found in findings if found.grade != "problem"]
    for sentence in problems:
        if small:
            st.caption(f":material/error: {plain(sentence)}")
        else:
            st.error(plain(sentence))
    for sentence in [*warnings, *sentences]:
        if small:
            st.caption(f":material/warning: {plain(sentence)}")
        else:
            st.warning(plain(sentence))
