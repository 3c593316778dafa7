"""Sentences about a judged run that the Evaluate page and the report share, as plain text."""

from __future__ import annotations

from collections.abc import Sequence

from rare_event.clock import TimeUnit
from rare_event.config import Rule
from rare_event.judge.evaluation import Evaluation
from rare_event.judge.goals import needed_for_goal, needed_for_promise
from rare_event.judge.kept import Check, check_promise
from rare_event.judge.promise import Promise
from rare_event.store.records import Committed, Look
from rare_event.store.seal import changed_after_a_look
from rare_event.text import moment, percent, plural, times

NOT_COMPARED = "This run has not been compared with any baselines yet."
STILL_KNOWN = "You can still see how often and how long an alarm sounds, and the drift."
OPTIMISTIC = "rows next to each validation row are in the training data. Split by time instead."
LOAD_BASIS = (
    "All alarms count, true and false, each time they sound. The worst periods are the busiest 10 minutes, "
    "hour and 24 hours, stops included. Alarms from elsewhere are extra."
)


def threshold_in_words(
    committed: Committed, figures: Evaluation, covered: float, unit: TimeUnit, unknown: bool
) -> str:
    """Say which threshold and alarm policy the figures are of.

    Parameters
    ----------
    committed
        The threshold.
    figures
        Of the part at this threshold.
    covered
        Minutes, or rows, before an event that the shift covers.
    unit
        Of time.
    unknown
        Whether the part tells nothing of events.
    """
    policy = committed.policy
    windows = (
        "one score at or above the threshold raises an alarm"
        if policy.n == 1
        else f"{policy.k} of {policy.n} scores raise an alarm"
    )
    cooldown = f"cooldown {unit.span(policy.cooldown)}" if policy.cooldown else "no cooldown"
    if policy.end_share < 1:
        cooldown += f", an alarm ends below {percent(policy.end_share)} of the threshold"
    if policy.mute:
        cooldown += f", muted for {plural(policy.mute, 'window')} after a restart"
    if policy.min_lead and not unknown:
        cooldown += f", minimum lead {unit.span(policy.min_lead)}"
    window = f"lead window {unit.span(covered)} (equal to the label shift)"
    if policy.lead is not None:
        window = f"lead window {unit.span(policy.lead)}"
    if figures.during:
        window = "an alarm catches an event only while it lasts"
    by = {
        "committed": f"committed {moment(committed.time)}",
        "suggested": "suggested after training, not committed",
        "given": "not committed",
    }[committed.origin]
    return (
        f"Threshold: {committed.in_words(unit)}, {by}. "
        f"Alarm policy: {windows}, {cooldown}{'' if unknown else f', {window}'}."
    )


def below_figures(unknown: bool) -> str:
    """Say what is written below each figure."""
    below = "its 95% interval" if unknown else "its 95% interval and what chance would give"
    return f"Under each figure: {below}, where known."


def looks_in_words(looks: Sequence[Look]) -> str:
    """Say how often the test data were opened, and whether that spoils their figures."""
    if changed_after_a_look(looks):
        return (
            "The threshold or the alarm policy was changed after the test data had been opened "
            f"(opened {times(len(looks))} so far). The figures below are too optimistic. Only new data can "
            "judge this model fairly now."
        )
    first = "on " if len(looks) == 1 else "first on "
    return f"Test data opened {times(len(looks))}, {first}{moment(looks[0].time)}."


def promised_in_words(promise: Promise, test: Evaluation, rule: Rule, unit: TimeUnit) -> list[str]:
    """Say what was promised and found, and how much more data would tell more."""
    check = check_promise(promise, test, unit)
    needed = needed_for_promise(promise, check, test, unit)
    few = ["There are too few test data to confirm or refute this promise."] if needed else []
    goal = _goal(rule, needed_for_goal(rule, test, promise.dispersion, unit), unit)
    found = kept_figures(check) if check.answers else ""  # else the promise gives the reason already
    return [promise.in_words(unit), *([found] if found else []), *few, *needed, *([goal] if goal else [])]


def goal_in_words(promise: Promise, rule: Rule, unit: TimeUnit) -> str:
    """Say what it takes until the goal of a rule could be seen in validation data; may be empty."""
    return _goal(rule, needed_for_goal(rule, promise, promise.dispersion, unit), unit)


def _goal(rule: Rule, needed: str, unit: TimeUnit) -> str:
    return f"The goal is {rule.in_words(unit)}. {needed}" if needed else ""


def kept_figures(check: Check) -> str:
    """Write the figures that tell whether a promise is kept."""
    return " ".join(filter(None, [check.alarms.what, check.events.what]))


def load_basis(unit: TimeUnit) -> str:
    """Say which alarms count for the load of an operator."""
    return LOAD_BASIS + (
        " One operator is assumed to receive the alarms of all machines." if unit.machines else ""
    )
