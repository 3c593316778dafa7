"""Every page, opened cold, and the journey from a file to an evaluation."""

import json
import math
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix
from streamlit.testing.v1 import AppTest

import rare_event
from rare_event.config import Rule, SplitKind, SplitPlan
from rare_event.jobs.worker import execute
from rare_event.store.datasets import Dataset, list_datasets, open_dataset
from rare_event.store.records import Purpose, Role, State, Status
from rare_event.store.runs import Run, create_run, list_runs
from rare_event.ui.state import KEY, Exploring
from rare_event.ui.threshold import set_by_hand
from tests.app.conftest import PCA, ROOT, Deferred, finished

PAGES = ["app.py", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "pages").glob("*.py"))]
OpenPage = Callable[..., AppTest]


def metric(app: AppTest, label: str) -> str:
    return next(str(metric.value) for metric in app.metric if metric.label == label)


def button(app: AppTest, label: str) -> Any:
    return next(button for button in app.button if button.label == label)


def link(app: AppTest, label: str) -> Any:
    return next(each.proto for each in app.get("page_link") if each.proto.label == label)


def follow(app: AppTest, label: str) -> AppTest:
    """Follow a link within the session, as the browser would."""
    linked = link(app, label)
    app.switch_page(next(page for page in PAGES if page.endswith(f"{linked.page or 'app'}.py")))
    for name, (value,) in urllib.parse.parse_qs(linked.query_string).items():
        app.query_params[name] = value
    return app.run()


def without_baselines(app: AppTest) -> AppTest:
    """Have the run trained alone."""
    return app.toggle(key="train_baselines").set_value(False).run()


def titles(app: AppTest) -> list[str]:
    return [json.loads(chart.proto.spec)["layout"]["title"]["text"] for chart in app.get("plotly_chart")]


def texts(app: AppTest) -> str:
    shown = [*app.markdown, *app.caption, *app.info, *app.error, *app.warning, *app.success]
    return "\n".join(str(element.value) for element in shown)


def unescaped(app: AppTest) -> str:
    return texts(app).replace("\\", "")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_cold(open_page: OpenPage, page: str) -> None:
    app = open_page(page)
    assert not app.exception
    assert not app.error
    assert len(app.title) == 1
    assert PAGES != ["app.py"], "no page was found"


@pytest.mark.parametrize("page", PAGES)
def test_every_page_ends_its_sidebar_with_the_version(open_page: OpenPage, page: str) -> None:
    app = open_page(page)
    assert str(app.sidebar.caption[-1].value).replace("\\", "") == f"rare_event {rare_event.__version__}"
    assert not any(rare_event.__version__ in str(each.value) for each in app.main.caption)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_a_finished_run_by_its_address(
    open_page: OpenPage, done_run: Run, page: str
) -> None:
    app = open_page(page, run=done_run.id)
    assert not app.exception
    assert not app.error
    assert not [info.value for info in app.info if "first" in info.value], (
        "the run of the address was not opened"
    )


@pytest.mark.parametrize(
    ("page", "word"),
    [("pages/2_Train.py", "dataset"), ("pages/3_Threshold.py", "run"), ("pages/4_Evaluate.py", "run")],
)
def test_a_page_opened_too_early_says_what_is_missing(open_page: OpenPage, page: str, word: str) -> None:
    app = open_page(page)
    assert any(word in info.value for info in app.info)
    assert not app.metric


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ({"run": "../../etc"}, "There is no run '../../etc' in this workspace."),
        ({"run": "20200101-000000-000000"}, "There is no run '20200101-000000-000000' in this workspace."),
        ({"dataset": "0" * 64}, "No run is open"),
    ],
)
def test_an_old_or_forged_address_opens_an_empty_session(
    open_page: OpenPage, address: dict[str, str], why: str
) -> None:
    app = open_page("pages/4_Evaluate.py", **address)
    assert not app.exception and why in unescaped(app)
    assert app.session_state[KEY].run_id is None and not app.metric


def test_the_sample_mill_is_one_click_away(open_page: OpenPage) -> None:
    app = open_page("app.py")
    assert not list_datasets()
    follow(app, "Open the sample mill")
    assert [dataset.name for dataset in list_datasets()] == ["sample-mill.csv"]
    assert not app.exception


