"""Every page for readers with a keyboard and with a screen reader, and its colours in both themes."""

import io
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from rare_event.config import SplitPlan
from rare_event.jobs.scoring import score_in_worker
from rare_event.jobs.worker import execute
from rare_event.store.datasets import add_dataset
from rare_event.store.runs import Run, create_run
from rare_event.store.scorings import create_scoring
from tests.browser.conftest import Complaints, Server, settled
from tests.small import PCA, small_frame

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

# Of axe's lesser findings, this one too: a screen reader walks through a page by its headings.
ORDER = "heading-order"
ALL = {"resultTypes": ["violations"]}
# Of all that axe looks at, only colours differ between the themes.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
# Thousands of marks below a figure that has a name; `tests/plots/test_contrast.py` has their colours.
DRAWN = ".js-plotly-plot .main-svg"
# A person gives up before so many stops of the tabulator.
MOST_STOPS = 60
# More than any page has, with a few presses that met a drawer while it was replaced.
MOST_DRAWERS = 30
FOCUSED = """(target) => {
    let focused = document.activeElement;
    while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    return target.contains(focused);
}"""
# Colours that fade are none that a person reads.
AT_REST = "document.getAnimations().every((each) => each.playState !== 'running')"
UNNAMED = """() => [...document.querySelectorAll(
    '[data-testid=stPlotlyChart]:not([role=figure][aria-label]), '
    + '[data-testid=stDataFrameResizable]:not([role=region][aria-label])')].map(part => part.textContent)"""


@pytest.fixture(scope="module")
def runs(home: Path) -> list[Run]:
    """Two runs on a small table whose test data are sealed, the latest first."""
    dataset = add_dataset(small_frame(1_800).to_csv(index=False).encode(), "small.csv")
    made = [create_run(dataset, replace(PCA, split=SplitPlan(folds=folds))) for folds in (2, 3)]
    for run in made:
        execute(run)
    new = small_frame(300).rename(columns={"s2": "S2"}).to_csv(index=False).encode()
    scoring = create_scoring(made[0], [(io.BytesIO(new), "new.csv")])
    scoring.queue({"S2": "s2"})
    score_in_worker(scoring.id)
    return made[::-1]


def go_to(page: Page, step: str, title: str) -> None:
    """Open a page by its link in the sidebar, without a pointer."""
    page.get_by_test_id("stSidebar").get_by_role("link", name=step).press("Enter")
    expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()
    settled(page)


def reach(page: Page, target: Locator) -> None:
    """Press the tabulator until a control has the focus."""
    expect(target).to_be_enabled()
    for _ in range(MOST_STOPS):
        if target.evaluate(FOCUSED):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{target} is not reached by {MOST_STOPS} stops of the tabulator")


def opened(page: Page) -> None:
    """Open all that a page has closed below its first screen."""
    settled(page)
    closed = page.locator("details:not([open]) > summary").filter(visible=True)
    # A page may still drop or replace a drawer that it showed while it was drawn, and an open one may
    # hold others, so each is looked for anew.
    for _ in range(MOST_DRAWERS):
        if not closed.count():
            return
        closed.first.press("Enter")
        settled(page)
    expect(closed).to_have_count(0)


def found(page: Page, options: dict[str, Any], within: str = "html") -> list[str]:
    """Return what keeps a reader from reading."""
    settled(page)
    page.wait_for_function(AT_REST)
    context = {"include": [[within]], "exclude": [[DRAWN]]}
    return [
        f"{rule['id']}: {rule['help']} {[node['target'] for node in rule['nodes']]}"
        for rule in Axe().run(page, context, options).response["violations"]
        if rule["impact"] in ("serious", "critical") or rule["id"] == ORDER
    ]


def check(page: Page) -> None:
    """Look at a page in one theme, and at its colours in the other, in which the next page is opened."""
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert found(page, ALL) == []
    page.emulate_media(color_scheme="light" if dark else "dark")
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "light" if dark else "dark")
    assert found(page, COLOURS) == []
    assert page.evaluate(UNNAMED) == []
    assert page.get_by_test_id("stException").count() == 0


