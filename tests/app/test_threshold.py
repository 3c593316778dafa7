"""What is chosen on the Threshold page besides dragging: the article's threshold, costs and currency."""

from dataclasses import replace

import numpy as np
import pytest

from rare_event.config import ARTICLE_THRESHOLDS, AlarmPolicy, Rule
from rare_event.judge.endings import ENDS, NORMAL
from rare_event.judge.load import load_at
from rare_event.judge.operating_load import NAMES
from rare_event.judge.suppression import suppressed_in_words
from rare_event.judge.thresholds import operating_points
from rare_event.report.lines import clock_text
from rare_event.store.datasets import Dataset
from rare_event.store.marks import Mark, mark_alarm
from rare_event.store.records import Committed
from rare_event.store.runs import Run
from rare_event.ui.cache import ledger_of
from rare_event.ui.state import KEY
from rare_event.ui.threshold import AROUND, LEDGER, RISES
from tests.app.conftest import PCA, finished
from tests.app.test_pages import OpenPage, button, explorer, unescaped


def test_the_article_threshold_is_offered_for_its_preset_and_set_by_hand(
    open_page: OpenPage, dataset: Dataset
) -> None:
    run = finished(dataset, replace(PCA, name="article-lstm"))
    before = run.committed()
    app = open_page("pages/3_Threshold.py", run=run.id)
    button(app, "Use the article's threshold, 0.3").click().run()
    assert not app.exception and explorer(app)["value"] == ARTICLE_THRESHOLDS["article-lstm"] == 0.3
    assert run.committed() == before, "setting it must not commit"
    button(app, "Commit this threshold").click().run()
    committed = run.committed()
    assert (committed.common, committed.rule.kind, committed.rule.value) == (0.3, "fixed", 0.3)


def test_the_load_is_handed_over_for_each_threshold(open_page: OpenPage, done_run: Run) -> None:
    data = explorer(open_page("pages/3_Threshold.py", run=done_run.id))
    scores, policy = done_run.scores("validation"), done_run.committed().policy
    columns, load = data["columns"], data["load"]
    assert load["missing"] == "" and load["days"] == pytest.approx(scores.days)
    assert [name for name, _ in load["figures"]] == list(NAMES)
    for at in range(0, len(columns["threshold"]), 150):
        judged = load_at(scores, {0: columns["threshold"][at]}, policy)
        assert columns["alarms"][at] == judged.alarms >= columns["false_alarms"][at]
        assert [columns[name][at] for name in NAMES] == [getattr(judged, name) for name in NAMES]
    assert any(columns["alarms"][at] > n for at, n in enumerate(columns["false_alarms"])), "only false ones"


def test_another_recipe_is_offered_no_threshold_of_an_article(open_page: OpenPage, done_run: Run) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    assert not [each.label for each in app.button if "article" in each.label]


def test_the_net_value_follows_the_costs_and_the_currency(open_page: OpenPage, done_run: Run) -> None:
    done_run.commit(replace(done_run.committed(), by_person=True))
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    assert explorer(app)["costs"]["currency"] == ""
    assert "an event costs 10,000, of which a warning saves 50%" in unescaped(app)
    app.number_input(key="threshold_cost_event").set_value(40_000.0)
    app.text_input(key="threshold_currency").set_value("$").run()
    assert explorer(app)["costs"] == {"event": 40_000, "false_alarm": 200, "saved": 0.5, "currency": "$"}
    assert "an event costs $40,000" in unescaped(app) and "a false alarm costs $200." in unescaped(app)
    # What an event costs moves no threshold, and is nothing to commit.
    assert button(app, "Commit this threshold").disabled
    app.text_input(key="threshold_currency").set_value("kr").run()
    assert "an event costs 40,000 kr" in unescaped(app)


def test_a_category_column_suppresses_alarms_and_says_how_much(open_page: OpenPage, done_run: Run) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    before = explorer(app)["columns"]["alarms"]
    table, key = done_run.dataset().table(), f"threshold_policy_{done_run.id}_suppress"
    column = table.schema.categories[0]
    assert "Alarms are suppressed" not in unescaped(app)
    app.selectbox(key=f"{key}_column").select(column).run()
    assert not app.exception and "suppresses nothing yet." in unescaped(app)
    assert explorer(app)["columns"]["alarms"] == before
    app.number_input(key=f"{key}_after_{column}").set_value(240.0).run()
    assert not app.exception
    # The form shows the lead window of the label as a number.
    lead = done_run.scores("validation").lead
    policy = replace(done_run.committed().policy, lead=lead, suppress_column=column, suppress_after=240.0)
    said = suppressed_in_words(done_run.scores("validation").once(), policy)
    assert said and said in unescaped(app) and explorer(app)["columns"]["alarms"] != before
    button(app, "Commit this threshold").click().run()
    assert done_run.committed().policy == policy
    evaluated = button(open_page("pages/4_Evaluate.py", run=done_run.id), "Open the test data").click().run()
    said = suppressed_in_words(done_run.scores("test").once(), policy)
    assert not evaluated.exception and said in unescaped(evaluated)


