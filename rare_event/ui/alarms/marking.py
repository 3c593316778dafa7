"""What people say of the chosen alarm, and a new run without the stops that they know."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from rare_event.checks.findings import Fix
from rare_event.errors import DataError, RareEventError
from rare_event.report.lines import clock_text
from rare_event.store.datasets import Dataset
from rare_event.store.marks import KINDS, Kind, Mark, mark_alarm, marks_of, of_false_alarms
from rare_event.store.runs import Run, create_run
from rare_event.text import moment, plain, plural
from rare_event.ui.alarms.items import items_of, marks_of_items
from rare_event.ui.alarms.page import Chosen
from rare_event.ui.cache import jobs, prepared_of, table_of, time_unit_of
from rare_event.ui.frame import in_place
from rare_event.ui.links import link_to
from rare_event.ui.live import once
from rare_event.ui.state import asker, update_state

NAME, TURN = "alarms_by", "alarms_mark_turn"
KIND_WORDS: dict[Kind, str] = {"true": "True", "false": "False", "known stop": "Known stop"}


@in_place
def show_marking(run: Run, chosen: Chosen) -> None:
    """Let the user say what the alarm was; the answer is kept with the run."""
    item, mark = chosen.item, chosen.mark
    at = clock_text(item.at, table_of(run.dataset()), time_unit_of(run))
    # After this session's own mark the form begins again, from what is kept.
    turn = st.session_state.get(TURN, 0)
    key = f"alarms_mark_{run.id}_{item.asset}_{at}_{turn}"
    kept = mark.time if mark else ""
    if f"{key}_kind" not in st.session_state:
        st.session_state[f"{key}_seen"] = kept
    with st.form(key, border=True):
        kind = st.segmented_control(
            "What was it?",
            KINDS,
            format_func=lambda kind: KIND_WORDS[kind],
            default=mark.kind if mark else None,
            key=f"{key}_kind",
        )
        with st.container(horizontal=True):
            note = st.text_input("Note", mark.note if mark else "", key=f"{key}_note", max_chars=500)
            by = st.text_input(
                "Your name",
                mark.by if mark else st.session_state.get(NAME, ""),
                key=f"{key}_by",
                max_chars=60,
            )
        with st.container(horizontal=True):
            save = st.form_submit_button("Save the mark", type="primary", key=f"{key}_save")
            remove = mark is not None and st.form_submit_button("Remove the mark", key=f"{key}_remove")
    if mark is not None:
        by_whom = f" by {plain(mark.by)}" if mark.by else ""
        note_of = f": {plain(mark.note)}" if mark.note else "."
        st.caption(f"Marked {mark.kind}{by_whom}, {moment(mark.time)}{note_of}")
    if save and kind is None:
        st.warning("Choose what it was: true, false or a known stop.")
    elif (save or remove) and st.session_state[f"{key}_seen"] != kept:
        st.session_state[f"{key}_seen"] = kept
        st.warning(
            "This alarm was marked elsewhere meanwhile; the other mark stands above. Yours is not saved yet: "
            "press the button again to replace the other one."
        )
    elif save or remove:
        st.session_state[NAME] = by
        st.session_state[TURN] = turn + 1
        until = clock_text(max(item.ends, item.at), table_of(run.dataset()), time_unit_of(run))
        mark_alarm(run, Mark(at, None if remove else kind, note, by, until, item.asset))
        st.rerun()


@in_place
def show_marked(run: Run, chosen: Chosen) -> None:
    """Say how many false alarms were known stops, and offer a training without these."""
    false = [mark for item, mark in zip(chosen.items, chosen.marks, strict=True) if item.event is None]
    unit = time_unit_of(run)
    noun = unit.false_alarms.removesuffix("s")
    said = of_false_alarms([mark.kind or "" if mark else "" for mark in false], noun)
    nothing = "The false alarms in these data have no marks yet. Mark those caused by known stops: "
    st.caption(said or unit.reword(f"{nothing}you can then train without their rows."))
    stops = known_stops(run, chosen)
    if not stops:
        return
    st.button(
        f"Retrain without the {'known stop' if len(stops) == 1 else plural(len(stops), 'known stop')}",
        key="alarms_retrain",
        icon=":material/play_arrow:",
        on_click=once(_retrain),
        args=(run, stops),
        help="Trains a new run with the same settings on the same data without the rows of these alarms, in "
        "training, validation and test data alike. Other runs keep the dataset as it is.",
    )
    if problem := st.session_state.pop("alarms_retrain_problem", ""):
        st.error(plain(problem))
    if st.session_state.get("alarms_retrained"):
        link_to("pages/2_Train.py", "Follow the new run", "alarms_follow", main=True)


def known_stops(run: Run, chosen: Chosen) -> list[tuple[float, float]]:
    """Return the first and last minute of each alarm that is marked a known stop, in the visible data."""
    items, marks = list(chosen.items), list(chosen.marks)
    # The alarms of the other part are listed only if one of them can be a stop.
    if chosen.item.part == "test" and any(mark.kind == "known stop" for mark in marks_of(run)):
        past = items_of(run, "validation")
        items, marks = [*past, *items], [*marks_of_items(run, past), *marks]
    return [
        (item.begins, max(item.ends, item.begins))
        for item, mark in zip(items, marks, strict=True)
        if mark is not None and mark.kind == "known stop" and item.event is None
    ]


def without_stops(run: Run, stops: list[tuple[float, float]]) -> Dataset:
    """Return the dataset of a run without the rows of some alarms.

    Raises
    ------
    RareEventError
        If the table has no times, or it would lose an event or too many rows.
    """
    dataset = run.dataset()
    table = table_of(dataset)
    if table.start is None or time_unit_of(run).reason:
        raise DataError(
            "The file has no readable times, so the rows of the known stops cannot be left out here. Leave "
            "them out on the Data page by their line numbers."
        )
    start = pd.Timestamp(table.start)
    for first, last in stops:
        begin, end = (start + pd.Timedelta(minute, unit="min") for minute in (first, last))
        dataset = dataset.with_fix(Fix("leave-out-dates", parameters=(begin.isoformat(), end.isoformat())))
    return dataset


def _retrain(run: Run, stops: list[tuple[float, float]]) -> None:
    try:
        dataset = without_stops(run, stops)
        # Data that no longer fit the settings are refused here, before a worker starts.
        prepared_of(dataset, run.config())
        again = create_run(dataset, run.config())
        jobs().submit(again, asker())
    except RareEventError as error:
        st.session_state["alarms_retrain_problem"] = str(error)
        return
    update_state(watched=again.id)
    st.session_state["alarms_retrained"] = again.id
