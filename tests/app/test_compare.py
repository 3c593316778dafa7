"""The Compare page in all its states, and what it says."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from streamlit.testing.v1 import AppTest

from rare_event.compare.leaderboard import CHANCE as CHANCE_NAME
from rare_event.compare.leaderboard import leaderboard, shared_leaderboard, shared_scores
from rare_event.compare.verdict import verdict
from rare_event.compare.windows import comparable
from rare_event.config import SplitPlan, SquaresModel, baselines, recipe
from rare_event.jobs import worker
from rare_event.judge.standing import Kind, Row
from rare_event.plots.leaderboard import Board
from rare_event.store.datasets import Dataset
from rare_event.store.deleting import delete_run
from rare_event.store.records import Purpose, Status
from rare_event.store.runs import Run, create_run, list_runs, mark, open_run
from rare_event.ui.compare import page
from rare_event.ui.compare.overlay import TICKED
from rare_event.ui.compare.table import frame_of
from rare_event.ui.downloads import to_csv, to_parquet
from rare_event.ui.frame import STEPS
from rare_event.ui.state import KEY
from tests.app.conftest import PCA, Deferred, finished
from tests.app.test_pages import OpenPage, button, follow, link, texts, titles
from tests.small import judgement_of

LEADS = (4.0, 20.0)
Used = Callable[[str], None]
PAGE = "pages/6_Compare.py"
SQUARES = replace(PCA, model=SquaresModel())
# Of the ticked models: with one, its curves; with more, the differences too.
CURVES, CHARTS = 2, 3


def windows_of(app: AppTest) -> Any:
    """The choice of the windows that models are judged on."""
    return next(box for box in app.selectbox if str(box.key).startswith("compare_windows"))


def words(app: AppTest) -> str:
    """All texts, headings too, as a reader sees them."""
    shown = "\n".join([texts(app), *(str(heading.value) for heading in app.header)])
    return shown.replace("\\", "")


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def table(app: AppTest) -> pd.DataFrame:
    (frame,) = app.dataframe
    return pd.DataFrame(frame.value)


def chart(app: AppTest) -> dict[str, Any]:
    """What the page hands to the chart of the leaderboard."""
    (component,) = app.get("bidi_component")
    return dict(json.loads(component.proto.json))


def drawn(app: AppTest, run: Run) -> dict[str, Any]:
    """The row of a run in the chart."""
    (row,) = [row for row in chart(app)["rows"] if row["run"] == run.id]
    return dict(row)


def ticks(app: AppTest, *runs: Run) -> AppTest:
    """Do what ticking runs does; AppTest cannot fire the trigger."""
    app.session_state[TICKED] = {windows_of(app).value: [run.id for run in runs]}
    return app.run()


def beside(run: Run, name: str) -> Run:
    """A baseline of a run, executed in this process."""
    made = create_run(run.dataset(), recipe(name, run.config()), Purpose("baseline", run.id))
    worker.execute(made)
    return made


@pytest.fixture
def opened_run(done_run: Run) -> Run:
    done_run.look()
    return done_run


def test_without_a_dataset_the_page_says_so(open_page: OpenPage) -> None:
    app = open_page(PAGE)
    assert "No dataset is open" in words(app)
    assert not app.exception
    assert not app.selectbox


def test_without_a_finished_run_the_page_leads_to_training(open_page: OpenPage, dataset: Dataset) -> None:
    create_run(dataset, PCA)
    mark(create_run(dataset, PCA), "failed", "Too hot.")
    app = open_page(PAGE, dataset=dataset.digest)
    assert "No run on this dataset has finished yet" in words(app)
    assert not app.exception
    assert [box.key for box in app.selectbox] == ["bar_dataset"], "no windows to choose"
    assert not app.get("plotly_chart")


def test_a_sealed_run_shows_no_figure_and_a_button_that_opens_it(open_page: OpenPage, done_run: Run) -> None:
    beside(done_run, "squares")
    app = open_page(PAGE, run=done_run.id)
    assert "1 run is still sealed" in words(app)
    assert "split by time, shift 2, lookback 1: 2 models" in windows_of(app).options
    assert not app.get("plotly_chart"), "nothing may be drawn of data nobody has opened"
    assert not app.dataframe
    assert not app.header
    assert done_run.looks() == []

    button(app, "Open the test data of this run (one look)").click().run()

    assert not app.exception
    assert len(done_run.looks()) == 1
    assert "still sealed" not in words(app)
    assert len(app.get("plotly_chart")) == CHARTS
    assert drawn(app, done_run)["own"] and chart(app)["most_caught"] >= 0
    assert set(table(app)["model"]) >= {"Custom: PCA on differences", "Mean of squares, no model"}


def test_runs_are_opened_together_with_one_look_each(open_page: OpenPage, dataset: Dataset) -> None:
    runs = [finished(dataset, config) for config in (PCA, SQUARES)]
    elsewhere = finished(dataset, replace(PCA, shift=5))
    app = open_page(PAGE, run=runs[0].id)
    button(app, "Open the test data of these 2 runs (one look each)").click().run()
    assert [len(run.looks()) for run in runs] == [1, 1]
    assert elsewhere.looks() == [], "other windows were not asked for"


def test_a_run_that_is_still_sealed_is_counted_and_not_shown(open_page: OpenPage, opened_run: Run) -> None:
    sealed = finished(opened_run.dataset(), SQUARES)
    app = open_page(PAGE, run=opened_run.id)
    assert "1 run is still sealed" in words(app)
    assert "squares" not in words(app)
    assert sealed.id not in table(app)["run"].tolist()
    assert "2 models" in windows_of(app).options[0]


def test_the_verdict_stands_on_top_in_plain_words(open_page: OpenPage, opened_run: Run) -> None:
    beside(opened_run, "squares")
    app = open_page(PAGE, run=opened_run.id)
    n_events = len(opened_run.scores("test").total_events)
    assert f"2 models were compared on the same {n_events} events" in words(app)
    assert "so the best of them looks better than it is" in words(app)
    assert f"of {n_events} events with an alarm in the 4 min before" in words(app)
    assert "thresholds chosen on past data" in words(app)
    assert "By chance alone (scores shifted to unrelated times), alarms would" in words(app)
    assert titles(app) == [
        "Test: ROC curves",
        "Test: events caught at each false-alarm rate",
        "Test: difference in AUC",
    ]
    headline, *others = [str(heading.value) for heading in app.header]
    assert headline.replace("\\", "").startswith(("Best: “", "No model beats “"))
    assert others == ["Ticked models", "What the figures mean", "All figures"]


def test_the_table_holds_what_the_judgements_say(open_page: OpenPage, opened_run: Run) -> None:
    app = open_page(PAGE, run=opened_run.id)
    shown, judged = table(app).set_index("model"), opened_run.judged()
    assert judged is not None
    row, model = shown.loc["Custom: PCA on differences"], judged.model
    assert row["AUC"] == model.mean_fold_auc
    assert row["caught at 2 a day, lead 4 min"] == model.count("past", 2.0).caught
    assert row["caught (trailing) at 5 a day, lead 20 min"] == model.count("trailing", 5.0, 20.0).caught
    assert row["caught (hindsight) at 1 a day, lead 4 min"] == model.count("hindsight", 1.0).caught
    assert row["actual false alarms, limit 2 a day"] == model.count("past", 2.0).false_alarms_per_day
    assert row["looks"] == 1
    marks = drawn(app, opened_run)
    assert marks["auc"] == row["AUC"] and marks["looks"] == "1"
    assert marks["caught"] == [row[f"caught at {each} a day, lead 4 min"] for each in (1, 2, 5)]
    assert marks["rates"] == [f"{row[f'actual false alarms, limit {each} a day']:.1f}" for each in (1, 2, 5)]
    assert (marks["low"], marks["high"]) == model.interval
    order = json.loads(app.dataframe[0].proto.columns)
    assert "run" not in app.dataframe[0].proto.column_order
    assert "upper bound" in order["caught (hindsight) at 2 a day, lead 4 min"]["help"]


@pytest.fixture
def compared(opened_run: Run) -> tuple[Run, Run]:
    return opened_run, beside(opened_run, "squares")


def select(app: AppTest, name: str) -> AppTest:
    """Select the row of a name in the table."""
    position = table(app)["model"].tolist().index(name)
    key = f"compare_table_{hash(tuple(table(app)['run']))}"
    app.session_state[key] = {"selection": {"rows": [position], "columns": [], "cells": []}}
    return app.run()


def test_a_selected_row_is_opened(open_page: OpenPage, compared: tuple[Run, Run]) -> None:
    run, baseline = compared
    app = open_page(PAGE, run=run.id)
    assert button(app, "Open this run").disabled
    select(app, "Mean of squares, no model")
    assert app.session_state[KEY].run_id == run.id, "selecting alone must not open"
    follow(app, "Open this run")
    assert not app.exception
    assert app.title[0].value == "Evaluate"
    assert app.session_state[KEY].run_id == baseline.id


def test_a_row_without_a_model_cannot_be_opened(open_page: OpenPage, opened_run: Run) -> None:
    app = select(open_page(PAGE, run=opened_run.id), "Time since the last restart")
    assert button(app, "Open this run").disabled
    assert "there is no run to open" in words(app)
    assert app.session_state[KEY].run_id == opened_run.id


def test_what_is_shown_can_be_narrowed_and_the_verdict_stays(
    open_page: OpenPage, compared: tuple[Run, Run]
) -> None:
    app = open_page(PAGE, run=compared[0].id)
    app.pills(key="compare_kinds").set_value(["baseline"]).run()
    assert table(app)["model"].tolist() == ["Mean of squares, no model"]
    assert "2 models were compared" in words(app)
    app.pills(key="compare_kinds").set_value(["run", "baseline"]).run()
    app.text_input(key="compare_text").set_value("pca ON").run()
    assert table(app)["model"].tolist() == ["Custom: PCA on differences"]
    app.text_input(key="compare_text").set_value("[a-z").run()
    assert "No model matches these filters" in words(app)
    assert not app.dataframe
    assert not app.exception
    app.switch_page("pages/1_Data.py").run()
    app.switch_page(PAGE).run()
    assert app.text_input(key="compare_text").value == "[a-z"
    assert app.pills(key="compare_kinds").value == ["run", "baseline"]
    app.text_input(key="compare_text").set_value("").run()
    assert len(table(app)) == 2


def test_a_better_model_can_be_used(
    open_page: OpenPage, compared: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, baseline = compared
    app = open_page(PAGE, run=run.id)
    places = [row["run"] for row in chart(app)["rows"]]
    offered = {row["run"] for row in chart(app)["rows"] if row["better"]}
    assert offered == {each for each in places[: places.index(run.id)] if each}
    assert app.session_state[KEY].run_id == run.id, "looking alone must not open"

    # The trigger, which AppTest cannot fire.
    def clicked(data: Board, key: str, on_ticked: Callable[[list[str]], None], on_used: Used) -> None:
        on_used(baseline.id)

    monkeypatch.setattr(page, "board_chart", clicked)
    app.run()
    assert not app.exception
    assert app.title[0].value == "Compare", "nothing throws the reader to another page"
    assert app.session_state[KEY].run_id == baseline.id
    assert baseline.id in link(app.run(), "Evaluate your run").query_string


def test_the_run_in_use_has_a_place_and_another_board_names_none(
    open_page: OpenPage, compared: tuple[Run, Run]
) -> None:
    run, baseline = compared
    app = open_page(PAGE, run=run.id)
    place = [row["run"] for row in chart(app)["rows"] if row["kind"] != "trivial"].index(run.id)
    said = ("Your run ranks first.", "Your run is 2nd of 2")
    assert any(each in words(app) for each in (said[:1] if place == 0 else said[1:]))
    elsewhere = finished(run.dataset(), replace(PCA, shift=5))
    elsewhere.look()
    app = open_page(PAGE, run=elsewhere.id)
    windows_of(app).select(next(label for label in windows_of(app).options if "shift 2" in label)).run()
    assert "our run" not in words(app)
    assert not any(row["own"] for row in chart(app)["rows"])


def test_the_lead_window_is_that_of_the_figures(open_page: OpenPage, opened_run: Run) -> None:
    judged = opened_run.judged()
    assert judged is not None
    app = open_page(PAGE, run=opened_run.id)
    app.segmented_control(key="compare_lead_4").set_value(20.0).run()
    about = chart(app)["headings"]["about"]
    assert "at most 20 min before" in about and "at most 4 min " not in about
    wider = [judged.model.count("past", budget, 20.0) for budget in (1.0, 2.0, 5.0)]
    assert drawn(app, opened_run)["caught"] == [count.caught for count in wider]
    app.switch_page("pages/1_Data.py").run()
    app.switch_page(PAGE).run()
    assert app.segmented_control(key="compare_lead_4").value == 20.0


def overlay(app: AppTest) -> list[str]:
    """Names of the curves in the ROC figure."""
    (spec,) = [
        json.loads(chart.proto.spec)
        for chart in app.get("plotly_chart")
        if "ROC" in json.loads(chart.proto.spec)["layout"]["title"]["text"]
    ]
    return [trace["name"].split(",")[0] for trace in spec["data"] if trace["name"] != "chance"]


def test_the_best_and_the_own_run_are_compared_until_the_user_ticks(
    open_page: OpenPage, compared: tuple[Run, Run]
) -> None:
    run, baseline = compared
    app = open_page(PAGE, run=run.id)
    ranking = [run_id for run_id in table(app)["run"] if run_id]
    assert chart(app)["ticked"] == ranking
    assert "cannot show whether" in words(app) or "is better than" in words(app)
    captions = [each.value for each in app.caption if "an 80% chance of showing" in each.value]
    assert captions and all("a difference of this size" in each for each in captions)
    settings = pd.DataFrame(app.table[0].value)
    assert list(settings.T["Model"]) == ["PCA", "mean of squares"], "the run in use first"
    assert not [key for key in settings.index if "_" in str(key)]

    third = beside(run, "mahalanobis")
    app.run()
    ranking = [run_id for run_id in table(app)["run"] if run_id]
    first = ranking[0] if ranking[0] != run.id else ranking[1]
    assert set(chart(app)["ticked"]) == {run.id, first}, "the best, and the one in use"

    ticks(app, run, baseline, third)
    assert chart(app)["ticked"] == ranking, "in the order of the board"
    assert len(overlay(app)) == 3
    assert len(app.get("plotly_chart")) == CHARTS
    said = [line for line in words(app).splitlines() if "difference" in line or "is better than" in line]
    assert sum("Custom: PCA on differences" in line for line in said) >= 2, "each with the run in use"

    ticks(app, baseline)
    assert overlay(app) == ["Mean of squares"]
    assert "Tick 2 to 4 models" in words(app)
    assert len(app.get("plotly_chart")) == CURVES and not app.table
    app.switch_page("pages/1_Data.py").run()
    app.switch_page(PAGE).run()
    assert chart(app)["ticked"] == [baseline.id]
    ticks(app)
    assert "Tick 2 to 4 models" in words(app)
    assert not app.get("plotly_chart")
    assert not app.exception


def test_runs_of_the_same_settings_say_so(open_page: OpenPage, opened_run: Run) -> None:
    again = finished(opened_run.dataset(), PCA)
    again.look()
    app = open_page(PAGE, run=opened_run.id)
    assert "These models have the same settings." in words(app)
    assert not app.table


def test_baselines_are_trained_counted_and_cancelled(
    open_page: OpenPage, opened_run: Run, executor: Deferred, polling: Callable[[], set[str]]
) -> None:
    wanted = len(baselines(opened_run.config()))
    app = open_page(PAGE, run=opened_run.id)
    assert not polling()
    assert f"0 of {wanted} baselines trained." in words(app)
    button(app, "Train the missing baselines").click().run()
    queued = list_runs(role="baseline")
    assert len(queued) == wanted
    assert {run.purpose() for run in queued} == {Purpose("baseline", opened_run.id)}
    assert "Train the missing baselines" not in labels(app)
    assert f"{wanted} waiting" in progress(app)
    assert polling() == {"compare_baselines", "bar_jobs"}
    assert len(executor.waiting) == 1, "they give way: one at a time"

    button(app, "Cancel waiting baselines").click().run()
    assert not app.exception
    assert {run.status().state for run in queued} == {"cancelled"}
    assert f"0 of {wanted} baselines trained." in words(app)
    assert "Cancel waiting baselines" not in labels(app)
    assert not polling()
    assert "Train the missing baselines" in labels(app)
    executor.run_all()
    assert not [run for run in queued if run.status().state == "done"]


def progress(app: AppTest) -> str:
    return " ".join(bar.proto.text for bar in app.get("progress")).replace("\\", "")


def test_a_finished_baseline_is_a_row_at_the_next_look(
    open_page: OpenPage, opened_run: Run, executor: Deferred
) -> None:
    waiting = create_run(opened_run.dataset(), recipe("squares", PCA), Purpose("baseline", opened_run.id))
    app = open_page(PAGE, run=opened_run.id)
    assert "1 waiting" in progress(app)
    assert "Mean of squares, no model" not in table(app)["model"].tolist()
    mark(waiting, "running")
    app.run()
    assert "running now: Mean of squares, no model" in progress(app)
    worker.execute(waiting)
    app.run()
    assert "1 of" in words(app)
    assert "Mean of squares, no model" in table(app)["model"].tolist()


def test_a_baseline_that_failed_says_why_and_can_be_tried_again(open_page: OpenPage, opened_run: Run) -> None:
    failed = create_run(opened_run.dataset(), recipe("knn", PCA), Purpose("baseline", opened_run.id))
    mark(failed, "failed", "Too **few** rows.")
    app = open_page(PAGE, run=opened_run.id)
    assert "Nearest neighbours failed. Too **few** rows." in words(app)
    assert "Too \\*\\*few\\*\\* rows" in texts(app)
    assert "Train the missing baselines" in labels(app)
    assert "Cancel waiting baselines" not in labels(app)


def test_only_runs_judged_on_the_same_windows_are_compared(open_page: OpenPage, opened_run: Run) -> None:
    dataset = opened_run.dataset()
    flattering = finished(dataset, replace(PCA, split=SplitPlan("random")))
    flattering.look()
    app = open_page(PAGE, run=opened_run.id)
    chosen, (first, second) = windows_of(app).value, windows_of(app).options
    assert first == "random split: optimistic, shift 2, lookback 1: 1 model"
    assert second == "split by time, shift 2, lookback 1: 1 model"
    assert table(app)["run"].tolist().count(opened_run.id) == 1
    assert flattering.id not in table(app)["run"].tolist()
    assert "optimistic" not in words(app)

    windows_of(app).select(first).run()
    assert windows_of(app).value != chosen
    assert flattering.id in table(app)["run"].tolist()
    assert opened_run.id not in table(app)["run"].tolist()
    assert "Random split: optimistic" in words(app)
    assert "in the training data" in words(app)
    app.switch_page("pages/1_Data.py").run()
    app.switch_page(PAGE).run()
    assert windows_of(app).value != chosen
    # The run in use decides, where the session has not chosen.
    assert flattering.id in table(open_page(PAGE, dataset=dataset.digest))["run"].tolist()


DAMAGES = ["judgement.json", "config.json", "looks.json", "evaluation.json"]


@pytest.mark.parametrize("damaged", DAMAGES)
def test_a_damaged_run_is_left_out_and_the_others_stay(
    open_page: OpenPage, opened_run: Run, damaged: str
) -> None:
    old = create_run(opened_run.dataset(), PCA)
    old.write_status(Status("done"))
    run = finished(opened_run.dataset(), SQUARES)
    run.look()
    (run.folder / damaged).write_text("{half of")
    app = open_page(PAGE, run=opened_run.id)
    assert not app.exception
    # Figures of the run itself are read last.
    left_out = "1 run cannot be compared" if damaged == "evaluation.json" else "2 runs cannot be compared"
    assert left_out in words(app)
    assert len(app.get("plotly_chart")) == CURVES
    assert [run_id for run_id in table(app)["run"] if run_id] == [opened_run.id]


def test_if_no_figures_can_be_read_the_page_says_so(open_page: OpenPage, opened_run: Run) -> None:
    (opened_run.folder / "evaluation.json").write_text("[]")
    app = open_page(PAGE, dataset=opened_run.dataset().digest)
    assert not app.exception
    assert [error.value for error in app.error] == [
        "The figures of these runs are missing or damaged. Train them again."
    ]
    assert not app.dataframe


def test_baselines_of_a_deleted_run_are_not_called_damaged(open_page: OpenPage, opened_run: Run) -> None:
    gone = finished(opened_run.dataset(), replace(PCA, shift=5))
    orphan = beside(gone, "squares")
    delete_run(gone)
    app = open_page(PAGE, run=opened_run.id)
    assert len(windows_of(app).options) == 1
    assert "cannot be compared" not in words(app)
    assert orphan.id not in table(app)["run"].tolist()


def test_damaged_test_data_are_a_sentence_and_the_table_stays(open_page: OpenPage, opened_run: Run) -> None:
    (opened_run.folder / "scores.parquet").write_bytes(b"PAR1 no more")
    app = open_page(PAGE, run=opened_run.id)
    assert not app.exception
    assert any("damaged" in error.value for error in app.error)
    assert opened_run.id in table(app)["run"].tolist()


def test_a_seal_that_cannot_be_broken_is_a_sentence(open_page: OpenPage, done_run: Run) -> None:
    (done_run.folder / "threshold.json").unlink()
    app = open_page(PAGE, dataset=done_run.dataset().digest)
    button(app, "Open the test data of this run (one look)").click().run()
    assert not app.exception
    assert any("threshold" in error.value for error in app.error)
    assert done_run.looks() == []


def test_old_runs_alone_are_said_to_be_too_old(open_page: OpenPage, dataset: Dataset) -> None:
    create_run(dataset, PCA).write_status(Status("done"))
    app = open_page(PAGE, dataset=dataset.digest)
    assert (
        "1 run cannot be compared: an older version of this program trained it, or its records are damaged"
        in words(app)
    )
    assert not app.exception


def test_the_downloaded_table_has_no_formulas(opened_run: Run) -> None:
    judged = opened_run.judged()
    assert judged is not None
    frame = frame_of(leaderboard([opened_run], judged.model.windows))
    evil = frame.assign(model=["=1+1", *frame["model"][1:]])
    back = pd.read_csv(io.StringIO(to_csv(evil)))
    assert back.loc[0, "model"] == "'=1+1"
    assert list(back.columns) == list(frame.columns)
    np.testing.assert_allclose(back["AUC"], frame["AUC"])
    whole = pd.read_parquet(io.BytesIO(to_parquet(frame)))
    assert whole["model"].tolist() == frame["model"].tolist()
    assert whole["looks"].dropna().tolist() == [1]


def test_both_downloads_are_offered_for_what_is_shown(open_page: OpenPage, opened_run: Run) -> None:
    app = open_page(PAGE, run=opened_run.id)
    assert [element.proto.label for element in app.get("download_button")] == [
        "Download the leaderboard (CSV)",
        "Download the leaderboard (Parquet)",
    ]
    app.text_input(key="compare_text").set_value("no such model").run()
    assert not app.get("download_button")


@pytest.mark.parametrize("page", [step.page for step in STEPS])
def test_pages_are_numbered_as_their_files_are(page: str) -> None:
    (step,) = [step for step in STEPS if step.page == page]
    number, _, name = page.removeprefix("pages/").partition("_")
    # Home and the articles are no steps of the path.
    assert step.numbered == (f"{number} · {step.label}" if name else step.label)


def test_runs_of_other_lookbacks_are_compared_on_the_windows_that_all_score(
    open_page: OpenPage, opened_run: Run
) -> None:
    beside(opened_run, "squares")
    longer = finished(opened_run.dataset(), replace(PCA, lookback=5))
    app = open_page(PAGE, run=opened_run.id)
    *alone, together = windows_of(app).options
    assert together == "split by time, shift 2, lookbacks 1 and 5"
    assert len(alone) == 2 and "cannot be compared" not in words(app)
    assert opened_run.id in table(app)["run"].tolist() and longer.id not in table(app)["run"].tolist()

    windows_of(app).select(together).run()
    assert "1 run is still sealed" in words(app)
    assert longer.id not in table(app)["run"].tolist() and longer.looks() == []
    button(app, "Open the test data of this run (one look)").click().run()
    assert not app.exception
    assert {run_id for run_id in table(app)["run"] if run_id} == {opened_run.id, longer.id}
    both = np.intersect1d(opened_run.scores("test").row, longer.scores("test").row)
    assert f"Judged on the {len(both):,} test windows that all of these runs score" in words(app)
    assert "baselines trained" not in words(app)
    shared = shared_leaderboard([longer, opened_run])
    assert [row["auc"] for row in chart(app)["rows"]] == [row.judgement.mean_fold_auc for row in shared]
    assert len(overlay(app)) == 2 and len(app.get("plotly_chart")) == CHARTS
    assert [key.replace("\\", "") for key in pd.DataFrame(app.table[0].value).index] == ["Lookback (rows)"]


def test_on_shared_windows_each_figure_is_of_the_same_windows(opened_run: Run) -> None:
    longer = finished(opened_run.dataset(), replace(PCA, lookback=5))
    runs = (opened_run, longer)
    scored = [run.scores("test") for run in runs]
    windows = [list(zip(each.fold.tolist(), each.row.tolist(), strict=True)) for each in scored]
    both = set(windows[0]).intersection(windows[1])
    assert len(both) < len(windows[0]), "there is something to leave out"
    found = {row.run: row.judgement for row in shared_leaderboard(runs)}
    for run, each, listed in zip(runs, scored, windows, strict=True):
        kept = each.where(np.array([window in both for window in listed]))
        assert found[run.id].mean_fold_auc == pytest.approx(roc_auc_score(kept.y_true, kept.y_score))
        assert found[run.id].windows == found[opened_run.id].windows
    judged = opened_run.judged()
    assert judged is not None
    again, *_ = shared_leaderboard([opened_run])
    assert again.judgement.fold_auc == judged.model.fold_auc
    assert again.judgement.counts == judged.model.counts, "on its own windows nothing changes"
    assert again.judgement.windows == judged.model.windows
    assert shared_leaderboard([]) == ()


def test_events_of_random_parts_count_where_each_run_has_them(opened_run: Run) -> None:
    plan = SplitPlan("random")
    runs = [
        finished(opened_run.dataset(), replace(PCA, split=plan, lookback=lookback)) for lookback in (1, 5)
    ]
    parts = [set(run.scores("test").total_events.tolist()) for run in runs]
    assert parts[0] != parts[1], "the parts hold different events"
    for row in shared_leaderboard(runs):
        assert row.judgement.n_events == len(parts[0] & parts[1]) < len(parts[0] | parts[1])
        assert all(count.caught <= row.judgement.n_events for count in row.judgement.counts)
    for scores in shared_scores(runs).values():
        assert set(scores.event[scores.y_true == 1].tolist()) <= parts[0] & parts[1]
        assert np.isinf(scores.to_event[scores.event < 0]).all()


def row(name: str, kind: Kind, auc: float | None, group: int, **figures: Any) -> Row:
    settings: dict[str, Any] = {"caught": 6, "wider": 9, "rate": 3.68, **figures}
    split = settings.pop("split", "rolling")
    return Row(judgement_of(auc, **settings), name, kind, split=split, group=group)


CHANCE = row(CHANCE_NAME, "trivial", 0.5, 9, caught=1, rate=2.1)
CLOCK = row("Time since the last restart", "trivial", 0.53, 9)


@pytest.mark.parametrize(
    ("rows", "headline"),
    [
        ([row("A", "run", 0.7, 1)], "“A”, AUC 0.70: the only model judged here so far."),
        (
            [row("A", "run", 0.7, 1), row("B", "run", 0.6, 2)],
            "Best: “A”, AUC 0.70, clearly better than all others. Your run is 2nd of 2.",
        ),
        (
            [row("A", "run", 0.7, 1), row("B", "run", 0.69, 1)],
            (
                "Best: “A”, AUC 0.70; 1 other statistically tied. "
                "Your run is 2nd of 2, statistically tied with the best."
            ),
        ),
        (
            [row("B", "run", 0.7, 1), row("A", "run", 0.69, 1)],
            "Best: “B”, AUC 0.70; 1 other statistically tied. Your run ranks first.",
        ),
        (
            [row("A", "run", 0.7, 1), row("C", "run", 0.6, 2), row("B", "run", None, 3)],
            "Best: “A”, AUC 0.70, clearly better than all others. Your run cannot be ranked.",
        ),
        (
            [row("A", "run", 0.54, 1), replace(CLOCK, group=1), replace(CHANCE, group=1)],
            f"Best: “A”, AUC 0.54, but statistically tied with “{CHANCE_NAME}”.",
        ),
        (
            [CLOCK, row("A", "run", 0.5, 9), row("B", "run", 0.4, 10)],
            (
                "No model beats “Time since the last restart”, which needs no model. "
                "Best model: “A”, AUC 0.50. Your run is 2nd of 2."
            ),
        ),
        ([row("A", "run", None, 1)], "The model cannot be ranked."),
    ],
)
def test_the_headline_claims_no_more_than_the_data_show(rows: list[Row], headline: str) -> None:
    first, *_ = verdict([replace(each, run=each.name) for each in rows], own="B")
    assert first == headline
    assert "clearly better" not in first or rows[1].group > rows[0].group
    elsewhere, *_ = verdict([replace(each, run=each.name) for each in rows], own="elsewhere")
    assert "our run" not in elsewhere and headline.startswith(elsewhere)


def test_the_verdict_says_what_was_caught_and_how_little_it_may_mean() -> None:
    tied_with_it = [row(name, "baseline", 0.69, 1) for name in "BCDEFG"]
    board = [row("A", "run", 0.7, 1), *tied_with_it, row("H", "run", 0.6, 2, caught=8), CHANCE]
    _, optimism, caught, most, ranking, tied, chance = verdict(board)
    assert caught.startswith(
        "With thresholds chosen on past data to allow 2 false alarms a day, “A” would have caught 6 of 78 "
        "events with an alarm in the 4 min before the event. The actual rate was 3.7 false alarms a day. "
        "Counting alarms in the 20 min before an event, the model would have caught 9. "
    )
    assert "6 folds, each with models trained only on what came before it" in caught
    assert most == (
        "Counting only alarms in the 4 min before an event, “H” would have caught the most: 8 of 78, at 3.7 "
        "false alarms a day."
    )
    also = [*board[:-1], row("I", "run", 0.5, 2, caught=8), CHANCE]
    assert "“H” and “I” would have caught the most: 8 of 78 each." in verdict(also)[3]
    assert "in 70% of such pairs (95% interval 68% to 72%); guessing gives 50%." in ranking
    assert tied == (
        "These data show no clear difference between the best model and “B”, “C”, “D”, “E” and 2 more."
    )
    assert optimism == (
        "8 models were compared on the same 78 events, so the best of them looks better than it is."
    )
    assert "would have caught 1 of 78, at 2.1 false alarms a day" in chance
    one = row("A", "run", 0.7, 1, split="random")
    alone = "\n".join(verdict([replace(one, judgement=replace(one.judgement, interval=None))]))
    assert "interval" not in alone
    assert "chosen on past data" not in alone
    assert "whose neighbours are in the training data" in alone
    assert "looks better than it is" not in alone
    assert "Train the baselines" in alone


def test_groups_of_the_same_label_are_told_apart(dataset: Dataset) -> None:
    runs = [
        finished(dataset, replace(PCA, split=SplitPlan("stretch", folds=3, seed=seed))) for seed in (1, 2)
    ]
    orphan = create_run(dataset, SQUARES, Purpose("baseline", "20200101-000000-000000"))
    worker.execute(orphan)
    first, second = comparable([orphan, *runs])
    assert first.label == "split by stretch, 3 folds, shift 2, lookback 1, split seed 1: 1 model"
    assert second.label == "split by stretch, 3 folds, shift 2, lookback 1, split seed 2: 1 model"
    assert runs[0].id in first and runs[1].id not in first
    assert orphan.id not in first and orphan.id not in second
    assert first.shown == ()
    open_run(first.asked_for[0]).look()
    assert comparable(runs)[0].shown == (runs[0].id,)
