"""The bundle of a run: the fitted representation and detector, and all else that new rows are scored with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from rare_event.config import BlendModel, ExperimentConfig, Representation, name_of
from rare_event.detect.detector import Detector, load_detector
from rare_event.errors import RunError
from rare_event.experiment.explain import FittedFold
from rare_event.experiment.facts import Facts, member_config
from rare_event.experiment.result import FoldResult
from rare_event.experiment.trained import (
    Counted,
    Part,
    Past,
    Trained,
    counted_on,
    past_of,
    references,
)
from rare_event.judge.promise import Promise, promised_by
from rare_event.prepare.features import FittedRepresentation
from rare_event.prepare.forecast import Forecast
from rare_event.store.digests import require_intact
from rare_event.store.folders import Entry
from rare_event.store.records import Committed
from rare_event.store.runs import Run
from rare_event.store.serial import explain
from rare_event.store.workspace import write

SCALER = "scaler.npz"
PREFIX = "forecast_"
FACTS = Entry("trained.json", Facts, "description of the training data")
# Of an imported run only, whose scores stay where it was trained.
COUNTED = Entry("promise.json", Counted, "validation figures")
PAST = "past.npz"
# What the scores of each fold are divided by.
UNITS = Entry("folds.json", dict[int, float], "scales of the folds")
REFERENCES = "references.npz"


def save_bundle(folder: Path, representation: FittedRepresentation, detector: Detector) -> None:
    """Write a fitted representation and detector into a run folder."""
    arrays = {
        "sensors": np.array(representation.sensors, dtype=np.str_),
        "center": representation.center,
        "scale": representation.scale,
        "categories": np.array(json.dumps(dict(representation.categories))),
    }
    if representation.config.per_asset:
        arrays |= {"assets": np.array(representation.assets, dtype=np.str_), "own": representation.own}
    for name in _names_of_forecast(representation.config) if representation.forecast is not None else ():
        arrays[PREFIX + name] = getattr(representation.forecast, name)
    write(folder / SCALER, lambda path: np.savez(path, allow_pickle=False, **arrays))
    write(folder / detector.FILE, lambda path: detector.save(path.parent))


def save_trained(run: Run, fold: FoldResult, config: ExperimentConfig, facts: Facts) -> None:
    """Write all that new rows are scored with into a run folder.

    Parameters
    ----------
    run
        The run.
    fold
        Its last fold.
    config
        Its settings.
    facts
        Of the table that was trained on.
    """
    _save_bundles(run.folder, fold)
    known = dict(references(fold, config))
    if known:
        write(run.folder / REFERENCES, lambda path: np.savez(path, allow_pickle=False, **known))
    FACTS.write(run, facts)


def _save_bundles(folder: Path, fold: FoldResult) -> None:
    """Write the fitted model of a fold; each model of a blend goes into its own folder."""
    if fold.detector is not None:
        save_bundle(folder, fold.representation, fold.detector)
    for name, member in fold.members.items():
        _save_bundles(folder / name, member)


def save_folds(run: Run, folds: Sequence[FoldResult]) -> None:
    """Write the fitted models of the folds before the last, which explain the alarms of their parts.

    Parameters
    ----------
    run
        The run.
    folds
        All its folds; those of a blend have no model of their own.
    """
    UNITS.write(run, {number: fold.unit for number, fold in enumerate(folds)})
    for number, fold in enumerate(folds[:-1]):
        if fold.detector is not None:
            save_bundle(_folder_of_fold(run, number), fold.representation, fold.detector)


def open_folds(run: Run) -> dict[int, FittedFold | None]:
    """Read the fitted models of the folds of a run; None for one that was not kept.

    Raises
    ------
    RunError
        If a file is damaged.
    """
    config, last = run.config(), max(run.committed().thresholds)
    if isinstance(config.model, BlendModel):
        return {}
    units = UNITS.read_or(run, {last: FACTS.read(run).units.get("", 1.0)})
    folds: dict[int, FittedFold | None] = {}
    for number in range(last + 1):
        folder = run.folder if number == last else _folder_of_fold(run, number)
        kept = number in units and run.has((folder / SCALER).relative_to(run.folder).as_posix())
        folds[number] = FittedFold(*load_bundle(folder, config, run.folder), units[number]) if kept else None
    return folds


def _folder_of_fold(run: Run, number: int) -> Path:
    return run.folder / f"fold-{number}"


def require_trained(run: Run) -> None:
    """Refuse a run that new rows cannot be scored with, without opening its model.

    Raises
    ------
    RunError
        If it is not finished, an older version trained it, or what it says of its training data is damaged.
    """
    status = run.status()
    if status.state != "done":
        raise RunError(f"Run {run.id} is not finished ({status.state}). Choose a finished run.")
    if not run.has(FACTS.file):
        raise RunError(
            f"Run {run.id} was trained by an older version, so it cannot score new rows. Train the run again."
        )
    FACTS.read(run)


def open_trained(run: Run) -> Trained:
    """Read the model of a finished run, with all that new rows are scored with.

    Raises
    ------
    RunError
        If the run is not finished, a file is missing or damaged, or an older version trained it.
    """
    require_trained(run)
    config, facts, committed, dataset = run.config(), FACTS.read(run), run.committed(), run.dataset()
    past, counted, promise = _past(run, committed)
    return Trained(
        run.about().name or name_of(config.name),
        run.id,
        config,
        dataset.recipe,
        facts,
        _part(run, run.folder, config, facts.units, _references(run)),
        committed.last,
        committed.rule,
        committed.policy,
        committed.in_words(facts.time_unit),
        past,
        counted,
        promise,
        committed.watch,
    )


def _past(run: Run, committed: Committed) -> tuple[Past, Counted | None, Promise | None]:
    if run.has(PAST):
        with explain("past scores", run.named), np.load(run.intact(PAST), allow_pickle=False) as stored:
            past = Past(stored["clock"], stored["machine"], stored["y_score"], whole=False)
        return past, COUNTED.read_or(run, None), committed.promise
    validation, test = run.scores("validation"), run.scores("test")
    last = max(committed.thresholds)
    past = past_of([validation.of_fold(last), test.of_fold(last)])
    at = committed.thresholds, committed.rule, committed.policy
    return past, counted_on(validation, *at), committed.promise or promised_by(validation, *at)


def _references(run: Run) -> dict[str, np.ndarray]:
    if not run.has(REFERENCES):
        return {}
    with explain("references", run.named), np.load(run.intact(REFERENCES), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _part(
    run: Run,
    folder: Path,
    config: ExperimentConfig,
    units: Mapping[str, float],
    known: Mapping[str, np.ndarray],
    path: str = "",
) -> Part:
    """Read a fitted model; those of a blend are in folders of their own."""
    if isinstance(config.model, BlendModel):
        members = {
            name: _part(
                run, folder / name, member_config(config, name), units, known, f"{path}/{name}".lstrip("/")
            )
            for name in config.model.members
        }
        return Part(config, reference=known.get(path, np.empty(0)), members=members)
    representation, detector = load_bundle(folder, config, run.folder)
    with explain("description of the training data", run.named):
        unit = units[path]
    return Part(config, representation, detector, unit, known.get(path, np.empty(0)))


def _names_of_forecast(config: Representation) -> list[str]:
    return [field.name for field in fields(Forecast) if config.per_asset or field.name != "own"]


def load_bundle(
    folder: Path, config: ExperimentConfig, run: Path | None = None
) -> tuple[FittedRepresentation, Detector]:
    """Read what `save_bundle` wrote; nothing in the files is executed.

    Parameters
    ----------
    folder
        Where it was written.
    config
        The settings.
    run
        The folder of the run, if `folder` lies in it.

    Raises
    ------
    RunError
        If a file is missing or damaged.
    """
    root = run or folder
    with explain("saved model", f"run {root.name}"):
        require_intact(root, folder)
        with np.load(folder / SCALER, allow_pickle=False) as stored:
            categories = json.loads(str(stored["categories"]))
            forecast = None
            if config.representation.kind == "forecast":
                names = _names_of_forecast(config.representation)
                forecast = Forecast(**{name: stored[PREFIX + name] for name in names})
            representation = FittedRepresentation(
                config.representation,
                tuple(stored["sensors"].tolist()),
                stored["center"],
                stored["scale"],
                {column: tuple(values) for column, values in categories.items()},
                forecast,
            )
            if config.representation.per_asset:
                assets = tuple(stored["assets"].tolist())
                representation = replace(representation, assets=assets, own=stored["own"])
        return representation, load_detector(config.model, folder)
