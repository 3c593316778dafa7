"""A file without a label is trained on, and nothing is claimed about events."""

import json

import pytest

from rare_event.cli.parser import main
from tests.small import small_frame


@pytest.fixture
def file(workspace, tmp_path):
    path = tmp_path / "unlabelled.csv"
    small_frame().drop(columns="y").to_csv(path, index=False)
    return str(path)


def test_a_run_says_what_cannot_be_known(file, tmp_path, capsys) -> None:
    assert main(["run", file, "--no-label", "--model", "pca", "--rule", "quantile=0.9"]) == 0
    said = capsys.readouterr().out
    assert "cannot be known" in said and "alarms" in said
    assert "AUC not" not in said and "events caught: " not in said and "0 of 0" not in said
    ledger = tmp_path / "ledger.csv"
    assert main(["run", file, "--no-label", "--model", "pca", "--json", "--ledger", str(ledger)]) == 0
    # A line is an alarm: neither an event nor false.
    assert "false" not in ledger.read_text() and "caught" not in ledger.read_text()
    assert {"first_alarm", "ended", "peak"} <= set(ledger.read_text().splitlines()[0].split(","))
    figures = json.loads(capsys.readouterr().out)
    assert figures["events"] is figures["confusion"] is figures["test"]["auc"] is None


def test_without_being_told_it_is_asked(file, capsys) -> None:
    assert main(["run", file, "--model", "pca"]) == 2
    captured = capsys.readouterr()
    assert "--no-label" in captured.err and not captured.out


@pytest.mark.parametrize("command", ["backtest", "leakage", "ablation"])
def test_what_needs_events_is_refused(file, capsys, command) -> None:
    assert main([command, file, "--no-label", "--model", "pca"]) == 2
    captured = capsys.readouterr()
    assert "The file has no label" in captured.err and not captured.out


def test_the_training_dates_are_chosen(file, capsys) -> None:
    run = ["run", file, "--no-label", "--model", "pca"]
    assert main([*run, "--train-from", "2024-01-01T02:00", "--train-until", "2024-01-01 10:00"]) == 0
    assert "split by time, trained from 2024-01-01 02:00, trained until" in capsys.readouterr().out
    assert main([*run, "--train-until", "1 May"]) == 2
    assert "Write a time like 2024-05-01 06:00" in capsys.readouterr().err
    assert main([*run, "--train-until", "2023-05-01"]) == 2
    captured = capsys.readouterr()
    assert "this file covers 2024-01-01 00:00:00" in captured.err and not captured.out
    assert main([*run, "--train-until", "2024-01-01 10:00", "--split", "rolling"]) == 2
    assert "chronological" in capsys.readouterr().err
