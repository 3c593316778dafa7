"""The Data page in a real browser: its first screen, and a click on a row of the ranking."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Complaints, Server, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SCREEN = 900


def bottom(page: Page, selector: str, text: str | re.Pattern[str]) -> float:
    """Where the first such element ends, in pixels from the top of the window."""
    element = page.locator(selector).filter(has_text=text).first
    expect(element).to_be_visible()
    box = element.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def test_the_first_screen_holds_what_decides(page: Page, server: Server, complaints: Complaints) -> None:
    page.goto(f"{server.address}/Data")
    page.get_by_role("button", name="Open the sample mill").click()
    expect(page.get_by_text("Running time: 83 stretches")).to_be_visible()
    settled(page)

    assert bottom(page, "button", "Train") < SCREEN / 3
    assert bottom(page, ".js-plotly-plot", "Running time") < SCREEN
    ranking = page.get_by_test_id("stDataFrame").first
    expect(ranking).to_be_visible()
    box = ranking.bounding_box()
    assert box is not None and box["y"] + box["height"] < SCREEN
    assert bottom(page, ".gtitle", re.compile("over time$")) < SCREEN
    assert bottom(page, ".gtitle", re.compile("before an event$")) < SCREEN
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    # The box of the second row: the first sensor is drawn without a click.
    first = page.locator(".gtitle").filter(has_text=re.compile("over time$")).first.text_content()
    page.mouse.click(box["x"] + 16, box["y"] + 36 + 30 + 15)
    expect(page.locator(".gtitle").filter(has_text=re.compile("over time$")).first).not_to_have_text(
        first or ""
    )
    settled(page)

    page.get_by_role("radio", name="Correlations").click()
    expect(page.get_by_text("Rank correlation of")).to_be_visible()
    page.get_by_text("First rows, with their line in the file").click()
    settled(page)
    assert page.get_by_test_id("stException").count() == 0
    assert complaints.messages == []
