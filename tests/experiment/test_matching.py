"""How a new file differs from the one that was trained on: found first, never scored wrongly in silence."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.config import PCAModel, Representation
from rare_event.errors import DataError, TableError
from rare_event.experiment.matching import match, mismatches, suggestions
from rare_event.experiment.run import run_experiment
from rare_event.experiment.score import score
from rare_event.experiment.trained import trained_of
from rare_event.prepare.table import read_table
from rare_event.store.incoming import read_new
from tests.small import PCA, small_frame


def csv(frame):
    return frame.to_csv(index=False).encode()


@pytest.fixture(scope="module")
def trained():
    table = read_table(csv(small_frame()))
    return trained_of(table, run_experiment(table, PCA, workers=1))


@pytest.fixture
def new():
    return small_frame(300).assign(time=lambda f: f["time"] + pd.Timedelta(days=30))


def found(trained, frame, mapping=None):
    matched = read_new(trained, csv(frame), "new.csv", mapping).matched
    return matched, {(one.kind, one.column): one for one in matched.findings}


def test_a_file_like_that_of_training_has_no_finding(trained, new) -> None:
    matched, kinds = found(trained, new)
    assert kinds == {} and matched.table.n_rows == 300
    # As it would be without a model.
    direct = read_table(csv(new))
    assert matched.table.values.tobytes() == direct.values.tobytes()
    assert score(trained, matched.ready()).frame.equals(score(trained, direct).frame)


def test_the_order_of_columns_has_no_part_in_scores(trained, new) -> None:
    turned = new[["s3", "y", "s1", "time", "s0", "s2"]]
    first, second = (score(trained, found(trained, one)[0].ready()).frame for one in (new, turned))
    assert first.equals(second)


def test_a_missing_sensor_blocks(trained, new) -> None:
    matched, kinds = found(trained, new.drop(columns="s2"))
    assert matched.table is None and kinds["missing", "s2"].blocks
    with pytest.raises(TableError, match="Column 's2' is missing, and the model needs it. Add it"):
        matched.ready()


def test_a_renamed_sensor_is_suggested_and_used_only_when_confirmed(trained, new) -> None:
    renamed = new.rename(columns={"s2": "S 2 [bar]"})
    matched, kinds = found(trained, renamed)
    assert matched.table is None
    assert kinds["renamed", "s2"].suggestion == "S 2 [bar]"
    with pytest.raises(TableError, match="'S 2 \\[bar\\]' looks like it") as refused:
        matched.ready()
    assert "--map 'S 2 [bar]=s2'" in refused.value.on_command_line
    confirmed, kinds = found(trained, renamed, {"S 2 [bar]": "s2"})
    assert kinds == {}
    assert score(trained, confirmed.ready()).frame.equals(
        score(trained, found(trained, new)[0].ready()).frame
    )


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"nothing": "s2"}, "'nothing' is mapped to 's2', but the file has no column 'nothing'"),
        ({"s1": "other"}, "'s1' is mapped to 'other', but the model has no column 'other'"),
        ({"s1": "s2"}, "the file has a column 's2' too"),
    ],
)
def test_a_mapping_that_cannot_be_is_a_sentence(trained, new, mapping, said) -> None:
    with pytest.raises(TableError, match=said):
        found(trained, new, mapping)


def test_two_columns_may_change_places(trained, new) -> None:
    swapped = new.rename(columns={"s1": "s2", "s2": "s1"})
    matched, _ = found(trained, swapped, {"s1": "s2", "s2": "s1"})
    assert score(trained, matched.ready()).frame.equals(score(trained, found(trained, new)[0].ready()).frame)


def test_names_with_other_numbers_are_not_suggested() -> None:
    assert suggestions(["x12"], ["x13"]) == {}
    assert suggestions(["temperature_1"], ["Temperature 1", "temperature_2"]) == {
        "temperature_1": "Temperature 1"
    }
    # Each new column stands for one.
    assert len(suggestions(["speed", "Speed"], ["speed_"])) == 1


def test_a_new_column_is_told_and_not_used(trained, new) -> None:
    matched, kinds = found(trained, new.assign(more=1.5))
    assert list(kinds) == [("new", "more")] and not kinds["new", "more"].blocks
    assert "more" not in matched.table.frame


@pytest.mark.parametrize(
    ("factor", "offset", "said"),
    [
        (1000.0, 0.0, "numbers 1,000 times as large"),
        (0.01, 0.0, "1/100 times"),
        (1.8, 32.0, "Fahrenheit"),
        (1, 273.15, "kelvin"),
    ],
)
def test_another_unit_is_named(trained, new, factor, offset, said) -> None:
    training = small_frame()
    warm = training.assign(s1=20 + 3 * training["s1"])
    table = read_table(csv(warm))
    model = trained_of(table, run_experiment(table, PCA, workers=1))
    changed = new.assign(s1=(20 + 3 * new["s1"]) * factor + offset)
    _, kinds = found(model, changed)
    assert list(kinds) == [("unit", "s1")]
    assert said in kinds["unit", "s1"].what and not kinds["unit", "s1"].blocks
    assert found(model, new.assign(s1=20 + 3 * new["s1"]))[1] == {}


def test_another_range_is_told_with_its_drift(trained, new) -> None:
    shifted = new.assign(s1=new["s1"] + 40)
    matched, kinds = found(trained, shifted)
    assert list(kinds) == [("range", "s1")] and "100% of the rows" in kinds["range", "s1"].what
    apart = score(trained, matched.ready()).apart
    assert [one.sensor for one in apart] == ["s1"] and 35 < apart[0].sigma < 45
    assert score(trained, found(trained, new)[0].ready()).apart == ()


def test_another_step_blocks(trained, new) -> None:
    slow = new.assign(time=pd.Timestamp("2024-03-01") + pd.to_timedelta(10 * np.arange(300), unit="min"))
    matched, kinds = found(trained, slow)
    assert matched.table is not None and kinds["step", None].blocks
    with pytest.raises(TableError, match="Rows are 10 min apart, in training they were 2 min apart"):
        matched.ready()
    with pytest.raises(TableError, match="Rows are 10 min apart"):
        score(trained, matched.table)


def test_text_in_a_sensor_blocks(trained, new) -> None:
    matched, kinds = found(trained, new.assign(s1=["bad", "worse"] * 150))
    assert matched.table is None and kinds["text", "s1"].blocks
    assert "holds 'bad' in line 2" in kinds["text", "s1"].what


def test_a_file_without_a_label_is_scored_and_not_judged(trained, new) -> None:
    matched, kinds = found(trained, new.drop(columns="y"))
    assert list(kinds) == [("label", "y")] and not kinds["label", "y"].blocks
    assert score(trained, matched.ready()).worth is None


@pytest.mark.parametrize("label", [["OK", "BREAK"], [0, 2], ["0", "BREAK"]])
def test_a_label_that_means_something_else_is_not_used(trained, new, label) -> None:
    words = np.array(label, object)[new["y"].to_numpy()]
    matched, kinds = found(trained, new.assign(y=words))
    assert "so it is not used" in kinds["label", "y"].what
    again = score(trained, matched.ready())
    assert again.worth is None and "event" not in set(again.frame["unscored"])


def test_a_file_of_normal_rows_is_judged(trained, new) -> None:
    matched, kinds = found(trained, new.assign(y=0))
    assert kinds == {}
    scored = score(trained, matched.ready())
    worth, check = scored.worth, scored.check
    assert worth is not None and check is not None
    assert worth.given.n_events == 0 and check.events.answer == "nothing promised"
    assert "1 false alarm in" in check.alarms.what and check.answer != "broken"
    assert "no event in this file" in worth.in_words


def test_a_file_of_one_row_is_scored_with_its_history(trained, new) -> None:
    one = read_new(trained, csv(new[100:101]), "one.csv", history=csv(new[:100]))
    again = score(trained, one.matched.ready(), one.history)
    whole = score(trained, found(trained, new)[0].ready())
    assert again.frame["score"].tolist() == [whole.frame["score"][100]]
    with pytest.raises(DataError, match="no row that can be scored"):
        score(trained, one.matched.ready())


def test_machines_that_were_not_trained_on_are_named() -> None:
    plant = pd.concat([small_frame(200).assign(machine=name) for name in ("A", "B")])
    table = read_table(csv(plant))
    table = read_table(csv(plant), schema=replace(table.schema, asset="machine", categories=()))
    model = trained_of(table, run_experiment(table, PCA, workers=1))
    other = plant.assign(
        machine=plant["machine"].replace("B", "C"), time=plant["time"] + pd.Timedelta(days=9)
    )
    matched = match(model, read_table(csv(other)).frame.assign(machine=other["machine"].to_numpy()), name="n")
    assert [(one.kind, one.blocks) for one in matched.findings] == [("machine", False)]
    assert "'C' was not in the training data" in matched.findings[0].what


def test_unknown_grades_are_told_where_they_are_inputs() -> None:
    training = small_frame().assign(grade=np.where(np.arange(600) % 3, "thin", "thick"))
    table = read_table(csv(training))
    for one_hot in (True, False):
        config = replace(PCA, model=PCAModel(components=2), representation=Representation(one_hot=one_hot))
        model = trained_of(table, run_experiment(table, config, workers=1))
        later = training.assign(grade="coated", time=training["time"] + pd.Timedelta(days=9))
        kinds = [
            one.kind
            for one in mismatches(model, read_table(csv(later.assign(grade=["coated", "thin"] * 300))))
        ]
        assert kinds == (["value"] if one_hot else [])
        assert found(model, later.drop(columns="grade"))[0].table is None or not one_hot
