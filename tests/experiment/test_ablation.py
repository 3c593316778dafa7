"""What a model reads: its AUC without each group of its inputs."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.cli.parser import main
from rare_event.config import RECOMMENDED, PCAModel, Representation, recipe
from rare_event.errors import ConfigError, DataError
from rare_event.experiment import ablation as module
from rare_event.experiment.ablation import Ablation, Alone, Without, ablation, groups_of, judged_as
from rare_event.experiment.ablation_words import describe, in_words, title_of
from rare_event.experiment.run import run_experiment
from rare_event.judge.chance import since_restart
from rare_event.judge.comparison import compare
from rare_event.judge.evaluation import ranking
from rare_event.prepare.corrections import Corrections
from rare_event.prepare.prepared import prepare
from rare_event.prepare.sample import LOOPS, PRECURSORS
from rare_event.prepare.table import read_table
from tests.small import PCA, small_frame

MODEL = replace(RECOMMENDED, name="pca", model=PCAModel())
FOLDS = 4


def auc_of(test) -> float:
    aucs = [ranking(part)[0] for part in test.by_fold().values()]
    return float(np.mean([auc for auc in aucs if auc is not None]))


def table_of(frame: pd.DataFrame):
    return read_table(frame.to_csv(index=False).encode())


@pytest.fixture(scope="module")
def found(sample_table):
    progress = []
    result = ablation(sample_table, MODEL, FOLDS, on_progress=lambda *step: progress.append(step[:2]))
    return result, progress


def test_what_announces_the_breaks_of_the_sample_costs_most(found) -> None:
    first, *_, last = found[0].without
    assert {"draw_press_dryer", "dryer_drive_load"} <= set(first.inputs) and first.low > 0
    assert not set(last.inputs) & set(PRECURSORS) and last.low <= 0
    assert found[0].auc > 0.8 and found[0].auc - first.auc == pytest.approx(first.fall)


def test_every_sensor_is_in_one_group_the_largest_fall_first(found, sample_table) -> None:
    named = [name for each in found[0].without for name in each.inputs]
    assert sorted(named) == sorted(sample_table.schema.sensors)
    assert {*LOOPS["stock"]} < {*named} and len(found[0].without) <= 12
    falls = [each.fall for each in found[0].without]
    assert falls == sorted(falls, reverse=True)
    assert all(each.low <= each.fall <= each.high for each in found[0].without)
    assert [each.kind for each in found[0].alone] == ["clock"], "no value is missing in the sample"


def test_each_figure_is_that_of_a_file_without_the_sensors(found, sample_csv, sample_table) -> None:
    frame, config = pd.read_csv(sample_csv), judged_as(MODEL, FOLDS)
    whole = run_experiment(sample_table, config).test
    for each in (found[0].without[0], found[0].without[-1]):
        without = run_experiment(table_of(frame.drop(columns=[*each.inputs])), config).test
        expected = compare([whole], [without])
        assert expected is not None
        assert (each.fall, each.low, each.high) == (expected.difference, expected.low, expected.high)
        assert each.auc == auc_of(without) != found[0].auc
    assert found[0].alone[0].auc == auc_of(since_restart(whole))
    assert (found[0].n, found[0].n_positive) == (len(whole), whole.n_positive)


def test_progress_counts_the_folds_of_all_trainings_together(found) -> None:
    n = FOLDS * (1 + len(found[0].without))
    assert found[1] == [(number, n) for number in range(n)]


def test_no_row_after_the_first_training_part_changes_the_groups(sample_csv) -> None:
    frame, config = pd.read_csv(sample_csv), judged_as(MODEL, FOLDS)

    def groups(table):
        return groups_of(table, prepare(table, config), config)

    table = table_of(frame)
    prepared = prepare(table, config)
    train = prepared.folds[0].train
    sensors = [*table.schema.sensors]
    late = frame.index > prepared.row[train].max()
    shuffled = frame.copy()
    rng = np.random.default_rng(0)
    shuffled.loc[late, sensors] = frame.loc[late, sensors].sample(frac=1, random_state=0).to_numpy()
    assert groups(table_of(shuffled)) == groups(table)
    early = frame.copy()
    for sensor in sensors:
        early.loc[~late, sensor] = rng.permutation(frame.loc[~late, sensor])
    assert groups(table_of(early)) != groups(table), "the training rows were to make the groups"


def test_any_split_of_the_config_becomes_a_rolling_origin(sample_table, found) -> None:
    random = replace(MODEL, split=replace(MODEL.split, kind="random"))
    assert ablation(sample_table, random, FOLDS) == found[0]


@pytest.fixture(scope="module")
def gapped():
    """Values go missing just before events and seldom elsewhere; category `grade` says nothing."""
    frame = small_frame(3000)
    before = frame.index[(frame["y"].shift(-1) == 1) | (frame["y"].shift(-2) == 1)]
    frame.loc[before[::3], "s1"] = np.nan
    frame.loc[5::211, "s1"] = np.nan
    return table_of(frame.assign(grade=np.where(frame.index % 7 < 3, "A", "B")))


def test_missing_values_alone_are_judged_on_all_rows(gapped) -> None:
    result = ablation(gapped, PCA, 3)
    clock, missing = result.alone
    assert (clock.kind, missing.kind) == ("clock", "missing")
    assert clock.n == result.n < missing.n
    assert missing.auc is not None and missing.interval is not None
    assert missing.auc > 0.6 > result.auc, "only what is missing says something"
    assert missing.interval[0] < missing.auc < missing.interval[1]


def test_categories_are_a_group_where_the_model_reads_them(gapped) -> None:
    config = replace(PCA, representation=Representation(one_hot=True))
    result = ablation(gapped, config, 3)
    (grade,) = [each for each in result.without if each.kind == "categories"]
    assert grade.inputs == ("grade",) and title_of(grade) == "categories grade"
    assert not [each for each in ablation(gapped, PCA, 3).without if each.kind == "categories"]


def test_a_blend_leaves_out_of_all_its_members(gapped) -> None:
    config = replace(recipe("average", PCA), lookback=1)
    result = ablation(gapped, config, 3, named=["s0", "s2"])
    (named,) = [each for each in result.without if each.kind == "named"]
    members = []

    def without(table, prepared):
        members.append(prepared)
        return module.without_sensors(prepared, ["s0", "s2"])

    test = run_experiment(gapped, judged_as(config, 3), read=without).test
    assert named.auc == auc_of(test)
    assert len(members) == 3 and result.n == len(test)


def test_sensors_by_name_are_left_out_together(sample_table) -> None:
    result = ablation(sample_table, MODEL, FOLDS, named=list(PRECURSORS))
    (named,) = [each for each in result.without if each.kind == "named"]
    assert set(named.inputs) == set(PRECURSORS)
    assert named is result.without[0] and named.low > 0, "nothing else announces the breaks"


@pytest.mark.parametrize(
    ("named", "what"), [(["s9"], "no sensor 's9'"), (["s0", "s1", "s2", "s3"], "Leave at least one")]
)
def test_what_cannot_be_left_out_is_said_before_anything_is_trained(gapped, monkeypatch, named, what) -> None:
    monkeypatch.setattr(module, "run_experiment", None)
    with pytest.raises(ConfigError, match=what):
        ablation(gapped, PCA, 3, named=named)


def test_too_few_events_are_refused_before_anything_is_trained(monkeypatch) -> None:
    monkeypatch.setattr(module, "run_experiment", None)
    with pytest.raises(DataError, match="hold 6 events, too few .* at least 10 are needed"):
        ablation(table_of(small_frame()), PCA, 3)
    unlabelled = small_frame().drop(columns="y").to_csv(index=False).encode()
    with pytest.raises(DataError, match="no label"):
        ablation(read_table(unlabelled, said=Corrections(no_label=True)), PCA, 3)


def test_a_fold_without_events_is_named(monkeypatch) -> None:
    monkeypatch.setattr(module, "run_experiment", None)
    frame = small_frame(3000)
    frame.loc[2350:2750, "y"] = 0
    with pytest.raises(DataError, match=r"The test part of fold \d+ has no positive windows.*fewer folds"):
        ablation(table_of(frame), PCA, 6)


def test_sensors_that_all_go_together_cannot_be_left_out() -> None:
    frame = small_frame(3000)
    frame = frame.assign(s1=frame["s0"], s2=-frame["s0"], s3=2 * frame["s0"])
    with pytest.raises(DataError, match="All 4 sensors go together"):
        ablation(table_of(frame), PCA, 3)
    with pytest.raises(DataError, match="one sensor"):
        ablation(table_of(frame[["time", "y", "s0"]]), PCA, 3)
    assert ablation(table_of(frame), PCA, 3, named=["s1"]).without[0].inputs == ("s1",)


def of(inputs, fall, low, high, auc=0.66) -> Without:
    return Without("sensors", inputs, auc - fall, fall, low, high)


CLOCK = Alone("clock", 0.53, (0.47, 0.59), 1000, 78)
NAMED = of(("x15", "x48", "x5"), 0.08, 0.03, 0.12)
NONE = of(("x1",), 0.01, -0.01, 0.03)
WHOLE = Ablation(0.66, (0.61, 0.71), 1000, 150, 78, 6, (NAMED, NONE), (CLOCK,))


def test_a_fall_is_said_with_its_figures() -> None:
    words = in_words(WHOLE)
    assert words.startswith(
        "Without x15, x48 and x5 the AUC falls from 0.66 to 0.58: by 0.08 (95% interval 0.03 to 0.12)."
    )
    assert "The time since the last restart alone reaches 0.53 (0.47 to 0.59)." in words
    assert "2 groups were tried" in words and "No difference" not in words and "x1 " not in words


def test_where_the_interval_holds_zero_no_difference_is_claimed() -> None:
    words = in_words(replace(WHOLE, without=(NONE, of(("x2",), -0.01, -0.02, 0.0))))
    assert "No difference can be seen without any of the 2 groups of inputs." in words
    assert "falls from" not in words and "rises" not in words
    only = in_words(replace(WHOLE, without=(NONE,)))
    assert "No difference can be seen without x1" in only


def test_a_rise_is_no_fall() -> None:
    words = in_words(replace(WHOLE, without=(NONE, of(("x2",), -0.05, -0.08, -0.02))))
    assert "Without x2 the AUC rises by 0.05 (95% interval 0.02 to 0.08)" in words
    assert "No fall can be seen" in words and "No difference" not in words


def test_a_larger_fall_that_is_not_seen_does_not_take_the_first_place() -> None:
    words = in_words(replace(WHOLE, without=(of(("x9",), 0.1, -0.01, 0.2), NAMED)))
    assert words.startswith("Without x15, x48 and x5 the AUC falls")
    assert "Without x9 the fall is larger, but may be due to chance." in words


def test_an_interval_next_to_zero_does_not_read_as_if_it_began_there() -> None:
    words = in_words(replace(WHOLE, without=(of(("x1",), 0.02, 0.004, 0.03),)))
    assert "from 0.660 to 0.640: by 0.020 (95% interval 0.004 to 0.030)" in words
    assert "0.00 " not in words


def test_a_model_no_better_than_chance_has_little_to_lose() -> None:
    assert in_words(replace(WHOLE, interval=(0.49, 0.6))).startswith("With all inputs the AUC is 0.66")
    assert "little to lose" not in in_words(WHOLE)


def test_the_table_says_where_no_difference_can_be_seen() -> None:
    lines = describe(replace(WHOLE, alone=(CLOCK, Alone("missing", None, None, 10, 0)))).splitlines()
    (named,) = [line for line in lines if line.startswith("x15, x48 and x5 ")]
    (none,) = [line for line in lines if line.startswith("x1 ")]
    assert "no difference can be seen" in none and "no difference" not in named
    assert not any("None" in line or "nan" in line for line in lines)


def test_the_command_line_prints_one_object(sample_csv, capsys) -> None:
    command = ["ablation", str(sample_csv), "--model", "squares", "--folds", "3", "--without", "reel_tension"]
    assert main([*command, "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert {"auc", "interval", "without", "alone", "sentence", "findings"} <= set(figures)
    assert [each["inputs"] for each in figures["without"] if each["kind"] == "named"] == [["reel_tension"]]
    assert all(each["low"] <= each["fall"] <= each["high"] for each in figures["without"])
    assert figures["sentence"] in describe_of(command, capsys)
    assert main([*command, "x99"]) == 2
    out, err = capsys.readouterr()
    assert "no sensor 'x99'" in err and not out


def describe_of(command, capsys) -> str:
    assert main(command) == 0
    return str(capsys.readouterr().out)


@pytest.mark.mill
def test_the_mill_is_read_where_its_sensors_move(mill_table) -> None:
    result = ablation(mill_table, MODEL, named=["x15", "x48", "x5"])
    assert result.auc == pytest.approx(0.655, abs=0.01)
    assert {"x15", "x48"} <= set(result.without[0].inputs)
    assert "x5" in result.without[1].inputs and "x5" not in result.without[0].inputs
    # 78 events are too few to see any of these falls.
    assert not any(each.low > 0 for each in result.without)
    assert result.alone[0].auc == pytest.approx(0.53, abs=0.005)
