"""Whether new data keep a promise: kept, broken, or too early to tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from scipy.special import gammaincinv

from rare_event.clock import MINUTES, TimeUnit
from rare_event.judge.exact import TAIL, exact_share
from rare_event.judge.promise import Promise
from rare_event.text import capital, number, plural

Answer = Literal["kept", "broken", "too early to tell", "nothing promised"]
PROMISED = "Promise from validation data:"
HEADLINES: dict[Answer, str] = {
    "kept": "The promise is kept.",
    "broken": "The promise is broken.",
    "too early to tell": "It is too early to tell whether the promise is kept.",
    "nothing promised": "Nothing was promised.",
}


@dataclass(frozen=True)
class Bound:
    """Whether one bound is kept, a sentence with the figures, and what is bounded; empty if nothing is."""

    answer: Answer
    what: str
    subject: str = ""


@dataclass(frozen=True)
class Check:
    """Whether new data keep a promise.

    Each bound is compared with the exact 95% interval of the new figure. It is *broken* where the whole
    interval lies on the wrong side of the bound, which happens to a true promise in at most 2.5% of cases;
    *kept* where the whole interval lies on the right side, which happens to an untrue one in at most 2.5%;
    else it is too early to tell. So a true sentence of two bounds is called broken in at most 5% of cases,
    and a sentence that is untrue in either of its bounds is called kept in at most 2.5%.

    Parameters
    ----------
    alarms, events
        The bound on false alarms, and that on events caught.
    """

    alarms: Bound
    events: Bound

    @property
    def answer(self) -> Answer:
        """Broken or too early to tell if one bound is; else kept, if anything was promised."""
        answers = {self.alarms.answer, self.events.answer}
        order: tuple[Answer, ...] = ("broken", "too early to tell", "kept")
        return next((answer for answer in order if answer in answers), "nothing promised")

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        return HEADLINES[self.answer]

    @property
    def answers(self) -> str:
        """The answer for each bound, without figures."""
        bounds = [bound for bound in (self.alarms, self.events) if bound.subject]
        return " ".join(f"{bound.subject}: {bound.answer}." for bound in bounds)

    @property
    def in_words(self) -> str:
        """The answer with its figures."""
        return " ".join([self.headline, self.alarms.what, self.events.what]).strip()


class Given(Protocol):
    """What was counted on new data: an `Evaluation`, or counts."""

    @property
    def false_alarms(self) -> int:
        """False alarms, or all alarms where nothing says which are false."""

    @property
    def days(self) -> float:
        """Running time in days, or thousands of rows."""

    @property
    def caught(self) -> int:
        """Events caught."""

    @property
    def n_events(self) -> int:
        """Events."""


def check_promise(promise: Promise, given: Given, unit: TimeUnit = MINUTES, labelled: bool = True) -> Check:
    """Compare a promise with what new data gave.

    Parameters
    ----------
    promise
        As it was committed.
    given
        What the new data gave.
    unit
        Of the figures.
    labelled
        Whether the new data say when events were. If not, all alarms are counted: there are no more false
        ones than these, so that few alarms keep the promise, but many do not break it.
    """
    alarms = _check_alarms(promise, given.false_alarms, given.days, unit, labelled)
    return Check(alarms, _check_events(promise, given.caught, given.n_events, labelled))


def rate_interval(false_alarms: float, days: float, spread: float = 1.0) -> tuple[float, float]:
    """95% interval of a rate (Garwood 1936), widened by the dispersion of false alarms.

    Examples
    --------
    >>> [round(end, 2) for end in rate_interval(0, 2.0)]
    [0.0, 1.84]
    >>> [round(end, 2) for end in rate_interval(10, 5.0, spread=2.0)]
    [0.65, 4.67]
    """
    low = spread * float(gammaincinv(false_alarms / spread, TAIL)) if false_alarms else 0.0
    return low / days, spread * float(gammaincinv(false_alarms / spread + 1, 1 - TAIL)) / days


def _check_alarms(promise: Promise, alarms: int, days: float, unit: TimeUnit, labelled: bool) -> Bound:
    if promise.bounds is None:
        return Bound("nothing promised", promise.reason)
    most, name = promise.bounds[0], "false alarm" if labelled and unit.labelled else "alarm"
    subject, promised = capital(unit.false_alarms), f"{PROMISED} at most {number(most)} {unit.a_day}"
    if not days:
        return _bound(subject, "too early to tell", f"{promised}, but the new data have no running time.")
    low, high = rate_interval(alarms, days, promise.dispersion)
    clustered = f", if {name}s cluster as in the validation data" if promise.dispersion > 1 else ""
    found = f"{number(alarms / days)} {'' if labelled or not unit.labelled else 'alarms '}{unit.a_day}"
    said = (
        f"{promised}; found: {found} ({plural(alarms, name)} in {unit.running(days)}, 95% interval "
        f"{number(low, 2)} to {number(high, 2)}{clustered})."
    )
    if high <= most:
        return _bound(subject, "kept", said)
    if low <= most:
        return _bound(subject, "too early to tell", said)
    if not labelled and unit.labelled:
        said = f"{said} Without an event column, it is unknown how many were false."
        return _bound(subject, "too early to tell", said)
    return _bound(subject, "broken", said)


def _check_events(promise: Promise, caught: int, n_events: int, labelled: bool) -> Bound:
    least = 0.0 if promise.bounds is None else promise.bounds[1]
    if not least:
        return Bound("nothing promised", "")
    subject, promised = "Events caught", f"{PROMISED} at least {number(100 * least)}%"
    if not n_events:
        missing = "have no events" if labelled else "do not say when events were"
        return _bound(subject, "too early to tell", f"{promised}, but the new data {missing}.")
    low, high = (float(end) for end in exact_share(np.array(caught), np.array(n_events)))
    said = (
        f"{promised}; found: {100 * caught / n_events:.0f}% ({caught:,} of {plural(n_events, 'event')}, 95% "
        f"interval {100 * low:.0f}% to {100 * high:.0f}%)."
    )
    if high < least:
        return _bound(subject, "broken", said)
    return _bound(subject, "kept" if low >= least else "too early to tell", said)


def _bound(subject: str, answer: Answer, figures: str) -> Bound:
    """Begin the sentence of one bound with its answer."""
    return Bound(answer, f"{subject}: {answer}. {figures}", subject)
