"""Runs of the articles' settings, and their figures in one row each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from rare_event.config import PRESETS, AlarmPolicy
from rare_event.judge.align import common_windows, judge_on_common, on_common
from rare_event.judge.evaluation import Evaluation
from rare_event.judge.scores import Scores
from rare_event.store.datasets import Dataset
from rare_event.store.runs import Run
from rare_event.text import auc_in_words, plural


def trained(runs: Iterable[Run], dataset: Dataset, article: str) -> Run | None:
    """Return the first of some runs that has an article's settings, whatever its threshold and seed.

    A run that failed or was cancelled does not count.
    """
    preset = PRESETS[article]
    for run in runs:
        config = run.config()
        same = replace(config, rule=preset.rule, policy=preset.policy, seed=preset.seed) == preset
        wanted = run.status().state in ("queued", "running", "done") and run.purpose().role == "run"
        if same and wanted and run.dataset().version == dataset.version:
            return run
    return None


def figures_of(run: Run, test: Evaluation | None) -> dict[str, str]:
    """Return the figures of a finished run in words.

    Parameters
    ----------
    run
        A finished run.
    test
        Its figures on test data at the committed threshold; None while these are sealed.
    """
    ranked = run.evaluation()
    row = {"validation AUC": auc_in_words(ranked.validation.auc, ranked.validation.interval)}
    if test is None:
        return row | dict.fromkeys(("test AUC", "positive rows caught", "false positives"), "sealed")
    return row | {
        "test AUC": auc_in_words(ranked.test.auc, ranked.test.interval),
        "positive rows caught": f"{test.tp} of {test.n_positive}",
        "false positives": f"{test.fp} of {test.fp + test.tn}",
    }


def on_shared_windows(scores: Mapping[str, Scores]) -> str:
    """Compare the AUC of several runs on the test windows that all of them score.

    Raises
    ------
    DataError
        If they share none.
    """
    shared = common_windows(list(scores.values()))
    found = {name: judge_on_common(on_common(shared, each), AlarmPolicy()) for name, each in scores.items()}
    figures = ", ".join(
        f"{name} {auc_in_words(each.mean_fold_auc, each.interval)}" for name, each in found.items()
    )
    windows = plural(len(shared), "test window")
    return f"AUC on the {windows} that every model scores ({shared.n_positive} positive): {figures}."
