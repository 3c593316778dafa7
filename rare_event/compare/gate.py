"""The gate between two runs: whether the new one is worse than the old, on the windows both scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare_event.errors import DataError, RunError
from rare_event.judge.align import common_windows, on_common
from rare_event.judge.comparison import Comparison, compare
from rare_event.judge.evaluation import ranking
from rare_event.judge.scores import Scores
from rare_event.store.archive import is_imported
from rare_event.store.records import Part
from rare_event.store.runs import Run
from rare_event.store.seal import ever_opened
from rare_event.text import plural


@dataclass(frozen=True)
class Gate:
    """A new run against an old one.

    Parameters
    ----------
    new, old
        Ids of the runs.
    part
        The data they were judged on.
    sealed
        Those whose test data were never opened; both are then judged on validation data.
    n_windows, n_events
        Windows that both scored, and events that both could see.
    new_auc, old_auc
        Mean fold AUC.
    comparison
        The difference: new less old.
    """

    new: str
    old: str
    part: Part
    sealed: tuple[str, ...]
    n_windows: int
    n_events: int
    new_auc: float
    old_auc: float
    comparison: Comparison

    @property
    def worse(self) -> bool:
        """Whether the new run is worse, and the 95% interval of the difference leaves 0 out."""
        return self.comparison.high < 0

    @property
    def in_words(self) -> str:
        """Say the result with its figures, and what it was judged on."""
        known = self.comparison
        if self.worse:
            result = "The new run is worse than the old"
        elif known.low > 0:
            result = "The new run is better than the old"
        else:
            result = "The new run is not shown to be worse than the old"
        digits = _digits(known)
        new, old, gap, low, high = (
            f"{round(each, digits) + 0.0:.{digits}f}"
            for each in (self.new_auc, self.old_auc, known.difference, known.low, known.high)
        )
        said = (
            f"{result}: AUC {new} against {old}, a difference of {gap} (95% interval {low} to {high}), on "
            f"{plural(self.n_windows, 'window')} of the {self.part} data that both scored, with "
            f"{plural(self.n_events, 'event')}."
        )
        if self.sealed:
            whose = " and ".join(self.sealed)
            said += f" Validation data are used because the test data of {whose} have not been opened."
        return said


def gate(new: Run, old: Run, seed: int = 0) -> Gate:
    """Compare a new run with an old one on the windows that both scored.

    The test data count if those of both runs were opened before, else the validation data: a gate opens
    nothing. Windows are labelled alike for both, whatever shift each was trained with.

    Parameters
    ----------
    new, old
        Finished runs on one version of a dataset.
    seed
        Of the resampling.

    Raises
    ------
    RunError
        If one has not finished, was imported, or they are on different data.
    DataError
        If they share no windows, or too few to tell.
    """
    for run in (new, old):
        if run.status().state != "done":
            raise RunError(f"Run {run.id} has not finished. Train it first, or choose another one.")
        if is_imported(run):
            raise RunError(f"Run {run.id} came in a bundle, without the scores that judge it. Train it here.")
    if new.dataset().version != old.dataset().version:
        raise RunError(
            f"Runs {new.id} and {old.id} were trained on different data: rows of one are not those of the "
            "other. Train both on the same file, with the same corrections."
        )
    runs = {"new": new, "old": old}
    sealed = tuple(f"the {which} run" for which, run in runs.items() if not ever_opened(run))
    part: Part = "validation" if sealed else "test"
    scores = [run.scores(part) for run in runs.values()]
    windows = common_windows(scores)
    one, other = (on_common(windows, each) for each in scores)
    known = compare([one], [other], seed)
    if known is None:
        raise DataError(
            f"The {part} windows that both runs scored cannot tell them apart: a fold has too few stretches, "
            "no event or no normal rows. Compare runs on more data."
        )
    figures = len(windows), known.n_events, _auc(one), _auc(other)
    return Gate(new.id, old.id, part, sealed, *figures, known)


def _digits(known: Comparison) -> int:
    """Digits with which an interval that leaves 0 out does not read as if it began there."""
    nearest = min(abs(known.low), abs(known.high))
    return max(2, int(np.ceil(-np.log10(nearest)))) if known.separable and nearest else 2


def _auc(scores: Scores) -> float:
    """Mean AUC of the folds, each of which has both classes."""
    return float(np.mean([ranking(part)[0] or 0.0 for part in scores.by_fold().values()]))
