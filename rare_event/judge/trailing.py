"""Trailing quantile: a threshold that follows the scores, and so keeps its budget when they drift."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rare_event.config import AlarmPolicy, Rule
from rare_event.errors import ConfigError
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import operating_points

# How alarms cluster is read off levels that at least so many windows reach, over a tenfold range of
# levels: the tenth part of a validation part of two days would be a handful of windows.
LEAST_WINDOWS = 20
RANGE = 10.0
LEVELS = 12
# Of windows that drift or of too few of them the fit may say that a higher limit saves no alarm at
# all; a hundred times fewer windows above it are taken to give ten times fewer alarms at the least.
FLATTEST = -0.5
# No budget is kept by a limit below the median.
LOWEST = 0.5


def follow(
    scores: Scores,
    rule: Rule,
    history: Scores | None = None,
    quantiles: Mapping[int, float] | None = None,
) -> Scores:
    """Divide each score by the trailing quantile of the scores before it.

    A threshold of 1 on the result is the trailing quantile; all that is counted at a threshold is
    counted as usual.

    Parameters
    ----------
    scores
        Scored windows of one or more folds.
    rule
        A rule of the kind ``trailing-quantile``; others leave the scores as they are.
    history
        Scored windows of the same folds to look back on as well: validation data, for test data.
    quantiles
        Of each fold, in place of the rule's value.

    Returns
    -------
    Scores
        As with `trailing_threshold`, each window is compared only with windows of its machine before it.
    """
    if not rule.trailing or not len(scores):
        return scores
    return scores.with_score(scores.y_score / trailing_threshold(scores, rule, history, quantiles=quantiles))


def trailing_threshold(
    scores: Scores,
    rule: Rule,
    history: Scores | None = None,
    factor: float = 1.0,
    quantiles: Mapping[int, float] | None = None,
) -> np.ndarray:
    """Return the limit of each window: the trailing quantile of the scores before it.

    Of n windows it is the order statistic (1 - q)(n + 1) from the top, between two of them by
    interpolation and the highest where that is below 1. A further window like these exceeds it with
    the probability 1 - q, whatever n and the distribution of the scores (Weibull 1939; Hyndman and
    Fan 1996, type 6): an ordinary quantile of few windows is exceeded too often.

    Returns
    -------
    numpy.ndarray
        In the unit of the scores, shape (n,); `factor` everywhere for rules that do not trail.
        Windows before the first full hour of windows have the first limit there is.
    """
    limit = np.ones(len(scores))
    for mine in _series(scores) if rule.trailing else ():
        part = scores.where(mine)
        past = part.where(np.zeros(len(part), bool)) if history is None else _of_series(history, part)
        value = rule.value if quantiles is None else quantiles[int(part.fold[0])]
        limit[mine] = _limits(part, past, value, rule.days)
    return factor * limit


def _series(scores: Scores) -> Iterator[np.ndarray]:
    """Yield masks of the windows of each fold and machine: none looks back on another machine."""
    for number in np.unique(scores.series):
        yield scores.series == number


def _of_series(history: Scores, part: Scores) -> Scores:
    """Windows of the fold and machine of a part."""
    past = history.where(history.fold == part.fold[0])
    if part.asset is None or past.asset is None:
        return past
    return past.where(past.asset == part.asset[0])


def _limits(scores: Scores, past: Scores, quantile: float, days: float) -> np.ndarray:
    row = np.concatenate([past.row, scores.row])
    order = np.argsort(row, kind="stable")
    values = np.concatenate([past.y_score, scores.y_score])[order]
    rows, least = memory(days, scores)
    # Nothing looks back further than the first window of the scores does.
    start = max(0, int(np.argmax(order >= len(past))) - rows - 1)
    limit = pd.Series(_trailing(values[start:], quantile, rows, least)).bfill()
    # Fewer windows than an hour have no trailing quantile: they are compared with all there are.
    limit = limit.fillna(float(np.quantile(values, quantile, method="weibull")))
    # A quantile of 0 cannot divide; the least error there is stands in for it.
    least_error = values[values > 0].min() if (values > 0).any() else 1.0
    back = np.empty(len(row))
    back[order[start:]] = np.maximum(limit.to_numpy(), least_error)
    return back[len(past) :]


def memory(days: float, scores: Scores) -> tuple[int, int]:
    """Return how many windows are looked back on: at most, and at least, an hour of them."""
    rows = max(1, round(days * scores.time_unit.period / scores.step))
    return rows, min(rows, max(1, round(60 / scores.step)))


def _position(quantile: float, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the order statistic of n values that a quantile is, from 0 at the highest, and the rest."""
    # Rounded, or a whole number would become a hair more or less of the next order statistic.
    from_top = np.clip(((1 - quantile) * (n + 1)).round(9), 1.0, n) - 1
    place = from_top.astype(int)
    return place, from_top - place


