"""Rules: how a threshold is chosen from the operating points of validation data."""

from __future__ import annotations

import math

import numpy as np

from rare_event.config import LABEL_FREE, AlarmPolicy, Rule
from rare_event.errors import DataError
from rare_event.judge.bounds import Dispersion, dispersion, upper_rates, upper_rates_of
from rare_event.judge.promise import rounded_up
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import OperatingPoints, operating_points
from rare_event.text import number, percent


def choose(points: OperatingPoints, rule: Rule, spread: Dispersion | None = None) -> float:
    """Choose a threshold by a rule, from validation data only.

    Parameters
    ----------
    points
        Operating points of the validation part; of its ratios to the trailing quantile
        (`rare_event.judge.trailing`) where the rule is a trailing one.
    rule
        The rule.
    spread
        Dispersion of the false alarms (`rare_event.judge.promise`), which a promise needs.

    Returns
    -------
    float
        The threshold; just above the highest score where no threshold satisfies a budget.

    Raises
    ------
    DataError
        If the rule needs positive rows and there are none, asks for a share that no threshold
        reaches, or for a promise that no threshold can make.
    ValueError
        If the rule is a promise, and `spread` is missing.
    """
    if not points.n_positive and rule.kind not in LABEL_FREE:
        rate = points.time_unit.per_day
        raise DataError(
            "The validation data hold no positive windows, so precision, recall and cost say nothing there. "
            f"Choose the threshold by false alarms {rate} or by a quantile, or use another split."
        )
    if rule.kind == "fixed":
        return rule.value
    if rule.trailing:
        return 1.0
    if rule.kind == "quantile":
        return float(_quantile(points, rule.value))
    chosen = _promised(points, rule.value, spread) if rule.kind == "promise-per-day" else _index(points, rule)
    highest = float(points.threshold[-1])
    return float(points.threshold[chosen]) if chosen is not None else float(np.nextafter(highest, np.inf))


def choose_on(scores: Scores, policy: AlarmPolicy, rule: Rule) -> float:
    """Choose a threshold by a rule from scores; for a trailing rule from their ratios to the quantile."""
    spread = dispersion(scores, policy) if rule.kind == "promise-per-day" else None
    return choose(operating_points(scores, policy), rule, spread)


def _promised(points: OperatingPoints, most: float, spread: Dispersion | None) -> int | None:
    """Return the lowest point above which every point can promise this; None: only above them all."""
    if spread is None:
        raise ValueError("A promise needs the dispersion of the false alarms.")
    unit = points.time_unit
    none = float(upper_rates(np.zeros(1, int), points.days, spread)[0])
    if none > most:
        least = 0.0 if not points.days or not most else none * points.days / most
        longer = (
            f", or use at least {unit.total(math.ceil(10 * least) / 10)} of validation data" if least else ""
        )
        raise DataError(
            f"No threshold can promise at most {unit.alarms(number(most))}: the validation data cover only "
            f"{unit.total(points.days)}, so even with no alarm in them, the lowest rate they can promise is "
            f"{number(none)}. Allow at least {unit.alarms(number(rounded_up(none)))}{longer}."
        )
    within = points.warns & (upper_rates_of(points, spread) <= most)
    kept = np.logical_and.accumulate(within[::-1])
    return len(points) - int(kept.sum()) if kept.any() else None


def _quantile(points: OperatingPoints, share: float) -> float:
    """Lowest threshold with at most 1 - `share` of the rows above it or at it."""
    above = (points.tp + points.fp) / (points.n_positive + points.n_normal)
    within = np.flatnonzero(above <= 1 - share + 1e-12)
    return float(points.threshold[within[0]] if len(within) else np.nextafter(points.threshold[-1], np.inf))


def _index(points: OperatingPoints, rule: Rule) -> int | None:
    if rule.kind == "fa-per-day":
        # The lowest such that no threshold above it exceeds the budget: further down the count can
        # fall again, when alarms merge into one that never stops. Nor is that one chosen where it sounds
        # so seldom that it keeps the budget: in short stretches, or in rows longer than the repeat.
        within = points.warns & (points.false_alarms_per_day <= rule.value)
        kept = np.logical_and.accumulate(within[::-1])
        return len(points) - int(kept.sum()) if kept.any() else None
    if rule.kind == "f-beta":
        return _last_best(points.f_beta(rule.value))
    if rule.kind == "cost":
        # Below the threshold with the most false alarms they only merge: an alarm that never stops
        # would look cheap.
        worst = int(np.argmax(points.false_alarms))
        value = points.net_value(rule.costs)[worst:]
        # No alarm at all is worth nothing, and costs nothing.
        return worst + _last_best(value) if value.max() > 0 else None
    reached = points.recall if rule.kind == "recall" else points.caught / max(points.n_events, 1)
    enough = np.flatnonzero(reached >= rule.value)
    if not len(enough):
        what, wider = "events", ", or widen the lead window"
        if rule.kind == "recall":
            what, wider = "positive rows", ""
        smaller = "Ask for a smaller share" if reached.max() > 0 else "Choose another rule"
        raise DataError(
            f"No threshold catches {percent(rule.value)} of the {what}: the highest share on validation data "
            f"is {percent(float(reached.max()))}. {smaller}{wider}."
        )
    return int(enough[_last_best(points.precision[enough])])


def _last_best(values: np.ndarray) -> int:
    """Position of the maximum, the last of equals: the highest threshold."""
    return len(values) - 1 - int(np.argmax(values[::-1]))