def test_an_upload_is_stored_once_and_judged(open_page: OpenPage, sample_csv: Path) -> None:
    app = open_page("pages/1_Data.py")
    app.file_uploader[0].upload("mill.csv", sample_csv.read_bytes(), "text/csv").run()
    assert not list_datasets()
    button(app, "Use this file").click().run()
    assert not app.exception
    assert not app.error
    (stored,) = list_datasets()
    assert stored.name == "mill.csv"
    shown = unescaped(app)
    assert "**12,000** rows" in shown
    assert f"**{len(np.flatnonzero(stored.table().label))}** events" in shown
    assert any(title.startswith("Running time") for title in titles(app))
    assert not any("Class balance" in title for title in titles(app)), "drawn before it was asked for"
    app.segmented_control(key="data_view").set_value("Class balance").run()
    assert any("Class balance" in title for title in titles(app))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"a,b\n", "no row"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "PNG"),
        (b"x,y\n1,0\n2,0\n3,0\n", "label"),
    ],
)
def test_a_bad_upload_is_a_sentence_and_nothing_is_stored(
    open_page: OpenPage, content: bytes, words: str
) -> None:
    app = open_page("pages/1_Data.py")
    app.file_uploader[0].upload("bad.csv", content, "text/csv").run()
    assert not app.exception
    assert len(app.error) == 1
    assert words.lower() in app.error[0].value.lower()
    assert not list_datasets()


def test_names_from_a_file_are_shown_as_they_are(open_page: OpenPage) -> None:
    rows = "\n".join(f"{i},{np.sin(i):.4f},{int(i % 40 == 39)}" for i in range(400))
    content = f"time,<b>**x**</b>,y\n{rows}\n".encode()
    app = open_page("pages/1_Data.py")
    app.file_uploader[0].upload("<script>_a_.csv", content, "text/csv").run()
    button(app, "Use this file").click().run()
    assert not app.exception
    heading = next(s.value for s in app.header if "script" in s.value)
    assert "<script>" not in heading
    assert "\\<script\\>" in heading


def test_a_finding_names_its_column_and_a_refused_fix_has_no_button(open_page: OpenPage) -> None:
    row = np.arange(100)
    data = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=100, freq="min"), "y": row % 20 == 19})
    data["gap"] = np.where(row == 21, np.nan, np.sin(row))
    data["start"] = np.where(row < 9, np.nan, np.cos(row))
    app = open_page("pages/1_Data.py")
    app.file_uploader[0].upload("f.csv", data.to_csv(index=False).encode(), "text/csv").run()
    button(app, "Use this file").click().run()
    assert not app.exception
    cells = unescaped(app).splitlines()
    where, what, effect = cells[cells.index(":orange-badge[warning] **gap**") :][:3]
    assert what.startswith(":small[1 value is missing") and effect.startswith(
        ":small[Carry the last value forward."
    )
    where, what, effect = cells[cells.index(":orange-badge[warning] **start**") :][:3]
    assert what.startswith(":small[9 values are missing")
    assert "9 of 100 rows" in effect and "Drop these first rows" not in effect
    button(app, "Fix").click().run()  # the first finding's
    assert not app.error and [fix.column for fix in list_datasets()[0].fixes] == ["gap"]


def test_a_changed_role_is_kept_and_can_be_seen(open_page: OpenPage, dataset: Dataset) -> None:
    first = dataset.schema.sensors[0]
    ignored = replace(dataset.schema, sensors=dataset.schema.sensors[1:], ignored=(first,))
    from rare_event.store.datasets import save_dataset

    save_dataset(dataset.with_schema(ignored))
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    assert f"**{len(dataset.schema.sensors) - 1}** sensors" in unescaped(app)
    assert f"1 left out: {first}" in unescaped(app)
    assert first not in open_dataset(dataset.digest).table().schema.sensors


def test_training_is_queued_watched_and_done(
    open_page: OpenPage, dataset: Dataset, executor: Deferred
) -> None:
    app = open_page("pages/2_Train.py", dataset=dataset.digest)
    app.selectbox(key="train_0_model").select("pca").run()
    without_baselines(app)
    button(app, "Train").click().run()
    (run,) = list_runs()
    assert run.status().state == "queued"
    assert run.config().model.kind == "pca"
    assert "Done." not in texts(app)
    executor.run_all()
    app.run()
    assert run.status().state == "done"
    assert re.search(
        r"Done\. Validation AUC .* suggested threshold catches \d+ of \d+ events", unescaped(app)
    )
    assert "has not learned" not in texts(app) and not app.exception


