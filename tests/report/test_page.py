"""The report of a run: its figures, of open data only, in a file that loads nothing."""

import base64
import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from plotly.offline import get_plotlyjs

from rare_event.compare.companions import create_leakage
from rare_event.config import RECOMMENDED, AlarmPolicy, PCAModel, Rule, SplitPlan
from rare_event.errors import RareEventError, RunError
from rare_event.jobs.worker import execute
from rare_event.judge.endings import ENDS
from rare_event.judge.evaluation import evaluate
from rare_event.judge.suppression import suppressed_in_words
from rare_event.prepare.corrections import NO_CORRECTIONS, Corrections
from rare_event.report import worth
from rare_event.report.judged import open_judged
from rare_event.report.page import report_html, write_report
from rare_event.store.archive import import_archive, save_archive
from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.marks import Mark, mark_alarm
from rare_event.store.records import About, Committed
from rare_event.store.runs import Run, create_run, mark
from rare_event.text import number
from rare_event.ui.ledger import COLUMN_CONFIG, COUNTED_CONFIG
from tests.report.reading import Report
from tests.report.test_document import HOSTILE
from tests.small import DENSE, PCA, small_frame

LARGEST = 8_000_000
N_ROWS = 3000
RECOMMENDED_PCA = replace(RECOMMENDED, model=PCAModel())
FORBIDDEN = re.compile(
    r"0 of 0\b|\bnan\b|\bNone\b|\bAUC\b|[Pp]recision|[Rr]ecall|[Cc]aught|[Cc]hance(?! of showing)|not defined"
)


def done(frame: pd.DataFrame, config=PCA, said: Corrections | None = None, name: str = "rows.csv") -> Run:
    dataset = add_dataset(frame.to_csv(index=False).encode(), name, said or NO_CORRECTIONS)
    run = create_run(dataset, config)
    execute(run)
    return run


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, sample_csv: Path) -> Iterator[Path]:
    """A workspace with one finished run, which tests copy."""
    home = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RARE_EVENT_HOME", str(home))
        run = create_run(add_dataset(sample_csv, "sample-mill.csv"), RECOMMENDED_PCA)
        execute(run)
    yield home


@pytest.fixture
def run(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    shutil.copytree(kept, tmp_path / "home")
    monkeypatch.setenv("RARE_EVENT_HOME", str(tmp_path / "home"))
    (folder,) = (tmp_path / "home" / "runs").iterdir()
    return Run(folder)


def opened(run: Run) -> Report:
    run.look()
    return Report(report_html(run))


def files(run: Run) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.folder.iterdir() if path.name[:5] != "cache"}


def test_the_verdict_counts_what_the_scores_hold(run: Run) -> None:
    report, committed, test = opened(run), run.committed(), run.scores("test")
    figures = evaluate(test, committed.thresholds, committed.policy)
    (headline,) = report.all("p", "headline")
    assert f"{figures.caught} of {figures.n_events} events would have been caught" in headline.text
    shown = {label: value for label, value, _ in report.measures}
    assert shown["Events caught"] == f"{figures.caught} of {figures.n_events}"
    assert shown["False alarms per day"] == number(figures.false_alarms_per_day)
    called = test.y_score >= committed.thresholds[0]
    assert shown["Precision (rows)"] == number((called & (test.y_true == 1)).sum() / called.sum(), 2)
    assert shown["Recall (rows)"] == number((called & (test.y_true == 1)).sum() / (test.y_true == 1).sum(), 2)
    below = {label: words for label, _, words in report.measures}
    for label in ("Events caught", "ROC AUC (rows)", "Recall (rows)"):
        assert " to " in below[label] and "chance" in below[label], label
    assert "chance" not in below["False alarms per day"]
    assert "Validation" not in " ".join(report.titles)


def test_every_part_that_a_shift_meeting_asks_for_is_there(run: Run) -> None:
    report = opened(run)
    titles = [heading.text for heading in report.all("h2")]
    assert titles == [
        "Verdict",
        "Threshold",
        "Promise",
        "Ledger of the test data",
        "Operator load",
        "Baselines",
        "Drift",
        "Curves",
        "Data and their checks",
        "Split",
        "Model",
        "Limits",
        "How to repeat it",
    ]
    committed = run.committed()
    assert committed.promise is not None and committed.promise.in_words() in report.section("Promise")
    assert number(committed.middle, 6) in report.section("Threshold")
    assert "not been compared with any baselines" in report.section("Baselines")
    assert run.dataset().digest in report.section("Data and their checks")
    repeat = report.section("How to repeat it")
    assert f"rare-event report {run.id} --out report.html" in repeat
    assert f"rare-event code {run.id} > repeat.py" in repeat and "run_experiment(table, config)" in repeat
    assert "Do not trust the alarms" in report.section("Limits")


