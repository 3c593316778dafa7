"""An experiment on several machines: each is warned of its own events only, at times none was trained on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import ARTICLE_DENSE, Rule, SplitPlan
from rare_event.experiment.policy import before_training
from rare_event.experiment.result import summarise
from rare_event.experiment.run import run_experiment
from rare_event.prepare.prepared import prepare
from rare_event.prepare.schema import Schema
from rare_event.prepare.table import Table, read_table
from rare_event.store.serial import to_plain
from tests.small import PCA, small_frame

SENSORS = ("s0", "s1", "s2", "s3")


def machines(first_rows_are_an_event: bool = False) -> Table:
    """Two machines over the same hours, row by row in turn."""
    one, two = small_frame().assign(unit="A"), small_frame().assign(unit="B")
    two[list(SENSORS)] += 100
    if first_rows_are_an_event:
        two.loc[:3, "y"] = 1
    frame = pd.concat([one, two]).sort_values("time", kind="stable")
    return read_table(frame.to_csv(index=False).encode(), schema=Schema("y", "time", SENSORS, asset="unit"))


@pytest.fixture(scope="module")
def result():
    config = replace(PCA, split=SplitPlan("rolling", folds=3), rule=Rule("trailing-quantile", 0.95))
    return run_experiment(machines(), config)


def test_no_hour_is_trained_on_before_it_is_tested_on_another_machine(result) -> None:
    for fold, part in zip(result.prepared.folds, result.folds, strict=True):
        clock = result.prepared.clock
        assert clock[fold.train].max() < part.validation.clock.min()
        assert part.validation.clock.max() < part.test.clock.min()
        assert set(np.unique(part.test.asset)) == {0, 1}


def test_events_are_those_of_the_machine_itself(result) -> None:
    test, events = result.test, result.prepared.events
    seen = test.event >= 0
    assert (test.asset[seen] == events.asset[test.event[seen]]).all()
    assert (test.clock + test.to_event)[seen] == pytest.approx(events.clock[test.event[seen]])
    assert len(test.total_events) == sum(
        (events.asset[test.total_events] == number).sum() for number in (0, 1)
    ) and set(events.asset[test.total_events]) == {0, 1}


def test_the_ledger_and_the_figures_name_the_machines(result) -> None:
    assert set(result.ledger()["asset"]) >= {"A", "B"}
    summary = summarise(result)
    assert summary.assets == ("A", "B") and to_plain(summary)["assets"] == ["A", "B"]
    assert summary.time_unit.a_day == "per machine-day"
    one = run_experiment(
        read_table(small_frame().to_csv(index=False).encode()), replace(PCA, split=SplitPlan())
    )
    assert "assets" not in to_plain(summarise(one)) and "asset" not in one.ledger()


@pytest.mark.parametrize("base", [PCA, replace(ARTICLE_DENSE, model=PCA.model)])
def test_an_event_in_the_first_rows_of_a_machine_is_no_matter_of_the_machine_above_it(base) -> None:
    table = machines(first_rows_are_an_event=True)
    config = replace(base, split=SplitPlan(), shift=5)
    prepared = run_experiment(table, config).prepared
    assert prepared.events.asset is not None and prepared.asset is not None
    first = int(np.flatnonzero(prepared.events.asset == 1)[0])
    assert prepared.events.row[first] == 600
    assert prepared.y[prepared.row < 600][-5:].tolist() == [0] * 5
    for kind in ("stretch", "random"):
        tested = run_experiment(table, replace(config, split=SplitPlan(kind, folds=3)))
        assert first not in tested.test.total_events and first not in tested.validation.total_events


def test_without_a_clock_no_split_is_said_to_share_hours() -> None:
    frame = pd.concat([small_frame(200).assign(unit=name) for name in "AB"]).drop(columns="time")
    table = read_table(frame.to_csv(index=False).encode(), schema=Schema("y", None, SENSORS, asset="unit"))
    configs = [replace(PCA, split=SplitPlan(kind)) for kind in ("rolling", "asset")]
    findings, _ = before_training(table, configs, lambda config: prepare(table, config))
    said = [found.what for found in findings]
    shared = "Split by machine: data of other machines, perhaps from the same time, are"
    assert any(what.startswith(shared) for what in said)
    assert not any("hours" in what for what in said)
