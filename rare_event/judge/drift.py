"""Drift as the scores show it, day by day: errors of normal windows, what carries them, and alarms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from rare_event.clock import TimeUnit
from rare_event.config import AlarmPolicy
from rare_event.judge.alarms import alarms, event_ledger
from rare_event.judge.scores import Scores
from rare_event.text import capital

HIGH = 0.9
# Sensors named: more shares of a day than these look alike.
CARRIERS = 6
OTHER = "other"
# The median error of quiet days of one plant differs by less than this from part to part; and an
# hour's windows are the fewest whose median is worth a sentence.
RISEN = 2.0
LEAST_MINUTES = 60.0
MEDIAN, AS_BEFORE = "the median score of normal windows", "as high as in the validation data"


def _day(clock: np.ndarray, unit: TimeUnit) -> np.ndarray:
    """Calendar days, or blocks of 1,000 rows, since the table's first row."""
    return (clock // unit.period).astype(np.int64)


def errors_by_day(scores: Scores, unit: float | None = None) -> pd.DataFrame:
    """Describe the errors of normal windows day by day.

    Parameters
    ----------
    scores
        Scored windows.
    unit
        What the errors are divided by: the median error of normal validation windows, say. None
        leaves them.

    Returns
    -------
    pandas.DataFrame
        One row for each day with a normal window: `day` (since the table's first row, from 0),
        `normal` (windows), `median` and `high` (90% quantile) of their errors.
    """
    normal = scores.y_true == 0
    errors = pd.Series(scores.y_score[normal] / (1.0 if unit is None else unit))
    by_day = errors.groupby(_day(scores.clock[normal], scores.time_unit))
    return pd.DataFrame(
        {"normal": by_day.size(), "median": by_day.median(), "high": by_day.quantile(HIGH)}
    ).reset_index(names="day")


def alarms_by_day(called: Scores, policy: AlarmPolicy) -> pd.DataFrame:
    """Count false alarms and caught events day by day.

    Returns
    -------
    pandas.DataFrame
        One row for each day with a window: `day` (since the table's first row, from 0), `hours` (of
        running time; 24 of them stand for 1,000 rows), `false_alarms` (that begin on it), `caught`
        (events whose last window before them lies on it) and `false_alarms_per_day` (of running time).
    """
    unit = called.time_unit
    day = _day(called.clock, unit)
    running = pd.Series(called.running).groupby(day).sum()
    listed = alarms(called, 1.0, policy)
    false = pd.Series(_day(listed.loc[listed["false"], "start"].to_numpy(), unit)).value_counts()
    ledger = event_ledger(called, 1.0, policy)
    seen = np.isin(called.event, ledger.loc[ledger["caught"], "event"])
    caught = pd.Series(day[seen]).groupby(called.event[seen]).last().value_counts()
    counts = pd.DataFrame(
        {
            "hours": running / (unit.period / 24),
            "false_alarms": false.reindex(running.index, fill_value=0),
            "caught": caught.reindex(running.index, fill_value=0),
        }
    )
    counts["false_alarms_per_day"] = 24 * counts["false_alarms"] / counts["hours"]
    return counts.reset_index(names="day")


def carriers_by_day(
    contributions: pd.DataFrame, scores: Scores, names: Sequence[str], most: int = CARRIERS
) -> pd.DataFrame:
    """Tell which sensors carry the error of normal windows, day by day.

    Returns
    -------
    pandas.DataFrame
        Long form: `day` (since the table's first row, from 0), `sensor` (the largest first, then
        ``other``) and `share`, the mean of its shares in the total errors of the day's normal windows
        with an error, 0 to 1. A window's share is known for its largest sensors only; the rest of it
        counts as ``other``. The shares of a day add up to 1.
    """
    shares = _shares_by_day(contributions, scores, len(names))
    largest = shares.max().sort_values(ascending=False, kind="stable")
    # A sensor that is called like the rest goes with it.
    known = [int(sensor) for sensor in largest.index if largest[sensor] > 0 and names[sensor] != OTHER]
    named = known[:most]
    wide = shares[named].set_axis([names[sensor] for sensor in named], axis=1)
    wide = wide.assign(**{OTHER: (1 - wide.sum(axis=1)).clip(lower=0.0)})
    long = wide.reset_index(names="day").melt("day", var_name="sensor", value_name="share")
    return long.sort_values("day", kind="stable", ignore_index=True)


def _shares_by_day(contributions: pd.DataFrame, scores: Scores, n_inputs: int) -> pd.DataFrame:
    """Mean share of each input, days x positions of inputs."""
    normal = scores.where(scores.y_true == 0)
    windows = pd.DataFrame(
        {"fold": normal.fold, "row": normal.row, "window_day": _day(normal.clock, normal.time_unit)}
    )
    scored = contributions.merge(windows, on=["fold", "row"])
    share = scored.filter(regex=r"^share_\d+$").to_numpy(float)
    sensor = scored.filter(regex=r"^sensor_\d+$").to_numpy(np.int64)
    wrong = share.sum(axis=1) > 0
    days, day = np.unique(scored["window_day"].to_numpy()[wrong], return_inverse=True)
    place = day[:, None] * n_inputs + sensor[wrong]
    total = np.bincount(place.ravel(), share[wrong].ravel(), minlength=len(days) * n_inputs)
    mean = total.reshape(len(days), n_inputs) / np.bincount(day, minlength=len(days))[:, None]
    return pd.DataFrame(mean, index=days)


def drift_sentence(
    validation: Scores,
    test: Scores,
    carriers: pd.DataFrame | None = None,
    when: Callable[[int], str] = "day {}".format,
) -> str | None:
    """Say that the error of normal windows has risen and stayed so, if it has.

    Returns
    -------
    str or None
        From the first of the last days on all of which the median error is at least `RISEN` times
        what it was; None where there is no such day. Days of less than an hour are passed over.
    """
    unit = _level(validation)
    if not unit > 0:
        return None
    days = errors_by_day(test.once(), unit)
    days = days[days["normal"] * test.step >= LEAST_MINUTES]
    risen = np.logical_and.accumulate((days["median"] >= RISEN).to_numpy()[::-1])[::-1]
    if not risen.any():
        return None
    first = int(days["day"].to_numpy()[risen][0])
    since = (test.y_true == 0) & (_day(test.clock, test.time_unit) >= first)
    times = float(np.median(test.y_score[since])) / unit
    said = f"Since {when(first)}, {MEDIAN} has been {times_in_words(times)} times {AS_BEFORE}"
    return f"{said}{_carried(carriers, first)}."


def worst_day_sentence(validation: Scores, test: Scores, when: Callable[[int], str] = "day {}".format) -> str:
    """Say how far the error of normal windows rose on its worst day, where it has not stayed so."""
    unit, in_rows = _level(validation), bool(test.time_unit.reason)
    if not unit > 0:
        return (
            "Drift of the score cannot be measured: the validation data have no normal windows, or their "
            "median score is 0."
        )
    days = errors_by_day(test.once(), unit)
    days = days[days["normal"] * test.step >= LEAST_MINUTES]
    block = "block of 1,000 rows" if in_rows else "day"
    least = f"{LEAST_MINUTES:.0f} normal windows" if in_rows else "an hour of normal windows"
    if days.empty:
        return f"Drift of the score cannot be measured: no {block} has at least {least}."
    place = "in" if in_rows else "on"
    if days["median"].max() < RISEN:
        where = f"{capital(place)} every {block} with at least {least}"
        return f"{where}, {MEDIAN} is less than twice {AS_BEFORE}."
    worst = int(days["median"].to_numpy().argmax())
    day, times = int(days["day"].to_numpy()[worst]), float(days["median"].to_numpy()[worst])
    first = f"{capital(place)} {'the 1,000 rows from ' if in_rows else ''}{when(day)}"
    return (
        f"{first}, {MEDIAN} was {times_in_words(times)} times {AS_BEFORE}. At the end it "
        "is less than twice as high."
    )


def _level(validation: Scores) -> float:
    """Median score of normal validation windows; 0 without any."""
    normal = validation.y_score[validation.y_true == 0]
    return float(np.median(normal)) if len(normal) else 0.0


def times_in_words(times: float) -> str:
    """Write how many times something is higher."""
    return f"{times:.1f}" if times < 10 else f"{times:,.0f}" if times < 1e6 else "more than a million"


def _carried(carriers: pd.DataFrame | None, first: int) -> str:
    """Name the sensor that carries the most since a day."""
    if carriers is None:
        return ""
    mine = carriers[(carriers["day"] >= first) & (carriers["sensor"] != OTHER)]
    if mine.empty:
        return ""
    share = mine.groupby("sensor", sort=False)["share"].mean()
    return f"; {share.idxmax()} accounts for {share.max():.0%} of the score"
