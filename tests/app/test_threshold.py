"""What is chosen on the Threshold page besides dragging: the article's threshold, costs and currency."""

from dataclasses import replace

import pytest

from rare_event.config import ARTICLE_THRESHOLDS
from rare_event.store.datasets import Dataset
from rare_event.store.runs import Run
from rare_event.ui.cache import ledger_of
from rare_event.ui.threshold import AROUND
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


def test_a_line_of_the_ledger_shows_the_scores_around_it(open_page: OpenPage, done_run: Run) -> None:
    app = open_page("pages/3_Threshold.py", run=done_run.id)
    assert explorer(app)["over_time"]["whole"]
    assert "Show all validation data" not in [each.label for each in app.button]
    lines = ledger_of(done_run.id, "validation", done_run.committed())
    row = int(lines["row"].dropna().iloc[-1])
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
    (line,) = [each.value for each in app.caption if "Suggested by this rule" in each.value]
    assert explorer(app)["value"] == before, "a suggestion sets nothing"
    button(app, "Apply this rule").click().run()
    suggested = line.replace("\\", "").split(": ")[1].split(" · ")[0]
    assert float(suggested.replace(",", "")) == pytest.approx(explorer(app)["value"], rel=1e-3)
