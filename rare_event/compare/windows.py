"""Which runs can be compared: those that were judged on the same windows, and are open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from rare_event.clock import TimeUnit
from rare_event.compare.leaderboard import judged_of
from rare_event.compare.titles import settings_of, told_apart
from rare_event.config import ExperimentConfig, SplitPlan
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
    shared
        Whether they were judged on different windows, and are judged again on those that all of them
        score.
    """

    windows: str
    label: str
    optimistic: bool
    asked_for: tuple[str, ...]
    sealed: tuple[str, ...]
    baselines: tuple[str, ...]
    shared: bool = False

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

    Last come groups of runs that were judged on different windows of one split, such as those of
    different lookbacks: they can be judged on the windows that all of them score.

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
    alone = [
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
    found = list(zip(alone, configs, (mine[0] for mine in asked_for.values()), strict=True))
    return [*alone, *_joined(found, {windows: _split_label(*each) for windows, each in about.items()})]


def _joined(
    groups: Sequence[tuple[Comparable, ExperimentConfig, Run]], splits: Mapping[str, str]
) -> list[Comparable]:
    """Join groups of one split and shift, of which each scored other windows, without their baselines.

    Parameters
    ----------
    groups
        Each with the config of one of its runs, and its latest run.
    splits
        What is said of the split, by the windows of a group.
    """
    alike: dict[tuple[SplitPlan, bool, str], list[int]] = {}
    for number, (_, config, run) in enumerate(groups):
        with suppress(RareEventError):
            key = config.split, config.article_mode, f"{run.dataset().version} {config.shift}"
            alike.setdefault(key, []).append(number)
    several = [[groups[number] for number in members] for members in alike.values() if len(members) > 1]
    labels = told_apart(
        [f"{splits[first.windows]}, {_lookbacks(each)}" for each in several for first, _, _ in each[:1]],
        [{name: settings_of(each[0][1])[name] for name in DECIDING} for each in several],
        [each[0][2].created for each in several],
    )
    return [
        Comparable(
            " ".join(group.windows for group, _, _ in each),
            label,
            each[0][1].split.optimistic,
            _latest_first(run for group, _, _ in each for run in group.asked_for),
            _latest_first(run for group, _, _ in each for run in group.sealed),
            (),
            shared=True,
        )
        for each, label in zip(several, labels, strict=True)
    ]


def _latest_first(runs: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(runs, reverse=True))


def _lookbacks(groups: Sequence[tuple[Comparable, ExperimentConfig, Run]]) -> str:
    """Name the lookbacks of groups.

    Examples
    --------
    >>> group = Comparable("", "", False, (), (), ())
    >>> _lookbacks([(group, ExperimentConfig(lookback=rows), None) for rows in (5, 1, 10)])
    'lookbacks 1, 5 and 10'
    """
    rows = [f"{each}" for each in sorted({config.lookback for _, config, _ in groups})]
    if len(rows) == 1:
        return f"lookback {rows[0]}"
    return f"lookbacks {', '.join(rows[:-1])} and {rows[-1]}"


def _label(config: ExperimentConfig, folds: int, unit: TimeUnit) -> str:
    return f"{_split_label(config, folds, unit)}, lookback {config.lookback}"


def _split_label(config: ExperimentConfig, folds: int, unit: TimeUnit) -> str:
    parts = f", {folds} folds" if folds > 1 else ""
    return f"{unit.reword(config.split.in_words())}{parts}, shift {config.shift}"
