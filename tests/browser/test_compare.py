"""The Compare page in a real browser: opened, sorted out, taken along, and kept up to date."""

import io
import re
from pathlib import Path

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Locator, Page, expect

from rare_event.compare.leaderboard import leaderboard
from rare_event.config import recipe
from rare_event.experiment.own_alarms import own_alarms
from rare_event.jobs import worker
from rare_event.judge.standing import Row
from rare_event.prepare.sample import write_sample
from rare_event.store.datasets import add_dataset
from rare_event.store.records import Purpose
from rare_event.store.runs import Run, create_run, list_runs, mark
from tests.app.conftest import PCA, finished
from tests.browser.conftest import Complaints, Server, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

# Pixels of a row of the table; its first cell holds the tick.
ROW = 35
TICK = 18


@pytest.fixture(scope="module")
def runs(home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """A run on the sample mill and a baseline beside it, not opened yet."""
    dataset = add_dataset(write_sample(tmp_path_factory.mktemp("sample") / "sample.csv"), "sample.csv")
    run = finished(dataset, PCA)
    return run, baseline_of(run, "squares")


def baseline_of(run: Run, name: str) -> Run:
    made = create_run(run.dataset(), recipe(name, run.config()), Purpose("baseline", run.id))
    worker.execute(made)
    return made


def board_of(*runs: Run) -> tuple[Row, ...]:
    judged = runs[0].judged()
    assert judged is not None
    return leaderboard(sorted(runs, key=lambda run: run.id, reverse=True), judged.model.windows)


def open_compare(page: Page, server: Server, run: Run) -> None:
    page.goto(f"{server.address}/Compare?run={run.id}")
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible()


def tick(page: Page, row: int) -> None:
    """Select a row of the table, which is drawn and has no elements to click on."""
    settled(page)
    grid = page.get_by_test_id("data-grid-canvas").first
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + TICK, box["y"] + ROW * (row + 1.5))


def board(page: Page) -> Locator:
    """The chart of the leaderboard."""
    return page.locator(".board")


def test_sealed_opened_selected_and_evaluated(
    page: Page, server: Server, runs: tuple[Run, Run], complaints: Complaints
) -> None:
    run, baseline = runs
    open_compare(page, server, run)
    unseal = page.get_by_role("button", name="Open the test data of this run (one look)")
    expect(unseal).to_be_visible()
    settled(page)
    assert page.locator(".js-plotly-plot").count() == 0, "nothing is drawn of sealed data"
    assert board(page).count() == 0

    unseal.click()
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    expect(page.get_by_text("2 models were compared on the same")).to_be_visible()
    assert len(run.looks()) == 1

    expect(page.get_by_role("button", name="Open this run")).to_be_disabled()
    row = [each.run for each in board_of(run, baseline)].index(baseline.id)
    tick(page, row)
    page.get_by_role("link", name="Open this run").click()
    expect(page.get_by_role("heading", name="Evaluate", exact=True)).to_be_visible()
    assert f"run={baseline.id}" in page.url

    settled(page)
    assert page.get_by_test_id("stException").count() == 0
    assert complaints.messages == []
    assert "Traceback" not in server.log.read_text()


@pytest.fixture
def opened(runs: tuple[Run, Run]) -> Run:
    if not runs[0].looks():
        runs[0].look()
    return runs[0]


def test_a_baseline_that_ends_elsewhere_joins_by_itself(
    page: Page, server: Server, runs: tuple[Run, Run], opened: Run
) -> None:
    waiting = create_run(
        opened.dataset(), recipe("mahalanobis", opened.config()), Purpose("baseline", opened.id)
    )
    mark(waiting, "running")
    open_compare(page, server, opened)
    expect(page.get_by_text("running now: Mahalanobis distance")).to_be_visible()
    expect(page.get_by_text("2 models were compared on the same")).to_be_visible()
    worker.execute(waiting)
    expect(page.get_by_text("3 models were compared on the same")).to_be_visible()
    expect(page.get_by_text("running now: Mahalanobis distance")).to_have_count(0)


