"""Pieces of the Evaluate page: test data at the committed threshold."""

from __future__ import annotations

from functools import partial

import plotly.graph_objects as go
import streamlit as st

from rare_event.compare.companions import create_baselines
from rare_event.compare.verdict import verdict_on_baselines
from rare_event.plots.tracks import machines_of
from rare_event.report.charts import caught_figure, curves, rates, scores_figure
from rare_event.report.lines import machines_table
from rare_event.report.verdict import (
    alarm_figures,
    alarms_in_words,
    intervals_in_words,
    plant_figures,
    verdict,
)
from rare_event.report.words import NOT_COMPARED, STILL_KNOWN, below_figures, threshold_in_words
from rare_event.store.records import Committed
from rare_event.store.runs import Run
from rare_event.text import plain
from rare_event.ui.alarms.page import ask_for_alarm, row_asked_for
from rare_event.ui.backtest import show_backtest, show_code_of_folds
from rare_event.ui.cache import (
    evaluation_of,
    figure_intervals_of,
    followed_of,
    following_of,
    jobs,
    ledger_of,
    points_of,
    prepared_of,
    table_of,
    time_unit_of,
    unknown_of,
)
from rare_event.ui.charts import draw
from rare_event.ui.compare.baselines import progress_of, show_count
from rare_event.ui.frame import in_place
from rare_event.ui.kept import kept
from rare_event.ui.ledger import show_ledger
from rare_event.ui.limits import show_limits
from rare_event.ui.links import NEXT, link_to
from rare_event.ui.live import poll_until_ended
from rare_event.ui.metrics import show_metrics
from rare_event.ui.suppression import show_suppressed
from rare_event.ui.threshold import label_of

NOT_OFFERED = (
    "A backtest, the baselines, the leakage meter and “What it reads” need events to judge a model. "
    "{missing}, so they are not offered here."
)


@in_place
def show_verdict(run: Run) -> None:
    """Show the verdict on test data: one sentence and one line of figures."""
    committed = run.committed()
    figures, unknown = evaluation_of(run.id, "test", committed), unknown_of(run, "test")
    unit = time_unit_of(run)
    st.markdown(alarms_in_words(figures, unit) if unknown else verdict(figures))
    if unknown:
        st.info(f"{unknown.why} {STILL_KNOWN}")
    scores = followed_of(run.id, "test", committed.trailing)
    intervals = intervals_in_words(figure_intervals_of(run.id, committed), unit, figures.during)
    st.caption(
        plain(threshold_in_words(committed, figures, scores.lead, unit, bool(unknown)))
        + (f" {below_figures(bool(unknown))}" if intervals else "")
    )
    show_suppressed(run, "test", committed.policy)
    show_metrics(alarm_figures(figures, unit) if unknown else plant_figures(figures), intervals)


@in_place
def show_baselines(run: Run) -> None:
    """Compare the model with its baselines, or offer to train them; nothing without events to compare on."""
    if unknown_of(run, "test"):
        return
    poll_until_ended(
        lambda: _show_baselines(run), lambda: progress_of(run).unfinished, "evaluate_baselines_progress"
    )


def _train_baselines(run: Run) -> None:
    # A press that comes twice trains once.
    if not progress_of(run).unfinished:
        jobs().submit_background(create_baselines(run))


