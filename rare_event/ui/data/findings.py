"""What the checks found, and their fixes."""

from __future__ import annotations

import streamlit as st

from rare_event.checks.findings import grades
from rare_event.store.datasets import Dataset, save_dataset
from rare_event.text import plain, plural
from rare_event.ui.cache import findings_of, table_of
from rare_event.ui.frame import in_place

GRADE_COLOURS = {"problem": "red", "warning": "orange", "note": "blue", "good": "green"}


@in_place
def show_findings(dataset: Dataset) -> None:
    """Show what the checks found in each column, with one-click fixes."""
    st.subheader("Checks")
    table, findings = table_of(dataset), findings_of(dataset)
    if not findings:
        st.success("No problems found.")
    for number_, finding in enumerate(findings):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            grade = f":{GRADE_COLOURS[finding.grade]}-badge[{finding.grade}]"
            where, sentences = plain(finding.where), plain(f"{finding.what} {finding.fix}")
            st.markdown(f"{grade} **{where}** {sentences}", width="stretch")
            if finding.action and st.button("Fix it", key=f"data_fix_{dataset.version[:12]}_{number_}"):
                save_dataset(dataset.with_fix(finding))
                st.rerun()
    if dataset.fixes and st.button(f"Undo the last of {plural(len(dataset.fixes), 'fix')}", key="data_undo"):
        save_dataset(dataset.without_last_fix())
        st.rerun()
    listed = grades(table, findings)
    with st.expander(f"Every column ({len(listed):,})"):
        st.dataframe(listed, hide_index=True, key="data_grades")
