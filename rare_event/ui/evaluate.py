"""Pieces of the Evaluate page: test data at the committed threshold."""

from __future__ import annotations

import numpy as np
import streamlit as st

from rare_event.compare.companions import baselines_of, create_baselines
from rare_event.compare.leaderboard import beats_baselines, leaderboard, nearest_budget
from rare_event.judge.ledger import by_machine
from rare_event.plots.curves import precision_recall_figure, roc_figure, threshold_figure
from rare_event.plots.errors import error_figure
from rare_event.plots.matrix import confusion_figure
from rare_event.plots.rates import alarm_rate_figure, time_in_alarm_figure
from rare_event.plots.timeline import folds_figure
from rare_event.plots.tracks import machines_of
from rare_event.store.records import Committed
from rare_event.store.runs import Run
from rare_event.text import moment, plain, plural
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
from rare_event.ui.ledger import show_ledger
from rare_event.ui.limits import show_limits
from rare_event.ui.live import poll_until_ended
from rare_event.ui.metrics import show_metrics
from rare_event.ui.threshold import label_of
from rare_event.ui.verdict import alarm_figures, alarms_in_words, intervals_in_words, plant_figures, verdict

NOT_OFFERED = (
    "A backtest, the baselines and the leakage meter need events to judge a model. {missing}, so they are "
    "not offered here."
)


@in_place
def show_verdict(run: Run) -> None:
    """Show the verdict on test data: one sentence and one line of figures."""
    committed = run.committed()
    figures, unknown = evaluation_of(run.id, "test", committed), unknown_of(run, "test")
    policy, unit = committed.policy, time_unit_of(run)
    st.markdown(alarms_in_words(figures, unit) if unknown else verdict(figures))
    if unknown:
        st.info(f"{unknown.why} You can still see how often and how long an alarm sounds, and the drift.")
    windows = (
        "one score at or above the threshold raises an alarm"
        if policy.n == 1
        else f"{policy.k} of {policy.n} scores raise an alarm"
    )
    cooldown = f"cooldown {unit.span(policy.cooldown)}" if policy.cooldown else "no cooldown"
    if policy.mute:
        cooldown += f", muted for {plural(policy.mute, 'window')} after a restart"
    if policy.min_lead and not unknown:
        cooldown += f", minimum lead {unit.span(policy.min_lead)}"
    window = _lead_window(run, committed)
    if figures.during:
        window = "an alarm counts only during an event"
    by = {
        "committed": f"committed {moment(committed.time)}",
        "suggested": "suggested after training, not committed",
        "given": "not committed",
    }[committed.origin]
    intervals = intervals_in_words(figure_intervals_of(run.id, committed), unit, figures.during)
    below = "its 95 % interval" if unknown else "its 95 % interval and what chance would give"
    st.caption(
        f"Threshold: {plain(committed.in_words(unit))}, {by}. "
        f"Alarm policy: {windows}, {cooldown}{'' if unknown else f', {window}'}."
        + (f" Under each figure: {below}, where known." if intervals else "")
    )
    show_metrics(alarm_figures(figures, unit) if unknown else plant_figures(figures), intervals)


def _lead_window(run: Run, committed: Committed) -> str:
    lead, unit = committed.policy.lead, time_unit_of(run)
    if lead is not None:
        return f"lead window {unit.span(lead)}"
    return f"lead window {unit.span(followed_of(run.id, 'test', committed.trailing).lead)} (as the shift)"


@in_place
def show_baselines(run: Run) -> None:
    """Compare the model with its baselines, or offer to train them; nothing without events to compare on."""
    if unknown_of(run, "test"):
        return
    poll_until_ended(
        lambda: _show_baselines(run), lambda: progress_of(run).unfinished, "evaluate_baselines_progress"
    )


