"""The gate stops a run that is worse than the old beyond its interval, and opens no test data."""

import json
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from rare_event.cli.parser import main
from rare_event.config import PCAModel, SplitPlan, SquaresModel
from rare_event.jobs.worker import execute
from rare_event.judge.scores import Scores
from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.records import Part
from rare_event.store.runs import Run, create_run
from tests.small import PCA, small_frame

CONFIG = replace(PCA, split=SplitPlan("rolling", folds=2))


@pytest.fixture
def dataset(workspace) -> Dataset:
    return add_dataset(small_frame(6000).to_csv(index=False).encode(), "small.csv")


def trained(dataset: Dataset, config=CONFIG) -> Run:
    run = create_run(dataset, config)
    execute(run)
    return run


def with_skill(run: Run, skill: float) -> Run:
    """Write scores that know the label as well as `skill` says."""
    rng = np.random.default_rng(0)
    parts: dict[Part, list[Scores]] = {}
    for part in get_args(Part):
        scores = run.scores(part)
        values = np.exp(rng.normal(size=len(scores)) + skill * scores.y_true)
        parts[part] = [scores.with_score(values)]
    run.save_scores(parts)
    return run


def gated(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(["gate", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_run_is_not_compared_with_itself(dataset, capsys) -> None:
    run = create_run(dataset, CONFIG)
    code, said, err = gated(capsys, run.id, run.id)
    assert code == 2 and not said and err.startswith(f"rare_event: Both ids name the run {run.id}.")


def test_a_worse_run_is_stopped_and_a_better_one_is_not(dataset, capsys) -> None:
    good, bad = with_skill(trained(dataset), 3.0), with_skill(trained(dataset), 0.0)
    code, said, err = gated(capsys, bad.id, good.id)
    assert code == 1 and not err
    assert said.startswith("The new run is worse than the old: AUC 0.") and "better" not in said
    assert "of the validation data that both scored" in said
    assert "because the test data of the new run and the old run have not been opened." in said
    code, said, _ = gated(capsys, good.id, bad.id)
    assert code == 0 and said.startswith("The new run is better than the old")
    assert good.looks() == bad.looks() == [], "a gate opens nothing"


def test_the_test_data_count_once_both_were_opened(dataset, capsys) -> None:
    good, bad = with_skill(trained(dataset), 3.0), with_skill(trained(dataset), 0.0)
    good.look()
    _, said, _ = gated(capsys, bad.id, good.id)
    assert "validation data" in said and "because the test data of the new run have" in said
    bad.look()
    code, said, _ = gated(capsys, bad.id, good.id, "--json")
    figures = json.loads(said)
    assert code == 1 and figures["part"] == "test" and figures["sealed"] == [] and figures["worse"]
    assert (figures["new"], figures["old"]) == (bad.id, good.id)
    known = figures["comparison"]
    assert known["low"] <= known["difference"] <= known["high"] < 0
    assert known["difference"] == pytest.approx(figures["new_auc"] - figures["old_auc"])
    # Windows of this data: those of both test parts, and no other.
    assert figures["n_windows"] == len(bad.scores("test")) and "test data that both scored" in figures["what"]
    assert len(bad.looks()) == len(good.looks()) == 1


def test_an_equal_run_and_one_of_another_shift_are_not_worse(dataset, capsys) -> None:
    run, other = trained(dataset), trained(dataset, replace(CONFIG, shift=4, model=SquaresModel()))
    code, said, _ = gated(capsys, trained(dataset).id, run.id)
    assert code == 0 and "not shown to be worse" in said and "a difference of 0.00" in said
    code, said, _ = gated(capsys, other.id, run.id)
    assert code in (0, 1) and " windows of the validation data" in said


def test_runs_that_cannot_be_compared(dataset, capsys) -> None:
    run = trained(dataset)
    frame = small_frame(2400)
    elsewhere = trained(add_dataset(frame.to_csv(index=False).encode(), "other.csv"))
    queued = create_run(dataset, replace(CONFIG, model=PCAModel()))
    for new, why in (
        (elsewhere.id, "were trained on different data"),
        (queued.id, "has not finished"),
        ("nothing", "nothing"),
    ):
        code, said, err = gated(capsys, new, run.id)
        assert code == 2 and not said and why in err, new
