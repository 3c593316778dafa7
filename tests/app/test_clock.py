"""Without a clock no page speaks of days or minutes; with one, none speaks of rows in their place."""

import json
import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rare_event.clock import NO_TIME, SHARED_TIMES
from rare_event.compare.companions import create_baselines
from rare_event.config import AlarmPolicy, Rule
from rare_event.config import recipes as recipes_module
from rare_event.jobs.worker import execute
from rare_event.store.datasets import add_dataset
from rare_event.store.records import Committed
from rare_event.store.runs import Run
from tests.app.conftest import Deferred, every_view, finished
from tests.app.test_pages import OpenPage, button, explorer, metric
from tests.small import PCA, small_frame
from tests.test_clock import clockless, one_time_for_two

PAGES = ["1_Data", "2_Train", "3_Threshold", "4_Evaluate", "5_Alarms", "6_Compare"]
FEW = {name: recipes_module.RECIPES[name] for name in ("squares", "mahalanobis")}
# How long a training takes is time all the same.
OF_TIME = re.compile(r"a day|(?<!fa-)per.day\b|/day|by day|days\b|[Mm]inutes?\b|\d min\b|hours?\b")


@pytest.fixture(autouse=True)
def _few_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes_module, "RECIPES", FEW)


def shown(app: AppTest) -> list[str]:
    """Everything a page shows, as text: labels, helps, figures and settings of tables."""
    found: list[str] = []

    def visit(node: Any) -> None:
        for child in getattr(node, "children", {}).values():
            visit(child)
        proto = getattr(node, "proto", None)
        if proto is not None:
            # Of the explorer what is read are its words; keys and the script are none.
            component = hasattr(proto, "component_name")
            words = (json.loads(proto.json or "null") or {}).get("words", {}) if component else {}
            found.append(str(words.values() if component else proto))

    visit(app._tree)
    return found


def opened_run(frame: Any) -> Run:
    dataset = add_dataset(frame.to_csv(index=False).encode(), "rows.csv")
    run = finished(dataset, PCA)
    for other in create_baselines(run):
        execute(other)
        other.look()
    run.look()
    return run


@pytest.mark.parametrize("frame", [clockless, one_time_for_two], ids=["no time", "shared times"])
def test_no_page_speaks_of_time(open_page: OpenPage, executor: Deferred, frame: Any) -> None:
    run = opened_run(frame())
    why = (NO_TIME if frame is clockless else SHARED_TIMES).why
    for page in PAGES:
        for app in every_view(open_page(f"pages/{page}.py", run=run.id)):
            assert not app.exception and not app.error, page
            said = {text[:300]: OF_TIME.findall(text) for text in shown(app) if OF_TIME.search(text)}
            assert not said, (page, said)
            # Why, once on each page with figures.
            assert sum(element.value == why for element in app.caption) == (page != "2_Train"), page


def test_figures_and_forms_are_of_rows(open_page: OpenPage, executor: Deferred) -> None:
    run = opened_run(clockless())
    test = run.scores("test")
    app = open_page("pages/4_Evaluate.py", run=run.id)
    figures = run.evaluation()
    # Fewer than 1,000 rows bear no rate: the alarms are counted.
    assert metric(app, f"False alarms in {len(test):,} rows") == f"{figures.false_alarms:,}"
    assert any(f"In {len(test):,} rows" in each.value for each in app.markdown)
    app = open_page("pages/3_Threshold.py", run=run.id)
    data = explorer(app)
    assert data["days"] == len(run.scores("validation")) / 1000
    assert data["words"]["false_alarms"] == f"False alarms in {len(run.scores('validation')):,} rows"
    assert data["rate_over"] == 1
    assert (data["words"]["in_running"], data["words"]["running"]) == (1000, "rows")
    app.selectbox(key="threshold_rule").select("trailing-quantile").run()
    assert "Recent scores (thousand rows)" in [field.label for field in app.number_input]
    button(app, "Apply this rule").click().run()
    assert "over the last 3,000 rows" in " ".join(element.value for element in app.caption)
    # A rule that alarms at each point still leaves no page with a figure of a day.
    run.commit(Committed({0: 0.0}, Rule("fixed", 0.0), AlarmPolicy(lead=4.0)))
    run.look()
    for app in every_view(open_page("pages/4_Evaluate.py", run=run.id)):
        assert not app.exception and not [text for text in shown(app) if OF_TIME.search(text)]


def test_a_good_clock_is_as_it_was(open_page: OpenPage, executor: Deferred) -> None:
    run = opened_run(small_frame())
    for page in PAGES:
        for app in every_view(open_page(f"pages/{page}.py", run=run.id)):
            assert not app.exception and not any("1,000 rows" in text for text in shown(app)), page
    words = explorer(open_page("pages/3_Threshold.py", run=run.id))["words"]
    hours = 24 * run.scores("validation").days
    assert hours < 24, "less than a day bears no rate"
    assert words == {
        "false_alarms": f"False alarms in {hours:.3g} h",
        "in_alarm": "Time in alarm",
        "lead": "Median lead (minutes)",
        "running": "days",
        "in_running": 1,
    }
