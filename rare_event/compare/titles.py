"""Titles: runs named for people, no two alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import chain

from rare_event.compare.setting_words import in_words, value_in_words
from rare_event.config import RECIPES, ExperimentConfig, name_of
from rare_event.config.labels import model_on
from rare_event.store.runs import Run

# Of two things of one name, this many settings are named in which they differ.
MOST_DIFFERENCES = 2
# Where all settings are the same, the time tells them apart, as closely as need be.
TIMES = ("%d %b %H:%M", "%d %b %H:%M:%S")


def title_of(config: ExperimentConfig) -> str:
    """Name a config for people."""
    name = name_of(config.name)
    if config.name in RECIPES:
        return name
    return f"{name}: {model_on(config.model.kind, config.representation.kind)}"


def name_of_run(run: Run) -> str:
    """Name a run: as a person did, or else by its config."""
    return run.about().name or title_of(run.config())


def names_of(runs: Sequence[tuple[Run, ExperimentConfig]]) -> list[str]:
    """Name runs so that no two have the same name."""
    return told_apart(
        [run.about().name or title_of(config) for run, config in runs],
        [settings_of(config) for _, config in runs],
        [run.created for run, _ in runs],
    )


def told_apart(
    names: Sequence[str], settings: Sequence[Mapping[str, object]], made: Sequence[datetime]
) -> list[str]:
    """Add to names that repeat the settings in which they differ, or else when they were made, or a number.

    Examples
    --------
    >>> noon = datetime(2024, 1, 1, 12)
    >>> told_apart(["PCA", "PCA", "kNN"], [{"seed": 0}, {"seed": 1}, {"seed": 0}], [noon] * 3)
    ['PCA, seed 0', 'PCA, seed 1', 'kNN']
    >>> told_apart(["mill.csv", "mill.csv"], [{}, {}], [noon] * 2)
    ['mill.csv, 1', 'mill.csv, 2']
    """
    alike = [[other for other, its in zip(settings, names, strict=True) if its == name] for name in names]
    shown = [
        ", ".join([name, *_differences(mine, others)])
        for name, mine, others in zip(names, settings, alike, strict=True)
    ]
    times = [
        [other for other, its in zip(made, shown, strict=True) if its == name and other != when]
        for name, when in zip(shown, made, strict=True)
    ]
    timed = [
        f"{name}, {_time(when, others)}" if others else name
        for name, when, others in zip(shown, made, times, strict=True)
    ]
    # Times are kept to the second, in which two may be made.
    return [
        f"{name}, {timed[: at + 1].count(name)}" if timed.count(name) > 1 else name
        for at, name in enumerate(timed)
    ]


def _time(when: datetime, others: Sequence[datetime]) -> str:
    """Write a time as closely as telling it from others takes."""
    for form in TIMES:
        if when.strftime(form) not in [other.strftime(form) for other in others]:
            break
    return when.strftime(form)


def _differences(mine: Mapping[str, object], others: Sequence[Mapping[str, object]]) -> list[str]:
    """Name the settings in which one differs from others of its name, the most varied first."""
    varied = Counter({key: len({other.get(key) for other in others}) for key in mine})
    keys = [key for key, values in varied.most_common(MOST_DIFFERENCES) if values > 1]
    return [in_words(key, mine[key]) for key in keys]


def settings_of(config: ExperimentConfig) -> dict[str, object]:
    """Lay the settings of a config out by name, those of a stage with its name before.

    Examples
    --------
    >>> settings_of(ExperimentConfig())["split folds"]
    6
    """
    # As one setting: laid out, the costs of its rule would replace those of the warning level.
    watch = None if config.watch is None else config.watch.in_words()
    return _flat(asdict(config) | {"watch": watch})


def differing_settings(configs: Sequence[ExperimentConfig]) -> dict[str, list[str | None]]:
    """Return the settings in which configs differ: by name, the value of each in words.

    A setting that only one of them has is left out, and None stands for one that a config lacks.

    Examples
    --------
    >>> differing_settings([ExperimentConfig(), ExperimentConfig(seed=1)])
    {'seed': ['0', '1']}
    """
    every = [settings_of(config) for config in configs]
    names = [name for name in dict.fromkeys(chain(*every)) if name != "name"]
    differing: dict[str, list[str | None]] = {}
    for name in names:
        values = [value_in_words(name, settings[name]) if name in settings else None for settings in every]
        if len({value for value in values if value is not None}) > 1:
            differing[name] = values
    return differing


def _flat(settings: Mapping[str, object], of: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in settings.items():
        flat |= _flat(value, key) if isinstance(value, Mapping) else {f"{of} {key}".strip(): value}
    return flat
