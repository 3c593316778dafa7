"""Backtest: what a model would have been worth had it been trained again and again on the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rare_event.config import AlarmPolicy, ExperimentConfig, Rule
from rare_event.judge.evaluation import evaluate, ranking
from rare_event.judge.resampling import mean_auc_interval
from rare_event.judge.rules import choose
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import operating_points
from rare_event.prepare.table import Table
from rare_event.work.experiment import OnProgress, Result, ignore_progress, run_experiment

# False alarms a day, and minutes before an event in which an alarm counts.
BUDGETS = (1.0, 2.0, 5.0)
LEAD_WINDOWS = (4.0, 20.0)


@dataclass(frozen=True)
class Backtest:
    """Figures of one model over the folds of a rolling origin.

    Parameters
    ----------
    name
        Of the model.
    fold_auc
        ROC AUC of each fold; None where a fold has one class only.
    mean_fold_auc, interval
        Their mean, and its 95 % interval; None where not defined.
    pooled_auc, average_precision
        Over all folds together, each score divided by its fold's validation median.
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
    """

    name: str
    fold_auc: tuple[float | None, ...]
    mean_fold_auc: float | None
    interval: tuple[float, float] | None
    pooled_auc: float | None
    average_precision: float | None
    base_rate: float
    n_events: int
    caught_at_best: Mapping[tuple[float, float], int]
    caught: Mapping[tuple[float, float], int]
    fa_per_day_achieved: Mapping[float, float]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain data: the command line's JSON."""
        return {
            "name": self.name,
            "fold_auc": list(self.fold_auc),
            "mean_fold_auc": self.mean_fold_auc,
            "interval": list(self.interval) if self.interval else None,
            "pooled_auc": self.pooled_auc,
            "average_precision": self.average_precision,
            "base_rate": self.base_rate,
            "events": {
                "total": self.n_events,
                "caught_at_best": _by_lead(self.caught_at_best),
                "caught": _by_lead(self.caught),
            },
            "fa_per_day_achieved": {f"{budget:g}": rate for budget, rate in self.fa_per_day_achieved.items()},
        }


def _by_lead(counts: Mapping[tuple[float, float], int]) -> dict[str, dict[str, int]]:
    """Lay counts out as lead window in minutes -> budget -> events."""
    return {f"{lead:g}": {f"{budget:g}": counts[budget, lead] for budget in BUDGETS} for lead in LEAD_WINDOWS}


def backtest(
    table: Table, config: ExperimentConfig, folds: int = 6, on_progress: OnProgress = ignore_progress
) -> Backtest:
    """Train and score fold by fold on the past, and judge all test parts together.

    Parameters
    ----------
    table
        The table.
    config
        Its split is replaced by a rolling origin of `folds` folds.
    folds
        Number of folds.
    on_progress
        As for `run_experiment`.

    Raises
    ------
    RareEventError
        If the data cannot bear what the config asks.
    """
    rolling = replace(config, split=replace(config.split, kind="rolling", folds=folds))
    return judge(run_experiment(table, rolling, on_progress), config.name)


def judge(result: Result, name: str) -> Backtest:
    """Judge a finished experiment over folds.

    Parameters
    ----------
    result, name
        The experiment, and what to call its model.
    """
    parts = [fold.test for fold in result.folds]
    fold_auc = tuple(ranking(part)[0] for part in parts)
    known = [auc for auc in fold_auc if auc is not None]
    pooled_auc, average_precision = ranking(result.test)
    best, past, rates = {}, {}, {}
    for lead in LEAD_WINDOWS:
        policy = replace(result.config.policy, lead=lead)
        for budget in BUDGETS:
            best[budget, lead] = caught_at_best(result.test, policy, budget)
            thresholds = thresholds_of_the_past(result, policy, budget)
            figures = evaluate(result.test, thresholds, policy)
            past[budget, lead] = figures.caught
            if lead == LEAD_WINDOWS[0]:
                rates[budget] = figures.false_alarms_per_day
    return Backtest(
        name=name,
        fold_auc=fold_auc,
        mean_fold_auc=float(np.mean(known)) if known else None,
        interval=mean_auc_interval(parts),
        pooled_auc=pooled_auc,
        average_precision=average_precision,
        base_rate=result.test.n_positive / len(result.test),
        n_events=len(result.test.total_events),
        caught_at_best=best,
        caught=past,
        fa_per_day_achieved=rates,
    )


def caught_at_best(scores: Scores, policy: AlarmPolicy, budget: float) -> int:
    """Count the events caught at a budget, the threshold being read on these very rows.

    Parameters
    ----------
    scores, policy
        Scored windows and the alarm policy.
    budget
        False alarms a day.
    """
    points = operating_points(scores, policy)
    at = points.at(choose(points, Rule("fa-per-day", budget)))
    return int(points.caught[at]) if at < len(points) else 0


def thresholds_of_the_past(result: Result, policy: AlarmPolicy, budget: float) -> dict[int, float]:
    """Choose each fold's threshold at a budget on its own validation part.

    Parameters
    ----------
    result, policy
        The experiment and the alarm policy.
    budget
        False alarms a day.
    """
    rule = Rule("fa-per-day", budget)
    return {
        number: choose(operating_points(fold.validation, policy), rule)
        for number, fold in enumerate(result.folds)
    }


def describe(rows: Sequence[Backtest]) -> str:
    """Lay backtests out for people, the best mean fold AUC first.

    Parameters
    ----------
    rows
        At least one.
    """
    first = rows[0]
    about = (
        f"{len(first.fold_auc)} folds, each trained on all before it; {first.n_events} events, "
        f"{first.base_rate:.2%} of the windows positive; {len(rows)} compared"
    )
    lines = [
        about,
        f"{'model':16}{'mean fold AUC':>24}{'caught, 2 a day':>18}{'achieved':>11}",
    ]
    for row in sorted(rows, key=lambda row: row.mean_fold_auc or 0.0, reverse=True):
        auc = "–" if row.mean_fold_auc is None else f"{row.mean_fold_auc:.3f}"
        between = "" if row.interval is None else f" ({row.interval[0]:.2f} to {row.interval[1]:.2f})"
        caught = f"{row.caught[2.0, LEAD_WINDOWS[0]]} of {row.n_events}"
        lines.append(f"{row.name:16}{auc + between:>24}{caught:>18}{row.fa_per_day_achieved[2.0]:>11.1f}")
    return "\n".join(lines) + "\n"
