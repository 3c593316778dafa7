"""What the leaderboard comes to, in words for readers who know no machine learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from rare_event.clock import TimeUnit
from rare_event.compare.leaderboard import CHANCE
from rare_event.config import SplitKind
from rare_event.text import number, plural

# A row of the leaderboard.
Row = Mapping[Any, Any]
BUDGET = 2.0
# More names than these would not be read.
MOST_NAMES = 4
SPLIT_WORDS: dict[SplitKind, str] = {
    "rolling": "{folds}, each judged by models that had seen only what came before it",
    "chronological": "the last part of the time, after all that the models had seen",
    "stretch": "{folds} of whole stretches that the models had not seen",
    "random": "random rows, whose neighbours the models had seen",
    "shuffled": "{folds} of random rows, whose neighbours the models had seen",
}


def verdict(board: pd.DataFrame) -> list[str]:
    """Say which model is best, what it caught, and how little that may mean; the headline first.

    Parameters
    ----------
    board
        As of `rare_event.compare.leaderboard.leaderboard`, at least one row of a model.
    """
    rows = board.to_dict("records")
    models = [row for row in rows if row["kind"] != "trivial"]
    best = models[0]
    # Not a number is not equal to itself.
    if best["mean_fold_auc"] != best["mean_fold_auc"]:
        return [
            f"None of {plural(len(models), 'model')} could be ranked.",
            "A part of the test data has no event, or nothing but events: ranking is not defined there.",
        ]
    ahead = rows[0] if rows[0]["kind"] == "trivial" else None
    level = [row for row in rows if row["group"] == best["group"] and row is not best]
    return [
        _headline(best, ahead, level, len(models)),
        _caught(best),
        *_most_caught(models),
        _ranking(best),
        *_level(level, ahead),
        _optimism(len(models), best["events"]),
        *(_chance(row) for row in rows if row["name"] == CHANCE),
    ]


def _headline(best: Row, ahead: Row | None, level: Sequence[Row], n_models: int) -> str:
    name = _quoted(best)
    if ahead is not None:
        return f"No model is better than {_quoted(ahead)}, which needs none. The best of them is {name}."
    trivial = [row for row in level if row["kind"] == "trivial"]
    if trivial:
        clock = _quoted(trivial[-1])
        return f"{name} stands first, but cannot be told apart from {clock}, which needs no model."
    if n_models == 1:
        return f"{name} is the only model that was judged here so far."
    if level:
        return f"{name} stands first, but {plural(len(level), 'other')} cannot be told apart from it."
    return f"{name} is best: it can be told apart from all others."


def _caught(row: Row) -> str:
    near, far = f"{row['lead']:g}", f"{row['wider_lead']:g}"
    unit = TimeUnit(row["clock"])
    past = "the past" if row["split"] in ("rolling", "chronological") else "other data"
    return (
        f"With thresholds chosen on {past} for {BUDGET:g} false alarms {unit.a_day} it would have caught "
        f"{row[f'caught_{BUDGET:g}_{near}']} of {plural(row['events'], 'event')} by an alarm in the "
        f"{near} {unit.name} before the event, and {row[f'caught_{BUDGET:g}_{far}']} by one in the "
        f"{far} {unit.name} before. "
        f"{number(row[f'achieved_{BUDGET:g}'], 2)} false alarms {unit.a_day} came of it. "
        f"Judged on {SPLIT_WORDS[row['split']].format(folds=plural(row['folds'], 'fold'))}."
    )


def _most_caught(models: Sequence[Row]) -> list[str]:
    """Name the model that caught the most, where it is not the first."""
    lead = f"{models[0]['lead']:g}"
    caught, rate = f"caught_{BUDGET:g}_{lead}", f"achieved_{BUDGET:g}"
    most = max(models, key=lambda row: row[caught])
    if most[caught] == models[0][caught]:
        return []
    words = f"would have caught the most, {most[caught]} of {most['events']:,}"
    unit, came = TimeUnit(most["clock"]), number(most[rate], 2)
    return [f"In the same {lead} {unit.name} {_quoted(most)} {words}, at {came} false alarms {unit.a_day}."]


def _ranking(row: Row) -> str:
    known = row["auc_low"] == row["auc_low"]
    between = f" (95 % interval {row['auc_low']:.2f} to {row['auc_high']:.2f})" if known else ""
    return (
        "Models are ordered by how often they score a moment just before an event above any other moment: "
        f"here in {row['mean_fold_auc']:.0%} of such pairs{between}. Chance does so in 50%."
    )


def _level(level: Sequence[Row], ahead: Row | None) -> list[str]:
    names = [_quoted(row) for row in level if row is not ahead]
    if not names:
        return []
    more = len(names) - MOST_NAMES
    listed = [*names[:MOST_NAMES], *([f"{more} more"] if more > 0 else [])]
    words = " and ".join(filter(None, [", ".join(listed[:-1]), listed[-1]]))
    return [f"These data cannot tell it apart from {words}."]


def _optimism(n_models: int, n_events: int) -> str:
    if n_models == 1:
        return "Train the baselines to see whether it is worth more than simpler models."
    same = "the same event" if n_events == 1 else f"the same {n_events:,} events"
    return f"{n_models} models were compared on {same}: the best of so many looks better than it is."


def _chance(row: Row) -> str:
    near = f"{row['lead']:g}"
    return (
        f"Chance (the same scores moved to another time) would have caught "
        f"{row[f'caught_{BUDGET:g}_{near}']} of {row['events']:,} at "
        f"{number(row[f'achieved_{BUDGET:g}'], 2)} false alarms {TimeUnit(row['clock']).a_day}."
    )


def _quoted(row: Row) -> str:
    return f"“{row['name']}”"
