"""The options --events ...: a second file gives the label, for every command."""

import json
from pathlib import Path

import pandas as pd
import pytest

from rare_event.cli.parser import main, make_parser
from rare_event.cli.reading import corrections_of, source_of
from rare_event.prepare.table import read_table
from rare_event.read.source import Files
from rare_event.store.datasets import list_datasets
from rare_event.store.originals import original
from rare_event.store.preview import preview
from tests.small import small_frame

COMMANDS = ["check", "run", "backtest", "leakage", "ablation", "map"]
RUN = ["--model", "pca", "--rule", "quantile=0.99"]


@pytest.fixture
def files(tmp_path) -> tuple[str, str]:
    frame = small_frame()
    data, events = tmp_path / "data.csv", tmp_path / "trips.csv"
    frame.drop(columns="y").to_csv(data, index=False)
    frame.loc[frame.y == 1, ["time"]].to_csv(events, index=False)
    return str(data), str(events)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_a_file_of_events(command, files) -> None:
    data, events = files
    more = ["--events-time", "a", "b", "--events-time-format", "%d", "--events-sheet", "Log"]
    options = make_parser().parse_args([command, data, "--events", events, *more])
    assert source_of(options) == Files((Path(data),), ("data.csv",), Path(events), "trips.csv")
    reading = corrections_of(options).events
    assert reading is not None and (reading.time, reading.time_format) == (("a", "b"), "%d")
    assert reading.member == "Log" and reading.header is None


def test_a_run_keeps_the_events_and_other_events_are_another_dataset(workspace, files, capsys) -> None:
    data, events = files
    assert main(["run", data, "--events", events, *RUN]) == 0
    assert "trips.csv names 10 events, which mark 10 rows in 10 places." in capsys.readouterr().err
    (dataset,) = list_datasets()
    assert dataset.schema.label == "event" and dataset.events == "trips.csv"
    assert (dataset.table().label == small_frame().y).all()
    assert any("names 10 events" in remark.what for remark in dataset.remarks)
    with original(dataset) as source:
        seen = preview(source, dataset.name)
        assert seen.schema == dataset.schema and seen.digest == dataset.digest
    frame = small_frame()
    frame.loc[frame.y == 1, ["time"]].iloc[:8].to_csv(events, index=False)
    assert main(["run", data, "--events", events, *RUN]) == 0
    first, second = list_datasets()
    assert first.version != second.version and {first.table().label.sum(), second.table().label.sum()} == {
        8,
        10,
    }


def test_an_answer_changes_the_stored_label_of_the_same_files(workspace, files, tmp_path) -> None:
    data, events = files
    days = pd.DataFrame({"time": pd.date_range("2024-01-01", "2024-12-31", freq="6h"), "s1": 0.5, "s2": 1.5})
    days["s1"] += days.index % 7
    days.to_csv(data, index=False)
    Path(events).write_text("when,why\n03/02/2024 06:00,a\n05/04/2024 06:00,b\n")
    found = []
    for form in ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"):
        main(["run", data, "--events", events, "--events-time-format", form, *RUN])
        (dataset,) = list_datasets()
        table = dataset.table()
        found.append(days.time[table.label == 1].dt.strftime("%d.%m").tolist())
    assert found == [["03.02", "05.04"], ["02.03", "04.05"]]


def test_a_schema_file_reads_the_events_again_without_a_question(workspace, files, tmp_path, capsys) -> None:
    data, events = files
    frame = small_frame()
    when = frame.time[frame.y == 1].dt.strftime("%m/%d/%Y %H:%M")
    pd.DataFrame({"when": when, "why": "torn"}).to_csv(events, index=False)
    schema = str(tmp_path / "schema.json")
    assert main(["check", data, "--events", events]) == 2
    assert "--events-time-format '%m/%d/%Y %H:%M'" in capsys.readouterr().err
    given = ["--events-time-format", "%m/%d/%Y %H:%M", "--write-schema", schema]
    assert main(["check", data, "--events", events, *given]) == 0
    options = make_parser().parse_args(["check", data, "--events", events, "--schema", schema])
    table = read_table(source_of(options), said=corrections_of(options))
    assert (table.label == frame.y).all()
    capsys.readouterr()
    assert main(["check", data, "--schema", schema]) == 2
    assert "Add that file. Use --events FILE." in capsys.readouterr().err


def test_a_label_in_the_data_is_not_used_and_not_a_sensor(workspace, files, capsys) -> None:
    data, events = files
    small_frame().to_csv(data, index=False)
    main(["check", data, "--events", events, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["schema"]["label"] == "event" and "y" in told["schema"]["ignored"]
    assert any("'y' is named like a label and is not used" in finding["what"] for finding in told["findings"])
    assert "y" not in told["schema"]["sensors"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--label", "s1"], "so --label cannot be used with it"),
        (["--no-label"], "so --no-label cannot be used with it"),
        (["--event", "1"], "so --event cannot be used with it"),
        (["--events-time", "z"], "trips.csv has no column 'z'"),
        (["--events-time-format", "%d.%m.%Y"], "trips.csv: 'time' holds"),
        (["--assets", "s1"], "does not say which machine each event"),
    ],
)
def test_options_that_contradict_the_events_are_a_sentence(workspace, files, capsys, options, words) -> None:
    data, events = files
    assert main(["backtest", data, "--events", events, *options]) == 2
    assert words in capsys.readouterr().err and not list_datasets()


def test_how_events_are_read_needs_their_file(workspace, files, capsys) -> None:
    assert main(["check", files[0], "--events-time", "when"]) == 2
    assert "Name it with --events FILE" in capsys.readouterr().err


def test_no_output_replaces_the_events(workspace, files, capsys) -> None:
    data, events = files
    before = Path(events).read_bytes()
    assert main(["check", data, "--events", events, "--write-schema", events, "--force"]) == 2
    assert "is the input file" in capsys.readouterr().err and Path(events).read_bytes() == before
