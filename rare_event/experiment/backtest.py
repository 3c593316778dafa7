"""Backtest: train models repeatedly on the past and judge them on what came after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from rare_event.config import AlarmPolicy, ExperimentConfig, name_of
from rare_event.config.labels import TRIVIAL
from rare_event.errors import DataError, NoEventError
from rare_event.experiment.folds import RunFolds
from rare_event.experiment.result import OnProgress, Result, ignore_progress
from rare_event.experiment.run import run_experiment
from rare_event.judge.chance import chance, since_restart
from rare_event.judge.judgement import Judgement, judge
from rare_event.judge.scores import Scores
from rare_event.prepare.prepared import Preparations, Preparing
from rare_event.prepare.table import Table
from rare_event.text import plural

TRAINED_ON = {
    "rolling": "the rows before it",
    "asset": "the data of the other machines, including data from the same hours",
}


def backtest(
    table: Table,
    configs: Sequence[ExperimentConfig],
    folds: int = 6,
    on_progress: OnProgress = ignore_progress,
    kind: Literal["rolling", "asset"] = "rolling",
    on_left_out: Callable[[ExperimentConfig, NoEventError], None] | None = None,
    folds_by: RunFolds | None = None,
    prepared: Preparing | None = None,
) -> list[Judgement]:
    """Train and score models fold by fold on the past, and judge all test parts together.

    Parameters
    ----------
    table
        The table.
    configs
        Their split is replaced by `kind`. A model that a blend needs is
        trained once, whether it is among them or not.
    folds
        Number of folds of a rolling origin.
    on_progress
        See `run_experiment`.
    kind
        ``rolling``: each fold is trained on the rows before it. ``asset``: each tests on one asset and is
        trained on the others.
    on_left_out
        Called for each model that has no past event to learn from; it is then left out. Without it the
        error is raised.
    folds_by, prepared
        See `run_experiment`; None prepares the table once for models that read the same.

    Returns
    -------
    list
        One for each config that is not left out, then the trivial rows: the scores of the first shifted in
        time, and the time since the last restart.

    Raises
    ------
    RareEventError
        If the data do not allow what a config asks for.
    """
    require_label(table)
    known: dict[ExperimentConfig, Result] = {}
    prepared = prepared or Preparations(table)

    def run(config: ExperimentConfig, progress: OnProgress) -> Result:
        if config not in known:
            known[config] = _without_data(
                run_experiment(table, config, progress, run, folds_by=folds_by, prepared=prepared)
            )
        return known[config]

    judged = over_folds(configs, folds, kind)
    results = _results(lambda config: run(config, on_progress), configs, judged, on_left_out)
    return [
        *(result.judgement() for result in results),
        *trivial(results[0].validation, results[0].test, results[0].policy),
    ]


def require_label(table: Table) -> None:
    """Raise a DataError for a table without a label."""
    if table.schema.label is None:
        raise DataError(
            "The file has no label, so no model can be tested on events. Name the column that marks them, or "
            "train a single run, which gives alarms without a label."
        )


def over_folds(
    configs: Sequence[ExperimentConfig], folds: int, kind: Literal["rolling", "asset"] = "rolling"
) -> list[ExperimentConfig]:
    """Return configs with the split of a backtest."""
    return [replace(c, split=replace(c.split, kind=kind, folds=folds)) for c in configs]


def _results(
    run: Callable[[ExperimentConfig], Result],
    configs: Sequence[ExperimentConfig],
    judged: Sequence[ExperimentConfig],
    on_left_out: Callable[[ExperimentConfig, NoEventError], None] | None,
) -> list[Result]:
    """Run each config; one without a past event to learn from is left out where that is wanted."""
    results = []
    for given, config in zip(configs, judged, strict=True):
        try:
            results.append(run(config))
        except NoEventError as error:
            if on_left_out is None:
                raise
            on_left_out(given, error)
    if not results:
        raise NoEventError(
            "No model is left to judge: all of them need past events. Add one that needs none, such as PCA."
        )
    return results


def _without_data(result: Result) -> Result:
    """Drop the data and the models: only the scores are needed later."""
    nothing = result.prepared.derived.take(slice(0))
    folds = [replace(fold, detector=None) for fold in result.folds]
    return replace(result, prepared=replace(result.prepared, derived=nothing), folds=folds)


def trivial(validation: Scores, test: Scores, policy: AlarmPolicy) -> list[Judgement]:
    """Judge two scores that need no model: chance, and the time since the last restart."""
    return [
        judge(chance(validation), chance(test), policy, "chance"),
        judge(since_restart(validation), since_restart(test), policy, "since-restart"),
    ]


def describe(
    rows: Sequence[Judgement],
    kind: Literal["rolling", "asset"] = "rolling",
    left_out: Mapping[str, str] | None = None,
) -> str:
    """Write judgements as a text table, the best mean fold AUC first.

    Parameters
    ----------
    rows
        The judgements.
    kind
        As in `backtest`.
    left_out
        Names of models that were left out, each with the reason.
    """
    first = rows[0]
    names, unit = {row.name: name_of(row.name) for row in rows}, first.time_unit
    column = 2 + max(map(len, names.values()))
    trained_on = unit.reword(TRAINED_ON[kind])
    models = [row for row in rows if row.name not in TRIVIAL]
    about = (
        f"{len(first.fold_auc)} folds, each trained on {trained_on}; {plural(first.n_events, 'event')}, "
        f"{first.base_rate:.2%} of the windows positive; {plural(len(models), 'model')} compared"
    )
    caught = f"caught, 2 {unit.a_day}"
    wide = max(18, len(caught) + 2)
    lines = [
        about,
        *filter(None, [unit.why]),
        f"{'model':{column}}{'mean fold AUC':>24}{caught:>{wide}}{'achieved':>11}",
    ]
    for row in sorted(rows, key=lambda row: row.mean_fold_auc or 0.0, reverse=True):
        auc = "–" if row.mean_fold_auc is None else f"{row.mean_fold_auc:.3f}"
        between = "" if row.interval is None else f" ({row.interval[0]:.2f} to {row.interval[1]:.2f})"
        count = row.count("past", 2.0)
        caught = f"{count.caught} of {row.n_events}"
        name = f"{names[row.name]:{column}}"
        rate = "–" if count.false_alarms_per_day is None else f"{count.false_alarms_per_day:.1f}"
        lines.append(f"{name}{auc + between:>24}{caught:>{wide}}{rate:>11}")
    lines += [f"Left out: {name_of(name)}. {why}" for name, why in (left_out or {}).items()]
    return "\n".join(lines) + "\n"
