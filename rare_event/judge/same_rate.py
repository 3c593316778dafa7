"""A model against fixed alarms, at the same false alarms a day: which events only one of them catches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy

from rare_event.clock import MINUTES, TimeUnit, rate_of
from rare_event.config import AlarmPolicy, Rule
from rare_event.judge.alarm_list import ByChance, JudgedAlarms, judge_alarms
from rare_event.judge.alarms import alarm_level, event_ledger
from rare_event.judge.evaluation import false_alarms_in_words
from rare_event.judge.exact import exact_share
from rare_event.judge.needed import for_pairs
from rare_event.judge.rules import choose
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import operating_points
from rare_event.text import number, plural

Answer = Literal["better", "worse", "cannot be told"]
HINDSIGHT = (
    "Here the model's threshold is set on these same rows, to give no more false alarms than the list or "
    "rule. The committed threshold may give more or fewer."
)


@dataclass(frozen=True)
class Side:
    """The model or the fixed alarms, at the same false alarms a day.

    Parameters
    ----------
    caught, only
        Events caught, and those of them that the other misses.
    false_alarms
        Of the model as many as of the fixed alarms, or the next lower number that a threshold gives.
    on
        Share of the windows that are alarmed: a long alarm catches more by chance.
    chance
        Events that the same alarms would catch at other times.
    always_on
        Whether an alarm stands in more than half of the windows, and so warns of nothing.
    """

    caught: int
    only: int
    false_alarms: int
    on: float
    chance: ByChance
    always_on: bool = False

    @property
    def beats_chance(self) -> bool:
        """Whether it catches more events than chance would."""
        return self.caught > self.chance.high


@dataclass(frozen=True)
class SameRate:
    """Events caught by a model and by fixed alarms, at the same false alarms a day.

    Parameters
    ----------
    n_events
        Events of the windows.
    model, alarms
        Either side.
    days
        Running time in days, or thousands of rows.
    time_unit
        Of the windows.

    Examples
    --------
    >>> model = Side(27, 20, false_alarms=9, on=0.01, chance=ByChance(2, 0, 5))
    >>> alarms = Side(11, 4, false_alarms=9, on=0.01, chance=ByChance(2, 0, 5))
    >>> SameRate(56, model, alarms, days=6.0).answer
    'better'
    """

    n_events: int
    model: Side
    alarms: Side
    days: float
    time_unit: TimeUnit = MINUTES

    @property
    def differs(self) -> Answer:
        """Whether the model catches more or fewer events than the alarms, beyond what chance explains.

        Events that both catch, or both miss, say nothing. Of the others, each would be the model's or the
        alarms' with even odds if they were alike; the exact 95% interval of the model's share must leave
        one half out (McNemar 1947, with the interval of Clopper and Pearson 1934).
        """
        low, high = exact_share(self.model.only, self.model.only + self.alarms.only)
        return "better" if low > 0.5 else "worse" if high < 0.5 else "cannot be told"

    @property
    def answer(self) -> Answer:
        """Whether the model is better: it differs, and the better side catches more than chance would.

        Of alarms that stand for hours many are on at an event without warning of it.
        """
        better = self.model if self.differs == "better" else self.alarms
        return self.differs if better.beats_chance and not self.alarms.always_on else "cannot be told"

    @property
    def p_value(self) -> float:
        """Chance of a difference as large as this one between two that are alike (exact McNemar test)."""
        differing = self.model.only + self.alarms.only
        return float(scipy.stats.binomtest(self.model.only, differing).pvalue) if differing else 1.0

    @property
    def needed(self) -> str:
        """The events it takes until a difference of this size could be seen, as a sentence."""
        needed = for_pairs(self.model.only, self.alarms.only, self.n_events, self.days)
        return needed.in_words(self.time_unit)

    @property
    def limits(self) -> str:
        """What the comparison does not show: which threshold is compared, and the events needed."""
        return self.needed if self.alarms.always_on else f"{HINDSIGHT} {self.needed}"

    @property
    def rate(self) -> float | None:
        """False alarms a day of the fixed alarms; None where the time is too short for a rate."""
        return rate_of(self.alarms.false_alarms, self.days)

    def in_words(self, model: str, alarms: str) -> str:
        """Say the result in sentences: the answer, the events, and how long the alarms are on.

        Parameters
        ----------
        model, alarms
            Names of the model and of the fixed alarms, as shown.
        """
        if self.alarms.always_on:
            return (
                f"These data cannot show whether {model} or {alarms} is better: the alarms of {alarms} are "
                f"on in {self.alarms.on:.0%} of the windows, so an alarm before an event means little."
            )
        ours, theirs = self.model, self.alarms
        at = false_alarms_in_words(theirs.false_alarms, self.days, self.time_unit)
        rate = f"the same {at}"
        if ours.false_alarms < theirs.false_alarms:
            rate = f"{at} or fewer ({ours.false_alarms:,} against {theirs.false_alarms:,} in total)"
        if not theirs.false_alarms:
            rate = "a rate of 0 false alarms"
        begin = {
            "better": f"{model} is better than {alarms}",
            "worse": f"{model} is worse than {alarms}",
            "cannot be told": f"These data cannot show whether {model} or {alarms} is better",
        }[self.answer]
        return (
            f"{begin}. At {rate}, {model} catches {ours.caught:,} of "
            f"{plural(self.n_events, 'event')} and {alarms} catches {theirs.caught:,}; "
            f"{ours.only:,} {_is(ours.only)} caught by {model} only, {theirs.only:,} by {alarms} only."
            f"{self._without_skill(model, alarms)} The model's alarms are on in {ours.on:.1%} of the "
            f"windows, those of {alarms} in {theirs.on:.1%}."
        )

    def _without_skill(self, model: str, alarms: str) -> str:
        """Say that the side that catches more does no better than chance."""
        if self.differs == self.answer:
            return ""
        name, side = (model, self.model) if self.differs == "better" else (alarms, self.alarms)
        band = f"{number(side.chance.low)} to {number(side.chance.high)}"
        return f" But chance alone could catch as many events as {name} does ({band})."


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def at_same_rate(scores: Scores, policy: AlarmPolicy, judged: JudgedAlarms) -> SameRate:
    """Compare a model with fixed alarms on the same windows.

    The model's threshold is the lowest that gives no more false alarms than the fixed alarms have in these
    windows: their number decides it, not the events.

    Parameters
    ----------
    scores
        The model's, of the windows on which the alarms were judged, in the same order.
    policy
        The model's alarm policy; it takes its lead window from that of the alarms.
    judged
        The fixed alarms.

    Raises
    ------
    ValueError
        If the windows are not the same.
    """
    windows, fixed = judged.windows, judged.evaluation
    same = len(scores) == len(windows) and (scores.row == windows.row).all()
    if not same or (scores.fold != windows.fold).any():
        raise ValueError("The model and the alarms are not on the same windows.")
    if judged.policy.lead is not None:
        policy = policy.with_lead(judged.policy.lead)
    budget = fixed.false_alarms / scores.days if scores.days else 0.0
    threshold = choose(operating_points(scores, policy), Rule("fa-per-day", budget))
    alarmed = alarm_level(scores.y_score, scores, policy, -np.inf) >= threshold
    model = judge_alarms(scores, alarmed, policy)
    caught, theirs = _caught(model), _caught(judged)
    return SameRate(
        n_events=fixed.n_events,
        model=_side(model, len(caught - theirs)),
        alarms=_side(judged, len(theirs - caught)),
        days=fixed.days,
        time_unit=fixed.time_unit,
    )


def _caught(judged: JudgedAlarms) -> set[int]:
    ledger = event_ledger(judged.windows, 1.0, judged.policy)
    return set(ledger.loc[ledger["caught"], "event"].tolist())


def _side(judged: JudgedAlarms, only: int) -> Side:
    figures = judged.evaluation
    on, always_on = float(judged.windows.y_score.mean()), bool(figures.always_on)
    return Side(figures.caught, only, figures.false_alarms, on, judged.chance, always_on)