def test_a_value_that_an_older_run_was_committed_with_and_no_row_has_is_named(
    open_page: OpenPage, done_run: Run
) -> None:
    column = done_run.dataset().schema.categories[0]
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    assert not app.warning
    policy = AlarmPolicy(suppress_column=column, suppress_values=("clean",))
    done_run.commit(replace(done_run.committed(), policy=policy))
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    assert not app.exception and "suppresses nothing yet." in unescaped(app)
    assert f"while '{column}' is 'clean': no row of sample-mill.csv has this value." in unescaped(app)


def test_known_stops_suppress_alarms_until_the_mark_is_taken_back(open_page: OpenPage, done_run: Run) -> None:
    label = "Suppress alarms during the known stop marked on the Alarms page"
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    assert not [each.label for each in app.checkbox if "known stop" in each.label]
    scores, table = done_run.scores("validation"), done_run.dataset().table()
    begin, end = float(scores.clock[10]), float(scores.clock[30])
    at, until = (clock_text(minute, table, scores.time_unit) for minute in (begin, end))
    mark_alarm(done_run, Mark(at, "known stop", until=until))
    app.run()
    (box,) = [each for each in app.checkbox if each.label == label]
    box.check().run()
    inside = int(((scores.clock >= begin) & (scores.clock <= end)).sum())
    assert not app.exception and f"Alarms are suppressed in {inside} rows" in unescaped(app)
    button(app, "Commit this threshold").click().run()
    assert done_run.committed().policy.stops == ((begin, end, ""),)
    # A later mark of the same alarm takes its place.
    mark_alarm(done_run, Mark(clock_text(begin + 2, table, scores.time_unit), "false", until=until))
    app.run()
    assert not [each.label for each in app.checkbox if "known stop" in each.label]
    assert "Alarms are suppressed" not in unescaped(app)


def test_an_alarm_that_ends_at_a_lower_level_is_committed_and_named(
    open_page: OpenPage, done_run: Run
) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    app.number_input(key=f"threshold_policy_{done_run.id}_end_share").set_value(0.8).run()
    assert not app.exception
    button(app, "Commit this threshold").click().run()
    assert done_run.committed().policy.end_share == 0.8 != AlarmPolicy().end_share
    evaluated = button(open_page("pages/4_Evaluate.py", run=done_run.id), "Open the test data").click().run()
    assert not evaluated.exception and "an alarm ends below 80% of the threshold" in unescaped(evaluated)


def test_a_line_of_the_ledger_shows_the_scores_around_it(open_page: OpenPage, done_run: Run) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    assert explorer(app)["over_time"]["whole"]
    assert "Show all validation data" not in [each.label for each in app.button]
    lines = ledger_of(done_run.id, "validation", done_run.committed())
    row = int(lines["row"].dropna().iloc[-1])
    assert not any("ended" in each.value for each in app.dataframe), "it is computed when it is opened"
    app.session_state[f"{LEDGER}_drawn"] = True
    app.run()
    shown = next(each.value for each in app.dataframe if "ended" in each.value)
    assert shown["ended"].tolist() == lines["ended"].tolist() and ENDS[NORMAL] in shown["ended"].tolist()
    assert not shown.loc[~shown["caught"] & (shown["kind"] == "event"), "ended"].any()
    # A selection, which AppTest cannot make, calls this.
    app.session_state[AROUND] = "another run", row
    assert explorer(app.run())["over_time"]["whole"]
    app.session_state[AROUND] = done_run.id, row
    app.run()
    drawn = explorer(app)["over_time"]
    clock = done_run.scores("validation")
    middle = float(clock.clock[clock.row == row][0])
    assert not app.exception and not drawn["whole"] and sum(drawn["ends"]) / 2 == pytest.approx(middle)
    assert done_run.committed().by_person is False, "looking commits nothing"
    button(app, "Show all validation data").click().run()
    assert explorer(app)["over_time"]["whole"]


