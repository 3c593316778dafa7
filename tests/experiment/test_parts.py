"""The size of each part of a split, against a walk over the folds."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import RECOMMENDED, PCAModel, SplitPlan
from rare_event.experiment.folds import part_sizes
from rare_event.prepare.prepared import prepare
from rare_event.prepare.preview import scaled_moments


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
