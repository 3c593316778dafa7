"""Why alarms rang: corrections of windows, said in sensors and their units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from rare_event.config import AlarmPolicy, BlendModel, ExperimentConfig, Rule
from rare_event.detect.corrections import Correction, correct, score_windows
from rare_event.detect.detector import Detector
from rare_event.detect.interface import Reconstructor
from rare_event.detect.scoring import TOP, contributions
from rare_event.experiment.result import Result
from rare_event.judge.ledger import ledger
from rare_event.judge.scores import Scores
from rare_event.judge.trailing import follow
from rare_event.prepare.features import FittedRepresentation, reading_in_words
from rare_event.prepare.prepared import Prepared
from rare_event.text import plural

# More are looked at by nobody one at a time, and take long with models that are asked sensor by sensor.
MOST_EXPLAINED = 1000
# A saved model gives the scores of its run again; networks on another processor almost so.
SAME_SCORE = 1e-3
OF_BLEND = (
    "This model is a blend of models that read the sensors differently, so it cannot say which sensors "
    "moved. Train one of them alone to see which."
)
NOT_KEPT = (
    "The model that scored this alarm was not kept: the version that trained this run kept that of the last "
    "period only. Train the run again to see which sensors moved."
)
OTHER_SCORE = (
    "The saved model does not reproduce the score of this alarm, so it cannot show which sensors moved. "
    "Train the run again."
)
NOT_BELOW = "No correction of {n} brings the score below the threshold: the window is unusual as a whole."
NOTHING_HELPS = "No correction of a single sensor lowers the score."


@dataclass(frozen=True)
class Moved:
    """A sensor that a correction changes.

    Parameters
    ----------
    sensor
        Its name.
    share
        Its share of the correction, each sensor in units of its normal spread; all add up to 1.
    reading
        What the model reads of it, such as its change since the row before.
    observed, corrected
        That reading in the last row of the window, as it was and as the model expects it from the other
        sensors, in the unit of the sensor.
    """

    sensor: str
    share: float
    reading: str
    observed: float
    corrected: float


@dataclass(frozen=True)
class Explanation:
    """The few sensors whose correction brings a window back below the threshold.

    Parameters
    ----------
    row, fold
        Of the window.
    moved
        The sensors, the largest share first; none where nothing is to be corrected.
    before, after
        The score as it was and corrected, in multiples of the threshold.
    errors
        The sensors with the largest shares of the squared error, with their shares; none where the model
        has no error of a sensor.
    why_not
        Why there is no correction, or why it does not suffice; else empty.
    """

    row: int
    fold: int
    moved: tuple[Moved, ...]
    before: float
    after: float
    errors: tuple[tuple[str, float], ...] = ()
    why_not: str = ""

    @property
    def below(self) -> bool:
        """Whether the corrected score is below the threshold."""
        return self.after < 1


@dataclass(frozen=True)
class FittedFold:
    """The fitted model of a fold, and what its scores are divided by."""

    representation: FittedRepresentation
    detector: Detector
    unit: float


@dataclass(frozen=True)
class Asked:
    """A window to explain.

    Parameters
    ----------
    row, fold
        The row of the table it ends in, and the fold it was scored in.
    score
        Its score, as the run keeps it.
    level
        Its score in multiples of the threshold, which may follow the scores.
    """

    row: int
    fold: int
    score: float
    level: float


def asked_of(
    lines: pd.DataFrame, scores: Scores, followed: Scores, thresholds: Mapping[int, float]
) -> list[Asked]:
    """Return the windows to explain: those with the highest scores of the lines of a ledger.

    Parameters
    ----------
    lines
        As `judge.ledger` writes them.
    scores, followed
        The scores of the part, and as they are compared with the threshold.
    thresholds
        One for each fold.
    """
    known = lines.dropna(subset=["row"]).drop_duplicates(["row", "fold"]).head(MOST_EXPLAINED)
    wanted = pd.MultiIndex.from_arrays([known["fold"].astype(int), known["row"].astype(int)])
    found = []
    values = [
        pd.Series(part.y_score, pd.MultiIndex.from_arrays([part.fold, part.row]))
        for part in (scores, followed)
    ]
    of_run, compared = (series[~series.index.duplicated()].reindex(wanted) for series in values)
    for (fold, row), score, level in zip(wanted, of_run, compared, strict=True):
        found.append(Asked(int(row), int(fold), float(score), float(level / thresholds[fold])))
    return found


def explain_alarms(
    result: Result,
    part: Literal["validation", "test"] = "test",
    thresholds: Mapping[int, float] | None = None,
    policy: AlarmPolicy | None = None,
    rule: Rule | None = None,
) -> list[Explanation]:
    """Name the few sensors behind each event and each false alarm of a part.

    Parameters
    ----------
    result
        A finished experiment.
    part
        Whose alarms.
    thresholds, policy, rule
        Threshold of each fold, alarm policy, and the rule if it follows the scores; None takes those of the
        experiment.

    Returns
    -------
    list
        In the order of the ledger. What cannot be explained says why.

    Examples
    --------
    >>> from rare_event import ExperimentConfig, PCAModel, read_table, run_experiment, sample_mill
    >>> table = read_table(sample_mill(3000).to_csv(index=False).encode())
    >>> result = run_experiment(table, ExperimentConfig(model=PCAModel(components=2)))
    >>> first, second, *_ = [each for each in explain_alarms(result) if each.below and each.before > 1.5]
    >>> [moved.sensor for moved in second.moved]
    ['draw_press_dryer']
    """
    scores = getattr(result, part)
    thresholds = result.thresholds if thresholds is None else thresholds
    history = result.validation if part == "test" else None
    followed = follow(scores, result.config.rule if rule is None else rule, history)
    lines = ledger(followed.once(), thresholds, result.policy if policy is None else policy)
    models = {
        number: None if fold.detector is None else FittedFold(fold.representation, fold.detector, fold.unit)
        for number, fold in enumerate(result.folds)
    }
    asked = asked_of(lines, scores, followed, thresholds)
    return explain(result.prepared, result.config, models, asked)


def explain(
    prepared: Prepared,
    config: ExperimentConfig,
    models: Mapping[int, FittedFold | None],
    asked: Sequence[Asked],
) -> list[Explanation]:
    """Explain windows.

    Parameters
    ----------
    prepared
        The table of the run.
    config
        Its settings.
    models
        The fitted model of each fold; None where it was not kept.
    asked
        The windows.

    Returns
    -------
    list
        One for each window, in their order. What cannot be explained says why.
    """
    answers: dict[Asked, Explanation] = {}
    for number in sorted({each.fold for each in asked}):
        mine = [each for each in asked if each.fold == number]
        fitted = models.get(number)
        if isinstance(config.model, BlendModel) or fitted is None:
            why = OF_BLEND if isinstance(config.model, BlendModel) else NOT_KEPT
            answers |= {each: _without(each, why) for each in mine}
        else:
            answers |= zip(mine, _explain_fold(prepared, config, number, fitted, mine), strict=True)
    return [answers[each] for each in asked]


def _without(asked: Asked, why_not: str) -> Explanation:
    return Explanation(asked.row, asked.fold, (), asked.level, asked.level, (), why_not)


def _explain_fold(
    prepared: Prepared, config: ExperimentConfig, number: int, fitted: FittedFold, asked: list[Asked]
) -> list[Explanation]:
    representation, detector = fitted.representation, fitted.detector
    X = representation.transform(prepared.derived)
    ends = np.searchsorted(prepared.row, [each.row for each in asked])
    windows = X[ends[:, None] + np.arange(1 - config.lookback, 1)]
    again = score_windows(detector, windows, config.score)
    levels = np.array([each.level for each in asked])
    targets = np.where(levels > 0, again / np.maximum(levels, np.finfo(float).tiny), np.inf)
    groups = np.full(X.shape[1], -1)
    # Grades are what they are: only sensors are corrected.
    groups[: len(representation.center)] = np.arange(len(representation.center)) % len(representation.sensors)
    train = prepared.folds[number].train
    usual = np.median(X[train[prepared.y[train] == 0]], axis=0)
    found = correct(detector, X, ends, targets, groups, config.score, config.lookback, usual)
    errors = _error_shares(detector, X, ends, config, groups, representation.sensors)
    same = np.isclose(again, [each.score * fitted.unit for each in asked], rtol=SAME_SCORE, atol=1e-9)
    explained = []
    for place, one in enumerate(asked):
        if not same[place]:
            explained.append(_without(one, OTHER_SCORE))
            continue
        moved = _moved(found[place], windows[place], groups, representation, prepared, int(ends[place]))
        after = one.level
        if found[place].before > 0:
            after *= float(found[place].after / found[place].before)
        why_not = "" if found[place].below else _why_not(len(moved))
        explained.append(Explanation(one.row, one.fold, moved, one.level, after, errors[place], why_not))
    return explained


def _why_not(n_moved: int) -> str:
    return NOT_BELOW.format(n=plural(n_moved, "sensor")) if n_moved else NOTHING_HELPS


def _moved(
    correction: Correction,
    window: np.ndarray,
    groups: np.ndarray,
    representation: FittedRepresentation,
    prepared: Prepared,
    end: int,
) -> tuple[Moved, ...]:
    """Say a correction in sensors: how far each moved, and what the last row was and should be."""
    if not correction.groups:
        return ()
    changed = correction.window.astype(float) - window
    far = {group: float(np.linalg.norm(changed[:, groups == group])) for group in correction.groups}
    total = sum(far.values()) or 1.0
    # A forecast depends on the rows before, so its residual is told as the model reads it, clipped.
    unclipped = window[-1]
    if representation.forecast is None:
        unclipped = representation.without_clip().transform(prepared.derived.take(slice(end, end + 1)))[0]
    asset = None if prepared.asset is None else prepared.assets[prepared.asset[end]]
    observed = representation.in_units(unclipped, asset)
    corrected = representation.in_units(correction.window[-1], asset)
    moved = []
    for group in sorted(correction.groups, key=lambda group: -far[group]):
        inputs = np.flatnonzero(groups == group)
        # Of several readings of a sensor, the one that is corrected most.
        shown = int(inputs[np.abs(changed[-1, inputs]).argmax()])
        moved.append(
            Moved(
                representation.sensors[group],
                far[group] / total,
                reading_in_words(representation.config, shown // len(representation.sensors)),
                float(observed[shown]),
                float(corrected[shown]),
            )
        )
    return tuple(moved)


def _error_shares(
    detector: Detector,
    X: np.ndarray,
    ends: np.ndarray,
    config: ExperimentConfig,
    groups: np.ndarray,
    sensors: tuple[str, ...],
) -> list[tuple[tuple[str, float], ...]]:
    """Return the sensors with the largest shares of the squared error of each window."""
    if not isinstance(detector, Reconstructor):
        return [()] * len(ends)
    shares = contributions(detector, X, ends, config.score)
    of_sensor = np.stack([shares[:, groups == group].sum(axis=1) for group in range(len(sensors))], axis=1)
    order = np.argsort(-of_sensor, axis=1, kind="stable")[:, :TOP]
    return [
        tuple((sensors[one], float(share[one])) for one in top)
        for top, share in zip(order.tolist(), of_sensor, strict=True)
    ]