@pytest.mark.parametrize("kind", ["events", "cost"])
def test_what_a_rule_suggests_is_what_it_sets(open_page: OpenPage, done_run: Run, kind: str) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    before = explorer(app)["value"]
    app.selectbox(key="threshold_rule").select(kind).run()
    (line,) = [each.value for each in app.caption if "This rule suggests" in each.value]
    assert explorer(app)["value"] == before, "a suggestion sets nothing"
    button(app, "Apply this rule").click().run()
    suggested = line.replace("\\", "").split("suggests ")[1].split(" · ")[0]
    assert float(suggested.replace(",", "")) == pytest.approx(explorer(app)["value"], rel=1e-3)


def test_why_a_higher_threshold_can_have_more_false_alarms(open_page: OpenPage, done_run: Run) -> None:
    scores, policy = done_run.scores("validation"), done_run.committed().policy
    points = operating_points(scores, policy)
    highest = float(points.threshold[-1])
    rising = float(points.threshold[int(np.flatnonzero(np.diff(points.false_alarms) > 0)[0])])
    for threshold, more in ((rising, True), (highest, False)):
        done_run.commit(Committed({0: threshold}, Rule("fixed", threshold), policy))
        app = open_page("pages/3_Threshold.py", run=done_run.id)
        assert not app.exception and explorer(app)["value"] == threshold
        assert (RISES in unescaped(app)) is more


def test_the_promise_is_said_before_it_is_committed_and_stored_with_it(
    open_page: OpenPage, done_run: Run
) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    suggested = done_run.committed()
    assert suggested.promise is not None and suggested.promise.in_words() in unescaped(app)
    assert f"The goal is {suggested.rule.in_words()}. " in unescaped(app)
    app.selectbox(key="threshold_rule").select("promise-per-day").run()
    app.number_input(key="threshold_promise-per-day_value").set_value(60.0).run()
    button(app, "Apply this rule").click().run()
    assert not app.exception and not app.error
    assert suggested.promise.in_words() not in unescaped(app), "it follows the threshold"
    button(app, "Commit this threshold").click().run()
    committed = done_run.committed()
    assert committed.rule == Rule("promise-per-day", 60.0) and committed.promise is not None
    assert committed.promise.in_words() in unescaped(app)
    most = committed.promise.rate
    assert most is not None and committed.promise.false_alarms / committed.promise.days < most <= 60.0


def test_a_promise_that_no_threshold_can_make_is_refused(open_page: OpenPage, done_run: Run) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    before = explorer(app)["value"]
    app.selectbox(key="threshold_rule").select("promise-per-day").run()
    app.number_input(key="threshold_promise-per-day_value").set_value(0.01).run()
    button(app, "Apply this rule").click().run()
    (error,) = app.error
    assert error.value.startswith("No threshold can promise at most 0") and not app.exception
    assert explorer(app)["value"] == before and not done_run.committed().by_person


def test_a_threshold_of_an_older_version_gets_its_promise_when_it_is_shown(
    open_page: OpenPage, done_run: Run
) -> None:
    known = done_run.committed().promise
    done_run.commit(replace(done_run.committed(), promise=None))
    assert known is not None and known.in_words() in unescaped(
        open_page("pages/3_Threshold.py", run=done_run.id)
    )
    assert done_run.committed().promise is None, "looking writes nothing"


def test_a_commitment_of_another_window_is_told_before_it_is_replaced(
    open_page: OpenPage, done_run: Run
) -> None:
    first, second = (open_page("pages/3_Threshold.py", run=done_run.id) for _ in range(2))
    suggested = done_run.committed().middle
    for app, times in ((first, 1.5), (second, 2.0)):
        state = app.session_state[KEY]
        tried = replace(state.exploring, threshold=suggested * times)
        app.session_state[KEY] = replace(state, exploring=tried)
        app.run()
    button(first, "Commit this threshold").click().run()
    kept = done_run.committed()
    assert kept.by_person and kept.common == pytest.approx(suggested * 1.5)
    button(second, "Commit this threshold").click().run()
    (warning,) = [each.value for each in second.warning if "Another window" in each.value]
    assert "It was kept" in warning and done_run.committed() == kept, "it was replaced without a word"
    button(second, "Commit this threshold").click().run()
    assert not second.exception and done_run.committed().common == pytest.approx(suggested * 2.0)
    assert not [each for each in second.warning if "Another window" in each.value]
