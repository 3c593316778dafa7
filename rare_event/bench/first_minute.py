"""What a newcomer waits for in a real browser: the first chart of an uploaded file, and the first model."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from rare_event.bench.browser import SETTLED, open_browser, opened, serve_app, served
from rare_event.bench.timing import Row, row

# Rows and sensors of the mill of the articles.
MILL_ROWS, MILL_SENSORS = 18_398, 61
# Streamlit alone: the same file uploaded, read by pandas, and one of its columns drawn.
PLAIN = """import pandas as pd
import plotly.graph_objects as go
import streamlit as st
st.title("Plain")
if (file := st.file_uploader("File")) is not None:
    frame = pd.read_csv(file)
    st.plotly_chart(go.Figure(go.Scatter(y=frame["x1"])))
"""
CHART = ".js-plotly-plot .main-svg"


def first_chart() -> Row:
    """Time from an upload as large as the mill to the first chart, on a server that has shown one before.

    The time includes the click that takes the file in, made as soon as its button is there. It begins once
    the browser has loaded the page, as a file dialog takes longer than that.
    """
    with TemporaryDirectory() as folder, open_browser("first-chart") as browser:
        home, plain = Path(folder) / "home", Path(folder) / "app.py"
        plain.write_text(PLAIN, encoding="utf-8")
        files = [_write_mill(Path(folder) / f"mill {seed}.csv", seed) for seed in (0, 1)]
        with serve_app(home) as address:
            ours = [_upload(opened(browser, f"{address}/Data", "Data"), file) for file in files]
        with served(["streamlit", "run", str(plain), "--server.port"], home) as address:
            reference = [_upload_plain(opened(browser, address, "Plain"), file) for file in files]
    return row(
        ours[-1],
        reference[-1],
        f"Streamlit alone, reading {MILL_ROWS:,} x {MILL_SENSORS} with pandas and drawing one column",
        first=ours[0],
    )


def first_model() -> Row:
    """Time from the click on the sample mill to a trained model, on a server that has trained one before."""
    with TemporaryDirectory() as folder, open_browser("first-model") as browser:
        home = Path(folder) / "home"
        with serve_app(home) as address:
            first, _ = _click_to_model(opened(browser, address, "rare_event"), baselines=False)
            whole, training = _click_to_model(opened(browser, address, "rare_event"))
    return row(whole, training, "the training itself, from the click on Train", first=first)


def _write_mill(path: Path, seed: int) -> Path:
    """Write a table as large as the mill, of rows two minutes apart."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        rng.normal(size=(MILL_ROWS, MILL_SENSORS)).round(6),
        columns=[f"x{number + 1}" for number in range(MILL_SENSORS)],
    )
    frame.insert(0, "y", (np.arange(MILL_ROWS) % 150 == 149).astype(int))
    frame.insert(0, "time", pd.date_range("2024-01-01", periods=MILL_ROWS, freq="2min"))
    frame.to_csv(path, index=False)
    return path


def _upload(page: Any, file: Path) -> float:
    page.wait_for_load_state("networkidle")
    began = perf_counter()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Use this file").click()
    page.locator(CHART).first.wait_for()
    return perf_counter() - began


def _upload_plain(page: Any, file: Path) -> float:
    page.wait_for_load_state("networkidle")
    began = perf_counter()
    page.locator("input[type=file]").set_input_files(file)
    page.locator(CHART).first.wait_for()
    return perf_counter() - began


def _click_to_model(page: Any, baselines: bool = True) -> tuple[float, float]:
    """Walk from the first page to a trained model; return the seconds of all, and of the training.

    Baselines, which train after the model, would still be training when another walk begins.
    """
    began = perf_counter()
    page.get_by_role("link", name="Open the sample mill").click()
    page.get_by_test_id("stMain").get_by_role("link", name="Train", exact=True).click()
    if not baselines:
        page.get_by_text("Also train the baselines").click()
        page.wait_for_function(SETTLED, arg="Train")
    page.get_by_role("button", name="Train", exact=True).click()
    clicked = perf_counter()
    page.get_by_text(re.compile(r"^Done\.")).wait_for()
    ended = perf_counter()
    return ended - began, ended - clicked
