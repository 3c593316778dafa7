"""The command `check`: its exit code is the worst grade found, and it trains nothing."""

import json
from pathlib import Path

import pytest

from rare_event.checks import check as checks
from rare_event.checks.findings import Finding, Grade
from rare_event.cli.parser import main
from rare_event.store.runs import list_runs
from tests.small import small_frame

ODD = Finding("problem", "x1", "It is odd.", "Look at it.", code="RE301")


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


@pytest.mark.parametrize("command", ["run", "backtest", "leakage", "ablation", "map"])
def test_a_file_with_the_newest_row_first_is_not_trained_on(workspace, tmp_path, capsys, command) -> None:
    path = tmp_path / "newest.csv"
    small_frame().iloc[::-1].to_csv(path, index=False)
    assert main([command, str(path)]) == 2
    out, err = capsys.readouterr()
    assert "problem RE102: Column 'time': The newest rows come first" in err
    assert "Nothing was trained" in err and "--accept RE102" in err
    assert not out
    assert not list_runs(role=None)


def test_a_problem_that_is_accepted_is_said_and_trained_on(workspace, tmp_path, capsys) -> None:
    path = tmp_path / "newest.csv"
    small_frame().iloc[::-1].to_csv(path, index=False)
    assert main(["run", str(path), "--model", "pca", "--rule", "quantile=0.99", "--accept", "RE102"]) == 0
    assert "The newest rows come first" in capsys.readouterr().err
    (run,) = list_runs()
    assert run.dataset().accepted == ("RE102",)


@pytest.mark.parametrize("codes", [[], ["RE101"], ["RE101", "RE304"], ["RE000"]])
def test_only_the_code_of_the_problem_accepts_it(workspace, tmp_path, capsys, codes) -> None:
    path = tmp_path / "newest.csv"
    small_frame().iloc[::-1].to_csv(path, index=False)
    assert main(["run", str(path), "--model", "pca", "--accept", *codes]) == 2
    err = capsys.readouterr().err
    assert ("No check has the code RE000" if codes == ["RE000"] else "--accept RE102") in err
    assert not list_runs(role=None)


def test_a_rate_per_day_without_a_clock_is_refused(workspace, tmp_path, capsys) -> None:
    path = tmp_path / "rows.csv"
    small_frame().drop(columns="time").to_csv(path, index=False)
    options = ["run", str(path), "--model", "pca", "--rule", "fa-per-day=2"]
    assert main(options) == 2
    assert "problem RE109" in capsys.readouterr().err and not list_runs(role=None)
    assert main([*options, "--accept", "RE109"]) == 0
    assert "per 1,000 rows" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["run", "backtest", "leakage", "map"])
def test_what_was_found_is_in_the_json(workspace, sample_csv, capsys, monkeypatch, command) -> None:
    monkeypatch.setattr(checks, "check", lambda _: [ODD])
    assert main(["check", str(sample_csv), "--json"]) == 3
    checked = json.loads(capsys.readouterr().out)["findings"]
    options = {
        "run": ["--model", "pca", "--rule", "quantile=0.99"],
        "backtest": ["--model", "pca", "--folds", "3"],
        "leakage": ["--model", "pca", "--folds", "3"],
        "map": ["--models", "pca", "--representations", "level", "--lookbacks", "1", "--shifts", "2"],
    }
    options["map"] += ["--folds", "3", "--jobs", "1"]
    assert main([command, str(sample_csv), *options[command], "--accept", "RE301", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["findings"]
    # A run also says that a part of its split has few events.
    assert [f for f in found if f["code"] != "RE205"] == checked and {
        "code",
        "grade",
        "column",
        "what",
        "fix",
    } == set(found[0])
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


def test_training_prints_what_matters_and_counts_the_other_notes(
    workspace, tmp_path, capsys, monkeypatch
) -> None:
    path = tmp_path / "small.csv"
    small_frame().to_csv(path, index=False)
    notes = [Finding("note", "x1", f"Note {i}.", "No action.", code="RE301") for i in range(3)]
    read = Finding("note", "x1", "It was converted.", "Compare.", code="RE513")
    monkeypatch.setattr(checks, "check", lambda _: [*notes, read])
    assert main(["backtest", str(path), "--model", "pca", "--folds", "2", "--json"]) == 0
    out, err = capsys.readouterr()
    assert "It was converted." in err and "3 more notes: `check` lists them." in err
    assert "Note 1." not in err
    assert len([f for f in json.loads(out)["findings"] if f["code"] != "RE205"]) == 4


@pytest.mark.parametrize("command", ["run", "backtest"])
def test_a_training_only_counts_the_notes_that_are_not_about_the_reading(
    workspace, tmp_path, capsys, monkeypatch, command
) -> None:
    path = tmp_path / "small.csv"
    small_frame().to_csv(path, index=False)
    grades: dict[str, Grade] = {
        "RE501": "note",
        "RE301": "note",
        "RE302": "note",
        "RE303": "warning",
        "RE102": "problem",
    }
    found = [Finding(grade, "x1", f"{code} is told.", "Look.", code=code) for code, grade in grades.items()]
    monkeypatch.setattr(checks, "check", lambda _: found)
    assert main([command, str(path), "--model", "pca"]) == 2
    err = capsys.readouterr().err
    assert [code for code in grades if f"{code} is told." in err] == ["RE501", "RE303", "RE102"]
    assert "2 more notes: `check` lists them." in err
    assert main(["check", str(path)]) == 3
    out = capsys.readouterr().out
    assert all(f"{code} is told." in out for code in grades) and "lists them" not in out


@pytest.mark.parametrize("command", ["run", "backtest", "leakage", "map"])
def test_a_part_of_the_split_without_an_event_stops_every_training(
    workspace, tmp_path, capsys, command
) -> None:
    data = small_frame()
    # The first validation part of a split by time, in folds or not, has no event.
    data.loc[180:400, "y"] = 0
    data.to_csv(tmp_path / "early.csv", index=False)
    options = {
        "run": ["--model", "pca", "--split", "rolling"],
        "map": ["--models", "pca", "--representations", "level", "--lookbacks", "1", "--shifts", "2"],
    }.get(command, ["--model", "pca"])
    assert main([command, str(tmp_path / "early.csv"), *options]) == 2
    out, err = capsys.readouterr()
    assert "problem RE205: Column 'y': " in err and "holds no events" in err and "--accept RE205" in err
    assert not out and not list_runs(role=None) and "epoch" not in err


def test_what_the_settings_cannot_do_is_said_before_a_backtest(workspace, tmp_path, capsys) -> None:
    # Two days of data: no budget of 2 false alarms a day allows one in a validation part.
    small_frame().to_csv(tmp_path / "short.csv", index=False)
    assert main(["backtest", str(tmp_path / "short.csv"), "--model", "pca", "--folds", "2", "--json"]) == 0
    out, err = capsys.readouterr()
    said = [line for line in err.splitlines() if line.startswith("warning: The shortest validation part")]
    settings = json.loads(out)["settings"]
    assert said and set(said) <= {f"warning: {sentence}" for sentence in settings}
    assert len(settings) == len(set(settings))
