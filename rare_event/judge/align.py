"""Common ground: settings that score other windows under other labels, judged on the same ones.

Another shift makes other rows positive, and another lookback leaves other rows out. Here every
setting is judged on the windows that all of them score, and a window is positive if it lies in the
lead window of an event, whatever shift the setting was trained with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median_high
from typing import Annotated

import numpy as np
import pandas as pd

from rare_event.config import AlarmPolicy, Rule
from rare_event.errors import DataError
from rare_event.judge.alarms import event_ledger
from rare_event.judge.arrays import AsLists
from rare_event.judge.blend import shared_windows
from rare_event.judge.chance import chance
from rare_event.judge.evaluation import call, ranking
from rare_event.judge.exact import exact_share, widened
from rare_event.judge.judgement import BUDGETS
from rare_event.judge.resampling import RESAMPLES, auc_draws, ends_of, figure_draws, interval_of
from rare_event.judge.rules import choose
from rare_event.judge.scores import ROUNDING, Scores
from rare_event.judge.thresholds import operating_points


def common_windows(parts: Sequence[Scores]) -> Scores:
    """Find the windows that all settings score, and label them alike.

    Parameters
    ----------
    parts
        Scored windows of each setting, all folds, in the order of row and fold; at least one setting.

    Returns
    -------
    Scores
        The shared windows, all scored 0, with the events that any of the settings sees. Positive are
        those in the lead window of the middle shift; where no window is so near to an event, in the
        wider one, or the last window before an event.

    Raises
    ------
    DataError
        If no window is shared.
    """
    shared = shared_windows(parts)
    first = shared[0]
    if not len(first):
        raise DataError(
            "No window is scored by all of these settings. Leave out the longest lookback, or compare "
            "settings with the same split."
        )
    to_event = np.min([part.to_event for part in shared], axis=0)
    nearest = float(to_event.min())
    # The label is the same for all, whatever shift each was trained with.
    middle = replace(first, lead=median_high(part.lead for part in shared))
    lead = next((lead for lead in middle.lead_windows if nearest <= lead + ROUNDING), nearest)
    near = (to_event <= lead + ROUNDING) & np.isfinite(to_event)
    return replace(
        middle,
        y_true=near.astype(np.int8),
        near=None,
        y_score=np.zeros(len(first)),
        event=np.max([part.event for part in shared], axis=0),
        to_event=to_event,
        total_events=np.unique(np.concatenate([part.total_events for part in shared])),
    )


def on_common(windows: Scores, scores: Scores) -> Scores:
    """Put the scores of one setting on the common windows.

    Raises
    ------
    DataError
        If one of the windows was not scored.
    """
    folds = 1 + int(max(windows.fold.max(initial=0), scores.fold.max(initial=0)))
    mine = scores.row.astype(np.int64) * folds + scores.fold
    wanted = windows.row.astype(np.int64) * folds + windows.fold
    at = np.searchsorted(mine, wanted)
    if not len(mine) or (mine[np.minimum(at, len(mine) - 1)] != wanted).any():
        raise DataError(
            "This cell does not cover the map's windows: the dataset has changed since. Create a new map."
        )
    return windows.with_score(scores.y_score[at])


@dataclass(frozen=True)
class Count:
    """Events caught at a budget with a lead window; all settings pay the same false alarms.

    Parameters
    ----------
    budget, lead
        False alarms a day, and minutes.
    caught, low, high
        With the threshold read on the same windows: an upper bound; and its 95% interval, None where
        there are too few stretches to tell.
    by_fold
        The same of each fold.
    by_chance
        What the scores catch when they are shifted in time.
    """

    budget: float
    lead: float
    caught: int
    low: float | None
    high: float | None
    by_fold: tuple[int, ...]
    by_chance: int


@dataclass(frozen=True)
class Figures:
    """What one setting is worth on the common windows.

    Parameters
    ----------
    fold_auc
        ROC AUC of each fold; None where a fold has one class only.
    draws
        The same under each resample of stretches, shape (n_folds, resamples), not a number where not
        defined. Those of several settings are paired.
    average_precision
        Over all folds together; None with one class only.
    counts
        One for each budget and lead window.
    """

    fold_auc: tuple[float | None, ...]
    draws: Annotated[np.ndarray, AsLists(digits=5)]
    average_precision: float | None
    counts: tuple[Count, ...]

    @property
    def mean_fold_auc(self) -> float | None:
        """Mean over the folds that have one."""
        known = [auc for auc in self.fold_auc if auc is not None]
        return float(np.mean(known)) if known else None

    @property
    def mean_draws(self) -> np.ndarray:
        """The mean under each resample, shape (resamples,)."""
        known = self.draws[[auc is not None for auc in self.fold_auc]]
        return known.mean(axis=0) if len(known) else np.full(self.draws.shape[1], np.nan)

    @property
    def interval(self) -> tuple[float, float] | None:
        """95% interval of the mean; None where not defined."""
        return ends_of(self.mean_draws)

    def count(self, budget: float, lead: float) -> Count:
        """Return the events caught."""
        return next(count for count in self.counts if (count.budget, count.lead) == (budget, lead))


def judge_on_common(scores: Scores, policy: AlarmPolicy, seed: int = 0) -> Figures:
    """Judge one setting on the common windows."""
    parts = list(scores.by_fold().values())
    drawn = [auc_draws(part, seed + number) for number, part in enumerate(parts)]
    undefined = np.full(RESAMPLES, np.nan)
    return Figures(
        tuple(ranking(part)[0] for part in parts),
        np.array([undefined if each is None else each for each in drawn]),
        ranking(scores)[1],
        tuple(_count(scores, policy, budget, lead) for lead in scores.lead_windows for budget in BUDGETS),
    )


def _count(scores: Scores, policy: AlarmPolicy, budget: float, lead: float) -> Count:
    led = policy.with_lead(lead)
    rolled = _called(chance(scores), led, budget)
    called = _called(scores, led, budget)
    caught = _caught(called, led)
    low, high = _events_interval(figure_draws(called, led)["caught"], len(caught), len(scores.total_events))
    # An event belongs to the fold that scored its windows.
    seen, first = np.unique(called.event, return_index=True)
    of_event = called.fold[first[np.searchsorted(seen, caught)]]
    return Count(
        budget,
        lead,
        len(caught),
        low,
        high,
        by_fold=tuple(int((of_event == fold).sum()) for fold in np.unique(called.fold)),
        by_chance=len(_caught(rolled, led)),
    )


def _events_interval(draws: pd.Series, caught: int, n_events: int) -> tuple[float | None, float | None]:
    """Bootstrap interval of the events caught; the exact one where all resamples agree."""
    if draws.isna().all():
        return None, None
    exact = exact_share(caught, n_events)
    drawn = interval_of(draws.to_numpy(float)[:, None])
    low, high = widened(drawn, (exact[0] * n_events, exact[1] * n_events))
    return float(low[0]), float(high[0])


def _called(scores: Scores, policy: AlarmPolicy, budget: float) -> Scores:
    threshold = choose(operating_points(scores, policy), Rule("fa-per-day", budget))
    return call(scores, dict.fromkeys(np.unique(scores.fold), threshold), policy)


def _caught(called: Scores, policy: AlarmPolicy) -> np.ndarray:
    ledger = event_ledger(called, 1.0, policy)
    caught: np.ndarray = ledger.loc[ledger["caught"], "event"].to_numpy()
    return caught
