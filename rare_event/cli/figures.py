"""The JSON of `backtest`: the layout of a judgement that scripts rely on."""

from __future__ import annotations

from typing import Any

from rare_event.judge.judgement import BUDGETS, Judgement, Threshold


def figures_of(judgement: Judgement) -> dict[str, Any]:
    """Return a judgement without its draws as plain data."""
    unit = judgement.time_unit
    return {
        "name": judgement.name,
        "windows": judgement.windows,
        "fold_auc": list(judgement.fold_auc),
        "mean_fold_auc": judgement.mean_fold_auc,
        "interval": list(judgement.interval) if judgement.interval else None,
        "pooled_auc": judgement.pooled_auc,
        "average_precision": judgement.average_precision,
        "base_rate": judgement.base_rate,
        "events": {
            "total": judgement.n_events,
            "caught_at_best": _caught(judgement, "hindsight"),
            "caught": _caught(judgement, "past"),
            "caught_trailing": _caught(judgement, "trailing"),
        },
        **unit.entry("fa_per_day_achieved", _rates(judgement, "past")),
        **unit.entry("fa_per_day_trailing", _rates(judgement, "trailing")),
        **unit.about(),
    }


def _caught(judgement: Judgement, threshold: Threshold) -> dict[str, dict[str, int]]:
    """Lay counts out as lead window -> budget -> events."""
    return {
        f"{lead:g}": {f"{budget:g}": judgement.count(threshold, budget, lead).caught for budget in BUDGETS}
        for lead in judgement.lead_windows
    }


def _rates(judgement: Judgement, threshold: Threshold) -> dict[str, float | None]:
    return {f"{budget:g}": judgement.count(threshold, budget).false_alarms_per_day for budget in BUDGETS}
