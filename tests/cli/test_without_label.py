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


def test_a_run_says_what_cannot_be_known(file, capsys) -> None:
    assert main(["run", file, "--no-label", "--model", "pca", "--rule", "quantile=0.9"]) == 0
    said = capsys.readouterr().out
    assert "cannot be known" in said and "alarms" in said
    assert "AUC not" not in said and "events caught: " not in said and "0 of 0" not in said
    assert main(["run", file, "--no-label", "--model", "pca", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["events"] is figures["confusion"] is figures["test"]["auc"] is None


def test_without_being_told_it_is_asked(file, capsys) -> None:
    assert main(["run", file, "--model", "pca"]) == 2
    captured = capsys.readouterr()
    assert "--no-label" in captured.err and not captured.out


@pytest.mark.parametrize("command", ["backtest", "leakage"])
def test_what_needs_events_is_refused(file, capsys, command) -> None:
    assert main([command, file, "--no-label", "--model", "pca"]) == 2
    captured = capsys.readouterr()
    assert "The file has no label" in captured.err and not captured.out
