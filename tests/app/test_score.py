"""Score: a new file from its upload over what differs to its alarms, as on the command line."""

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from rare_event.cli.parser import main
from rare_event.code.show import code_of_scoring
from rare_event.config import Rule, SplitPlan
from rare_event.experiment import score as score_module
from rare_event.jobs.scoring import score_in_worker
from rare_event.prepare.corrections import Corrections
from rare_event.read import parquet
from rare_event.read.values import shown
from rare_event.store.archive import import_archive, save_archive
from rare_event.store.bundle import FACTS, open_trained
from rare_event.store.datasets import add_dataset
from rare_event.store.records import Committed, Purpose
from rare_event.store.runs import Run, create_run, list_runs
from rare_event.store.scored import ALARMS_CSV, LEDGER_CSV, SCORES_CSV, SCORES_PARQUET, SUMMARY
from rare_event.store.scorings import Scoring, Status, create_scoring, list_scorings, open_scoring
from rare_event.text import number
from rare_event.ui.cache import jobs
from tests.app.conftest import Deferred, finished
from tests.app.test_bar import tray
from tests.app.test_evaluate import progress
from tests.app.test_pages import button, link, metric, texts, titles, unescaped
from tests.records import as_older_version
from tests.small import PCA, small_frame

PAGE = "pages/7_Score.py"
OpenPage = Callable[..., AppTest]


@pytest.fixture
def run(executor: Deferred, small_csv: bytes) -> Run:
    return finished(add_dataset(small_csv, "small.csv"), PCA)


@pytest.fixture
def new() -> pd.DataFrame:
    return small_frame(300).assign(time=lambda f: f["time"] + pd.Timedelta(days=30))


def as_csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


def upload(app: AppTest, content: bytes, name: str = "new.csv") -> AppTest:
    app.file_uploader[0].upload(name, content, "text/csv").run()
    assert not app.exception
    return app


def scored(app: AppTest, executor: Deferred) -> AppTest:
    executor.run_all()
    app.run()
    assert not app.exception
    return app


def labels(app: AppTest) -> list[str]:
    return [each.proto.label for each in app.get("download_button")]


def of_command_line(run: Run, folder: Path, content: bytes) -> dict[str, bytes]:
    file = folder / "new.csv"
    file.write_bytes(content)
    assert main(["score", run.id, str(file), "--out", str(folder / "out")]) == 0
    return {path.name: path.read_bytes() for path in (folder / "out").iterdir()}


def test_the_page_asks_for_a_run(open_page: OpenPage) -> None:
    app = open_page(PAGE)
    assert any("No run is open yet" in info.value for info in app.info)
    assert [each.label for each in app.file_uploader] == ["Import a bundle"]
    assert not app.metric and not labels(app)


def test_nothing_is_shown_before_a_file_is_scored(open_page: OpenPage, run: Run) -> None:
    app = open_page(PAGE, run=run.id)
    assert not app.exception and not app.error and not app.metric and not titles(app)
    assert "small.csv" in unescaped(app) and "alarm at a score of" in unescaped(app)
    (needed,) = [each.value for each in app.dataframe]
    schema, ranges = run.dataset().schema, {each.name: each for each in FACTS.read(run).ranges}
    assert needed["column"].tolist() == [schema.time, *schema.sensors]
    assert needed["usually from"].tolist()[1:] == [number(ranges[each].p5) for each in schema.sensors]
    assert schema.label not in set(needed["column"]) and shown(schema.label) in unescaped(app)


def test_the_threshold_said_is_the_one_that_scores(
    open_page: OpenPage, executor: Deferred, small_csv: bytes
) -> None:
    folds = replace(PCA, split=SplitPlan("rolling", folds=3))
    policy = replace(folds.policy, k=2, n=3)
    for config, rule in (
        (folds, "alarm at a score of {:.4g} or more"),
        (replace(folds, policy=policy), "alarm when 2 of the last 3 scores are {:.4g} or more"),
    ):
        run = finished(add_dataset(small_csv, "small.csv"), config)
        committed, scores_with = run.committed(), open_trained(run).threshold
        assert committed.n_thresholds == 3 and committed.middle != scores_with
        shown = unescaped(open_page(PAGE, run=run.id))
        assert rule.format(scores_with) in shown and f"{committed.middle:.4g}" not in shown


