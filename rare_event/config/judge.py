"""Settings of the alarm policy and of the rule that chooses a threshold."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from rare_event.clock import MINUTES, TimeUnit
from rare_event.config.base import Settings, finite, require, typed
from rare_event.config.labels import RULES
from rare_event.text import number, percent

RuleKind = Literal[
    "fa-per-day",
    "promise-per-day",
    "recall",
    "events",
    "f-beta",
    "cost",
    "quantile",
    "trailing-quantile",
    "fixed",
]
# Rules whose value is a share, and rules that need no positive rows.
SHARES: tuple[RuleKind, ...] = ("recall", "events", "quantile", "trailing-quantile")
LABEL_FREE: tuple[RuleKind, ...] = ("fa-per-day", "promise-per-day", "quantile", "trailing-quantile", "fixed")
# Rules whose value is a rate of false alarms.
RATES: tuple[RuleKind, ...] = ("fa-per-day", "promise-per-day")
# The square of beta and the total cost of all events must stay finite.
MOST_BETA = 1000.0
# Of false alarms in a day: one in three thousand years, and eleven in a second.
LEAST_RATE, MOST_RATE = 1e-6, 1e6
MOST_COST = 1e12
# Of a rate, in words.
DIGITS = 6
# A lower level near 0 would be reached by every score: no alarm would end within its stretch.
# Of any time in a policy: ten years. Larger ones are slips of the hand, and figures of them have no sense.
MOST_MINUTES, MOST_MUTE = 5_256_000, 10_000_000
LEAST_END_SHARE = 0.01


@dataclass(frozen=True)
class AlarmPolicy(Settings):
    """When scores at or above the threshold become an alarm, and when an alarm counts.

    Parameters
    ----------
    k, n
        A row is in alarm when at least k of the last n windows in its stretch reach the threshold.
    cooldown
        Off-delay. Alarm rows of one stretch that are less than this many minutes apart belong to one alarm.
        A long alarm can count more than once (see “Repeat alarm”).
    lead
        Lead window: an alarm catches an event only if it comes at most this many minutes before the event.
        Empty (None): equal to the label shift.
    min_lead
        An alarm that comes less than this many minutes before the event is too late to count.
    mute
        Number of scored windows after each restart that cannot raise an alarm.
    repeat
        Blocks of this many minutes follow one another from each start of the machine. An alarm that is on
        for a whole block counts as one more alarm at its end, except in the lead window of an event.
    end_share
        Hysteresis. An alarm stays on while k of the last n windows reach this share of the threshold. With 1,
        they must reach the threshold itself.
    suppress_column
        A category column, such as the grade, that suppresses alarms. Empty: none does. Suppressed rows
        raise no alarm and do not count towards k; an event is missed if only they could have warned of it.
    suppress_values
        No alarm is raised in rows with one of these values.
    suppress_after
        Alarms are suppressed for this many minutes after each change of the value.
    stops
        Known stops, in which rows are suppressed too: first and last minute on the clock of the training
        table, and the machine, empty where there is one.
    shelved
        Times for which an operator has silenced the alarms, given as known stops are: their rows are
        suppressed too.

    Examples
    --------
    >>> AlarmPolicy(k=2, n=3, min_lead=15.0).with_lead(10.0).min_lead
    10.0
    """

    k: int = 1
    n: int = 1
    cooldown: float = 10.0
    lead: float | None = None
    min_lead: float = 0.0
    mute: int = 0
    repeat: float = 30.0
    end_share: float = 1.0
    suppress_column: str = ""
    suppress_values: tuple[str, ...] = ()
    suppress_after: float = 0.0
    stops: tuple[tuple[float, float, str], ...] = ()
    shelved: tuple[tuple[float, float, str], ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            1 <= self.k <= self.n <= 1000,
            f"k is {self.k} and n is {self.n}; choose k from 1 to n, and n up to 1,000.",
        )
        # A repeat may be longer than any stretch: no alarm then counts again.
        for name in ("cooldown", "lead", "min_lead", "suppress_after"):
            minutes = getattr(self, name)
            require(
                minutes is None or minutes <= MOST_MINUTES,
                f"{name} is {minutes or 0:.3g} minutes; choose at most {MOST_MINUTES:,}, ten years.",
            )
        require(self.cooldown >= 0, f"cooldown is {typed(self.cooldown)} minutes; choose 0 or more.")
        require(
            self.lead is None or self.lead > 0,
            f"lead is {typed(self.lead or 0)} minutes; choose more than 0.",
        )
        require(self.min_lead >= 0, f"min_lead is {typed(self.min_lead)} minutes; choose 0 or more.")
        require(
            self.lead is None or self.min_lead <= self.lead,
            f"min_lead is {typed(self.min_lead)} minutes; choose 0 to {typed(self.lead or 0)}, "
            "the lead window.",
        )
        require(self.mute >= 0, f"mute is {self.mute} rows; choose 0 or more.")
        require(self.mute <= MOST_MUTE, f"mute is {self.mute:.3g} rows; choose at most {MOST_MUTE:,}.")
        # The clock divided by it must stay exact.
        require(self.repeat >= 1e-6, f"repeat is {typed(self.repeat)} minutes; choose more than 0.")
        require(
            LEAST_END_SHARE <= self.end_share <= 1,
            f"end_share is {typed(self.end_share)}; choose {LEAST_END_SHARE:g} to 1.",
        )
        require(
            isinstance(self.suppress_values, tuple)
            and all(isinstance(value, str) for value in self.suppress_values),
            f"suppress_values is {self.suppress_values!r}; give values of the column as text.",
        )
        require(
            self.suppress_after >= 0,
            f"suppress_after is {typed(self.suppress_after)} minutes; choose 0 or more.",
        )
        set_up = bool(self.suppress_values or self.suppress_after)
        require(
            bool(self.suppress_column) or not set_up,
            "suppress_column is empty, but suppress_values or suppress_after is set; choose a category "
            "column.",
        )
        require(
            set_up or not self.suppress_column,
            f"suppress_column is {self.suppress_column!r}, but no row is suppressed by it; choose "
            "suppress_values, or suppress_after above 0.",
        )
        for name, spans in (("stops", self.stops), ("shelved", self.shelved)):
            require(
                isinstance(spans, tuple) and all(_is_span(span) for span in spans),
                f"{name} is {spans!r}; give the first and last minute of each, and its machine.",
            )

    @property
    def suppresses(self) -> bool:
        """Whether any alarms are suppressed, other than those that are shelved."""
        return bool(self.suppress_column or self.stops)

    def unsuppressed(self) -> AlarmPolicy:
        """Return the policy without suppression and shelving."""
        return replace(self, suppress_column="", suppress_values=(), suppress_after=0.0, stops=(), shelved=())

    def of_machine(self, machine: str) -> AlarmPolicy:
        """Return the policy with the known stops and the shelving of one machine only."""
        stops, shelved = (
            tuple(span for span in spans if span[2] == machine) for spans in (self.stops, self.shelved)
        )
        return replace(self, stops=stops, shelved=shelved)

    def with_lead(self, lead: float) -> AlarmPolicy:
        """Return the policy with another lead window, in minutes; a later `min_lead` shrinks to it.

        Events that are detected while they last have a lead window of 0: it is left to the label.
        """
        return replace(self, lead=lead or None, min_lead=min(self.min_lead, lead))


def _is_span(span: object) -> bool:
    if not isinstance(span, tuple) or len(span) != 3:
        return False
    first, last, machine = span
    return finite(first) and finite(last) and first <= last and isinstance(machine, str)


@dataclass(frozen=True)
class Costs(Settings):
    """Costs of the plant, in its own currency.

    Parameters
    ----------
    event
        Cost of an event that comes without warning; for example, 10,000 dollars or more for a sheet break.
    false_alarm
        What a false alarm costs: the time that people spend on it.
    saved
        Share of an event's cost that a warning saves.
    """

    event: float = 10_000.0
    false_alarm: float = 200.0
    saved: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        for what, cost in (("an event", self.event), ("a false alarm", self.false_alarm)):
            require(
                0 <= cost <= MOST_COST, f"The cost of {what} is {typed(cost)}; choose 0 to {MOST_COST:,.0f}."
            )
        require(0 <= self.saved <= 1, f"The share saved is {typed(self.saved)}; choose 0 to 1.")


@dataclass(frozen=True)
class Rule(Settings):
    """How the threshold is chosen on validation data.

    Parameters
    ----------
    kind
        ``fa-per-day``: the lowest threshold with at most this many false alarms per day of running
        time. ``promise-per-day``: the lowest threshold for which at most this many can be
        promised with 95% confidence. ``events``, ``recall``: of the thresholds that
        reach this share, the one with the highest precision (of the rows that score at or above it, the
        share that is positive). ``f-beta``: the best balance of precision and recall (of the positive
        rows, the share that scores at or above the threshold); a beta above 1 favours recall. ``cost``:
        the threshold with the highest net value at the given costs. ``quantile``: this share of the
        validation scores lies below the threshold. ``trailing-quantile``: this share of the recent scores
        lies below the threshold, which therefore follows drift. A threshold that is moved by hand keeps its
        ratio to this quantile.
        ``fixed``: the value is the threshold.
    value
        Depends on the rule: false alarms a day, a share from 0 to 1, or beta. Not used by ``cost``.
    days
        The trailing quantile is computed from the scores of this many days before each row, not counting
        stops.
    costs
        Costs for the rule ``cost``.

    Examples
    --------
    >>> Rule("fa-per-day", 2.0).in_words()
    'at most 2 false alarms a day'
    """

    kind: RuleKind = "fa-per-day"
    value: float = 2.0
    days: float = 3.0
    costs: Costs = field(default_factory=Costs)

    def __post_init__(self) -> None:
        super().__post_init__()
        valid, allowed = self.value >= 0, "0 or more"
        if self.kind in SHARES:
            valid, allowed = 0 <= self.value <= 1, "0 to 1"
        elif self.kind == "f-beta":
            valid, allowed = 0 < self.value <= MOST_BETA, f"above 0, at most {MOST_BETA:,.0f}"
        elif self.kind in RATES:
            valid = self.value == 0 or LEAST_RATE <= self.value <= MOST_RATE
            allowed = f"0, or {LEAST_RATE:.6f} to {MOST_RATE:,.0f}"
        require(
            valid, f"The value of the rule “{RULES[self.kind]}” is {typed(self.value)}; choose {allowed}."
        )
        require(0 < self.days <= 365, f"days is {typed(self.days)}; choose a number above 0, at most 365.")

    @property
    def trailing(self) -> bool:
        """Whether the threshold follows the recent scores."""
        return self.kind == "trailing-quantile"

    def in_words(self, unit: TimeUnit = MINUTES) -> str:
        """Say how the threshold is chosen."""
        days = "day" if self.days == 1 else f"{self.days:g} days"
        span = f"{1000 * self.days:,.0f} rows" if unit.reason else days
        rate = unit.alarms(number(self.value, DIGITS))
        return {
            "fa-per-day": f"at most {rate}",
            "promise-per-day": f"a promise of at most {rate} with 95% confidence",
            "recall": f"at least {percent(self.value)} of the positive rows, at the best precision",
            "events": f"at least {percent(self.value)} of the events, at the best precision",
            "f-beta": f"the highest F-beta with beta {self.value:g}",
            "cost": (
                f"the least cost (event {self.costs.event:,.0f}, of which a warning saves "
                f"{percent(self.costs.saved)}; false alarm {self.costs.false_alarm:,.0f})"
            ),
            "quantile": f"the {self.value:g} quantile of the scores",
            "trailing-quantile": f"the trailing {self.value:g} quantile of the scores over the last {span}",
            "fixed": "set by hand",
        }[self.kind]