def test_a_loss_that_grew_is_not_done(open_page: OpenPage, done_run: Run) -> None:
    history = pd.DataFrame({"fold": [0, 0], "epoch": [1, 2], "loss": [0.5, 0.7]})
    done_run.write_history(history.assign(validation_loss=[0.5, 0.7], seconds=0.1))
    app = open_page("pages/2_Train.py", dataset=done_run.dataset().digest, run=done_run.id)
    assert "The training loss grew from 0.5 to 0.7: the network has not learned." in unescaped(app)
    assert "Done." not in texts(app) and not app.exception


def test_a_waiting_run_is_cancelled_at_once(
    open_page: OpenPage, dataset: Dataset, executor: Deferred
) -> None:
    app = without_baselines(open_page("pages/2_Train.py", dataset=dataset.digest))
    button(app, "Train").click().run()
    button(app, "Cancel").click().run()
    (run,) = list_runs()
    assert run.status().state == "cancelled"
    executor.run_all()
    assert run.status().state == "cancelled"
    assert not (run.folder / "scores.parquet").exists()


@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_a_run_that_ends_without_a_model_leaves_the_last_one_in_use(
    open_page: OpenPage, done_run: Run, how: State
) -> None:
    app = open_page("pages/2_Train.py", run=done_run.id)
    button(app, "Train").click().run()
    run = list_runs()[0]
    assert run != done_run and "Queued run" in texts(app)
    for state in ("running", how):
        run.write_status(Status(state))
        app.switch_page("pages/3_Threshold.py").run()
        assert explorer(app)["value"] == done_run.committed().thresholds[0], state
        assert not any("finished" in info.value for info in app.info)
        app.switch_page("pages/4_Evaluate.py").run()
        assert "Open the test data" in [each.label for each in app.button], state
    app.switch_page("pages/2_Train.py").run()
    assert f"{how.capitalize()} run" in texts(app)
    assert "pages show the previous run" in texts(app)
    # A reload keeps both.
    state = app.session_state[KEY]
    assert (state.run_id, state.watched) == (done_run.id, run.id)
    again = open_page("pages/2_Train.py", run=done_run.id, watched=run.id)
    kept = again.session_state[KEY]
    assert (kept.run_id, kept.watched) == (done_run.id, run.id)


def test_a_run_comes_into_use_when_it_is_done(open_page: OpenPage, done_run: Run, executor: Deferred) -> None:
    app = open_page("pages/2_Train.py", run=done_run.id)
    without_baselines(app)
    app.selectbox(key="train_0_model").select("pca").run()
    button(app, "Train").click().run()
    run = list_runs()[0]
    app.switch_page("pages/3_Threshold.py").run()
    executor.run_all()
    app.run()
    assert app.session_state[KEY].run_id == done_run.id, "not under the hands of who works on another"
    app.switch_page("pages/4_Evaluate.py").run()
    assert app.session_state[KEY].run_id == run.id
    assert app.session_state[KEY].watched is None
    assert not app.exception


def test_a_first_run_is_awaited_and_then_used(
    open_page: OpenPage, dataset: Dataset, executor: Deferred
) -> None:
    run = create_run(dataset, PCA)
    app = open_page("pages/3_Threshold.py", run=run.id)
    assert any("has not finished" in info.value for info in app.info)
    assert not app.get("bidi_component")
    execute(run)
    app.run()
    assert explorer(app)["value"] == run.committed().thresholds[0]


