"""Pieces of the Evaluate page: test data at the committed threshold."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from rare_event.clock import MINUTES, TimeUnit
from rare_event.compare.companions import baselines_of, create_baselines
from rare_event.compare.leaderboard import beats_baselines, leaderboard, nearest_budget
from rare_event.judge.evaluation import Evaluation
from rare_event.judge.exact import exact_count
from rare_event.judge.ledger import by_machine
from rare_event.plots.curves import precision_recall_figure, roc_figure, threshold_figure
from rare_event.plots.errors import error_figure
from rare_event.plots.matrix import confusion_figure
from rare_event.plots.rates import alarm_rate_figure, time_in_alarm_figure
from rare_event.plots.timeline import folds_figure
from rare_event.plots.tracks import machines_of
from rare_event.store.records import Committed
from rare_event.store.runs import Run
from rare_event.text import capital, moment, number, plain, plural, share
from rare_event.ui.backtest import show_backtest
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

NOT_OFFERED = (
    "A backtest, the baselines and the leakage meter compare models by the events they warn of. Without "
    "{without} they have nothing to compare, so they are not offered here."
)
FIGURES = {
    "Events caught": "caught",
    "False alarms per day": "false_alarms_per_day",
    "Median lead": "median_lead",
    "Precision (rows)": "precision",
    "Recall (rows)": "recall",
    "ROC AUC (rows)": "auc",
}


@in_place
def show_verdict(run: Run) -> None:
    """Show the verdict on test data: one sentence and one line of figures."""
    committed = run.committed()
    figures, unknown = evaluation_of(run.id, "test", committed), unknown_of(run, "test")
    policy, unit = committed.policy, time_unit_of(run)
    st.markdown(alarms_in_words(figures, unit) if unknown else verdict(figures))
    if unknown:
        st.info(f"{unknown.why} You can still see how often and how long an alarm sounds, and the drift.")
    windows = "one window is enough" if policy.n == 1 else f"{policy.k} of {policy.n} windows"
    cooldown = f"cooldown {unit.span(policy.cooldown)}" if policy.cooldown else "no cooldown"
    window = "lead window as covered by the shift"
    if policy.lead is not None:
        window = f"lead window {unit.span(policy.lead)}"
    if figures.during:
        window = "an alarm counts only during an event"
    by = f"committed {moment(committed.time)}" if committed.by_person else "suggested by the training"
    intervals = intervals_in_words(figure_intervals_of(run.id, committed), unit, figures.during)
    below = "its 95 % interval" if unknown else "its 95 % interval and what chance would give"
    st.caption(
        f"Threshold: {plain(committed.in_words(unit))}, {by}. "
        f"Alarm policy: {windows}, {cooldown}{'' if unknown else f', {window}'}."
        + (f" Below a figure: {below}, where known." if intervals else "")
    )
    show_metrics(alarm_figures(figures, unit) if unknown else plant_figures(figures), intervals)


def intervals_in_words(
    intervals: pd.DataFrame, unit: TimeUnit = MINUTES, during: bool = False
) -> dict[str, str]:
    """Write the interval of each figure and the figure by chance, by label."""
    words = {}
    for label, name in FIGURES.items():
        low, high, chance = (float(intervals[column][name]) for column in ("low", "high", "chance"))
        shown = unit.span if name == "median_lead" else partial(number, digits=2)
        interval = "" if math.isnan(low) else f"{shown(low)} to {shown(high)}"
        by_chance = "" if math.isnan(chance) else f"chance {shown(chance)}"
        if interval or by_chance:
            words[unit.reword(label).replace("lead", "delay" if during else "lead")] = " · ".join(
                part for part in (interval, by_chance) if part
            )
    return words


def plant_figures(figures: Evaluation) -> list[tuple[str, str, str | None]]:
    """List the figures a plant counts: label, value, explanation."""
    unit = figures.time_unit
    lead = "–" if figures.median_lead is None else unit.span(figures.median_lead)
    return [
        (
            "Events caught",
            f"{figures.caught} of {figures.n_events}",
            "With an alarm during the event." if figures.during else "With an alarm in the lead window.",
        ),
        _counted(figures, unit),
        ("Median delay", lead, "From the first row of an event to its first alarmed row.")
        if figures.during
        else ("Median lead", lead, "From the first alarm before an event to its start."),
        (
            "Precision (rows)",
            number(figures.precision, 2),
            "Of the rows with a score at or above the threshold, the share that is positive.",
        ),
        (
            "Recall (rows)",
            number(figures.recall, 2),
            "Of the positive rows, the share with a score at or above the threshold.",
        ),
        (
            "ROC AUC (rows)",
            number(figures.auc, 2),
            "How often a positive row scores higher than a normal one; 0.5 is chance.",
        ),
    ]


def alarm_figures(figures: Evaluation, unit: TimeUnit) -> list[tuple[str, str, str | None]]:
    """List what is known where no event can be judged: label, value, explanation."""
    above = figures.tp + figures.fp
    return [
        _counted(figures, unit),
        (
            f"{'Rows' if unit.reason else 'Time'} in alarm",
            share(figures.standing, 1.0),
            "Share of the windows with an active alarm.",
        ),
        (
            "Windows above threshold",
            f"{above:,} of {figures.n:,}",
            "Windows with a score at or above the threshold.",
        ),
    ]


def _counted(figures: Evaluation, unit: TimeUnit) -> tuple[str, str, str | None]:
    """Return the figure of false alarms: a rate, or a count where the time is too short for one."""
    rate, name = figures.rate, capital(unit.false_alarms)
    if rate is not None:
        return f"{name} {unit.per_day}", number(rate), unit.reword("Per day of running time.")
    label = f"{name} in {unit.total(figures.days)}"
    few = "There are too few rows for a rate." if unit.reason else "The running time is too short for a rate."
    return label, f"{figures.false_alarms:,}", few


def verdict(figures: Evaluation) -> str:
    """Write the verdict on a threshold as one sentence of Markdown."""
    if not figures.n_events:
        return "The test data have **no events**, so they cannot show whether an event would be caught."
    unit, lead = figures.time_unit, ""
    if figures.median_lead is not None:
        when = "after they began" if figures.during else "ahead"
        typical = f"**{unit.span(figures.median_lead)}** {when}"
        if figures.during and not figures.median_lead:
            typical = "in their first row"
        lead = f", typically {typical}"
    caught = f"{figures.caught} of {plural(figures.n_events, 'event')}"
    return (
        f"In {unit.running(figures.days)}, **{caught}** would have been caught{lead}, "
        f"{'with' if figures.rate is None else 'at'} {_false_alarms(figures, unit)}. {figures.always_on}"
    ).rstrip()


def alarms_in_words(figures: Evaluation, unit: TimeUnit) -> str:
    """Say how often and how long an alarm would have sounded, as Markdown."""
    within = "in {} of the windows" if unit.reason else "for {} of the time"
    standing = within.format(f"**{share(figures.standing, 1.0)}**")
    return (
        f"In {unit.running(figures.days)}, the model would have raised {_false_alarms(figures, unit)}, and "
        f"an alarm would have been active {standing}."
    )


def _false_alarms(figures: Evaluation, unit: TimeUnit) -> str:
    """Write the false alarms of a sentence; a rate needs a day of running time."""
    days, rate = figures.days, figures.rate
    if rate is not None:
        return f"**{unit.alarms(number(rate))}**"
    counted = f"**{plural(figures.false_alarms, unit.false_alarms.removesuffix('s'))}**"
    if not days:
        return counted
    low, high = (float(end) / days for end in exact_count(figures.false_alarms))
    return f"{counted} (95 % interval {number(low)} to {number(high)} {unit.a_day})"


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
    )
    draw(figure, key="evaluate_errors")


@in_place
def show_folds(run: Run) -> None:
    """Draw the folds over time with the events each caught; offer the backtests that say more."""
    prepared = prepared_of(run.dataset(), run.config())
    if not len(prepared.events):
        st.caption(
            NOT_OFFERED.format(without="an event column" if not time_unit_of(run).labelled else "events")
        )
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
    threshold, trailing = committed.middle, committed.trailing
    points = points_of(run.id, "test", committed.policy, trailing)
    left, right = st.columns(2)
    matrix = confusion_figure(figures.tn, figures.fp, figures.fn, figures.tp, part="Test")
    draw(matrix, "evaluate_matrix", left)
    draw(roc_figure(points, threshold, part="Test", auc=figures.auc), "evaluate_roc", right)
    average, base_rate = figures.average_precision, figures.n_positive / figures.n
    figure = precision_recall_figure(
        points, threshold, part="Test", average_precision=average, base_rate=base_rate
    )
    draw(figure, "evaluate_precision_recall", left)
    figure = threshold_figure(points, threshold, part="Test", score=label_of(run, trailing is not None))
    draw(figure, "evaluate_threshold", right)


def _show_rates(run: Run, committed: Committed) -> None:
    points = points_of(run.id, "test", committed.policy, committed.trailing)
    score, unit = label_of(run, committed.trailing is not None), time_unit_of(run)
    for place, make, key in zip(
        st.columns(2), (alarm_rate_figure, time_in_alarm_figure), ("rate", "in_alarm"), strict=True
    ):
        figure = make(points, committed.middle, part="Test", unit=unit, score=score)
        draw(figure, f"evaluate_{key}", place)


def show_test_ledger(run: Run) -> None:
    """List the events of the test data, caught or missed, and the false alarms."""
    alarms = time_unit_of(run).false_alarms
    st.header(f"Ledger: {alarms if unknown_of(run, 'test') else f'events and {alarms}'}")
    show_ledger(run, "test", run.committed())
