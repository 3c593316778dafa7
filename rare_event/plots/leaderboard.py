"""Models of a leaderboard as one chart with aligned rows: its payload, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

import numpy as np

from rare_event.config.labels import TRIVIAL
from rare_event.judge.alarm_list import JudgedAlarms
from rare_event.judge.judgement import BUDGETS, Judgement
from rare_event.judge.standing import Row
from rare_event.plots.intervals import CHANCE_AUC
from rare_event.plots.palette import COLOURS
from rare_event.text import number, plural

# More would not fit a screen; they open on demand.
MOST_ROWS = 20
MOST_TICKED = 4
# Steps of the axis, the finest first.
STEPS = (0.05, 0.1, 0.2, 0.5)
MOST_STEPS = 6
Bracket = Literal["none", "first", "middle", "last"]
# Those of a leaderboard, and what the plant has today.
Kind = Literal["run", "baseline", "supervised", "trivial", "today"]


# `chart.js` declares the same types; a test compares them.
class BoardRow(TypedDict):
    """A model: what is drawn, None where there is no figure, and what is written.

    Alarms of today have one figure instead of one for each budget.
    """

    run: str
    name: str
    kind: Kind
    chance: bool
    own: bool
    better: bool
    folded: bool
    bracket: Bracket
    tie: str
    auc: float | None
    low: float | None
    high: float | None
    auc_shown: str
    interval_shown: str
    caught: list[int]
    rates: list[str]
    about: str
    looks: str


class Axis(TypedDict):
    """Ends of the axis of AUCs, its ticks, and the AUC of chance."""

    low: float
    high: float
    ticks: list[float]
    chance: float


class Headings(TypedDict):
    """Headings of the columns, and a sentence about them."""

    caught: str
    rates: str
    budgets: list[str]
    about: str


class Board(TypedDict):
    """The payload."""

    rows: list[BoardRow]
    axis: Axis
    most_caught: int
    ticked: list[str]
    most_ticked: int
    headings: Headings
    colour: str
    chance_colour: str


def board_data(
    board: Sequence[Row],
    lead: float,
    own: str = "",
    ticked: Sequence[str] = (),
    today: Sequence[tuple[str, JudgedAlarms]] = (),
) -> Board:
    """Lay out a leaderboard with thresholds chosen on the validation data of each fold.

    Parameters
    ----------
    board
        At least one row, the best first.
    lead
        Lead window in minutes.
    own
        Id of the run in use.
    ticked
        Ids of the runs that are compared more closely.
    today
        Name and judgement of alarms that the plant has today, on the same windows; they come first.

    Raises
    ------
    ValueError
        If the lead window was not counted.
    """
    names = [row.run for row in board]
    place = names.index(own) if own and own in names else None
    brackets = _brackets([row.group for row in board])
    rows = [_today(name, judged) for name, judged in today]
    rows += [
        _row(row, lead, place, at, bracket, size)
        for at, (row, (bracket, size)) in enumerate(zip(board, brackets, strict=True))
    ]
    return Board(
        rows=rows,
        axis=_axis(board),
        most_caught=max(max(row["caught"]) for row in rows),
        ticked=list(ticked),
        most_ticked=MOST_TICKED,
        headings=_headings(board[0].judgement, lead),
        colour=COLOURS["model"],
        chance_colour=COLOURS["chance"],
    )


def _row(row: Row, lead: float, own: int | None, number: int, bracket: Bracket, size: int) -> BoardRow:
    judgement = row.judgement
    counts = [judgement.count("past", budget, lead) for budget in BUDGETS]
    auc, (low, high) = judgement.mean_fold_auc, judgement.interval or (None, None)
    # The run in use is always in sight, if need be in the place of the last row that is.
    first = MOST_ROWS - (own is not None and own >= MOST_ROWS)
    return BoardRow(
        run=row.run,
        name=row.name,
        kind=row.kind,
        chance=row.name == TRIVIAL["chance"],
        own=number == own,
        better=bool(row.run) and (own is None or number < own),
        folded=number >= first and number != own,
        bracket=bracket,
        tie="not ranked" if auc is None else _tie(size),
        auc=auc,
        low=low,
        high=high,
        auc_shown="no AUC" if auc is None else f"{auc:.3f}",
        interval_shown="" if low is None or high is None else f"{low:.3f} to {high:.3f}",
        caught=[count.caught for count in counts],
        rates=[_rate(count.false_alarms_per_day) for count in counts],
        about="",
        looks="–" if row.looks is None else f"{row.looks:,}",
    )


def _tie(size: int) -> str:
    if size > 1:
        return f"statistically tied with {plural(size - 1, 'other')}"
    return "not tied with any other model shown"


def _today(name: str, judged: JudgedAlarms) -> BoardRow:
    """Lay out alarms that have one operating point: they rank nothing, and have no AUC."""
    figures, by_chance = judged.evaluation, judged.chance
    low, high = (float(judged.intervals[end]["caught"]) for end in ("low", "high"))
    between = "" if low != low or high != high else f", 95% interval {number(low)} to {number(high)}"
    return BoardRow(
        run="",
        name=f"Today: {name}",
        kind="today",
        chance=False,
        own=False,
        better=False,
        folded=False,
        bracket="none",
        tie="not ranked",
        auc=None,
        low=None,
        high=None,
        auc_shown="no AUC",
        interval_shown="",
        caught=[figures.caught],
        rates=[_rate(figures.rate)],
        about=(
            f"{figures.caught:,} caught at its own rate of false alarms{between}; chance would catch "
            f"{number(by_chance.low)} to {number(by_chance.high)}"
        ),
        looks="–",
    )


def _rate(rate: float | None) -> str:
    return "–" if rate is None else f"{rate:.1f}"


def _brackets(group: Sequence[int]) -> list[tuple[Bracket, int]]:
    """Return the place of each row in its group of neighbours, and the size of the group."""
    of = np.array(group, int)
    first = np.flatnonzero(np.append(True, of[1:] != of[:-1]))[: len(of)]
    places: list[tuple[Bracket, int]] = []
    for size in np.diff(np.append(first, len(of))).tolist():
        middle: list[Bracket] = ["middle"] * (size - 2)
        inner: list[Bracket] = ["first", *middle, "last"] if size > 1 else ["none"]
        places += [(bracket, size) for bracket in inner]
    return places


def _axis(board: Sequence[Row]) -> Axis:
    known = [
        value
        for row in board
        for value in (row.judgement.mean_fold_auc, *(row.judgement.interval or ()))
        if value is not None
    ]
    shown = [*known, CHANCE_AUC]
    pad = max(0.05 * (max(shown) - min(shown)), 0.02)
    low, high = min(shown) - pad, max(shown) + pad
    step = next((step for step in STEPS if (high - low) / step <= MOST_STEPS), STEPS[-1])
    ticks = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    return Axis(low=low, high=high, ticks=ticks.round(2).tolist(), chance=CHANCE_AUC)


def _headings(judgement: Judgement, lead: float) -> Headings:
    unit = judgement.time_unit
    when = f"at most {unit.span(lead)} before the event" if lead else "during the event"
    budgets = [f"{budget:g}" for budget in BUDGETS]
    allowed = f"{', '.join(budgets[:-1])} or {unit.alarms(budgets[-1])}"
    return Headings(
        caught=f"Events caught (of {judgement.n_events:,})",
        rates=f"Actual {unit.false_alarms} {unit.a_day}",
        budgets=[f"at {budget}" for budget in budgets],
        about=(
            f"An event is caught by an alarm {when}. Each fold's threshold is chosen on its validation data "
            f"to allow {allowed}; the actual rate may differ. Tick 2 to {MOST_TICKED} models to compare them "
            "below."
        ),
    )