def _trailing(values: np.ndarray, quantile: float, rows: int, least: int) -> np.ndarray:
    """Quantile of the up to `rows` values before each; missing where they are fewer than `least`."""
    limit = np.full(len(values), np.nan)
    limit[: rows + 1] = _expanding(values[: rows + 1], quantile, rows, least)
    if len(values) > rows + 1:
        place, rest = (float(one[0]) for one in _position(quantile, np.array([rows])))
        # Half-way to the next value, pandas cannot round to another than is meant.
        share = (rows - 1 - place + (0.5 if rest == 0 else -rest)) / max(rows - 1, 1)
        window = pd.Series(values[1:-1]).rolling(rows)
        full = window.quantile(min(share, 1.0), interpolation="lower" if rest == 0 else "linear")
        limit[rows + 1 :] = full.to_numpy()[rows - 1 :]
    return limit


def _expanding(values: np.ndarray, quantile: float, rows: int, least: int) -> np.ndarray:
    """Quantile of all values before each: of the highest ones only those that it can fall on are kept."""
    limit = np.full(len(values), np.nan)
    place, rest = (each.tolist() for each in _position(quantile, np.arange(len(values))))
    kept = int(_position(quantile, np.array([rows]))[0][0]) + 2
    highest: list[float] = []
    for n, value in enumerate(values.tolist()):
        if n >= least:
            at = highest[-1 - place[n]]
            limit[n] = at + rest[n] * (highest[-2 - place[n]] - at) if rest[n] else at
        if len(highest) < kept or value > highest[0]:
            insort(highest, value)
            del highest[:-kept]
    return limit


@dataclass(frozen=True, eq=False)
class PastAlarms:
    """How many false alarms the windows above a level made, each window's level being its rank in its past.

    Parameters
    ----------
    windows, false_alarms
        Windows at or above each level, and their false alarms, shape (n_levels,).
    n_windows
        Of all windows.
    mean_step, period
        Minutes that a window stands for, and in a day; or rows, and 1,000.
    steepest
        Slope of the ratio of alarms to windows, in logarithms, that cannot be exceeded.
    """

    windows: np.ndarray
    false_alarms: np.ndarray
    n_windows: int
    mean_step: float
    period: float
    steepest: float

    @classmethod
    def of(cls, validation: Scores, policy: AlarmPolicy, days: float = 3.0) -> PastAlarms:
        """Count them in one fold, each window compared with those of the `days` before it.

        Alarms are counted without the policy's hysteresis: scores that follow no fixed threshold have no
        ranks by which it could be counted.
        """
        mean_step = float(validation.running.mean()) if len(validation) else validation.step
        counts = np.empty(0), np.empty(0)
        if len(validation) >= LEAST_WINDOWS:
            # A share of a rank is no share of a score: the levels are counted without hysteresis.
            ranked = validation.with_score(_levels(validation, days))
            points = operating_points(ranked, replace(policy, end_share=1.0))
            counts = points.tp + points.fp, points.false_alarms
        return cls(*counts, len(validation), mean_step, validation.time_unit.period, policy.k - 1.0)

    def quantile(self, budget: float) -> float:
        """Find the quantile that gives a budget of false alarms a day; see `quantile_for`."""
        alarms = budget * self.mean_step / self.period
        share, ratio = self._per_window(alarms)
        above = alarms
        if len(share):
            slope, at_one = _line(np.log(share), np.log(ratio), self.steepest)
            # alarms = above * ratio(above), and an alarm takes at least one window.
            above = max(above, float(np.exp((np.log(alarms) - at_one) / (1 + slope))))
        return max(LOWEST, 1 - above)

    def _per_window(self, lowest: float) -> tuple[np.ndarray, np.ndarray]:
        """Share of the windows above each of a range of levels, and the false alarms to one of them."""
        n = self.n_windows
        if not len(self.windows):
            return np.empty(0), np.empty(0)
        lowest = max(lowest, LEAST_WINDOWS / n)
        wanted = np.geomspace(lowest, RANGE * lowest, LEVELS) * n
        at = np.searchsorted(-self.windows, -wanted, side="right") - 1
        at = np.unique(at[(at >= 0) & (wanted <= LOWEST * n)])
        at = at[self.false_alarms[at] > 0]
        return self.windows[at] / n, self.false_alarms[at] / self.windows[at]


