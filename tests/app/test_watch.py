"""The watch level on the pages: tried on validation data, committed, sealed, and heard in new rows."""

import io
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from rare_event.config import ExperimentConfig, Rule, SplitPlan
from rare_event.judge.evaluation import evaluate
from rare_event.judge.rules import choose_on
from rare_event.judge.trailing import follow
from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.runs import Run
from rare_event.store.scored import WATCH_CSV
from rare_event.store.scorings import list_scorings
from tests.app.conftest import PCA, Deferred, finished
from tests.app.test_evaluate import opened
from tests.app.test_pages import OpenPage, button, explorer, unescaped
from tests.app.test_score import PAGE as SCORE
from tests.app.test_score import as_csv, labels, scored, upload
from tests.small import PCA as SMALL
from tests.small import small_frame

PAGE, EVALUATE = "pages/3_Threshold.py", "pages/4_Evaluate.py"
LINE = "Watch level:"


def switched_on(app: AppTest, run: Run) -> AppTest:
    app.toggle(key=f"threshold_watch_{run.id}").set_value(True).run()
    assert not app.exception
    return app


def test_it_is_off_by_default_and_shown_with_its_figures_once_it_is_on(
    open_page: OpenPage, done_run: Run
) -> None:
    app = open_page(PAGE, run=done_run.id)
    assert explorer(app)["watch"] is None and LINE not in unescaped(app)
    before = {name: value for name, value in explorer(app).items() if name != "watch"}
    switched_on(app, done_run)
    committed = done_run.committed()
    scores, rule = done_run.scores("validation"), Rule("fa-per-day", 6.0)
    level = choose_on(scores, committed.policy, rule)
    assert explorer(app)["watch"] == level < explorer(app)["value"]
    # Nothing of the warning level moves.
    assert {name: value for name, value in explorer(app).items() if name != "watch"} == before
    alone = evaluate(scores, {0: level}, committed.policy)
    assert LINE in unescaped(app)
    assert f"{alone.caught} of {alone.n_events} events caught (95% interval" in unescaped(app)
    warning = evaluate(scores, committed.thresholds, committed.policy).caught
    assert (f"It catches {alone.caught - warning} event" in unescaped(app)) == (alone.caught > warning)
    assert done_run.committed() == committed, "trying it must not commit"
    # It moves with its own budget.
    app.number_input(key=f"threshold_watch_budget_{done_run.id}").set_value(12.0).run()
    assert explorer(app)["watch"] == choose_on(scores, committed.policy, Rule("fa-per-day", 12.0)) < level
    app.toggle(key=f"threshold_watch_{done_run.id}").set_value(False).run()
    assert explorer(app)["watch"] is None and LINE not in unescaped(app)


def test_a_level_above_the_threshold_is_said_and_not_committed(open_page: OpenPage, done_run: Run) -> None:
    app = switched_on(open_page(PAGE, run=done_run.id), done_run)
    app.number_input(key=f"threshold_watch_budget_{done_run.id}").set_value(0.0).run()
    assert "would lie above the warning level" in " ".join(w.value for w in app.warning)
    assert explorer(app)["watch"] is None and LINE not in unescaped(app)
    button(app, "Commit this threshold").click().run()
    assert done_run.committed().by_person and done_run.committed().watch is None


def test_it_is_committed_with_the_threshold_and_a_change_seals_the_test_data(
    open_page: OpenPage, done_run: Run
) -> None:
    app = switched_on(open_page(PAGE, run=done_run.id), done_run)
    before = done_run.committed()
    button(app, "Commit this threshold").click().run()
    committed = done_run.committed()
    assert committed.watch is not None and committed.watch.rule == Rule("fa-per-day", 6.0)
    assert replace(committed, watch=None) == before and committed.promise is not None
    assert button(app, "Commit this threshold").disabled
    # Sealed: no figure of the watch level either.
    app = open_page(EVALUATE, run=done_run.id)
    assert LINE not in unescaped(app)
    app = opened(open_page, done_run)
    test = evaluate(done_run.scores("test"), committed.watch.thresholds, committed.policy)
    said = unescaped(app)
    assert "Watch level:" in said
    assert f"{test.caught} of {test.n_events} events caught (95% interval" in said
    # It opens with the page, and another one seals the test data again.
    app = open_page(PAGE, run=done_run.id)
    assert explorer(app)["watch"] == committed.watch.common
    app.number_input(key=f"threshold_watch_budget_{done_run.id}").set_value(15.0).run()
    button(app, "Commit this threshold").click().run()
    app = open_page(EVALUATE, run=done_run.id)
    assert not app.metric and LINE not in unescaped(app)


