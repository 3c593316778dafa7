"""The regime test on the sample mill, whose planted drift is found and named, and on new rows."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import RECOMMENDED, BlendModel, Representation, SplitPlan, SquaresModel
from rare_event.experiment.regime import references_of_past, regime_of_run, sensor_that_moved
from rare_event.experiment.run import run_experiment
from rare_event.experiment.score import score
from rare_event.experiment.trained import Trained, trained_of
from rare_event.judge.regime import RegimeChange, regime_after
from rare_event.prepare.features import FittedRepresentation
from rare_event.prepare.prepared import Prepared
from rare_event.prepare.sample import DRIFTING
from rare_event.prepare.table import Table, read_table


def test_the_planted_drift_of_the_sample_mill(sample_table) -> None:
    until = str(pd.Timestamp(sample_table.when[sample_table.n_rows // 4]))[:16]
    levels = replace(RECOMMENDED, model=SquaresModel(), representation=Representation("level"))
    config = replace(levels, split=SplitPlan("chronological", train_until=until))
    result = run_experiment(sample_table, config, workers=1)
    (change,) = regime_of_run(result.validation, result.test, config, lambda: result.prepared).changes
    assert change.sensor == DRIFTING and change.share is not None and change.share > 0.4
    assert change.times > 2 and change.until is None
    # It fouls from the first row on: differences between rows hardly see it, and nothing is found in them.
    quiet = replace(config, representation=RECOMMENDED.representation)
    result = run_experiment(sample_table, quiet, workers=1)
    assert regime_after(result.validation, result.test).changes == ()


def test_the_sensor_that_moved_most_by_hand(monkeypatch) -> None:
    monkeypatch.setattr("rare_event.experiment.regime.LEAST_BEFORE", 3)
    change = RegimeChange(0, "", 10, 10.0, 12.0, None, 9.0)
    # Two readings of each of three sensors, then four grades; medians of squares before: 1, 0, 4, 0, 0, 1.
    read = FittedRepresentation(Representation("combined"), ("a", "b", "c"), np.zeros(6), np.ones(6), {})
    grades = np.full((3, 4), 9.0)
    before = np.array([[1.0, 0, 2, 0, 0, -1], [-1, 0, -2, 0, 0, 1], [5, 0, 2, 0, 0, 1]])
    # Since: 9, 4, 4, 0, 0, 0: the first moved by 8, the second by 4, the third, which came nearer, not.
    risen = np.array([[3.0, 2, 2, 0, 0, 0], [-3, -2, 2, 0, 0, 0], [8, 2, -2, 0, 0, 0]])
    before, risen = np.hstack([before, grades]), np.hstack([risen, 10 * grades])
    found = sensor_that_moved(change, before, risen, read)
    assert found.sensor == "a" and found.share == pytest.approx(8 / 12)
    for few, same in ((before[:2], risen), (before, before), (before, risen[:0])):
        unnamed = sensor_that_moved(change, few, same, read)
        assert unnamed == change, "too few rows, or nothing that moved, name nothing"


@pytest.mark.parametrize("kind", ["level", "difference", "combined", "forecast"])
def test_a_run_names_the_sensor_from_what_its_model_reads(kind) -> None:
    """A sensor grows restless by far, another a little: clipped, both would have moved equally."""
    frame = plant(6000, "2024-01-01")
    noise = np.random.default_rng(1).normal(size=(1000, 2))
    frame.loc[5000:, "s0"] += 8 * noise[:, 0]
    frame.loc[5000:, "s2"] += 60 * noise[:, 1]
    table = table_of(frame)
    config = replace(RECOMMENDED, model=SquaresModel(), representation=Representation(kind, clip=5.0))
    result = run_experiment(table, config, workers=1)
    change = regime_of_run(result.validation, result.test, config, lambda: result.prepared).changes[-1]
    assert change.sensor == "s2" and change.share is not None and change.share > 0.9


def test_a_file_that_has_risen_from_its_first_rows_on_names_no_sensor(trained: Trained) -> None:
    new = plant(2400, "2024-03-01", 1)
    new.loc[20:, "s2"] += 8.0
    scored = score(trained, table_of(new))
    (change,) = scored.regime.changes
    assert change.row <= 30 and change.sensor is None and "makes up" not in scored.since


def test_the_models_of_a_blend_read_in_different_ways_so_none_is_named(sample_table) -> None:
    config = replace(RECOMMENDED, model=BlendModel())
    scores = run_experiment(sample_table, replace(RECOMMENDED, model=SquaresModel()), workers=1)

    def asked() -> Prepared:
        raise AssertionError("nothing is prepared for a blend")

    higher = replace(scores.test, y_score=20 * scores.test.y_score)
    assert regime_of_run(scores.validation, higher, config, asked).changes[0].sensor is None


def plant(n_rows: int, start: str, seed: int = 0) -> pd.DataFrame:
    """Four sensors of noise; an event and a stop of an hour every 60 rows."""
    rng = np.random.default_rng(seed)
    label = np.zeros(n_rows, int)
    label[50::60] = 1
    minute = 2 * np.arange(n_rows) + 60 * np.cumsum(np.roll(label, 1))
    time = pd.Timestamp(start) + pd.to_timedelta(minute, unit="min")
    return pd.DataFrame({"time": time, "y": label, **{f"s{i}": rng.normal(size=n_rows) for i in range(4)}})


def table_of(frame: pd.DataFrame) -> Table:
    return read_table(frame.to_csv(index=False).encode())


@pytest.fixture(scope="module")
def trained() -> Trained:
    table = table_of(plant(4500, "2024-01-01"))
    config = replace(RECOMMENDED, model=SquaresModel(), representation=Representation("level"))
    return trained_of(table, run_experiment(table, config, workers=1))


def test_new_rows_say_since_when_the_threshold_is_not_valid(trained: Trained) -> None:
    new = plant(2400, "2024-03-01", 1)
    new.loc[1000:, "s2"] += 8.0
    scored = score(trained, table_of(new))
    (change,) = scored.regime.changes
    assert change.row == 1000 and change.sensor == "s2" and change.times > 5
    said = (
        f"The threshold has not been valid since {new['time'][1000]:%-d %b %H:%M}: normal rows have scored "
    )
    assert scored.drift_in_words.startswith(said)
    assert "; s2 accounts for " in scored.since
    assert (
        "of the change in the sensors. Train again on rows since then, or use a trailing threshold."
        in scored.since
    )
    # Without a label nothing says which rows are normal.
    table = table_of(new)
    unlabelled = score(trained, replace(table, schema=replace(table.schema, label=None)))
    assert ": rows have scored" in unlabelled.since and "normal" not in unlabelled.since
    # The same with the rows before known.
    later = score(trained, table_of(new[400:]), table_of(new[:400]))
    assert later.regime.changes[0].row == 600 and later.regime.changes[0].sensor == "s2"
    assert later.since == scored.since


def test_new_rows_like_those_of_validation_have_no_change(trained: Trained) -> None:
    scored = score(trained, table_of(plant(2400, "2024-03-01", 2)))
    assert scored.regime.changes == () and scored.regime.n_tested == 1
    assert scored.drift_in_words == scored.drift.in_words and "not been valid" not in scored.drift_in_words


def test_only_validation_scores_are_what_new_rows_are_compared_with(trained: Trained) -> None:
    found = references_of_past(trained)
    assert found is not None and len(found[0, ""]) == trained.facts.split["validation"].rows
    np.testing.assert_array_equal(found[0, ""], trained.past.y_score[: len(found[0, ""])])
    assert len(found[0, ""]) < len(trained.past.y_score)
    older = replace(trained, facts=replace(trained.facts, split={}))
    assert references_of_past(older) is None
    scored = score(older, table_of(plant(300, "2024-03-01", 3)))
    assert scored.regime.changes == () and "older version" in scored.regime.untested[0]
    assert "not tested for a lasting rise: the model was trained by an older version" in scored.drift_in_words
    # Where it was tested, nothing is said of it.
    assert "not tested" not in score(trained, table_of(plant(300, "2024-03-01", 3))).drift_in_words
