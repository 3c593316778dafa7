"""The command line: one JSON object on standard output, sentences and progress on standard error."""

import json
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.cli.bars import Bar
from rare_event.cli.options import configure
from rare_event.cli.parser import main, make_parser
from rare_event.config import (
    ARTICLE_DENSE,
    ARTICLE_DENSE_TEXT,
    ARTICLE_LSTM,
    RECOMMENDED,
    Costs,
    DenseModel,
    GRUModel,
    LSTMModel,
    PCAModel,
    Rule,
    SplitPlan,
)
from rare_event.detect.layers import import_keras
from rare_event.detect.training import Epoch
from rare_event.errors import ConfigError
from rare_event.store.runs import list_runs, open_run
from rare_event.store.serial import to_plain
from rare_event.text import plural

KEYS = {
    "preset": str,
    "split": str,
    "folds": list,
    "n_rows": int,
    "n_sensors": int,
    "n_windows": int,
    "n_positive": int,
    "epochs": int,
    "validation": {"auc": float, "average_precision": float, "n": int, "n_positive": int},
    "test": {"auc": float, "average_precision": float, "n": int, "n_positive": int},
    "threshold": float,
    "confusion": {"tn": int, "fp": int, "fn": int, "tp": int},
    "events": {"caught": int, "total": int},
    "false_alarms_per_day": float,
    "median_lead_minutes": (float, type(None)),
    "seconds": {"prepare": float, "train": float, "score": float},
    "run": str,
}


def require_shape(found, expected) -> None:
    for name, kind in expected.items():
        if isinstance(kind, dict):
            require_shape(found[name], kind)
        else:
            assert isinstance(found[name], kind), name


def small_frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    label = (np.arange(300) % 30 == 29).astype(int)
    return pd.DataFrame({"y": label, "a": rng.normal(size=300), "b": rng.normal(size=300)})


@pytest.fixture
def small_csv(tmp_path):
    path = tmp_path / "small.csv"
    small_frame().to_csv(path, index=False)
    return path


def test_json_is_one_object_with_all_figures(workspace, sample_csv, capsys) -> None:
    assert main(["run", str(sample_csv), "--model", "pca", "--json"]) == 0
    out, err = capsys.readouterr()
    figures = json.loads(out)  # nothing else stands on standard output
    require_shape(figures, KEYS)
    require_shape(figures["folds"][0], {"auc": float, "n": int, "n_positive": int})
    assert figures["preset"] == "recommended" and figures["split"] == "chronological"
    assert figures["n_sensors"] == 30 and figures["epochs"] == 1 and len(figures["folds"]) == 1
    assert sum(figures["confusion"].values()) == figures["test"]["n"]
    per_day = figures["load"]["alarms_per_day"]
    assert figures["load"]["share_of_acceptable"] == per_day / 150 and figures["load"]["chattering"] == 0
    assert per_day > figures["false_alarms_per_day"], "alarms that caught an event are alarms, too"
    assert "Traceback" not in err
    run = open_run(figures["run"])
    worse = [f for f in figures.pop("findings") if f["grade"] != "note"]
    # Nothing is wrong with the sample, but a fifth of it holds few events.
    assert not worse, "each part of the sample has enough events"
    assert figures.pop("settings") == []
    assert run.status().state == "done" and to_plain(run.evaluation()) == figures


def test_each_machine_can_be_scaled_by_itself(workspace, tmp_path, capsys) -> None:
    path = tmp_path / "two.csv"
    one, two = small_frame().assign(unit="A"), small_frame().assign(unit="B")
    two["a"] *= 10
    pd.concat([one, two]).to_csv(path, index=False)
    command = ["run", str(path), "--model", "pca", "--representation", "level", "--json"]
    assert main([*command, "--assets", "unit", "--per-asset"]) == 0
    apart = json.loads(capsys.readouterr().out)
    assert open_run(apart["run"]).config().representation.per_asset
    assert main([*command, "--assets", "unit"]) == 0
    alike = json.loads(capsys.readouterr().out)
    assert alike["test"]["auc"] != apart["test"]["auc"]
    assert not open_run(alike["run"]).config().representation.per_asset
    assert main([*command, "--per-asset", "--ignore", "unit"]) == 2
    out, err = capsys.readouterr()
    assert "needs a column that names the machine" in err and not out