def test_a_file_is_scored_as_on_the_command_line(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame, tmp_path_factory: Any
) -> None:
    app = upload(open_page(PAGE, run=run.id), as_csv(new))
    assert "is waiting for its turn" in texts(app) and not app.metric
    scored(app, executor)
    assert "waiting for its turn" not in texts(app)
    (scoring,) = list_scorings(run.id)
    expected = of_command_line(run, tmp_path_factory.mktemp("command"), as_csv(new))
    assert {name: scoring.file(name) for name in expected} == expected
    assert {*expected} == {SCORES_PARQUET, SCORES_CSV, ALARMS_CSV, LEDGER_CSV, SUMMARY}
    assert labels(app)[:4] == ["Scores (Parquet)", "Scores (CSV)", "Alarms (CSV)", "Ledger (CSV)"]
    alarms = pd.read_csv(io.BytesIO(expected[ALARMS_CSV]))
    assert metric(app, "Rows scored of 300") == "294" and metric(app, "Alarms") == str(len(alarms))
    shown = app.dataframe[0].value
    assert shown["peak"].tolist() == alarms["peak"].tolist()
    assert shown["ended"].tolist() == alarms["ended"].tolist()
    assert titles(app)[0].startswith("new.csv: ")
    assert "5 events caught" in unescaped(app) and "Promise from validation data: " in unescaped(app)
    assert not list(scoring.folder.glob("input-*")), "the upload is not kept once it is scored"


def test_a_reload_finds_the_results(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame
) -> None:
    scored(upload(open_page(PAGE, run=run.id), as_csv(new)), executor)
    again = open_page(PAGE, run=run.id)
    assert metric(again, "Rows scored of 300") == "294" and not executor.waiting


def test_a_waiting_file_is_queued_again_by_the_next_server(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame
) -> None:
    app = upload(open_page(PAGE, run=run.id), as_csv(new))
    executor.waiting.clear()
    # Its first page makes a queue of its own.
    st.cache_resource.clear()
    app.run()
    scored(app, executor)
    assert metric(app, "Rows scored of 300") == "294"
    assert len(list_scorings()) == 1


def test_a_file_without_a_label_has_no_events(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame
) -> None:
    app = scored(upload(open_page(PAGE, run=run.id), as_csv(new.drop(columns="y"))), executor)
    assert "There is no label" in unescaped(app)
    assert "caught" not in metric(app, "Alarms") and "Without a label" not in unescaped(app)
    assert "Ledger (CSV)" not in labels(app)
    assert metric(app, "Rows scored of 300") == "299"


