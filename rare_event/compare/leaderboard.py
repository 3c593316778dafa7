"""Leaderboard: runs and baselines that were judged on the same windows, best first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import reduce

import numpy as np

from rare_event.compare.titles import names_of
from rare_event.config import RECIPES, BlendModel, ExperimentConfig, ModelConfig, Rule, SupervisedConfig
from rare_event.config.labels import TRIVIAL
from rare_event.errors import RareEventError
from rare_event.experiment.backtest import trivial
from rare_event.judge.align import common_windows, on_common
from rare_event.judge.judgement import BUDGETS, Judgement, judge
from rare_event.judge.scores import Scores
from rare_event.judge.standing import Kind, Row, rank
from rare_event.store.judged import Judged
from rare_event.store.runs import Run
from rare_event.text import plain, plural

CHANCE = TRIVIAL["chance"]


def leaderboard(runs: Sequence[Run], windows: str) -> tuple[Row, ...]:
    """Rank runs by their judgements, the best mean fold AUC first."""
    rows: list[Row] = []
    configs: list[tuple[Run, ExperimentConfig]] = []
    trivials: dict[str, Judgement] = {}
    for run in runs:
        with suppress(RareEventError):
            judged, config = judged_of(run), run.config()
            if judged is None or judged.model.windows != windows:
                continue
            rows.append(_row(run, config, judged.model))
            configs.append((run, config))
            # The trivial rows of all runs are nearly the same: the first run's are shown.
            for judgement in judged.trivial:
                trivials.setdefault(judgement.name, judgement)
    return _ranked(rows, configs, trivials.values())


def shared_leaderboard(runs: Sequence[Run]) -> tuple[Row, ...]:
    """Rank runs of different lookbacks on the test windows that all of them score.

    Raises
    ------
    DataError
        If they share none.
    """
    scored: list[tuple[Run, ExperimentConfig, Scores]] = []
    rows: list[Row] = []
    trivials: list[Judgement] = []
    shared = shared_scores(runs)
    for run in (run for run in runs if run.id in shared):
        with suppress(RareEventError):
            config, validation, test = run.config(), run.scores("validation"), shared[run.id]
            rows.append(_row(run, config, judge(validation, test, config.policy, config.name)))
            scored.append((run, config, validation))
    if scored:
        run, config, validation = scored[0]
        trivials = trivial(validation, shared[run.id], config.policy)
    return _ranked(rows, [(run, config) for run, config, _ in scored], trivials)


def shared_scores(runs: Sequence[Run]) -> dict[str, Scores]:
    """Return the test scores of runs by id, on the windows that all of them score; damaged ones are left out.

    An event counts if it belongs to the test part of each run: parts of random rows hold different ones.

    Raises
    ------
    DataError
        If they share none.
    """
    scores: dict[str, Scores] = {}
    for run in runs:
        with suppress(RareEventError):
            scores[run.id] = run.scores("test")
    if not scores:
        return {}
    windows = common_windows(list(scores.values()))
    events = reduce(np.intersect1d, (each.total_events for each in scores.values()))
    seen = np.isin(windows.event, events)
    windows = replace(
        windows,
        event=np.where(seen, windows.event, -1),
        to_event=np.where(seen, windows.to_event, np.inf),
        total_events=events,
    )
    return {run_id: on_common(windows, each) for run_id, each in scores.items()}


def _row(run: Run, config: ExperimentConfig, judgement: Judgement) -> Row:
    return Row(
        judgement,
        name="",
        kind=kind_of(run, config),
        run=run.id,
        split=config.split.kind,
        train_seconds=run.evaluation().seconds.get("train"),
        looks=len(run.looks()),
    )


def _ranked(
    rows: Sequence[Row], configs: Sequence[tuple[Run, ExperimentConfig]], trivials: Iterable[Judgement]
) -> tuple[Row, ...]:
    named = [replace(row, name=name) for row, name in zip(rows, names_of(configs), strict=True)]
    without_model = [Row(each, TRIVIAL.get(each.name, each.name), "trivial") for each in trivials]
    return rank([*named, *without_model])


def judged_of(run: Run) -> Judged | None:
    """Read the judgement of a run; None where it has none that can be compared."""
    with suppress(RareEventError):
        return run.judged()
    return None


def kind_of(run: Run, config: ExperimentConfig) -> Kind:
    """Return the kind of row of a run."""
    if learns_from_events(config.model):
        return "supervised"
    return "baseline" if run.purpose().role == "baseline" else "run"


def learns_from_events(model: ModelConfig) -> bool:
    """Whether a model, or one of those it joins, is trained on past events."""
    if isinstance(model, BlendModel):
        return any(learns_from_events(RECIPES[name].model) for name in model.members)
    return isinstance(model, SupervisedConfig)


def nearest_budget(rule: Rule) -> float:
    """Return the budget of `BUDGETS` that a rule aims at; the middle one where it has no budget."""
    wanted = rule.value if rule.kind == "fa-per-day" else BUDGETS[1]
    return min(BUDGETS, key=lambda budget: abs(budget - wanted))


def beats_baselines(board: Sequence[Row], run_id: str, budget: float) -> str | None:
    """Say whether a run catches more events than any baseline at the same false alarms a day.

    Thresholds chosen on the past lead to a different rate for each model. All thresholds are therefore
    chosen on the test rows here, at the same rate.

    Returns
    -------
    str or None
        Markdown; None where there is no baseline, or the run is not on the board.
    """
    mine = next((row for row in board if row.run == run_id), None)
    others = [row for row in board if row.run != run_id and row.kind != "run"]
    if mine is None or not others:
        return None
    best = max(others, key=lambda row: _caught(row, budget))
    most, unit = _caught(best, budget), mine.judgement.time_unit
    at = f"With thresholds set on the test data for at most {unit.alarms(f'{budget:g}')}"
    caught = f"{_caught(mine, budget)} of {plural(mine.judgement.n_events, 'event')}"
    one = f"“{plain(best.name)}”"
    if _caught(mine, budget) > most:
        best_of = f"{one}, the best of {_counted(others)}," if len(others) > 1 else one
        return f"{at}, this model catches {caught}; {best_of} catches {most}."
    theirs = f"{one} catches as many" if _caught(mine, budget) == most else f"{one} catches {most}"
    tied = " Their AUCs are statistically tied." if best.group == mine.group else ""
    return f"**This model does not beat the baselines.** {at}, it catches {caught}; {theirs}.{tied}"


def _counted(others: Sequence[Row]) -> str:
    """Count the baselines, and apart from them the scores that need no model."""
    trivial = sum(row.kind == "trivial" for row in others)
    counts = {"baseline": len(others) - trivial, "simple yardstick": trivial}
    words = [plural(count, one) for one, count in counts.items() if count]
    return " and ".join(words)


def _caught(row: Row, budget: float) -> int:
    return row.judgement.count("hindsight", budget).caught
