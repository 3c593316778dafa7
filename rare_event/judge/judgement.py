"""Judgement: what a model was worth over all folds, in the plant's own counts and with intervals."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rare_event.clock import MINUTES, TimeUnit
from rare_event.config import AlarmPolicy, Rule
from rare_event.judge.evaluation import Evaluation, evaluate, ranking
from rare_event.judge.resampling import ends_of, mean_auc_draws
from rare_event.judge.rules import choose
from rare_event.judge.scores import OLDER_LEAD, Scores
from rare_event.judge.thresholds import operating_points
from rare_event.judge.trailing import follow, quantiles_for

# False alarms a day.
BUDGETS = (1.0, 2.0, 5.0)
# A threshold that follows the scores; the quantile itself comes from the budget.
TRAILING = Rule("trailing-quantile", 0.99)

# Raised when alarms or events are counted otherwise: figures from before are then compared no more.
COUNTED_SINCE = 1

Counts = Mapping[tuple[float, float], int]


@dataclass(frozen=True)
class Judgement:
    """Figures of one model over folds.

    Parameters
    ----------
    name
        Of the model.
    lead_windows
        Minutes before an event in which an alarm counts, as of `Scores.lead_windows`.
    windows
        Digest of the windows and labels it was judged on: only equal ones can be compared.
    fold_auc
        ROC AUC of each fold; None where a fold has one class only.
    mean_fold_auc, interval
        Their mean, and its 95 % interval; None where not defined.
    auc_draws
        The mean under each resample of stretches, shape (resamples,); empty where not defined.
        Draws of equal `windows` are paired.
    pooled_auc, average_precision
        Over all folds together.
    base_rate
        Share of positive windows: the average precision of chance.
    n_events
        Events of all test parts.
    caught_at_best
        For each budget and lead window the events caught with a threshold read on the test rows
        themselves: an upper bound.
    caught, fa_per_day_achieved
        The same with each fold's threshold chosen on its past, and the false alarms a day that came
        of it.
    caught_trailing, fa_per_day_trailing
        The same with a threshold that follows the scores (rule ``trailing-quantile``).
    time_unit
        Of the scores; where it is rows, lead windows are rows and rates per 1,000 of them.
    """

    name: str
    lead_windows: tuple[float, float]
    windows: str
    fold_auc: tuple[float | None, ...]
    mean_fold_auc: float | None
    interval: tuple[float, float] | None
    auc_draws: np.ndarray
    pooled_auc: float | None
    average_precision: float | None
    base_rate: float
    n_events: int
    caught_at_best: Counts
    caught: Counts
    fa_per_day_achieved: Mapping[float, float]
    caught_trailing: Counts
    fa_per_day_trailing: Mapping[float, float]
    time_unit: TimeUnit = MINUTES

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain data, draws left out: the command line's JSON."""
        return {
            "name": self.name,
            "windows": self.windows,
            "fold_auc": list(self.fold_auc),
            "mean_fold_auc": self.mean_fold_auc,
            "interval": list(self.interval) if self.interval else None,
            "pooled_auc": self.pooled_auc,
            "average_precision": self.average_precision,
            "base_rate": self.base_rate,
            "events": {
                "total": self.n_events,
                "caught_at_best": self._by_lead(self.caught_at_best),
                "caught": self._by_lead(self.caught),
                "caught_trailing": self._by_lead(self.caught_trailing),
            },
            **self.time_unit.entry("fa_per_day_achieved", _by_budget(self.fa_per_day_achieved)),
            **self.time_unit.entry("fa_per_day_trailing", _by_budget(self.fa_per_day_trailing)),
            **self.time_unit.about(),
        }

    def _by_lead(self, counts: Counts) -> dict[str, dict[str, int]]:
        """Lay counts out as lead window in minutes -> budget -> events."""
        return {
            f"{lead:g}": {f"{budget:g}": counts[budget, lead] for budget in BUDGETS}
            for lead in self.lead_windows
        }


