"""Regime: a sequential test of whether normal rows still score as they did on validation data.

A threshold means what it meant only while normal rows score as they did where it was chosen. This test
looks at them in the order of time and says since when they no longer do, at a stated rate of false alarms.

Rows are not independent, and scores of normal rows wander for hours: conformal p-values, whose martingale
bounds the rate of false alarms for exchangeable rows (Vovk, Gammerman and Shafer 2022, part III), are not
valid here, and the package nonconform, which offers them, says the same of itself. Blocks long enough to be
exchangeable would leave a validation part of two days with four of them. So the statistic is a CUSUM (Page
1954) of the log median score of each hour, and its limit comes from simulated futures of the validation
hours themselves, see `limit_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rare_event.judge.drift import RISEN
from rare_event.judge.scores import Scores

# Minutes of running time, or rows, whose median is one value of the test.
BLOCK = 60.0
# Longer data are tested in longer blocks.
MOST_BLOCKS = 1000
# Fewer hours do not show how scores wander: on simulated plants with 20, the stated rate still holds.
LEAST_BLOCKS = 20
# The limit is set for the first. On simulated plants whose scores have skewed steps or wander for days, up
# to 4 in 100 gave an alarm without a change (tests/judge/test_regime.py), so the second is what is stated.
NOMINAL, FALSE_ALARM = 0.0075, 0.05
# Where blocks begin is arbitrary and moves the fit: futures of several beginnings are put together.
PHASES, FUTURES = 6, 2000
# The reference of the CUSUM: a lasting rise below it is not searched.
REFERENCE = float(np.log(RISEN))
# A model may score a few windows at 0; scores that are often below cannot be so many times higher.
LEAST_ABOVE = 0.05
# Three blocks at twice the reference: quieter validation data could set a limit that one odd hour reaches.
LEAST_LIMIT = 3 * REFERENCE
SEED = 0

# Scores of normal validation windows in the order of time, by fold and machine.
References = Mapping[tuple[int, str], np.ndarray]


@dataclass(frozen=True)
class RegimeChange:
    """A lasting rise of the scores of normal rows.

    Parameters
    ----------
    fold, machine
        Where; the machine is empty for one.
    row, since
        First row of the rise, and its time on the clock of the scores.
    found
        Time by which the test was sure.
    until
        Time of the last risen window, if scores came back; None while they are still high.
    times
        Median score of normal windows since then, in multiples of that on validation data.
    sensor, share
        The sensor that moved most, and its share of how far all moved; None where not known.
    """

    fold: int
    machine: str
    row: int
    since: float
    found: float
    until: float | None
    times: float
    sensor: str | None = None
    share: float | None = None


@dataclass(frozen=True)
class Regime:
    """What the test found in each fold and machine.

    Parameters
    ----------
    changes
        The rises, in the order of time.
    n_tested
        Folds and machines that could be tested.
    untested
        Why others could not, as sentences.
    visible
        The least multiple of the validation level that would have been found, had it begun half-way, in
        the fold or machine where scores wander most; None where nothing was tested.
    false_alarm
        Chance of a change being found without one, for each fold and machine.
    """

    changes: tuple[RegimeChange, ...]
    n_tested: int
    untested: tuple[str, ...]
    visible: float | None
    false_alarm: float = FALSE_ALARM


def cusum(values: np.ndarray, reference: float = REFERENCE) -> np.ndarray:
    """Sum what exceeds the reference, never below 0, along the last axis (Page 1954).

    S of t is max(0, S of t - 1 + value of t - reference): all partial sums less the least so far.

    Examples
    --------
    >>> cusum(np.array([1.0, -3.0, 2.0, 1.5]), reference=0.5).tolist()
    [0.5, 0.0, 1.5, 2.5]
    """
    total = np.cumsum(values - reference, axis=-1)
    least = np.minimum(np.minimum.accumulate(total, axis=-1), 0.0)
    return np.asarray(total - least)


def limit_of(reference: np.ndarray, size: int, n_blocks: int, seed: int = SEED) -> float:
    """Find the limit that the CUSUM of an unchanged plant reaches with a chance of `NOMINAL`.

    The validation blocks are continued by simulation. A first-order autoregression is fitted to them; each
    future draws its coefficient and its mean from their distributions by least squares, the scale of its
    steps from that of the residuals, and its steps from the residuals themselves. So a plant whose scores
    wander, and one that was seen for too short a time to know how they do, gets a higher limit. Least
    squares underestimates how long scores wander; its bias is corrected (Kendall 1954).

    Parameters
    ----------
    reference
        Log scores of normal validation windows less their level, in the order of time, shape (n,).
    size
        Windows in a block; the reference has at least 5 blocks.
    n_blocks
        Length of the futures.
    seed
        Of the futures.

    Returns
    -------
    float
        At least `LEAST_LIMIT`.
    """
    rng, peaks = np.random.default_rng(seed), []
    for phase in sorted({size * number // PHASES for number in range(PHASES)}):
        kept = reference[: len(reference) - phase]
        peaks.append(_peaks(_medians(kept, size), n_blocks, rng))
    return max(float(np.quantile(np.concatenate(peaks), 1 - NOMINAL)), LEAST_LIMIT)


def _peaks(x: np.ndarray, n_blocks: int, rng: np.random.Generator) -> np.ndarray:
    """Return the highest CUSUM of each of the futures of some blocks, shape (FUTURES,)."""
    n, apart = len(x), x - x.mean()
    # The least variance keeps scores that never move from dividing by 0.
    spread = float(apart @ apart) + 1e-12
    slope = float(apart[1:] @ apart[:-1]) / spread
    residuals = apart[1:] - slope * apart[:-1]
    residuals = residuals - residuals.mean()
    sigma = np.sqrt(float(residuals @ residuals) / rng.chisquare(n - 3, FUTURES))
    corrected = slope + (1 + 3 * slope) / n
    phi = np.clip(corrected + rng.normal(size=FUTURES) * sigma / np.sqrt(spread), 0.0, 1.0)
    rest = np.maximum(1 - phi, 1e-9)
    # How far a mean of so few values can be off; that of a random walk is not known at all.
    off = np.minimum(sigma / np.sqrt(rest), 2 * x.std()) * np.sqrt(np.minimum(1.0, (1 + phi) / rest / n))
    drift = (x.mean() + off * rng.normal(size=FUTURES)) * (1 - phi)
    steps = residuals / (residuals.std() or 1.0)
    value, total, peak = np.full(FUTURES, x[-1]), np.zeros(FUTURES), np.zeros(FUTURES)
    for _ in range(n_blocks):
        value = drift + phi * value + rng.choice(steps, FUTURES) * sigma
        total = np.maximum(total + value - REFERENCE, 0.0)
        peak = np.maximum(peak, total)
    return peak


def references_of(validation: Scores) -> dict[tuple[int, str], np.ndarray]:
    """Return the scores of normal validation windows of each fold and machine, in the order of time."""
    return {key: part.y_score for key, part in normal_series(validation).items()}


def regime_after(validation: Scores, test: Scores) -> Regime:
    """Test the test data of a run against the validation data of the same fold and machine.

    Parameters
    ----------
    validation, test
        Scored windows of all folds.
    """
    first = {key: int(part.row.min()) for key, part in _series(test)}
    last = {key: int(part.row.max()) for key, part in _series(validation)}
    if any(last.get(key, row) > row for key, row in first.items()):
        why = "validation and test rows alternate in time, so the start of a rise cannot be dated."
        return Regime((), 0, (why,), None)
    return regime(references_of(validation), test)


def regime(references: References, scores: Scores) -> Regime:
    """Test whether normal windows still score as on validation data, fold by fold, machine by machine.

    Parameters
    ----------
    references
        Scores of normal validation windows.
    scores
        Later windows. Positive ones are passed over.
    """
    changes, untested, visible = [], [], []
    for (fold, machine), part in normal_series(scores).items():
        reference = references.get((fold, machine), np.empty(0))
        size = _block_size(part)
        where = f"on machine {machine}, " if machine else ""
        if problem := _problem(reference, part, size):
            untested.append(f"{where}{problem}" if where else problem)
            continue
        change, least = _test(reference, part, size)
        visible.append(least)
        if change is not None:
            changes.append(replace(change, fold=fold, machine=machine))
    ordered = tuple(sorted(changes, key=lambda change: (change.since, change.fold)))
    return Regime(ordered, len(visible), tuple(dict.fromkeys(untested)), max(visible, default=None))


def _series(scores: Scores) -> list[tuple[tuple[int, str], Scores]]:
    """Return the windows of each fold and machine, with their number and name."""
    found = []
    for fold, part in scores.by_fold().items():
        if part.asset is None:
            found.append(((fold, ""), part))
            continue
        for asset in np.unique(part.asset).tolist():
            found.append(((fold, part.assets[asset]), part.where(part.asset == asset)))
    return found


def _block_size(part: Scores) -> int:
    hour = max(1, round(BLOCK / part.step))
    return max(hour, -(-len(part) // MOST_BLOCKS))


def _only(count: int) -> str:
    return f"only {count:,}" if count else "no"


def _problem(reference: np.ndarray, part: Scores, size: int) -> str | None:
    """Say why a fold or machine cannot be tested."""
    hours = len(reference) // size
    if hours < LEAST_BLOCKS:
        return (
            f"there are {_only(len(reference))} normal validation rows; {LEAST_BLOCKS * size:,} are "
            "needed to tell a change from the normal variation of the score."
        )
    if len(part) < size:
        return f"there are {_only(len(part))} later normal rows; {size:,} are needed."
    if not np.quantile(reference, LEAST_ABOVE) > 0:
        return "too many scores are 0 or below to say how many times higher they are."
    return None


def _medians(values: np.ndarray, size: int) -> np.ndarray:
    """Median of each whole block, the last of which ends with the values, shape (n // size,)."""
    whole = len(values) // size
    return np.asarray(np.median(values[len(values) - whole * size :].reshape(whole, size), axis=1))


def _test(reference: np.ndarray, part: Scores, size: int) -> tuple[RegimeChange | None, float]:
    """Test one fold or machine; the least rise that would have been seen comes with the result."""
    level, floor = float(np.median(reference)), float(reference[reference > 0].min())
    before, after = (np.log(np.maximum(each, floor) / level) for each in (reference, part.y_score))
    blocks = _medians(after[: len(after) // size * size], size)
    limit = limit_of(before, size, len(blocks))
    visible = float(np.exp(min(REFERENCE + limit / max(1, len(blocks) // 2), 700.0)))
    reached = np.flatnonzero(cusum(blocks) >= limit)
    if not len(reached):
        return None, visible
    found = (int(reached[0]) + 1) * size - 1
    first = _split(before, after[: found + 1])
    last = first + _last_risen(after[first:], size)
    ended = len(after) - 1 - last >= size
    risen = part.y_score[first : last + 1 if ended else len(after)]
    change = RegimeChange(
        0,
        "",
        int(part.row[first]),
        float(part.clock[first]),
        float(part.clock[found]),
        float(part.clock[last]) if ended else None,
        float(np.median(risen)) / level,
    )
    return change, visible


def _split(before: np.ndarray, after: np.ndarray) -> int:
    """Place of the first later value of a rise: two means fit all values best, the second the higher."""
    values = np.concatenate([before, after])
    n, total = len(values), np.cumsum(values)
    at = np.arange(len(before), n)
    left, right = total[at - 1] / at, (total[-1] - total[at - 1]) / (n - at)
    gain = at * (n - at) / n * (right - left) ** 2
    return int(np.argmax(np.where(right > left, gain, -1.0)))


def _last_risen(excess: np.ndarray, size: int) -> int:
    """Place of the last value of a rise: where the sum of what exceeds the reference is the highest.

    Single high or low values are not its end: they are smoothed by medians of a block.
    """
    smooth = pd.Series(excess).rolling(size, center=True, min_periods=1).median().to_numpy()
    return int(np.argmax(np.cumsum(smooth - REFERENCE)))


def normal_series(scores: Scores) -> dict[tuple[int, str], Scores]:
    """Return the normal windows of each fold and machine, in the order of time."""
    return dict(_series(scores.where(scores.y_true == 0)))


def risen_of(part: Scores, change: RegimeChange) -> Scores:
    """Return those of the normal windows of its fold and machine that a change says have risen."""
    until = np.inf if change.until is None else change.until
    return part.where((part.clock >= change.since) & (part.clock <= until))
