"""The report in a real browser without a network: on screen, on a telephone, and on A4 pages."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from rare_event.config import RECOMMENDED
from rare_event.jobs.worker import execute
from rare_event.report.page import write_report
from rare_event.store.datasets import add_dataset
from rare_event.store.records import About
from rare_event.store.runs import Run, create_run
from tests.app.conftest import PCA, finished
from tests.browser.conftest import Complaints, Server
from tests.report.reading import Report
from tests.report.test_document import HOSTILE
from tests.small import DENSE, small_frame

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

EXCESS = "(plots) => plots.map((plot) => plot.querySelector('.main-svg').clientWidth - plot.clientWidth)"
A4 = (298, 421)  # in units of two points, to which browsers round


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, sample_csv: Path) -> Iterator[dict[str, Path]]:
    """Reports: of the sample mill, sealed, and of a file with hostile names."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RARE_EVENT_HOME", str(home))
        run = create_run(add_dataset(sample_csv, "sample-mill.csv"), RECOMMENDED)
        execute(run)
        sealed = write_report(run, home / "sealed.html")
        run.look()
        frame = small_frame(1200)
        named = frame.rename(columns=dict(zip(frame.columns[2:], HOSTILE, strict=False)))
        other = finished(add_dataset(named.to_csv(index=False).encode(), f"{HOSTILE[1]}.csv"), DENSE)
        other.look()
        other.describe(About(HOSTILE[0], HOSTILE[2]))
        yield {
            "mill": write_report(run, home / "mill.html"),
            "sealed": sealed,
            "hostile": write_report(other, home / "hostile.html"),
        }


@pytest.fixture
def offline(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_offline(True)
    yield context
    context.close()


def show(context: BrowserContext, file: Path) -> tuple[Page, Complaints, list[str]]:
    """Open a report; returns the page, its complaints and what it asked for."""
    page, complaints, asked = context.new_page(), Complaints(), list[str]()

    def only_itself(route: Route) -> None:
        asked.append(route.request.url)
        if route.request.url == file.as_uri():
            route.continue_()
        else:
            route.abort()

    context.route("**/*", only_itself)
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", complaints.note)
    page.on("pageerror", lambda error: complaints.messages.append(str(error)))
    page.on("dialog", lambda dialog: complaints.messages.append(dialog.message))
    page.goto(file.as_uri())
    expect(page.locator(".plot:not(:has(.main-svg))")).to_have_count(0)
    return page, complaints, asked


@pytest.mark.parametrize("name", ["mill", "sealed", "hostile"])
def test_it_is_drawn_without_a_network(offline: BrowserContext, files: dict[str, Path], name: str) -> None:
    page, complaints, asked = show(offline, files[name])
    report = Report(files[name].read_text("utf-8"))
    plots = page.locator(".plot")
    assert plots.count() == len(report.charts) >= 6
    for number, chart in enumerate(report.charts):
        plot = plots.nth(number)
        assert plot.get_attribute("aria-label")
        assert plot.locator(".main-svg").count() >= 1
        drawn = plot.evaluate("plot => plot._fullData.filter(trace => trace.visible === true).length")
        assert drawn == len(chart["data"])
    assert {*asked} == {files[name].as_uri()} and complaints.messages == []
    expect(page.get_by_role("columnheader", name="why it ended")).to_be_visible()
    assert page.get_by_role("cell", name="the score fell below the threshold").count() > 0


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_is_wider_than_the_page(offline: BrowserContext, files: dict[str, Path], width: int) -> None:
    for name in files:
        page, complaints, _ = show(offline, files[name])
        page.set_viewport_size({"width": width, "height": 900})
        page.reload()
        expect(page.locator(".plot:not(:has(.main-svg))")).to_have_count(0)
        wide = page.evaluate(
            """() => [...document.querySelectorAll("main *")]
              .filter((element) => !element.closest("svg, table"))
              .filter((element) => element.getBoundingClientRect().width > 0)
              .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
              .map((element) => element.outerHTML.slice(0, 80))"""
        )
        assert wide == [], name
        drawn = (
            "(plots) => plots.map((plot) => plot.querySelector('.main-svg').clientWidth - plot.clientWidth)"
        )
        assert max(page.locator(".plot").evaluate_all(drawn)) <= 1
        assert complaints.messages == []


@pytest.mark.parametrize("width", [1440, 390])
def test_it_prints_on_pages_of_a4(offline: BrowserContext, files: dict[str, Path], width: int) -> None:
    for file in files.values():
        page, complaints, _ = show(offline, file)
        page.set_viewport_size({"width": width, "height": 900})
        pdf = page.pdf(format="A4")
        pages = re.findall(rb"/Type\s*/Page\b", pdf)
        boxes = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox\s*\[([^\]]*)\]", pdf)}
        assert 1 < len(pages) < 30
        assert {(round(right / 2), round(top / 2)) for _, _, right, top in boxes} == {A4}
        assert complaints.messages == []


def test_a_chart_lies_on_one_page(offline: BrowserContext, files: dict[str, Path]) -> None:
    page, _, _ = show(offline, files["mill"])
    page.emulate_media(media="print")
    rules = "element => getComputedStyle(element).breakInside"
    for selector in ("figure", ".measures > div", "tr"):
        assert page.locator(selector).first.evaluate(rules) == "avoid", selector
    assert page.locator("pre").last.evaluate(rules) == "auto"


def test_the_button_downloads_what_the_command_writes(
    page: Page, server: Server, home: Path, sample_csv: Path, complaints: Complaints
) -> None:
    run: Run = finished(add_dataset(sample_csv, "sample-mill.csv"), PCA)
    page.goto(f"{server.address}/Evaluate?run={run.id}")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the report").click()
    download = waiting.value
    assert download.suggested_filename == f"report-{run.id}.html"
    report = Report(Path(download.path()).read_text("utf-8"))
    assert "The test data are sealed." in report.words and run.id in report.words
    assert run.looks() == [] and complaints.messages == []