def test_a_network_is_summarised_exported_and_logged(workspace, small_csv, tmp_path, capsys) -> None:
    options = ["--model", "dense", "--epochs", "2"]
    assert main(["run", str(small_csv), *options, "--tensorboard"]) == 0
    run = list_runs()[0]
    out = capsys.readouterr().out
    assert out.startswith("Recommended: dense on differences; 290 rows, 2 ") and "recommended" not in out
    assert f"tensorboard --logdir {run.tensorboard} --host 127.0.0.1" in out
    assert list(run.tensorboard.glob("*/events*"))
    assert main(["summary", run.id]) == 0
    out = capsys.readouterr().out
    assert 'Model: "dense"' in out and "Total params" in out and "flatten" in out
    for name in ("model.keras", "model.onnx"):
        assert main(["export", run.id, str(tmp_path / name)]) == 0
        assert (tmp_path / name).stat().st_size > 1000
    capsys.readouterr()
    assert main(["export", run.id, str(tmp_path / "model.pt")]) == 2
    assert main(["summary", "20200101-000000-000000"]) == 2
    out, err = capsys.readouterr()
    assert "End the file name with .keras or .onnx" in err and "There is no run" in err
    assert "Traceback" not in err and not out
    assert main(["run", str(small_csv), *options, "--json"]) == 0
    assert "tensorboard" not in json.loads(capsys.readouterr().out)
    assert not list_runs()[0].tensorboard.exists()


def test_an_average_of_networks_is_trained_summarised_and_exported(
    workspace, small_csv, tmp_path, capsys
) -> None:
    assert main(["run", str(small_csv), "--model", "dense", "--epochs", "2", "--networks", "3"]) == 0
    out, err = capsys.readouterr()
    assert "network 3 of 3, validation loss" in err and "fold 1" not in err
    run = list_runs()[0]
    assert run.evaluation().epochs == 2, "not the epochs of all networks together"
    assert list(run.history()["network"]) == [1, 1, 2, 2, 3, 3]
    assert run.status().state == "done" and run.status().networks == 3
    assert main(["summary", run.id]) == 0
    summary = capsys.readouterr().out
    assert "network_3" in summary and summary.count("(Flatten)") == 3, "each network's own layers"
    for name in ("model.keras", "model.onnx"):
        assert main(["export", run.id, str(tmp_path / name)]) == 0
    assert main(["bundle", run.id, "--out", str(tmp_path / "bundle.zip")]) == 0
    assert len(import_keras().models.load_model(tmp_path / "model.keras").outputs) == 3
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        card = bundle.read("MODEL_CARD.md").decode()
    assert "It is 3 networks, trained from different seeds; their errors are averaged." in card
    capsys.readouterr()
    command = ["score", str(tmp_path / "bundle.zip"), str(small_csv), "--out", str(tmp_path / "scored")]
    assert main(command) == 0
    assert main(["run", str(small_csv), "--model", "pca", "--networks", "3"]) == 2
    out, err = capsys.readouterr()
    assert "networks is 3, but only neural networks are averaged." in err
    assert "Traceback" not in err and len(list_runs()) == 1
    # Its members are trained with settings of their own.
    assert main(["run", str(small_csv), "--model", "average", "--networks", "3"]) == 2
    assert len(list_runs()) == 1


def test_progress_goes_to_standard_error(workspace, small_csv, capsys) -> None:
    options = ["--split", "rolling", "--epochs", "2", "--seed", "3", "--accept", "RE205"]
    assert main(["run", str(small_csv), *options, "--json"]) == 0
    out, err = capsys.readouterr()
    figures = json.loads(out)
    assert len(figures["folds"]) == 6 and figures["epochs"] == 2 and figures["split"] == "rolling"
    assert "epoch" in err and "fold 6 of 6, validation loss" in err
    assert "epoch/s" not in out and "fold 6" not in out


def test_the_bar_counts_the_folds_of_each_model_from_one(monkeypatch) -> None:
    said: list[str] = []
    with Bar() as bar:
        monkeypatch.setattr(bar._bar, "set_postfix_str", lambda text, **_: said.append(text.split(",")[0]))
        for _ in range(2):
            for fold, number in ((2, 1), (2, 2), (0, 1), (1, 1)):
                bar(fold, 3, Epoch(number, 0.5, 0.25, 0.1))
    places = ["fold 1 of 3", "fold 1 of 3", "fold 2 of 3", "fold 3 of 3"]
    assert said == 2 * places


