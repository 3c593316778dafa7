"""A file without a label, and one whose later parts have no event: each page says what cannot be known."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from rare_event.config import AlarmPolicy, Rule, SplitPlan
from rare_event.judge.evaluation import evaluate
from rare_event.prepare.corrections import Corrections
from rare_event.store.datasets import add_dataset
from rare_event.store.records import Committed
from rare_event.store.runs import Run
from tests.app.conftest import Deferred, finished, show_view
from tests.app.test_clock import shown
from tests.app.test_pages import OpenPage, button, explorer, metric, titles, unescaped
from tests.small import PCA, small_frame

PAGES = ["1_Data", "2_Train", "3_Threshold", "4_Evaluate", "5_Alarms", "6_Compare"]
FORBIDDEN = re.compile(
    r"0 of 0\b|\bnan\b|\bNone\b|\bAUC\b|[Pp]recision|[Rr]ecall|[Cc]aught|[Cc]hance(?! of showing)|not defined"
)
N_ROWS = 3000


def unlabelled() -> pd.DataFrame:
    return small_frame(N_ROWS).drop(columns="y")


def early_events() -> pd.DataFrame:
    """All events are in the training part; the rows that validate and test have none."""
    frame = small_frame(N_ROWS)
    return frame.assign(y=np.where(np.arange(N_ROWS) < 1500, frame["y"], 0))


@pytest.fixture(params=[unlabelled, early_events])
def run(request: pytest.FixtureRequest, executor: Deferred) -> Run:
    return run_on(request.param)


def run_on(make: Callable[[], pd.DataFrame], split: SplitPlan = PCA.split) -> Run:
    said = Corrections(no_label=make is unlabelled)
    dataset = add_dataset(make().to_csv(index=False).encode(), "rows.csv", said=said)
    run = finished(dataset, replace(PCA, split=split))
    run.look()
    return run


def forbidden(app: AppTest) -> dict[str, list[str]]:
    return {text[:400]: FORBIDDEN.findall(text) for text in shown(app) if FORBIDDEN.search(text)}


@pytest.mark.parametrize("page", PAGES)
def test_no_page_claims_what_cannot_be_known(open_page: OpenPage, run: Run, page: str) -> None:
    app = open_page(f"pages/{page}.py", run=run.id)
    labelled = bool(run.dataset().schema.labels)
    # Before any training, this file has events: what is said of them there is known.
    before = labelled and page in ("1_Data", "2_Train")
    assert not app.exception, app.exception
    # Next to buttons that train, a part without an event is a problem.
    assert all(labelled and "holds no events" in error.value for error in app.error), app.error
    if not before:
        assert not forbidden(app)
    assert all(
        "annotations" not in json.loads(chart.proto.spec)["layout"] for chart in app.get("plotly_chart")
    )
    if page in ("3_Threshold", "4_Evaluate", "5_Alarms", "6_Compare"):
        why = "no events that can be judged" if labelled else "no event column"
        assert any(why in info.value for info in app.info)
    if not labelled:
        assert not any("alse alarm" in text for text in shown(app))


def test_the_home_page_and_the_menu_say_so_too(open_page: OpenPage, run: Run) -> None:
    app = open_page("app.py", run=run.id)
    why = "no events to judge in the validation data" if run.dataset().schema.labels else "no event column"
    said = [text for text in unescaped(app).splitlines() if "PCA on differences" in text]
    assert len(said) == 2 and all(why in text for text in said)
    assert not any(FORBIDDEN.search(text) or "0 positive" in text for text in said)


def test_the_threshold_is_chosen_by_how_often_it_sounds(open_page: OpenPage, executor: Deferred) -> None:
    run = run_on(unlabelled)
    app = open_page("pages/3_Threshold.py", run=run.id)
    data = explorer(app)
    assert (
        data["words"]["false_alarms"].startswith("Alarms ") and data["words"]["in_alarm"] == "Time in alarm"
    )
    assert data["n_positive"] == 0 and max(data["columns"]["standing"]) <= data["n_normal"]
    assert app.selectbox(key="threshold_rule").options == [
        "At most N alarms a day",
        "At most N alarms a day, with 95% confidence",
        "Fixed quantile of the scores",
        "Trailing quantile (follows drift)",
    ]
    assert "Lead window (minutes)" not in [field.label for field in app.number_input]
    app.selectbox(key="threshold_rule").select("quantile").run()
    button(app, "Apply this rule").click().run()
    button(app, "Commit this threshold").click().run()
    assert not app.exception and run.committed().rule.kind == "quantile"
    assert "Committed" in unescaped(app) and not forbidden(app)


def test_the_figures_are_those_of_the_scores(open_page: OpenPage, executor: Deferred) -> None:
    run = run_on(unlabelled)
    low = float(np.quantile(run.scores("validation").y_score, 0.98))
    run.commit(Committed({0: low}, Rule("fixed", low), AlarmPolicy(lead=4.0)))
    run.look()
    figures = evaluate(run.scores("test"), {0: low}, AlarmPolicy(lead=4.0))
    app = open_page("pages/4_Evaluate.py", run=run.id)
    assert metric(app, "Time in alarm") == f"{figures.standing:.2%}"
    assert metric(app, "Windows above threshold") == f"{figures.tp + figures.fp:,} of {figures.n:,}"
    assert [m.label for m in app.metric] == [app.metric[0].label, "Time in alarm", "Windows above threshold"]
    assert app.metric[0].label.startswith("Alarms in ") and figures.alarms == int(app.metric[0].value)
    assert "Test: time in alarm" in titles(app)
    assert "Alarms by day" in titles(show_view(app, "Drift"))
    app = show_view(app, "Backtest")
    assert not any(word in b.label for b in app.button for word in ("Backtest", "baselines", "leak"))
    assert "This file has no event column, so they are not offered here." in unescaped(app)


def test_a_file_with_events_elsewhere_can_still_be_backtested(
    open_page: OpenPage, executor: Deferred
) -> None:
    app = show_view(open_page("pages/4_Evaluate.py", run=run_on(early_events).id), "Backtest")
    assert button(app, "Backtest this model") and "not offered" not in unescaped(app)
    assert app.metric[0].label.startswith("False alarms")
    assert "Train the baselines" not in [b.label for b in app.button]


def test_a_rolling_split_without_a_label(open_page: OpenPage, executor: Deferred) -> None:
    app = open_page("pages/4_Evaluate.py", run=run_on(unlabelled, SplitPlan("rolling", folds=3)).id)
    assert not app.exception and not app.error and not forbidden(app)


def test_a_map_needs_events(open_page: OpenPage, executor: Deferred) -> None:
    app = open_page("pages/6_Compare.py", run=run_on(unlabelled).id)
    app.segmented_control(key="compare_view").set_value("Design space").run()
    assert "No event column is chosen" in app.info[0].value and not app.button and not forbidden(app)
