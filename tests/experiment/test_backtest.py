"""The command that compares models by training them on the past, fold by fold."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.cli.parser import main
from rare_event.config import RECOMMENDED, PCAModel, SquaresModel, name_of, recipe
from rare_event.errors import NoEventError
from rare_event.experiment.backtest import backtest, describe
from rare_event.experiment.run import run_experiment
from rare_event.prepare.corrections import Corrections
from rare_event.prepare.table import read_table
from rare_event.store.serial import to_plain
from tests.small import judgement_of, small_frame

PCA = replace(RECOMMENDED, name="pca", model=PCAModel())


@pytest.fixture(scope="module")
def rows(sample_table):
    squares = replace(PCA, name="squares", model=SquaresModel())
    return backtest(sample_table, [PCA, squares, recipe("average", PCA)], folds=4)


def test_any_split_of_the_config_becomes_a_rolling_origin(sample_table, rows) -> None:
    random = replace(PCA, split=replace(PCA.split, kind="random"))
    (again, *_) = backtest(sample_table, [random], folds=4)
    assert to_plain(again) == to_plain(rows[0])
    rolling = replace(PCA, split=replace(PCA.split, kind="rolling", folds=4))
    assert to_plain(run_experiment(sample_table, rolling).judgement()) == to_plain(rows[0])


def test_trivial_rows_follow_the_models_on_the_same_windows(rows) -> None:
    assert [row.name for row in rows] == ["pca", "squares", "average", "chance", "since-restart"]
    assert len({row.windows for row in rows}) == 1
    chance = rows[3]
    assert abs(chance.mean_fold_auc - 0.5) < 0.1 < rows[0].mean_fold_auc - chance.mean_fold_auc


def test_a_model_that_a_blend_needs_is_trained_once(sample_table, monkeypatch) -> None:
    from rare_event.experiment import backtest as module

    trained = []

    def counting(table, config, *rest, **how):
        trained.append(config.name)
        return run_experiment(table, config, *rest, **how)

    monkeypatch.setattr(module, "run_experiment", counting)
    configs = [recipe(name, PCA) for name in ("pca", "average")]
    assert [row.name for row in backtest(sample_table, configs, folds=2)][:2] == ["pca", "average"]
    assert sorted(trained) == ["average", "difference-5", "forecast", "pca"]


def test_the_command_line_prints_one_object(sample_csv, capsys) -> None:
    command = ["backtest", str(sample_csv), "--model", "pca", "squares", "--folds", "4", "--json"]
    assert main(command) == 0
    printed = capsys.readouterr()
    figures = json.loads(printed.out)
    assert figures["n_compared"] == 4
    assert [model["name"] for model in figures["models"]] == ["pca", "squares", "chance", "since-restart"]
    model = figures["models"][0]
    assert len(model["fold_auc"]) == 4 and "auc_draws" not in model
    assert set(model["events"]) == {"total", "caught", "caught_at_best", "caught_trailing"}
    assert set(model["events"]["caught"]) == {"4", "20"}
    assert set(model["fa_per_day_achieved"]) == set(model["fa_per_day_trailing"]) == {"1", "2", "5"}
    assert "{" not in printed.err


def test_the_options_of_networks_reach_every_model(sample_csv, capsys, monkeypatch) -> None:
    asked = []

    def nothing(table, configs, *rest):
        asked.extend(configs)
        return []

    monkeypatch.setattr("rare_event.experiment.backtest.backtest", nothing)
    command = ["backtest", str(sample_csv), "--model", "dense", "lstm", "--lookback", "4", "--json"]
    assert main([*command, "--dropout", "0.2", "--weight-decay", "0.01"]) == 0
    assert [(config.model.kind, config.lookback) for config in asked] == [("dense", 4), ("lstm", 4)]
    for config in asked:
        assert (config.model.dropout, config.model.weight_decay) == (0.2, 0.01)
        assert config.model.input_noise == 0
    asked.clear()
    assert main([*command, "--recurrent-dropout", "0.2"]) == 2
    assert "The model dense does not take --recurrent-dropout" in capsys.readouterr().err
    assert asked == [], "nothing is trained before all settings are good"


def test_a_file_too_short_for_the_folds_is_a_sentence(tmp_path, capsys) -> None:
    short = tmp_path / "short.csv"
    short.write_text("x,y\n" + "".join(f"{i * 0.37 % 1:.3f},{int(i == 20)}\n" for i in range(30)))
    command = ["backtest", str(short), "--model", "pca", "--folds", "20"]
    # Its single event is a problem of the file; who accepts that still hears of the folds.
    for options, sentence in (
        (command, "only one event"),
        ([*command, "--accept", "RE201"], "Use fewer folds"),
    ):
        assert main(options) == 2
        printed = capsys.readouterr()
        assert printed.out == "" and "Traceback" not in printed.err
        assert sentence in printed.err


def test_in_words_the_best_is_first(rows) -> None:
    worse = replace(rows[0], name="worse", fold_auc=(0.1,), interval=None)
    lines = describe([worse, rows[0]]).splitlines()
    assert "2 models compared" in lines[0]
    assert lines[2].startswith("PCA, squared error  ") and lines[3].startswith("Worse  ")
    assert "None" not in "".join(lines)


def test_in_words_models_have_their_names_in_a_column_that_fits_them(rows) -> None:
    said = describe(rows)
    assert all(name_of(row.name) in said and f"\n{row.name} " not in said for row in rows)
    assert len({line.rfind(" of ") for line in said.splitlines()[2:]}) == 1


def test_labels_rolled_in_time_give_a_supervised_model_no_skill(sample_table) -> None:
    logistic = recipe("logistic", PCA)
    label = sample_table.schema.label

    def skill(offset: int) -> float:
        rolled = sample_table.frame.assign(**{label: np.roll(sample_table.label, offset)})
        (row, *_) = backtest(replace(sample_table, frame=rolled), [logistic], folds=4)
        assert row.mean_fold_auc is not None
        return row.mean_fold_auc

    invented = [skill(offset) for offset in (1_700, 4_100, 6_500, 9_300)]
    assert abs(np.mean(invented) - 0.5) < 0.05
    assert max(invented) < 0.6 < skill(0)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """A file of three machines of 600 rows, each at a level of its own."""
    base = small_frame(600)
    machines = [base.assign(unit=f"press {n}", s0=base["s0"] + 100 * n) for n in range(3)]
    path = tmp_path_factory.mktemp("fleet") / "fleet.csv"
    pd.concat(machines).to_csv(path, index=False)
    return path


def test_each_machine_is_tested_on_what_the_others_taught(fleet, capsys) -> None:
    table = read_table(fleet, said=Corrections(assets="unit"))
    (result, *_) = backtest(table, [PCA], kind="asset")
    alone = run_experiment(table, replace(PCA, split=replace(PCA.split, kind="asset"))).judgement()
    assert len(result.fold_auc) == 3 and result.fold_auc == alone.fold_auc
    (rolling, *_) = backtest(table, [PCA], folds=2)
    assert len(rolling.fold_auc) == 2 and rolling.fold_auc != result.fold_auc[:2]
    options = ["--model", "pca", "--split", "asset", "--label", "y", "--accept", "RE201"]
    assert main(["backtest", str(fleet), "--assets", "unit", *options]) == 0
    out = capsys.readouterr().out
    assert (
        "3 folds, each trained on the data of the other machines, including data from the same hours" in out
    )
    assert "the rows before it" not in out


def test_a_split_by_machine_without_a_machine_is_refused(fleet, capsys) -> None:
    assert main(["backtest", str(fleet), "--model", "pca", "--split", "asset", "--ignore", "unit"]) != 0
    said = capsys.readouterr()
    assert said.out == "" and said.err


@pytest.fixture(scope="module")
def one_event(tmp_path_factory):
    path = tmp_path_factory.mktemp("one") / "one-event.csv"
    small_frame().assign(y=[int(row == 530) for row in range(600)]).to_csv(path, index=False)
    return read_table(path)


def test_a_model_without_a_past_event_is_left_out_and_the_others_are_judged(one_event) -> None:
    configs = [PCA, recipe("logistic", PCA)]
    with pytest.raises(NoEventError, match="learns from past events"):
        backtest(one_event, configs, 4)
    left_out: dict[str, str] = {}
    rows = backtest(
        one_event, configs, 4, on_left_out=lambda config, why: left_out.update({config.name: str(why)})
    )
    assert [row.name for row in rows] == ["pca", "chance", "since-restart"]
    assert list(left_out) == ["logistic"]
    assert "Left out: " in describe(rows, left_out=left_out) and "Left out" not in describe(rows)


def test_nothing_is_judged_where_every_model_needs_a_past_event(one_event) -> None:
    with pytest.raises(NoEventError, match="No model is left"):
        backtest(one_event, [recipe("logistic", PCA)], 4, on_left_out=lambda *_: None)


def test_a_backtest_of_less_than_a_day_gives_no_rate() -> None:
    judgement = judgement_of()
    counts = tuple(replace(count, false_alarms_per_day=None) for count in judgement.counts)
    line = describe([replace(judgement, counts=counts)]).splitlines()[-1]
    assert line.endswith(" –") and "None" not in line