def test_the_bar_counts_the_networks_of_an_average_within_their_fold(monkeypatch) -> None:
    said: list[str] = []
    with Bar() as bar:
        monkeypatch.setattr(bar._bar, "set_postfix_str", lambda text, **_: said.append(text))
        for fold in (1, 0):
            for network in (1, 2):
                bar(fold, 2, Epoch(1, 0.5, 0.25, 0.1, network=network, networks=2))
    assert [text.split(", validation")[0] for text in said] == [
        f"fold {fold} of 2, network {network} of 2" for fold in (1, 2) for network in (1, 2)
    ]


def test_a_description_for_people(workspace, small_csv, capsys) -> None:
    assert main(["run", str(small_csv), "--model", "pca", "--split", "random"]) == 0
    out, _ = capsys.readouterr()
    assert "2 sensors" in out and "random split: optimistic" in out
    figures = to_plain(list_runs()[0].evaluation())
    events = figures["events"]
    assert f"AUC {figures['test']['auc']:.3f}" in out and list_runs()[0].id in out
    assert f"events caught: {events['caught']} of {events['total']}" in out
    # The file has no clock.
    count, rows = figures["false_alarms"], figures["running_rows"]
    # Fewer than 1,000 rows bear no rate: the count comes first.
    assert rows < 1000 and f"{plural(count, 'false alarm')} in {rows:,.0f} rows (" in out
    assert figures["running_minutes"] is None and "a day" not in out
    assert "per day" not in out
    assert "{" not in out and "None" not in out
    assert main(["run", str(small_csv), "--model", "pca", "--split", "shuffled"]) == 0
    assert "random split into folds: optimistic" in capsys.readouterr().out
    assert main(["run", str(small_csv), "--model", "pca"]) == 0
    assert "optimistic" not in capsys.readouterr().out


def test_one_class_only_is_said(workspace, tmp_path, capsys) -> None:
    data = small_frame()
    data.loc[180:, "y"] = 0
    data.to_csv(tmp_path / "early.csv", index=False)
    command = ["run", str(tmp_path / "early.csv"), "--model", "pca"]
    assert main(command) == 2
    out, err = capsys.readouterr()
    assert "RE205: Column 'y': The validation part holds no events" in err and not out and not list_runs()
    assert main([*command, "--accept", "RE205"]) == 0
    out = capsys.readouterr().out
    assert "AUC not defined (one class only)" in out and "events caught: 0 of 0" in out
    assert "median lead" not in out


def test_a_fixed_threshold(workspace, small_csv, capsys) -> None:
    assert main(["run", str(small_csv), "--model", "pca", "--threshold", "1e9", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["threshold"] == 1e9 and figures["confusion"]["tp"] == figures["confusion"]["fp"] == 0


FILES = {
    "empty": b"",
    "blank": b"\n\n\n",
    "header only": b"time,y,x1\n",
    "one row": b"y,x1\n1,2.5\n",
    "one column": b"y\n0\n1\n0\n",
    "zip": b"PK\x03\x04" + bytes(100),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "binary": bytes(range(256)) * 20,
    "text": b"This is a letter.\nIt is no table, though it has lines.\nYours\n",
    "no label": b"a,b\n" + b"".join(b"%d.5,%d.25\n" % (i, 3 * i) for i in range(50)),
    "label all 0": b"y,x1\n" + b"".join(b"0,%d.5\n" % i for i in range(50)),
    "label all 1": b"y,x1\n" + b"".join(b"1,%d.5\n" % i for i in range(50)),
    "label of three values": b"y,x1\n" + b"".join(b"%d,%d.5\n" % (i % 3, i) for i in range(50)),
    "label with gaps": b"y,x1\n" + b"".join((b"1,%d.5\n" if i % 9 else b",%d.5\n") % i for i in range(50)),
    "no sensor": b"y,grade\n" + b"".join(b"%d,%s\n" % (i % 9 == 0, b"AB"[i % 2 :][:1]) for i in range(50)),
    "columns twice": b"y,x1,x1\n" + b"".join(b"%d,%d.5,1\n" % (i % 9 == 0, i) for i in range(50)),
}


def assert_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Exit code 2, nothing on standard output, one sentence on standard error."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and "Traceback" not in err
    sentence = err.splitlines()[-1]
    assert sentence.startswith("rare_event: ") and sentence.endswith((".", "?")) and len(sentence) > 40
    return err


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_a_bad_file_is_a_sentence(workspace, tmp_path, capsys, content) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    for options in ([], ["--json"]):
        err = assert_refused(["run", str(path), *options], capsys)
        assert len(err.splitlines()) == 1
    assert list_runs() == [] and not (workspace / "datasets").exists()


def test_no_file_is_a_sentence(workspace, tmp_path, capsys) -> None:
    for path in (tmp_path / "absent.csv", tmp_path):
        err = assert_refused(["run", str(path), "--json"], capsys)
        assert len(err.splitlines()) == 1 and "cannot be opened" in err
    assert list_runs() == []


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("--shift", "-3", "shift is -3 rows"),
        ("--lookback", "0", "lookback is 0 rows"),
        ("--lookback", "10001", "lookback is 10001 rows"),
        ("--epochs", "0", "epochs is 0"),
        ("--networks", "0", "networks is 0; choose 1 to 20"),
        ("--networks", "21", "networks is 21"),
        ("--seed", "-1", "seed is -1"),
        ("--threshold", "-0.5", "is -0.5; choose 0 or more"),
        ("--threshold", "nan", "value is nan"),
        ("--rule", "fa-per-day", "fa-per-day is ''"),
        ("--rule", "recall=", "recall is ''"),
        ("--policy", "repeat=1e-320", "repeat is 1e-320"),
        ("--policy", "suppress_column=phase,suppress_values=x", "'phase': small.csv has no such column"),
        (
            "--policy",
            "suppress_column=a,suppress_after=5",
            "'a': it is a sensor in small.csv, not a category",
        ),
        ("--rule", "cost=5", "The rule cost takes no value, but got '5'. Give the costs like this"),
        ("--costs", "event=5", "Add --rule cost"),
    ],
)
def test_an_option_out_of_range_is_a_sentence(workspace, small_csv, capsys, option, value, named) -> None:
    err = assert_refused(["run", str(small_csv), option, value], capsys)
    assert named in err and len(err.splitlines()) == 1
    assert list_runs() == []


