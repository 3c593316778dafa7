"""What comes of an experiment: each fold trained and scored, and the figures of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from rare_event.config import AlarmPolicy, ExperimentConfig
from rare_event.detect.detector import Detector
from rare_event.detect.training import Epoch
from rare_event.judge.evaluation import Evaluation, evaluate, ranking
from rare_event.judge.judgement import Judgement, judge
from rare_event.judge.ledger import called_ledger
from rare_event.judge.resampling import auc_interval
from rare_event.judge.scores import Scores, join
from rare_event.judge.trailing import follow
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
        Epochs of the training.
    validation, test
        Scores of either part.
    validation_contributions, test_contributions
        The sensors that carry each score, as of `score_and_contributions`, with `fold` and `row`.
    threshold
        Chosen on the validation part, in the unit of the scores.
    members
        Of a blend: the same fold of each model that was joined, by name. Its representation and
        contributions are those of the first, and it has no detector of its own.
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


@dataclass(frozen=True)
class Result:
    """A finished experiment.

    Parameters
    ----------
    config
        Its recipe.
    prepared
        The data it saw.
    folds
        One for each fold of the plan.
    seconds
        Wall time of the stages ``prepare``, ``train`` and ``score``.
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
        return called_ledger(test, self.thresholds, self.policy, contributions, names)

    def evaluation(self) -> Evaluation:
        """Evaluate the test parts at the thresholds."""
        test = follow(self.test, self.config.rule, self.validation)
        return evaluate(test, self.thresholds, self.policy)

    def judgement(self) -> Judgement:
        """Judge the model over all folds."""
        return judge(self.validation, self.test, self.policy, self.config.name)


OnProgress = Callable[[int, int, Epoch], None]


def ignore_progress(fold: int, folds: int, epoch: Epoch) -> None:
    """Report to nobody."""


def summarise(result: Result) -> dict[str, Any]:
    """Figures of a finished experiment as plain data: the command line's JSON."""
    evaluation, unit = result.evaluation(), result.prepared.time_unit
    thresholds = list(result.thresholds.values())
    return {
        "preset": result.config.name,
        "split": result.config.split.kind,
        "folds": [
            {**_ranking(fold.test), "threshold": fold.threshold, "epochs": len(fold.history)}
            for fold in result.folds
        ],
        "n_rows": len(result.prepared.row),
        "n_sensors": len(result.prepared.derived.sensors),
        "n_windows": len(result.prepared.ends),
        "n_positive": result.prepared.n_positive,
        "epochs": max(len(fold.history) for fold in result.folds),
        "validation": _ranking(result.validation),
        "test": _ranking(result.test),
        "threshold": thresholds[0] if len(set(thresholds)) == 1 else None,
        "rule": asdict(result.config.rule),
        "policy": asdict(result.policy),
        "ledger_rows": evaluation.n_events + evaluation.false_alarms,
        "confusion": {name: getattr(evaluation, name) for name in ("tn", "fp", "fn", "tp")},
        "events": {"caught": evaluation.caught, "total": evaluation.n_events},
        **unit.entry("false_alarms_per_day", evaluation.false_alarms_per_day),
        **unit.entry("median_lead_minutes", evaluation.median_lead),
        **unit.about(),
        "seconds": dict(result.seconds),
    }


def _ranking(scores: Scores) -> dict[str, Any]:
    auc, average_precision = ranking(scores)
    return {
        "auc": auc,
        "interval": auc_interval(scores),
        "average_precision": average_precision,
        "n": len(scores),
        "n_positive": scores.n_positive,
    }
