"""The Evaluate page: sealed test data, and figures that never stand alone."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from rare_event.compare.companions import ablation_of, baselines_of, create_baselines, leakage_of
from rare_event.config import AlarmPolicy, Rule, SplitPlan, recipe
from rare_event.config import recipes as recipes_module
from rare_event.jobs.worker import execute, execute_in_worker
from rare_event.judge.evaluation import evaluate
from rare_event.judge.kept import HEADLINES, check_promise
from rare_event.judge.load import load_at
from rare_event.store.datasets import Dataset
from rare_event.store.records import Committed
from rare_event.store.runs import Run, list_runs
from rare_event.text import number
from rare_event.ui.state import KEY
from tests.app.conftest import PCA, Deferred, finished, show_view
from tests.app.test_pages import OpenPage, button, follow, link, metric, texts, titles, unescaped

PAGE = "pages/4_Evaluate.py"
FEW = {name: recipes_module.RECIPES[name] for name in ("squares", "mahalanobis", "logistic")}


@pytest.fixture(autouse=True)
def _few_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes_module, "RECIPES", FEW)


def opened(open_page: OpenPage, run: Run) -> AppTest:
    page: AppTest = button(open_page(PAGE, run=run.id), "Open the test data").click().run()
    return page


def test_sealed_test_data_show_no_figure(open_page: OpenPage, done_run: Run) -> None:
    app = open_page(PAGE, run=done_run.id)
    assert not app.exception and not app.metric and not titles(app)
    assert "sealed" in " ".join(header.value for header in app.header)
    committed = done_run.committed()
    promised = evaluate(done_run.scores("validation"), committed.thresholds, committed.policy)
    assert f"On validation data it catches {promised.caught} of {promised.n_events} events" in texts(app)
    assert done_run.looks() == []
    # Nor do the other pages give the test figures away.
    for page in ("app.py", "pages/2_Train.py", "pages/3_Threshold.py"):
        assert "test AUC" not in texts(open_page(page, run=done_run.id)), page


def test_opening_is_one_look_however_often_the_page_is_visited(open_page: OpenPage, done_run: Run) -> None:
    app = opened(open_page, done_run)
    assert not app.exception and not app.error and app.metric
    assert "opened once" in texts(app) and not app.warning
    for _ in range(2):
        app = open_page(PAGE, run=done_run.id)
        assert app.metric and "opened once" in texts(app)
    assert [look.committed for look in done_run.looks()] == [done_run.committed()]


def test_open_test_data_say_whether_the_promise_is_kept(open_page: OpenPage, done_run: Run) -> None:
    committed = done_run.committed()
    promise, test = (
        committed.promise,
        evaluate(done_run.scores("test"), committed.thresholds, committed.policy),
    )
    assert promise is not None
    assert not any(words in unescaped(open_page(PAGE, run=done_run.id)) for words in HEADLINES.values()), (
        "sealed"
    )
    app = opened(open_page, done_run)
    check = check_promise(promise, test)
    assert check.headline in unescaped(app) and promise.in_words() in unescaped(app)
    assert check.alarms.what in unescaped(app)
    # The figures follow the chart, which would else leave the first screen.
    shown = [each.value.replace("\\", "") for each in app.markdown]
    (said,) = [text for text in shown if check.headline in text]
    assert f"False alarms: {check.alarms.answer}. Events caught: {check.events.answer}." in said
    assert "Promise from validation data" not in said
    # A promise of no false alarm at all is broken by those that are there.
    done_run.commit(replace(committed, promise=replace(promise, rate=0.0)))
    assert test.false_alarms and "The promise is broken." in unescaped(open_page(PAGE, run=done_run.id))


def test_a_threshold_changed_after_a_look_seals_and_marks(open_page: OpenPage, done_run: Run) -> None:
    opened(open_page, done_run)
    done_run.commit(Committed({0: 1.5}, Rule("fixed", 1.5), AlarmPolicy()))
    app = open_page(PAGE, run=done_run.id)
    assert not app.metric and "opened once; the threshold or the alarm policy has changed since" in texts(app)
    app = button(app, "Open again: look 2").click().run()
    assert app.metric and len(done_run.looks()) == 2
    assert "lead window 4 min (equal to the label shift)" in unescaped(app) and "covered by" not in unescaped(
        app
    )
    assert any(
        "changed after the test data had been opened (opened 2 times so far)" in w.value for w in app.warning
    )
    # The same threshold committed again is no change.
    done_run.commit(Committed({0: 1.5}, Rule("fixed", 1.5), AlarmPolicy()))
    assert open_page(PAGE, run=done_run.id).metric and len(done_run.looks()) == 2


def test_every_figure_has_its_interval_and_what_chance_gives(open_page: OpenPage, done_run: Run) -> None:
    app = opened(open_page, done_run)
    below = {shown.label: shown.delta for shown in app.metric}
    assert {"Events caught", "False alarms per day", "ROC AUC (rows)"} <= set(below)
    for label in ("Events caught", "ROC AUC (rows)", "Recall (rows)"):
        assert " to " in below[label] and "chance" in below[label], label
    assert "chance" not in below["False alarms per day"] and " to " in below["False alarms per day"]
    assert "split by time" in texts(app)
    assert metric(app, "ROC AUC (rows)").startswith("0.")


def test_a_threshold_that_catches_nothing_is_not_certain_to(open_page: OpenPage, done_run: Run) -> None:
    done_run.commit(Committed({0: 1e9}, Rule("fixed", 1e9), AlarmPolicy()))
    app = opened(open_page, done_run)
    below = {shown.label: shown.delta for shown in app.metric}
    n_events = int(metric(app, "Events caught").removeprefix("0 of "))
    most = n_events * (1 - 0.025 ** (1 / n_events))
    assert below["Events caught"].startswith(f"0 to {number(most, 2)}")
    for label in ("Events caught", "False alarms per day", "Recall (rows)"):
        assert "0 to 0 " not in f"{below[label]} ", label


def progress(app: AppTest) -> str:
    return " ".join(bar.proto.text for bar in app.get("progress")).replace("\\", "")


def test_a_run_is_held_against_its_baselines(
    open_page: OpenPage, executor: Deferred, done_run: Run, polling: Callable[[], set[str]]
) -> None:
    app = opened(open_page, done_run)
    assert any("not been compared with any baseline" in info.value for info in app.info)
    assert not polling()
    app = button(app, "Train the baselines").click().run()
    assert not app.exception
    assert progress(app) == f"0 of {len(FEW)} baselines trained; {len(FEW)} waiting"
    assert polling() == {"evaluate_baselines_progress", "bar_jobs"}
    assert "Train the baselines" not in [b.label for b in app.button]
    executor.run_all()
    app.run()
    assert not progress(app)
    assert not polling()
    assert {name: run.status().state for name, run in baselines_of(done_run).items()} == dict.fromkeys(
        FEW, "done"
    )
    assert create_baselines(done_run) == [] and list_runs() == [done_run]
    words = texts(open_page(PAGE, run=done_run.id))
    assert "With thresholds set on the test data for at most 2 false alarms a day" in words.replace("\\", "")
    assert "any baseline yet" not in words


def test_a_run_that_loses_to_a_baseline_says_so(open_page: OpenPage, done_run: Run) -> None:
    opened(open_page, done_run)
    for run in create_baselines(done_run):
        execute(run)
        judged = run.judged()
        assert judged is not None
        model = judged.model
        every = tuple(replace(count, caught=model.n_events) for count in model.counts)
        run.save_judged(replace(judged, model=replace(model, counts=every)))
    assert "does not beat the baselines" in texts(open_page(PAGE, run=done_run.id))


def test_baselines_are_trained_beside_a_run_unless_it_is_not_wanted(
    open_page: OpenPage, executor: Deferred, dataset: Dataset
) -> None:
    app = open_page("pages/2_Train.py", dataset=dataset.digest)
    app.selectbox(key="train_0_model").select("pca").run()
    app.toggle(key="train_baselines").set_value(False).run()
    button(app, "Train").click().run()
    assert len(list_runs()) == 1 and list_runs(role="baseline") == []
    app.toggle(key="train_baselines").set_value(True).run()
    button(app, "Train").click().run()
    assert len(list_runs()) == 2 and len(list_runs(role="baseline")) == len(FEW)
    # What a person asked for is executed first.
    executor.run_all()
    ended = sorted(list_runs(role=None), key=lambda run: (run.folder / "judgement.json").stat().st_mtime_ns)
    assert {run.purpose().role for run in ended[:2]} == {"run"}


def test_the_leakage_meter_goes_on_in_the_background(
    open_page: OpenPage, executor: Deferred, dataset: Dataset, polling: Callable[[], set[str]]
) -> None:
    run = finished(dataset, replace(PCA, split=SplitPlan(folds=3)))
    app = show_view(opened(open_page, run), "Leakage")
    assert not polling()
    app = button(app, "Measure leakage").click().run()
    assert polling() == {"leakage", "bar_jobs"} and "Waiting" in progress(app)
    assert not app.exception and "three splits" not in " ".join(titles(app))
    assert leakage_of(run) is not None and list_runs() == [run]
    app = button(app, "Cancel").click().run()
    assert leakage_of(run) is None and not polling()
    app = show_view(open_page(PAGE, run=run.id), "Leakage")
    button(app, "Measure leakage").click().run()
    executor.run_all()
    app = show_view(open_page(PAGE, run=run.id), "Leakage")
    assert not app.exception and not app.error
    assert "The same model with three splits" in titles(app)
    assert "Trained on random rows" in texts(app)


def test_what_the_model_reads_is_measured_in_the_background(
    open_page: OpenPage, executor: Deferred, dataset: Dataset, polling: Callable[[], set[str]]
) -> None:
    run = finished(dataset, replace(PCA, split=SplitPlan(folds=3)))
    app = show_view(opened(open_page, run), "What it reads")
    assert not polling() and "judged on the same later rows" in texts(app)
    app = button(app, "Measure what the model reads").click().run()
    assert polling() == {"ablation", "bar_jobs"} and "Waiting" in progress(app)
    assert ablation_of(run) is not None and list_runs() == [run] and leakage_of(run) is None
    app = button(app, "Cancel").click().run()
    assert ablation_of(run) is None and not polling()
    app = show_view(open_page(PAGE, run=run.id), "What it reads")
    button(app, "Measure what the model reads").click().run()
    executor.run_all()
    app = show_view(open_page(PAGE, run=run.id), "What it reads")
    assert not app.exception and not app.error
    assert "What the model loses without some inputs" in titles(app)
    assert "The time since the last restart alone reaches" in unescaped(app)
    ablation = ablation_of(run)
    assert ablation is not None
    found = ablation.ablation()
    (table,) = [each.value for each in app.dataframe if "left out" in each.value]
    assert table["AUC"].iloc[0] == found.auc and len(table) == 2 + len(found.without)
    assert set(table["result"]) <= {"", "AUC falls", "AUC rises", "no difference can be seen"}
    assert f"With all inputs the AUC is {found.auc:.2f} (" in texts(app)
    for falls, low in zip(table["result"] == "AUC falls", table["low"], strict=True):
        assert falls == (low > 0)


def test_drift_is_drawn_day_by_day_and_by_sensor(open_page: OpenPage, done_run: Run) -> None:
    app = opened(open_page, done_run)
    assert not any(" day" in title for title in titles(app)), "drawn before it was asked for"
    app = show_view(app, "Drift")
    words = " ".join(titles(app))
    assert "by day" in words and len(titles(app)) == len(set(titles(app)))
    assert not any("ROC" in title for title in titles(app))
    assert [tab.label for tab in app.tabs] == [
        "Curves",
        "Backtest",
        "Operator load",
        "Leakage",
        "What it reads",
        "Drift",
    ]


def test_the_load_of_an_operator_stands_next_to_its_targets(open_page: OpenPage, done_run: Run) -> None:
    app = opened(open_page, done_run)
    assert "what one operator can handle" not in texts(app), "drawn before it was asked for"
    app = show_view(app, "Operator load")
    committed, scores = done_run.committed(), done_run.scores("test")
    load = load_at(scores, committed.thresholds, committed.policy)
    assert load.alarms == evaluate(scores, committed.thresholds, committed.policy).alarms > 0
    assert not app.exception and load.in_words() in texts(app)
    (table,) = [each.value for each in app.dataframe if "target" in each.value]
    assert table["value"][0] == number(load.per_day) != number(load.worst_day)
    assert set(table["source"]) == {"EEMUA 191, ISA-18.2", "ISA-18.2"} and not table["target"].eq("").any()


def risen(run: Run, share: float = 0.5) -> int:
    """Let the scores of a run rise tenfold within its test part; returns the row."""
    validation, test = run.scores("validation"), run.scores("test")
    at = int(share * len(test))
    later = np.arange(len(test)) >= at
    run.save_scores({"validation": [validation], "test": [test.with_score(test.y_score * (1 + 9 * later))]})
    return int(test.row[at])


def test_drift_says_since_when_the_threshold_is_not_valid_and_what_to_do(
    open_page: OpenPage, done_run: Run
) -> None:
    table = done_run.dataset().table()
    row = risen(done_run)
    app = show_view(opened(open_page, done_run), "Drift")
    assert not app.exception
    (warning,) = [each.value for each in app.warning if "has not been valid" in each.value]
    since = pd.Timestamp(table.when[row])
    assert f"has not been valid since {since:%-d %b}" in warning.replace("\\", "")
    assert "in at most 5% of periods this long" in unescaped(app)
    assert "finds no rise" not in unescaped(app)
    assert link(app, "Use a trailing threshold")
    # The run is trained again on the rows since then.
    (label,) = [each.label for each in app.button if each.label.startswith("Train on rows from ")]
    assert f"{since:%-d %b}" in label
    app = button(app, label).click().run()
    assert not app.exception and link(app, "Go to Train: the dates are set")
    plan = app.session_state[KEY].draft.split
    assert plan.kind == "chronological" and plan.train_until is None
    assert abs(pd.Timestamp(plan.train_from) - since) < pd.Timedelta(hours=1)
    assert app.session_state[KEY].draft.model == done_run.config().model
    app = follow(app, "Go to Train: the dates are set").run()
    (start,) = [each.value for each in app.datetime_input if each.label == "Train on rows from"]
    assert str(start)[:16] == plan.train_from[:16]


def test_drift_without_a_change_offers_no_remedy(open_page: OpenPage, done_run: Run) -> None:
    app = show_view(opened(open_page, done_run), "Drift")
    assert "finds no rise in the scores of normal rows" in unescaped(app)
    assert not any("Train on rows from" in each.label for each in app.button)
    assert not any("not been valid" in each.value for each in app.warning)


def test_a_score_that_is_no_reconstruction_error_is_not_called_one(
    open_page: OpenPage, dataset: Dataset
) -> None:
    for config, name in ((recipe("mahalanobis", PCA), "Mahalanobis distance"), (PCA, "econstruction error")):
        app = opened(open_page, finished(dataset, config))
        said = " ".join(chart.proto.spec for chart in app.get("plotly_chart")) + texts(app)
        assert name in said
        assert ("econstruction error" in said) == (config is PCA)


def test_a_model_without_sensor_errors_has_no_carriers(open_page: OpenPage, dataset: Dataset) -> None:
    run = finished(dataset, recipe("mahalanobis", PCA))
    app = show_view(opened(open_page, run), "Drift")
    assert not app.exception and not app.error and app.metric and "Alarms by day" not in titles(app)
    assert not any("carr" in title.lower() for title in titles(app))


def test_folds_are_drawn_with_what_each_caught(open_page: OpenPage, dataset: Dataset) -> None:
    run = finished(dataset, replace(PCA, split=SplitPlan("rolling", folds=3)))
    app = show_view(opened(open_page, run), "Backtest")
    assert not app.exception
    caught = int(metric(app, "Events caught").split(" of ")[0])
    assert f"Test folds: {caught} of {len(run.scores('test').total_events)} events caught" in titles(app)
    single = finished(dataset, PCA)
    assert not any(
        "Test folds" in title for title in titles(show_view(opened(open_page, single), "Backtest"))
    )


def test_a_threshold_of_the_settings_is_not_called_suggested(open_page: OpenPage, dataset: Dataset) -> None:
    run = finished(dataset, replace(PCA, rule=Rule("fixed", 3.0)))
    assert run.committed().origin == "given"
    app = open_page(PAGE, run=run.id)
    sealed = unescaped(app)
    assert "Threshold, not committed: given in the settings of the run" in sealed
    app = opened(open_page, run)
    shown = unescaped(app)
    assert "given in the settings of the run, not committed." in shown
    assert "uggested" not in sealed + shown


def test_the_tick_of_the_sidebar_goes_when_another_threshold_is_committed(
    open_page: OpenPage, dataset: Dataset
) -> None:
    run = finished(dataset, PCA)
    assert "✓ test data opened once, 20 events" in unescaped(opened(open_page, run))
    policy = replace(run.committed().policy, mute=3)
    run.commit(replace(run.committed(), policy=policy))
    app = open_page(PAGE, run=run.id)
    assert "Test data opened once, 20 events; now sealed again" in unescaped(app)
    assert "✓ 20 events" not in unescaped(app)
    again = button(app, "Open again: look 2").click().run()
    assert "✓ test data opened 2 times, 20 events" in unescaped(again)
    assert "muted for 3 windows after a restart" in unescaped(again)


def test_charts_say_where_the_threshold_is_the_median_of_folds(open_page: OpenPage, dataset: Dataset) -> None:
    for split, n_thresholds in ((SplitPlan("rolling", folds=3), 3), (PCA.split, 1)):
        run = finished(dataset, replace(PCA, split=split))
        assert run.committed().n_thresholds == n_thresholds
        drawn = [chart.proto.spec for chart in opened(open_page, run).get("plotly_chart")]
        assert any("median threshold of 3 folds" in spec for spec in drawn) == (n_thresholds == 3)
        assert any(re.search(r'"threshold \d', spec) for spec in drawn) == (n_thresholds == 1)


def test_a_cancelled_meter_is_told_by_its_own_folder(dataset: Dataset) -> None:
    run = finished(dataset, PCA)
    from rare_event.compare.companions import create_leakage

    meter = create_leakage(run)
    meter.request_cancel()
    assert execute_in_worker(meter.id).state == "cancelled" and leakage_of(run) is None
    assert np.isfinite(run.scores("test").y_score).all()


def test_a_cancelled_backtest_is_said_and_can_be_started_again(
    open_page: OpenPage, executor: Deferred, done_run: Run
) -> None:
    app = show_view(opened(open_page, done_run), "Backtest")
    button(app, "Backtest this model").click().run()
    app.button(key="evaluate_cancel_backtest").click().run()
    assert not app.exception and not progress(app)
    assert "The last backtest was cancelled." in unescaped(app)
    assert app.session_state[KEY].run_id == done_run.id
    button(app, "Backtest this model").click().run()
    assert "Backtest: waiting" in progress(app) and len(list_runs()) == 3


def test_a_single_split_offers_to_be_judged_over_folds(
    open_page: OpenPage, executor: Deferred, done_run: Run, polling: Callable[[], set[str]]
) -> None:
    app = show_view(opened(open_page, done_run), "Backtest")
    button(app, "Backtest this model").click().run()
    assert not app.exception
    assert app.title[0].value == "Evaluate", "the reader stays where the figures are"
    assert app.session_state[KEY].run_id == done_run.id and app.metric
    assert "Backtest: waiting" in progress(app)
    assert polling() == {"evaluate_backtest", "bar_jobs"}
    again = list_runs()[0]
    assert again != done_run and again.config().split.kind == "rolling"
    assert len(list_runs(role="baseline")) == len(FEW)
    executor.run_all()
    app.run()
    assert not polling()
    button(app, "Open the backtest").click().run()
    assert app.title[0].value == "Evaluate" and app.session_state[KEY].run_id == again.id
    assert again.looks() == [], "opening a run is no look at its test data"
    button(app, "Open the test data").click().run()
    app = show_view(app, "Backtest")
    assert any("Test folds" in title for title in titles(app))
    assert not [b for b in app.button if b.label == "Backtest this model"]


def test_what_a_backtest_and_the_leakage_meter_cannot_do_is_said_next_to_their_buttons(
    open_page: OpenPage, done_run: Run
) -> None:
    app, said = opened(open_page, done_run), []
    for view in ("Backtest", "Leakage"):
        app = show_view(app, view)
        said += [caption.value for caption in app.caption if caption.value.startswith(":material/warning:")]
        said += [error.value for error in app.error]
    assert any("Rolling split by time" in sentence and "validation part" in sentence for sentence in said)
    assert all("--" not in sentence for sentence in said)
