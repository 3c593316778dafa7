"""How a new file differs from training, and which of its columns is which."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rare_event.experiment.differences import Mismatch
from rare_event.read.values import shown
from rare_event.store.scorings import Scoring, delete_scoring
from rare_event.text import plain, plural
from rare_event.ui.frame import in_place
from rare_event.ui.score.files import score_again

WIDTHS = (3.2, 5.0, 3.2)
# More lines scroll, so that the figures below stay in sight.
MOST_IN_SIGHT, HEIGHT = 2, 170
NOT_THERE = ""
GRADES = {True: ("red", "problem"), False: ("orange", "warning")}
HARMLESS = ("new", "label")


@in_place
def show_findings(scoring: Scoring) -> None:
    """Show how the file differs from training."""
    findings = scoring.findings()
    if not findings:
        st.markdown(
            ":green[:material/check_circle: The columns and values are like those of the training data.]"
        )
        return
    st.markdown(f"**{plural(len(findings), 'difference')} from training**")
    with st.container(height=HEIGHT if len(findings) > MOST_IN_SIGHT else "content", border=True):
        for finding in sorted(findings, key=lambda one: (not one.blocks, one.kind in HARMLESS)):
            _show(finding)


def _show(finding: Mismatch) -> None:
    colour, grade = ("blue", "note") if finding.kind in HARMLESS else GRADES[finding.blocks]
    where, what, fix = st.columns(WIDTHS, vertical_alignment="center")
    column = "the file" if finding.column is None else shown(finding.column)
    where.markdown(f":{colour}-badge[{grade}] **{plain(column)}**")
    what.markdown(f":small[{plain(finding.what)}]")
    fix.markdown(f":small[{plain(finding.fix)}]")


@in_place
def ask_columns(scoring: Scoring) -> None:
    """Ask which column of the file each missing one is; a likely name is suggested."""
    findings = scoring.findings()
    missing = [one for one in findings if one.blocks and one.column is not None]
    others = _others(findings)
    st.warning("Confirm the columns below, then score the file.")
    with st.form(f"score_columns_{scoring.id}"):
        answers = {}
        for one in missing:
            old = one.column or ""
            choices = [NOT_THERE, *others]
            answers[old] = st.selectbox(
                f"Which column is {plain(shown(old))}?",
                choices,
                index=choices.index(one.suggestion) if one.suggestion else 0,
                format_func=lambda name: name or "none: the file lacks it",
                key=f"score_column_{scoring.id}_{old}",
            )
        confirmed = st.form_submit_button("Confirm and score", type="primary", key="score_confirm")
    st.button("Cancel", key="score_cancel", on_click=delete_scoring, args=(scoring,))
    if confirmed:
        mapping = {new: old for old, new in answers.items() if new}
        if len(mapping) < len(missing):
            st.error(_why_not(answers))
            return
        score_again(scoring, {**scoring.request().mapping, **mapping})
        st.rerun()


def _others(findings: Sequence[Mismatch]) -> list[str]:
    """Columns of the file that training did not have."""
    new = [one.column for one in findings if one.kind == "new" and one.column is not None]
    return list(dict.fromkeys([*(one.suggestion for one in findings if one.suggestion), *new]))


def _why_not(answers: dict[str, str]) -> str:
    for old, new in answers.items():
        if not new:
            return plain(f"The model needs the column {shown(old)}. Choose it above, or add it to the file.")
    return "The same column of the file is chosen twice. Choose another one."
