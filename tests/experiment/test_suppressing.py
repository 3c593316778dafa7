"""A column or a value that a table does not have is refused before a training, and never for new rows."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import AlarmPolicy, SensorRule, recipe
from rare_event.errors import ConfigError
from rare_event.estimator.early_warning import EarlyWarning
from rare_event.experiment import run as stages
from rare_event.experiment.alarm_list import every_row, judge_rule
from rare_event.experiment.policy import before_training
from rare_event.experiment.run import run_experiment
from rare_event.experiment.score import score
from rare_event.experiment.suppressing import require_suppression, unsuppressible
from rare_event.experiment.trained import Trained, trained_of
from rare_event.prepare.prepared import prepare
from rare_event.prepare.table import Table
from tests.experiment.test_score import BASE, BLENDS, frame, table_of

NO_CLEAN = (
    "Alarms cannot be suppressed while 'mode' is 'clean': no row of The file has this value. The values of "
    "'mode' are 'Clean', 'm0', 'm1', 'm2', 'm3' and 2 more. Choose from these, or leave it out."
)


def by(*values: str, column: str = "mode") -> AlarmPolicy:
    return AlarmPolicy(suppress_column=column, suppress_values=values)


@pytest.fixture(scope="module")
def table() -> Table:
    """Seven values of the mode; the file says `Clean ` with a blank, which is not read."""
    columns = frame()
    number = np.arange(len(columns)) // 7 % 7
    return table_of(
        columns.assign(mode=np.where(number == 6, "Clean ", np.char.add("m", number.astype(str))))
    )


def test_the_sentence_names_column_value_and_what_there_is(table: Table) -> None:
    assert unsuppressible(table, by("clean")) == NO_CLEAN
    # All values must exist somewhere; those that do are not blamed.
    several = unsuppressible(table, by("m1", "clean", "start"))
    assert (
        "is 'clean' or 'start': no row" in several and "these values. " in several and "leave them" in several
    )
    assert unsuppressible(table, by("m1", "Clean")) == "" == unsuppressible(table, AlarmPolicy())
    # A change of a column needs no value.
    assert unsuppressible(table, AlarmPolicy(suppress_column="mode", suppress_after=5.0)) == ""


def test_a_column_that_is_not_there_or_no_category_is_refused(table: Table) -> None:
    sensor, one = table.schema.sensors[0], by("a")
    lost = unsuppressible(table, replace(one, suppress_column="phase"))
    assert "'phase': The file has no such column. Choose one of its category columns ('mode')." in lost
    number = unsuppressible(table, replace(one, suppress_column=sensor))
    assert f"'{sensor}': it is a sensor in The file, not a category column. Choose one of " in number
    assert number.endswith(" ('mode'), or give it the role category.")
    without = table_of(frame())
    assert "it has no category column." in unsuppressible(without, one)
    alone = unsuppressible(without, replace(one, suppress_column=sensor))
    assert alone.endswith("not a category column. Give it the role category.")


def test_nothing_is_trained_or_judged(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "run_folds", lambda *_: pytest.fail("it was trained"))
    for config in (BASE, recipe("average", BLENDS)):
        with pytest.raises(ConfigError, match="no row of The file has this value"):
            run_experiment(table, replace(config, policy=by("clean")))
    with pytest.raises(ConfigError, match="no row of The file"):
        judge_rule(table, SensorRule(table.schema.sensors[0], ">", 1.0), every_row(table), by("clean"))
    config = replace(BASE, policy=by("clean"))
    _, sentences = before_training(table, [config], lambda config: prepare(table, config))
    assert NO_CLEAN in sentences
    fine = replace(BASE, policy=by("Clean"))
    assert NO_CLEAN not in before_training(table, [fine], lambda config: prepare(table, config))[1]


def test_the_estimator_knows_no_category_column() -> None:
    X, y = np.random.default_rng(0).normal(size=(300, 3)), np.arange(300) % 60 == 59
    with pytest.raises(ValueError, match="has no such column"):
        EarlyWarning(policy=by("clean")).fit(X, y.astype(int))


def test_a_value_that_new_rows_lack_is_normal(table: Table) -> None:
    config = replace(BASE, policy=by("Clean"))
    trained = trained_of(table, run_experiment(table, config, workers=1))
    new = table_of(frame(200, 1, "2024-02-01").assign(mode=np.repeat(["m1", "never seen"], 100)))
    with pytest.raises(ConfigError, match="'Clean'"):
        require_suppression(new, config.policy)
    scored = score(trained, new)
    assert scored.n_scored > 100 and isinstance(scored.alarms, pd.DataFrame)


def test_a_value_that_no_training_row_had_suppresses_nothing_and_is_told(table: Table) -> None:
    config = replace(BASE, policy=by("Clean"))
    trained = trained_of(table, run_experiment(table, config, workers=1))

    def told(trained: Trained, *modes: str) -> dict[str | None, str]:
        new = table_of(frame(200, 1, "2024-02-01").assign(mode=np.resize(modes, 200)))
        scored = score(trained, new)
        assert not any(one.blocks for one in scored.findings)
        return {one.column: f"{one.what} {one.fix}" for one in scored.findings if one.kind == "suppression"}

    assert told(trained, "clean", "clean", "m1", "CLEAN") == {
        "mode": "Column 'mode' has values that no training row had: 'CLEAN' (50 rows), 'clean' (100 rows). "
        "They do not suppress alarms. If they mean the same as in training, write them as in the "
        "training file."
    }
    assert (
        "a value that no training row had: 'm9' (100 rows). It does not suppress alarms. If it means"
        in (told(trained, "Clean", "m9")["mode"])
    )
    # Values that merely do not occur, or were trained on, are normal.
    assert told(trained, "m1", "m2") == told(trained, "Clean", "m0") == {}
    changes = replace(trained.policy, suppress_after=5.0)
    said = told(replace(trained, policy=changes), "m1", "m9")["mode"]
    assert "It does not suppress alarms; only a change of the value does." in said
    alone = replace(changes, suppress_values=())
    assert told(replace(trained, policy=alone), "m1", "m9") == {}
    # An older run does not know what it was trained on.
    older = replace(trained, facts=replace(trained.facts, categories={}))
    assert told(older, "m1", "clean") == {}