def test_a_renamed_column_is_confirmed(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame
) -> None:
    renamed = new.rename(columns={"s2": "S2 [bar]"}).assign(extra=1.0)
    app = scored(upload(open_page(PAGE, run=run.id), as_csv(renamed)), executor)
    assert "looks like it" in unescaped(app) and "'extra' is new" in unescaped(app)
    assert not app.metric and not titles(app)
    (choice,) = [each for each in app.selectbox if "Which column" in each.label]
    assert choice.value == "S2 [bar]" and "extra" in choice.options
    choice.select("none: the file lacks it")
    button(app, "Confirm and score").click().run()
    assert "needs the column" in unescaped(app) and not executor.waiting
    choice = next(each for each in app.selectbox if "Which column" in each.label)
    choice.select("S2 [bar]")
    button(app, "Confirm and score").click().run()
    scored(app, executor)
    assert metric(app, "Rows scored of 300") == "294"
    (scoring,) = list_scorings()
    plain = create_scoring(run, [(io.BytesIO(as_csv(new)), "new.csv")])
    score_in_worker(plain.id)
    assert scoring.file(SCORES_PARQUET) == plain.file(SCORES_PARQUET)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.drop(columns="s1"), "Column 's1' is missing"),
        (lambda f: f[:1], "no row that can be scored"),
        (lambda f: f.assign(s0="wet"), "which is not a number"),
    ],
)
def test_a_file_that_cannot_be_scored_is_a_sentence_and_not_kept(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame, change: Any, said: str
) -> None:
    app = scored(upload(open_page(PAGE, run=run.id), as_csv(change(new))), executor)
    assert [said in error.value.replace("\\", "") for error in app.error] == [True]
    assert "new.csv was not scored" in app.error[0].value.replace("\\", "")
    assert not list_scorings() and not list((run.folder.parents[1] / "scorings").glob("*"))
    assert not app.metric and not titles(app)
    scored(upload(app, as_csv(new)), executor)
    assert not app.error and metric(app, "Rows scored of 300") == "294"


def test_a_file_whose_worker_died_is_scored_again(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame
) -> None:
    scoring = create_scoring(run, [(io.BytesIO(as_csv(new)), "new.csv")])
    scoring.write_status(Status("running", pid=2**22 + 1, pid_created=1.0))
    app = open_page(PAGE, run=run.id)
    assert "ended early" in texts(app) and not app.metric
    button(app, "Score the file again").click().run()
    scored(app, executor)
    assert metric(app, "Rows scored of 300") == "294"


def test_results_are_deleted_on_request(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame
) -> None:
    app = scored(upload(open_page(PAGE, run=run.id), as_csv(new)), executor)
    app.button(key="score_delete").click().run()
    assert not app.exception and not list_scorings() and not app.metric


def test_another_threshold_since_is_said(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame
) -> None:
    app = scored(upload(open_page(PAGE, run=run.id), as_csv(new)), executor)
    assert "committed since" not in texts(app)
    before = run.committed()
    run.commit(type(before)(dict.fromkeys(before.thresholds, 99.0), before.rule, before.policy))
    assert "committed since" in texts(app.run())


@pytest.mark.parametrize("rule", [PCA.rule, Rule("trailing-quantile", 0.9, days=0.2)])
def test_the_line_is_that_of_the_scoring_whatever_is_committed_since(
    open_page: OpenPage, executor: Deferred, small_csv: bytes, new: pd.DataFrame, rule: Rule
) -> None:
    run = finished(add_dataset(small_csv, "small.csv"), replace(PCA, rule=rule))
    app = scored(upload(open_page(PAGE, run=run.id), as_csv(new)), executor)
    (scoring,) = list_scorings(run.id)
    other = PCA.rule if rule.trailing else Rule("trailing-quantile", 0.9, days=0.2)
    before = run.committed()
    run.commit(Committed(before.thresholds, other, before.policy))
    assert scoring.trailing == rule.trailing
    drawn = json.loads(app.run().get("plotly_chart")[0].proto.spec)["data"]
    names = [trace["name"] for trace in drawn]
    assert ("trailing threshold" in names) == rule.trailing
    assert any(name.startswith("threshold ") for name in names) != rule.trailing


def test_a_bundle_is_written_and_imported(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame, tmp_path: Path
) -> None:
    app = open_page(PAGE, run=run.id)
    button(app, "Prepare the bundle").click().run()
    scored(app, executor)
    assert labels(app) == ["Download bundle"]
    (bundle,) = run.folder.glob("bundle-*.zip")
    uploader = next(each for each in app.file_uploader if each.label == "Import a bundle")
    uploader.upload("model.zip", bundle.read_bytes(), "application/zip").run()
    assert not app.exception and not app.error
    assert len(list_runs()) == 2 and "was imported" in unescaped(app)
    (chosen,) = [each for each in app.selectbox if each.label == "Model"]
    assert chosen.value == list_runs()[0].id != run.id
    scored(upload(app, as_csv(new)), executor)
    assert list_scorings(chosen.value) and not list_scorings(run.id)
    assert metric(app, "Rows scored of 300") == "294"