def test_a_value_that_suppresses_nothing_is_refused_before_a_run_is_made(workspace, tmp_path, capsys) -> None:
    path = tmp_path / "graded.csv"
    graded = small_frame().assign(mode=["Clean "] * 20 + ["run"] * 280)
    graded.to_csv(path, index=False)
    policy = "suppress_column=mode,suppress_values=run|clean"
    err = assert_refused(["run", str(path), "--model", "pca", "--policy", policy], capsys)
    assert (
        "'mode' is 'clean': no row of graded.csv has this value. The values of 'mode' are 'Clean', 'run'."
        in err
    )
    assert len(err.splitlines()) == 1 and list_runs() == []
    assert main(["run", str(path), "--model", "pca", "--policy", policy.replace("clean", "Clean")]) == 0
    out = capsys.readouterr().out
    assert "Alarms are suppressed in " in out and "suppressed in 0 rows" not in out


@pytest.mark.parametrize(
    ("options", "named"),
    [(["--lookback", "200"], "No window of 200 rows fits"), (["--shift", "300"], "shift is 300 rows")],
)
def test_what_the_data_cannot_bear_is_a_sentence(workspace, small_csv, capsys, options, named) -> None:
    err = assert_refused(["run", str(small_csv), "--model", "pca", "--json", *options], capsys)
    assert named in err
    # The run was made and tells the same.
    (run,) = list_runs()
    assert run.status().state == "failed" and run.status().message in err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["run"],
        ["run", "x.csv", "--preset", "best"],
        ["run", "x.csv", "--model", "transformer"],
        ["run", "x.csv", "--split", "weekly"],
        ["run", "x.csv", "--representation", "second-difference"],
        ["run", "x.csv", "--shift", "two"],
        ["run", "x.csv", "--epochs", "1.5"],
        ["run", "x.csv", "--threshold", "high"],
        ["run", "x.csv", "--threshold", "0.3", "--rule", "recall=0.5"],
        ["run", "x.csv", "--unknown"],
    ],
)
def test_unknown_words_end_with_usage(workspace, capsys, arguments) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == "" and "usage: python -m rare_event" in err and "Traceback" not in err


def configured(*options):
    return configure(make_parser().parse_args(["run", "x.csv", *options]))


