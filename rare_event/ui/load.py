"""The operator's load by the test alarms, with its targets."""

from __future__ import annotations

import streamlit as st

from rare_event.judge.load import load_at
from rare_event.report.words import load_basis
from rare_event.store.runs import Run
from rare_event.ui.cache import followed_of
from rare_event.ui.frame import in_place

COLUMN_CONFIG = {
    "value": st.column_config.TextColumn("value", alignment="right"),
    "target": st.column_config.TextColumn("target for one operator"),
    "within": st.column_config.TextColumn("within target"),
}


@in_place
def show_load(run: Run) -> None:
    """Show what the alarms on the test data ask of one operator."""
    committed = run.committed()
    scores = followed_of(run.id, "test", committed.trailing)
    load = load_at(scores, committed.thresholds, committed.policy)
    st.markdown(load.in_words())
    if load.time_unit.reason:
        return
    st.dataframe(
        load.to_frame(),
        hide_index=True,
        placeholder="–",
        column_config=COLUMN_CONFIG,
        key="evaluate_load",
        alt="Operator’s load with targets",
    )
    st.caption(load_basis(load.time_unit))
