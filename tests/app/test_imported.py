"""A run that came in a bundle: each page says what it is, and none shows figures that are elsewhere."""

import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from rare_event.compare.companions import backtest_of, baselines_of, over_folds
from rare_event.config import ARTICLE_DENSE, Training, recipe
from rare_event.jobs.scoring import score_in_worker
from rare_event.store.archive import import_archive, is_imported, save_archive
from rare_event.store.datasets import Dataset
from rare_event.store.runs import Run
from rare_event.store.scorings import create_scoring
from rare_event.ui.code import LABEL
from rare_event.ui.state import IMPORTED, KEY
from tests.app.conftest import PCA, finished
from tests.app.test_pages import OpenPage, button, link, texts, titles, unescaped
from tests.small import DENSE

PAGES = (
    "app.py",
    "pages/1_Data.py",
    "pages/2_Train.py",
    "pages/3_Threshold.py",
    "pages/4_Evaluate.py",
    "pages/6_Compare.py",
    "pages/7_Score.py",
    "pages/Articles.py",
)
OF_SCORES = ("pages/3_Threshold.py", "pages/4_Evaluate.py")


def moved(run: Run, folder: Path, with_data: bool) -> Run:
    """Return a run in another workspace, which has the same dataset by chance or not."""
    save_archive(run, folder / "model.zip")
    imported = import_archive(folder / "model.zip")
    shutil.rmtree(run.folder)
    if not with_data:
        shutil.rmtree(run.folder.parents[1] / "datasets")
    return imported


@pytest.fixture(params=[True, False], ids=["data here", "data elsewhere"])
def imported(request: pytest.FixtureRequest, done_run: Run, tmp_path: Path) -> Run:
    return moved(done_run, tmp_path, request.param)


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_called_missing_or_damaged(open_page: OpenPage, imported: Run, page: str) -> None:
    app = open_page(page, run=imported.id)
    assert not app.exception and not app.error and not app.toast
    assert "damaged" not in texts(app) and "Train the run again" not in texts(app)
    assert app.session_state[KEY].run_id == imported.id


@pytest.mark.parametrize("page", OF_SCORES)
def test_the_pages_of_scores_say_where_they_are(open_page: OpenPage, imported: Run, page: str) -> None:
    app = open_page(page, run=imported.id)
    assert IMPORTED in unescaped(app) and link(app, "Score new rows")
    assert not app.metric and not titles(app) and not app.button
    assert not [each for each in app.expander if each.label == LABEL]
    assert not imported.looks()


def test_the_train_page_leads_to_scoring(open_page: OpenPage, done_run: Run, tmp_path: Path) -> None:
    imported = moved(done_run, tmp_path, with_data=True)
    app = open_page("pages/2_Train.py", run=imported.id)
    assert IMPORTED in unescaped(app) and link(app, "Score new rows")
    assert "set the threshold" not in texts(app) and not [e for e in app.expander if e.label == LABEL]
    (runs,) = [each.value for each in app.dataframe if "state" in each.value]
    assert runs["state"].tolist() == ["imported"]


def test_a_network_has_its_files_and_no_loss(open_page: OpenPage, dataset: Dataset, tmp_path: Path) -> None:
    imported = moved(finished(dataset, DENSE), tmp_path, with_data=True)
    app = open_page("pages/2_Train.py", run=imported.id)
    assert not app.exception and not app.error and IMPORTED in unescaped(app)
    assert "Files of this run" in [each.label for each in app.expander]
    assert not [name for name in titles(app) if "loss" in name.casefold()]


def test_it_is_not_compared(open_page: OpenPage, done_run: Run, tmp_path: Path) -> None:
    dataset = done_run.dataset()
    imported = moved(done_run, tmp_path, with_data=True)
    app = open_page("pages/6_Compare.py", run=imported.id)
    assert "1 run came in a bundle without scores, so it is not compared here." in unescaped(app)
    assert "No run on this dataset has finished yet" in texts(app) and not app.button
    own = finished(dataset, PCA)
    own.look()
    app = open_page("pages/6_Compare.py", run=own.id)
    assert not app.exception and not app.error and "it is not compared here" in unescaped(app)
    assert "1 run is still sealed" not in texts(app) and not imported.looks()


def test_it_stands_in_for_no_other_run(dataset: Dataset, tmp_path: Path) -> None:
    baseline = moved(finished(dataset, recipe("squares", PCA)), tmp_path, with_data=True)
    run = finished(dataset, PCA)
    assert "squares" not in baselines_of(run) and is_imported(baseline)
    moved(finished(dataset, over_folds(PCA)), tmp_path, with_data=True)
    assert backtest_of(run) is None
    again = finished(dataset, over_folds(PCA))
    found = backtest_of(run)
    assert found is not None and found.id == again.id


def test_the_articles_train_their_own(open_page: OpenPage, dataset: Dataset, tmp_path: Path) -> None:
    config = replace(ARTICLE_DENSE, training=Training(epochs=1, patience=None))
    imported = moved(finished(dataset, config), tmp_path, with_data=True)
    app = open_page("pages/Articles.py", run=imported.id)
    assert not app.exception and not app.error
    assert button(app, "Train Articles' LSTM")


def test_it_scores(open_page: Callable[..., AppTest], imported: Run, sample_csv: Path) -> None:
    rows = pd.read_csv(sample_csv)[:400].to_csv(index=False).encode()
    scoring = create_scoring(imported, [(io.BytesIO(rows), "new.csv")])
    score_in_worker(scoring.id)
    app = open_page("pages/7_Score.py", run=imported.id)
    assert not app.exception and not app.error and app.metric
    assert [each.label for each in app.expander if each.label == LABEL]


def test_a_damaged_imported_run_is_forgotten(open_page: OpenPage, done_run: Run, tmp_path: Path) -> None:
    imported = moved(done_run, tmp_path, with_data=False)
    (imported.folder / "status.json").write_text("{")
    app = open_page("pages/3_Threshold.py", run=imported.id)
    assert app.session_state[KEY].run_id is None and not app.exception
