"""Switching pages of the app in a real browser: on an idle server, and while it reads a large file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np

from rare_event.bench.browser import SETTLED, open_browser, opened, serve_app, served
from rare_event.bench.reading import INGEST_ROWS, write_large
from rare_event.bench.timing import Row, row

PAGES = ("Data", "Train", "Threshold", "Evaluate", "Compare")
ROUNDS = 10
# A heading alone: what any page of Streamlit takes.
PLAIN = """import streamlit as st
st.title({name!r})
for page, name in {names!r}:
    st.page_link(page, label=name)
"""


def page_switch() -> Row:
    """Time a click on each page's link until the page is whole, against pages with a heading only.

    Each page was open once before, and the test data are open. The time is the 95th percentile of the
    slowest page; `pages` has that of each page, and `first` the time of its first opening, in seconds.
    """
    with TemporaryDirectory() as folder, open_browser("page-switch") as browser:
        home = Path(folder) / "home"
        query = trained(home)
        with serve_app(home) as address:
            page = opened(browser, f"{address}/Data?{query}", "Data")
            first = {name: _switch(page, name) for name in (*PAGES[1:], "Data")}
            first["Evaluate, opened"] = _open_test_data(page)
            times = {name: [] for name in PAGES}  # type: dict[str, list[float]]
            for _ in range(ROUNDS):
                for name in PAGES:
                    times[name].append(_switch(page, name))
        with served(["streamlit", "run", str(_plain_app(Path(folder))), "--server.port"], home) as address:
            page = opened(browser, f"{address}/A", "A")
            plain = [_switch(page, name) for name in ("B", "A") * (ROUNDS + 1)][2:]
    slow = {name: _p95(each) for name, each in times.items()}
    worst = max(slow, key=slow.__getitem__)
    return row(
        slow[worst],
        _p95(plain),
        f"pages with a heading only; the slowest page is {worst}: "
        + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in slow.items()),
        pages=slow,
        first=first,
    )


def answers(n_rows: int | None = None) -> Row:
    """Time page switches of one analyst while the server reads the file of another, against an idle server.

    Parameters
    ----------
    n_rows
        Rows of the file; None takes `INGEST_ROWS`.
    """
    n_rows = n_rows or INGEST_ROWS
    with TemporaryDirectory() as folder, open_browser("answers") as browser:
        home, large = Path(folder) / "home", Path(folder) / "large.csv"
        query = trained(home)
        write_large(large, n_rows)
        with serve_app(home) as address:
            page = opened(browser, f"{address}/Data?{query}", "Data")
            for name in (*PAGES[1:], "Data"):
                _switch(page, name)
            idle = [_switch(page, name) for name in PAGES]
            other = opened(browser, f"{address}/Data", "Data")
            other.locator("input[type=file]").set_input_files(large)
            began, busy = perf_counter(), []
            while other.get_by_role("button", name="Use this file").count() == 0:
                busy += [_switch(page, name) for name in PAGES]
            took = perf_counter() - began
    return row(
        _p95(busy),
        _p95(idle),
        f"the same pages of an idle server; {n_rows:,} rows were uploaded and read in {took:.0f} s",
        switches=len(busy),
    )


def _p95(times: list[float]) -> float:
    return float(np.quantile(times, 0.95))


def _open_test_data(page: Any) -> float:
    """Open the test data on the Evaluate page and return the seconds until they are shown."""
    _switch(page, "Evaluate")
    began = perf_counter()
    page.get_by_role("button", name="Open the test data").click()
    page.get_by_text("would have been caught").wait_for()
    page.wait_for_function(SETTLED, arg="Evaluate")
    return perf_counter() - began


def _switch(page: Any, name: str) -> float:
    """Open a page by its link and return the seconds until it is whole."""
    link = page.get_by_test_id("stPageLink-NavLink").filter(has_text=name).first
    began = perf_counter()
    link.click()
    page.wait_for_function(SETTLED, arg=name)
    return perf_counter() - began


def trained(home: Path) -> str:
    """Train the recommended model on the sample mill, and return the address of the run."""
    code = "from rare_event.bench.pages import train_sample; train_sample()"
    environment = {**os.environ, "RARE_EVENT_HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=environment)
    return "&".join(f"{name}={value}" for name, value in json.loads(done.stdout.splitlines()[-1]).items())


def train_sample() -> None:
    """Train the recommended model on the sample mill in the workspace, and write what to open."""
    from rare_event.config import RECOMMENDED, SplitPlan
    from rare_event.jobs.worker import execute
    from rare_event.prepare.sample import sample_mill
    from rare_event.store.datasets import add_dataset
    from rare_event.store.runs import create_run

    dataset = add_dataset(sample_mill().to_csv(index=False).encode(), "sample-mill.csv")
    run = create_run(dataset, replace(RECOMMENDED, split=SplitPlan("rolling")))
    execute(run)
    sys.stdout.write(json.dumps({"dataset": dataset.digest, "run": run.id}) + "\n")


def _plain_app(folder: Path) -> Path:
    names = [(f"pages/{name}.py", name) for name in ("A", "B")]
    (folder / "pages").mkdir()
    for page, name in names:
        (folder / page).write_text(PLAIN.format(name=name, names=names), encoding="utf-8")
    script = folder / "app.py"
    script.write_text(PLAIN.format(name="Plain", names=names), encoding="utf-8")
    return script
