"""Followers on the Score page: what each does, until it is taken off the list."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from rare_event.cli.parser import main
from rare_event.config import Rule
from rare_event.store.claim import claimed
from rare_event.store.datasets import add_dataset
from rare_event.store.followed import STATE
from rare_event.store.followers import list_followers
from rare_event.store.runs import Run
from tests.app.conftest import Deferred, finished
from tests.app.test_pages import button, texts, unescaped
from tests.small import PCA, small_frame

PAGE = "pages/7_Score.py"
OpenPage = Callable[..., AppTest]


@pytest.fixture
def run(executor: Deferred, small_csv: bytes) -> Run:
    return finished(add_dataset(small_csv, "small.csv"), replace(PCA, rule=Rule("quantile", 0.9)))


@pytest.fixture
def out(run: Run, tmp_path: Path) -> Path:
    """Where a follower has left its results."""
    watched, out = tmp_path / "in", tmp_path / "out"
    watched.mkdir()
    new = small_frame(300).assign(time=lambda f: f["time"] + pd.Timedelta(days=30))
    new.to_csv(watched / "new.csv", index=False)
    (watched / "bad.csv").write_text("x;y\n1;2\n")
    assert main(["follow", run.id, "--watch", str(watched), "--out", str(out), "--once"]) == 0
    return out


def test_what_a_follower_does_not_sound_in_is_said_as_of_a_file(
    open_page: OpenPage, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = small_frame(300).assign(time=lambda f: f["time"] + pd.Timedelta(days=30)).drop(columns="y")
    clock = (new["time"] - small_frame(300)["time"][0]) / pd.Timedelta(minutes=1)
    stops = ((float(clock[100]), float(clock[109]), ""),)
    committed = run.committed()
    run.commit(replace(committed, policy=replace(committed.policy, stops=stops)))
    watched, out = tmp_path / "in", tmp_path / "out"
    watched.mkdir()
    new.to_csv(watched / "new.csv", index=False)
    scored = ["score", run.id, str(watched / "new.csv"), "--out", str(tmp_path / "scored")]
    assert main(scored) == 0
    told = capsys.readouterr().out
    said = next(line for line in told.splitlines() if line.startswith("Alarms are suppressed in "))
    follow = ["follow", run.id, "--watch", str(watched), "--out", str(out), "--once"]
    assert main(follow) == 0
    assert said in capsys.readouterr().out.splitlines()
    assert said in unescaped(open_page(PAGE, run=run.id))
    assert main([*follow, "--json"]) == 0
    assert said not in capsys.readouterr().out
    # Without suppression nothing is said of it.
    run.commit(committed)
    assert main([*follow[:-2], str(tmp_path / "other"), "--once"]) == 0
    assert "suppressed" not in capsys.readouterr().out


def test_without_a_follower_the_page_says_how_one_is_started(open_page: OpenPage, run: Run) -> None:
    app = open_page(PAGE, run=run.id)
    assert "Followed folders" not in [each.value for each in app.header]
    (command,) = [each.value for each in app.code]
    assert command == f"rare-event follow {run.id} --watch FOLDER --out RESULTS"


def test_a_follower_is_shown_with_its_alarms_and_files(
    open_page: OpenPage, run: Run, out: Path, polling: Callable[[], set[str]]
) -> None:
    with claimed(out):
        app = open_page(PAGE, run=run.id)
        assert not app.exception and "Followed folders" in [each.value for each in app.header]
        assert ":green-badge[following]" in texts(app)
        assert "294 of 300 rows scored; the last is from 31 Jan 2024" in unescaped(app)
        assert polling() == {"score_followers"}
        alarms, files, needed = (each.value for each in app.dataframe)
        assert "File" not in needed and "column" in needed
        told = [json.loads(line) for line in (out / "alarms.jsonl").read_text().splitlines()]
        assert len(alarms) == min(len(told), 20)
        assert alarms["Start"].iloc[0] == told[-1]["start"]
        assert files["File"].tolist().count("bad.csv") == 1
        assert "bad.csv" not in alarms.to_string()
        assert "Remove from this list" not in [each.label for each in app.button]


def test_one_that_has_stopped_is_taken_off_the_list(
    open_page: OpenPage, run: Run, out: Path, polling: Callable[[], set[str]]
) -> None:
    app = open_page(PAGE, run=run.id)
    assert ":gray-badge[stopped]" in texts(app)
    assert not polling()
    button(app, "Remove from this list").click().run()
    assert not app.exception and "Followed folders" not in [each.value for each in app.header]
    assert list_followers() == [] and (out / "scores.csv").exists()


def test_a_damaged_state_is_a_sentence_and_hides_nothing_else(
    open_page: OpenPage, run: Run, out: Path
) -> None:
    watched, other = out.with_name("in"), out.with_name("other")
    assert main(["follow", run.id, "--watch", str(watched), "--out", str(other), "--once"]) == 0
    (out / STATE).write_bytes(b"PK")
    app = open_page(PAGE, run=run.id)
    assert not app.exception
    assert "of 300 rows scored" in unescaped(app)
    assert any("The state of the follower in" in each.value for each in app.error)
    assert "small.csv" in unescaped(app)