def test_a_bundle_that_is_none_is_a_sentence(open_page: OpenPage, run: Run) -> None:
    app = open_page(PAGE, run=run.id)
    uploader = next(each for each in app.file_uploader if each.label == "Import a bundle")
    uploader.upload("model.zip", b"PK nothing", "application/zip").run()
    assert ["model.zip is damaged" in error.value.replace("\\", "") for error in app.error] == [True]
    assert len(list_runs()) == 1


def test_an_imported_model_scores_where_its_dataset_is_not(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame, tmp_path: Path
) -> None:
    save_archive(run, tmp_path / "model.zip")
    imported = import_archive(tmp_path / "model.zip")
    shutil.rmtree(run.folder)
    shutil.rmtree(run.folder.parents[1] / "datasets")
    home = open_page("app.py")
    assert link(home, "Score").query_string == "", "its dataset is not here"
    app = open_page(PAGE)
    assert not app.exception and not app.error
    scored(upload(app, as_csv(new)), executor)
    assert list_scorings(imported.id) and metric(app, "Rows scored of 300") == "294"


def test_a_run_of_an_older_version_is_a_sentence(open_page: OpenPage, run: Run) -> None:
    (run.folder / "trained.json").unlink()
    as_older_version(run.folder)
    app = open_page(PAGE, run=run.id)
    assert "older version" in app.error[0].value and not app.metric
    assert [each.label for each in app.file_uploader] == ["Import a bundle"]


def test_a_lost_description_of_the_training_data_is_no_older_version(open_page: OpenPage, run: Run) -> None:
    (run.folder / "trained.json").unlink()
    app = open_page(PAGE, run=run.id)
    assert "cannot be read: the file is missing or damaged" in unescaped(app)
    assert len(app.error) == 1 and "older version" not in texts(app)


def test_a_run_that_is_not_done_is_asked_for(open_page: OpenPage, run: Run) -> None:
    waiting = create_run(run.dataset(), PCA)
    app = open_page(PAGE, watched=waiting.id)
    assert "has not finished" in texts(app) and not app.metric


def test_a_scoring_that_is_gone_is_a_sentence(workspace: Path) -> None:
    with pytest.raises(Exception, match="There is no scoring"):
        open_scoring("../../etc")
    score_in_worker("20240101-000000-000000")
    assert not (workspace / "scorings").exists()


def test_with_the_rows_before_the_parts_are_as_the_whole(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame
) -> None:
    whole = create_scoring(run, [(io.BytesIO(as_csv(new)), "new.csv")])
    score_in_worker(whole.id)
    app = open_page(PAGE, run=run.id)
    before = next(each for each in app.file_uploader if "earlier rows here first" in each.label)
    before.upload("april.csv", as_csv(new[:155]), "text/csv").run()
    assert not app.exception and not executor.waiting, "nothing is scored before there are new rows"
    scored(upload(app, as_csv(new[155:]), "may.csv"), executor)
    part = next(each for each in list_scorings() if each.id != whole.id)
    assert part.request().history == ("april.csv",) and part.name == "may.csv"
    expected = whole.frame()[155:].reset_index(drop=True)
    pd.testing.assert_frame_equal(part.frame(), expected)
    assert part.frame()["score"].notna()[0], "the row before is known"
    assert metric(app, "Rows scored of 145") == str(int(expected["score"].notna().sum()))
    assert not list(part.folder.glob("history-*")) and not list(part.folder.glob("input-*"))
    # The next file has none of them.
    scored(upload(app, as_csv(new), "next.csv"), executor)
    assert list_scorings()[0].request().history == ()


