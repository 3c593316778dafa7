"""The report on the Evaluate page: its button, and the same figures, sentences and charts as the page."""

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from rare_event.report.judged import open_judged
from rare_event.report.page import report_html
from rare_event.report.verdict import intervals_in_words, plant_figures
from rare_event.store.datasets import Dataset
from rare_event.store.runs import Run
from rare_event.ui.cache import evaluation_of, figure_intervals_of, ledger_of, time_unit_of
from rare_event.ui.drift import drift_of
from rare_event.ui.report import LABEL, report_or_reason
from tests.app.conftest import PCA, every_view, finished
from tests.app.test_pages import OpenPage, button, unescaped
from tests.report.reading import Report
from tests.small import DENSE

PAGE = "pages/4_Evaluate.py"


def labels(app: AppTest) -> list[str]:
    return [each.proto.label for each in app.get("download_button")]


def drawn(app: AppTest) -> list[list[dict[str, Any]]]:
    """The traces of each chart."""
    return [json.loads(chart.proto.spec)["data"] for chart in app.get("plotly_chart")]


def test_the_button_is_there_for_a_finished_run_and_opens_nothing(open_page: OpenPage, done_run: Run) -> None:
    app = open_page(PAGE, run=done_run.id)
    assert not app.exception and LABEL in labels(app)
    assert done_run.looks() == [] and "sealed" in Report(report_or_reason(done_run)).words
    assert done_run.looks() == []
    app = button(app, "Open the test data").click().run()
    assert not app.exception and labels(app).count(LABEL) == 1 and len(done_run.looks()) == 1


def test_there_is_no_button_without_a_finished_run(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_page(PAGE, dataset=dataset.digest)
    assert not app.exception and LABEL not in labels(app)


@pytest.mark.parametrize("config", [PCA, DENSE], ids=["pca", "dense"])
def test_page_and_report_show_the_same(open_page: OpenPage, dataset: Dataset, config) -> None:
    run = finished(dataset, config)
    run.look()
    report = Report(report_html(run))
    app = open_page(PAGE, run=run.id)
    shown = [(each.label, each.value, each.delta or "") for each in app.metric]
    assert report.measures == shown and len(shown) == 6
    charts = [chart["data"] for chart in report.charts]
    compared = 0
    for view in every_view(app):
        for traces in drawn(view):
            assert traces in charts, traces[0].get("name")
            compared += 1
    assert compared >= 8
    said = " ".join(unescaped(app).replace("**", "").split())
    for paragraph in [*report.all("p", "headline"), *report.all("p", "text")][:2]:
        assert " ".join(paragraph.text.split()) in said


def test_the_report_computes_what_the_page_has_cached(open_page: OpenPage, done_run: Run) -> None:
    open_page(PAGE, run=done_run.id)
    done_run.look()
    committed, judged = done_run.committed(), open_judged(done_run)
    figures = evaluation_of(done_run.id, "test", committed)
    assert judged.figures == figures and judged.unit == time_unit_of(done_run)
    assert judged.lines.equals(ledger_of(done_run.id, "test", committed))
    intervals = figure_intervals_of(done_run.id, committed)
    assert judged.intervals is not None and judged.intervals.equals(intervals)
    report = Report(report_html(done_run))
    below = intervals_in_words(intervals, judged.unit)
    assert report.measures == [
        (label, value, below.get(label, "")) for label, value, _ in plant_figures(figures)
    ]
    of_page, words = drift_of(done_run), report.section("Drift")
    said = [
        of_page.by_day_in_words(),
        *of_page.regime()[0],
        *of_page.regime()[1],
        *of_page.changes_in_words(),
    ]
    for sentence in filter(None, said):
        assert " ".join(sentence.split()) in words


def test_a_report_that_cannot_be_written_says_why(done_run: Run) -> None:
    (done_run.folder / "scores.parquet").unlink()
    report = Report(report_or_reason(done_run))
    assert "The report cannot be written" in report.words and "cannot be read" in report.words
    assert not report.charts and not report.measures