def quantile_for(validation: Scores, policy: AlarmPolicy, budget: float, days: float = 3.0) -> float:
    """Find the quantile whose trailing limit gives a budget of false alarms, from the past only.

    A trailing quantile q is exceeded by a share 1 - q of the windows whatever their distribution, so
    what must be known is how many alarms so many windows make. That ratio (the extremal index at a
    level, by the runs estimator of Smith and Weissman 1994, with the policy's cooldown as the run) is
    counted on the validation windows at a range of levels (`PastAlarms`). A line through the logarithms
    gives the ratio at levels too high to be counted: the higher the level, the fewer windows to an alarm.

    After a step up the limit stands on the few windows since then, and is exceeded more often until
    `days` have passed; scores that rise for days on end, by more than they spread, exceed any trailing
    quantile too often.

    Parameters
    ----------
    validation
        Scored windows of one fold.
    policy
        The alarm policy.
    budget
        False alarms a day of running time, above 0. Below one in `days` days it cannot be kept: the
        limit is then the highest score of these days.
    days
        Running time that the trailing quantile looks back on.

    Returns
    -------
    float
        From 0.5 to 1. Where the validation windows are too few to tell, each window above the limit
        is taken for an alarm of its own.

    Raises
    ------
    ConfigError
        If the budget is not above 0.
    """
    if not budget > 0:
        rate = validation.time_unit.alarms(f"{budget:g}")
        raise ConfigError(f"The budget is {rate}. Choose more than 0.")
    return PastAlarms.of(validation, policy, days).quantile(budget)


def quantiles_for(
    validation: Scores, policy: AlarmPolicy, budget: float, days: float = 3.0
) -> dict[int, float]:
    """Find the quantile of each fold, as `quantile_for` does.

    Raises
    ------
    ConfigError
        If the budget is not above 0.
    """
    parts = validation.by_fold().items()
    return {fold: quantile_for(part, policy, budget, days) for fold, part in parts}


def _levels(scores: Scores, days: float) -> np.ndarray:
    """Share of the windows of the `days` before each window that score below it, of its machine's own."""
    rows, least = memory(days, scores)
    level = np.empty(len(scores))
    for mine in _series(scores):
        values = pd.Series(scores.y_score[mine])
        before = np.minimum(np.arange(len(values)), rows)
        rank = values.rolling(rows + 1, min_periods=1).rank(method="min", ascending=False)
        level[mine] = np.where(before < least, 0.0, 1 - rank.to_numpy() / (before + 1))
    return level


def _line(x: np.ndarray, y: np.ndarray, steepest: float) -> tuple[float, float]:
    """Least squares, the slope kept within bounds: slope, and value at 0."""
    apart = x - x.mean()
    slope = float(apart @ y / (apart @ apart)) if apart.any() else 0.0
    slope = min(max(slope, FLATTEST), steepest)
    return slope, float(y.mean() - slope * x.mean())
