"""Scores of a new file over time: each alarm stands at its peak, also among several machines."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import RECOMMENDED, PCAModel, Representation, Rule
from rare_event.experiment.run import run_experiment
from rare_event.experiment.score import Scored, score
from rare_event.experiment.trained import Trained, trained_of
from rare_event.plots.scored import scored_figure
from rare_event.prepare.table import read_table
from tests.small import small_frame

PCA = replace(RECOMMENDED, model=PCAModel(components=2))
TRAILING = replace(PCA, rule=Rule("trailing-quantile", 0.9, days=0.2))


def scored_with(config, frame: pd.DataFrame, schema=None) -> tuple[Trained, Scored]:
    content = frame.to_csv(index=False).encode()
    table = read_table(content, schema=schema)
    trained = trained_of(table, run_experiment(table, config, workers=1))
    return trained, score(trained, table)


def drawn(trained: Trained, scored: Scored):
    return scored_figure(
        scored.scores,
        scored.frame,
        scored.alarms,
        name="new.csv",
        threshold=trained.threshold,
        trailing=trained.rule.trailing,
    )


def alarms_of(figure):
    (trace,) = [each for each in figure.data if "alarm" in each.name]
    return trace


@pytest.mark.parametrize("config", [PCA, TRAILING], ids=["fixed", "trailing"])
def test_each_alarm_stands_at_its_peak(config) -> None:
    trained, scored = scored_with(config, small_frame(900))
    figure = drawn(trained, scored)
    trace = alarms_of(figure)
    by_time = scored.frame.set_index("time")["score"]
    assert len(trace.x) == len(scored.alarms) > 0
    assert list(trace.y) == [by_time[pd.Timestamp(when)] for when in trace.x]
    names = [each.name for each in figure.data]
    assert ("trailing threshold" in names) == trained.rule.trailing
    assert any(name.startswith("threshold ") for name in names) != trained.rule.trailing


def test_alarms_of_machines_stand_at_windows_of_their_machine() -> None:
    both = pd.concat([small_frame(600).assign(machine="M1"), small_frame(600).assign(machine="M2")])
    both.loc[both["machine"] == "M2", "s1"] = both["s1"].to_numpy()[::-1][:600]
    base = read_table(small_frame(600).to_csv(index=False).encode()).schema
    config = replace(PCA, representation=Representation("difference", per_asset=True))
    trained, scored = scored_with(config, both, replace(base, asset="machine"))
    trace = alarms_of(drawn(trained, scored))
    finite = np.flatnonzero(np.isfinite(scored.scores.y_score))
    machines = np.array(scored.scores.asset_names(finite))[np.asarray(trace.x)]
    peaks = scored.scores.y_score[finite][np.asarray(trace.x)]
    assert {"M1", "M2"} == set(machines)
    assert machines.tolist() == scored.alarms["machine"].tolist()
    assert peaks.tolist() == list(trace.y) == scored.alarms["peak"].tolist()


def test_a_file_without_alarms_has_no_mark_of_one() -> None:
    trained, scored = scored_with(PCA, small_frame(900))
    figure = scored_figure(
        scored.scores, scored.frame, scored.alarms[:0], name="new.csv", threshold=trained.threshold
    )
    assert not [each for each in figure.data if "alarm" in each.name]