def test_options_change_the_preset() -> None:
    assert configured() == RECOMMENDED == configured("--preset", "recommended")
    assert configured("--preset", "article-lstm") == ARTICLE_LSTM
    assert configured("--shift", "5") == replace(RECOMMENDED, shift=5)
    assert configured("--lookback", "7") == replace(RECOMMENDED, lookback=7)
    assert configured("--seed", "9") == replace(RECOMMENDED, seed=9)
    assert configured("--epochs", "3").training == replace(RECOMMENDED.training, epochs=3)
    several = replace(RECOMMENDED.training, epochs=3, networks=5)
    assert configured("--epochs", "3", "--networks", "5").training == several
    assert configured("--split", "stretch").split == SplitPlan("stretch")
    assert configured("--representation", "level").representation == replace(
        RECOMMENDED.representation, kind="level"
    )
    assert configured("--threshold", "0.3").rule == Rule("fixed", 0.3)
    assert configured("--threshold", "0").rule == Rule("fixed", 0.0)
    assert configured("--rule", "cost").rule == Rule("cost", 0.0)
    assert configured("--rule", "promise-per-day=6").rule == Rule("promise-per-day", 6.0)
    costs = configured("--rule", "cost", "--costs", "event=500,saved=1").rule.costs
    assert costs == Costs(event=500, saved=1) != Costs()
    with pytest.raises(
        ConfigError, match="The costs have no setting 'alarm'. The settings are event, false_alarm"
    ):
        configured("--rule", "cost", "--costs", "alarm=5")
    assert configured("--model", "pca").model == PCAModel()
    assert RECOMMENDED.shift == 2 and RECOMMENDED.rule == Rule("fa-per-day", 2.0)  # as they were


def test_an_lstm_has_something_to_remember() -> None:
    lstm = configured("--model", "lstm")
    assert lstm.model == LSTMModel() and lstm.lookback == 5
    assert configured("--model", "lstm", "--lookback", "2").lookback == 2
    # Naming the preset's own model changes nothing.
    article = ["--widths", "32", "16", "16", "--activations", "tanh", "relu", "tanh"]
    article += ["--output-activation", "relu", "--activity-l1", "0.001"]
    assert configured(*article).model == ARTICLE_DENSE_TEXT.model != RECOMMENDED.model
    with pytest.raises(ConfigError, match="The model lstm does not take --widths"):
        configured("--model", "lstm", *article[:4])
    assert configured("--preset", "article-dense", "--model", "dense") == ARTICLE_DENSE
    assert configured("--preset", "article-lstm", "--model", "dense").lookback == 5


def test_an_option_out_of_range_is_refused_by_the_config() -> None:
    with pytest.raises(ConfigError, match="epochs is 0"):
        configured("--epochs", "0")


def test_the_module_can_be_run(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rare_event", "run", str(tmp_path / "absent.csv"), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr
    assert done.stderr.startswith("rare_event: The file cannot be opened")


@pytest.mark.parametrize("name", ["lstm", "gru", "bilstm", "cnn-lstm", "conv", "attention"])
def test_a_model_of_sequences_has_something_to_remember(name) -> None:
    config = configured("--model", name)
    assert config.model.kind == name and config.lookback == 5
    assert configured("--model", name, "--lookback", "2").lookback == 2
    assert configured("--model", "vae").lookback == 1


def test_options_of_networks_change_the_model_only() -> None:
    noisy = configured(
        "--model", "gru", "--dropout", "0.2", "--recurrent-dropout", "0.1", "--activation", "tanh"
    )
    assert noisy.model == GRUModel(dropout=0.2, recurrent_dropout=0.1, activation="tanh")
    assert replace(noisy, model=GRUModel()) == configured("--model", "gru")
    quiet = configured("--gaussian-dropout", "0.1", "--input-noise", "0.2", "--weight-decay", "1e-5")
    assert quiet.model == DenseModel(gaussian_dropout=0.1, input_noise=0.2, weight_decay=1e-5)
    selu = configured("--alpha-dropout", "0.1", "--activation", "selu").model
    assert selu == DenseModel(alpha_dropout=0.1, activation="selu")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--recurrent-dropout", "0.1"], "model dense does not take --recurrent-dropout"),
        (["--model", "pca", "--dropout", "0.1"], "model pca does not take --dropout"),
        (["--model", "gru", "--dropout", "1.5"], "dropout is 1.5"),
        (["--model", "gru", "--alpha-dropout", "0.1"], "the activation relu"),
    ],
)
def test_an_option_a_model_has_not_is_a_sentence(workspace, small_csv, capsys, options, named) -> None:
    err = assert_refused(["run", str(small_csv), *options], capsys)
    assert named in err and len(err.splitlines()) == 1
    assert list_runs() == []
