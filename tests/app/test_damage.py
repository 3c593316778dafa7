"""Damaged files: no page ends in an error of its own or shows another figure without a word.

Each row is a file and a way it was damaged; `make proof` tries all of them.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from rare_event.store import workspace as disk
from rare_event.store.workspace import scratch_home
from tests.damages import DAMAGES, PAGES, SENTENCE, files_in, looks_at, make_workspace, seen

Seen = tuple[str, ...]
FIRST = {
    "about.json",
    "judgement.json",
    "looks.json",
    "raw.parquet",
    "scores.parquet",
    "state.json",
    "threshold.json",
    "trained.json",
}


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A workspace with one of everything, to be copied, its dataset and its run."""
    home = tmp_path_factory.mktemp("whole")
    with scratch_home(home):
        return home, *make_workspace()


@pytest.fixture
def damaged(whole: tuple[Path, str, str], workspace: Path) -> Callable[[str, str], None]:
    """Put the whole workspace in place, and damage one file of it."""
    home, *_ = whole

    def put(name: str, how: str) -> None:
        shutil.rmtree(workspace)
        shutil.copytree(home, workspace)
        DAMAGES[how](workspace / name)

    return put


def everything(open_page: Callable[..., AppTest], dataset: str, run: str) -> dict[str, list[Seen]]:
    """All that the pages show of a run; none of them ends in an error of its own."""
    st.cache_resource.clear()
    found: dict[str, list[Seen]] = {}
    for page in PAGES:
        found[page] = []
        for app in looks_at(open_page(page, dataset=dataset, run=run), page):
            assert not app.exception, (page, app.exception)
            found[page].append(seen(app))
    return found


def files_of(home: Path, dataset: str, run: str) -> list[str]:
    """The files of the dataset and the run, of the map and of the scoring."""
    folders = [
        home / "datasets" / dataset,
        home / "runs" / run,
        *home.glob("maps/*"),
        *home.glob("scorings/*"),
    ]
    return [f"{each.relative_to(home).as_posix()}/{name}" for each in folders for name in files_in(each)]


def different_without_a_word(before: dict[str, list[Seen]], after: dict[str, list[Seen]]) -> list[str]:
    """The pages that show something else, and no sentence that says why."""
    return [
        page
        for page, views in after.items()
        if views != before[page] and not any(SENTENCE.search(words) for words, *_ in views)
    ]


def test_damage_is_told_on_every_page(
    whole: tuple[Path, str, str],
    damaged: Callable[[str, str], None],
    open_page: Callable[..., AppTest],
    subtests: pytest.Subtests,
) -> None:
    """Two ways for some files; `make proof` takes all files."""
    home, dataset, run = whole
    damaged(f"runs/{run}/about.json", "nothing")
    before, again = (everything(open_page, dataset, run) for _ in range(2))
    assert before == again
    names = [name for name in files_of(home, dataset, run) if Path(name).name in FIRST]
    assert len(names) > len(FIRST)
    for place, name in enumerate(names):
        how = ("half of the rows" if name.endswith(".parquet") else "garbled", "missing")[place % 2]
        with subtests.test(f"{name}: {how}"):
            damaged(name, how)
            assert different_without_a_word(before, everything(open_page, dataset, run)) == []


def test_a_finished_run_is_viewed_on_a_disk_that_cannot_be_written(
    whole: tuple[Path, str, str],
    damaged: Callable[[str, str], None],
    open_page: Callable[..., AppTest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, dataset, run = whole
    damaged(f"runs/{run}/about.json", "nothing")
    # The first view of a map is a look at its test data, which must be recorded.
    before = everything(open_page, dataset, run)

    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(disk, "os", SimpleNamespace(**{**vars(os), "replace": refuse}))
    assert everything(open_page, dataset, run) == before
