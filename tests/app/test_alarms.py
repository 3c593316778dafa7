"""The Alarms page: one alarm at a time, its sensors, its marks, and nothing of sealed data."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

from rare_event.config import AlarmPolicy, BlendModel, Rule, SplitPlan
from rare_event.errors import RunError
from rare_event.judge.ledger import ledger
from rare_event.store.datasets import Dataset
from rare_event.store.explained import explanations
from rare_event.store.marks import Mark, mark_alarm, marks_of
from rare_event.store.records import Committed
from rare_event.store.runs import Run, list_runs
from rare_event.store.seal import open_at_threshold
from rare_event.ui import live
from rare_event.ui.alarms.items import Item, found_of, items_of
from rare_event.ui.alarms.page import Chosen
from rare_event.ui.alarms.similar import similar_to
from rare_event.ui.cache import table_of
from rare_event.ui.threshold import LEDGER
from tests.app.conftest import PCA, Deferred, finished
from tests.app.test_pages import OpenPage, button, texts, titles, unescaped

PAGE = "pages/5_Alarms.py"
FINDING = "Finding the sensors that moved"


def opened(open_page: OpenPage, executor: Deferred, run: Run) -> AppTest:
    """The page once a worker has found the sensors."""
    app = open_page(PAGE, run=run.id)
    executor.run_all()
    return app.run()


def choice(app: AppTest) -> Selectbox[int]:
    (box,) = [each for each in app.selectbox if each.label.startswith("Alarm or event")]
    return box


def chosen(app: AppTest) -> str:
    box = choice(app)
    return str(box.options[box.index or 0])


def first_time(run: Run) -> pd.Timestamp:
    return pd.Timestamp(str(run.dataset().table().start))


def ledger_on_threshold(open_page: OpenPage, run: Run) -> pd.DataFrame:
    app = open_page("pages/3_Threshold.py", run=run.id)
    app.session_state[f"{LEDGER}_drawn"] = True
    return table(app.run(), "Ledger of the validation data")


def table(app: AppTest, alt: str) -> pd.DataFrame:
    (found,) = [each for each in app.dataframe if each.proto.alt == alt]
    return found.value


def test_without_a_run_the_page_says_what_is_missing(open_page: OpenPage, dataset: Dataset) -> None:
    for address in ({}, {"dataset": dataset.digest}):
        app = open_page(PAGE, **address)
        assert not app.exception and "No run is open yet" in texts(app)
        assert not [each for each in app.selectbox if each.label.startswith("Alarm")]


def test_sealed_test_data_show_no_alarm_of_theirs(
    open_page: OpenPage, done_run: Run, executor: Deferred
) -> None:
    app = opened(open_page, executor, done_run)
    assert not app.exception and "The test data are sealed" in unescaped(app)
    assert not [each for each in app.segmented_control if each.label == "Part of the data"]
    assert explanations(done_run, "test", done_run.committed()) is None, "nobody looked at test data"
    test = done_run.scores("test")
    (box,) = [each for each in app.selectbox if each.label.startswith("Alarm or event")]
    first_test = first_time(done_run) + pd.Timedelta(test.clock.min(), unit="min")
    assert all(pd.Timestamp(name.split(" · ")[0]) < first_test for name in box.options)
    assert done_run.looks() == []
    done_run.look()
    app = opened(open_page, executor, done_run)
    assert [each for each in app.segmented_control if each.label == "Part of the data"]
    assert "Test: score around the alarm" in titles(app)


def test_an_alarm_shows_its_sensors_as_bars_and_as_a_table(
    open_page: OpenPage, done_run: Run, executor: Deferred
) -> None:
    app = open_page(PAGE, run=done_run.id)
    assert FINDING in texts(app) and "Sensors that moved" not in titles(app)
    # What needs no worker is there already.
    assert "Validation: score around the alarm" in titles(app)
    executor.run_all()
    app.run()
    assert not app.exception and not app.error and FINDING not in texts(app)
    committed = done_run.committed()
    lines = ledger(done_run.scores("validation"), committed.thresholds, committed.policy)
    (box,) = [each for each in app.selectbox if each.label.startswith("Alarm or event")]
    assert len(box.options) == len(lines)
    found = explanations(done_run, "validation", committed)
    assert found is not None and len(found) == len(lines.dropna(subset=["row"]))
    item = items_of(done_run, "validation")[box.options.index(chosen(app))]
    (mine,) = [each for each in found if each.row == item.row]
    shown = table(app, "Sensors that moved")
    assert shown["sensor"].tolist() == [each.sensor for each in mine.moved]
    assert shown["share"].sum() == pytest.approx(100)
    assert shown["corrected"].tolist() == pytest.approx([each.corrected for each in mine.moved])
    assert {"Sensors that moved", "Largest squared errors"} <= set(titles(app))
    for each in mine.moved:
        assert each.sensor in unescaped(app)
    assert ("less than 0.01 times" in unescaped(app)) == (mine.after < 0.01) and "e-" not in chosen(app)
    assert not re.search(r"reached \S*e-", unescaped(app))
    assert set(shown["moved"]) <= {"up", "down"}
    assert [each == "up" for each in shown["moved"]] == (shown["observed"] > shown["corrected"]).tolist()
    # Both figures show the same times, one below the other.
    score, courses = [json.loads(each.proto.spec) for each in app.get("plotly_chart")][:2]
    assert score["layout"]["xaxis"]["range"] == courses["layout"]["xaxis"]["range"]


def test_an_alarm_that_began_before_the_lead_window_says_so(
    open_page: OpenPage, done_run: Run, executor: Deferred
) -> None:
    items = items_of(done_run, "validation")
    earlier = [place for place, item in enumerate(items) if item.caught and item.since < item.begins]
    within = [place for place, item in enumerate(items) if item.caught and item.since == item.begins]
    assert earlier and within
    for place in (earlier[0], within[0]):
        item = items[place]
        app = open_page(PAGE, run=done_run.id)
        app.selectbox(key="alarms_shown").select("All").run()
        choice(app).select_index(place).run()
        start = table_of(done_run.dataset()).start
        assert start is not None
        event, alarm = (pd.Timestamp(start) + pd.Timedelta(minutes=each) for each in (item.at, item.begins))
        said = f"Event {item.event} on {event:%-d %b %Y, %H:%M} was caught by an alarm"
        assert f"{said} at {alarm:%H:%M}, {item.lead:g} min before it." in unescaped(app)
        assert ("The alarm was already on" in unescaped(app)) == (place == earlier[0])


def test_next_and_previous_step_through_in_the_order_of_time(
    open_page: OpenPage, done_run: Run, executor: Deferred
) -> None:
    app = opened(open_page, executor, done_run)
    app.selectbox(key="alarms_shown").select("All").run()
    first = choice(app).options[0]
    while not button(app, "Previous").disabled:
        button(app, "Previous").click().run()
    seen = [chosen(app)]
    assert seen == [first]
    while not button(app, "Next").disabled:
        button(app, "Next").click().run()
        assert not app.exception and not app.error
        seen.append(chosen(app))
    times = [pd.Timestamp(name.split(" · ")[0]) for name in seen]
    assert len(seen) == len(items_of(done_run, "validation")) and times == sorted(times)
    # An event that was missed has nothing to correct, and no sensor is named for it.
    app.selectbox(key="alarms_shown").select("Missed events").run()
    assert "missed" in chosen(app) and "so no sensor is singled out" in unescaped(app)
    assert "Sensors that moved" not in titles(app) and "Largest squared errors" in titles(app)
    # The choice stays when another page was open in between.
    app.selectbox(key="alarms_shown").select("All").run()
    before = chosen(button(app, "Previous").click().run())
    app.switch_page("pages/3_Threshold.py").run()
    assert chosen(app.switch_page(PAGE).run()) == before


def test_a_mark_is_saved_shown_everywhere_and_taken_back(
    open_page: OpenPage, done_run: Run, executor: Deferred
) -> None:
    app = opened(open_page, executor, done_run)
    app.selectbox(key="alarms_shown").select("False alarms").run()
    before = chosen(app)
    button(app, "Save the mark").click().run()
    assert "Choose what it was" in texts(app) and marks_of(done_run) == []
    (kind,) = [each for each in app.segmented_control if each.label == "What was it?"]
    kind.set_value("known stop")
    (note,) = [each for each in app.text_input if each.label == "Note"]
    (by,) = [each for each in app.text_input if each.label == "Your name"]
    note.set_value("<b>felt</b> change")
    by.set_value("Ana")
    button(app, "Save the mark").click().run()
    assert not app.exception and chosen(app) == f"{before} · known stop"
    (mark,) = marks_of(done_run)
    assert (mark.kind, mark.note, mark.by) == ("known stop", "<b>felt</b> change", "Ana")
    assert "Marked known stop by Ana" in unescaped(app) and "1 was a known stop" in unescaped(app)
    assert "<b>felt" not in " ".join(each.value for each in app.caption), "a note is no markup"
    # It is there after a reload, and in the ledger.
    app = open_page(PAGE, run=done_run.id)
    assert "1 was a known stop" in unescaped(app)
    lines = ledger_on_threshold(open_page, done_run)
    assert lines["mark"].dropna().tolist() == ["known stop"]
    assert lines.loc[lines["mark"].notna(), "kind"].tolist() == ["false alarm"]
    app = open_page(PAGE, run=done_run.id)
    app.selectbox(key="alarms_shown").select("False alarms").run()
    while not chosen(app).endswith("known stop"):
        button(app, "Next").click().run()
    button(app, "Remove the mark").click().run()
    assert not app.exception and "known stop" not in chosen(app)
    assert "mark" not in ledger_on_threshold(open_page, done_run)


def test_a_mark_made_elsewhere_meanwhile_is_not_replaced_in_silence(
    open_page: OpenPage, done_run: Run, executor: Deferred
) -> None:
    def fill(app: AppTest, kind: str, by: str) -> None:
        (choice_of,) = [each for each in app.segmented_control if each.label == "What was it?"]
        choice_of.set_value(kind)
        (name,) = [each for each in app.text_input if each.label == "Your name"]
        name.set_value(by)

    ours, theirs = (opened(open_page, executor, done_run) for _ in range(2))
    assert chosen(ours) == chosen(theirs)
    fill(ours, "false", "Ben")
    fill(theirs, "true", "Ana")
    button(theirs, "Save the mark").click().run()
    button(ours, "Save the mark").click().run()
    assert not ours.exception and "marked elsewhere meanwhile" in texts(ours)
    assert "Marked true by Ana" in unescaped(ours)
    assert [(mark.kind, mark.by) for mark in marks_of(done_run)] == [("true", "Ana")]
    # What was typed is still there, and a second press replaces the other mark.
    button(ours, "Save the mark").click().run()
    assert not ours.exception and "marked elsewhere" not in texts(ours)
    assert [(mark.kind, mark.by) for mark in marks_of(done_run)] == [("false", "Ben")]


def test_one_alarm_of_two_folds_is_one_alarm() -> None:
    def alarm(begins: float, ends: float, event: int | None = None, asset: str = "") -> Item:
        return Item("test", event, event is not None, begins, ends, begins, begins, np.nan, 1, 0, asset)

    assert alarm(10, 20).is_same(alarm(20, 30)) and alarm(20, 30).is_same(alarm(10, 20))
    assert not alarm(10, 20).is_same(alarm(21, 30)) and not alarm(10, 20).is_same(alarm(10, 20, asset="b"))
    assert alarm(10, 12, event=3).is_same(alarm(14, 16, event=3))
    assert not alarm(10, 12, event=3).is_same(alarm(10, 12, event=4))
    assert not alarm(10, 12, event=3).is_same(alarm(10, 12))
    # An event without an alarm ends before it begins.
    assert alarm(5, np.nan, event=1).is_same(alarm(5, np.nan, event=1))


def test_no_similar_alarm_is_told_twice_or_is_the_alarm_itself(
    open_page: OpenPage, dataset: Dataset, executor: Deferred
) -> None:
    run = finished(dataset, replace(PCA, split=SplitPlan("rolling", folds=6)))
    open_at_threshold(run)
    opened(open_page, executor, run)
    told = 0
    for part in ("validation", "test"):
        items, found = items_of(run, part), found_of(run, part) or {}
        for item in items:
            explained = found.get((item.row, item.fold))
            if explained is None or not explained.moved:
                continue
            similar = similar_to(run, Chosen(item, None, items, [None] * len(items)), explained)
            told += len(similar)
            assert similar.empty or not similar["alarm"].duplicated().any()
    assert told > 5


def test_marks_survive_a_retraining_by_time(open_page: OpenPage, done_run: Run, executor: Deferred) -> None:
    items = [item for item in items_of(done_run, "validation") if item.event is None]
    start = first_time(done_run)
    at = start + pd.Timedelta(items[0].at + 2, unit="min")
    mark_alarm(done_run, Mark(at.isoformat(), "known stop", by="Ana"))
    again = finished(done_run.dataset(), replace(PCA, seed=1))
    app = opened(open_page, executor, again)
    assert "1 was a known stop" in unescaped(app)
    marked = [name for name in choice(app).options if "known" in name]
    assert (
        len(marked) == 1 and f"{start + pd.Timedelta(items[0].at, unit='min'):%-d %b %Y, %H:%M}" in marked[0]
    )


def test_a_retraining_leaves_the_known_stops_out(
    open_page: OpenPage, done_run: Run, executor: Deferred
) -> None:
    app = opened(open_page, executor, done_run)
    assert not [each for each in app.button if each.label.startswith("Retrain")]
    item = [item for item in items_of(done_run, "validation") if item.event is None][0]
    start = first_time(done_run)
    begin, end = (start + pd.Timedelta(minute, unit="min") for minute in (item.begins, item.ends))
    mark_alarm(done_run, Mark(begin.isoformat(), "known stop"))
    app.run()
    button(app, "Retrain without the known stop").click().run()
    assert not app.exception and not app.error
    (again,) = [run for run in list_runs() if run.id != done_run.id]
    assert again.config() == done_run.config()
    times = pd.Series(again.dataset().table().when)
    assert not times.between(begin, end).any()
    assert len(times) == done_run.dataset().table().n_rows - round((item.ends - item.begins) / 2) - 1
    executor.run_all()
    assert again.status().state == "done"
    # The dataset that other runs use stays whole.
    assert done_run.dataset().table().n_rows == 12_000


def test_a_line_of_the_ledger_on_evaluate_leads_to_its_alarm(
    open_page: OpenPage, done_run: Run, executor: Deferred
) -> None:
    done_run.look()
    app = open_page("pages/4_Evaluate.py", run=done_run.id)
    assert "Why did it ring?" not in str([each.proto for each in app.get("page_link")])
    item = items_of(done_run, "test")[3]
    app.session_state["alarms_wanted"] = (done_run.id, "test", item.row)
    app = app.run()
    assert "Why did it ring?" in str([each.proto for each in app.get("page_link")])
    app.switch_page(PAGE).run()
    executor.run_all()
    app.run()
    shown = choice(app)
    assert shown.value == 3 and not app.exception
    # Only once: from then on the page shows what is chosen there.
    assert choice(app).select_index(0).run() and not app.exception
    assert choice(app).value == 0


def test_no_alarm_and_no_event_is_a_sentence(open_page: OpenPage, dataset: Dataset) -> None:
    run = finished(dataset, PCA)
    run.commit(Committed({0: 1e9}, Rule("fixed", 1e9), AlarmPolicy()))
    app = open_page(PAGE, run=run.id)
    assert not app.exception
    # Events are there all the same: all of them missed.
    app.selectbox(key="alarms_shown").select("False alarms").run()
    assert not app.exception and "nothing to show under “False alarms”" in texts(app)
    app.selectbox(key="alarms_shown").select("Missed events").run()
    assert "missed" in chosen(app)


def test_every_period_explains_its_own_alarms(
    open_page: OpenPage, dataset: Dataset, executor: Deferred
) -> None:
    run = finished(dataset, replace(PCA, split=SplitPlan("rolling", folds=3)))
    app = opened(open_page, executor, run)
    assert not app.exception and not app.error and "was not kept" not in texts(app)
    found = explanations(run, "validation", run.committed())
    assert found is not None and {each.fold for each in found if each.moved} == {0, 1, 2}
    assert not [each for each in found if each.before >= 1 and not each.moved]


def test_a_model_that_cannot_be_explained_says_why(
    open_page: OpenPage, dataset: Dataset, executor: Deferred
) -> None:
    run = finished(dataset, replace(PCA, model=BlendModel(("pca", "difference-5"))))
    app = opened(open_page, executor, run)
    assert not app.exception and "This model is a blend" in unescaped(app)
    assert "Sensors that moved" not in [each.proto.alt for each in app.dataframe]
    broken = finished(dataset, PCA)
    (broken.folder / "pca.npz").write_bytes(b"no more")
    app = open_page(PAGE, run=broken.id)
    (answer, call) = executor.waiting.pop()
    with pytest.raises(RunError, match="saved model") as refused:
        call()
    answer.set_exception(refused.value)
    app.run()
    assert not app.exception and "in the validation data. The saved model" in unescaped(app)
    assert "Validation: score around the alarm" in titles(app)
    # Once the test data are open, both parts fail for one reason: it is said once.
    broken.look()
    app = open_page(PAGE, run=broken.id)
    for answer, _ in executor.waiting:
        answer.set_exception(refused.value)
    (said,) = [each.value for each in app.run().warning if "cannot be determined" in each.value]
    assert "cannot be determined which sensors moved in the validation and test data" in said


class Context:
    """What a message of a browser asks to be drawn again: pieces of the page, or all of it."""

    def __init__(self, *pieces: str) -> None:
        self.fragment_ids_this_run = list(pieces) or None


def test_a_press_that_a_poll_brings_first_acts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pressed: list[tuple[object, ...]] = []
    action = live.once(lambda *args: pressed.append(args))
    for context, count in ((Context("bar_tray"), 0), (Context(), 1), (None, 2)):
        monkeypatch.setattr(live, "get_script_run_ctx", lambda context=context: context)
        action("run", 3)
        assert pressed == [("run", 3)] * count


def test_a_choice_that_comes_late_does_not_undo_a_step(
    open_page: OpenPage, done_run: Run, executor: Deferred
) -> None:
    app = opened(open_page, executor, done_run)
    app.selectbox(key="alarms_shown").select("All").run()
    choice(app).select_index(2).run()
    old, before = choice(app)._widget_state, chosen(app)
    button(app, "Next").click().run()
    after = chosen(app)
    assert after != before
    # A poll that was sent before the step still carries the earlier choice.
    app._run(widget_state=WidgetStates(widgets=[old]))
    assert chosen(app) == after and not app.exception
