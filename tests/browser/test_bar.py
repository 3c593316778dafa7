"""The bar above every page in a real browser: long names, other work, and a training that moves nothing."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rare_event.jobs.worker import execute
from rare_event.store.datasets import add_dataset
from rare_event.store.records import About
from rare_event.store.runs import Run, create_run
from tests.browser.conftest import Complaints, Server, set_up_endless_training, settled
from tests.small import PCA, small_frame

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

FILE = "Plant1_Unit3_PaperMachine_2024-01-01_to_2024-12-31_export_corrected_v2.csv"
NAME = "Night shift on line 3, sensors of the wet end only, second"
PLACES = """() => [...document.querySelectorAll('.st-key-bar > div, h1')].map(part => {
    const {left, top, width, bottom} = part.getBoundingClientRect();
    const scrolled = document.querySelector('[data-testid=stMain]').scrollTop;
    return [left, top + scrolled, width, bottom + scrolled].map(Math.round);
})"""


@pytest.fixture(scope="module")
def runs(home: Path) -> list[Run]:
    """Two runs on a file with a long name, the second with a long name of its own."""
    dataset = add_dataset(small_frame().to_csv(index=False).encode(), FILE)
    made = [create_run(dataset, replace(PCA, seed=seed)) for seed in (0, 1)]
    for run in made:
        execute(run)
    made[1].describe(About(NAME))
    return made


def open_at(page: Page, server: Server, path: str, run: Run) -> None:
    """Open a page of a run; the first page of a browser is drawn before its style has arrived."""
    page.goto(f"{server.address}/{path}?run={run.id}")
    page.wait_for_function("document.querySelector('h1')?.getBoundingClientRect().top <= 60")
    settled(page)


def test_names_lose_their_middle_and_another_run_is_opened(
    page: Page, server: Server, runs: list[Run], complaints: Complaints
) -> None:
    open_at(page, server, "Threshold", runs[1])
    for key, name in (("bar_dataset", FILE), ("bar_run", NAME)):
        place = page.locator(f".st-key-{key}_place")
        first, last = place.locator(".bar-name > span").nth(0), place.locator(".bar-name > span").nth(1)
        whole = place.locator(".bar-whole")
        assert first.evaluate("part => part.scrollWidth > part.clientWidth"), "too long for its place"
        assert last.evaluate("part => part.scrollWidth <= part.clientWidth") and name.endswith(
            last.inner_text()
        )
        expect(whole).to_be_hidden()
        place.hover()
        expect(whole).to_be_visible()
        expect(whole).to_have_text(name)
        expect(page.locator(".st-key-bar")).to_have_css("overflow", "visible")
        # Other fields of the page keep their text.
        page.mouse.move(700, 880)
        expect(whole).to_be_hidden()
    rule = page.get_by_role("combobox", name="Choose the threshold by a rule")
    assert rule.evaluate("field => getComputedStyle(field).textIndent") == "0px"
    following = page.get_by_role("link", name="Next: evaluate on test data")
    expect(following).to_have_count(1)
    expect(following).to_be_in_viewport()
    before = page.evaluate(PLACES)
    page.get_by_role("combobox", name="Run", exact=True).click()
    page.get_by_role("option").filter(has_not_text=NAME).click()
    page.wait_for_url(f"**run={runs[0].id}*")
    settled(page)
    expect(page.get_by_role("heading", name="Threshold", exact=True)).to_be_visible()
    assert page.evaluate(PLACES) == before
    assert complaints.messages == []


@pytest.mark.parametrize("width", [1440, 1100, 768])
def test_the_bar_stays_in_one_line(page: Page, server: Server, runs: list[Run], width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_at(page, server, "Data", runs[1])
    expect(page.get_by_role("button", name="No jobs")).to_be_visible()
    *parts, title = page.evaluate(PLACES)
    assert len(parts) == 4
    for (left, _, size, bottom), (following, top, _, _) in zip(parts, parts[1:], strict=False):
        assert left + size <= following and top < bottom, "beside one another, never over one another"
    assert all(bottom <= title[1] <= 60 for *_, bottom in parts)
    assert parts[-1][0] + parts[-1][2] <= width


def test_jobs_come_and_go_and_nothing_moves(page: Page, server: Server, runs: list[Run]) -> None:
    open_at(page, server, "Train", runs[1])
    set_up_endless_training(page)
    before = page.evaluate(PLACES)
    page.get_by_role("button", name="Train", exact=True).click()
    tray = page.locator(".st-key-bar_tray button")
    expect(tray).to_contain_text("job")
    expect(tray).to_be_enabled()
    assert page.evaluate(PLACES) == before
    page.get_by_test_id("stSidebar").get_by_role("link", name="Data").click()
    expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible()
    tray.click()
    cancel = page.get_by_role("button", name="Cancel").first
    cancel.click()
    expect(tray).to_contain_text("No jobs", timeout=180_000)
    expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible()
    assert page.evaluate(PLACES) == before
