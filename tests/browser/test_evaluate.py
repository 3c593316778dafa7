"""The Evaluate page in a real browser: what its buttons start is followed to its end."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rare_event.config import SplitPlan
from rare_event.prepare.sample import sample_mill
from rare_event.store.datasets import add_dataset
from rare_event.store.runs import Run
from tests.app.conftest import PCA, finished
from tests.browser.conftest import Complaints, Server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PATIENCE = 180_000  # milliseconds, for what a worker must do first


@pytest.fixture(scope="module")
def run(home: Path) -> Run:
    """A run whose test data are open."""
    dataset = add_dataset(sample_mill(12_000).to_csv(index=False).encode(), "sample.csv")
    run = finished(dataset, replace(PCA, split=SplitPlan(folds=3)))
    run.look()
    return run


def test_what_a_button_starts_is_followed_without_a_reload(
    page: Page, server: Server, run: Run, complaints: Complaints
) -> None:
    page.goto(f"{server.address}/Evaluate?run={run.id}")
    page.get_by_role("tab", name="Leakage").click()
    measure = page.get_by_role("button", name="Measure leakage")
    expect(measure).to_be_visible(timeout=PATIENCE)
    page.evaluate("window.loadedOnce = true")
    measure.click()
    expect(page.get_by_test_id("stProgress")).to_be_visible()
    expect(page.get_by_text("The same model with three splits")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    expect(measure).to_have_count(0)

    page.get_by_role("tab", name="What it reads").click()
    page.get_by_role("button", name="Measure what the model reads").click()
    expect(page.get_by_text("What the model loses without some inputs")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("The time since the last restart alone reaches")).to_be_visible()

    page.get_by_role("button", name="Train the baselines").click()
    expect(page.get_by_text("baselines trained")).to_be_visible()
    expect(
        page.get_by_text("With thresholds set on the test data for at most 2 false alarms a day")
    ).to_be_visible(timeout=PATIENCE)
    page.get_by_role("tab", name="Drift").click()
    expect(page.get_by_text("this test still reports a change in at most 5% of periods")).to_be_visible(
        timeout=PATIENCE
    )
    assert page.get_by_text("not been valid").count() == 0
    assert page.evaluate("window.loadedOnce"), "the page was loaded again"
    assert page.get_by_test_id("stException").count() == 0
    assert complaints.messages == []
