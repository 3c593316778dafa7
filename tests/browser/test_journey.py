"""The whole journey on the real mill, in a real browser."""

import re
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Complaints, Server, settled

pytestmark = [pytest.mark.browser, pytest.mark.mill, pytest.mark.timeout(600)]

PATIENCE = 180_000  # milliseconds, for what a worker must do first


def figure(page: Page, label: str) -> str:
    metric = page.get_by_test_id("stMetric").filter(has_text=label)
    return metric.get_by_test_id("stMetricValue").inner_text().strip()


def go_to(page: Page, step: str) -> None:
    page.get_by_test_id("stSidebar").get_by_role("link", name=step).click()
    expect(page.get_by_role("heading", name=step, exact=True)).to_be_visible()


def set_number(page: Page, label: str, value: int) -> None:
    field = page.get_by_role("spinbutton", name=label)
    field.fill(str(value))
    field.press("Enter")
    expect(field).to_have_value(str(value))
    settled(page)


def test_from_upload_to_evaluation(
    page: Page, server: Server, mill_csv: Path, complaints: Complaints
) -> None:
    page.goto(server.address)
    page.get_by_role("link", name="Upload a file").click()
    page.locator("input[type=file]").set_input_files(str(mill_csv))
    page.get_by_role("button", name="Use this file").click()
    expect(page.get_by_text("59 sensors; 2 categories: x28, x61")).to_be_visible()
    expect(page.get_by_text("Running time: 129 stretches, 124 events")).to_be_visible()
    expect(page.get_by_text("No problems found in 63 columns.")).to_be_visible()

    go_to(page, "Train")
    page.get_by_role("radio", name="Articles' LSTM").click()
    expect(page.get_by_role("spinbutton", name="Lookback (rows)")).to_have_value("5")
    expect(page.get_by_role("spinbutton", name="Shift (rows)")).to_have_value("2")
    # Until the page has run to its end, the fields of the preset before still stand below.
    settled(page)
    page.get_by_text("Also train the baselines").click()
    settled(page)
    set_number(page, "Epochs", 20)
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text("Run being trained")).to_be_visible()

    # Neither another page nor a reload interrupts the training.
    go_to(page, "Data")
    go_to(page, "Train")
    expect(page.get_by_text(re.compile(r"Epoch \d+ of 20"))).to_be_visible(timeout=PATIENCE)
    page.reload()
    expect(page.get_by_text("Done.")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Run in use")).to_be_visible()
    first_run = re.search(r"run=([\d-]+)", page.url)
    assert first_run

    set_number(page, "Epochs", 5000)
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text(re.compile(r"Epoch [\d,]+ of 5,000"))).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled.")).to_be_visible(timeout=PATIENCE)
    assert not (server.home / "runs" / page.url.split("watched=")[1] / "scores.parquet").exists()

    page.get_by_test_id("stSidebar").get_by_role("link", name="Home").click()
    expect(page.get_by_text("Recent runs")).to_be_visible()
    page.get_by_role("link", name="Open", exact=True).last.click()
    expect(page.get_by_role("heading", name="Threshold", exact=True)).to_be_visible()
    assert first_run.group(1) in page.url
    expect(page.get_by_text("Random split: optimistic").first).to_be_visible()
    slider = page.get_by_role("slider")
    expect(slider).to_be_visible()
    settled(page)
    slider.focus()
    for _ in range(3):
        slider.press("PageDown")
    commit = page.get_by_role("button", name="Commit this threshold")
    expect(commit).to_be_enabled()
    settled(page)
    commit.click()
    expect(page.get_by_text("set by hand on validation data").first).to_be_visible()

    page.get_by_role("link", name="Next: evaluate on test data").click()
    expect(page.get_by_role("heading", name="The test data are sealed")).to_be_visible()
    assert page.get_by_text("would have been caught").count() == 0
    settled(page)
    page.get_by_role("button", name="Open the test data").click()
    expect(page.get_by_text("would have been caught")).to_be_visible()
    caught, of = map(int, re.findall(r"\d+", figure(page, "Events caught")))
    assert 0 <= caught <= of
    assert of > 30
    expect(page.locator(".js-plotly-plot")).to_have_count(5)

    assert page.get_by_test_id("stException").count() == 0
    assert complaints.messages == []
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "deprecat" not in log.lower()
    assert not any("tensorflow" in library.path for library in psutil.Process(server.pid).memory_maps())


@pytest.mark.parametrize("path", ["", "Data", "Train", "Threshold", "Evaluate", "Compare", "Score"])
def test_no_page_is_wider_than_a_small_window(page: Page, server: Server, path: str) -> None:
    page.set_viewport_size({"width": 768, "height": 900})
    page.goto(f"{server.address}/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.get_by_test_id("stException").count() == 0
