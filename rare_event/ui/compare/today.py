"""What the plant has today on the Compare page: alarm lists and rules, added, judged and deleted."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from rare_event.code.show import code_of_alarms
from rare_event.compare.leaderboard import shared_scores
from rare_event.compare.today import TodayRow, model_against, today_row
from rare_event.compare.windows import Comparable
from rare_event.config import parse_sensor_rule
from rare_event.errors import RareEventError
from rare_event.judge.standing import Row
from rare_event.prepare.alarm_file import AlarmList, answered, read_alarms
from rare_event.prepare.alarm_rows import alarm_rows, rule_rows
from rare_event.prepare.corrections import OpenQuestion
from rare_event.read.table import AS_FOUND, Question, Reading
from rare_event.store.alarm_lists import (
    StoredAlarms,
    add_alarms,
    add_rule,
    damaged_alarms,
    delete_alarms,
    list_alarms,
)
from rare_event.store.datasets import Dataset
from rare_event.store.runs import open_run
from rare_event.text import plain, plural
from rare_event.ui.cache import scores_of, table_of
from rare_event.ui.code import show_code
from rare_event.ui.downloads import offer_downloads
from rare_event.ui.frame import in_place, show_errors
from rare_event.ui.kept import kept

UPLOADS = "compare_alarms_uploads"
HELP = (
    "Add the alarms that you have today, from a control system, a control chart, another tool or a log. Give "
    "one line for each alarm: its start and, if known, its end and its name. Or type a rule on one sensor. "
    "Both are judged on the same windows as the models."
)


def add_alarm_list(dataset: Dataset) -> None:
    """Let the user add a list of alarms, or a rule on one sensor, as what the plant has today."""
    with st.popover("Add an alarm list", icon=":material/add_alert:", help=HELP):
        with show_errors():
            _add_upload(dataset)
        with show_errors():
            _add_rule(dataset)


def _add_upload(dataset: Dataset) -> None:
    uploads = st.session_state.setdefault(UPLOADS, 0)
    file = st.file_uploader("List of alarms (CSV, Excel or Parquet)", key=f"compare_alarms_{uploads}")
    if file is None:
        return
    content, reading = file.getvalue(), AS_FOUND
    alarms: AlarmList | None = None
    while alarms is None:
        try:
            alarms = read_alarms(content, file.name, reading)
        except OpenQuestion as asked:
            said = _answer(asked.questions[0], reading, uploads)
            if said is None:
                return
            reading = said
    found = alarm_rows(table_of(dataset), alarms)
    stands = int((found.after > found.first).sum())
    st.caption(plain(f"{plural(len(alarms), 'alarm')} in the list; {stands:,} in the period of the data."))
    if st.button("Add this list", key="compare_alarms_add", type="primary"):
        add_alarms(dataset.digest, file.name, content, reading)
        st.session_state[UPLOADS] = uploads + 1
        st.rerun()


def _answer(question: Question, reading: Reading, uploads: int) -> Reading | None:
    """Ask what a list leaves open; None until it is answered."""
    choice = st.radio(
        plain(question.what),
        question.choices,
        index=None,
        format_func=lambda each: plain(f"{each.words} ({each.example})" if each.example else each.words),
        key=f"compare_alarms_{uploads}_{question.about}",
    )
    return None if choice is None else answered(reading, question, choice)


def _add_rule(dataset: Dataset) -> None:
    with st.form("compare_rule_form", clear_on_submit=True, border=False):
        text = st.text_input(
            "Or a rule on one sensor", key="compare_rule", placeholder="x12 > 4.1 for 3 rows"
        )
        added = st.form_submit_button("Add this rule")
    if added:
        rule = parse_sensor_rule(text)
        rule_rows(table_of(dataset), rule)
        add_rule(dataset.digest, rule)
        st.rerun()


@in_place
def todays_rows(
    dataset: Dataset, chosen: Comparable, board: Sequence[Row], own: str, lead: float
) -> list[TodayRow]:
    """Judge the alarm lists of a dataset on the windows of a leaderboard; one that cannot be is a sentence.

    Parameters
    ----------
    dataset
        The dataset.
    chosen
        The windows, whose test data are open.
    board
        The leaderboard.
    own
        Id of the run in use; empty if it is not on the board.
    lead
        Lead window in minutes.
    """
    rows: list[TodayRow] = []
    model = model_against(board, own)
    if model is None:
        return rows
    together = tuple(row.run for row in board if row.run) if chosen.shared else ()
    for sentence in damaged_alarms(dataset.digest):
        st.warning(plain(sentence))
    for stored in list_alarms(dataset.digest):
        try:
            rows.append(_judged(dataset.version, stored, model.run, together, lead, dataset))
        except RareEventError as error:
            said = str(error)
            with st.container(horizontal=True, vertical_alignment="center"):
                st.error(plain(said if stored.name in said else f"{stored.name}: {said}"))
                _offer_to_delete(stored)
    return rows


@kept(max_entries=64, show_spinner="Judging the alarm list …")
def _judged(
    version: str, stored: StoredAlarms, run_id: str, together: tuple[str, ...], lead: float, _dataset: Dataset
) -> TodayRow:
    policy = open_run(run_id).config().policy.with_lead(lead)
    if together:
        scores = shared_scores([open_run(each) for each in together])[run_id]
    else:
        scores = scores_of(run_id, "test")
    return today_row(stored, table_of(_dataset), scores.once(), policy)


@in_place
def show_today_headline(rows: Sequence[TodayRow], board: Sequence[Row], own: str) -> None:
    """Say in one sentence for each alarm list whether the model beats it."""
    model = model_against(board, own)
    if model is None:
        return
    for row in rows:
        st.markdown(plain(row.sentences(model.name)[0]))
        st.caption(plain(row.against.limits))


@in_place
def show_today(
    rows: Sequence[TodayRow], board: Sequence[Row], own: str, lead: float, shared: bool = False
) -> None:
    """Show what each alarm list catches, with its ledger and its code, and let the user delete it.

    Parameters
    ----------
    rows
        The alarm lists, judged.
    board, own, lead
        As in `todays_rows`.
    shared
        Whether they are judged on windows that several runs share.
    """
    model = model_against(board, own)
    if not rows or model is None:
        return
    st.header("What you have today", anchor=False)
    for row in rows:
        _, *sentences = row.sentences(model.name)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(plain(" ".join(sentences)), width="stretch")
            with st.popover("Ledger", key=f"compare_today_{row.stored.id}"):
                offer_downloads(
                    row.today.ledger, "the ledger", "ledger-alarms", f"compare_today_{row.stored.id}"
                )
            _offer_to_delete(row.stored)
        _show_code(row.stored, model.run, lead, shared)
    st.caption(
        "An alarm list has no score: it has no AUC and cannot be ranked. The model is compared with it at "
        "the list's own rate of false alarms. Only events caught by exactly one of the two count."
    )


def _show_code(stored: StoredAlarms, run_id: str, lead: float, shared: bool) -> None:
    show_code(
        f"compare_today_code_{stored.id}", lambda: code_of_alarms(open_run(run_id), stored, lead, shared)
    )


def _offer_to_delete(stored: StoredAlarms) -> None:
    label = f"Delete {plain(stored.name)}"
    if st.button("Delete", key=f"compare_today_delete_{stored.id}", icon=":material/delete:", help=label):
        delete_alarms(stored)
        st.rerun()