def test_rows_are_aligned_ticked_by_keyboard_and_used(
    page: Page, server: Server, runs: tuple[Run, Run], opened: Run, complaints: Complaints
) -> None:
    open_compare(page, server, opened)
    rows = board(page).locator("tbody tr")
    # The run in use, its baselines, and two rows that need no model.
    expect(rows.filter(has=page.get_by_role("checkbox"))).not_to_have_count(0)
    own = board(page).locator("tr.own")
    expect(own).to_have_count(1)
    # Everything of a row is as high as its row, and the verdict, the best and the own run are in sight.
    assert rows.first.locator(".dot").count() == 1 and rows.first.locator("td.caught").count() == 3
    centres = own.evaluate(
        """(row) => [...row.querySelectorAll("input, .shown, .dot, .value, td.rates")].map((part) => {
            const box = part.getBoundingClientRect(); return (box.top + box.bottom) / 2; })"""
    )
    assert max(centres) - min(centres) < 4
    for part in (page.get_by_role("heading", name="Best:"), rows.first, own):
        box = part.bounding_box()
        assert box is not None and box["y"] + box["height"] <= 900

    # What a screen reader reads of a row are the figures of the table.
    mine = next(row for row in board_of(*runs) if row.run == opened.id)
    auc = f"{mine.judgement.mean_fold_auc:.3f}"
    expect(own.get_by_role("cell", name=auc)).to_be_visible()
    expect(own.get_by_role("rowheader", name=mine.name)).to_be_visible()

    boxes = board(page).get_by_role("checkbox")
    expect(boxes.nth(1)).to_be_checked()
    boxes.nth(1).focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("Tick 2 to 4 models in the chart")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    expect(boxes.nth(1)).not_to_be_checked()
    expect(boxes.nth(1)).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    expect(boxes.nth(1)).to_be_checked()

    # The only better one is offered, and one click uses it.
    done = [run for run in list_runs(opened.dataset().digest, role=None) if run.status().state == "done"]
    best, second = [row.run for row in board_of(*done) if row.run][:2]
    page.goto(f"{server.address}/Compare?run={second}")
    use = board(page).get_by_role("button", name="Use it")
    expect(use).to_have_count(1)
    settled(page)
    use.click()
    expect(page).to_have_url(re.compile(rf"run={best}\b"))
    settled(page)
    assert page.get_by_test_id("stException").count() == 0
    assert complaints.messages == []


def test_the_table_can_be_taken_along(page: Page, server: Server, opened: Run) -> None:
    open_compare(page, server, opened)
    contents = {}
    for kind in ("CSV", "Parquet"):
        with page.expect_download() as started:
            page.get_by_role("button", name=f"Download the leaderboard ({kind})").click()
        contents[kind] = Path(started.value.path()).read_bytes()
        assert started.value.suggested_filename == f"leaderboard.{kind.lower()}"
    csv, parquet = (
        pd.read_csv(io.BytesIO(contents["CSV"])),
        pd.read_parquet(io.BytesIO(contents["Parquet"])),
    )
    assert opened.id in csv["run"].tolist()
    assert csv["model"].tolist() == parquet["model"].tolist()
    assert list(csv.columns) == list(parquet.columns)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_in_the_way_of_a_reader(page: Page, server: Server, opened: Run, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_compare(page, server, opened)
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    settled(page)
    assert serious(page) == []


def serious(page: Page) -> list[str]:
    """What axe finds that keeps people from using the page."""
    return [
        f"{rule['id']}: {rule['help']} {[node['target'] for node in rule['nodes']]}"
        for rule in Axe().run(page).response["violations"]
        if rule["impact"] in ("serious", "critical")
    ]


def test_the_page_is_no_wider_than_a_small_window(page: Page, server: Server, opened: Run) -> None:
    page.set_viewport_size({"width": 768, "height": 900})
    open_compare(page, server, opened)
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.get_by_test_id("stException").count() == 0


def test_what_the_plant_has_today_is_added_compared_and_deleted(
    page: Page, server: Server, runs: tuple[Run, Run], opened: Run, complaints: Complaints
) -> None:
    committed = opened.committed()
    table = opened.dataset().table()
    listed = own_alarms(table, opened.scores("test"), committed.thresholds, committed.policy)
    open_compare(page, server, opened)
    expect(board(page).locator("tbody tr").first).to_be_visible()
    assert board(page).locator("tr.today").count() == 0
    page.get_by_role("button", name="Add an alarm list").click()
    content = listed.to_csv(index=False).encode()
    given = FilePayload(name="dcs.csv", mimeType="text/csv", buffer=content)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(given)
    page.get_by_role("button", name="Add this list").click()

    today = board(page).locator("tr.today")
    expect(today).to_have_count(1)
    expect(page.get_by_text("These data cannot show whether")).to_be_visible()
    settled(page)
    # One figure takes the columns of all budgets, below which those of the models are.
    expect(today.locator("td.caught")).to_have_count(1)
    expect(today.get_by_role("cell", name="no AUC")).to_be_visible()
    assert today.locator(".dot").count() == 0
    boxes = [row.locator("td.caught").first.bounding_box() for row in (today, board(page).locator("tr.own"))]
    assert boxes[0] is not None and boxes[1] is not None and boxes[0]["x"] == boxes[1]["x"]
    assert boxes[0]["width"] == pytest.approx(3 * boxes[1]["width"], abs=3)
    caught = opened.evaluation().events["caught"]
    expect(today.locator("td.caught .value")).to_have_text(str(caught))
    assert serious(page) == []

    page.get_by_role("button", name="Delete", exact=True).click()
    expect(today).to_have_count(0)
    settled(page)
    assert page.get_by_test_id("stException").count() == 0 and complaints.messages == []