def test_alarms_are_shelved_until_a_time_as_on_the_command_line(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame, tmp_path_factory: Any
) -> None:
    app = open_page(PAGE, run=run.id)
    app.text_input(key="score_shelve_0").set_value("noon").run()
    assert "'noon' cannot be read as a time" in unescaped(app) and not executor.waiting
    until = f"{new['time'][100]:%Y-%m-%d %H:%M}"
    app.text_input(key="score_shelve_0").set_value(until).run()
    assert not app.error and not executor.waiting
    scored(upload(app, as_csv(new)), executor)
    (scoring,) = list_scorings(run.id)
    folder = tmp_path_factory.mktemp("command")
    (folder / "new.csv").write_bytes(as_csv(new))
    command = ["score", run.id, str(folder / "new.csv"), "--out", str(folder / "out")]
    assert main([*command, "--shelve-until", until]) == 0
    for name in (ALARMS_CSV, SCORES_CSV, SUMMARY):
        assert scoring.file(name) == (folder / "out" / name).read_bytes()
    assert "Alarms are shelved in 98 rows, " in unescaped(app)
    assert f'shelve_until="{until}")' in code_of_scoring(scoring)
    # The next file is not shelved.
    scored(upload(app, as_csv(new), "next.csv"), executor)
    assert list_scorings()[0].request().shelve_until is None and "are shelved in" not in unescaped(app)


def test_rows_before_that_are_not_before_are_a_sentence(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame
) -> None:
    app = open_page(PAGE, run=run.id)
    before = next(each for each in app.file_uploader if "earlier rows here first" in each.label)
    before.upload("may.csv", as_csv(new[155:]), "text/csv").run()
    scored(upload(app, as_csv(new[:155]), "april.csv"), executor)
    assert ["before the earlier rows end" in error.value.replace("\\", "") for error in app.error] == [True]
    assert not list_scorings() and not app.metric


def test_a_waiting_scoring_is_in_the_tray_and_cancelled_there(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame
) -> None:
    training = create_run(run.dataset(), PCA)
    app = open_page(PAGE, run=run.id)
    jobs().submit(training)
    upload(app, as_csv(new))
    (scoring,) = list_scorings()
    assert jobs().pending() == [training, scoring] and tray(app) == "2 jobs"
    assert "**Scoring** · new.csv · queued, position 2" in unescaped(app)
    app.button(key=f"bar_cancel_{scoring.id}").click().run()
    assert not app.exception and not app.error and tray(app) == "1 job"
    assert not list_scorings() and "waits for its turn" not in texts(app)
    executor.run_all()
    assert training.status().state == "done" and not app.run().metric


