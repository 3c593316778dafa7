"""What comes of an experiment: each fold trained and scored, and the figures of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from rare_event.clock import TimeUnit
from rare_event.config import AlarmPolicy, ExperimentConfig, Rule, SplitKind
from rare_event.detect.detector import Detector
from rare_event.detect.training import Epoch
from rare_event.errors import DataError
from rare_event.judge.evaluation import Evaluation, evaluate, ranking
from rare_event.judge.judgement import Judgement, judge
from rare_event.judge.kept import Answer, Check, check_promise
from rare_event.judge.ledger import ledger
from rare_event.judge.load import Load, load_at
from rare_event.judge.promise import Promise, promised_by
from rare_event.judge.resampling import auc_interval
from rare_event.judge.scores import Scores, join
from rare_event.judge.suppression import suppressed_in_words
from rare_event.judge.trailing import follow
from rare_event.judge.watch import Watch, WatchFigures, choose_watch, watch_figures, watch_in_words
from rare_event.prepare.features import FittedRepresentation
from rare_event.prepare.prepared import Prepared


@dataclass(frozen=True)
class FoldResult:
    """A fold, trained and scored.

    Parameters
    ----------
    representation, detector
        Fitted on the normal windows of the training part.
    history
        Epochs of the training, one network after the other.
    validation, test
        Scores of either part.
    validation_contributions, test_contributions
        The sensors' shares in each score, as returned by `score_and_contributions`, with `fold` and `row`.
    threshold
        Chosen on the validation part, in the unit of the scores.
    members
        Of a blend: the same fold of each model that was joined, by name. Its representation and
        contributions are those of the first, and it has no detector of its own.
    unit
        What the detector's scores are divided by: with several folds, their median in normal validation
        windows.
    """

    representation: FittedRepresentation
    detector: Detector | None
    history: list[Epoch]
    validation: Scores
    test: Scores
    validation_contributions: pd.DataFrame
    test_contributions: pd.DataFrame
    threshold: float
    members: Mapping[str, FoldResult] = field(default_factory=dict)
    unit: float = 1.0

    @property
    def epochs(self) -> int:
        """Epochs of its training; of an average, those of the network that took most."""
        return max((epoch.number for epoch in self.history), default=0)


@dataclass(frozen=True)
class Result:
    """A finished experiment.

    Examples
    --------
    >>> from rare_event import PCAModel, read_table, run_experiment, sample_mill
    >>> table = read_table(sample_mill(1000).to_csv(index=False).encode())
    >>> result = run_experiment(table, ExperimentConfig(model=PCAModel(components=2)))
    >>> result.evaluation().n_events, len(result.folds)
    (3, 1)
    """

    config: ExperimentConfig
    prepared: Prepared
    folds: list[FoldResult]
    seconds: Mapping[str, float]

    @property
    def thresholds(self) -> dict[int, float]:
        """Threshold of each fold."""
        return {number: fold.threshold for number, fold in enumerate(self.folds)}

    @property
    def validation(self) -> Scores:
        """Scores of all validation parts."""
        return join([fold.validation for fold in self.folds])

    @property
    def test(self) -> Scores:
        """Scores of all test parts."""
        return join([fold.test for fold in self.folds])

    @property
    def policy(self) -> AlarmPolicy:
        """The alarm policy, its lead window in minutes."""
        return self.config.policy.with_lead(self.test.lead_of(self.config.policy))

    def ledger(self) -> pd.DataFrame:
        """Write the ledger of the test parts at the thresholds."""
        test = follow(self.test, self.config.rule, self.validation)
        contributions = pd.concat([fold.test_contributions for fold in self.folds])
        names = self.folds[-1].representation.names
        of_event = self.prepared.asset_of_event
        return ledger(test, self.thresholds, self.policy, contributions, names, of_event)

    def evaluation(self) -> Evaluation:
        """Evaluate the test parts at the thresholds."""
        test = follow(self.test, self.config.rule, self.validation)
        return evaluate(test, self.thresholds, self.policy)

    def promise(self) -> Promise | None:
        """Promise what the validation parts allow at the thresholds; None without windows."""
        return promised_by(self.validation, self.thresholds, self.config.rule, self.policy)

    @cached_property
    def watched(self) -> tuple[Watch | None, str]:
        """The watch level that the settings ask for, and why there is none where it cannot be chosen."""
        rule = self.config.watch
        if rule is None:
            return None, ""
        validation = follow(self.validation, self.config.rule)
        try:
            return choose_watch(validation, self.thresholds, rule, self.config.policy), ""
        except DataError as error:
            return None, str(error)

    def watch_figures(self) -> WatchFigures | None:
        """Count what the watch level does on the test parts; None without one."""
        watch = self.watched[0]
        if watch is None:
            return None
        test = follow(self.test, self.config.rule, self.validation)
        return watch_figures(test, self.thresholds, watch.thresholds, self.policy)

    def load(self) -> Load:
        """Measure what the alarms on the test parts at the thresholds ask of an operator."""
        test = follow(self.test, self.config.rule, self.validation)
        return load_at(test, self.thresholds, self.policy)

    def judgement(self) -> Judgement:
        """Judge the model over all folds."""
        return judge(self.validation, self.test, self.policy, self.config.name)


OnProgress = Callable[[int, int, Epoch], None]


def ignore_progress(fold: int, folds: int, epoch: Epoch) -> None:
    """Report to nobody."""


# Entries of JSON that are there only without a clock.
OF_ROWS = ("clock", "false_alarms_per_1000_rows", "median_lead_rows", "median_delay_rows", "running_rows")
# Those that are there only where events are detected while they last.
OF_DURING = ("median_delay_minutes", "median_delay_rows", "during")


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """How well scores rank: ROC AUC with its 95% interval, and average precision; None where not defined."""

    auc: float | None
    interval: tuple[float, float] | None = None
    average_precision: float | None = None
    n: int
    n_positive: int


@dataclass(frozen=True, kw_only=True)
class FoldRanking(Ranking):
    """That of one fold, with its threshold and the epochs of its training."""

    threshold: float
    epochs: int


@dataclass(frozen=True, kw_only=True)
class WatchSummary:
    """The watch level of a finished experiment: its rule, threshold and figures of the test data.

    `threshold` is null where the folds have different ones, `figures` where there is no watch level;
    `what` says the same in words, or why there is none.
    """

    rule: Rule
    threshold: float | None
    figures: WatchFigures | None
    what: str


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Figures of a finished experiment: the command line's JSON, and what a run keeps.

    `suppressed` says what the alarm policy suppresses in the test data.
    `promise` is what validation promises at the thresholds, `promise_answer` and `promise_check` whether the
    test data keep it; runs of older versions have none. Where rows stand for time, `clock` says why; JSON
    holds the figures of rows only there, `assets` only where there are several, and `watch` only where the
    settings ask for a watch level.
    """

    preset: str
    split: SplitKind
    folds: tuple[FoldRanking, ...]
    n_rows: int
    n_sensors: int
    n_windows: int
    n_positive: int
    epochs: int
    validation: Ranking
    test: Ranking
    threshold: float | None
    rule: Rule | None = None
    policy: AlarmPolicy | None = None
    watch: WatchSummary | None = None
    ledger_rows: int | None = None
    false_alarms: int | None = None
    running_minutes: float | None = None
    running_rows: float | None = None
    always_on: str = ""
    suppressed: str = ""
    promise: Promise | None = None
    promise_answer: Answer | None = None
    promise_check: Check | None = None
    load: Mapping[str, int | float | str | None] | None = None
    confusion: Mapping[str, int]
    events: Mapping[str, int]
    false_alarms_per_day: float | None
    false_alarms_per_1000_rows: float | None = None
    median_lead_minutes: float | None
    median_lead_rows: float | None = None
    median_delay_minutes: float | None = None
    median_delay_rows: float | None = None
    during: bool = False
    clock: str = ""
    assets: tuple[str, ...] = ()
    seconds: Mapping[str, float]
    run: str = ""

    @property
    def time_unit(self) -> TimeUnit:
        """Unit of the figures."""
        return TimeUnit(self.clock, machines=bool(self.assets))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Tell pydantic what JSON leaves out."""
        from pydantic_core import core_schema

        def write(summary: Summary, fields: Callable[[Summary], dict[str, object]]) -> dict[str, object]:
            left_out = (() if summary.clock else OF_ROWS) + (() if summary.assets else ("assets",))
            left_out += () if summary.during else OF_DURING
            left_out += () if summary.watch else ("watch",)
            return {name: value for name, value in fields(summary).items() if name not in left_out}

        wrap = core_schema.wrap_serializer_function_ser_schema(write)
        return {**handler(source), "serialization": wrap}


def summarise(result: Result, run: str = "") -> Summary:
    """Summarise a finished experiment; `run` is the id of its run, if it has one."""
    evaluation, unit = result.evaluation(), result.prepared.time_unit
    thresholds = list(result.thresholds.values())
    promise = result.promise()
    check = None if promise is None else check_promise(promise, evaluation, unit)
    return Summary(
        preset=result.config.name,
        split=result.config.split.kind,
        folds=tuple(
            FoldRanking(**vars(_ranking(fold.test)), threshold=fold.threshold, epochs=fold.epochs)
            for fold in result.folds
        ),
        n_rows=len(result.prepared.row),
        n_sensors=len(result.prepared.derived.sensors),
        n_windows=len(result.prepared.ends),
        n_positive=result.prepared.n_positive,
        epochs=max(fold.epochs for fold in result.folds),
        validation=_ranking(result.validation),
        test=_ranking(result.test),
        threshold=thresholds[0] if len(set(thresholds)) == 1 else None,
        rule=result.config.rule,
        policy=result.policy,
        watch=_watch(result),
        ledger_rows=evaluation.n_events + evaluation.false_alarms,
        confusion={name: getattr(evaluation, name) for name in ("tn", "fp", "fn", "tp")},
        events={"caught": evaluation.caught, "total": evaluation.n_events},
        **unit.entry("false_alarms_per_day", evaluation.rate),
        **unit.entry("median_lead_minutes", None if evaluation.during else evaluation.median_lead),
        **unit.entry("median_delay_minutes", evaluation.median_lead if evaluation.during else None),
        during=evaluation.during,
        false_alarms=evaluation.false_alarms,
        **unit.entry("running_minutes", round(evaluation.days * unit.period, 6)),
        always_on=evaluation.always_on,
        suppressed=suppressed_in_words(result.test.once(), result.policy),
        promise=promise,
        promise_answer=None if check is None else check.answer,
        promise_check=check,
        load=result.load().plain(),
        clock=unit.reason,
        assets=result.prepared.assets,
        seconds=dict(result.seconds),
        run=run,
    )


def _watch(result: Result) -> WatchSummary | None:
    if result.config.watch is None:
        return None
    watch, why = result.watched
    figures, unit = result.watch_figures(), result.prepared.time_unit
    if watch is not None and figures is not None:
        why = watch_in_words(watch, figures, unit)
    threshold = None if watch is None else watch.common
    return WatchSummary(rule=result.config.watch, threshold=threshold, figures=figures, what=why)


def _ranking(scores: Scores) -> Ranking:
    auc, average_precision = ranking(scores)
    return Ranking(
        auc=auc,
        interval=auc_interval(scores),
        average_precision=average_precision,
        n=len(scores),
        n_positive=scores.n_positive,
    )
