"""A newcomer's walk, from the first page to Compare: few clicks, and each control in sight."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Complaints, Server, settled
from tests.browser.test_explorer import drag, stands_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
# The baselines, which go on after the last look.
LEAVES_TRAININGS = True

PATIENCE = 240_000  # milliseconds, for what a worker must do first
BOTTOM = 900  # pixels: the height of the window


@dataclass
class Walk:
    """A page, and how often its visitor clicked."""

    page: Page
    clicks: int = 0

    def see(self, control: Locator, patience: float = 30_000) -> Locator:
        """Expect a control in the window, on a page that was not scrolled."""
        expect(control).to_be_visible(timeout=patience)
        settled(self.page)
        box = control.bounding_box()
        assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= BOTTOM, (control, box)
        return control

    def click(self, control: Locator, patience: float = 30_000) -> None:
        self.see(control, patience).click()
        self.clicks += 1

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        """A link on the page, not in the sidebar."""
        return self.page.get_by_test_id("stMain").get_by_role("link", name=name, exact=True)

    def heading(self, name: str) -> None:
        expect(self.page.get_by_role("heading", name=name, exact=True)).to_be_visible()

    def train(self) -> None:
        """Train with the settings as they are, and open the Threshold page."""
        self.heading("Train")
        self.click(self.button("Train"))
        self.click(self.link("Next: set the threshold"), PATIENCE)

    def judge(self) -> None:
        """Drag the threshold, commit it, and open the test data."""
        self.heading("Threshold")
        for figure in ("caught", "false_alarms_per_day"):
            self.see(self.page.locator(f".figures [data-figure={figure}]"), PATIENCE)
        root = self.page.locator(".explorer[data-threshold]")
        self.see(root.get_by_role("slider"))
        before = stands_at(root)
        drag(self.page, root, [0.8, 0.6, 0.5])
        self.page.mouse.up()
        expect(self.page.get_by_text(re.compile(r"Threshold shown: [^·]+\(set by hand"))).to_be_visible()
        assert stands_at(root) != before
        self.click(self.button("Commit this threshold"))
        expect(self.page.get_by_text("set by hand on validation data").first).to_be_visible()
        self.click(self.link("Next: evaluate on test data"))
        self.heading("Evaluate")
        self.click(self.button("Open the test data"))
        self.see(self.page.get_by_text("would have been caught"))
        for label in ("Events caught", "False alarms per day"):
            self.see(self.page.get_by_test_id("stMetric").filter(has_text=label).first)


def test_a_newcomer_walks_from_home_to_compare(page: Page, server: Server, complaints: Complaints) -> None:
    walk = Walk(page)
    page.goto(server.address)
    walk.click(walk.link("Open the sample mill"))
    walk.heading("Data")
    walk.click(walk.link("Train"))
    walk.train()
    walk.judge()
    walk.click(page.get_by_role("link", name="Compare").first)
    walk.heading("Compare")
    # The verdict; the charts below it need one scroll.
    walk.see(page.get_by_role("heading", level=2).filter(has_text="Best:").first, PATIENCE)
    assert walk.clicks <= 8
    assert page.get_by_test_id("stException").count() == 0 and complaints.messages == []
