"""What the checks found, as a table with its fixes."""

from __future__ import annotations

from collections import Counter

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rare_event.checks.findings import Finding
from rare_event.errors import TableError
from rare_event.store.datasets import Dataset, save_dataset
from rare_event.text import capital, plain, plural
from rare_event.ui.cache import findings_of, table_of
from rare_event.ui.frame import in_place

GRADE_COLOURS = {"problem": "red", "warning": "orange", "note": "blue", "good": "green"}
WIDTHS = (2.4, 4.6, 4.6, 3.2)
# More rows scroll, so that the time line and the sensors stay in sight.
MOST_IN_SIGHT, HEIGHT = 1, 170
# Each row is several elements that the browser draws before what is below.
MOST_DRAWN = 6


@in_place
def show_findings(dataset: Dataset) -> None:
    """Show what the checks found in each column, what a fix changes, and the buttons for it."""
    table, findings = table_of(dataset), findings_of(dataset)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_counted(findings, len(list(table.schema.roles()))), width="content")
        count = len(dataset.fixes)
        undo = "Undo the fix" if count == 1 else f"Undo the last of {count:,} fixes"
        if count and st.button(undo, key="data_undo"):
            _save(dataset.without_last_fix())
        fixable = [finding for finding in findings if _is_fixed(finding)]
        if len(fixable) > 1 and st.button("Fix all", key=f"data_fix_all_{dataset.version[:12]}"):
            _fix_all(dataset, fixable)
        shown = [finding for finding in findings if finding.grade != "note"][:MOST_DRAWN]
        if len(shown) < len(findings) and st.toggle(f"Show all {len(findings)}", key="data_all_findings"):
            shown = findings
    if shown:
        with st.container(height=HEIGHT if len(shown) > MOST_IN_SIGHT else "content", border=True):
            offered = any(_is_fixed(each) or _can_leave_out(dataset, each) for each in shown)
            for position, finding in enumerate(shown):
                widths = WIDTHS if offered else (*WIDTHS[:2], WIDTHS[2] + WIDTHS[3])
                columns = st.columns(widths, vertical_alignment="center")
                _show_finding(dataset, finding, f"{dataset.version[:12]}_{position}", columns)


def _counted(findings: list[Finding], n_columns: int) -> str:
    """Count the findings of each grade; notes alone are no problem."""
    grades = Counter(finding.grade for finding in findings)
    notes = [plural(grades["note"], "note")] if grades["note"] else []
    worse = [plural(grades[grade], grade) for grade in ("problem", "warning") if grades[grade]]
    if worse:
        return f"**{capital(', '.join([*worse, *notes]))}**"
    found = f"No problems found in {plural(n_columns, 'column')}."
    return " ".join([f":green[:material/check_circle: {found}]", *notes])


def _show_finding(dataset: Dataset, finding: Finding, key: str, columns: list[DeltaGenerator]) -> None:
    where, what, effect, *rest = columns
    column = "the file" if finding.column is None else finding.column
    where.markdown(f":{GRADE_COLOURS[finding.grade]}-badge[{finding.grade}] **{plain(column)}**")
    what.markdown(f":small[{plain(finding.what)}]", help=plain(finding.why) or None)
    effect.markdown(f":small[{plain(finding.fix)}]")
    if not rest:
        return
    buttons = rest[0].container(horizontal=True, horizontal_alignment="right")
    if _is_fixed(finding) and buttons.button("Fix", key=f"data_fix_{key}"):
        _save(dataset.with_fix(finding))
    if _can_leave_out(dataset, finding) and buttons.button("Leave out", key=f"data_leave_out_{key}"):
        _save(dataset.with_fix(_leaving_out(finding)))


def _is_fixed(finding: Finding) -> bool:
    return finding.action not in (None, "ignore")


def _can_leave_out(dataset: Dataset, finding: Finding) -> bool:
    schema = dataset.schema
    return finding.column in schema.categories or (
        finding.column in schema.sensors and len(schema.sensors) > 1
    )


def _leaving_out(finding: Finding) -> Finding:
    return Finding(finding.grade, finding.column, finding.what, finding.fix, "ignore", code=finding.code)


def _fix_all(dataset: Dataset, findings: list[Finding]) -> None:
    """Apply all fixes in turn; those that an earlier one has made impossible are left."""
    for finding in findings:
        try:
            dataset = dataset.with_fix(finding)
        except TableError:
            continue
    _save(dataset)


def _save(dataset: Dataset) -> None:
    save_dataset(dataset)
    st.rerun()
