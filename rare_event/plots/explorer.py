"""The payload of the threshold explorer: at most 2,000 columns of numbers, as plain data."""

from __future__ import annotations

import json
from typing import Literal, cast

import numpy as np
import pandas as pd

from rare_event.clock import rate_of
from rare_event.config import Costs
from rare_event.config.labels import ScoreLabel
from rare_event.judge import operating_load
from rare_event.judge.explorer import MOST_COLUMNS, histogram
from rare_event.judge.scores import Scores
from rare_event.plots.decimate import extremes, thin
from rare_event.plots.explorer_payload import (
    Bins,
    Colours,
    Columns,
    Long,
    OverTime,
    Points,
    Prices,
    Sent,
    Span,
    Words,
)
from rare_event.plots.load import load_data
from rare_event.plots.palette import COLOURS

# What is drawn over time before and after a row.
NEAR_MINUTES, NEAR_WINDOWS = 60.0, 30
GRID = "rgba(128, 128, 128, 0.35)"
# Share of the scores on the default linear axis: errors have tails a hundred times their median.
USEFUL = 0.995
LONG_TAIL = 20.0
# Windows of each class that are drawn over time.
MOST_POINTS = 3000
# Significant digits of intervals and leads; counts and thresholds are exact.
DIGITS, MOST_DIGITS = 4, 15

_EXACT = ("threshold", "tp", "fp", "caught", "alarms", "false_alarms", "standing")


_COLOURS: Colours = {
    "normal": COLOURS["normal"],
    "positive": COLOURS["positive"],
    "precision": COLOURS["precision"],
    "recall": COLOURS["recall"],
    "caught": COLOURS["alarm"],
    "missed": COLOURS["other"],
    "grid": GRID,
}


def long_data(
    columns: pd.DataFrame, scores: Scores, start: np.datetime64 | None = None, around: int | None = None
) -> str:
    """Return what the explorer is sent that is long and does not depend on the threshold, a `Long`, as JSON.

    `start` is the time at which the clock of the scores is 0, if it counts minutes. `around` is a row: an
    hour, or 30 windows where that is longer, before and after it is drawn over time instead of the part.
    """
    rated = rate_of(0, scores.days) is not None
    data: Long = {
        "columns": _columns(columns if rated else _counted(columns, scores.days)),
        "over_time": _over_time(scores, start, around),
    }
    return json.dumps(data, allow_nan=False)


def explorer_data(
    long: str,
    scores: Scores,
    levels: np.ndarray,
    threshold: float,
    *,
    part: Literal["Validation", "Test"],
    label: ScoreLabel,
    costs: Costs,
    currency: str = "",
    labelled: bool = True,
    watch: float | None = None,
) -> Sent:
    """Return the payload of the threshold explorer; without a label no alarm is called false.

    `long` comes from `long_data`. `watch` is the threshold of a watch level, drawn as a line of its own.
    """
    linear = _range(levels, threshold, scores.y_score, False)
    positive = scores.y_score[scores.y_score > 0]
    logarithmic = _range(levels, threshold, positive, True) if len(positive) else None
    prices = Prices(event=costs.event, false_alarm=costs.false_alarm, saved=costs.saved, currency=currency)
    # Less than a day bears no rate: the alarms are counted.
    rated = rate_of(0, scores.days) is not None
    return {
        "part": part,
        "score": label.name,
        "unit": label.unit,
        "value": threshold,
        "watch": watch,
        "n_positive": scores.n_positive,
        "n_normal": len(scores) - scores.n_positive,
        "n_events": len(scores.total_events),
        "days": scores.days,
        "rate_over": scores.days if rated else 1.0,
        "words": _words(scores, labelled, rated),
        "load": load_data(scores),
        "costs": prices,
        "events": _levels(levels),
        "ranges": {"linear": linear, "logarithmic": logarithmic},
        "logarithmic": _spread(scores) > LONG_TAIL and logarithmic is not None,
        "histograms": {
            "linear": _bins(scores, linear, False),
            "logarithmic": None if logarithmic is None else _bins(scores, logarithmic, True),
        },
        "colours": _COLOURS,
        "long": long,
    }


def _words(scores: Scores, labelled: bool, rated: bool) -> Words:
    unit = scores.time_unit
    alarms, days = "False alarms" if labelled else "Alarms", "machine-days" if unit.machines else "days"
    return {
        "false_alarms": f"{alarms} {unit.per_day if rated else f'in {unit.total(scores.days)}'}",
        "in_alarm": f"{'Rows' if unit.reason else 'Time'} in alarm",
        "lead": f"Median {'delay' if scores.during else 'lead'} ({unit.name})",
        "running": "rows" if unit.reason else days,
        "in_running": 1000 if unit.reason else 1,
    }


