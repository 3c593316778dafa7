"""The verdict on test data in words, and the figures of the plant with their intervals."""

from __future__ import annotations

import math
from functools import partial

import pandas as pd

from rare_event.clock import MINUTES, TimeUnit
from rare_event.judge.evaluation import Evaluation
from rare_event.judge.exact import exact_count
from rare_event.text import capital, number, plural, share

FIGURES = {
    "Events caught": "caught",
    "False alarms per day": "false_alarms_per_day",
    "Median lead": "median_lead",
    "Precision (rows)": "precision",
    "Recall (rows)": "recall",
    "ROC AUC (rows)": "auc",
}


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
    unit, place = figures.time_unit, "of" if figures.during else "before"
    lead = "–" if figures.median_lead is None else unit.span(figures.median_lead)
    return [
        (
            "Events caught",
            f"{figures.caught} of {figures.n_events}",
            "With an alarm during the event."
            if figures.during
            else "With an alarm in the lead window before the event.",
        ),
        _counted(figures, unit),
        ("Median delay", lead, "From the first row of an event to its first row in alarm.")
        if figures.during
        else ("Median lead", lead, "From the first alarm in the lead window to the start of the event."),
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
            f"How often a row {place} an event scores higher than a normal one; chance gives 0.5.",
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
    return f"{counted} (95% interval of the rate: {number(low)} to {number(high)} {unit.a_day})"