def test_a_setting_that_cannot_work_is_said_before_training(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_page("pages/2_Train.py", dataset=dataset.digest)
    app.number_input(key="train_0_lookback").set_value(9_000).run()
    assert any("lookback" in error.value for error in app.error)
    assert not app.exception
    assert not list_runs()


def test_a_preset_sets_the_whole_form(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_page("pages/2_Train.py", dataset=dataset.digest)
    app.segmented_control(key="train_0_preset").set_value("article-lstm").run()
    assert app.number_input(key="train_1_lookback").value == 5
    assert app.number_input(key="train_1_epochs").value == 200
    assert "optimistic" in texts(app)
    assert not app.exception


def test_the_before_and_after_tables_show_the_shift(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_page("pages/2_Train.py", dataset=dataset.digest)
    before, after, window = (frame.value for frame in app.dataframe[:3])
    event = int(np.flatnonzero(dataset.table().label)[0])
    assert before.loc[event, "y"] == 1
    assert event not in after.index
    assert after.loc[[event - 2, event - 1], "y"].tolist() == [1, 1]
    assert window.index.tolist() == [event - 2]


def explorer(app: AppTest) -> dict[str, Any]:
    """What the page hands to the explorer."""
    (component,) = (part for part in app.get("bidi_component") if "explorer" in part.proto.id)
    sent = json.loads(component.proto.json)
    return {**sent, **json.loads(sent["long"])}


def release(app: AppTest, run: Run, threshold: float) -> AppTest:
    """Do what letting go of the explorer's handle does; AppTest cannot fire its trigger."""
    exploring = Exploring(run.id, threshold, Rule("fixed", threshold), run.committed().policy)
    app.session_state[KEY] = replace(app.session_state[KEY], exploring=exploring)
    return app.run()


def test_the_explorer_gets_counts_that_are_exact(open_page: OpenPage, done_run: Run) -> None:
    data = explorer(open_page("pages/3_Threshold.py", run=done_run.id))
    scores = done_run.scores("validation")
    assert data["part"] == "Validation"
    assert data["value"] == done_run.committed().thresholds[0]
    assert data["n_positive"] == scores.n_positive
    columns = data["columns"]
    assert len(columns["threshold"]) <= 2000
    for at in np.random.default_rng(0).integers(0, len(columns["threshold"]), 50):
        called = scores.y_score >= columns["threshold"][at]
        _, fp, _, tp = confusion_matrix(scores.y_true, called).ravel()
        assert (columns["tp"][at], columns["fp"][at]) == (tp, fp)
    assert columns["tp"][0] == scores.n_positive, "the lowest threshold must call every row"


def test_a_threshold_between_two_scores_is_counted_exactly(open_page: OpenPage, done_run: Run) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    scores = done_run.scores("validation")
    threshold = float(np.quantile(scores.y_score, 0.9)) + 1e-9
    data = explorer(release(app, done_run, threshold))
    assert data["value"] == threshold
    at = int(np.searchsorted(data["columns"]["threshold"], threshold))
    assert data["columns"]["tp"][at] + data["columns"]["fp"][at] == (scores.y_score >= threshold).sum()
    assert done_run.committed().thresholds[0] != threshold, "typing must not commit"


def test_a_committed_threshold_is_what_the_evaluation_counts(open_page: OpenPage, done_run: Run) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    before = done_run.committed()
    threshold = float(np.median(done_run.scores("validation").y_score))
    release(app, done_run, threshold)
    assert done_run.committed() == before, "letting go must not commit"
    button(app, "Commit this threshold").click().run()
    assert not app.exception
    committed = done_run.committed()
    assert committed.thresholds == {0: threshold}
    assert committed.rule.kind == "fixed"
    scores = done_run.scores("test")
    expected = confusion_matrix(scores.y_true, scores.y_score >= threshold)
    app = button(open_page("pages/4_Evaluate.py", run=done_run.id), "Open the test data").click().run()
    assert not app.exception
    matrix = next(
        json.loads(chart.proto.spec)
        for chart in app.get("plotly_chart")
        if "confusion" in json.loads(chart.proto.spec)["layout"]["title"]["text"]
    )
    shown = [int(cell.split("<")[0].replace(",", "")) for row in matrix["data"][0]["text"] for cell in row]
    assert shown == expected.ravel().tolist()
    assert "set by hand" in texts(app)


@pytest.mark.parametrize("kind", ["events", "recall", "f-beta", "cost", "quantile", "trailing-quantile"])
def test_a_rule_sets_the_threshold_and_says_so(open_page: OpenPage, done_run: Run, kind: str) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    app.selectbox(key="threshold_rule").select(kind).run()
    button(app, "Apply this rule").click().run()
    assert not app.exception
    assert not app.error
    button(app, "Commit this threshold").click().run()
    committed = done_run.committed()
    assert committed.rule.kind == kind
    app = open_page("pages/4_Evaluate.py", run=done_run.id)
    assert not app.exception
    assert not app.error
    assert committed.rule.in_words().split(",")[0][:20] in texts(app).replace("\\", "")


@pytest.mark.parametrize("typed", [-1.0, 1e13])
@pytest.mark.parametrize(
    ("kind", "field", "possible"),
    [
        ("quantile", "threshold_quantile_value", "0 to 1."),
        ("trailing-quantile", "threshold_trailing-quantile_days", "a number above 0, at most 365."),
        ("f-beta", "threshold_f-beta_value", "above 0, at most 1,000."),
        ("cost", "threshold_cost_event", "0 to 1,000,000,000,000."),
        ("cost", "threshold_cost_saved", "0 to 1."),
    ],
)
def test_an_impossible_number_is_told_at_its_field_and_changes_nothing(
    open_page: OpenPage, done_run: Run, kind: str, field: str, possible: str, typed: float
) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    before = explorer(app)["value"]
    app.selectbox(key="threshold_rule").select(kind).run()
    good = app.number_input(key=field).value
    app.number_input(key=field).set_value(typed).run()
    assert not app.exception and not app.error
    assert f"Choose {possible}" in unescaped(app)
    assert button(app, "Apply this rule").disabled
    assert explorer(app)["value"] == before
    app.number_input(key=field).set_value(good).run()
    assert ":red[" not in texts(app)
    assert not button(app, "Apply this rule").disabled


@pytest.mark.parametrize(
    ("field", "typed", "possible"),
    [
        ("lead", -1.0, "Choose more than 0."),
        ("cooldown", -1e9, "Choose 0 or more."),
        ("min_lead", 1e6, ", the lead window."),
        ("min_lead", 1e9, "Choose at most 5,256,000, ten years."),
        ("n", -3, "Choose k from 1 to n"),
    ],
)
def test_an_impossible_policy_is_told_and_the_last_good_one_holds(
    open_page: OpenPage, done_run: Run, field: str, typed: float, possible: str
) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    before = explorer(app)
    app.number_input(key=f"threshold_policy_{done_run.id}_{field}").set_value(typed).run()
    assert not app.exception and not app.error
    assert possible in unescaped(app)
    assert explorer(app) == before


@pytest.mark.parametrize("typed", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_is_taken_nowhere(open_page: OpenPage, done_run: Run, typed: float) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    before = explorer(app)
    for field in app.number_input:
        field.set_value(typed if isinstance(field.value, float) else field.value)
    app.run()
    assert not app.exception and not app.error
    assert explorer(app) == before
    assert "nan" not in texts(app) and "inf " not in texts(app)


def test_a_share_that_no_threshold_reaches_is_told_and_the_explorer_stays(
    open_page: OpenPage, done_run: Run
) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    # With no alarm at all, no event is caught.
    app.number_input(key=f"threshold_policy_{done_run.id}_mute").set_value(10**6).run()
    before = explorer(app)
    app.selectbox(key="threshold_rule").select("events").run()
    app.number_input(key="threshold_events_value").set_value(1.0).run()
    button(app, "Apply this rule").click().run()
    assert not app.exception
    assert len(app.error) == 1 and "No threshold catches 100% of the events" in unescaped(app)
    assert explorer(app) == before


@pytest.mark.parametrize("threshold", [float("nan"), float("inf"), float("-inf")])
def test_a_threshold_that_is_no_finite_number_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, done_run: Run, threshold: float
) -> None:
    taken: list[Exploring] = []
    before = Exploring(done_run.id, 1.0, Rule("fixed", 1.0), done_run.committed().policy)
    monkeypatch.setattr("rare_event.ui.threshold.exploring_of", lambda _: before)
    monkeypatch.setattr("rare_event.ui.threshold.update_exploring", taken.append)
    set_by_hand(done_run, threshold)
    assert not taken
    set_by_hand(done_run, 2.0)
    assert [exploring.threshold for exploring in taken] == [2.0]


@pytest.mark.parametrize(
    ("field", "typed", "label", "possible"),
    [
        ("shift", -1, "Shift", "0 to 10,000."),
        ("lookback", -5, "Lookback", "1 to 10,000."),
        ("epochs", 10**9, "Maximum epochs", "1 to 100,000."),
    ],
)
def test_an_impossible_setting_is_told_at_its_field_and_cannot_be_trained(
    open_page: OpenPage, dataset: Dataset, field: str, typed: int, label: str, possible: str
) -> None:
    app = open_page("pages/2_Train.py", dataset=dataset.digest)
    app.number_input(key=f"train_0_{field}").set_value(typed).run()
    assert not app.exception
    assert f"Choose {possible}" in unescaped(app)
    (problem,) = app.error
    assert problem.value.startswith(f"“{label}” is ") and not problem.value.startswith(field)
    assert button(app, "Train").disabled and not list_runs()
    assert getattr(app.session_state[KEY].draft, field, 1) != typed


def test_another_policy_changes_what_counts_as_an_alarm(open_page: OpenPage, done_run: Run) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    before = explorer(app)["columns"]["caught"]
    app.number_input(key=f"threshold_policy_{done_run.id}_lead").set_value(20.0).run()
    after = explorer(app)["columns"]["caught"]
    assert not app.exception
    assert sum(after) > sum(before)
    button(app, "Commit this threshold").click().run()
    assert done_run.committed().policy.lead == 20.0
    assert done_run.config().policy.lead is None, "the recipe of the run stays as it was trained"


PAGES_WITH_FIGURES = ("app.py", "pages/2_Train.py", "pages/3_Threshold.py", "pages/4_Evaluate.py")


@pytest.mark.parametrize(
    ("kind", "mark"),
    [("random", "random split: optimistic"), ("shuffled", "random split into folds: optimistic")],
)
def test_an_optimistic_split_is_named_wherever_its_figures_stand(
    open_page: OpenPage, dataset: Dataset, kind: SplitKind, mark: str
) -> None:
    honest = finished(dataset, PCA)
    for page in PAGES_WITH_FIGURES:
        assert ": optimistic" not in texts(open_page(page, run=honest.id))
    run = finished(dataset, replace(PCA, split=SplitPlan(kind, folds=2)))
    for page in PAGES_WITH_FIGURES:
        app = open_page(page, run=run.id)
        assert mark in texts(app).replace("\\", "")
        # Beside the figures in the sidebar too, not only in a warning.
        assert mark in " ".join(caption.value for caption in app.sidebar.caption).replace("\\", "")


def test_folds_with_thresholds_of_their_own_can_be_evaluated(open_page: OpenPage, dataset: Dataset) -> None:
    run = finished(dataset, replace(PCA, split=SplitPlan("rolling", folds=3)))
    app = open_page("pages/3_Threshold.py", run=run.id)
    assert "one threshold per fold" in texts(app)
    assert ", as suggested after training · Not yet committed." in texts(app)
    suggested = run.committed()
    button(app, "Commit this threshold").click().run()
    assert run.committed() == suggested and run.committed().by_person
    assert button(app, "Commit this threshold").disabled
    app = button(open_page("pages/4_Evaluate.py", run=run.id), "Open the test data").click().run()
    assert not app.exception
    assert metric(app, "Events caught").endswith(f"of {len(run.scores('test').total_events)}")


def test_a_failed_run_says_why(open_page: OpenPage, dataset: Dataset, executor: Deferred) -> None:
    run = create_run(dataset, replace(PCA, lookback=9_000))
    from rare_event.jobs.worker import execute_in_worker

    assert execute_in_worker(run.id).state == "failed"
    app = open_page("pages/2_Train.py", run=run.id)
    assert any("lookback" in error.value for error in app.error)
    app = open_page("pages/4_Evaluate.py", run=run.id)
    assert any("ended without a model" in info.value for info in app.info)
    assert not app.metric


def test_a_damaged_run_is_a_sentence_and_others_still_open(open_page: OpenPage, done_run: Run) -> None:
    (done_run.folder / "scores.parquet").write_bytes(b"PAR1 no more")
    app = button(open_page("pages/4_Evaluate.py", run=done_run.id), "Open the test data").click().run()
    assert not app.exception
    assert any("damaged" in error.value for error in app.error)
    assert not open_page("pages/1_Data.py", run=done_run.id).error


def test_a_damaged_threshold_stops_no_page(open_page: OpenPage, done_run: Run) -> None:
    (done_run.folder / "threshold.json").write_text("{")
    for page in PAGES:
        assert not open_page(page, run=done_run.id).exception, page
    assert any(
        "committed threshold" in e.value for e in open_page("pages/3_Threshold.py", run=done_run.id).error
    )


def test_damaged_figures_stop_no_page(open_page: OpenPage, done_run: Run) -> None:
    (done_run.folder / "evaluation.json").write_text("{")
    for page in PAGES:
        assert not open_page(page, run=done_run.id).exception, page


@pytest.mark.parametrize("role", ["leakage", "ablation"])
def test_a_link_to_a_run_without_a_model_opens_its_dataset(
    open_page: OpenPage, dataset: Dataset, role: Role
) -> None:
    reading = create_run(dataset, PCA, Purpose(role))
    reading.write_status(Status("done"))
    for page in PAGES:
        app = open_page(page, run=reading.id)
        assert not app.exception, page
        assert app.session_state[KEY].digest == dataset.digest
        assert app.session_state[KEY].run_id is None, "it is no model that could be judged"