def _counted(columns: pd.DataFrame, days: float) -> pd.DataFrame:
    """Convert the interval of the rate of false alarms to one of their number."""
    names = ["false_alarms_per_day_low", "false_alarms_per_day_high"]
    return columns.assign(**{name: columns[name] * days for name in names})


def _columns(columns: pd.DataFrame) -> Columns:
    plain = {
        name: columns[name].tolist() if name in _EXACT else _rounded(columns[name])
        for name in Columns.__annotations__
    }
    return cast(Columns, plain)


def _rounded(values: pd.Series) -> list[float | None]:
    digits = MOST_DIGITS if values.name in operating_load.NAMES else DIGITS
    return [None if not np.isfinite(value) else float(f"{value:.{digits}g}") for value in values.tolist()]


def _levels(values: np.ndarray) -> list[float | None]:
    """Levels or times of the events in their order; every k-th where there are more than can be drawn."""
    kept = values[:: max(1, -(-len(values) // MOST_COLUMNS))]
    return [float(value) if np.isfinite(value) else None for value in kept]


def _over_time(scores: Scores, start: np.datetime64 | None, around: int | None) -> OverTime:
    events, positive = event_times(scores), scores.y_true == 1
    every = np.concatenate([scores.clock, events[np.isfinite(events)]])
    near = np.ones(len(scores), bool)
    if whole := around is None or around not in scores.row:
        ends = [float(every.min(initial=np.inf)), float(every.max(initial=-np.inf))]
    else:
        middle = float(scores.clock[scores.row == around][0])
        steps = np.diff(np.unique(scores.clock))
        reach = max(NEAR_MINUTES, NEAR_WINDOWS * float(np.median(steps))) if len(steps) else NEAR_MINUTES
        ends = [middle - reach, middle + reach]
        near = np.abs(scores.clock - middle) <= reach
        events = np.where(np.abs(events - middle) <= reach, events, np.nan)
    return {
        "start": None
        if start is None or scores.time_unit.reason
        else float(start.astype("datetime64[ms]").astype(np.int64)),
        "whole": whole,
        "ends": _widened(ends),
        "normal": _points(scores, np.flatnonzero(~positive & near)),
        "positive": _points(scores, np.flatnonzero(positive & near)),
        "events": _levels(events),
    }


def event_times(scores: Scores) -> np.ndarray:
    """Return when each event of the part begins, on the clock of the scores.

    Returns
    -------
    numpy.ndarray
        In the order of `scores.total_events`; NaN for an event that no scored window sees.
    """
    # Windows inside an event may all be at a distance of 0: the earliest one counts.
    seen = scores.event >= 0
    begin = pd.Series(scores.clock[seen] + scores.to_event[seen]).groupby(scores.event[seen]).min()
    return begin.reindex(scores.total_events).to_numpy(float)


def _points(scores: Scores, mine: np.ndarray) -> Points:
    """Choose the extremes of each class, and an even sample that fills what is between them."""
    y_score = scores.y_score[mine]
    outline = extremes(y_score, MOST_POINTS // 2)
    kept = mine[np.union1d(outline, thin(np.arange(len(mine)), MOST_POINTS // 2))]
    return {
        "time": scores.clock[kept].round(2).tolist(),
        "score": [float(f"{score:.5g}") for score in scores.y_score[kept].tolist()],
    }


def _spread(scores: Scores) -> float:
    median = float(np.median(scores.y_score))
    return float(scores.y_score.max()) / median if median > 0 else 0.0


def _range(levels: np.ndarray, threshold: float, values: np.ndarray, logarithmic: bool) -> Span:
    low, high = float(values.min()), float(values.max())
    reachable = levels[np.isfinite(levels) & ((levels > 0) | (not logarithmic))]
    bottom = float(np.quantile(values, 1 - USEFUL)) if logarithmic else min(0.0, low)
    top = max(
        float(np.quantile(values, USEFUL)), 1.05 * reachable.max(initial=0.0), min(threshold, high) * 1.02
    )
    whole = [low if logarithmic else min(0.0, low), high]
    useful = [bottom, min(top, high) if not logarithmic else high]
    return {"whole": _widened(whole), "useful": _widened(useful)}


def _widened(ends: list[float]) -> list[float]:
    low, high = ends
    return [low, high] if high > low else [low, low * 1.1 if low > 0 else low + 1.0]


def _bins(scores: Scores, span: Span, logarithmic: bool) -> Bins:
    counted = histogram(scores, span["whole"][0], span["whole"][1], logarithmic)
    return {
        "edges": [float(f"{edge:.6g}") for edge in counted.edges],
        "normal": counted.normal.round(5).tolist(),
        "positive": counted.positive.round(5).tolist(),
    }
