"""The options that say how a file is read: the same for every command, and a schema file that holds them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rare_event.cli.parser import main, make_parser
from rare_event.cli.reading import corrections_of
from rare_event.errors import TableError
from rare_event.prepare import join as joining
from rare_event.prepare.corrections import NO_CORRECTIONS, Corrections
from rare_event.prepare.table import read_table
from rare_event.read.source import Files
from rare_event.read.table import RawTable, Reading
from rare_event.store.datasets import list_datasets
from rare_event.store.runs import list_runs
from tests.prepare.test_corrections import DECIMAL, FILE
from tests.small import small_frame

COMMANDS = ["check", "run", "backtest", "leakage", "map"]
PCA = ["--model", "pca", "--rule", "quantile=0.99", "--split", "chronological"]


@pytest.fixture
def mill(tmp_path):
    path = tmp_path / "mill.csv"
    path.write_bytes(FILE)
    return path


def said(*arguments: str, command: str = "check") -> Corrections:
    return corrections_of(make_parser().parse_args([command, "mill.csv", *arguments]))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_the_same_options(command: str) -> None:
    options = ["--time", "Date", "Time", "--time-format", "%d.%m.%Y", "--label", "y", "--event", "bad"]
    options += ["--ignore", "a", "b", "--decimal", ",", "--thousands", "none", "--separator", "tab"]
    options += ["--encoding", "cp1252", "--header", "3", "--units", "4", "--member", "Sheet1"]
    options += ["--layout", "long", "--assets", "machine", "--blank", "normal"]
    reading = Reading("Sheet1", "cp1252", "\t", ",", "", 3, 4, "long", ("Date", "Time"), "%d.%m.%Y")
    assert said(*options, command=command) == Corrections(
        reading, ("y",), ("bad",), "normal", ("a", "b"), "machine"
    )
    assert said(command=command) == NO_CORRECTIONS
    assert said("--sheet", "x", command=command).reading.member == "x"
    assert said("--no-time", command=command).reading.time == ()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--decimal", ";"], "--decimal"),
        (["--separator", "ab"], "--separator"),
        (["--header", "-1"], "--header"),
        (["--label", "z"], "no column 'z'"),
        (["--ignore", "z"], "no column 'z'"),
        (["--schema", "nowhere.json"], "nowhere.json"),
    ],
)
def test_an_option_that_cannot_be_used_is_a_sentence(workspace, mill, capsys, options, word) -> None:
    assert main(["check", str(mill), *options]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("rare_event: ") and word in err and not out
    assert not list_datasets()


@pytest.mark.parametrize("command", COMMANDS)
def test_an_open_question_is_code_2_and_names_the_option(
    workspace, mill, capsys, monkeypatch, command
) -> None:
    read_raw = joining.read_raw

    def asking(*args, **how) -> RawTable:
        raw = read_raw(*args, **how)
        asked = () if how["said"].decimal else (DECIMAL,)
        return RawTable(raw.frame, raw.reading, questions=asked)

    monkeypatch.setattr(joining, "read_raw", asking)
    assert main([command, str(mill)]) == 2
    out, err = capsys.readouterr()
    assert "'x1'" in err and "80,000" in err and "--decimal" in err and not out
    assert not list_datasets() and not list_runs(role=None)
    assert main(["check", str(mill), "--decimal", "."]) < 2
    capsys.readouterr()
    assert main(["check", str(mill), "--json"]) == 2
    asked = json.loads(capsys.readouterr().out)
    assert not asked["findings"]
    assert [question["option"] for question in asked["questions"]] == [DECIMAL.option]


def test_a_schema_file_reads_the_same_and_says_everything(workspace, mill, tmp_path, capsys) -> None:
    schema = tmp_path / "mill.json"
    options = ["--label", "state", "--event", "bad", "--time", "also at", "--ignore", "x2"]
    assert main(["check", str(mill), *options, "--write-schema", str(schema), "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    written = json.loads(schema.read_text())
    assert written["schema"]["label"] == "state" and written["reading"]["separator"] == ","
    assert {key: printed[key] for key in written} == written
    complete = said("--schema", str(schema))
    table = read_table(mill, said=complete)
    assert table.schema == read_table(mill, said=said(*options)).schema
    assert table.schema.time == "also at" and "x2" in table.schema.ignored
    again = tmp_path / "again.json"
    assert main(["check", str(mill), "--schema", str(schema), "--write-schema", str(again)]) == 1
    assert again.read_text() == schema.read_text()
    assert said("--schema", str(schema), "--label", "y").label == ("y",)


def test_a_schema_file_reads_the_files_of_several_machines_again(workspace, tmp_path, capsys) -> None:
    files = []
    for number, machine in enumerate(("north", "south")):
        frame = small_frame().assign(**{f"only in {machine}": 1.0})
        # Both cover the same hours with other values, so they can be joined as machines only.
        frame["s1"] += number
        files.append(str(tmp_path / f"{machine}.csv"))
        frame.to_csv(files[-1], index=False)
    options = ["--assets", "file", "--ignore", "only in north", "only in south"]
    first, again = tmp_path / "first.json", tmp_path / "again.json"
    assert main(["check", *files, *options, "--write-schema", str(first)]) in (0, 1)
    assert main(["check", *files, "--schema", str(first), "--write-schema", str(again)]) in (0, 1)
    assert again.read_text() == first.read_text() and json.loads(first.read_text())["assets"] == "file"
    source = Files(tuple(map(Path, files)), ("north.csv", "south.csv"))
    kept = said("--schema", str(first))
    table = read_table(source, said=kept)
    assert table.schema.asset == "file" and table.assets == ("north.csv", "south.csv")
    assert table.schema == read_table(source, said=said(*options)).schema
    # Without the column of machines the same files cannot be read: it was not kept for nothing.
    capsys.readouterr()
    with pytest.raises(TableError, match="different values"):
        read_table(source, said=replace(kept, assets=None))


def test_a_schema_file_never_replaces_another_file(workspace, mill, tmp_path, capsys) -> None:
    schema = tmp_path / "mill.json"
    schema.write_text("kept")
    assert main(["check", str(mill), "--write-schema", str(schema)]) == 2
    assert main(["check", str(mill), "--write-schema", str(mill), "--force"]) == 2
    assert schema.read_text() == "kept" and mill.read_bytes() == FILE
    assert main(["check", str(mill), "--schema", str(schema)]) == 2
    assert "missing or damaged" in capsys.readouterr().err


def test_the_run_records_how_its_file_was_read(workspace, mill, capsys) -> None:
    options = ["--label", "state", "--event", "bad", "--accept", "RE204", "RE206"]
    assert main(["run", str(mill), *PCA, *options]) == 0
    dataset = list_runs()[0].dataset()
    assert dataset.schema.label == "state" and dataset.reading.separator == ","
    assert "stored" not in capsys.readouterr().err
    assert main(["run", str(mill), *PCA, "--label", "y"]) == 0
    assert "note: The file was stored before, but read differently" in capsys.readouterr().err
    assert list_runs()[0].dataset().schema.label == "y"
    assert list_runs()[1].dataset().schema.label == "state"


def test_several_files_are_joined_or_refused_with_their_names(tmp_path, capsys) -> None:
    frame = small_frame()
    paths = [tmp_path / "b.csv", tmp_path / "a.csv"]
    frame[300:].to_csv(paths[0], index=False)
    frame[:310].to_csv(paths[1], index=False)
    assert main(["check", *map(str, paths), "--json"]) in (0, 1)
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert any("2 files are joined" in found["what"] for found in findings)
    frame[:310].assign(s0=1.0).to_csv(paths[1], index=False)
    assert main(["check", *map(str, paths)]) == 2
    words = capsys.readouterr().err
    assert "of b.csv" in words and "of a.csv" in words and "--assets file" in words
    assert main(["check", *map(str, paths), "--assets", "file", "--json"]) in (0, 1)
