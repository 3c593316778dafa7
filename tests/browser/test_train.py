"""From an architecture to its loss curve, in a real browser on the sample mill."""

import re
from pathlib import Path

import pandas as pd
import psutil
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Complaints, Server, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PATIENCE = 180_000  # milliseconds, for what a worker must do first


def choose(page: Page, field: str, option: str) -> None:
    page.get_by_role("combobox", name=field).click()
    page.get_by_role("option", name=option, exact=True).click()


def fill(page: Page, label: str, value: str) -> None:
    field = page.get_by_label(label, exact=True).first
    field.fill(value)
    field.press("Enter")


def folder_of_run(server: Server, page: Page) -> Path:
    run: str = re.findall(r"run=([\d-]+)", page.url)[0]
    return server.home / "runs" / run


def open_train(page: Page, server: Server) -> Locator:
    """Open the Train page of the sample mill, and return the picture of its network."""
    page.goto(server.address)
    page.get_by_role("link", name="Open the sample mill").click()
    expect(page.get_by_text("Running time: 92 stretches")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Train").click()
    drawing = page.locator(".js-plotly-plot", has_text="The model, layer by layer")
    expect(drawing).to_be_visible(timeout=PATIENCE)
    return drawing


def test_a_model_is_set_up_drawn_trained_and_taken_away(
    page: Page, server: Server, complaints: Complaints, tmp_path: Path
) -> None:
    drawing = open_train(page, server)
    expect(drawing.get_by_text("Flatten")).to_be_visible()

    choose(page, "Model", "Convolutional autoencoder")
    fill(page, "Lookback (rows)", "4")
    expect(drawing.get_by_text("MaxPooling1D").first).to_be_visible(timeout=PATIENCE)
    expect(drawing.get_by_text("Flatten")).to_have_count(0)
    fill(page, "Filters", "8, no")
    remark = page.get_by_text("Give whole numbers with commas between, for example 32, 16.", exact=True)
    expect(remark).to_be_visible()
    start = page.get_by_role("button", name="Train", exact=True)
    expect(start).to_be_disabled()
    fill(page, "Filters", "8, 4")
    expect(start).to_be_enabled()
    expect(remark).to_have_count(0)
    page.get_by_text("Options", exact=True).click()
    fill(page, "Dropout", "0.1")
    expect(page.get_by_text("Options in use: Dropout: 0.1")).to_be_visible()
    expect(drawing.get_by_text("Dropout").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("rule of thumb of at most about 0.5")).to_be_visible()

    page.get_by_text("Also train the baselines").click()
    page.get_by_text("Write TensorBoard logs").click()
    fill(page, "Maximum epochs", "3")
    start.click()
    expect(page.get_by_text("Done.")).to_be_visible(timeout=PATIENCE)
    settled(page)
    # A chart that was replaced stays for a moment, hidden.
    loss = page.locator(".js-plotly-plot", has_text="Training: loss by epoch").filter(visible=True)
    expect(loss).to_have_count(1)
    expect(loss.get_by_text("best epoch")).to_be_visible()
    expect(page.locator(".js-plotly-plot", has_text="The trained model, layer by layer")).to_be_visible()

    page.get_by_text("Files of this run").click()
    expect(page.get_by_text("--host 127.0.0.1")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Keras model").click()
    download.value.save_as(tmp_path / "model.keras")
    run = folder_of_run(server, page)
    assert (tmp_path / "model.keras").read_bytes() == (run / "model.keras").read_bytes()
    page.get_by_role("button", name="Prepare the ONNX model").click()
    expect(page.get_by_role("button", name="ONNX model", exact=True)).to_be_visible(timeout=PATIENCE)
    assert (run / "model.onnx").stat().st_size > 0
    assert list((run / "tensorboard").glob("fold */*/events*"))
    assert len(list((server.home / "runs").iterdir())) == 1, "no baseline was asked for"

    assert page.get_by_test_id("stException").count() == 0
    assert complaints.messages == []
    assert "Traceback" not in server.log.read_text()
    assert not any("tensorflow" in library.path for library in psutil.Process(server.pid).memory_maps())


def test_an_average_of_networks_is_asked_for_trained_and_judged_as_one_model(
    page: Page, server: Server, complaints: Complaints
) -> None:
    open_train(page, server)
    told = page.get_by_text("This network is trained 2 times, each time from another seed")
    expect(told).to_have_count(0)

    page.get_by_text("Expert settings", exact=True).click()
    fill(page, "Networks averaged", "2")
    expect(told).to_be_visible()
    fill(page, "Maximum epochs", "3")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text("Done.")).to_be_visible(timeout=PATIENCE)
    settled(page)
    loss = page.locator(".js-plotly-plot", has_text="Training: loss by epoch").filter(visible=True)
    expect(loss.get_by_text("best epoch of each network")).to_be_visible()
    trained = page.locator(".js-plotly-plot", has_text="The trained model, layer by layer")
    expect(trained.get_by_text("Flatten")).to_have_count(1)

    run = folder_of_run(server, page)
    history = pd.read_csv(run / "history.csv")
    assert history.groupby(["fold", "network"]).size().le(3).all(), "of one network"
    assert set(history["network"]) == {1, 2}
    page.get_by_role("link", name="Next: set the threshold").click()
    expect(page.locator(".explorer[data-threshold]")).to_be_visible()
    expect(page.get_by_role("button", name="Commit this threshold")).to_be_visible()
    assert page.get_by_test_id("stException").count() == 0
    assert complaints.messages == []
    assert "Traceback" not in server.log.read_text()
