"""The JSON of `backtest` and `map`: the layout that scripts rely on."""

from __future__ import annotations

from typing import Any

from rare_event.compare.map_cells import Cell
from rare_event.compare.map_overview import Measure, Overview, positive_in_words
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


def figures_of_map(seen: Overview) -> dict[str, Any]:
    """Return a map as plain data."""
    windows, unit = seen.windows, seen.time_unit
    measures = [Measure(), *(Measure("caught", b, lead) for lead in seen.lead_windows for b in BUDGETS)]
    return {
        "map": seen.map_id,
        "judged_on": {
            "windows": 0 if windows is None else len(windows),
            "positive": 0 if windows is None else windows.n_positive,
            "events": 0 if windows is None else len(windows.total_events),
            "label": f"{positive_in_words(seen)}, the same for every cell",
            **unit.about(),
        },
        "n_compared": seen.n_compared,
        "best": None if seen.best is None else _cell(seen, seen.best),
        "level_with_best": sorted(seen.tied),
        "nested": {_name(measure): _nested(seen, measure) for measure in measures},
        "cells": [_cell(seen, cell) for cell in seen.cells],
    }


def _nested(seen: Overview, measure: Measure) -> dict[str, object] | None:
    told = seen.nested(measure)
    if told is None:
        return None
    return {
        "best_of_all_folds": told.best_of_all_folds,
        "best": told.best_figure,
        "picked_on_the_past": told.nested_figure,
        "optimism": told.best_figure - told.nested_figure,
        "middle": told.middle_figure,
        "picks": [seen.judged[pick].number for pick in told.picks],
        "sentence": seen.sentence(measure),
    }


def _cell(seen: Overview, cell: Cell) -> dict[str, object]:
    about: dict[str, object] = {
        "cell": cell.number,
        "setting": cell.setting,
        "state": cell.state,
        "message": cell.status.message if cell.status else "",
        "run": cell.run.id if cell.run else None,
        "seconds": cell.seconds,
    }
    figures = cell.figures
    if figures is None:
        return about
    caught: dict[str, dict[str, object]] = {f"{lead:g}": {} for lead in seen.lead_windows}
    for count in figures.counts:
        caught[f"{count.lead:g}"][f"{count.budget:g}"] = {
            "events": count.caught,
            "interval": None if count.low is None else [count.low, count.high],
            "by_fold": list(count.by_fold),
            "by_chance": count.by_chance,
        }
    return about | {
        "mean_fold_auc": figures.mean_fold_auc,
        "interval": figures.interval,
        "fold_auc": list(figures.fold_auc),
        "average_precision": figures.average_precision,
        "caught": caught,
    }


def _name(measure: Measure) -> str:
    return "auc" if measure.kind == "auc" else f"caught_{measure.budget:g}_{measure.lead:g}"
