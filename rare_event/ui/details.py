"""What says more about a judged run, each view in a tab of its own."""

from __future__ import annotations

import streamlit as st

from rare_event.store.runs import Run
from rare_event.ui.ablation import show_ablation
from rare_event.ui.cache import prepared_of
from rare_event.ui.drift import show_drift
from rare_event.ui.evaluate import show_curves, show_folds
from rare_event.ui.leakage import show_leakage
from rare_event.ui.load import show_load

VIEWS = {
    "Curves": show_curves,
    "Backtest": show_folds,
    "Operator load": show_load,
    "Leakage": show_leakage,
    "What it reads": show_ablation,
    "Drift": show_drift,
}
# Without events, there is nothing to measure.
OF_EVENTS = ("Leakage", "What it reads")


def show_details(run: Run) -> None:
    """Show the views in tabs. What a button starts is followed inside its tab.

    Only the chosen view is drawn: the charts of all would make each visit of the page wait for them.
    """
    events = len(prepared_of(run.dataset(), run.config()).events) > 0
    names = [name for name in VIEWS if events or name not in OF_EVENTS]
    for tab, name in zip(st.tabs(names, key="evaluate_view", on_change="rerun"), names, strict=True):
        if tab.open:
            with tab:
                VIEWS[name](run)
