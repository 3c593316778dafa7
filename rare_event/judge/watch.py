"""The watch level: a second, lower threshold on the same score, under the same alarm policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rare_event.clock import MINUTES, TimeUnit, rate_of
from rare_event.config import RATES, SHARES, AlarmPolicy, Rule
from rare_event.config.judge import MOST_RATE
from rare_event.errors import DataError
from rare_event.judge.alarms import event_ledger
from rare_event.judge.evaluation import call, evaluate, false_alarms_in_words
from rare_event.judge.exact import exact_count, exact_share, joined
from rare_event.judge.fold_thresholds import FoldThresholds
from rare_event.judge.resampling import figure_draws, interval_of
from rare_event.judge.rules import choose_on
from rare_event.judge.scores import Scores
from rare_event.text import number, plural

# Where nothing else is said: this many times the false alarms of the warning level.
TIMES_THE_WARNING = 3.0
BUDGET = 6.0
DIGITS = 4


@dataclass(frozen=True)
class Watch(FoldThresholds):
    """A watch level, as it is committed with the warning level.

    Parameters
    ----------
    thresholds
        Threshold of each fold; where the warning level is a trailing one, the factor of its quantile.
    rule
        The rule that chose it.
    """

    thresholds: dict[int, float]
    rule: Rule

    def in_words(self, unit: TimeUnit = MINUTES) -> str:
        """Say where the level lies and how it was chosen.

        Examples
        --------
        >>> Watch({0: 0.25}, Rule("fa-per-day", 6.0)).in_words()
        '0.25 (at most 6 false alarms a day on validation data)'
        """
        level = "one threshold per fold" if self.common is None else number(self.common, DIGITS)
        return f"{level} ({self.how(unit)})"

    def how(self, unit: TimeUnit = MINUTES) -> str:
        """Say how the level was chosen."""
        by_hand = self.rule.kind == "fixed"
        return "set by hand" if by_hand else f"{self.rule.in_words(unit)} on validation data"


def default_watch(rule: Rule) -> Rule:
    """Return the rule of a watch level where nobody chose one: a multiple of the warning's false alarms.

    Examples
    --------
    >>> default_watch(Rule("fa-per-day", 1.0)).value, default_watch(Rule("events", 0.5)).value
    (3.0, 6.0)
    """
    budget = TIMES_THE_WARNING * rule.value if rule.kind == "fa-per-day" and rule.value else BUDGET
    return Rule("fa-per-day", min(budget, MOST_RATE))


def choose_watch(validation: Scores, warning: Mapping[int, float], rule: Rule, policy: AlarmPolicy) -> Watch:
    """Choose the watch level of each fold on its own validation windows.

    Parameters
    ----------
    validation
        Scores of the validation parts, as the warning level is compared with them.
    warning
        Threshold of the warning level of each fold.
    rule, policy
        The rule of the watch level, and the alarm policy of both.

    Raises
    ------
    DataError
        If the rule cannot be kept, or the watch level would lie above the warning level.
    """
    return lower_watch(Watch(watch_by_fold(validation, rule, policy), rule), warning)


def watch_by_fold(validation: Scores, rule: Rule, policy: AlarmPolicy) -> dict[int, float]:
    """Choose a threshold by a rule on the validation windows of each fold."""
    return {fold: choose_on(part, policy, rule) for fold, part in validation.by_fold().items()}


def lower_watch(watch: Watch, warning: Mapping[int, float]) -> Watch:
    """Return the watch level, if it does not lie above the warning level.

    Raises
    ------
    DataError
        If it does in a fold.
    """
    for fold, threshold in sorted(watch.thresholds.items()):
        if threshold > warning[fold]:
            where = f" in fold {fold + 1}" if len(watch.thresholds) > 1 else ""
            raise DataError(
                f"The watch level ({number(threshold, DIGITS)}) would lie above the warning level "
                f"({number(warning[fold], DIGITS)}){where}, so no watch level is set. "
                f"{_lower(watch.rule)}"
            )
    return watch


def _lower(rule: Rule) -> str:
    """Say how a rule gives a lower watch level."""
    if rule.kind in RATES:
        return "Allow the watch level more false alarms, or choose another rule for it."
    if rule.kind in ("fixed", "quantile"):
        return "Choose a lower value for the watch level, or another rule for it."
    if rule.kind in SHARES:
        return "Choose a larger share for the watch level, or another rule for it."
    return "Choose another rule for the watch level."


@dataclass(frozen=True)
class WatchFigures:
    """What a watch level does on a part of the data.

    Parameters
    ----------
    caught, n_events
        Events.
    caught_interval
        95% interval of the events caught; None where there are too few stretches to tell.
    only_watch
        Events that the watch level catches and the warning level misses.
    false_alarms, days
        False alarms, and the running time in days, or thousands of rows.
    rate, rate_interval
        False alarms a day, or per 1,000 rows, with the 95% interval; None where the time is too short.
    """

    caught: int
    n_events: int
    caught_interval: tuple[float, float] | None
    only_watch: int
    false_alarms: int
    days: float
    rate: float | None
    rate_interval: tuple[float, float] | None

    def in_words(self, unit: TimeUnit = MINUTES) -> str:
        """Write the figures as a sentence; without events only the alarms.

        Examples
        --------
        >>> WatchFigures(3, 12, (1.0, 6.0), 1, 9, 6.0, 1.5, (0.7, 2.8)).in_words()
        '3 of 12 events caught (95% interval 1 to 6), 1.5 false alarms a day (95% interval 0.7 to 2.8).'
        """
        caught = ""
        if self.n_events:
            share = f"{self.caught:,} of {plural(self.n_events, 'event')} caught"
            caught = f"{share}{_between(self.caught_interval)}, "
        alarms = false_alarms_in_words(self.false_alarms, self.days, unit)
        return f"{caught}{alarms}{_between(self.rate_interval)}."

    @property
    def only_in_words(self) -> str:
        """Say how many events only the watch level catches; empty without events."""
        if not self.n_events:
            return ""
        if not self.only_watch:
            return "It catches no event that the warning level misses."
        return f"It catches {plural(self.only_watch, 'event')} that the warning level misses."


def watch_in_words(watch: Watch, figures: WatchFigures, unit: TimeUnit = MINUTES) -> str:
    """Say where the watch level lies, what it does, and what only it catches."""
    only = figures.only_in_words
    if only and watch.common is None:
        # A chart can show one threshold only, and counts at that.
        only = f"{only.removesuffix('.')} (each fold at its own thresholds)."
    return f"{watch.in_words(unit)}: {figures.in_words(unit)} {only}".rstrip()


def _between(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f" (95% interval {number(interval[0], 2)} to {number(interval[1], 2)})"


def watch_figures(
    scores: Scores, warning: Mapping[int, float], watch: Mapping[int, float], policy: AlarmPolicy
) -> WatchFigures:
    """Count what a watch level does on a part, and which events only it catches.

    Parameters
    ----------
    scores
        Of the part, as the warning level is compared with them.
    warning, watch
        Threshold of the warning level and of the watch level of each fold.
    policy
        The alarm policy of both.
    """
    seen = evaluate(scores, watch, policy)
    called = call(scores, watch, policy)
    at_warning = event_ledger(call(scores, warning, policy), 1.0, policy)["caught"]
    at_watch = event_ledger(called, 1.0, policy)["caught"]
    intervals = _intervals(called, policy, seen.caught, seen.n_events, seen.false_alarms, seen.days)
    rate = rate_of(seen.false_alarms, seen.days)
    return WatchFigures(
        seen.caught,
        seen.n_events,
        intervals["caught"],
        int((at_watch & ~at_warning).sum()),
        seen.false_alarms,
        seen.days,
        rate,
        None if rate is None else intervals["false_alarms_per_day"],
    )


def _intervals(
    called: Scores, policy: AlarmPolicy, caught: int, n_events: int, false_alarms: int, days: float
) -> dict[str, tuple[float, float] | None]:
    """Return the 95% intervals that `figure_intervals` gives, of two figures only."""
    ends: dict[str, tuple[float, float] | None] = {}
    share, count = exact_share(caught, n_events), exact_count(false_alarms)
    with np.errstate(invalid="ignore", divide="ignore"):
        exact = {
            "caught": (share[0] * n_events, share[1] * n_events),
            "false_alarms_per_day": (count[0] / days, count[1] / days),
        }
    draws = figure_draws(called, policy)[list(exact)]
    drawn = zip(*interval_of(draws.to_numpy(float)), strict=True)
    for (name, alone), pair in zip(exact.items(), drawn, strict=True):
        low, high = (float(end) for end in joined(name, pair, alone))
        ends[name] = (low, high) if np.isfinite(low) and np.isfinite(high) else None
    return ends
