"""The regime test in words: since when the threshold is not valid, or why that cannot be told."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from rare_event.clock import MINUTES, TimeUnit
from rare_event.judge.drift import times_in_words
from rare_event.judge.regime import Regime, RegimeChange
from rare_event.text import capital, percent

# Rises that only a larger number could describe are beyond what any score shows.
MOST_VISIBLE = 1e6
LEAST_SHARE = 0.1


def moments(start: pd.Timestamp | None, unit: TimeUnit) -> Callable[[float], str]:
    """Return a function that writes a time on a clock that is 0 at the start; None where that has no time.

    Examples
    --------
    >>> moments(pd.Timestamp("1999-05-01"), MINUTES)(24_674.0), moments(None, TimeUnit("No times"))(1200.0)
    ('18 May 03:14', 'row 1,200')
    """
    if start is None or unit.reason:
        return lambda clock: f"row {clock:,.0f}" if unit.reason else f"day {clock / unit.period:.2f}"
    return lambda clock: f"{start + pd.Timedelta(minutes=clock):%-d %b %H:%M}"


def change_in_words(
    change: RegimeChange,
    when: Callable[[float], str],
    unit: TimeUnit = MINUTES,
    trailing: bool = False,
    folds: int = 1,
) -> str:
    """Say since when the threshold is not valid.

    Parameters
    ----------
    change
        What was found.
    when
        Writes a time on the clock of the scores.
    unit
        Of time; without a label nothing says which rows are normal.
    trailing
        Whether the threshold follows the scores.
    folds
        Their number; with several, the fold is named.

    Examples
    --------
    >>> change = RegimeChange(0, "", 90, 3.0, 9.0, None, 26.2, "x19", 0.83)
    >>> print(change_in_words(change, "18 May 0{:.0f}:14".format).split("; ")[1])
    x19 accounts for 83% of the change in the sensors.
    """
    rows = "normal rows" if unit.labelled else "rows"
    start, end = when(change.since), "" if change.until is None else when(change.until)
    carried = _carried(change)
    place = ", ".join(
        [
            *([f"fold {change.fold + 1} of {folds}"] if folds > 1 else []),
            *([f"machine {change.machine}"] if change.machine else []),
        ]
    )
    how = f"{times_in_words(change.times)} times as high as in the validation data{carried}"
    if trailing:
        span = f"From {start} to {end}, {rows} scored" if end else f"Since {start}, {rows} have scored"
        said = f"{span} {how}; the trailing threshold follows this rise."
    elif end:
        said = f"The threshold was not valid from {start} to {end}: {rows} scored {how}."
    else:
        said = f"The threshold has not been valid since {start}: {rows} have scored {how}."
    return f"{capital(place)}: {said[0].lower()}{said[1:]}" if place else said


def _carried(change: RegimeChange) -> str:
    """Name the sensor that moved most, unless its share is as small as that of many."""
    if change.sensor is None or change.share is None:
        return ""
    if change.share < LEAST_SHARE:
        return f"; many sensors changed; none accounts for more than {LEAST_SHARE:.0%} of the total change"
    return f"; {change.sensor} accounts for {change.share:.0%} of the change in the sensors"


def regime_in_words(
    found: Regime,
    when: Callable[[float], str],
    unit: TimeUnit = MINUTES,
    trailing: bool = False,
    folds: int = 1,
) -> list[str]:
    """Say what the test found: each change, or that there is none; then its rate and what it cannot see.

    Parameters
    ----------
    found
        What it found.
    when, unit, trailing, folds
        As in `change_in_words`.
    """
    said = [change_in_words(change, when, unit, trailing, folds) for change in found.changes]
    rows = "normal rows" if unit.labelled else "rows"
    if not said and found.n_tested:
        said.append(
            f"A statistical test finds no rise in the scores of {rows} beyond their normal variation. "
            f"{_unseen(found)}"
        )
    if found.n_tested:
        each = _each(folds, unit)
        said.append(
            f"If nothing changes, this test still reports a change in at most "
            f"{percent(found.false_alarm)} of {each}."
        )
    return [*said, *(f"Not tested: {why}" for why in found.untested)]


def _unseen(found: Regime) -> str:
    if found.visible is None or found.visible > MOST_VISIBLE:
        return "The validation scores vary so much that it would miss most rises."
    return f"It may miss a rise by a factor below {times_in_words(found.visible)}, or one near the end."


def _each(folds: int, unit: TimeUnit) -> str:
    if folds > 1:
        return "folds, counted per machine" if unit.machines else "folds"
    return "machines" if unit.machines else "periods this long"
