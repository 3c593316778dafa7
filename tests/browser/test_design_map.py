"""A design-space map in a real browser: started, seen while it grows, cancelled, gone on with, reloaded."""

from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from rare_event.config import RECOMMENDED, DesignSpace, Training
from rare_event.jobs.map_runner import run_map
from rare_event.prepare.sample import sample_mill
from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.maps import DesignMap, MapState, create_map, list_maps
from tests.browser.conftest import Complaints, Server, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

TINY = DesignSpace((2,), (1, 5), ("level", "difference"), ("pca",), folds=3)
# Nobody waits for its end.
ENDLESS = replace(
    TINY, models=("dense",), base=replace(RECOMMENDED, training=Training(epochs=100_000, patience=None))
)


@pytest.fixture(scope="module")
def dataset(home: Path) -> Dataset:
    return add_dataset(sample_mill(8_000).to_csv(index=False).encode(), "sample.csv")


@pytest.fixture(scope="module")
def done_map(dataset: Dataset) -> DesignMap:
    """A map that stands there whole, trained in this process."""
    done = create_map(dataset, TINY)
    run_map(done, 1)
    return done


def open_view(page: Page, server: Server, dataset: Dataset) -> None:
    page.goto(f"{server.address}/Compare?dataset={dataset.digest}")
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible()
    page.get_by_text("Design space", exact=True).click()


def test_a_map_is_started_grows_and_stands_after_a_reload(
    page: Page, server: Server, dataset: Dataset, complaints: Complaints
) -> None:
    open_view(page, server, dataset)
    expect(page.get_by_text("54 cells of 6 folds each")).to_be_visible()
    assert page.locator(".js-plotly-plot").count() == 0
    settled(page)
    page.get_by_role("spinbutton", name="Cells drawn at random").fill("2")
    page.keyboard.press("Tab")
    expect(page.get_by_text("2 cells of 6 folds each")).to_be_visible()
    # Two dense networks with the lookback 1, which are compiled soonest.
    page.get_by_role("spinbutton", name="Seed").fill("34")
    page.keyboard.press("Tab")
    settled(page)
    page.get_by_role("spinbutton", name="Maximum epochs").fill("1")
    page.keyboard.press("Tab")
    settled(page)
    page.get_by_role("button", name="Start the map").click()
    expect(page.get_by_text("2 of 2 cells done.")).to_be_visible(timeout=240_000)
    expect(page.locator(".js-plotly-plot .heatmaplayer").first).to_be_attached()
    expect(page.get_by_text("Best of 2 settings")).to_be_visible()
    (made,) = list_maps()
    assert made.state().state == "done" and len(made.cells()) == 2
    assert made.space().seed == 34
    page.reload()
    open_view(page, server, dataset)
    expect(page.get_by_text("Best of 2 settings")).to_be_visible()
    settled(page)
    assert len(list_maps()) == 1 and page.get_by_test_id("stException").count() == 0
    assert complaints.messages == [] and "Traceback" not in server.log.read_text()


def test_a_map_is_cancelled_while_it_trains_and_gone_on_with(
    page: Page, server: Server, dataset: Dataset, complaints: Complaints
) -> None:
    endless = create_map(dataset, ENDLESS)
    endless.write_state(MapState("cancelled"))
    open_view(page, server, dataset)
    page.get_by_role("button", name="Resume: train the remaining cells").click()
    expect(page.get_by_text("running")).to_be_visible(timeout=120_000)
    # The page is free meanwhile.
    page.get_by_text("Runs", exact=True).click()
    expect(page.get_by_text("No run on this dataset has finished yet")).to_be_visible()
    page.get_by_text("Design space", exact=True).click()
    page.get_by_role("button", name="Cancel the map").click()
    expect(page.get_by_text("Cancelled: 0 of 4 cells done")).to_be_visible(timeout=120_000)
    assert endless.state().state == "cancelled"
    tiny = create_map(dataset, TINY)
    tiny.write_state(MapState("cancelled"))
    open_view(page, server, dataset)
    page.get_by_role("button", name="Resume: train the remaining cells").click()
    expect(page.get_by_text("4 of 4 cells done.")).to_be_visible(timeout=120_000)
    assert tiny.state().state == "done" and endless.state().state == "cancelled"
    assert complaints.messages == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_in_the_way_of_a_reader(
    page: Page, server: Server, done_map: DesignMap, dataset: Dataset, scheme: str
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": 768, "height": 900})
    open_view(page, server, dataset)
    expect(page.locator(".js-plotly-plot")).to_have_count(1)
    # What was clicked last is drawn otherwise while it has the focus.
    page.get_by_role("heading", name="Compare", exact=True).click()
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    serious = [
        f"{rule['id']}: {rule['help']} {[node['target'] for node in rule['nodes']]}"
        for rule in Axe().run(page).response["violations"]
        if rule["impact"] in ("serious", "critical")
    ]
    assert serious == []
