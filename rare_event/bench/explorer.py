"""A frame of the threshold explorer, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from rare_event.bench.browser import VIEWPORT, open_browser
from rare_event.bench.data import synthetic_scores
from rare_event.bench.timing import Row, row
from rare_event.config import AlarmPolicy

MOVES = 120
EXPLORER = Path(__file__).parents[1] / "ui" / "threshold_explorer"


def explorer_frame() -> Row:
    """Measure the script time per frame while dragging over 1,000,000 scored rows, 95th percentile.

    Raises
    ------
    ConfigError
        If Playwright or Chromium is missing.
    """
    with open_browser("explorer-frame") as browser:
        page = browser.new_page(viewport=VIEWPORT)
        page.set_content(_explorer_page())
        page.wait_for_selector(".explorer[data-threshold]")
        box = page.locator("svg.curves").bounding_box() or {"x": 0, "y": 0, "width": 800, "height": 206}
        page.mouse.move(box["x"] + 100, box["y"] + 100)
        page.mouse.down()
        page.evaluate("performance.clearMeasures()")
        for share in np.linspace(0.05, 0.95, MOVES).tolist():
            page.mouse.move(box["x"] + share * box["width"], box["y"] + 100)
            page.evaluate("new Promise(requestAnimationFrame)")
        spent = page.evaluate(
            "performance.getEntriesByName('threshold-frame').map((frame) => frame.duration)"
        )
    p95 = float(np.quantile(spent, 0.95)) / 1000
    return row(p95, 1 / 60, "one frame at 60 Hz", frames=len(spent), moves=MOVES)


def _explorer_page() -> str:
    """Return an HTML page of the explorer with 1,000,000 scored rows."""
    from rare_event.config import Costs
    from rare_event.config.labels import SCORE
    from rare_event.judge.explorer import event_levels, explorer_columns
    from rare_event.plots.explorer import explorer_data, long_data

    scores, policy = synthetic_scores(1_000_000), AlarmPolicy()
    threshold = float(np.quantile(scores.y_score, 0.99))
    data = explorer_data(
        long_data(explorer_columns(scores, policy, (threshold,)), scores),
        scores,
        event_levels(scores, policy),
        threshold,
        part="Validation",
        label=SCORE,
        costs=Costs(),
    )
    (html, css, script), (figures, style, live) = (
        [(EXPLORER / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")]
        for name in ("explorer", "figures")
    )
    # The figures above the charts are a component of their own.
    start = "explorer({ data, parentElement: document.body, setTriggerValue() {} });"
    live = live.replace("export default function figures", "function follow")
    return (
        f"<style>{css}{style}</style><body>{figures}{html}<script type='module'>{live}\n"
        "follow({ parentElement: document.body });</script>"
        f"<script type='module'>const data = {json.dumps(data)};\n"
        f"{script.replace('export default function', 'function')}\n{start}</script></body>"
    )
