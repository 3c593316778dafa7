"""The articles, step by step: every step is there, with what is measured on the open data."""

from dataclasses import replace

import pytest

from rare_event.compare.articles import trained
from rare_event.config import ARTICLE_THRESHOLDS, PRESETS, Rule
from rare_event.store.datasets import add_dataset
from rare_event.store.runs import list_runs
from rare_event.ui.articles.texts import PASSAGES

from .conftest import finished

PAGE = "pages/Articles.py"
BOARD = ("validation AUC", "test AUC", "positive rows caught", "false positives")


@pytest.fixture
def quick(monkeypatch):
    """Let the articles train for two epochs."""
    for name in ARTICLE_THRESHOLDS:
        training = replace(PRESETS[name].training, epochs=2)
        monkeypatch.setitem(PRESETS, name, replace(PRESETS[name], training=training))


def titles(app):
    return [each.value.partition(" · ")[2] for each in app.header if " · " in each.value]


def tables(app):
    """The tables of the page by their column names."""
    return {tuple(each.value.columns): each.value for each in app.dataframe}


def words(app):
    return " ".join(each.value for kind in (app.markdown, app.caption) for each in kind)


def test_every_step_before_training_is_shown_on_the_open_data(open_page, dataset, executor, quick) -> None:
    app = open_page(PAGE, dataset=dataset.digest)
    assert not app.exception and not app.error
    before = [passage.title for passage in PASSAGES]
    assert titles(app) == [*before[:8], *before[-4:]]
    assert "samples x lookback x features" in words(app) and "4 minutes" not in words(app)
    shown = tables(app)
    sizes = shown["windows", "positive windows", "events"]
    assert list(sizes.index) == ["training", "validation", "test"] and (sizes["events"] > 0).all()
    assert len(app.dataframe[0].value) == 5
    moments = shown["mean", "variance"]
    assert moments["mean"].abs().max() < 1e-4 and (moments["variance"] - 1).abs().max() < 1e-3
    # Nothing of the test data is shown before there is a model, and none is trained unasked.
    assert "AUC" not in [each.label for each in app.metric] and not list_runs()
    app.button(key="articles_train").click().run()
    (run,) = list_runs()
    assert run.config().rule == Rule("fixed", 0.3) and run.config().name == "article-lstm"
    assert not [each for each in app.button if each.key == "articles_train"]


def test_the_outcome_is_sealed_until_it_is_opened(open_page, dataset, quick) -> None:
    config = replace(PRESETS["article-dense-text"], rule=Rule("fixed", 0.8))
    run = finished(dataset, config)
    app = open_page(PAGE, dataset=dataset.digest)
    app.segmented_control(key="articles_article").set_value("article-dense-text").run()
    assert not app.exception and not app.error
    assert "Confusion matrix" not in titles(app) and "Reconstruction error by class" in titles(app)
    board = tables(app)[BOARD]
    assert board.loc["Articles' dense", "test AUC"] == "sealed"
    app.button(key="evaluate_open").click().run()
    assert titles(app) == [passage.title for passage in PASSAGES]
    assert len(run.looks()) == 1
    report = tables(app)["precision", "recall", "f1", "support"]
    counts = run.evaluation().confusion
    assert list(report.index) == ["Normal", "Break"]
    assert report["support"].tolist() == [counts["tn"] + counts["fp"], counts["fn"] + counts["tp"]]
    assert "sealed" not in tables(app)[BOARD].to_numpy()


def test_only_runs_of_the_article_s_own_settings_count(dataset, quick, executor) -> None:
    preset = PRESETS["article-dense-text"]
    other = finished(dataset, replace(preset, lookback=2))
    assert trained([other], dataset, "article-dense-text") is None
    same = finished(dataset, replace(preset, seed=5, rule=Rule("fixed", 0.5)))
    assert trained([other, same], dataset, "article-dense-text") == same
    assert trained([same], dataset, "article-lstm") is None


@pytest.mark.mill
def test_the_golden_numbers_of_the_articles(open_page, mill_csv, executor) -> None:
    dataset = add_dataset(mill_csv, "mill.csv")
    app = open_page(PAGE, dataset=dataset.digest)
    assert not app.exception and not app.error
    said = words(app)
    assert "18,398 rows, 63 columns, 124 event rows (0.67%) in 124 events" in said
    assert "59 sensors" in said and "x28" in said and "x61" in said
    assert "18,268 windows of 5 rows and 59 sensors" in said and "18,274 windows" not in said
    sizes = tables(app)["windows", "positive windows", "events"]
    assert sizes["windows"].tolist() == [11_691, 2_923, 3_654]
    assert sizes.loc["test", "positive windows"] == 49
    app.segmented_control(key="articles_article").set_value("article-dense-text").run()
    said = words(app)
    assert "18,274 windows of 1 row and 59 sensors" in said and "247 are positive." in said
    sizes = tables(app)["windows", "positive windows", "events"]
    assert sizes["windows"].tolist() == [11_695, 2_924, 3_655]
    assert sizes["positive windows"].tolist() == [154, 41, 52]
    # The first break is row 259 of the file: both rows before it become positive, and it is removed.
    before, after = (each.value for each in app.dataframe if "y" in each.value and len(each.value) > 5)
    assert after[after["y"] == 1].index.tolist() == [257, 258]
    assert before["y"].sum() == 1 and before.index[before["y"] == 1][0] not in after.index
