"""Every file of a workspace that is damaged is named, and set aside so that the rest stays usable."""

import io
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import psutil
import pytest

from rare_event.config import DesignSpace, parse_sensor_rule
from rare_event.errors import RunError
from rare_event.jobs.map_runner import run_map
from rare_event.jobs.scoring import score_in_worker
from rare_event.jobs.worker import execute
from rare_event.store.alarm_lists import add_alarms, add_rule
from rare_event.store.check import Damage, damages_of
from rare_event.store.datasets import add_dataset, list_datasets
from rare_event.store.maps import MapState, create_map, list_maps
from rare_event.store.marks import Mark, mark_alarm
from rare_event.store.records import About, Status
from rare_event.store.repair import SET_ASIDE, repair
from rare_event.store.runs import Run, create_run, list_runs
from rare_event.store.scorings import Status as ScoringStatus
from rare_event.store.scorings import create_scoring, list_scorings
from tests.app.test_design_map import Here
from tests.records import as_older_version
from tests.small import DENSE, PCA, small_frame

HOUR = 3600


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace with one of everything, to be copied."""
    home = tmp_path_factory.mktemp("kept")
    rows = small_frame(1200).to_csv(index=False).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RARE_EVENT_HOME", str(home))
        dataset = add_dataset(rows, "rows.csv")
        add_alarms(dataset.digest, "alarms.csv", b"start\n2024-01-01 01:00\n2024-01-01 05:00\n")
        add_rule(dataset.digest, parse_sensor_rule("s1 > 2"))
        run = create_run(dataset, PCA)
        execute(run)
        run.describe(About("night", "a note"))
        run.look()
        run.note("a line")
        run.cached_frame(("key",), small_frame)
        mark_alarm(run, Mark(at="2024-01-01 01:00", kind="true"))
        scoring = create_scoring(run, [(io.BytesIO(rows), "new.csv")])
        score_in_worker(scoring.id)
        assert scoring.status().state == "done"
        run_map(
            create_map(dataset, DesignSpace((2,), (1,), ("level",), ("pca",), folds=3)), 1, open_worker=Here
        )
    yield home


@pytest.fixture
def workspace(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    shutil.copytree(kept, home)
    monkeypatch.setenv("RARE_EVENT_HOME", str(home))
    return home


def make_old(folder: Path) -> None:
    """Let all in a folder have changed two hours ago."""
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (time.time() - 2 * HOUR,) * 2)


def the_run() -> Run:
    return list_runs()[0]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def garbled(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(b"\xff\x00" + content[len(content) // 4 :])


DAMAGES: dict[str, Callable[[Path], None]] = {
    "cut": cut,
    "emptied": emptied,
    "garbled": garbled,
    "missing": Path.unlink,
}
# A missing one has a meaning: nobody wrote it, or an older version did.
MAY_BE_ABSENT = {
    *("about.json", "history.csv", "log.txt", "layers.json", "marks.json", "looks.json", "purpose.json"),
    *("judgement.json", "trained.json", "folds.json", "references.npz", "cells.json", "findings.json"),
    *("digests.json", "original.zst", "windows.parquet", "cache-*", "map-*", "alarms/*"),
}
# Text of which any part is text.
NEVER_READ = {"log.txt"}


def files_of(home: Path) -> list[Path]:
    """All files but those of the cell, which are like those of the run."""
    things = [home / "datasets", the_run().folder, home / "maps", home / "scorings"]
    found = [path for thing in things for path in thing.rglob("*") if path.is_file()]
    return sorted(path for path in found if path.name[0] != ".")


def test_an_undamaged_workspace_has_no_damage(workspace: Path) -> None:
    before = {path: path.read_bytes() for path in files_of(workspace)}
    assert damages_of(workspace) == [] and repair(workspace, []) == ([], [])
    assert {path: path.read_bytes() for path in files_of(workspace)} == before and len(before) > 40
    assert not (workspace / SET_ASIDE).exists()


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damaged_file_is_named_and_repaired(workspace: Path, damage: str) -> None:
    checked = 0
    for path in files_of(workspace):
        if path.name in NEVER_READ:
            continue
        thing = workspace.joinpath(*path.relative_to(workspace).parts[:2])
        before = thing.with_name("before")
        shutil.copytree(thing, before)
        DAMAGES[damage](path)
        make_old(thing)
        found = damages_of(workspace)
        names = [path.name, *(start for start in ("cache-*", "map-*", "alarms/*") if path.match(start))]
        absent = damage == "missing" and bool(MAY_BE_ABSENT.intersection(names))
        if not absent:
            assert found, f"{damage}: {path.relative_to(workspace)}"
            assert all(each.id == thing.name and each.what.endswith(".") for each in found), found
            assert all(len(each.in_words) < 400 and "Traceback" not in each.what for each in found)
            done, left = repair(workspace, found)
            assert done and not left, path
            checked += 1
        for gone in (workspace / SET_ASIDE, thing):
            shutil.rmtree(gone, ignore_errors=True)
        before.rename(thing)
    assert checked > 20 and damages_of(workspace) == []


def test_a_damage_names_thing_and_file_and_only_it_is_set_aside(workspace: Path) -> None:
    run = the_run()
    content = b"PAR1 not"
    (run.folder / "scores.parquet").write_bytes(content)
    damage, *others = damages_of(workspace)
    assert {each.file for each in others} <= {"the model", "the models of its folds"}, others
    assert damage.in_words == (
        f"run {run.id}, scores.parquet: The scores of run {run.id} cannot be read: the file is missing or "
        "damaged. Train the run again."
    )
    assert list_runs() == [run], "looking changes nothing"
    done, left = repair(workspace, [damage])
    (time_of,) = (workspace / SET_ASIDE).iterdir()
    moved = time_of / "runs" / run.id
    assert done == [f"runs/{run.id}: moved to set-aside/{time_of.name}/runs/{run.id}."] and left == []
    assert (moved / "scores.parquet").read_bytes() == content and (moved / "config.json").exists()
    assert list_runs() == [] and len(list_datasets()) == len(list_maps()) == len(list_scorings()) == 1


def test_what_a_run_can_be_used_without_is_set_aside_alone(workspace: Path) -> None:
    run = the_run()
    for name in ("about.json", "marks.json", "history.csv"):
        (run.folder / name).write_bytes(b"\xff")
    cache = next(run.folder.glob("cache-*"))
    cache.write_bytes(b"PAR1")
    found = damages_of(workspace)
    assert [each.file for each in found] == ["about.json", "history.csv", "marks.json", cache.name]
    done, _ = repair(workspace, found)
    assert f"runs/{run.id}/{cache.name}: deleted; it is computed again." in done and len(done) == 4
    assert list_runs() == [run] and run.about() == About() and run.evaluation() is not None
    assert not cache.exists() and len(list((workspace / SET_ASIDE).rglob("*.*"))) == 3


def test_rows_that_were_lost_are_noticed(workspace: Path) -> None:
    (dataset,) = list_datasets()
    path = workspace / "datasets" / dataset.digest / dataset.stored
    frame = pd.read_parquet(path)
    frame.iloc[: len(frame) // 2].to_parquet(path)
    (damage,) = damages_of(workspace)
    assert "The stored file of rows.csv cannot be read: the file is missing or damaged." in damage.what
    # An older version recorded no digests: the rows are counted.
    as_older_version(path.parent)
    (damage,) = damages_of(workspace)
    assert "rows.csv holds 600 rows, but 1,200 were uploaded. Upload the file again." in damage.what


def test_work_at_hand_is_never_touched(workspace: Path) -> None:
    run, process = the_run(), psutil.Process()
    (dataset,) = list_datasets()
    other = create_run(dataset, PCA)
    for state in ("queued", "running"):
        status = Status("running", pid=process.pid, pid_created=process.create_time())
        other.write_status(Status("queued") if state == "queued" else status)
        (other.folder / "config.json").write_bytes(b"[")
        assert damages_of(workspace) == []
    # What it needs stays too, though it is damaged.
    (workspace / "datasets" / dataset.digest / "dataset.json").write_bytes(b"[")
    for status in (Status("running", pid=process.pid, pid_created=process.create_time()), Status("queued")):
        other.write_status(status)
        found = damages_of(workspace)
        done, left = repair(workspace, found)
        assert done == [] and len(left) == 1 and f"in use: run {other.id} has not ended" in left[0]
        assert other.folder.is_dir() and run.folder.is_dir() and not (workspace / SET_ASIDE).exists()


def test_work_whose_process_is_gone_is_marked(workspace: Path) -> None:
    run, (design_map,), (scoring,) = the_run(), list_maps(), list_scorings()
    gone = {"pid": 2**22 - 1, "pid_created": 1.0}
    run.write_status(Status("running", **gone))  # type: ignore[arg-type]
    design_map.write_state(MapState("running", **gone))  # type: ignore[arg-type]
    scoring.write_status(ScoringStatus("running", **gone))  # type: ignore[arg-type]
    other = create_run(run.dataset(), DENSE)
    done, left = repair(workspace, damages_of(workspace))
    named = (run.named, design_map.named, scoring.named)
    assert done == [f"{each}: marked as interrupted, because its process is gone." for each in named]
    assert run.written_status().state == "interrupted" and other.written_status().state == "queued"
    assert repair(workspace, damages_of(workspace)) == ([], []) and left == []


def test_what_was_left_over_goes_after_an_hour(workspace: Path) -> None:
    run = the_run()
    other = create_run(run.dataset(), DENSE)
    places = [
        workspace / "runs" / ".deleting-x",
        run.folder / ".writing-y",
        workspace / "uploads" / ".writing-z",
    ]
    busy, young = other.folder / ".writing-y", workspace / "datasets" / ".deleting-new"
    for place in (*places, busy, young):
        place.mkdir(parents=True)
        (place / "half").write_bytes(b"1")
        if place != young:
            make_old(place)
    done, _ = repair(workspace, damages_of(workspace))
    assert len(done) == 3 and all("removed; a process that ended early left it." in line for line in done)
    assert not any(place.exists() for place in places) and busy.exists() and young.exists()


def test_a_folder_that_is_being_made_is_no_damage(workspace: Path) -> None:
    new = workspace / "runs" / "20260101-000000-000000"
    digest = workspace / "datasets" / ("0" * 64)
    for folder in (new, digest):
        folder.mkdir()
        (folder / "original.zst").write_bytes(b"1")
    assert damages_of(workspace) == []
    for folder in (new, digest):
        make_old(folder)
    assert {damage.id for damage in damages_of(workspace)} == {new.name, digest.name}


def test_a_full_disk_is_a_sentence(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = the_run()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    damage = Damage("run", run.id, "scores.parquet", "It is damaged.", (run.folder,))
    with pytest.raises(RunError, match="cannot be written to: No space left on device"):
        repair(workspace, [damage])
    assert list_runs() == [run]