@pytest.mark.parametrize("rule", [Rule(), Rule("trailing-quantile", 0.99, days=1.0)])
def test_each_fold_keeps_the_levels_of_the_training_until_the_threshold_moves(
    open_page: OpenPage, dataset: Dataset, rule: Rule
) -> None:
    config: ExperimentConfig = replace(PCA, split=SplitPlan("rolling", folds=3), rule=rule)
    plain, both = (
        finished(dataset, replace(config, watch=watch)) for watch in (None, Rule("fa-per-day", 30.0))
    )
    trained = both.committed()
    assert trained.watch is not None and replace(trained, watch=None) == plain.committed()
    app = open_page(PAGE, run=both.id)
    assert not app.exception and explorer(app)["watch"] == trained.watch.middle
    # Switched on by hand, it is the same level.
    app = switched_on(open_page(PAGE, run=plain.id), plain)
    app.number_input(key=f"threshold_watch_budget_{plain.id}").set_value(30.0).run()
    assert explorer(app)["watch"] == trained.watch.middle
    if rule.trailing:
        return
    assert button(app, "Commit this threshold").click().run() and plain.committed() == trained
    button(app, "Apply this rule").click().run()
    scores = plain.scores("validation").once()
    assert explorer(app)["watch"] == choose_on(scores, trained.policy, Rule("fa-per-day", 30.0))
    assert follow(scores, rule) is scores


def test_one_that_the_training_refused_is_said_on_the_page(open_page: OpenPage, dataset: Dataset) -> None:
    run = finished(dataset, replace(PCA, watch=Rule("fixed", 1e9)))
    assert run.committed().watch is None
    app = open_page(PAGE, run=run.id)
    assert "would lie above the warning level" in " ".join(w.value for w in app.warning)
    assert explorer(app)["watch"] is None and LINE not in unescaped(app)
    app.toggle(key=f"threshold_watch_{run.id}").set_value(False).run()
    assert not app.warning


@pytest.fixture
def small_run(executor: Deferred, small_csv: bytes) -> Run:
    config = replace(SMALL, rule=Rule("quantile", 0.9), watch=Rule("quantile", 0.7))
    return finished(add_dataset(small_csv, "small.csv"), config)


def test_new_rows_have_a_second_list(
    open_page: Callable[..., AppTest], executor: Deferred, small_run: Run
) -> None:
    new = small_frame(300).assign(time=lambda f: f["time"] + pd.Timedelta(days=30))
    app = scored(upload(open_page(SCORE, run=small_run.id), as_csv(new)), executor)
    (scoring,) = list_scorings(small_run.id)
    watch = scoring.watch()
    assert watch is not None and len(watch) > len(scoring.alarms()) > 0
    headings = [each.value for each in app.header]
    assert f"{len(watch)} alarms at the watch level" in headings
    assert f"{len(scoring.alarms())} alarms" in headings
    assert "of them reached the warning level." in unescaped(app) and "Watch alarms (CSV)" in labels(app)
    told = pd.read_csv(io.BytesIO(scoring.file(WATCH_CSV) or b""))
    assert told["reached_warning"].notna().tolist() == watch["reached_warning"].notna().tolist()
    assert "has changed since" not in unescaped(app)
    small_run.commit(replace(small_run.committed(), watch=None))
    app.run()
    assert "The watch level has changed since" in unescaped(app)


def test_without_one_new_rows_have_one_list(
    open_page: Callable[..., AppTest], executor: Deferred, small_csv: bytes
) -> None:
    run = finished(add_dataset(small_csv, "small.csv"), replace(SMALL, rule=Rule("quantile", 0.9)))
    new = small_frame(300).assign(time=lambda f: f["time"] + pd.Timedelta(days=30))
    app = scored(upload(open_page(SCORE, run=run.id), as_csv(new)), executor)
    (scoring,) = list_scorings(run.id)
    assert scoring.watch() is None and scoring.file(WATCH_CSV) is None
    assert "watch" not in unescaped(app).lower() and "Watch alarms (CSV)" not in labels(app)


def test_the_report_names_it_on_the_part_that_may_be_shown(open_page: OpenPage, dataset: Dataset) -> None:
    from rare_event.report.judged import open_judged

    plain, both = (finished(dataset, replace(PCA, watch=watch)) for watch in (None, Rule("fa-per-day", 6.0)))
    assert open_judged(plain).watch == ""
    assert open_judged(both).watch.startswith("Watch level on validation data: ")
    opened(open_page, both)
    assert open_judged(both).watch.startswith("Watch level on test data: ")
    assert open_judged(both).watch in worth_in_words(both)
    assert "Watch level" not in worth_in_words(plain)


def worth_in_words(run: Run) -> str:
    from rare_event.report.document import Said
    from rare_event.report.judged import open_judged
    from rare_event.report.worth import worth

    blocks = [block for section in worth(open_judged(run)) for block in section.blocks]
    return " ".join(str(block.text) for block in blocks if isinstance(block, Said))
