"""Alarms suppressed by a category column: the fields of the form, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from rare_event.config import AlarmPolicy
from rare_event.experiment.suppressing import unsuppressible
from rare_event.judge.suppression import suppressed_in_words
from rare_event.read.values import shown
from rare_event.store.records import Part
from rare_event.store.runs import Run
from rare_event.text import plain, plural
from rare_event.ui.cache import scores_of, table_of, time_unit_of
from rare_event.ui.forms import help_of
from rare_event.ui.kept import kept
from rare_event.ui.marks import known_stops_on_clock
from rare_event.ui.place import in_place

NONE = ""


@in_place
def choose_suppression(policy: AlarmPolicy, run: Run) -> AlarmPolicy:
    """Let the user suppress alarms by a category column, and in the known stops, where there are any."""
    if why := unsuppressible(table_of(run.dataset()), run.committed().policy):
        st.warning(plain(why))
    chosen = _by_category(policy, run)
    return replace(chosen, stops=_choose_stops(policy, run), shelved=policy.shelved)


def _choose_stops(policy: AlarmPolicy, run: Run) -> tuple[tuple[float, float, str], ...]:
    stops = known_stops_on_clock(run)
    if not stops:
        return ()
    of_them = "known stop" if len(stops) == 1 else plural(len(stops), "known stop")
    wanted = st.checkbox(
        f"Suppress alarms during the {of_them} marked on the Alarms page",
        bool(policy.stops),
        key=f"threshold_policy_{run.id}_stops",
        help="No alarm is raised from the start to the end of a stop marked on the Alarms page. Expect "
        "worse figures on new data, in which no stop is marked yet.",
    )
    return stops if wanted else ()


def _by_category(policy: AlarmPolicy, run: Run) -> AlarmPolicy:
    table, unit = table_of(run.dataset()), time_unit_of(run)
    columns = [NONE, *table.schema.categories]
    if len(columns) == 1:
        return policy.unsuppressed()
    key = f"threshold_policy_{run.id}_suppress"
    begin = policy.suppress_column if policy.suppress_column in columns else NONE

    def help_with(name: str) -> str:
        return unit.reword(help_of(AlarmPolicy, name))

    places = st.columns(3)
    column = places[0].selectbox(
        "Suppress alarms by",
        columns,
        columns.index(begin),
        format_func=lambda name: name or "nothing",
        key=f"{key}_column",
        help=help_with("suppress_column"),
    )
    if not column:
        return policy.unsuppressed()
    found = sorted(table.frame[column].astype(str).unique().tolist())
    values = places[1].multiselect(
        "while it is",
        found,
        [value for value in policy.suppress_values if column == begin and value in found],
        key=f"{key}_values_{column}",
        help=help_with("suppress_values"),
    )
    after = places[2].number_input(
        unit.reword("also after it changes (minutes)"),
        value=float(policy.suppress_after) if column == begin else 0.0,
        min_value=0.0,
        step=1.0,
        format="%g",
        key=f"{key}_after_{column}",
        help=help_with("suppress_after"),
    )
    if not values and not after:
        yet = f"{plain(shown(column))} suppresses nothing yet."
        st.caption(f"{yet} Choose a value, or a time after a change.")
        return policy.unsuppressed()
    return replace(
        policy, suppress_column=column, suppress_values=tuple(values), suppress_after=float(after or 0.0)
    )


@in_place
def show_suppressed(run: Run, part: Part, policy: AlarmPolicy) -> None:
    """Say how much of a part is suppressed, and which events that hides."""
    if (policy.suppresses or policy.shelved) and (said := _words(run.id, part, policy)):
        st.caption(said)


@kept(max_entries=64)
def _words(run_id: str, part: Part, policy: AlarmPolicy) -> str:
    return suppressed_in_words(scores_of(run_id, part).once(), policy)
