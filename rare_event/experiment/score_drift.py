"""How far the scores of new rows have moved since validation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare_event.experiment.trained import Trained
from rare_event.judge.drift import RISEN
from rare_event.judge.scores import Scores
from rare_event.prepare.table import Table
from rare_event.text import number


@dataclass(frozen=True)
class ScoreDrift:
    """The median score of normal windows, in multiples of that on validation data.

    Parameters
    ----------
    times
        The multiple; None where there is no window, or no validation score.
    labelled
        Whether the label says which windows are normal; else all windows count.
    """

    times: float | None
    labelled: bool

    @property
    def risen(self) -> bool:
        """Whether it is so high that the threshold no longer means what it meant."""
        return self.times is not None and self.times >= RISEN

    @property
    def in_words(self) -> str:
        """Say how far the scores have moved."""
        if self.times is None:
            return "There are too few scores to tell whether they have moved since validation."
        windows = "normal windows" if self.labelled else "all windows"
        times = f"{number(self.times)} times as high as in the validation data"
        said = f"The median score of {windows} is {times}"
        return f"{said}: train again, or choose another threshold." if self.risen else f"{said}."


def score_drift(trained: Trained, table: Table, scores: Scores) -> ScoreDrift:
    """Compare the scores of new rows with those on validation data."""
    normal = scores.y_score[scores.y_true == 0]
    usual = trained.facts.normal
    times = float(np.median(normal)) / usual if len(normal) and usual else None
    return ScoreDrift(times, table.schema.label is not None)
