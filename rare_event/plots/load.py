"""What the threshold explorer is handed of the operator's load, besides its columns."""

from __future__ import annotations

from typing import TypedDict

from rare_event.clock import MINUTES_PER_DAY
from rare_event.judge.load import (
    ACCEPTABLE,
    FLOOD,
    MANAGEABLE,
    MOST_IN_AN_HOUR,
    MOST_STANDING_LONG,
    Load,
    watched_minutes,
)
from rare_event.judge.operating_load import PERIODS
from rare_event.judge.scores import Scores


class LoadData(TypedDict):
    """Days that the alarms are divided by, how many a day are acceptable, and how many can be managed.

    `missing` says why no number of alarms a day is given. `figures` holds the name of each column that is
    known, and its words with {} in the place of the figure.
    """

    days: float
    acceptable: int
    manageable: int
    missing: str
    figures: list[list[str]]


def load_data(scores: Scores) -> LoadData:
    """Return what the browser needs to write the operator's load at a threshold."""
    unit, minutes = scores.time_unit, watched_minutes(scores)
    words = {
        "worst_ten_minutes": f"worst 10 min: {{}} (max {FLOOD})",
        "worst_hour": f"worst hour: {{}} (max {MOST_IN_AN_HOUR})",
        "worst_day": f"worst 24 h: {{}} (max {ACCEPTABLE})",
        "chattering": "chattering: {} (max 0)",
        "standing_long": f"on for over 24 h: {{}} (max {MOST_STANDING_LONG})",
    }
    known = [[name, words[name]] for name in words if minutes >= PERIODS.get(name, 0)]
    return {
        "days": minutes / MINUTES_PER_DAY,
        "acceptable": ACCEPTABLE,
        "manageable": MANAGEABLE,
        "missing": Load(0, minutes, time_unit=unit).missing,
        "figures": [] if unit.reason else known,
    }
