"""The Data page in a real browser: its first screen, and a click on a row of the ranking."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from rare_event.store.datasets import list_datasets
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
    expect(page.get_by_text("Running time: 92 stretches")).to_be_visible()
    settled(page)

    assert bottom(page, "[data-testid=stMain] a", "Train") < SCREEN / 3
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
    page.get_by_text("First rows, with their line numbers").click()
    settled(page)
    assert page.get_by_test_id("stException").count() == 0
    assert complaints.messages == []


def open_mill(page: Page, server: Server) -> None:
    """Open the sample, which an earlier test may have stored."""
    page.goto(f"{server.address}/Data")
    sample = page.get_by_role("button", name="Open the sample mill")
    running = page.get_by_text("Running time: 92 stretches")
    expect(sample.or_(running).or_(page.get_by_text("Or open a stored dataset")).first).to_be_visible()
    if sample.count():
        sample.click()
    elif not running.count():
        page.get_by_role("combobox", name=re.compile("Or open a stored dataset")).click()
        page.get_by_role("option", name=re.compile("sample-mill")).click()
    expect(running).to_be_visible()
    settled(page)


def drag(page: Page, begin: float, end: float) -> None:
    """Drag over a part of the time line, given in shares of its width."""
    box = page.locator(".js-plotly-plot").filter(has_text="Running time").first.locator(".nsewdrag").first
    area = box.bounding_box()
    assert area is not None
    height = area["y"] + area["height"] / 2
    page.mouse.move(area["x"] + begin * area["width"], height)
    page.mouse.down()
    page.mouse.move(area["x"] + end * area["width"], height, steps=5)
    page.mouse.up()


def between_events(page: Page) -> tuple[float, float]:
    """The middle of a long time without an event, in shares of the width of the time line.

    The longest is the stop of the sample, which has no rows to leave out; this is the one after it.
    """
    strip = page.locator(".js-plotly-plot").filter(has_text="Running time").first
    area = strip.locator(".nsewdrag").first.bounding_box()
    boxes = [mark.bounding_box() for mark in strip.locator(".scatterlayer .point").all()]
    assert area is not None
    at = sorted((box["x"] + box["width"] / 2 - area["x"]) / area["width"] for box in boxes if box is not None)
    gap, begin = sorted((after - before, before) for before, after in zip(at, at[1:], strict=False))[-2]
    return begin + 0.35 * gap, begin + 0.65 * gap


def test_a_range_dragged_on_the_time_line_is_shown_below_and_can_be_left_out(
    page: Page, server: Server, complaints: Complaints
) -> None:
    open_mill(page, server)
    rows = page.get_by_text(re.compile("^[0-9,]+ rows")).first.text_content() or ""
    course = page.locator(".js-plotly-plot").filter(has_text=re.compile("over time")).first
    axis = course.locator(".xaxislayer-above")
    whole = axis.text_content() or ""

    drag(page, 0.3, 0.8)
    expect(page.get_by_text("Shown below:")).to_be_visible()
    expect(axis).not_to_have_text(whole)
    expect(page.get_by_text(re.compile("would (lose|remove)"))).to_be_visible()
    expect(page.get_by_role("button", name="Leave out these dates")).to_be_disabled()

    page.get_by_role("button", name="Show all", exact=True).click()
    expect(page.get_by_text("Shown below:")).to_have_count(0)
    expect(axis).to_have_text(whole)

    settled(page)
    drag(page, *between_events(page))
    expect(page.get_by_text("This removes")).to_be_visible()
    page.get_by_role("button", name="Leave out these dates").click()
    expect(page.get_by_text("Undo the fix")).to_be_visible()
    expect(page.get_by_text("Shown below:")).to_have_count(0)
    expect(page.get_by_text(rows)).to_have_count(0)
    page.get_by_text("Undo the fix").click()
    expect(page.get_by_text(rows).first).to_be_visible()
    settled(page)
    assert complaints.messages == []


def test_nothing_is_cut_on_a_narrow_page(page: Page, server: Server, complaints: Complaints) -> None:
    page.set_viewport_size({"width": 768, "height": 900})
    open_mill(page, server)
    # Its columns take 90 + 94 + 46 + 86 pixels and the boxes in front 33: narrower, it would scroll.
    table = page.get_by_test_id("stDataFrame").first.bounding_box()
    assert table is not None and table["width"] >= 349
    page.get_by_text(re.compile("^Show all [0-9]")).click()
    buttons = page.get_by_role("button", name="Leave out", exact=True)
    expect(buttons.first).to_be_visible()
    settled(page)
    for button in buttons.all():
        inside = button.bounding_box()
        column = button.locator("xpath=ancestor::*[@data-testid='stColumn'][1]").bounding_box()
        assert inside is not None and column is not None
        assert inside["x"] >= column["x"] - 1
        assert inside["x"] + inside["width"] <= min(column["x"] + column["width"], 768) + 1
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert complaints.messages == []


def test_a_dataset_is_deleted_after_a_question(
    page: Page, server: Server, home: Path, complaints: Complaints
) -> None:
    open_mill(page, server)
    (dataset,) = list_datasets()
    page.get_by_role("button", name="Delete this dataset …").click()
    expect(page.get_by_text("with its uploaded file? This cannot be undone.")).to_be_visible()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("This cannot be undone.")).to_have_count(0)
    assert list_datasets() == [dataset]

    settled(page)
    page.get_by_role("button", name="Delete this dataset …").click()
    page.get_by_role("button", name="Delete this dataset", exact=True).click()
    expect(page.get_by_role("button", name="Open the sample mill")).to_be_visible()
    settled(page)
    assert list_datasets() == [] and "dataset=" not in page.url
    assert page.get_by_test_id("stException").count() == 0
    assert complaints.messages == []
