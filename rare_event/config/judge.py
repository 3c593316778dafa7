"""Settings of how scores become alarms, and how a threshold is chosen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from rare_event.clock import MINUTES, TimeUnit
from rare_event.config.base import Settings, require

RuleKind = Literal[
    "fa-per-day", "recall", "events", "f-beta", "cost", "quantile", "trailing-quantile", "fixed"
]
# Rules whose value is a share, and those that need no positive rows to choose by.
SHARES: tuple[RuleKind, ...] = ("recall", "events", "quantile", "trailing-quantile")
LABEL_FREE: tuple[RuleKind, ...] = ("fa-per-day", "quantile", "trailing-quantile", "fixed")
# Squares of beta, and costs of all events together, must stay finite.
MOST_BETA = 1000.0
MOST_COST = 1e12


@dataclass(frozen=True)
class AlarmPolicy(Settings):
    """When scores at or above the threshold become an alarm, and when an alarm counts.

    Parameters
    ----------
    k, n
        A row is alarmed when at least `k` of the last `n` windows of its stretch reach the
        threshold.
    cooldown
        Minutes; alarmed rows of one stretch that are less than this apart form one alarm.
    lead
        Minutes before an event in which an alarm counts for it (the lead window). Empty: the rows that
        the shift makes positive, which is shift x step.
    min_lead
        Minutes; an alarm with less lead time than this is too late to catch the event.
    mute
        Rows after a restart in which no alarm is raised.
    repeat
        Minutes; an alarm that continues is counted again every `repeat` minutes after the restart,
        except within the lead window of an event.

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

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            1 <= self.k <= self.n <= 1000, f"k={self.k} of n={self.n} windows; choose 1 <= k <= n <= 1000."
        )
        require(self.cooldown >= 0, f"cooldown is {self.cooldown} minutes; choose 0 or more.")
        require(self.lead is None or self.lead > 0, f"lead is {self.lead} minutes; choose more than 0.")
        require(self.min_lead >= 0, f"min_lead is {self.min_lead} minutes; choose 0 or more.")
        require(
            self.lead is None or self.min_lead <= self.lead,
            f"min_lead is {self.min_lead} minutes; choose 0 to the lead window of {self.lead} minutes.",
        )
        require(self.mute >= 0, f"mute is {self.mute} rows; choose 0 or more.")
        require(self.repeat > 0, f"repeat is {self.repeat} minutes; choose more than 0.")

    def with_lead(self, lead: float) -> AlarmPolicy:
        """Return the policy with another lead window, in minutes; a later `min_lead` shrinks to it."""
        return replace(self, lead=lead, min_lead=min(self.min_lead, lead))


@dataclass(frozen=True)
class Costs(Settings):
    """What the plant pays, in its own currency.

    Parameters
    ----------
    event
        Cost of an event without warning; the articles name 10,000 dollars and more.
    false_alarm
        Cost of an alarm that no event follows.
    saved
        Share of an event's cost that a warning saves.
    """

    event: float = 10_000.0
    false_alarm: float = 200.0
    saved: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        for what, cost in (("an event", self.event), ("a false alarm", self.false_alarm)):
            require(0 <= cost <= MOST_COST, f"The cost of {what} is {cost}; choose 0 to {MOST_COST:,.0f}.")
        require(0 <= self.saved <= 1, f"The share saved is {self.saved}; choose 0 to 1.")


@dataclass(frozen=True)
class Rule(Settings):
    """How the threshold is chosen on validation data.

    Parameters
    ----------
    kind
        ``fa-per-day``: the most events at no more than `value` false alarms per day of running
        time. ``recall``, ``events``: at least this share of positive rows, or of events, at the
        best precision. ``f-beta``: the highest F-beta of the rows, `value` being beta. ``cost``:
        the highest net value under `costs`. ``quantile``: this quantile of the scores.
        ``trailing-quantile``: this quantile of the last `days` days before each row, which follows
        drift; the threshold is then 1, in multiples of it. ``fixed``: `value` itself.
    value
        Target of the rule: false alarms a day, a share from 0 to 1, or beta; not used by ``cost``.
    days
        Days of running time before a row from which the trailing quantile is computed.
    costs
        Costs that the rule ``cost`` weighs.

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
        good, possible = self.value >= 0, "0 or more"
        if self.kind in SHARES:
            good, possible = 0 <= self.value <= 1, "0 to 1"
        elif self.kind == "f-beta":
            good, possible = 0 < self.value <= MOST_BETA, f"above 0, at most {MOST_BETA:,.0f}"
        require(good, f"The rule {self.kind} has the value {self.value}; choose {possible}.")
        require(0 < self.days <= 365, f"days is {self.days}; choose above 0, at most 365.")

    @property
    def trailing(self) -> bool:
        """Whether the threshold follows the scores."""
        return self.kind == "trailing-quantile"

    def in_words(self, unit: TimeUnit = MINUTES) -> str:
        """Say how the threshold is chosen."""
        memory = f"{1000 * self.days:,.0f} rows" if unit.reason else f"{self.days:g} days"
        return {
            "fa-per-day": f"at most {self.value:g} false alarms {unit.a_day}",
            "recall": f"at least {self.value:.0%} of the positive rows, at the best precision",
            "events": f"at least {self.value:.0%} of the events, at the best precision",
            "f-beta": f"the highest F-beta with beta {self.value:g}",
            "cost": (
                f"the least cost with {self.costs.event:,.0f} for an event, {self.costs.saved:.0%} of it "
                f"saved by a warning, and {self.costs.false_alarm:,.0f} for a false alarm"
            ),
            "quantile": f"the {self.value:g} quantile of the scores",
            "trailing-quantile": f"the {self.value:g} quantile of the last {memory}",
            "fixed": "set by hand",
        }[self.kind]
