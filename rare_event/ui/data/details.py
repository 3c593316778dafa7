"""What is looked up now and then: the first rows as read, figures of every column, and every check."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from rare_event.checks.check import CHECKS
from rare_event.checks.findings import GRADES, Outcome
from rare_event.store.datasets import Dataset
from rare_event.text import plural
from rare_event.ui.cache import outcomes_of
from rare_event.ui.data.computed import columns_of, first_rows_of

ROWS_KEY, COLUMNS_KEY, CHECKS_KEY = "data_details_rows", "data_details_columns", "data_details_checks"
FIGURES = ("min", "mean", "max")
RESULTS = (*GRADES[:-1], "passed", "not applicable")


@st.fragment
def show_details(dataset: Dataset) -> None:
    """Show the first rows, the columns and the checks, closed at first and drawn only when opened."""
    rows = st.expander("First rows, with their line numbers", key=ROWS_KEY, on_change="rerun")
    if rows.open:
        rows.dataframe(first_rows_of(dataset), key="data_first_rows", alt="First rows")
    columns = st.expander("Columns: missing values, min, mean, max, role", key=COLUMNS_KEY, on_change="rerun")
    if columns.open:
        columns.dataframe(
            columns_of(dataset),
            hide_index=True,
            column_config={
                figure: st.column_config.NumberColumn(figure, format="%.4g") for figure in FIGURES
            },
            key="data_columns",
            alt="Columns",
        )
    checks = st.expander(f"All {len(CHECKS)} checks and what each found", key=CHECKS_KEY, on_change="rerun")
    if checks.open:
        table = _checks(outcomes_of(dataset))
        checks.dataframe(table, hide_index=True, key="data_checks", alt="Checks")


def _checks(outcomes: list[Outcome]) -> pd.DataFrame:
    """List what each check says, those that found something worse first."""
    why = {check.code: check.why for check in CHECKS}
    rows = [
        (outcome.code, outcome.title, outcome.result, _found(outcome), why[outcome.code])
        for outcome in sorted(outcomes, key=lambda outcome: RESULTS.index(outcome.result))
    ]
    return pd.DataFrame(rows, columns=["code", "check", "result", "found", "why it matters"])


def _found(outcome: Outcome) -> str:
    """Return the reason, or the first finding and how many others there are."""
    if not outcome.findings:
        return outcome.reason
    first, more = outcome.findings[0], len(outcome.findings) - 1
    return f"{first.where} {first.what}" + (f" And {plural(more, 'more finding')}." if more else "")
