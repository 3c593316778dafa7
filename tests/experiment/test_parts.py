"""The size of each part of a split, against a walk over the folds."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import RECOMMENDED, PCAModel, SplitPlan
from rare_event.experiment.folds import part_sizes
from rare_event.experiment.policy import before_training
from rare_event.experiment.run import run_experiment
from rare_event.prepare.prepared import prepare
from rare_event.prepare.preview import scaled_moments
from rare_event.prepare.table import read_table


@pytest.mark.parametrize("shift", [0, 2])
@pytest.mark.parametrize("plan", [SplitPlan(), SplitPlan("rolling", folds=3)], ids=lambda plan: plan.kind)
def test_the_sizes_of_the_parts_are_those_of_a_walk(sample_table, plan, shift) -> None:
    config = replace(RECOMMENDED, model=PCAModel(), split=plan, shift=shift)
    prepared = prepare(sample_table, config)
    sizes = part_sizes(prepared, shift)
    ends, event_of = set(prepared.ends.tolist()), {}
    for number, row in enumerate(prepared.events.row.tolist()):
        for position, kept in enumerate(prepared.row.tolist()):
            ahead = prepared.y[position] == 1 if shift == 0 else True
            near = kept >= row if shift == 0 else row - shift <= kept < row
            if near and ahead:
                event_of[position] = number
    for name, part in (("training", "train"), ("validation",) * 2, ("test",) * 2):
        rows = {int(row) for fold in prepared.folds for row in getattr(fold, part)}
        windows = rows & ends
        assert sizes.loc[name, "windows"] == len(windows)
        assert sizes.loc[name, "positive windows"] == sum(prepared.y[list(windows)] == 1)
        assert sizes.loc[name, "events"] == len({event_of[row] for row in rows if row in event_of})
    assert sizes["events"].sum() > 0 and (sizes["positive windows"] <= sizes["windows"]).all()


@pytest.mark.parametrize("every", [60, 75])
def test_the_events_of_the_warning_are_those_that_are_judged(every) -> None:
    """An event in the first rows of a part may be warned of in the part before: it counts there, once."""
    label = (np.arange(1500) % every == every - 1).astype(int)
    sensor = np.random.default_rng(0).normal(size=(len(label), 3)).round(3)
    frame = pd.DataFrame(sensor, columns=["a", "b", "c"]).assign(y=label)
    frame.insert(0, "time", pd.date_range("2024-01-01", periods=len(label), freq="2min"))
    table = read_table(frame.to_csv(index=False).encode())
    config = replace(RECOMMENDED, model=PCAModel(components=1))
    findings, _ = before_training(table, [config], lambda config: prepare(table, config))
    fold = run_experiment(table, config).folds[0]
    sizes = part_sizes(prepare(table, config), config.shift)["events"]
    for finding, scores in zip(findings, (fold.validation, fold.test), strict=True):
        part = "validation" if scores is fold.validation else "test"
        assert f"The {part} part holds {len(scores.total_events)} events" in finding.what
        assert sizes[part] == len(scores.total_events) < 10


def test_what_the_scaler_was_fitted_on_has_mean_0_and_variance_1(sample_table) -> None:
    config = replace(RECOMMENDED, representation=replace(RECOMMENDED.representation, kind="level"))
    config = replace(config, representation=replace(config.representation, scaler="standard", clip=None))
    moments = scaled_moments(prepare(sample_table, config), config.representation)
    assert isinstance(moments, pd.DataFrame) and list(moments.columns) == ["mean", "variance"]
    np.testing.assert_allclose(moments["mean"], 0, atol=1e-5)
    np.testing.assert_allclose(moments["variance"], 1, atol=1e-4)
    # Clipped and robustly scaled differences have neither.
    other = scaled_moments(prepare(sample_table, RECOMMENDED), RECOMMENDED.representation)
    assert (other["variance"] - 1).abs().max() > 0.1
