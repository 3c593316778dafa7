"""What the regime test finds in a run and in new rows, with the sensor that moved most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from rare_event.clock import MS_PER_MINUTE
from rare_event.config import BlendModel, ExperimentConfig
from rare_event.experiment.machines import clock_of, machines_of, rows_of_machine
from rare_event.experiment.pieces import inputs_of
from rare_event.experiment.stream import BLOCK, Stream, lay_out
from rare_event.experiment.trained import Part, Trained
from rare_event.judge.regime import Regime, RegimeChange, normal_series, regime, regime_after, risen_of
from rare_event.judge.regime_words import change_in_words, moments
from rare_event.judge.scores import Scores
from rare_event.prepare.features import FittedRepresentation, fit_representation
from rare_event.prepare.prepared import Prepared, windows_of
from rare_event.prepare.table import Table

# With fewer normal windows before it, a change may have begun before them: the start of a rise is found to
# some windows only.
LEAST_BEFORE = 60
REMEDY = "Train again on rows since then, or use a trailing threshold."
OLDER = "the model was trained by an older version, which did not mark its validation scores."

BUNDLED = (
    "The scores cannot be tested for a lasting rise: the model comes from a bundle, which has no validation "
    "scores. To run this test, score the rows in the workspace where the model was trained."
)


def regime_of_new(trained: Trained, table: Table, scores: Scores) -> tuple[Regime, str]:
    """Test whether new rows still score as normal validation rows did, and say what was found.

    Parameters
    ----------
    trained
        The model.
    table
        The rows; without a label all are taken for normal.
    scores
        Their scored windows.

    Returns
    -------
    tuple
        What was found; and since when the threshold is not valid, empty if it is, as far as is known.
    """
    if not trained.past.whole:
        return Regime((), 0, (BUNDLED,), None), ""
    references = references_of_past(trained)
    if references is None:
        return Regime((), 0, (OLDER,), None), ""
    found = _with_sensors(trained, table, scores, regime(references, scores))
    return found, _in_words(trained, found, table.schema.label is not None)


def references_of_past(trained: Trained) -> dict[tuple[int, str], np.ndarray] | None:
    """Return the kept scores of validation rows by machine; None where they cannot be told from the others.

    Where validation and test rows alternate in time, both stand for the time of training. The few positive
    rows among them hardly move a median.
    """
    past, config, split = trained.past, trained.config, trained.facts.split
    validation = np.ones(len(past.y_score), bool)
    if config.split.kind in ("chronological", "rolling"):
        if "validation" not in split:
            return None
        if trained.facts.origin is not None:
            last = np.datetime64(split["validation"].last, "ms") - trained.facts.origin.astype(
                "datetime64[ms]"
            )
            # A part of a millisecond is lost above.
            validation = past.clock <= (last.astype(np.int64) + 1) / MS_PER_MINUTE
        elif trained.facts.steps:
            return None
        else:
            validation = np.arange(len(past.y_score)) < split["validation"].rows
    names = np.unique(past.machine[validation]).tolist()
    return {(0, name): past.y_score[validation & (past.machine == name)] for name in names}


def untested_in_words(found: Regime) -> str:
    """Say why nothing was tested, of the first machine; empty where something was."""
    if found.n_tested or not found.untested:
        return ""
    why = found.untested[0]
    return why if why == BUNDLED else f"The scores were not tested for a lasting rise: {why}"


def sensor_that_moved(
    change: RegimeChange, before: np.ndarray, risen: np.ndarray, representation: FittedRepresentation
) -> RegimeChange:
    """Add to a change the sensor that moved most.

    Shares of the reconstruction error would not tell: a network spreads the jump of one input over many
    outputs, otherwise with each seed. So the inputs themselves are compared. How far one moved is the median
    of its squared distance from the normal training rows, less that before the change; a sensor moved as far
    as its inputs together.

    Parameters
    ----------
    change
        What was found.
    before, risen
        Inputs in rows before and since, shape (n, n_features). Too few rows before name no sensor: they may
        have moved already.
    representation
        What gave them: first one reading of all sensors after the other, then grades, which do not move.
    """
    if len(before) < LEAST_BEFORE or not len(risen):
        return change
    sensors, readings = representation.sensors, len(representation.center)
    usual, level = (np.median(X[:, :readings].astype(float) ** 2, axis=0) for X in (before, risen))
    of_sensor = np.maximum(level - usual, 0.0).reshape(-1, len(sensors)).sum(axis=0)
    if not of_sensor.any():
        return change
    most = int(of_sensor.argmax())
    return replace(change, sensor=sensors[most], share=float(of_sensor[most] / of_sensor.sum()))


def unclipped(representation: FittedRepresentation) -> FittedRepresentation:
    """Return what tells how far inputs moved: a clip makes all sensors beyond it alike.

    The terms of a forecast are clipped before it is fitted; without that it would be another forecast.
    """
    return representation if representation.forecast is not None else representation.without_clip()


def regime_of_run(
    validation: Scores, test: Scores, config: ExperimentConfig, prepared: Callable[[], Prepared]
) -> Regime:
    """Test the test data of a run, and name the sensor that moved most in each change.

    Parameters
    ----------
    validation, test
        Scored windows of all folds.
    config
        Settings of the run. The models of a blend read the sensors in different ways: none is named.
    prepared
        Returns its table under its settings; only asked where something was found.
    """
    found = regime_after(validation, test)
    if not found.changes or isinstance(config.model, BlendModel):
        return found
    table, known, later = prepared(), normal_series(validation), normal_series(test)
    named: dict[RegimeChange, RegimeChange] = {}
    for fold in sorted({change.fold for change in found.changes}):
        train = windows_of(table, table.folds[fold].train)
        normal = train[table.y[train] == 0]
        fitted = unclipped(fit_representation(config.representation, table.derived, normal))
        # Of all rows: a forecast needs each stretch from its first row on.
        X = fitted.transform(table.derived)
        for change in (each for each in found.changes if each.fold == fold):
            key = change.fold, change.machine
            before, risen = (
                X[np.searchsorted(table.row, part.row)] for part in (known[key], risen_of(later[key], change))
            )
            named[change] = sensor_that_moved(change, before, risen, fitted)
    return replace(found, changes=tuple(named[change] for change in found.changes))


def _with_sensors(trained: Trained, table: Table, scores: Scores, found: Regime) -> Regime:
    """Name the sensor that moved most in each change of new rows."""
    part, changes = trained.part, []
    if part.representation is None or not found.changes:
        return found
    series, representation = normal_series(scores), unclipped(part.representation)
    part = replace(part, representation=representation)
    for change in found.changes:
        normal = series[change.fold, change.machine]
        row, X = _inputs_around(trained, part, table, change)
        risen = np.isin(row, risen_of(normal, change).row)
        before = np.isin(row, normal.row) & (row < change.row)
        changes.append(sensor_that_moved(change, X[before], X[risen], representation))
    return replace(found, changes=tuple(changes))


def _inputs_around(
    trained: Trained, part: Part, table: Table, change: RegimeChange
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of a machine around a change, and the inputs in them."""
    rows = dict(machines_of(table))[change.machine]
    near = slice(max(rows.start, change.row - BLOCK // 2), min(rows.stop, change.row + BLOCK // 2))
    new = rows_of_machine(trained, table, change.machine, near, clock_of(trained, table, near, Stream()))
    cuts = np.isin(np.arange(near.start, near.stop), table.cuts)
    step = trained.facts.steps.get(change.machine, trained.facts.step)
    _, laid = lay_out(Stream(), trained, new, cuts, step)
    place, X = inputs_of(part, laid.piece)
    return near.start + place, X


def _in_words(trained: Trained, found: Regime, labelled: bool) -> str:
    """Say since when the threshold is not valid, and what to do."""
    if not found.changes:
        return ""
    origin, trailing = trained.facts.origin, trained.rule.trailing
    unit = replace(trained.time_unit, labelled=labelled)
    when = moments(None if origin is None else pd.Timestamp(origin), unit)
    said = [change_in_words(change, when, unit, trailing) for change in found.changes]
    stands = any(change.until is None for change in found.changes)
    return " ".join([*said, *([REMEDY] if stands and not trailing else [])])
