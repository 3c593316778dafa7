"""How many more events or days it takes until a difference, or a goal, could be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from scipy.special import gammaincinv, ndtri

from rare_event.clock import MINUTES, TimeUnit
from rare_event.judge.exact import TAIL
from rare_event.text import number, plural

POWER = 0.8
CHANCE = "an 80% chance of showing"
# More events or days than this are not worth waiting for, and take long to compute.
MOST_EVENTS, MOST_DAYS = 20_000, 3650.0
NO_DIFFERENCE = "The difference is 0, so the number of events needed to show one cannot be estimated."
NO_EVENTS = "There are no events yet, so the number needed to show a difference is unknown."


@dataclass(frozen=True)
class Needed:
    """What it takes until an effect of the size that was found could be seen with 80% power.

    Parameters
    ----------
    events
        How many events in all; None where days are counted, or it cannot be computed.
    seen
        Events there are.
    days
        Running time in days, or thousands of rows: in all where days are counted, else that of the events.
    seen_days
        Running time there is.
    what
        What could be shown, as the end of the sentence.
    reason
        Why it cannot be computed, as a sentence; empty if it can.
    """

    events: int | None
    seen: int
    days: float
    seen_days: float
    what: str
    reason: str = ""

    def in_words(self, unit: TimeUnit = MINUTES) -> str:
        """Say how much more it takes.

        Examples
        --------
        >>> Needed(64, 36, 15.5, 8.7, "a difference of this size").in_words()
        "28 more events (about 6.8 days at this plant's rate) would give an 80% chance of showing \
a difference of this size."
        """
        if self.reason:
            return self.reason
        more = float(f"{self.days - self.seen_days:.2g}")
        if self.events is None:
            if more <= 0:
                return f"If the true rate is the one found, data of this length have {CHANCE} {self.what}."
            longer = f"Another {unit.running(more)}".replace("Another 1 ", "Another ")
            return f"{longer} would give {CHANCE} {self.what}, if the true rate is the one found."
        elif self.events <= self.seen:
            given = f"{_these(self.seen)} enough for"
        else:
            about = f" (about {unit.total(more)} at this plant's rate)" if more > 0 else ""
            given = f"{plural(self.events - self.seen, 'more event')}{about} would give"
        return f"{given} {CHANCE} {self.what}."


def _these(seen: int) -> str:
    return "This one event is" if seen == 1 else f"These {seen:,} events are"


def for_difference(difference: float, low: float, high: float, n_events: int, days: float = 0.0) -> Needed:
    """Count the events until the 95% interval of a difference of this size would leave 0 out.

    The interval shrinks with the root of the number of events; a normal one is assumed (Chow, Shao and Wang
    2008, section 3.1).

    Parameters
    ----------
    difference, low, high
        Of a figure of two models on the same events, with its 95% interval.
    n_events, days
        Events of both models, and their running time.

    Examples
    --------
    >>> for_difference(0.03, -0.03, 0.09, n_events=78).events
    638
    """
    what = "a difference of this size"
    if not n_events:
        return _refused(what, n_events, days, NO_EVENTS)
    if not difference:
        return _refused(what, n_events, days, NO_DIFFERENCE)
    deviation = (high - low) / (2 * ndtri(1 - TAIL))
    needed = n_events * ((ndtri(1 - TAIL) + ndtri(POWER)) * deviation / difference) ** 2
    return _events(what, int(np.ceil(needed)), n_events, days)


def for_pairs(only_first: int, only_second: int, n_events: int, days: float = 0.0) -> Needed:
    """Count the events needed to see which of two alarms is better, from those that only one of them catches.

    Power of the exact two-sided test of McNemar (1947) at 5%, at the shares found.

    Parameters
    ----------
    only_first, only_second
        Events that only one of them catches.
    n_events, days
        Events in all, and their running time.
    """
    what = "a difference of this size"
    if not n_events:
        return _refused(what, n_events, days, NO_EVENTS)
    if only_first == only_second:
        return _refused(what, n_events, days, NO_DIFFERENCE)
    differing = (only_first + only_second) / n_events
    better = max(only_first, only_second) / (only_first + only_second)
    found = _least(lambda n: power_of_pairs(n, differing, better))
    return _events(what, found, n_events, days)


def power_of_pairs(n_events: int, differing: float, better: float) -> float:
    """Power of the exact test of McNemar.

    Parameters
    ----------
    n_events
        Events.
    differing
        Share of them that only one of two catches.
    better
        Share of these that the better one catches, above one half.
    """
    count = np.arange(n_events + 1)
    binom = scipy.stats.binom
    enough = binom.isf(TAIL, count, 0.5) + 1
    return float((binom.pmf(count, n_events, differing) * binom.sf(enough - 1, count, better)).sum())


def for_share(caught: int, n_events: int, goal: float, days: float = 0.0) -> Needed:
    """Count the events until the exact 95% interval of the share caught would leave a goal out.

    Parameters
    ----------
    caught, n_events
        Events.
    goal
        A share; whether it is exceeded or missed is what could be shown.
    days
        Running time of the events.
    """
    share = caught / n_events if n_events else 0.0
    kept = "at least" if share > goal else "less than"
    what = f"that the alarms catch {kept} {100 * goal:.3g}% of the events"
    if not n_events:
        return _refused(what, n_events, days, NO_EVENTS)
    if share == goal:
        reason = f"The share caught equals the goal of {100 * goal:.3g}%: no number of events shows more."
        return _refused(what, n_events, days, reason)
    return _events(what, _least(lambda n: power_of_share(n, share, goal)), n_events, days)


def power_of_share(n_events: int, share: float, goal: float) -> float:
    """Power of the exact binomial test that a share differs from a goal, on the side where it does."""
    if share < goal:
        share, goal = 1 - share, 1 - goal
    binom = scipy.stats.binom
    return float(binom.sf(binom.isf(TAIL, n_events, goal), n_events, share))


def for_rate(
    false_alarms: int, days: float, goal: float, dispersion: float = 1.0, unit: TimeUnit = MINUTES
) -> Needed:
    """Count the days until the 95% interval of the rate of false alarms would leave a goal out.

    Parameters
    ----------
    false_alarms, days
        False alarms, and their running time in days, or thousands of rows.
    goal
        A rate; whether it is kept or exceeded is what could be shown.
    dispersion
        Of the false alarms.
    unit
        Of the figures.
    """
    rate = false_alarms / days if days else 0.0
    kept = "at most" if rate < goal else "more than"
    what = f"that there are {kept} {unit.alarms(number(goal))}"
    if not days:
        return Needed(None, 0, 0.0, 0.0, what, "There is no running time, so no rate can be computed.")
    if rate == goal:
        reason = (
            f"The rate equals the goal of {number(goal)} {unit.a_day}: more data cannot show if it is met."
        )
        return Needed(None, 0, days, days, what, reason)
    longer = days * np.geomspace(0.01, MOST_DAYS / min(days, MOST_DAYS), 2000)
    power = power_of_rate(longer, rate, goal, dispersion)
    short = np.flatnonzero(power < POWER)
    if len(short) and short[-1] == len(longer) - 1:
        reason = f"It takes more than {unit.reword(f'{MOST_DAYS:,.0f} days')} for {CHANCE} {what}."
        return Needed(None, 0, days, days, what, reason)
    return Needed(None, 0, float(longer[short[-1] + 1] if len(short) else longer[0]), days, what)


def power_of_rate(days: np.ndarray, rate: float, goal: float, dispersion: float = 1.0) -> np.ndarray:
    """Power of the exact Poisson test that a rate differs from a goal, on the side where it does.

    False alarms come in clusters as large as the dispersion, whose number is Poisson distributed.
    """
    expected, wanted = rate * days / dispersion, goal * days / dispersion
    poisson = scipy.stats.poisson
    if rate < goal:
        # The highest count whose upper limit is at most the goal.
        most = poisson.ppf(TAIL, wanted)
        most = np.where(gammaincinv(most + 1, 1 - TAIL) <= wanted, most, most - 1)
        return np.asarray(poisson.cdf(most, expected))
    return np.asarray(poisson.sf(poisson.isf(TAIL, wanted), expected))


def _least(power: Callable[[int], float]) -> int | None:
    """Find the least number of events with enough power, by bisection; None if there are too many."""
    enough = 1
    while power(enough) < POWER:
        enough *= 2
        if enough > MOST_EVENTS:
            return None
    few = enough // 2
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (few, middle) if power(middle) >= POWER else (middle, enough)
    return enough


def _events(what: str, needed: int | None, n_events: int, days: float) -> Needed:
    if needed is None or needed > MOST_EVENTS:
        reason = f"It takes more than {MOST_EVENTS:,} events for {CHANCE} {what}."
        return _refused(what, n_events, days, reason)
    return Needed(needed, n_events, days * needed / n_events, days, what)


def _refused(what: str, n_events: int, days: float, reason: str) -> Needed:
    return Needed(None, n_events, days, days, what, reason)