def test_a_scoring_is_cancelled_while_its_file_is_read(
    run: Run, new: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    new.to_parquet(tmp_path / "new.parquet", index=False)
    scoring = create_scoring(run, [(io.BytesIO((tmp_path / "new.parquet").read_bytes()), "new.parquet")])
    monkeypatch.setattr(parquet, "BATCH_ROWS", 50)
    real, read = parquet.block_read, []

    def block_read() -> None:
        read.append(1)
        if len(read) == 2:
            jobs().cancel_scoring(scoring)
        real()

    monkeypatch.setattr(parquet, "block_read", block_read)
    score_in_worker(scoring.id)
    assert scoring.status().state == "cancelled"
    assert len(read) == 2, "the other four blocks are not read"
    assert not scoring.findings() and scoring.file(ALARMS_CSV) is None
    assert not list(scoring.folder.glob("input-*"))


def test_a_running_scoring_is_cancelled_after_a_block(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score_module, "BLOCK", 100)
    scoring = create_scoring(run, [(io.BytesIO(as_csv(new)), "new.csv")])
    written: list[Status] = []
    keep = Scoring.write_status

    def write_status(self: Scoring, status: Status) -> Status:
        written.append(status)
        if status.progress > 0.3:
            jobs().cancel_scoring(self)
        return keep(self, status)

    monkeypatch.setattr(Scoring, "write_status", write_status)
    score_in_worker(scoring.id)
    assert [status.state for status in written] == ["running", "running", "running", "cancelled"]
    assert written[2].progress == pytest.approx(1 / 3) and scoring.file(ALARMS_CSV) is None
    assert not list(scoring.folder.glob("input-*"))
    app = open_page(PAGE, run=run.id)
    assert not app.exception and not app.error and not app.metric and not list_scorings()


def test_a_scoring_says_how_far_it_is(
    open_page: OpenPage, executor: Deferred, run: Run, new: pd.DataFrame
) -> None:
    app = upload(open_page(PAGE, run=run.id), as_csv(new))
    (scoring,) = list_scorings()
    scoring.write_status(Status("running"))
    assert progress(app.run()) == "**Scoring** · new.csv · reading the file"
    scoring.write_status(Status("running", progress=0.4))
    assert progress(app.run()).endswith("40% of the rows") and tray(app) == "1 job"
    scoring.write_status(Status("queued"))
    scored(app, executor)
    assert tray(app) == "No jobs" and metric(app, "Rows scored of 300") == "294"


def test_background_runs_wait_for_a_scoring(run: Run, executor: Deferred, new: pd.DataFrame) -> None:
    jobs()
    scoring = create_scoring(run, [(io.BytesIO(as_csv(new)), "new.csv")])
    jobs().submit_scoring(scoring)
    later = create_run(run.dataset(), PCA, Purpose("baseline", run.id))
    jobs().submit_background([later])
    assert len(executor.waiting) == 1 and jobs().busy
    assert jobs().pending() == [scoring, later]
    executor.run_all()
    assert later.status().state == "done" and scoring.status().state == "done" and not jobs().busy


@pytest.mark.parametrize("timed", [True, False], ids=["minutes", "rows"])
def test_several_machines(
    open_page: OpenPage, executor: Deferred, tmp_path_factory: Any, timed: bool
) -> None:
    def pumps(n_rows: int, days: int) -> pd.DataFrame:
        frame = small_frame(n_rows).assign(time=lambda f: f["time"] + pd.Timedelta(days=days))
        both = pd.concat([frame.assign(pump="P1"), frame.assign(pump="P2", s0=frame["s0"] * 2)])
        both = both.sort_values("time", kind="stable")
        return both if timed else both.drop(columns="time")

    dataset = add_dataset(as_csv(pumps(600, 0)), "pumps.csv", Corrections(assets="pump"))
    run = finished(dataset, PCA)
    new = pumps(300, 30)
    app = scored(upload(open_page(PAGE, run=run.id), as_csv(new)), executor)
    assert not app.error
    (scoring,) = list_scorings()
    expected = of_command_line(run, tmp_path_factory.mktemp("command"), as_csv(new))
    assert {name: scoring.file(name) for name in expected} == expected
    alarms = pd.read_csv(io.BytesIO(expected[ALARMS_CSV]))
    assert set(alarms["machine"]) == {"P1", "P2"}
    assert metric(app, "Rows scored of 600") == str(int(scoring.frame()["score"].notna().sum()))
    shown = app.dataframe[0].value
    assert shown["machine"].tolist() == alarms["machine"].tolist()
    per, total = ("Alarms per machine-day", "machine-hours") if timed else ("Alarms per 1,000 rows", "rows")
    assert metric(app, per) and any(total in str(each.value) for each in app.metric)
    if not timed:
        # A row is counted within its machine: each has 300 of them.
        assert shown["start"].max() < 300 and "day" not in " ".join(str(each.value) for each in app.metric)
        assert not [each.label for each in app.metric if "day" in each.label]
    (figure,) = [json.loads(each.proto.spec) for each in app.get("plotly_chart")]
    names = {trace["name"] for trace in figure["data"]}
    assert any("P1" in str(name) for name in names) or "P1" in json.dumps(figure["layout"])