def test_a_report_opens_nothing_and_changes_nothing(run: Run) -> None:
    before = files(run)
    sealed = report_html(run)
    assert files(run) == before and run.looks() == [] and "sealed" in Report(sealed).words
    run.look()
    before = files(run)
    assert report_html(run) != sealed and files(run) == before and len(run.looks()) == 1


def test_a_sealed_run_shows_no_test_figure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    scores, contributions = Run.scores, Run.contributions
    monkeypatch.setattr(Run, "scores", lambda run, part: {"validation": scores(run, part)}[part])
    monkeypatch.setattr(
        Run, "contributions", lambda run, part: {"validation": contributions(run, part)}[part]
    )
    report, committed = Report(report_html(run)), run.committed()
    figures = evaluate(scores(run, "validation"), committed.thresholds, committed.policy)
    assert "The test data are sealed." in report.section("Verdict") and "Opened" not in report.words
    assert f"On validation data: In {figures.time_unit.running(figures.days)}" in report.words
    assert {label: value for label, value, _ in report.measures}["Events caught"] == (
        f"{figures.caught} of {figures.n_events}"
    )
    assert not any(below for _, _, below in report.measures)
    assert not [title for title in report.titles if "Test" in title]
    titles = [heading.text for heading in report.all("h2")]
    assert "Ledger of the validation data" in titles and not {"Drift", "Baselines"} & {*titles}
    assert "rare-event code" not in report.words and "on_test" not in report.words
    judged = open_judged(run)
    with pytest.raises(ValueError, match="sealed"):
        _ = judged.test


def test_a_threshold_changed_after_a_look_seals_the_report_and_marks_the_next(run: Run) -> None:
    run.look()
    run.commit(Committed({0: 1.5}, Rule("fixed", 1.5), AlarmPolicy()))
    sealed = Report(report_html(run))
    assert "Opened once; the threshold or the alarm policy has changed since." in sealed.words
    assert not [title for title in sealed.titles if "Test" in title]
    report = opened(run)
    (warning,) = [p.text for p in report.all("p", "warning") if "opened" in p.text]
    assert "changed after the test data had been opened (opened 2 times so far)" in warning
    assert "An alarm is raised at a score of 1.5." in report.words


def test_a_file_that_loads_nothing(run: Run) -> None:
    report = opened(run)
    assert len(report.source.encode()) < LARGEST
    for element in report.elements:
        loading = {"src", "href", "srcset", "action", "data", "poster", "background", "xlink:href"}
        assert not loading & {*element.attributes}, element.tag
        assert not [name for name in element.attributes if name.startswith("on")], element.tag
        assert "url(" not in element.attributes.get("style", "")
    tags = {element.tag for element in report.elements}
    assert not tags & {"link", "img", "iframe", "object", "embed", "base", "form", "a", "video", "audio"}
    (style,) = [element.text for element in report.all("style")]
    assert "@import" not in style and "url(" not in style
    rest = report.source.replace(report.scripts[0], "")
    assert "http:" not in rest and "https:" not in rest and "//" not in rest.replace("// ", "")
    assert report.scripts[0] == get_plotlyjs() and len(report.scripts) == 2


def test_only_our_scripts_may_run_and_nothing_may_be_loaded(run: Run) -> None:
    report = opened(run)
    (policy,) = [
        meta.attributes["content"]
        for meta in report.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in report.scripts]
    assert rules["script-src"] == " ".join(f"'sha256-{each}'" for each in hashes)
    assert rules["default-src"] == "'none'" and "connect-src" not in rules and "unsafe-eval" not in policy
    assert report.source.index("Content-Security-Policy") < report.source.index("<style>")


def test_names_from_files_and_people_stay_text(workspace: Path) -> None:
    frame = small_frame(N_ROWS)
    columns = dict(zip(frame.columns[2:], HOSTILE, strict=False))
    run = done(frame.rename(columns=columns), DENSE, name='</script>"><img src=x>.csv')
    run.describe(About("<b>Run</b> {{ 1 }}", "<script>alert(2)</script>\n" + HOSTILE[1]))
    report = opened(run)
    assert len(report.scripts) == 2 and not {"img", "b"} & {element.tag for element in report.elements}
    assert report.all("h1")[0].text == "<b>Run</b> {{ 1 }}"
    assert "<script>alert(2)</script>" in report.all("p", "note")[0].text
    assert '</script>"><img src=x>.csv' in report.words
    sensors = " ".join(cell.text for cell in report.all("td"))
    assert any(name in sensors for name in columns.values())
    assert [chart for chart in report.charts if chart["data"]]


