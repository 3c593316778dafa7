"""What the threshold explorer is handed: at most 2,000 columns of numbers, as plain data."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from rare_event.config import Costs
from rare_event.judge.explorer import MOST_COLUMNS, Histogram, histogram
from rare_event.judge.scores import Scores
from rare_event.plots.palette import COLOURS

GRID = "rgba(128, 128, 128, 0.35)"
# Of the scores shown on a linear axis by default: errors have tails a hundred times their median.
USEFUL = 0.995
LONG_TAIL = 20.0
# Counts and thresholds travel exactly; intervals and leads with what the eye can tell apart.
DIGITS = 4

_COUNTS = ("tp", "fp", "caught", "false_alarms")
_MEASURES = ("precision", "recall", "caught", "false_alarms_per_day", "median_lead")


def explorer_data(
    columns: pd.DataFrame,
    scores: Scores,
    levels: np.ndarray,
    threshold: float,
    *,
    part: Literal["Validation", "Test"],
    unit: str,
    costs: Costs,
) -> dict[str, Any]:
    """Lay out what the browser needs, as plain data.

    Parameters
    ----------
    columns
        As of `rare_event.judge.explorer.explorer_columns`.
    scores
        The scored windows of the part.
    levels
        As of `rare_event.judge.explorer.event_levels`.
    threshold
        Where the explorer stands.
    part, unit
        Name of the part, and unit of the scores.
    costs
        What the plant pays.
    """
    ranges = {
        name: _range(scores, levels, threshold, name == "logarithmic") for name in ("linear", "logarithmic")
    }
    long_tailed = _spread(scores) > LONG_TAIL and ranges["logarithmic"] is not None
    sides = [f"{name}_{side}" for name in _MEASURES for side in ("low", "high")]
    return {
        "part": part,
        "unit": unit,
        "value": threshold,
        "n_positive": scores.n_positive,
        "n_normal": len(scores) - scores.n_positive,
        "n_events": len(scores.total_events),
        "days": scores.days,
        "costs": {"event": costs.event, "false_alarm": costs.false_alarm, "saved": costs.saved},
        "columns": {
            "threshold": columns["threshold"].tolist(),
            **{name: columns[name].tolist() for name in _COUNTS},
            **{name: _rounded(columns[name]) for name in ("median_lead", *sides)},
        },
        "events": _levels(levels),
        "ranges": ranges,
        "logarithmic": long_tailed,
        "histograms": {
            name: _bins(histogram(scores, span["whole"][0], span["whole"][1], name == "logarithmic"))
            for name, span in ranges.items()
            if span is not None
        },
        "colours": {
            **{name: COLOURS[name] for name in ("normal", "positive", "precision", "recall")},
            "caught": COLOURS["alarm"],
            "missed": GRID,
            "grid": GRID,
        },
    }


def _rounded(values: pd.Series) -> list[float | None]:
    return [None if not np.isfinite(value) else float(f"{value:.{DIGITS}g}") for value in values.tolist()]


def _levels(levels: np.ndarray) -> list[float | None]:
    """Levels of the events in their order; every k-th where there are more than can be drawn."""
    kept = levels[:: max(1, -(-len(levels) // MOST_COLUMNS))]
    return [float(level) if np.isfinite(level) else None for level in kept]


def _spread(scores: Scores) -> float:
    median = float(np.median(scores.y_score))
    return float(scores.y_score.max()) / median if median > 0 else 0.0


def _range(
    scores: Scores, levels: np.ndarray, threshold: float, logarithmic: bool
) -> dict[str, list[float]] | None:
    """Find the ends of the axis: of all scores, and of those where events are won and thresholds lie."""
    values = scores.y_score[scores.y_score > 0] if logarithmic else scores.y_score
    if logarithmic and not len(values):
        return None
    low, high = float(values.min()), float(values.max())
    seen = levels[np.isfinite(levels) & ((levels > 0) | (not logarithmic))]
    bottom = float(np.quantile(values, 1 - USEFUL)) if logarithmic else min(0.0, low)
    top = max(
        [float(np.quantile(values, USEFUL)), *(1.05 * seen.max(initial=0.0),), min(threshold, high) * 1.02]
    )
    whole = [low if logarithmic else min(0.0, low), high]
    useful = [bottom, min(top, high) if not logarithmic else high]
    return {"whole": _apart(whole), "useful": _apart(useful)}


def _apart(ends: list[float]) -> list[float]:
    low, high = ends
    return [low, high] if high > low else [low, low * 1.1 if low > 0 else low + 1.0]


def _bins(counted: Histogram) -> dict[str, list[float]]:
    return {
        "edges": [float(f"{edge:.6g}") for edge in counted.edges],
        "normal": counted.normal.round(5).tolist(),
        "positive": counted.positive.round(5).tolist(),
    }
