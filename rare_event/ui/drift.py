"""Drift on the Evaluate page: whether the plant changed after the training data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from rare_event.clock import TimeUnit
from rare_event.judge.drift import (
    alarms_by_day,
    carriers_by_day,
    drift_sentence,
    errors_by_day,
    worst_day_sentence,
)
from rare_event.judge.evaluation import call
from rare_event.plots.drift import carriers_figure, error_by_day_figure, false_alarms_by_day_figure
from rare_event.prepare.drift import Change
from rare_event.read.values import shown
from rare_event.store.runs import Run
from rare_event.text import plain, plural
from rare_event.ui.cache import changes_of, followed_of, scores_of, table_of, time_unit_of, unmeasured_of
from rare_event.ui.charts import draw

MOST_CHANGES = 5


def show_drift(run: Run) -> None:
    """Show the score of normal windows and the false alarms day by day, and which sensors changed."""
    committed = run.committed()
    test = scores_of(run.id, "test")
    contributions, names = run.contributions("test")
    carriers = carriers_by_day(contributions, test, names) if "sensor_1" in contributions else None
    changes = changes_of(run.id)[:MOST_CHANGES]
    time_unit = time_unit_of(run)
    day_of = _namer(run, time_unit)
    validation = scores_of(run.id, "validation")
    sentence = drift_sentence(validation, test, carriers, day_of) or worst_day_sentence(
        validation, test, day_of
    )
    # The sentence has its unit of time already.
    st.markdown(plain(replace(time_unit, reason="", machines=False).reword(sentence)))
    for change in changes:
        st.markdown(f"- {plain(change.in_words(day_of(int(change.clock // time_unit.period)), time_unit))}")
    if unmeasured := unmeasured_of(run.id):
        st.caption(
            f"Changes of level cannot be measured for {_machines(unmeasured)}, which "
            f"{'has' if len(unmeasured) == 1 else 'have'} no normal training rows."
        )
    score = run.config().score_label(len(committed.thresholds))
    marks = [(_when(run, change, time_unit), change.where) for change in changes]
    start = _first_day(run, time_unit)
    draw(
        error_by_day_figure(
            errors_by_day(test), when=start, part="Test", score=score, changes=marks, time_unit=time_unit
        ),
        key="evaluate_error_by_day",
    )
    left, right = st.columns(2)
    called = call(followed_of(run.id, "test", committed.trailing), committed.thresholds)
    budget = committed.rule.value if committed.rule.kind == "fa-per-day" else None
    by_day = alarms_by_day(called, committed.policy)
    draw(false_alarms_by_day_figure(by_day, budget, time_unit), "evaluate_alarms_by_day", left)
    if carriers is not None:
        draw(carriers_figure(carriers, time_unit), "evaluate_carriers", right)


def _machines(names: Sequence[str]) -> str:
    """Name one machine, or count several and name the first."""
    first = plain(shown(names[0]))
    return first if len(names) == 1 else f"{plural(len(names), 'machine')} such as {first}"


def _first_day(run: Run, unit: TimeUnit) -> pd.Timestamp | None:
    """Return the time of the table's first row; days are counted from it."""
    start = table_of(run.dataset()).start
    return None if start is None or unit.reason else pd.Timestamp(start)


def _namer(run: Run, unit: TimeUnit) -> Callable[[int], str]:
    """Return a function that names a day, or a block of rows, by its number since the table's first row."""
    if unit.reason:
        return lambda block: f"row {unit.period * block:,.0f}"
    start = _first_day(run, unit)
    if start is None:
        return "day {}".format
    return lambda day: f"{start + pd.Timedelta(days=day):%-d %b}"


def _when(run: Run, change: Change, unit: TimeUnit) -> Any:
    start = _first_day(run, unit)
    return change.clock / unit.period if start is None else start + pd.Timedelta(minutes=change.clock)