def test_the_headings_of_the_ledger_are_those_of_the_page(run: Run) -> None:
    shown = {name: config["label"] for name, config in COLUMN_CONFIG.items()}
    assert {name: worth.HEADINGS[name] for name in shown} == shown
    assert {name: config["label"] for name, config in COUNTED_CONFIG.items()} == worth.IN_ROWS


def test_the_ledger_lists_events_and_false_alarms(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    report, judged = opened(run), open_judged(run)
    section = report.section("Ledger of the test data")
    lines = judged.lines
    events, false = lines[lines["kind"] == "event"], lines[lines["kind"] != "event"]
    assert section.count(" yes ") == events["caught"].sum() > 0
    assert section.count("false alarm ") == len(false) > 3
    first = pd.Timestamp(str(judged.table.start)) + pd.Timedelta(minutes=false["first_alarm"].iloc[0])
    assert f"{first:%-d %b %H:%M}" in section
    # Each alarm has a reason, and a missed event none.
    ended = lines["ended"].tolist()
    assert all(section.count(why) >= ended.count(why) for why in set(ended) - {""})
    assert (
        set(ended) <= {*ENDS.values(), ""}
        and (lines["ended"] == "").tolist() == ((lines["kind"] == "event") & ~lines["caught"]).tolist()
    )
    monkeypatch.setattr(worth, "MOST_LINES", len(events) + 1)
    short = Report(report_html(run)).section("Ledger of the test data")
    assert short.count("false alarm ") == 1
    assert f"The first {len(events) + 1} of {len(lines)} lines, events before false alarms." in short
    assert "The first" not in section


def test_marks_of_people_are_in_the_ledger(run: Run) -> None:
    judged = open_judged(run)
    lines = judged.lines[judged.lines["kind"] != "event"]
    at = pd.Timestamp(str(judged.table.start)) + pd.Timedelta(minutes=lines["first_alarm"].iloc[0])
    mark_alarm(run, Mark(at.isoformat(), "known stop"))
    section = Report(report_html(run)).section("Ledger of the validation data")
    assert "known stop" in section and "1 was a known stop" in section


def test_without_times_figures_are_per_thousand_rows(workspace: Path) -> None:
    run = done(small_frame(N_ROWS).drop(columns="time"))
    report = opened(run)
    figures = evaluate(run.scores("test"), run.committed().thresholds, run.committed().policy)
    shown = {label: value for label, value, _ in report.measures}
    if figures.rate is None:
        assert "False alarms in" in " ".join(shown)
    else:
        assert shown["False alarms per 1,000 rows"] == number(figures.rate)
    words = " ".join(report.section(title) for title in ("Verdict", "Threshold", "Promise", "Drift", "Split"))
    assert "per 1,000 rows" in words and not re.search(r"\ba day\b|\bper day\b|minutes|running time", words)
    assert "load of an operator cannot be given" in report.section("Operator load")
    assert "first alarm (row)" in report.words and "lead (minutes)" not in report.words
    assert "so alarms are counted per 1,000 rows" in report.section("Data and their checks")


def test_marks_are_not_written_into_a_ledger_without_times(workspace: Path) -> None:
    run = done(small_frame(N_ROWS).drop(columns="time"), replace(PCA, rule=Rule("quantile", 0.9)))
    judged = open_judged(run)
    false = judged.lines[judged.lines["kind"] != "event"]
    mark_alarm(run, Mark(f"{false['first_alarm'].iloc[0]:g}", "known stop"))
    for _ in range(2):
        shown = open_judged(run).readable_lines
        assert shown["mark"].eq("known stop").sum() == 1
    assert judged.readable_lines["mark"].notna().sum() == 1 and "mark" not in judged.lines


def unlabelled() -> pd.DataFrame:
    return small_frame(N_ROWS).drop(columns="y")


def early_events() -> pd.DataFrame:
    """All events are in the training part."""
    frame = small_frame(N_ROWS)
    return frame.assign(y=np.where(np.arange(N_ROWS) < 1500, frame["y"], 0))


@pytest.mark.parametrize("make", [unlabelled, early_events])
@pytest.mark.parametrize("look", [False, True])
def test_where_no_event_is_known_nothing_is_claimed_of_events(workspace: Path, make, look: bool) -> None:
    run = done(make(), said=Corrections(no_label=make is unlabelled))
    report = opened(run) if look else Report(report_html(run))
    for title in ("Verdict", "Threshold", "Promise", "Operator load", "Limits"):
        assert not FORBIDDEN.findall(report.section(title)), title
    assert not FORBIDDEN.findall(" ".join(report.titles))
    why = "no event column" if make is unlabelled else "hold no events that can be judged"
    assert why in report.section("Verdict") and "would have raised" in report.section("Verdict")
    assert "Baselines" not in [heading.text for heading in report.all("h2")]
    if make is unlabelled:
        assert "false alarm" not in report.section("Verdict") + " ".join(report.titles)


def test_folds_and_an_optimistic_split_are_named(workspace: Path) -> None:
    frame = small_frame(N_ROWS)
    report = opened(done(frame, replace(PCA, split=SplitPlan("rolling", folds=3))))
    assert "Test folds" in " ".join(report.titles) and "Over 3 folds" in report.section("Split")
    assert "Too optimistic" not in report.words
    report = Report(report_html(done(frame, replace(PCA, split=SplitPlan("random")))))
    assert "Too optimistic: rows next to each validation row" in report.section("Limits")


def test_a_trailing_threshold_is_a_multiple(workspace: Path) -> None:
    run = done(small_frame(N_ROWS), replace(PCA, rule=Rule("trailing-quantile", 0.99)))
    report = opened(run)
    assert "times the trailing quantile of the scores" in report.section("Threshold")
    assert "at a score of" not in report.section("Threshold")


def test_what_the_alarm_policy_suppresses_is_said(workspace: Path) -> None:
    frame = small_frame(N_ROWS).assign(mode=np.where(np.arange(N_ROWS) % 100 < 20, "clean", "run"))
    policy = AlarmPolicy(suppress_column="mode", suppress_values=("clean",), end_share=0.8)
    run = done(frame, replace(PCA, policy=policy))
    section = opened(run).section("Threshold")
    assert suppressed_in_words(run.scores("test").once(), policy) in section
    assert "Alarms are suppressed in" in section and "ends below 80% of the threshold" in section
    section = opened(done(frame)).section("Threshold")
    assert "suppressed" not in section and "ends below" not in section


def test_several_machines_are_counted_one_by_one(workspace: Path) -> None:
    frame = pd.concat([small_frame(1200).assign(machine=name) for name in ("<i>A</i>", "B")])
    run = done(frame, said=Corrections(assets="machine"))
    report = opened(run)
    section = report.section("Ledger of the test data")
    assert "Machine by machine" in section and "<i>A</i>" in section and "running time (days)" in section
    assert not report.all("i")


@pytest.mark.parametrize("state", ["queued", "running", "failed", "cancelled", "interrupted"])
def test_a_run_without_a_result_gives_a_sentence(run: Run, tmp_path: Path, state) -> None:
    mark(run, state, "why")
    with pytest.raises(RunError, match=rf"^Run {run.id} .*\({state}\)"):
        write_report(run, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_a_meter_and_a_bundle_have_no_report(run: Run, tmp_path: Path) -> None:
    meter = create_leakage(run)
    mark(meter, "done")
    with pytest.raises(RunError, match="measures leakage"):
        report_html(meter)
    save_archive(run, tmp_path / "model.zip")
    shutil.rmtree(run.folder)
    with pytest.raises(RunError, match="came in a bundle, without the data"):
        report_html(import_archive(tmp_path / "model.zip"))


DAMAGED = (
    "config.json",
    "contributions.parquet",
    "dataset.json",
    "evaluation.json",
    "history.csv",
    "inputs.json",
    "looks.json",
    "marks.json",
    "purpose.json",
    "scores.json",
    "scores.parquet",
    "status.json",
    "threshold.json",
    "trained.json",
)


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_gives_a_sentence_and_no_report(run: Run, tmp_path: Path, name: str) -> None:
    run.look()
    whole = (run.folder / name).read_bytes() if (run.folder / name).exists() else b""
    (run.folder / name).write_bytes(whole[: len(whole) // 2] + b"\0{")
    with pytest.raises(RareEventError) as raised:
        write_report(run, tmp_path / "report.html")
    assert str(raised.value).endswith(".") and not (tmp_path / "report.html").exists()


def test_scores_that_do_not_fit_are_no_figures(run: Run, tmp_path: Path) -> None:
    committed = run.committed()
    run.commit(replace(committed, thresholds={3: 1.0}))
    with pytest.raises(RunError, match="do not fit its threshold"):
        report_html(run)
    run.commit(committed)
    scores = run.scores("validation")
    run.save_scores({"validation": [replace(scores, row=scores.row + 10**6)], "test": [run.scores("test")]})
    with pytest.raises(RunError, match="do not fit"):
        report_html(run)


def test_lost_data_give_a_sentence(run: Run) -> None:
    dataset: Dataset = run.dataset()
    shutil.rmtree(run.folder.parents[1] / "datasets" / dataset.digest)
    with pytest.raises(RareEventError):
        report_html(run)
