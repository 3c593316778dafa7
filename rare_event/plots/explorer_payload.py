"""The types of what the threshold explorer is sent."""

from __future__ import annotations

from typing import Literal, TypedDict

from rare_event.plots.load import LoadData


# `explorer.js` declares the same types; a test compares them.
class Columns(TypedDict):
    """Counts and intervals, one entry for each threshold; None where there is no figure."""

    threshold: list[float]
    tp: list[int]
    fp: list[int]
    caught: list[int]
    alarms: list[int]
    false_alarms: list[int]
    standing: list[int]
    worst_ten_minutes: list[float | None]
    worst_hour: list[float | None]
    worst_day: list[float | None]
    chattering: list[float | None]
    standing_long: list[float | None]
    median_lead: list[float | None]
    precision_low: list[float | None]
    precision_high: list[float | None]
    recall_low: list[float | None]
    recall_high: list[float | None]
    caught_low: list[float | None]
    caught_high: list[float | None]
    false_alarms_per_day_low: list[float | None]
    false_alarms_per_day_high: list[float | None]
    median_lead_low: list[float | None]
    median_lead_high: list[float | None]


class Prices(TypedDict):
    """Costs of the plant, and the sign of its currency, which may be empty."""

    event: float
    false_alarm: float
    saved: float
    currency: str


class Span(TypedDict):
    """Ends of an axis: for all scores, and for the scores where events are caught."""

    whole: list[float]
    useful: list[float]


class Ranges(TypedDict):
    """Ends of both axes."""

    linear: Span
    logarithmic: Span | None


class Bins(TypedDict):
    """A histogram of each class."""

    edges: list[float]
    normal: list[float]
    positive: list[float]


class Points(TypedDict):
    """Scored windows of one class, in the order of their times."""

    time: list[float]
    score: list[float]


class OverTime(TypedDict):
    """Scores and events over the clock, whose 0 is at `start` (milliseconds) if it counts minutes.

    `whole` tells whether all of the part is there.
    """

    start: float | None
    whole: bool
    ends: list[float]
    normal: Points
    positive: Points
    events: list[float | None]


class Histograms(TypedDict):
    """Histograms for both axes."""

    linear: Bins
    logarithmic: Bins | None


class Colours(TypedDict):
    """Colours of what is drawn."""

    normal: str
    positive: str
    precision: str
    recall: str
    caught: str
    missed: str
    grid: str


class Words(TypedDict):
    """Labels, and the running time: its unit, and how many of them a day or 1,000 rows are."""

    false_alarms: str
    in_alarm: str
    lead: str
    running: str
    in_running: float


class Long(TypedDict):
    """What is long and does not depend on the threshold that is shown."""

    columns: Columns
    over_time: OverTime


class Sent(TypedDict):
    """What the explorer is sent: `long` is the JSON of a `Long`, written once for many thresholds."""

    part: Literal["Validation", "Test"]
    score: str
    unit: str
    value: float
    watch: float | None
    n_positive: int
    n_normal: int
    n_events: int
    days: float
    rate_over: float
    words: Words
    load: LoadData
    costs: Prices
    events: list[float | None]
    ranges: Ranges
    logarithmic: bool
    histograms: Histograms
    colours: Colours
    long: str
