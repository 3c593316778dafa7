"""Drift on the Evaluate page: whether the plant changed after the training data."""

from __future__ import annotations

import streamlit as st

from rare_event.prepare.drift import Change
from rare_event.report.charts import score_label_of
from rare_event.report.drift import Drift, first_day
from rare_event.report.judged import changes_after_training, without_level
from rare_event.store.runs import Run, open_run
from rare_event.text import plain
from rare_event.ui.cache import (
    followed_of,
    prepared_of,
    regime_of,
    scores_of,
    table_of,
    time_unit_of,
)
from rare_event.ui.charts import draw
from rare_event.ui.kept import kept
from rare_event.ui.regime import show_regime


def show_drift(run: Run) -> None:
    """Show the score of normal windows and the false alarms day by day, and which sensors changed."""
    drift = drift_of(run)
    if said := drift.by_day_in_words():
        st.markdown(plain(said))
    show_regime(run, drift)
    for sentence in drift.changes_in_words():
        st.markdown(f"- {plain(sentence)}")
    if said := drift.unmeasured_in_words():
        st.caption(plain(said))
    figures = drift.figures()
    draw(figures["error_by_day"], key="evaluate_error_by_day")
    left, right = st.columns(2)
    draw(figures["alarms_by_day"], "evaluate_alarms_by_day", left)
    if "carriers" in figures:
        draw(figures["carriers"], "evaluate_carriers", right)


def drift_of(run: Run) -> Drift:
    """Gather what the drift of a run whose test data are open is told from."""
    committed, unit = run.committed(), time_unit_of(run)
    contributions, names = run.contributions("test")
    return Drift(
        validation=scores_of(run.id, "validation"),
        test=scores_of(run.id, "test"),
        followed=followed_of(run.id, "test", committed.trailing),
        contributions=contributions,
        names=names,
        found=regime_of(run.id),
        level_changes=changes_of(run.id),
        unmeasured=unmeasured_of(run),
        committed=committed,
        score=score_label_of(run.config(), committed, trailing=False),
        start=first_day(table_of(run.dataset()), unit),
        unit=unit,
    )


@kept(max_entries=8, show_spinner="Looking for changes of level …")
def changes_of(run_id: str) -> list[Change]:
    """Return the sensors whose level changed at a stop after the training part of a run."""
    run = open_run(run_id)
    dataset = run.dataset()
    return changes_after_training(table_of(dataset), prepared_of(dataset, run.config()))


def unmeasured_of(run: Run) -> list[str]:
    """Return the assets whose changes of level cannot be measured: they have no normal training row."""
    return without_level(prepared_of(run.dataset(), run.config()))