def _show_baselines(run: Run) -> None:
    sentence, progress = verdict_on_baselines(run), progress_of(run)
    if sentence is None and not progress.unfinished:
        show_limits(run.dataset(), [run.config()], small=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        if sentence is not None:
            st.markdown(sentence, width="stretch")
            st.page_link("pages/5_Compare.py", label="Compare them", icon=":material/arrow_forward:")
        elif not progress.unfinished:
            st.info("This run has not been compared with any baselines yet.", width="stretch")
            st.button(
                "Train the baselines",
                key="evaluate_baselines",
                help="They are trained in the background, one at a time. Your own runs take priority.",
                on_click=lambda: jobs().submit_background(create_baselines(run)),
            )
    if progress.unfinished:
        show_count(progress)
    for name, reason in progress.failed:
        st.caption(f":material/error: {plain(name)}: {plain(reason)}")


def verdict_on_baselines(run: Run) -> str | None:
    """Compare a run with its baselines at its own budget, with thresholds set on earlier data.

    Returns
    -------
    str or None
        Markdown; None while there is nothing to compare with.
    """
    judged = run.judged()
    done = [other for other in baselines_of(run).values() if other.status().state == "done"]
    if judged is None or not done:
        return None
    board = leaderboard([run, *done], judged.model.windows)
    return beats_baselines(board, run.id, nearest_budget(run.config().rule))


def show_errors_over_time(run: Run) -> None:
    """Draw the score of every window of the test data."""
    committed, table = run.committed(), table_of(run.dataset())
    scores = followed_of(run.id, "test", committed.trailing)
    when = None if table.time_unit.reason else table.when[scores.row]
    threshold = committed.middle
    following = None if committed.trailing else following_of(run.id, committed)
    score = label_of(run, committed.rule.trailing)
    figure = error_figure(
        scores,
        threshold,
        when=when,
        part="Test",
        following=following,
        score=score,
        labelled=time_unit_of(run).labelled,
        folds=committed.n_thresholds,
    )
    draw(figure, key="evaluate_errors")


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
    events = lines[lines["kind"] == "event"]
    number, caught = events["event"].to_numpy(int), events["caught"].to_numpy(bool)
    row, when = prepared.events.row[number], table.when
    last = np.searchsorted(prepared.row, row, side="right") - 1
    machines = machines_of(prepared, number)
    figure = folds_figure(when[prepared.row], prepared.folds, when[row], caught, last, machines)
    draw(figure, key="evaluate_folds")
    show_code_of_folds(run)
    if machines is not None and run.config().split.kind != "asset":
        show_backtest(run)


@in_place
def show_machines(run: Run) -> None:
    """Count the events and false alarms of each machine, where there are several."""
    committed, unit = run.committed(), time_unit_of(run)
    scores = followed_of(run.id, "test", committed.trailing)
    if scores.asset is None:
        return
    st.header("Machine by machine")
    table = by_machine(ledger_of(run.id, "test", committed), scores)
    if unknown_of(run, "test"):
        table = table.drop(columns=["events", "caught"])
    days = "rows (thousands)" if unit.reason else "running time (days)"
    names = {"false_alarms": unit.false_alarms, "days": days}
    st.dataframe(
        table.rename(columns=names),
        hide_index=True,
        column_config={days: st.column_config.NumberColumn(format="%.2f")},
        key="evaluate_machines",
        alt="Machine by machine",
    )


def show_curves(run: Run) -> None:
    """Draw the confusion matrix, the ROC curve, precision and recall; without events, the alarms."""
    committed = run.committed()
    if unknown_of(run, "test"):
        _show_rates(run, committed)
        return
    figures = evaluation_of(run.id, "test", committed)
    threshold, trailing, folds = committed.middle, committed.trailing, committed.n_thresholds
    points = points_of(run.id, "test", committed.policy, trailing)
    left, right = st.columns(2)
    matrix = confusion_figure(figures.tn, figures.fp, figures.fn, figures.tp, part="Test")
    draw(matrix, "evaluate_matrix", left)
    draw(roc_figure(points, threshold, part="Test", auc=figures.auc, folds=folds), "evaluate_roc", right)
    average, base_rate = figures.average_precision, figures.n_positive / figures.n
    figure = precision_recall_figure(
        points, threshold, part="Test", average_precision=average, base_rate=base_rate, folds=folds
    )
    draw(figure, "evaluate_precision_recall", left)
    figure = threshold_figure(
        points, threshold, part="Test", score=label_of(run, trailing is not None), folds=folds
    )
    draw(figure, "evaluate_threshold", right)


def _show_rates(run: Run, committed: Committed) -> None:
    points = points_of(run.id, "test", committed.policy, committed.trailing)
    score, unit = label_of(run, committed.trailing is not None), time_unit_of(run)
    for place, make, key in zip(
        st.columns(2), (alarm_rate_figure, time_in_alarm_figure), ("rate", "in_alarm"), strict=True
    ):
        figure = make(
            points, committed.middle, part="Test", unit=unit, score=score, folds=committed.n_thresholds
        )
        draw(figure, f"evaluate_{key}", place)


def show_test_ledger(run: Run) -> None:
    """List the events of the test data, caught or missed, and the false alarms."""
    alarms = time_unit_of(run).false_alarms
    st.header(f"Ledger: {alarms if unknown_of(run, 'test') else f'events and {alarms}'}")
    show_ledger(run, "test", run.committed())
