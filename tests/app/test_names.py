"""Pages show names: no key of a model, representation, rule, split, preset or recipe."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from rare_event.compare.titles import title_of
from rare_event.config import RECIPES, ExperimentConfig, name_of, recipe
from rare_event.config.labels import NAMES
from rare_event.store.datasets import Dataset
from tests.app.conftest import PCA, every_view, finished
from tests.app.test_pages import PAGES, OpenPage

KEYS = {key for key in NAMES.keys() | RECIPES.keys() if key.lower() != name_of(key).lower()}
OF_NAMES = " ".join([*NAMES.values(), *(each.title for each in RECIPES.values())])
# Words of sentences too: keys only where they stand alone.
ENGLISH = {"average", "chance", "combined", "deviation", "difference", "either", "fixed", "level", "recall"}
ENGLISH |= {*re.findall(r"[\w-]+", OF_NAMES), *re.findall(r"\w+", OF_NAMES)}
# Figures of that name, on curves and in tables.
FIGURES = {"chance", "events", "recall"}
IN_TEXT = re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(KEYS - ENGLISH))})(?![\w-])")
# Not for people: identities, and data that are read as JSON or as tables.
UNSEEN = {"id", "form_id", "key", "spec", "data", "url", "columns", "mixed_json", "json", "icon"}


def raw_keys(text: str) -> list[str]:
    """The keys in a text that stands by itself."""
    text = text.strip(" *`")
    return [text] if text in KEYS - FIGURES else IN_TEXT.findall(text)


def standing(app: AppTest) -> Iterator[str]:
    """Every text on a page: each label, help, option, cell and word of a chart."""
    for table in (*app.dataframe, *app.table):
        shown = table.value[list(table.proto.column_order) or list(table.value.columns)]
        yield from map(str, shown.columns)
        yield from (cell for cell in shown.to_numpy().ravel() if isinstance(cell, str))
    for node in nodes(app.main, app.sidebar):
        yield from texts_in(node.proto)
        if node.type == "plotly_chart":
            yield from strings(json.loads(node.proto.spec))


def nodes(*blocks: Block) -> Iterator[Any]:
    for block in blocks:
        for node in block.children.values():
            if isinstance(node, Block):
                yield from nodes(node)
            if node.proto is not None:
                yield node


def texts_in(message: Any) -> Iterator[str]:
    for field, value in message.ListFields():
        several = value if field.is_repeated else [value]
        if field.name not in UNSEEN and field.type == field.TYPE_STRING:
            yield from several
        elif field.name not in UNSEEN and field.type == field.TYPE_MESSAGE:
            for each in several:
                if hasattr(each, "ListFields"):
                    yield from texts_in(each)


def strings(plain: Any) -> Iterator[str]:
    for each in plain.values() if isinstance(plain, dict) else plain:
        if isinstance(each, dict | list):
            yield from strings(each)
        elif isinstance(each, str):
            yield each


@pytest.mark.parametrize("config", [PCA, recipe("forest", PCA)], ids=["pca", "forest"])
def test_no_page_shows_a_raw_key(open_page: OpenPage, dataset: Dataset, config: ExperimentConfig) -> None:
    run = finished(dataset, config)
    found: dict[tuple[str, ...], str] = {}
    for sealed in (True, False):
        if not sealed:
            run.look()
        for page in PAGES:
            for app in every_view(open_page(page, run=run.id)):
                texts = [text.replace("\\", "") for text in standing(app)]
                assert not app.exception and title_of(config) in " ".join(texts)
                found |= {(page, *raw_keys(text)): text for text in texts if raw_keys(text)}
    assert not found, found


def test_a_raw_key_is_found_wherever_it_stands() -> None:
    assert {"cnn-lstm", "fa-per-day", "trailing-quantile", "pca-t2", "level", "gru"} <= KEYS
    assert raw_keys("by the rule *fa-per-day*, of vae") == ["fa-per-day", "vae"]
    assert raw_keys("level") == ["level"] and raw_keys("**level**") == ["level"]
    assert not raw_keys("the level of the tank") and not raw_keys("VAE, CNN-LSTM on levels")
