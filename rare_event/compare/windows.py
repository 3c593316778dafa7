"""Which runs can be compared: those that were judged on the same windows, and are open."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from rare_event.clock import TimeUnit
from rare_event.compare.leaderboard import judged_of
from rare_event.compare.titles import settings_of, told_apart
from rare_event.config import ExperimentConfig
from rare_event.errors import RareEventError
from rare_event.store.runs import Run
from rare_event.store.seal import ever_opened
from rare_event.text import plural

# Settings that decide which windows there are, where the label alone does not.
DECIDING = ("split seed", "split test_share", "split train_from", "split train_until", "article_mode")


@dataclass(frozen=True)
class Comparable:
    """Finished runs that were judged on the same windows.

    Parameters
    ----------
    windows
        Digest of the windows.
    label
        What is said of them.
    optimistic
        Whether the figures of the split are too optimistic.
    asked_for
        Ids of the runs that a person asked for, the latest first.
    sealed
        Those of them whose test data were never opened.
    baselines
        Ids of the others, the latest first.
    """

    windows: str
    label: str
    optimistic: bool
    asked_for: tuple[str, ...]
    sealed: tuple[str, ...]
    baselines: tuple[str, ...]

    @property
    def shown(self) -> tuple[str, ...]:
        """Ids of the runs whose figures may be shown, the latest first."""
        opened = set(self.asked_for) - set(self.sealed)
        # What baselines reach on test data tells about these data as well.
        return tuple(sorted(opened.union(self.baselines), reverse=True)) if opened else ()

    def __contains__(self, run_id: object) -> bool:
        """Whether a run is among them."""
        return run_id in self.asked_for or run_id in self.baselines


def comparable(runs: Sequence[Run]) -> list[Comparable]:
    """Group runs by the windows they were judged on, the group of the latest run first.

    Parameters
    ----------
    runs
        Finished ones, the latest first. Those that were never judged, or whose records are damaged,
        are left out, and so are baselines of runs that are gone.
    """
    members: dict[str, list[Run]] = {}
    about: dict[str, tuple[ExperimentConfig, int, TimeUnit]] = {}
    for run in runs:
        with suppress(RareEventError):
            judged, config = judged_of(run), run.config()
            if judged is not None:
                windows = judged.model.windows
                members.setdefault(windows, []).append(run)
                about.setdefault(windows, (config, len(judged.model.fold_auc), judged.model.time_unit))
    asked_for = {
        windows: mine
        for windows, group in members.items()
        if (mine := [run for run in group if run.purpose().role == "run"])
    }
    configs = [about[windows][0] for windows in asked_for]
    labels = told_apart(
        [_label(*about[windows]) for windows in asked_for],
        [{name: settings_of(config)[name] for name in DECIDING} for config in configs],
        [mine[0].created for mine in asked_for.values()],
    )
    return [
        Comparable(
            windows,
            f"{label}: {plural(len(members[windows]), 'model')}",
            config.split.optimistic,
            tuple(run.id for run in mine),
            tuple(run.id for run in mine if not ever_opened(run)),
            tuple(run.id for run in members[windows] if run not in mine),
        )
        for (windows, mine), config, label in zip(asked_for.items(), configs, labels, strict=True)
    ]


def _label(config: ExperimentConfig, folds: int, unit: TimeUnit) -> str:
    parts = f", {folds} folds" if folds > 1 else ""
    return f"{unit.reword(config.split.in_words())}{parts}, shift {config.shift}, lookback {config.lookback}"
