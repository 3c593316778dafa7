"""The command `check`: its exit code is the worst grade found, and it trains nothing."""

import json
from pathlib import Path

import pytest

from rare_event.checks import check as checks
from rare_event.checks.findings import Finding
from rare_event.cli.parser import main
from rare_event.store.runs import list_runs
from tests.small import small_frame


@pytest.mark.parametrize(
    ("grades", "code"), [([], 0), (["note"], 0), (["warning", "note"], 1), (["problem", "warning"], 3)]
)
def test_the_worst_grade_is_the_exit_code(workspace, tmp_path, capsys, monkeypatch, grades, code) -> None:
    path = tmp_path / "small.csv"
    small_frame().to_csv(path, index=False)
    found = [Finding(grade, "x1", "It is odd.", "Look at it.") for grade in grades]
    monkeypatch.setattr(checks, "check", lambda _: found)
    assert main(["check", str(path)]) == code
    out = capsys.readouterr().out
    assert out.count("It is odd. Look at it.") == len(grades)
    assert ("No problems found." in out) == (not grades)
    assert main(["check", str(path), "--json"]) == code
    rows = json.loads(capsys.readouterr().out)["findings"]
    assert [row["grade"] for row in rows] == grades
    assert not list_runs()


def test_an_unreadable_file_is_code_2(tmp_path, capsys) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("")
    assert main(["check", str(path)]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("rare_event: ") and not out


@pytest.mark.parametrize("command", ["run", "backtest", "leakage", "map"])
def test_a_file_with_the_newest_row_first_is_not_trained_on(workspace, tmp_path, capsys, command) -> None:
    path = tmp_path / "newest.csv"
    small_frame().iloc[::-1].to_csv(path, index=False)
    assert main([command, str(path)]) == 2
    out, err = capsys.readouterr()
    assert "problem: Column 'time': The newest rows come first" in err
    assert "Nothing was trained" in err and "--accept" in err
    assert not out
    assert not list_runs(role=None)


def test_a_problem_that_is_accepted_is_said_and_trained_on(workspace, tmp_path, capsys) -> None:
    path = tmp_path / "newest.csv"
    small_frame().iloc[::-1].to_csv(path, index=False)
    assert main(["run", str(path), "--model", "pca", "--rule", "quantile=0.99", "--accept"]) == 0
    assert "The newest rows come first" in capsys.readouterr().err
    assert len(list_runs()) == 1


@pytest.mark.parametrize("command", ["run", "backtest", "leakage", "map"])
def test_what_was_found_is_in_the_json(workspace, sample_csv, capsys, monkeypatch, command) -> None:
    monkeypatch.setattr(checks, "check", lambda _: [Finding("problem", "x1", "It is odd.", "Look at it.")])
    assert main(["check", str(sample_csv), "--json"]) == 3
    checked = json.loads(capsys.readouterr().out)["findings"]
    options = {
        "run": ["--model", "pca", "--rule", "quantile=0.99"],
        "backtest": ["--model", "pca", "--folds", "3"],
        "leakage": ["--model", "pca", "--folds", "3"],
        "map": ["--models", "pca", "--representations", "level", "--lookbacks", "1", "--shifts", "2"],
    }
    options["map"] += ["--folds", "3", "--jobs", "1"]
    assert main([command, str(sample_csv), *options[command], "--accept", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["findings"]
    assert found == checked and {"grade", "column", "what", "fix"} == set(found[0])
    assert not any("action" in finding for finding in found)


def test_the_help_and_the_readme_say_what_each_exit_code_means(capsys) -> None:
    for arguments in (["--help"], ["check", "--help"]):
        with pytest.raises(SystemExit):
            main(arguments)
        help_text = " ".join(capsys.readouterr().out.split())
        assert all(f"{code} " in help_text.partition("Exit codes: ")[2] for code in (0, 1, 2, 3, 130))
        assert "--accept" in help_text
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert all(f"\n| {code} | " in readme for code in (0, 1, 2, 3, 130)) and "\n| 4 | " not in readme


def test_a_clean_file_is_trained_on_without_a_word_of_problems(workspace, tmp_path, capsys) -> None:
    path = tmp_path / "clean.csv"
    small_frame().to_csv(path, index=False)
    assert main(["run", str(path), "--model", "pca", "--rule", "quantile=0.99"]) == 0
    assert "problem" not in capsys.readouterr().err
    assert len(list_runs()) == 1
