"""A walk through the pages with six machines: each has its own stretches and events, and days are theirs."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from rare_event.config import SplitPlan
from rare_event.prepare.corrections import Corrections
from rare_event.store.datasets import Dataset
from rare_event.store.runs import Run, list_runs
from tests.app.conftest import Deferred, every_view, finished, show_view
from tests.app.test_clock import OF_TIME, shown
from tests.app.test_machines import MACHINES, six_machines, stored
from tests.app.test_pages import explorer
from tests.app.test_without_label import forbidden
from tests.small import PCA

OpenPage = Callable[..., AppTest]


@pytest.fixture
def presses(executor: Deferred) -> Dataset:
    return stored(six_machines())


@pytest.fixture
def run(presses: Dataset) -> Run:
    done = finished(presses, replace(PCA, split=SplitPlan("chronological")))
    done.look()
    return done


def text_of(app: AppTest) -> str:
    return "\n".join(shown(app))


def test_each_machine_has_its_own_stretches(open_page: OpenPage, presses: Dataset) -> None:
    app = open_page("pages/1_Data.py", dataset=presses.digest)
    assert not app.exception and not app.error
    (machine,) = (box for box in app.selectbox if box.label == "Machine")
    assert list(machine.options) == MACHINES
    # Alone each has 6 stretches; taken for one machine, the others would cut them.
    assert "6 stretches, 5 events" in text_of(app)
    machine.select(MACHINES[3]).run()
    assert "6 stretches, 5 events" in text_of(app) and not app.exception
    assert not re.search(r"\b36 stretches", text_of(app))


def test_a_split_by_time_cuts_all_machines_at_one_time(open_page: OpenPage, presses: Dataset) -> None:
    app = open_page("pages/2_Train.py", dataset=presses.digest)
    # The page begins with six periods; the first is cut at one time for all machines, between their events.
    table = presses.table()
    when, events = table.when.astype("datetime64[m]").astype(float), table.label == 1
    first = int(0.4 * table.n_rows)
    begin, end = np.sort(when)[[round(0.85 * first), first]]
    assert events.any() and not events[(when >= begin) & (when < end)].any()
    (problem,) = app.error
    assert problem.value.startswith("The validation part of fold 1 of 6 holds no events, so the threshold")
    assert not app.exception and not app.button(key="train_start").disabled
    app.selectbox(key="train_0_split").select("chronological").run()
    assert not app.exception and not app.error
    drawn = text_of(app)
    assert [name for name in MACHINES if name in drawn] == MACHINES
    assert "Machine" in drawn
    split = app.selectbox(key="train_0_split")
    names = [str(option) for option in split.options]
    assert [name for name in names if "other machines from the same hours are in the training data" in name]
    split.select("asset").run()
    assert not app.exception and "Fold and machine" in text_of(app)


def test_events_are_counted_per_machine_and_days_are_machine_days(open_page: OpenPage, run: Run) -> None:
    test = run.scores("test")
    assert test.asset is not None and set(np.unique(test.asset)) == set(range(6))
    app = open_page("pages/3_Threshold.py", run=run.id)
    assert not app.exception and not app.error
    assert "machine" in explorer(app)["words"]["false_alarms"]
    app = show_view(open_page("pages/4_Evaluate.py", run=run.id), "Backtest")
    # A backtest of so few events is not offered.
    assert not app.exception and all("holds no events" in problem.value for problem in app.error)
    said = next(each.value for each in app.markdown if "of running time" in each.value)
    assert f"of {len(test.total_events)} events" in said
    # Rows of six machines stand for 2 minutes each, whatever hours they share.
    assert test.days == pytest.approx(2 * len(test) / 1440, rel=0.05)
    assert test.days > 3 * (test.clock.max() - test.clock.min()) / 1440
    assert re.search(r"In [\d.]+ machine-(hours|days) of running time", said)
    # Seven days on a calendar are none of running time.
    assert not [text[:300] for text in shown(app) if re.search(r"\d a day|per day", text)]
    lines = next(frame.value for frame in app.dataframe if "kind" in frame.value)
    assert set(lines["asset"]) <= set(MACHINES) and (lines["asset"] != "").all()
    events = lines[lines["kind"] == "event"]
    assert events["event"].is_unique and set(events["asset"]) == set(MACHINES)


def test_without_a_clock_no_page_speaks_of_hours(open_page: OpenPage, executor: Deferred) -> None:
    dataset = stored(six_machines(clock=False))
    done = finished(dataset, replace(PCA, split=SplitPlan("asset")))
    done.look()
    for page in ("1_Data", "2_Train", "3_Threshold", "4_Evaluate", "5_Alarms", "6_Compare"):
        for app in every_view(open_page(f"pages/{page}.py", run=done.id, dataset=dataset.digest)):
            assert not app.exception and not app.error, page
            said = {text[:300]: OF_TIME.findall(text) for text in shown(app) if OF_TIME.search(text)}
            assert not said, (page, said)
            assert not any("machine-day" in text for text in shown(app)), page


def test_alarms_of_machines_without_events_are_not_called_false(
    open_page: OpenPage, executor: Deferred
) -> None:
    frame = six_machines().drop(columns="y")
    dataset = stored(frame, Corrections(assets="press", no_label=True))
    done = finished(dataset, replace(PCA, split=SplitPlan("chronological")))
    done.look()
    for page in ("2_Train", "3_Threshold", "4_Evaluate", "5_Alarms", "6_Compare"):
        for app in every_view(open_page(f"pages/{page}.py", run=done.id, dataset=dataset.digest)):
            assert not app.exception and not app.error, page
            assert not forbidden(app) and "alse alarm" not in text_of(app), page
        if page == "4_Evaluate":
            table = next(frame.value for frame in app.dataframe if "machine" in frame.value)
            assert table.columns.tolist() == ["machine", "alarms", "running time (days)"]
            assert table["machine"].tolist() == MACHINES
            assert f"{table['alarms'].sum():,}" in [figure.value for figure in app.metric]


def test_a_backtest_tests_on_machines_that_were_not_trained_on(
    open_page: OpenPage, run: Run, executor: Deferred
) -> None:
    app = show_view(open_page("pages/4_Evaluate.py", run=run.id), "Backtest")
    table = next(frame.value for frame in app.dataframe if "machine" in frame.value)
    lines = next(frame.value for frame in app.dataframe if "kind" in frame.value)
    assert table["machine"].tolist() == MACHINES
    for machine, row in table.set_index("machine").iterrows():
        mine = lines[lines["asset"] == machine]
        events = mine[mine["kind"] == "event"]
        assert (row["events"], row["caught"]) == (len(events), events["caught"].sum())
        assert row["false alarms"] == len(mine) - len(events)
    assert table["running time (days)"].sum() == pytest.approx(run.scores("test").days)
    app.segmented_control(key="evaluate_backtest_kind").select("asset").run()
    app.button(key="evaluate_backtest").click().run()
    assert not app.exception
    again = list_runs()[0]
    assert again.config().split.kind == "asset" and again.config().model == run.config().model
    # The backtest by time is another one, and is still offered.
    app.segmented_control(key="evaluate_backtest_kind").select("rolling").run()
    assert any(button.key == "evaluate_backtest" for button in app.button)


def test_a_run_over_several_periods_can_be_tested_on_machines_too(
    open_page: OpenPage, presses: Dataset, executor: Deferred
) -> None:
    done = finished(presses, replace(PCA, split=SplitPlan("rolling", folds=2)))
    done.look()
    app = show_view(open_page("pages/4_Evaluate.py", run=done.id), "Backtest")
    assert "on a machine outside its training data" in text_of(app)
    # It is a backtest by time already.
    assert not [control for control in app.segmented_control if control.key == "evaluate_backtest_kind"]
    assert "holds few events and shows one period" not in text_of(app)
    app.button(key="evaluate_backtest").click().run()
    assert not app.exception and list_runs()[0].config().split == replace(done.config().split, kind="asset")
    other = finished(presses, replace(PCA, split=SplitPlan("asset")))
    other.look()
    app = show_view(open_page("pages/4_Evaluate.py", run=other.id), "Backtest")
    assert not app.exception and not [button for button in app.button if button.key == "evaluate_backtest"]