def _by_budget(rates: Mapping[float, float]) -> dict[str, float]:
    return {f"{budget:g}": rate for budget, rate in rates.items()}


def judge(validation: Scores, test: Scores, policy: AlarmPolicy, name: str) -> Judgement:
    """Judge a model over folds.

    Parameters
    ----------
    validation, test
        Scores of all folds; each fold's thresholds are chosen on its own validation part.
    policy
        The alarm policy; its lead window is replaced by each of the label's lead windows.
    name
        Of the model.

    Raises
    ------
    DataError
        If a part has no window.
    """
    folds = np.unique(test.fold).tolist()
    pasts = {fold: validation.of_fold(fold) for fold in folds}
    tests = [test.of_fold(fold) for fold in folds]
    fold_auc = tuple(ranking(part)[0] for part in tests)
    known = [auc for auc in fold_auc if auc is not None]
    draws = mean_auc_draws(tests)
    pooled_auc, average_precision = ranking(test)
    at_best: dict[tuple[float, float], int] = {}
    fixed = _Counted({}, {})
    trailing = _Counted({}, {})
    for budget in BUDGETS:
        rule = Rule("fa-per-day", budget)
        followed = follow_budget(validation, test, policy, budget)
        for lead in test.lead_windows:
            led = policy.with_lead(lead)
            points = operating_points(test, led)
            at = points.at(choose(points, rule))
            at_best[budget, lead] = int(points.caught[at]) if at < len(points) else 0
            thresholds = {fold: choose(operating_points(past, led), rule) for fold, past in pasts.items()}
            fixed.note(evaluate(test, thresholds, led), budget, lead)
            trailing.note(evaluate(followed, dict.fromkeys(folds, 1.0), led), budget, lead)
    return Judgement(
        name=name,
        lead_windows=test.lead_windows,
        windows=windows_digest(test),
        fold_auc=fold_auc,
        mean_fold_auc=float(np.mean(known)) if known else None,
        interval=ends_of(draws),
        auc_draws=np.empty(0) if draws is None else draws,
        pooled_auc=pooled_auc,
        average_precision=average_precision,
        base_rate=test.n_positive / len(test),
        n_events=len(test.total_events),
        caught_at_best=at_best,
        caught=fixed.caught,
        fa_per_day_achieved=fixed.rates,
        caught_trailing=trailing.caught,
        fa_per_day_trailing=trailing.rates,
        time_unit=test.time_unit,
    )


@dataclass(frozen=True)
class _Counted:
    """Events and false alarms a day by budget; the rates are those of the first lead window."""

    caught: dict[tuple[float, float], int]
    rates: dict[float, float]

    def note(self, figures: Evaluation, budget: float, lead: float) -> None:
        self.caught[budget, lead] = figures.caught
        self.rates.setdefault(budget, figures.false_alarms_per_day)


def follow_budget(validation: Scores, test: Scores, policy: AlarmPolicy, budget: float) -> Scores:
    """Relate test scores to the trailing quantile that their past says will keep a budget.

    Parameters
    ----------
    validation, test
        Scores of all folds.
    policy
        The alarm policy.
    budget
        False alarms a day.

    Returns
    -------
    Scores
        An alarm where 1 is reached.
    """
    quantiles = quantiles_for(validation, policy, budget, TRAILING.days)
    return follow(test, TRAILING, validation, quantiles)


def windows_digest(test: Scores) -> str:
    """Return a digest of which windows were judged under which labels and folds."""
    # Only where the label's lead window is another, or rows stand for time, were alarms counted
    # otherwise before.
    lead = [] if test.lead == OLDER_LEAD else [round(test.lead * 60_000)]
    counted = [COUNTED_SINCE, *lead, *([-1] if test.time_unit.reason else [])]
    columns = (np.array(counted), test.row, test.fold, test.y_true, test.total_events)
    joined = b"".join(np.ascontiguousarray(column, np.int64).tobytes() for column in columns)
    return hashlib.sha256(joined).hexdigest()[:16]
