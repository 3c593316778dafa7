"""What it takes until a goal, or what was promised, could be seen in the data."""

from __future__ import annotations

from rare_event.clock import MINUTES, TimeUnit
from rare_event.config import RATES, Rule
from rare_event.judge.kept import Check, Given
from rare_event.judge.needed import for_rate, for_share
from rare_event.judge.promise import Promise
from rare_event.text import capital


def needed_for_goal(rule: Rule, given: Given, dispersion: float = 1.0, unit: TimeUnit = MINUTES) -> str:
    """Say how many more events or days it takes until the goal of a rule could be seen to be kept, or missed.

    Parameters
    ----------
    rule
        The rule that chose the threshold.
    given
        What the data gave.
    dispersion
        Of the false alarms.
    unit
        Of the figures.

    Returns
    -------
    str
        A sentence; empty for a rule whose goal is neither a rate of alarms nor a share of events.
    """
    if rule.kind in RATES:
        needed = for_rate(given.false_alarms, given.days, rule.value, dispersion, unit)
    elif rule.kind == "events":
        needed = for_share(given.caught, given.n_events, rule.value, given.days)
    else:
        return ""
    return capital(needed.in_words(unit))


def needed_for_promise(promise: Promise, check: Check, given: Given, unit: TimeUnit = MINUTES) -> list[str]:
    """Say what it takes until each bound for which it is too early could be told.

    Parameters
    ----------
    promise, check
        The promise, and whether the data keep it.
    given
        What the data gave.
    unit
        Of the figures.
    """
    if promise.bounds is None:
        return []
    (most, least), needed = promise.bounds, []
    if check.alarms.answer == "too early to tell":
        needed.append(for_rate(given.false_alarms, given.days, most, promise.dispersion, unit))
    if check.events.answer == "too early to tell":
        needed.append(for_share(given.caught, given.n_events, least, given.days))
    return [capital(one.in_words(unit)) for one in needed]
