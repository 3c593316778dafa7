"""The thresholds of all folds, as one figure where one is asked for."""

from __future__ import annotations

import statistics


class FoldThresholds:
    """What a threshold for each fold has in common with one for all.

    Parameters
    ----------
    thresholds
        Threshold of each fold.
    """

    thresholds: dict[int, float]

    @property
    def common(self) -> float | None:
        """The threshold, if all folds have the same."""
        values = set(self.thresholds.values())
        return values.pop() if len(values) == 1 else None

    @property
    def middle(self) -> float:
        """The median threshold, for charts that can show only one."""
        return statistics.median(self.thresholds.values())

    @property
    def last(self) -> float:
        """The threshold of the last fold, whose model scores new rows."""
        return self.thresholds[max(self.thresholds)]
