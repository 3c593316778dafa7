"""The explorer in a real browser: what moves, what is sent, and what is counted."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, WebSocket, expect
from sklearn.metrics import confusion_matrix

from rare_event.bench.data import synthetic_scores
from rare_event.config import RECOMMENDED, AlarmPolicy, Rule, SplitPlan
from rare_event.jobs.worker import execute
from rare_event.judge.load import Load, load_at
from rare_event.judge.scores import Scores
from rare_event.prepare.sample import write_sample
from rare_event.store.datasets import add_dataset
from rare_event.store.records import Committed, Status
from rare_event.store.runs import Run, create_run, list_runs
from tests.browser.conftest import ROOT, Complaints, Server, settled
from tests.small import PCA, summary_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

MOVES = 120
RULES = {
    "Catch at least this share of the events": "at least 50% of the events",
    "Highest F-beta": "the highest F-beta",
    "Least cost": "the least cost",
    "Fixed quantile": "the 0.99 quantile",
}


@pytest.fixture(scope="module")
def mill_run(home: Path, mill_csv: Path) -> Run:
    """The LSTM on the real mill, trained briefly: its errors have the long tails."""
    command = [
        sys.executable,
        "-m",
        "rare_event",
        "run",
        str(mill_csv),
        "--preset",
        "article-lstm",
        "--epochs",
        "2",
    ]
    subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"RARE_EVENT_HOME": str(home)})
    return list_runs()[0]


@pytest.fixture(scope="module")
def million_run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose validation part has 1,000,000 scored rows."""
    return scored_run(tmp_path_factory.mktemp("sample"), 1_000_000)