def _show_baselines(run: Run) -> None:
    sentence, progress = verdict_on_baselines(run), progress_of(run)
    if sentence is None and not progress.unfinished:
        show_limits(run.dataset(), [run.config()], small=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        if sentence is not None:
            st.markdown(sentence, width="stretch")
            st.page_link("pages/6_Compare.py", label="Compare them", icon=":material/arrow_forward:")
        elif not progress.unfinished:
            st.info(NOT_COMPARED, width="stretch")
            st.button(
                "Train the baselines",
                key="evaluate_baselines",
                help="They are trained in the background, one at a time. Your own runs take priority.",
                on_click=_train_baselines,
                args=(run,),
            )
    if progress.unfinished:
        show_count(progress)
    for name, reason in progress.failed:
        st.caption(f":material/error: {plain(name)} failed. {plain(reason)}")


def show_errors_over_time(run: Run) -> None:
    """Draw the score of every window of the test data."""
    committed = run.committed()
    draw(_scores_of(run.id, _key_of(committed), run, committed), key="evaluate_errors")


def _key_of(committed: Committed) -> str:
    """Write what figures at a committed threshold depend on."""
    return repr((committed.thresholds, committed.rule, committed.policy, committed.watch))


# A chart takes longer to make than to send; at the same threshold it is the same.
@kept(max_entries=16)
def _scores_of(run_id: str, key: str, _run: Run, _committed: Committed) -> go.Figure:
    scores = followed_of(run_id, "test", _committed.trailing)
    return scores_figure(
        scores,
        _committed,
        table_of(_run.dataset()),
        part="test",
        following=None if _committed.trailing else following_of(run_id, _committed),
        score=label_of(_run, _committed.rule.trailing),
        unit=time_unit_of(_run),
    )


@in_place
def show_folds(run: Run) -> None:
    """Draw the folds over time with the events each caught; offer the backtests that say more."""
    prepared = prepared_of(run.dataset(), run.config())
    if not len(prepared.events):
        labelled = time_unit_of(run).labelled
        missing = "These data have no events" if labelled else "This file has no event column"
        st.caption(NOT_OFFERED.format(missing=missing))
        return
    if len(prepared.folds) < 2:
        show_backtest(run)
        return
    if unknown_of(run, "test"):
        return
    table, lines = table_of(run.dataset()), ledger_of(run.id, "test", run.committed())
    draw(caught_figure(table, prepared, lines), key="evaluate_folds")
    show_code_of_folds(run)
    if machines_of(prepared) is not None and run.config().split.kind != "asset":
        show_backtest(run)


@in_place
def show_machines(run: Run) -> None:
    """Count the events and false alarms of each machine, where there are several."""
    committed, unit = run.committed(), time_unit_of(run)
    scores = followed_of(run.id, "test", committed.trailing)
    if scores.asset is None:
        return
    st.header("Machine by machine")
    lines = ledger_of(run.id, "test", committed)
    table = machines_table(lines, scores, unit, unknown_of(run, "test"))
    st.dataframe(
        table,
        hide_index=True,
        column_config={table.columns[-1]: st.column_config.NumberColumn(format="%.2f")},
        key="evaluate_machines",
        alt="Machine by machine",
    )


def show_curves(run: Run) -> None:
    """Draw the confusion matrix, the ROC curve, precision and recall; without events, the alarms."""
    committed = run.committed()
    drawn = _curves_of(run.id, _key_of(committed), run, committed)
    places = st.columns(2)
    for number, (key, figure) in enumerate(drawn.items()):
        draw(figure, f"evaluate_{key}", places[number % 2])


@kept(max_entries=16)
def _curves_of(run_id: str, key: str, _run: Run, _committed: Committed) -> dict[str, go.Figure]:
    points = points_of(run_id, "test", _committed.policy, _committed.trailing)
    score = label_of(_run, _committed.trailing is not None)
    if unknown_of(_run, "test"):
        return rates(points, _committed, score, time_unit_of(_run), "test")
    return curves(evaluation_of(run_id, "test", _committed), points, _committed, score, "test")


def show_test_ledger(run: Run) -> None:
    """List the events of the test data, caught or missed, and the false alarms."""
    alarms = time_unit_of(run).false_alarms
    st.header(f"Ledger: {alarms if unknown_of(run, 'test') else f'events and {alarms}'}")
    st.caption("Select a row of the table to see which sensors moved.")
    show_ledger(run, "test", run.committed(), partial(ask_for_alarm, run, "test"))
    if row_asked_for(run) is not None:
        link_to("pages/5_Alarms.py", "Why did it ring?", "evaluate_why", icon=NEXT, main=True)
