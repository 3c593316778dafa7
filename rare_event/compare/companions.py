"""Runs that belong to a run: the baselines it must beat, its backtest, leakage meter and ablation."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from rare_event.config import ExperimentConfig, SplitKind, baselines
from rare_event.errors import RareEventError
from rare_event.store.archive import is_imported
from rare_event.store.datasets import Dataset
from rare_event.store.records import Purpose, Role
from rare_event.store.runs import Run, create_run, list_runs

# A run in one of these states cannot stand in for a new one.
LOST = ("failed", "cancelled", "interrupted")


def baselines_of(run: Run) -> dict[str, Run]:
    """Find the runs of the baselines of a run, by the name of their recipe."""
    # What a run is called does not matter: a person's own run of the same settings serves as well.
    wanted = {config: config.name for config in baselines(run.config())}
    found: dict[str, Run] = {}
    for other in _runs_on(run.dataset()):
        with suppress(RareEventError):
            config = other.config()
            if config in wanted:
                found.setdefault(wanted[config], other)
    return found


def create_baselines(run: Run) -> list[Run]:
    """Make the runs of the baselines that are still missing, queued."""
    there, purpose = baselines_of(run), Purpose("baseline", run.id)
    missing = [config for config in baselines(run.config()) if config.name not in there]
    return [create_run(run.dataset(), config, purpose) for config in missing]


def leakage_of(run: Run) -> Run | None:
    """Find the latest run of the leakage meter that belongs to a run."""
    return _latest_of(run, "leakage")


def ablation_of(run: Run) -> Run | None:
    """Find the latest ablation that belongs to a run."""
    return _latest_of(run, "ablation")


def _latest_of(run: Run, role: Role) -> Run | None:
    mine = (r for r in list_runs(run.dataset().digest, role) if r.purpose().of == run.id)
    return next((other for other in mine if other.status().state not in LOST), None)


def backtest_of(run: Run, kind: SplitKind = "rolling") -> Run | None:
    """Find the latest run of the same model over folds by time, or by asset; a usable one first."""
    wanted, lost = over_folds(run.config(), kind), None
    for other in list_runs(run.dataset().digest):
        with suppress(RareEventError):
            if not is_imported(other) and other.config() == wanted and other.dataset() == run.dataset():
                if other.status().state not in LOST:
                    return other
                lost = lost or other
    return lost


def over_folds(config: ExperimentConfig, kind: SplitKind = "rolling") -> ExperimentConfig:
    """Return the settings of a backtest: the same model, judged over folds by time, or by asset."""
    return replace(config, split=replace(config.split, kind=kind), article_mode=False)


def create_leakage(run: Run) -> Run:
    """Make the run of the leakage meter, queued."""
    return create_run(run.dataset(), run.config(), Purpose("leakage", run.id))


def create_ablation(run: Run) -> Run:
    """Make the run of the ablation, queued."""
    return create_run(run.dataset(), run.config(), Purpose("ablation", run.id))


def _runs_on(dataset: Dataset) -> list[Run]:
    """List the usable runs on a dataset under the same roles of its columns."""
    runs = [run for role in ("baseline", "run") for run in list_runs(dataset.digest, role)]
    return [
        run
        for run in runs
        if not is_imported(run) and run.status().state not in LOST and run.dataset() == dataset
    ]