def check_popover(page: Page, name: str) -> None:
    """Open and close a popover with the keyboard, and look at it."""
    button = page.get_by_role("button", name=name)
    reach(page, button)
    page.keyboard.press("Enter")
    popover = page.get_by_test_id("stPopoverBody")
    expect(popover).to_be_visible()
    assert found(page, ALL, "[data-testid=stPopoverBody]") == []
    page.keyboard.press("Escape")
    expect(popover).to_have_count(0)


def test_every_page_has_names_an_order_contrast_and_keys(
    page: Page, server: Server, runs: list[Run], complaints: Complaints
) -> None:
    run, other = runs
    page.goto(f"{server.address}/?run={run.id}")
    expect(page.get_by_role("heading", name="rare_event", level=1)).to_be_visible()
    settled(page)
    reach(page, page.get_by_test_id("stSidebar").get_by_role("link", name="1 · Data"))
    reach(page, page.get_by_role("link", name="Open the sample mill"))
    check(page)

    go_to(page, "1 · Data", "Data")
    check_popover(page, "Change file")
    reach(page, page.get_by_test_id("stMain").get_by_role("link", name="Train", exact=True))
    opened(page)
    check(page)

    go_to(page, "2 · Train", "Train")
    reach(page, page.get_by_role("button", name="Train", exact=True))
    opened(page)
    check(page)
    table = page.get_by_role("region", name="Runs on this dataset").get_by_test_id("data-grid-canvas")
    table.focus()
    for key in ("ArrowDown", "Shift+Space"):
        page.keyboard.press(key)
    page.wait_for_url(f"**run={other.id}*")
    settled(page)

    go_to(page, "3 · Threshold", "Threshold")
    commit = page.get_by_role("button", name="Commit this threshold")
    reach(page, commit)
    check_popover(page, "Costs")
    explorer = page.locator(".explorer")
    before = explorer.get_attribute("data-threshold") or ""
    reach(page, page.get_by_role("slider", name="Threshold"))
    page.keyboard.press("ArrowRight")
    expect(explorer).not_to_have_attribute("data-threshold", before)
    opened(page)
    check(page)
    page.get_by_role("region", name="Ledger of the validation data").get_by_test_id(
        "data-grid-canvas"
    ).focus()
    for key in ("ArrowDown", "Shift+Space"):
        page.keyboard.press(key)
    expect(explorer.get_by_text("around the row selected in the ledger")).to_be_visible()
    page.get_by_role("button", name="Show all validation data").press("Enter")
    expect(explorer.get_by_text("around the row selected in the ledger")).to_have_count(0)
    commit.press("Enter")
    expect(commit).to_be_disabled()
    assert other.committed().by_person and not run.committed().by_person

    go_to(page, "4 · Evaluate", "Evaluate")
    unseal = page.get_by_role("button", name="Open the test data")
    reach(page, unseal)
    assert found(page, ALL) == [] and other.looks() == []
    page.keyboard.press("Enter")
    tabs = page.get_by_role("tab")
    reach(page, tabs.first)
    for last, tab in pairwise(tabs.all()):
        # Looking at the colours of the other theme draws the page anew, and takes the focus away.
        last.focus()
        page.keyboard.press("ArrowRight")
        expect(tab).to_have_attribute("aria-selected", "true")
        settled(page)
        check(page)

    go_to(page, "5 · Alarms", "Alarms")
    expect(page.get_by_text("Similar earlier alarms")).to_be_visible(timeout=60_000)
    forward = page.get_by_role("button", name="Next")
    reach(page, forward)
    chosen = page.get_by_role("combobox", name="Alarm or event (")
    before = chosen.get_attribute("aria-label") or ""
    page.keyboard.press("Enter")
    # The server still has to hear of the key: what is drawn until then fades a moment later.
    expect(page.get_by_role("combobox", name=before, exact=True)).to_have_count(0)
    opened(page)
    check(page)

    go_to(page, "6 · Compare", "Compare")
    check(page)

    go_to(page, "7 · Score", "Score")
    reach(page, page.get_by_test_id("stFileUploaderDropzone").first)
    expect(page.get_by_role("region", name="Alarms in the new file")).to_be_visible()
    opened(page)
    check(page)

    go_to(page, "The articles", "The articles, step by step")
    check(page)
    assert complaints.messages == []
