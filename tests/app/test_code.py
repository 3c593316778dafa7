"""Show the code: a closed drawer under each result; its lines are those that tests of `code` execute."""

import io
from dataclasses import replace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from rare_event.code.show import (
    code_of_alarms,
    code_of_backtest,
    code_of_leakage,
    code_of_scoring,
    code_of_test,
    code_of_threshold,
    code_of_training,
)
from rare_event.compare.companions import create_leakage, over_folds
from rare_event.config import SplitPlan, parse_sensor_rule
from rare_event.jobs.scoring import score_in_worker
from rare_event.jobs.worker import execute_leakage
from rare_event.store.alarm_lists import add_rule
from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.runs import Run
from rare_event.store.scorings import create_scoring
from rare_event.ui.code import LABEL
from tests.app.conftest import PCA, finished, show_view
from tests.app.test_pages import OpenPage
from tests.small import small_frame

DRAWERS = {
    "pages/2_Train.py": ("train_code", code_of_training),
    "pages/3_Threshold.py": ("threshold_code", lambda run: code_of_threshold(run, run.committed())),
    "pages/4_Evaluate.py": ("evaluate_code", code_of_test),
}


def drawers(app: AppTest) -> int:
    assert not app.exception
    return sum(each.label == LABEL for each in app.expander)


def lines(app: AppTest) -> list[str]:
    return [each.value for each in app.code if each.language != "shell"]


def pulled(app: AppTest, key: str) -> AppTest:
    """Open a drawer."""
    app.session_state[key] = True
    return app.run()


@pytest.mark.parametrize("page", DRAWERS)
def test_the_lines_are_written_when_the_drawer_is_opened(
    open_page: OpenPage, done_run: Run, page: str
) -> None:
    done_run.look()
    app = open_page(page, run=done_run.id)
    assert drawers(app) == 1 and not lines(app)
    key, write = DRAWERS[page]
    assert lines(pulled(app, key)) == [write(done_run)]
    assert 'file = "sample-mill.csv"' in lines(app)[0] and not app.error


def test_the_lines_of_the_threshold_are_of_what_is_shown(open_page: OpenPage, done_run: Run) -> None:
    app = pulled(open_page("pages/3_Threshold.py", run=done_run.id), "threshold_code")
    assert "result.thresholds" in lines(app)[0] and "on_test" not in lines(app)[0]
    next(each for each in app.button if each.label == "Apply this rule").click().run()
    app.number_input(key="threshold_fa-per-day_value").set_value(9.0).run()
    next(each for each in app.button if each.label == "Apply this rule").click().run()
    assert "result.thresholds" not in lines(app)[0]
    assert done_run.looks() == []


def test_sealed_data_have_no_lines(open_page: OpenPage, done_run: Run) -> None:
    app = open_page("pages/4_Evaluate.py", run=done_run.id)
    assert drawers(app) == 0 and not done_run.looks()


def test_the_views_have_lines_of_their_own(open_page: OpenPage, done_run: Run) -> None:
    done_run.look()
    app = show_view(open_page("pages/4_Evaluate.py", run=done_run.id), "Leakage")
    # There is no result yet that lines could give again.
    assert drawers(app) == 1 == drawers(show_view(app, "Backtest"))
    execute_leakage(create_leakage(done_run))
    app = pulled(show_view(app, "Leakage"), "leakage_code")
    assert drawers(app) == 2 and lines(app) == [code_of_leakage(done_run)]
    backtest = finished(done_run.dataset(), over_folds(PCA, "rolling"))
    app = pulled(show_view(app, "Backtest"), "evaluate_backtest_code")
    assert lines(app) == [code_of_backtest(done_run, "rolling")]
    backtest.look()
    app = show_view(open_page("pages/4_Evaluate.py", run=backtest.id), "Backtest")
    assert lines(pulled(app, "evaluate_folds_code")) == [code_of_backtest(backtest, "rolling")]


def test_a_stretch_split_is_no_backtest(open_page: OpenPage, dataset: Dataset) -> None:
    run = finished(dataset, replace(PCA, split=SplitPlan("stretch", folds=3)))
    run.look()
    assert drawers(show_view(open_page("pages/4_Evaluate.py", run=run.id), "Backtest")) == 1


def test_a_scoring(open_page: OpenPage, small_csv: bytes) -> None:
    run = finished(add_dataset(small_csv, "small.csv"), PCA)
    new = small_frame(300).assign(time=lambda f: f["time"] + pd.Timedelta(days=30)).to_csv(index=False)
    scoring = create_scoring(run, [(io.BytesIO(new.encode()), "new.csv")])
    app = open_page("pages/7_Score.py", run=run.id)
    assert drawers(app) == 0
    score_in_worker(scoring.id)
    app = pulled(app.run(), "score_code")
    assert lines(app) == [code_of_scoring(scoring)] and 'file = "new.csv"' in lines(app)[0]
    run.commit(replace(run.committed(), thresholds={0: 99.0}))
    assert not lines(app.run())
    assert any("Score the file again" in each.value for each in app.info)


def test_an_alarm_list(open_page: OpenPage, done_run: Run) -> None:
    done_run.look()
    stored = add_rule(done_run.dataset().digest, parse_sensor_rule("stock_ph > 7.5 for 2 rows"))
    app = open_page("pages/6_Compare.py", run=done_run.id)
    assert drawers(app) == 1 and not lines(app)
    judged = done_run.judged()
    assert judged is not None
    lead = judged.model.lead_windows[0]
    app = pulled(app, f"compare_today_code_{stored.id}")
    assert lines(app) == [code_of_alarms(done_run, stored, lead)]


def test_a_damaged_record_is_a_sentence(open_page: OpenPage, done_run: Run) -> None:
    app = open_page("pages/2_Train.py", run=done_run.id)
    (done_run.folder / "config.json").write_text("{")
    app = pulled(app, "train_code")
    assert not app.exception and not lines(app)
