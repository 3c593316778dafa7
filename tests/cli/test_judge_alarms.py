"""The command `judge-alarms`: what other alarms are worth, and the sentence for each bad input."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rare_event.cli.parser import main
from rare_event.prepare.table import read_table
from rare_event.store.runs import list_runs
from tests.small import small_frame

RUN = ["--model", "pca", "--rule", "quantile=0.95"]


@pytest.fixture
def data(workspace: Path) -> str:
    path = workspace / "data.csv"
    small_frame().to_csv(path, index=False)
    return str(path)


@pytest.fixture
def log(workspace: Path) -> str:
    path = workspace / "log.csv"
    frame = small_frame()
    rows = [10, 48, 300, 301, 595]
    pd.DataFrame({"start": frame.time[rows], "tag": "=HH"}).to_csv(path, index=False)
    return str(path)


def printed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(arguments) == 0
    return capsys.readouterr().out


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert (
        not out and err.startswith("rare_event: ") and len(err.splitlines()) == 1 and "Traceback" not in err
    )
    return err


def test_a_list_on_all_rows_of_a_file(data, log, capsys) -> None:
    out = printed(["judge-alarms", data, log], capsys)
    first, counted, *_ = out.splitlines()
    assert first.startswith("“log.csv” catches 1 of 10 events at 3 false alarms in 19.7 h of running time")
    assert counted == "5 of the 5 alarms in the list are counted."
    assert (
        "events caught: 1 of 10 (" in out and ", by chance " in out and "in brackets: the 95% interval" in out
    )
    assert "AUC" not in out and "auc" not in out and "nan" not in out and "NA" not in out
    lines = out.split("ledger\n")[1].splitlines()
    assert len(lines) == 1 + 10 + 3 and sum("false alarm" in line for line in lines) == 3
    assert not list_runs()


def test_a_listed_alarm_that_counts_more_than_once_says_why(data, log, workspace, capsys) -> None:
    said = "An alarm that stands over a stop, or longer than 30 minutes, counts again."
    assert said not in printed(["judge-alarms", data, log], capsys)
    frame, path = small_frame(), workspace / "long.csv"
    path.write_text(f"start,end\n{frame.time[0]},{frame.time[len(frame) - 1]}\n")
    out = printed(["judge-alarms", data, str(path)], capsys)
    assert out.splitlines()[1:3] == ["The alarm in the list is counted.", said]


@pytest.mark.parametrize("header", ["start,end\n", "start_row,end_row\n"])
def test_a_system_that_never_rang_is_judged_as_a_rule_that_never_holds(
    header, data, workspace, capsys
) -> None:
    path = workspace / "quiet.csv"
    path.write_text(header)
    out = printed(["judge-alarms", data, str(path)], capsys)
    first, counted, total, *_ = out.splitlines()
    assert first == "“quiet.csv” gives no alarm in the judged rows, so it catches 0 of 10 events."
    assert counted == "The list has no alarms." and total.startswith("0 alarms in 19.7 h")
    assert "nan" not in out.lower() and "NA" not in out
    figures = json.loads(printed(["judge-alarms", data, str(path), "--json"], capsys))
    never = json.loads(printed(["judge-alarms", data, "--rule", "s1 > 1e9", "--json"], capsys))
    told = {"alarms_of", "sentence", "listed", "ledger"}
    assert {k: v for k, v in figures.items() if k not in told} == {
        k: v for k, v in never.items() if k not in told
    }
    assert figures["listed"]["listed"] == figures["listed"]["counted"] == 0
    assert figures["events"]["caught"] == figures["false_alarms"] == 0 and figures["precision"] is None
    path.write_text("")
    assert "is empty" in refused(["judge-alarms", data, str(path)], capsys)


def test_a_line_of_words_that_is_read_as_names_is_said(data, log, workspace, capsys) -> None:
    said = "log.csv: The column names take up 2 lines and are joined, for example 'start foo'."
    plain = printed(["judge-alarms", data, log], capsys)
    path = Path(log)
    first, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([first, "foo,bar\n", *rest]))
    assert said in printed(["judge-alarms", data, log], capsys).splitlines()
    assert json.loads(printed(["judge-alarms", data, log, "--json"], capsys))["listed"]["header"] == said
    assert "column names" not in plain


def test_json_is_one_object_and_the_ledger_a_safe_file(data, log, workspace, capsys) -> None:
    ledger = workspace / "ledger.csv"
    out = printed(["judge-alarms", data, log, "--json", "--ledger", str(ledger), "--lead", "20"], capsys)
    figures = json.loads(out)
    assert figures["events"]["total"] == 10 and figures["events"]["caught"] == 1
    low, high = figures["events"]["interval"]
    assert low <= 1 <= high and figures["events"]["by_chance"]["low"] == 0
    assert figures["policy"]["lead"] == 20 and figures["listed"]["listed"] == 5
    assert figures["false_alarms"] == 3 and figures["false_alarms_per_day"] is None
    assert figures["within_budget"] is None, "less than a day bears no rate"
    assert figures["run"] is None and figures["same_rate"] is None and "auc" not in out
    saved = pd.read_csv(ledger)
    assert len(saved) == len(figures["ledger"]) == 13
    assert set(saved["alarm"].dropna()) == {"'=HH"}
    assert saved["time"].dropna().tolist()[0] == str(small_frame().time[48])
    before = ledger.read_bytes()
    assert "already exists" in refused(["judge-alarms", data, log, "--ledger", str(ledger)], capsys)
    assert "is the input file" in refused(["judge-alarms", data, log, "--ledger", log, "--force"], capsys)
    assert ledger.read_bytes() == before


def test_the_alarms_of_a_run_give_its_ledger_again(data, workspace, capsys) -> None:
    names = ("theirs", "alarms", "ours")
    theirs, alarms, ours = (str(workspace / f"{name}.csv") for name in names)
    printed(["run", data, *RUN, "--ledger", theirs, "--alarms", alarms], capsys)
    (run,) = list_runs()
    out = printed(["judge-alarms", data, alarms, "--run", run.id, "--ledger", ours, "--json"], capsys)
    first, again = pd.read_csv(theirs), pd.read_csv(ours)
    shared = ["kind", "event", "caught", "first_alarm", "lead"]
    pd.testing.assert_frame_equal(first[shared], again[shared], check_exact=True)
    assert (first["kind"] == "false alarm").any()
    # Why they ended only the score knows.
    assert first["ended"].notna().sum() == (first["caught"] | (first["kind"] != "event")).sum()
    assert "ended" not in again
    figures = json.loads(out)
    assert figures["run"] == run.id and figures["events"]["total"] == run.evaluation().events["total"]
    assert figures["same_rate"]["answer"] == "cannot be told"
    # The same model at the same rate: no event is only one's.
    assert figures["same_rate"]["model"]["only"] == figures["same_rate"]["alarms"]["only"] == 0
    assert len(run.looks()) == 1, "the run opened its data when it printed them"


def test_a_run_against_a_system_that_never_rang(data, workspace, capsys) -> None:
    quiet = workspace / "quiet.csv"
    quiet.write_text("start,end\n")
    printed(["run", data, *RUN], capsys)
    (run,) = list_runs()
    out = printed(["judge-alarms", data, str(quiet), "--run", run.id], capsys)
    assert (
        "“quiet.csv” catches 0;" in out and "those of “quiet.csv” in 0.0%" in out and "nan" not in out.lower()
    )
    figures = json.loads(printed(["judge-alarms", data, str(quiet), "--run", run.id, "--json"], capsys))
    assert figures["same_rate"]["model"]["false_alarms"] == 0 == figures["same_rate"]["alarms"]["caught"]
    assert figures["same_rate"]["answer"] != "worse"


def test_what_a_run_makes_of_the_same_rate_is_a_look(data, log, capsys) -> None:
    from rare_event.jobs.worker import execute
    from rare_event.store.datasets import add_dataset
    from rare_event.store.runs import create_run
    from tests.small import PCA

    run = create_run(add_dataset(Path(data), "data.csv"), PCA)
    execute(run)
    assert run.looks() == []
    out = printed(["judge-alarms", data, log, "--run", run.id], capsys)
    assert len(run.looks()) == 1
    assert "“log.csv” is better: " in out.splitlines()[0] or "These data cannot show" in out.splitlines()[0]
    assert (
        "1 of the 5 alarms in the list is counted. Not counted: 4 only in rows that are not judged."
        in " ".join(out.splitlines()[2:4])
    )
    printed(["judge-alarms", data, log, "--run", run.id], capsys)
    assert len(run.looks()) == 1, "what is open is not opened again"


def test_rules_and_scores(data, workspace, capsys) -> None:
    by_rule = json.loads(printed(["judge-alarms", data, "--rule", "s1 >= 1.5", "--json"], capsys))
    assert by_rule["alarms_of"] == "s1 >= 1.5" and by_rule["listed"] is None
    by_score = json.loads(
        printed(["judge-alarms", data, "--score", "s1", "--threshold", "1.5", "--json"], capsys)
    )
    same = ("events", "alarms", "false_alarms", "confusion", "ledger")
    assert {name: by_rule[name] for name in same} == {name: by_score[name] for name in same}
    low = printed(["judge-alarms", data, "--score", "s1", "--threshold", "-1.5", "--json"], capsys)
    assert json.loads(low)["alarms"] > by_score["alarms"], "scores of other tools may be negative"
    frame = small_frame()
    other = workspace / "spc.csv"
    pd.DataFrame({"when": frame.time[::-1], "t2": frame.s1[::-1]}).to_csv(other, index=False)
    apart = json.loads(
        printed(["judge-alarms", data, str(other), "--score", "t2", "--threshold", "1.5", "--json"], capsys)
    )
    assert {name: apart[name] for name in same} == {name: by_rule[name] for name in same}
    printed(["run", data, *RUN], capsys)
    (run,) = list_runs()
    chosen = json.loads(printed(["judge-alarms", data, "--score", "s1", "--run", run.id, "--json"], capsys))
    values, validation = read_table(Path(data)).frame["s1"].to_numpy(), run.scores("validation").row
    above = (values[validation] >= np.float32(chosen["thresholds"][0])).mean()
    assert 0.03 <= above <= 0.05, "the rule of the run chose it on its validation data"


def test_a_threshold_as_it_is_written_is_met_by_the_value_as_it_is_written(workspace, capsys) -> None:
    frame = small_frame(1800)
    frame["s1"] = np.where(np.arange(1800) % 7 == 3, 4.1, 4.0)
    data, other = workspace / "data.csv", workspace / "spc.csv"
    frame.to_csv(data, index=False)
    frame[["time", "s1"]].to_csv(other, index=False)
    found = [
        json.loads(printed(["judge-alarms", str(data), *given, "--json"], capsys))
        for given in (
            ["--rule", "s1 >= 4.1"],
            ["--score", "s1", "--threshold", "4.1"],
            [str(other), "--score", "s1", "--threshold", "4.1"],
        )
    ]
    n = sum(at % 7 == 3 and frame["y"][at] == 0 for at in range(1800))
    assert [each["confusion"]["tp"] + each["confusion"]["fp"] for each in found] == [n] * 3
    # At last more than a day: a rate, and the budgets it keeps.
    assert found[0]["false_alarms_per_day"] > 5 and not any(found[0]["within_budget"].values())
    assert "; above the budgets of 1, 2 and 5" in printed(
        ["judge-alarms", str(data), "--rule", "s1 >= 4.1"], capsys
    )
    kept = printed(["judge-alarms", str(data), "--rule", "s0 > 2.9"], capsys)
    assert "; within a budget of " in kept


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "No alarms are given"),
        (["{log}", "--rule", "s1 > 1"], "--rule gives the alarms"),
        (["--rule", "s1 > 1", "--score", "s1"], "--rule gives the alarms"),
        (["--rule", "s1 >"], "The rule 's1 >' is not valid"),
        (["--rule", "s9 > 1"], "has no sensor 's9'. Its sensors include"),
        (["--score", "s1"], "A score needs a threshold"),
        (["--score", "s9", "--threshold", "1"], "no sensor 's9'"),
        (["--score", "s1", "--threshold", "nan"], "--threshold is nan"),
        (["{log}", "--threshold", "1"], "--threshold is for a score"),
        (["{log}", "--lead", "-1"], "--lead is -1"),
        (["{log}", "--lead", "nan"], "--lead is nan"),
        (["{log}", "--lead", "inf"], "--lead is inf"),
        (["{log}", "--lead", "1"], "The lead window is 1 min, but rows are 2 min apart"),
        (["{log}", "--lead", "5", "--policy", "lead=4"], "both give the lead window"),
        (["{log}", "--policy", "loud=1"], "no setting 'loud'"),
        (["--rule", "s1 > 1", "--alarms-time", "start"], "needs a file of alarms"),
        (["{log}", "--alarms-time", "when"], "has no column 'when'"),
        (["{log}", "--alarms-time-format", "%d.%m.%Y"], "log.csv: 'start' holds"),
        (["{missing}"], "cannot be opened"),
        (["{data}"], "not every line seems to be an alarm"),
        (["{log}", "--run", "20200101-000000-000000"], "There is no run"),
        (["{log}", "--no-label", "--label", "y"], ""),
        (["{log}", "--no-label", "--ignore", "y"], "nothing says which alarms are false"),
    ],
)
def test_bad_input_is_a_sentence(data, log, workspace, capsys, arguments, words) -> None:
    places = {"log": log, "data": data, "missing": str(workspace / "missing.csv")}
    arguments = [argument.format(**places) for argument in arguments]
    assert words in refused(["judge-alarms", data, *arguments], capsys)
    assert not list_runs()


def test_another_file_than_that_of_the_run_is_refused(data, log, workspace, capsys) -> None:
    printed(["run", data, *RUN], capsys)
    (run,) = list_runs()
    other = workspace / "other.csv"
    small_frame(480).to_csv(other, index=False)
    assert "was trained on another file, data.csv" in refused(
        ["judge-alarms", str(other), log, "--run", run.id], capsys
    )
    assert "Leave out the options that say how it is read" in refused(
        ["judge-alarms", data, log, "--run", run.id, "--ignore", "s1"], capsys
    )
    run.write_status(type(run.status())("failed"))
    assert "has not finished" in refused(["judge-alarms", data, log, "--run", run.id], capsys)


def test_without_a_clock_rows_are_numbered_and_counted(workspace, capsys) -> None:
    frame = small_frame().drop(columns="time")
    data, log = workspace / "data.csv", workspace / "log.csv"
    frame.to_csv(data, index=False)
    log.write_text("start_row,end_row\n48,48\n300,310\n")
    out = printed(["judge-alarms", str(data), str(log), "--json"], capsys)
    figures = json.loads(out)
    assert figures["events"]["caught"] == 1 and figures["false_alarms_per_day"] is None
    assert "median_lead_rows" in figures and figures["median_lead_rows"] == 2
    assert figures["load"]["alarms"] == 2 and figures["load"]["alarms_per_day"] is None
    assert "the load of an operator cannot be given" in figures["load"]["sentence"]
    assert all("time" not in line for line in figures["ledger"])
    text = printed(["judge-alarms", str(data), str(log)], capsys)
    assert "a day" not in text and "minutes" not in text and "so alarms are counted per 1,000 rows" in text


def test_a_list_is_read_as_the_options_say(data, workspace, capsys) -> None:
    log = workspace / "log.csv"
    log.write_text("a,b,tag\n03/01/2024 06:00,04/01/2024 06:00,x\n")
    asked = refused(["judge-alarms", data, str(log)], capsys)
    assert "Which of them gives the time of an alarm" in asked and "--alarms-time START END" in asked
    given = ["--alarms-time", "a", "b", "--alarms-time-format", "%m/%d/%Y %H:%M", "--json"]
    figures = json.loads(printed(["judge-alarms", data, str(log), *given], capsys))
    assert figures["listed"] == {
        "listed": 1,
        "counted": 0,
        "outside": 1,
        **dict.fromkeys(("stopped", "elsewhere", "during", "unjudged", "repeated", "open_ended"), 0),
        "header": "",
    }
    assert io.StringIO(figures["sentence"]).read().endswith("catches 0 of 10 events.")


def test_a_list_is_judged_without_suppression_and_says_so(workspace, log, capsys) -> None:
    path, policy = workspace / "graded.csv", "suppress_column=grade,suppress_values=thin"
    frame = small_frame()
    frame.assign(grade=["thin" if row % 60 < 30 else "thick" for row in range(len(frame))]).to_csv(path)
    said = (
        "Suppression is not applied to this list: its alarms also count in rows in which the alarm policy "
        "suppresses alarms."
    )
    data = str(path)
    plain = printed(["judge-alarms", data, log], capsys)
    with_policy = ["judge-alarms", data, log, "--policy", policy]
    assert said not in plain and printed(with_policy, capsys) == plain.replace(
        "\nledger\n", f"{said}\n\nledger\n"
    )
    figures = json.loads(printed([*with_policy, "--json"], capsys))
    assert figures.pop("suppression") == said
    without = json.loads(printed(["judge-alarms", data, log, "--json"], capsys))
    assert without.pop("suppression") is None and without == figures
    by_rule = json.loads(
        printed(["judge-alarms", data, "--rule", "s1 >= 1.5", "--policy", policy, "--json"], capsys)
    )
    assert by_rule["suppression"] == said.replace("list", "rule")
    printed(["run", data, *RUN, "--policy", policy], capsys)
    (run,) = list_runs()
    compared = f"{said} The model of the run is judged with suppression."
    assert f"\n{compared}\n" in printed(["judge-alarms", data, log, "--run", run.id], capsys)
    figures = json.loads(printed(["judge-alarms", data, log, "--run", run.id, "--json"], capsys))
    assert figures["suppression"] == compared and figures["policy"]["suppress_column"] == ""
    # The alarms of a score are suppressed.
    score = ["judge-alarms", data, "--score", "s1", "--threshold", "1.5", "--run", run.id]
    assert "Suppression" not in printed(score, capsys)