@pytest.fixture(scope="module")
def quick_run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose threshold is counted in no time."""
    return scored_run(tmp_path_factory.mktemp("sample"), 12_000)


def scored_run(folder: Path, n: int) -> Run:
    """A run that is done, with synthetic scores."""
    dataset = add_dataset(write_sample(folder / "sample.csv"), "sample.csv")
    run, scores = create_run(dataset, RECOMMENDED), synthetic_scores(n)
    run.save_scores({"validation": [scores], "test": [scores.where(scores.row < 12_000)]})
    nothing = pd.DataFrame({"fold": [0], "row": [0], "sensor_1": [0], "share_1": [1.0]})
    run.save_contributions({"validation": nothing, "test": nothing}, ("first",))
    run.commit(Committed({0: float(np.quantile(scores.y_score, 0.999))}, Rule(), AlarmPolicy()))
    run.save_evaluation(summary_of(auc=0.5))
    run.write_status(Status("done"))
    return run


def open_explorer(page: Page, server: Server, run: Run) -> Locator:
    page.goto(f"{server.address}/Threshold?run={run.id}")
    root = page.locator(".explorer[data-threshold]")
    expect(root).to_be_visible(timeout=60_000)
    return root


def stands_at(root: Locator) -> float:
    return float(root.get_attribute("data-threshold") or "nan")


def shown(root: Locator) -> tuple[float, list[int]]:
    """Threshold and confusion matrix, read at one moment."""
    threshold, *cells = root.evaluate(
        """(root) => [root.dataset.threshold, ...["tn", "fp", "fn", "tp"].map(
            (name) => root.querySelector(`td[data-figure=${name}]`).textContent)]"""
    )
    return float(threshold), [int(cell.replace(",", "")) for cell in cells]


def expected_matrix(scores: Scores, threshold: float) -> list[int]:
    counts: list[int] = (
        confusion_matrix(scores.y_true, scores.y_score >= threshold, labels=[0, 1]).ravel().tolist()
    )
    return counts


def next_frame(page: Page) -> None:
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def drag(page: Page, root: Locator, shares: list[float]) -> None:
    """Press on the curves, move to each share of their width, one move a frame; do not let go."""
    curves = root.locator("svg.curves")
    curves.scroll_into_view_if_needed()
    box = curves.bounding_box()
    assert box is not None
    left, width = box["x"] + 60, box["width"] - 110
    page.mouse.move(left + shares[0] * width, box["y"] + 100)
    page.mouse.down()
    for share in shares:
        page.mouse.move(left + share * width, box["y"] + 100)
        page.evaluate("new Promise(requestAnimationFrame)")


@pytest.mark.parametrize("which", [pytest.param("mill_run", marks=pytest.mark.mill), "million_run"])
def test_a_drag_draws_every_frame_and_sends_nothing(
    page: Page, server: Server, request: pytest.FixtureRequest, which: str, complaints: Complaints
) -> None:
    run: Run = request.getfixturevalue(which)
    sent: list[object] = []

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", lambda message: sent.append(message))

    page.on("websocket", watch)
    root = open_explorer(page, server, run)
    assert int(root.get_attribute("data-columns") or 0) == 2000
    committed = run.committed()
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.evaluate("performance.clearMeasures()")
    before = len(sent)
    drag(page, root, np.linspace(0.95, 0.05, MOVES).tolist())
    frames = page.evaluate("performance.getEntriesByName('threshold-frame').length")
    assert frames >= MOVES - 5
    assert len(sent) == before, "something was sent during the drag"
    released_at = stands_at(root)
    page.mouse.up()
    commit = page.get_by_role("button", name="Commit this threshold")
    expect(page.get_by_text(re.compile(r"Threshold shown: [^·]+\(set by hand"))).to_be_visible()
    assert len(sent) == before + 1, "one message is sent on release"
    assert shown(root) == (released_at, expected_matrix(run.scores("validation"), released_at))
    assert run.committed() == committed, "letting go must not commit"
    commit.click()
    expect(page.get_by_text(re.compile(r"Committed on .* \(set by hand"))).to_be_visible()
    assert run.committed().thresholds == {0: released_at}
    promise = run.committed().promise
    assert promise is not None and promise != committed.promise
    expect(page.get_by_text(promise.in_words())).to_be_visible()
    run.commit(committed)
    assert complaints.messages == []


@pytest.mark.mill
def test_every_way_to_set_the_threshold_counts_alike(page: Page, server: Server, mill_run: Run) -> None:
    scores = mill_run.scores("validation")
    random = np.random.default_rng(0)
    root = open_explorer(page, server, mill_run)
    seen = set()

    def agree() -> None:
        threshold, cells = shown(root)
        assert cells == expected_matrix(scores, threshold)
        seen.add(threshold)

    for share in random.uniform(0, 1, 45):
        drag(page, root, [float(share)])
        next_frame(page)
        agree()
        page.mouse.up()
    slider = root.get_by_role("slider")
    slider.focus()
    for key in random.choice(["ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End"], 20).tolist():
        slider.press(key)
        next_frame(page)
        agree()
    for threshold in random.uniform(scores.y_score.min(), np.quantile(scores.y_score, 0.99), 20).tolist():
        typed = f"{threshold:.10g}"
        # What was typed last holds, though what the key did is still on its way.
        slider.press("PageUp")
        field = root.get_by_role("spinbutton", name="Exact threshold")
        field.fill(typed)
        field.press("Enter")
        expect(root).to_have_attribute("data-threshold", str(float(typed)))
        agree()
    settled(page)
    assert stands_at(root) == float(typed), "an earlier threshold came back"
    for rule, words in RULES.items():
        settled(page)
        choice = page.get_by_role("combobox", name="Choose the threshold by a rule")
        choice.click()
        choice.fill(rule)
        page.get_by_role("option", name=rule).first.click()
        page.get_by_role("button", name="Apply this rule").click()
        expect(page.get_by_text(re.compile(rf"Threshold shown: [^·]+\({words}"))).to_be_visible()
        next_frame(page)
        agree()
    assert len(seen) >= 50


def test_an_impossible_threshold_is_said_at_the_field_and_not_taken(
    page: Page, server: Server, quick_run: Run, complaints: Complaints
) -> None:
    root = open_explorer(page, server, quick_run)
    settled(page)
    before = stands_at(root)
    field, problem = root.get_by_role("spinbutton", name="Exact threshold"), root.get_by_role("alert")
    expect(problem).to_be_empty()
    for typed in ("-1", "1000000000", "1e", ""):
        field.click()
        field.press("Control+a")
        page.keyboard.press("Delete")
        page.keyboard.type(typed)
        field.press("Enter")
        expect(problem).to_have_text(
            re.compile(r"Type a number from \S+ to \S+\. The threshold is still \S+\.")
        )
        settled(page)
        assert stands_at(root) == before, typed
        field.blur()
        next_frame(page)
        left = root.get_attribute("data-threshold") or ""
        root.get_by_role("slider").press("PageDown")
        # The handle moves with the next frame.
        expect(root).not_to_have_attribute("data-threshold", left)
        expect(problem).to_be_empty()
        settled(page)
        before = stands_at(root)
    for limit in (1, 2):
        field.fill("-1")
        field.press("Enter")
        found = re.search(r"from (\S+) to (\S+)\. The", problem.inner_text())
        assert found
        field.fill(found.group(limit))
        field.press("Enter")
        # A limit that is named can be typed.
        expect(root).to_have_attribute("data-threshold", found.group(limit))
        expect(problem).to_be_empty()
        settled(page)
    assert page.get_by_test_id("stException").count() == 0
    assert complaints.messages == []


def test_an_answer_to_a_release_does_not_overwrite_what_is_typed(
    page: Page, server: Server, quick_run: Run, complaints: Complaints
) -> None:
    root = open_explorer(page, server, quick_run)
    settled(page)
    field = root.get_by_role("spinbutton", name="Exact threshold")
    for share in (0.3, 0.6):
        drag(page, root, [share])
        released_at = stands_at(root)
        page.mouse.up()
        field.focus()
        page.keyboard.type("0.2")
        # The answer to the release arrives between two digits.
        expect(page.get_by_text(re.compile(r"Threshold shown: [^·]+\(set by hand"))).to_be_visible()
        settled(page)
        assert field.input_value() == "0.2"
        page.keyboard.type("5")
        page.keyboard.press("Tab")
        next_frame(page)
        assert float(field.input_value()) == 0.25, "the release came back into the field"
        expect(root).to_have_attribute("data-threshold", "0.25")
        settled(page)
        assert stands_at(root) == 0.25 != released_at
        # The second message is sent while the first one has no answer.
        drag(page, root, [share])
        page.mouse.up()
        field.fill("0.125")
        field.press("Tab")
        next_frame(page)
        assert float(field.input_value()) == 0.125
        settled(page)
        expect(root).to_have_attribute("data-threshold", "0.125")
        settled(page)
        assert stands_at(root) == float(field.input_value()) == 0.125
    assert complaints.messages == []


@pytest.mark.mill
def test_the_handle_speaks_and_nothing_stands_in_the_way(page: Page, server: Server, mill_run: Run) -> None:
    root = open_explorer(page, server, mill_run)
    slider = root.get_by_role("slider", name="Threshold")
    spoken = slider.get_attribute("aria-valuetext") or ""
    assert re.match(r"threshold [\d.]+, \d+ of \d+ events caught, [\d.]+ false alarms per day", spoken)
    assert "NaN" not in spoken
    slider.focus()
    slider.press("PageDown")
    expect(slider).not_to_have_attribute("aria-valuetext", spoken)
    found = Axe().run(page).response["violations"]
    serious = [
        f"{rule['id']}: {rule['help']} {[node['target'] for node in rule['nodes']]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.mark.mill
@pytest.mark.parametrize("kind", ["SVG", "PNG"])
def test_the_chart_can_be_saved(page: Page, server: Server, mill_run: Run, kind: str) -> None:
    root = open_explorer(page, server, mill_run)
    with page.expect_download() as started:
        root.get_by_role("button", name=kind).click()
    saved = Path(started.value.path()).read_bytes()
    assert started.value.suggested_filename == f"threshold-validation.{kind.lower()}"
    assert saved.startswith(b"<svg" if kind == "SVG" else b"\x89PNG")
    assert b"undefined" not in saved


def test_the_line_over_time_moves_all_charts_and_the_figures_and_sends_nothing(
    page: Page, server: Server, quick_run: Run, complaints: Complaints
) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda message: sent.append(message)))
    root = open_explorer(page, server, quick_run)
    settled(page)
    scores, chart = quick_run.scores("validation"), root.locator(".over-time")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    lines = (".over-time svg", "svg.curves", "svg.classes")
    load = page.locator(".load")

    def judged() -> Load:
        return load_at(scores, {0: stands_at(root)}, quick_run.committed().policy)

    def moving() -> list[str]:
        next_frame(page)
        stand = [root.locator(f"{chart} > line[transform]").get_attribute("transform") for chart in lines]
        caught = page.locator(".figures [data-figure=caught]").inner_text()
        return [*map(str, stand), caught, load.inner_text(), str(stands_at(root))]

    page.mouse.move(box["x"] + 300, box["y"] + 40)
    page.mouse.down()
    before, high = len(sent), moving()
    page.mouse.move(box["x"] + 300, box["y"] + 130)
    low = moving()
    assert not set(high) & set(low), "one of them did not move"
    assert float(low[-1]) < float(high[-1]), "the lower line is the lower threshold"
    height = float(re.findall(r"[\d.]+", low[0])[1])
    assert abs(height - 130) <= 2, "the line is under the pointer"
    assert shown(root)[1] == expected_matrix(scores, stands_at(root))
    # The words of the browser are those of the command line.
    assert load.locator("[data-figure=load]").inner_text() == judged().in_words()
    worst = (
        f"Worst 10 min: {judged().worst_ten_minutes} (max 10) · worst hour: {judged().worst_hour} (max 30)"
    )
    assert f"{worst} · worst 24 h: {judged().worst_day} (max 150)" in load.inner_text()
    # What is drawn solid ends at the line.
    clip = root.locator("canvas").nth(1).evaluate("(canvas) => getComputedStyle(canvas).clipPath")
    assert abs(box["height"] - height - float(re.findall(r"[\d.]+", clip)[2])) < 1
    assert len(sent) == before, "something was sent during the drag"
    page.mouse.up()
    expect(page.get_by_text(re.compile(r"Threshold shown: [^·]+\(set by hand"))).to_be_visible()
    assert len(sent) == before + 1
    assert complaints.messages == []


def test_the_figures_and_the_button_that_commits_are_in_sight(
    page: Page, server: Server, quick_run: Run
) -> None:
    root = open_explorer(page, server, quick_run)
    next_frame(page)
    figures = page.locator(".figures")
    # What no run without events shows is not there.
    expect(figures.get_by_text("Time in alarm")).to_be_hidden()
    expect(root.locator("line.watch")).to_have_count(0)
    commit = page.get_by_role("button", name="Commit this threshold")
    for part in (figures, commit, page.get_by_role("combobox", name="Choose the threshold by a rule")):
        box = part.bounding_box()
        assert box is not None and box["y"] > 0 and box["y"] + box["height"] < 900
    top, chart = figures.bounding_box(), root.locator(".over-time").bounding_box()
    assert top is not None and chart is not None and top["y"] + top["height"] < chart["y"]
    assert chart["y"] + chart["height"] < 900
    assert not [cell for cell in figures.locator("dd:not(.interval):visible").all_inner_texts() if not cell]


@pytest.mark.mill
def test_both_tails_can_be_read(page: Page, server: Server, mill_run: Run) -> None:
    root = open_explorer(page, server, mill_run)
    shapes = set()
    for button in ("Whole range", "Log axis", "Whole range"):
        shapes.add(root.locator("svg.curves path").nth(1).get_attribute("d"))
        root.get_by_role("button", name=button).click()
        next_frame(page)
    shapes.add(root.locator("svg.curves path").nth(1).get_attribute("d"))
    assert len(shapes) >= 3
    assert not any("NaN" in (shape or "") for shape in shapes)


def test_words_of_the_charts_do_not_lie_over_one_another(page: Page, server: Server, quick_run: Run) -> None:
    # Its scores cover seven powers of ten.
    watched = replace(PCA, split=SplitPlan("rolling"), watch=Rule("fa-per-day", 6.0))
    run = create_run(quick_run.dataset(), watched)
    execute(run)
    root = open_explorer(page, server, run)
    # The watch level has a thinner line in each chart, which does not move with the threshold.
    ends = "lines => lines.map(line => ['x1', 'y1', 'transform'].map(name => line.getAttribute(name)))"
    lines = root.locator("line.watch")
    expect(lines).to_have_count(3)
    before, stood = lines.evaluate_all(ends), stands_at(root)
    root.get_by_role("slider").press("ArrowRight")
    next_frame(page)
    assert stands_at(root) > stood and lines.evaluate_all(ends) == before
    for _ in range(2):
        over = root.evaluate(
            """root => {
                const texts = [...root.querySelectorAll('svg')].flatMap(svg => {
                    const found = [...svg.querySelectorAll('text')].map(text => [
                        text.textContent, text.getBoundingClientRect()]);
                    return found.flatMap(([a, one], i) => found.slice(i + 1).filter(([, other]) =>
                        one.width && other.width && one.left < other.right - 1 && other.left < one.right - 1
                        && one.top < other.bottom - 6 && other.top < one.bottom - 6).map(([b]) => [a, b]));
                });
                return texts;
            }"""
        )
        assert over == []
        root.get_by_role("button", name="Log axis").click()
