"""Blends: join the scores of several models into one, fold by fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from rare_event.config import ExperimentConfig
from rare_event.experiment.result import FoldResult, Result
from rare_event.judge.blend import either, mean_log
from rare_event.judge.rules import choose_on
from rare_event.judge.trailing import follow


def blend(config: ExperimentConfig, join: Literal["mean-log", "either"], members: Sequence[Result]) -> Result:
    """Join finished experiments on the same data and split into one.

    Raises
    ------
    DataError
        If no window was scored by all members.
    """
    folds = [
        _blend_fold(config, join, {result.config.name: result.folds[number] for result in members})
        for number in range(len(members[0].folds))
    ]
    stages = members[0].seconds
    seconds = {stage: sum(result.seconds[stage] for result in members) for stage in stages}
    return Result(config, members[0].prepared, folds, seconds)


def _blend_fold(
    config: ExperimentConfig, join: Literal["mean-log", "either"], members: dict[str, FoldResult]
) -> FoldResult:
    pasts = [fold.validation for fold in members.values()]
    tests = [fold.test for fold in members.values()]
    if join == "mean-log":
        validation, test = mean_log(pasts), mean_log(tests)
    else:
        validation, test = either(pasts, pasts), either(tests, pasts)
    threshold = choose_on(follow(validation, config.rule), config.policy, config.rule)
    first = next(iter(members.values()))
    return replace(
        first,
        detector=None,
        validation=validation,
        test=test,
        threshold=threshold,
        members=members,
    )
