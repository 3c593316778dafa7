"""Score, bundle and import on the command line: files, exit codes, sentences, and nothing half-written."""

import json
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest

from rare_event.cli.parser import main
from rare_event.cli.scoring import mapping_of
from rare_event.config import LogisticModel
from rare_event.errors import ConfigError
from rare_event.experiment.score import score
from rare_event.jobs.worker import execute
from rare_event.judge.kept import HEADLINES
from rare_event.store.bundle import open_trained
from rare_event.store.datasets import add_dataset
from rare_event.store.incoming import read_new
from rare_event.store.runs import create_run, list_runs
from rare_event.store.scored import exports
from tests.small import PCA, small_frame


@pytest.fixture
def run(workspace, small_csv):
    run = create_run(add_dataset(small_csv, "small.csv"), PCA)
    execute(run)
    return run


@pytest.fixture
def new():
    return small_frame(300).assign(time=lambda f: f["time"] + pd.Timedelta(days=30))


@pytest.fixture
def file(tmp_path, new):
    path = tmp_path / "new.csv"
    new.to_csv(path, index=False)
    return path


def told(capsys):
    return capsys.readouterr()


def test_scores_alarms_and_figures_are_written(run, file, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    assert main(["score", run.id, str(file), "--out", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == {
        *("scores.csv", "scores.parquet", "alarms.csv", "summary.json", "ledger.csv")
    }
    assert "new.csv: 294 of 300 rows scored" in told(capsys).out
    trained = open_trained(run)
    direct = score(trained, read_new(trained, file, "new.csv").matched.ready())
    # The app writes these bytes too.
    assert {path.name: path.read_bytes() for path in out.iterdir()} == exports(trained, direct)
    parquet = pd.read_parquet(out / "scores.parquet")
    assert parquet.equals(direct.frame)
    csv = pd.read_csv(
        out / "scores.csv", parse_dates=["time"], keep_default_na=False, na_values={"score": ""}
    )
    assert csv["score"].to_numpy().tobytes() == direct.frame["score"].to_numpy().tobytes()
    assert csv["time"].tolist() == direct.frame["time"].tolist()


def test_the_same_as_json(run, file, tmp_path, capsys) -> None:
    assert main(["score", run.id, str(file), "--out", str(tmp_path / "out"), "--json"]) == 0
    figures = json.loads(told(capsys).out)
    assert figures == json.loads((tmp_path / "out" / "summary.json").read_text())
    assert figures["rows"] == 300 and figures["scored"] == 294 and figures["run"] == run.id
    assert {one["reason"]: one["rows"] for one in figures["unscored"]} == {"no history": 1, "event": 5}
    assert figures["promise"]["answer"] in HEADLINES and figures["promise"]["rate"] > 0
    assert figures["promise"]["check"]["alarms"]["what"] and "confidence" in figures["promise"]["what"]
    assert figures["worth"]["events"] == 5 and figures["worth"]["on_validation_data"]["events"] == 2


def test_two_files_with_history_are_one(run, new, file, tmp_path, capsys) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    new[:133].to_csv(first, index=False)
    new[133:].to_csv(second, index=False)
    for name, arguments in {"all": [file], "a": [first], "b": [second, "--history", first]}.items():
        assert main(["score", run.id, *map(str, arguments), "--out", str(tmp_path / name)]) == 0
    whole, *parts = (pd.read_parquet(tmp_path / name / "scores.parquet") for name in ("all", "a", "b"))
    assert pd.concat(parts, ignore_index=True).equals(whole)
    whole_alarms, a, b = (pd.read_csv(tmp_path / name / "alarms.csv") for name in ("all", "a", "b"))
    a = a[a["ended"] != "still on in the last row"]
    assert pd.concat([a, b], ignore_index=True).to_csv() == whole_alarms.to_csv()
    # Without the history the first row of the second file has no score.
    assert main(["score", run.id, str(second), "--out", str(tmp_path / "alone")]) == 0
    alone = pd.read_parquet(tmp_path / "alone" / "scores.parquet")
    assert alone["score"].isna()[0] and not parts[1]["score"].isna()[0]
    # Several files that follow one another are one, too.
    assert main(["score", run.id, str(first), str(second), "--out", str(tmp_path / "both")]) == 0
    assert (tmp_path / "both" / "scores.csv").read_bytes() == (tmp_path / "all" / "scores.csv").read_bytes()


def test_a_renamed_column_is_confirmed(run, new, tmp_path, capsys) -> None:
    path = tmp_path / "renamed.csv"
    new.rename(columns={"s2": "S2 [bar]"}).to_csv(path, index=False)
    arguments = ["score", run.id, str(path), "--out", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert "'S2 [bar]' looks like it" in (error := told(capsys).err) and "--map 'S2 [bar]=s2'" in error
    assert not (tmp_path / "out").exists()
    assert main([*arguments, "--map", "S2 [bar]=s2"]) == 0
    assert (tmp_path / "out").is_dir()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.drop(columns="s1"), "Column 's1' is missing"),
        (lambda f: f[:1], "no row that can be scored"),
        (lambda f: f.assign(s0=float("nan")), "no row that can be scored"),
        (lambda f: f.assign(time="soon"), "time"),
    ],
)
def test_bad_input_is_a_sentence_and_writes_nothing(run, new, tmp_path, capsys, change, said) -> None:
    path = tmp_path / "bad.csv"
    change(new).to_csv(path, index=False)
    before = {path.name for path in tmp_path.iterdir()}
    assert main(["score", run.id, str(path), "--out", str(tmp_path / "out")]) == 2
    error = told(capsys).err
    assert said in error and "Traceback" not in error
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_folder_with_other_files_is_never_replaced(run, file, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("kept")
    arguments = ["score", run.id, str(file), "--out", str(out)]
    assert main([*arguments, "--force"]) == 2
    assert "holds other files, such as 'mine.txt'" in told(capsys).err
    assert (out / "mine.txt").read_text() == "kept"
    (out / "mine.txt").unlink()
    assert main(arguments) == 0
    assert main(arguments) == 2 and "already holds results" in told(capsys).err
    assert main([*arguments, "--force"]) == 0
    assert main(["score", run.id, str(file), "--out", str(tmp_path / "no" / "out")]) == 2
    assert "does not exist" in told(capsys).err


def test_an_unknown_run_is_a_sentence(workspace, file, tmp_path, capsys) -> None:
    assert main(["score", "20240101-000000-000000", str(file), "--out", str(tmp_path / "out")]) == 2
    assert "There is no run" in told(capsys).err
    assert main(["score", str(file), str(file), "--out", str(tmp_path / "out")]) == 2
    assert "new.csv is damaged or not a bundle" in told(capsys).err


def test_a_bundle_goes_to_another_workspace(run, file, tmp_path, capsys, monkeypatch) -> None:
    bundle = tmp_path / "model.zip"
    assert main(["bundle", run.id, "--out", str(bundle)]) == 0
    assert bundle.stat().st_size < 5_000_000 and "model.zip: " in told(capsys).out
    assert main(["bundle", run.id, "--out", str(bundle)]) == 2
    assert "already exists" in told(capsys).err
    assert main(["score", run.id, str(file), "--out", str(tmp_path / "here")]) == 0
    monkeypatch.setenv("RARE_EVENT_HOME", str(tmp_path / "elsewhere"))
    told(capsys)
    assert main(["import", str(bundle), "--json"]) == 0
    imported = json.loads(told(capsys).out)["run"]
    assert [one.id for one in list_runs()] == [imported]
    for name, model in {"imported": imported, "bundle": str(bundle)}.items():
        assert main(["score", model, str(file), "--out", str(tmp_path / name)]) == 0
        for output in ("scores.csv", "scores.parquet", "alarms.csv", "ledger.csv"):
            assert (tmp_path / name / output).read_bytes() == (tmp_path / "here" / output).read_bytes()
    assert main(["import", str(file)]) == 2 and "not a bundle" in told(capsys).err
    assert [one.id for one in list_runs()] == [imported]


@pytest.mark.parametrize("model", [PCA.model, LogisticModel()], ids=["pca", "logistic"])
def test_scoring_without_a_network_never_imports_tensorflow(
    workspace, small_csv, file, tmp_path, model
) -> None:
    run = create_run(add_dataset(small_csv, "small.csv"), replace(PCA, model=model))
    execute(run)
    arguments = ["score", run.id, str(file), "--out", str(tmp_path / "out")]
    code = (
        f"import sys; from rare_event.cli.parser import main; code = main({arguments!r}); "
        "print(code, sorted({'tensorflow', 'keras'} & {name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_names_of_sensors_are_no_formulas_in_the_files(workspace, new, tmp_path) -> None:
    evil = {"s0": "=cmd|' /C calc'!A0"}
    training = small_frame().rename(columns=evil)
    run = create_run(add_dataset(training.to_csv(index=False).encode(), "evil.csv"), PCA)
    execute(run)
    trained = open_trained(run)
    path = tmp_path / "evil.csv"
    later = new.rename(columns=evil)
    later.loc[20:, evil["s0"]] *= 100
    later.to_csv(path, index=False)
    files = exports(trained, score(trained, read_new(trained, path, "evil.csv").matched.ready()))
    alarms = files["alarms.csv"].decode()
    assert "'=cmd" in alarms and ",=cmd" not in alarms and '"=cmd' not in alarms


def test_mappings_are_read() -> None:
    assert mapping_of(["a=b", "x = y=z"]) == {"a": "b", "x = y": "z"}
    for text in ("a", "=b", "a="):
        with pytest.raises(ConfigError, match="Write the name in the file"):
            mapping_of([text])
    with pytest.raises(ConfigError, match="twice"):
        mapping_of(["a=b", "a=c"])


def test_a_column_that_only_the_history_has_is_missing(run, new, tmp_path, capsys) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    new[:133].to_csv(first, index=False)
    new[133:].drop(columns="s1").to_csv(second, index=False)
    arguments = ["score", run.id, str(second), "--history", str(first), "--out", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert "Column 's1' is missing" in told(capsys).err
    # A confirmed name of the new file need not be that of the history.
    new[133:].rename(columns={"s1": "other"}).to_csv(second, index=False)
    assert main([*arguments, "--map", "other=s1"]) == 0
    scored = pd.read_parquet(tmp_path / "out" / "scores.parquet")
    assert scored["score"].notna()[0] and len(scored) == 167


def test_a_full_disk_leaves_nothing(run, file, tmp_path, capsys, monkeypatch) -> None:
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    before = {path.name for path in tmp_path.iterdir()}
    assert main(["score", run.id, str(file), "--out", str(tmp_path / "out")]) == 2
    assert "No space left on device. Free some space" in told(capsys).err
    assert {path.name for path in tmp_path.iterdir()} == before


def test_alarms_are_shelved_until_a_time(run, file, new, tmp_path, capsys) -> None:
    run.commit(replace(run.committed(), thresholds=dict.fromkeys(run.committed().thresholds, 0.0)))
    until = f"{new['time'][100]:%Y-%m-%dT%H:%M}"
    command = ["score", run.id, str(file), "--shelve-until", until]
    out = tmp_path / "out"
    assert main([*command, "--out", str(out)]) == 0
    assert "Alarms are shelved in 98 rows, " in told(capsys).out
    alarms = pd.read_csv(out / "alarms.csv", parse_dates=["start"])
    assert len(alarms) and alarms["start"].min() == new["time"][100]
    assert main([*command, "--out", str(tmp_path / "json"), "--json"]) == 0
    figures = json.loads(told(capsys).out)
    assert figures["shelved"] == {"until": until.replace("T", " "), "rows": 98}
    assert main([*command[:-1], "noon", "--out", str(tmp_path / "bad")]) == 2
    assert "'noon' cannot be read as a time" in told(capsys).err and not (tmp_path / "bad").exists()


def test_a_follower_shelves_alarms_until_a_time(run, file, new, tmp_path, capsys) -> None:
    watched = tmp_path / "in"
    watched.mkdir()
    file.rename(watched / "new.csv")
    command = ["follow", run.id, "--watch", str(watched), "--out", str(tmp_path / "out"), "--once"]
    assert main([*command, "--shelve-until", f"{new['time'][100]:%Y-%m-%d %H:%M}"]) == 0
    out = told(capsys).out
    assert "; alarms shelved in 98 rows." in out
    assert out.splitlines()[-1].startswith("Alarms are shelved in 98 rows, ")
    assert main([*command, "--shelve-until", "noon"]) == 2
    assert "'noon' cannot be read as a time" in told(capsys).err
