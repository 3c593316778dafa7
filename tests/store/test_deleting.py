"""What is deleted is gone at once, with all that belongs to it; what is in use stays."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rare_event.config import RECOMMENDED, AlarmPolicy, DesignSpace, Rule, parse_sensor_rule
from rare_event.errors import RunError
from rare_event.store import workspace as disk
from rare_event.store.alarm_lists import add_rule
from rare_event.store.archive import IMPORTED, Imported, Manifest
from rare_event.store.claim import claimed
from rare_event.store.datasets import Dataset, add_dataset, list_datasets, open_dataset
from rare_event.store.deleting import delete_dataset, delete_map, delete_run, of_dataset, of_map, of_run
from rare_event.store.followers import FOLDER, FollowerNote
from rare_event.store.maps import DesignMap, MapState, create_map, list_maps
from rare_event.store.marks import Mark, mark_alarm, marks_of
from rare_event.store.originals import folder_of
from rare_event.store.records import Committed, Purpose
from rare_event.store.runs import Run, create_run, list_runs, mark
from rare_event.store.scorings import Scoring, Status, create_scoring, list_scorings
from rare_event.store.serial import dump
from rare_event.store.workspace import DELETING, remove_folder, write_text


@pytest.fixture
def dataset(workspace: Path, upload: bytes) -> Dataset:
    return add_dataset(upload, "mill.csv")


def ended_run(dataset: Dataset, purpose: Purpose | None = None) -> Run:
    run = create_run(dataset, RECOMMENDED, purpose or Purpose())
    mark(run, "cancelled")
    return run


def scoring_of(run: Run) -> Scoring:
    scoring = create_scoring(run, [(io.BytesIO(b"a,b\n1,2\n"), "new.csv")])
    scoring.write_status(Status("cancelled"))
    return scoring


def map_of(dataset: Dataset, n_cells: int) -> tuple[DesignMap, list[Run]]:
    design_map = create_map(dataset, DesignSpace())
    cells = [ended_run(dataset, Purpose("cell", design_map.id)) for _ in range(n_cells)]
    design_map.write_cells(dict(enumerate(cells)))
    design_map.write_state(MapState("done"))
    return design_map, cells


def test_a_run_goes_with_its_scored_files_and_nothing_else(dataset: Dataset) -> None:
    run, other = ended_run(dataset), ended_run(dataset)
    scoring_of(run)
    kept = scoring_of(other)
    assert of_run(run).in_words == "1 scored file"
    mark_alarm(run, Mark(at="2024-01-01", kind="false"))
    assert of_run(run).in_words == "1 scored file and 1 alarm mark" and of_run(other).marks == 0
    delete_run(run)
    assert list_runs() == [other] and list_scorings() == [kept] and list_datasets() == [dataset]
    assert not [path for path in run.folder.parent.iterdir() if path != other.folder]
    delete_run(run)
    assert list_runs() == [other]


def test_a_run_that_scores_a_file_or_is_followed_with_stays(dataset: Dataset, tmp_path: Path) -> None:
    run = ended_run(dataset)
    scoring = scoring_of(run)
    scoring.write_status(Status("queued"))
    for delete in (lambda: delete_run(run), lambda: delete_dataset(dataset.digest, with_runs=True)):
        with pytest.raises(RunError, match=f"Run {run.id} is scoring new.csv. Wait until it is done"):
            delete()
    scoring.write_status(Status("done"))
    watched, out = tmp_path / "new rows", tmp_path / "results"
    note = FollowerNote(run.id, "a model", watched, out, False, datetime.now(UTC))
    write_text(tmp_path / FOLDER / f"{note.id}.json", dump(note))
    with (
        claimed(out),
        pytest.raises(RunError, match=r"files that arrive in .*new rows .Process \d+"),
    ):
        delete_run(run)
    assert run.folder.is_dir() and scoring.folder.is_dir()
    delete_run(run)
    assert not run.folder.exists() and out.is_dir(), "the results of a follower are not ours"


def test_a_map_goes_with_its_cells_but_those_of_another_map(dataset: Dataset) -> None:
    (first, cells), (second, _) = map_of(dataset, 3), map_of(dataset, 0)
    second.write_cells({5: cells[2]})
    own = ended_run(dataset)
    assert of_map(first).in_words == "2 cells" and of_map(second).in_words == ""
    first.write_state(MapState("queued"))
    with pytest.raises(RunError, match=f"Map {first.id} has not ended. Cancel it first"):
        delete_map(first)
    first.write_state(MapState("done"))
    mark(cells[0], "queued")
    with pytest.raises(RunError, match=f"is in use: run {cells[0].id} has not ended"):
        delete_map(first)
    assert list_maps() == [second, first] and first.cells() == dict(enumerate(cells))
    mark(cells[0], "failed")
    delete_map(first)
    assert list_maps() == [second] and second.cells() == {5: cells[2]}
    assert list_runs(role=None) == [own, cells[2]]


def test_a_dataset_goes_with_its_runs_only_if_asked(dataset: Dataset, upload: bytes) -> None:
    other = add_dataset(upload + upload.splitlines(keepends=True)[-1].replace(b"2024", b"2025"), "other.csv")
    kept, run = ended_run(other), ended_run(dataset)
    baseline = ended_run(dataset, Purpose("baseline", run.id))
    design_map, cells = map_of(dataset, 2)
    scoring_of(run)
    add_rule(dataset.digest, parse_sensor_rule("s1 > 2"))
    found = of_dataset(dataset.digest)
    assert found.in_words == "2 runs, 1 map, 2 cells, 1 scored file and 1 alarm list"
    with pytest.raises(RunError, match="Dataset mill.csv has 2 runs, 1 map, 2 cells") as refused:
        delete_dataset(dataset.digest)
    assert "--with-runs" in refused.value.option and "--with-runs" not in str(refused.value)
    assert of_dataset(dataset.digest) == found, "what is refused deletes nothing"
    for work in (run, baseline, cells[1]):
        mark(work, "running")
        with pytest.raises(RunError, match=f"Dataset mill.csv is in use: run {work.id} has not ended"):
            delete_dataset(dataset.digest, with_runs=True)
        mark(work, "done")
    assert of_dataset(dataset.digest) == found
    delete_dataset(dataset.digest, with_runs=True)
    assert list_datasets() == [other] and list_runs(role=None) == [kept] and list_maps() == []
    assert list_scorings() == [] and not folder_of(dataset.digest).exists()
    with pytest.raises(RunError, match="There is no dataset"):
        delete_dataset(dataset.digest, with_runs=True)
    delete_dataset(add_dataset(upload, "mill.csv").digest)
    assert list_datasets() == [other] and not design_map.folder.exists()


def test_an_imported_run_survives_the_dataset_of_its_training(dataset: Dataset) -> None:
    run = ended_run(dataset)
    manifest = Manifest(1, run.id, "", "", dataset.digest, dataset.name, ())
    IMPORTED.write(run, Imported("0", manifest, ""))
    delete_dataset(dataset.digest)
    assert list_runs() == [run] and list_datasets() == []


def test_a_cell_that_somebody_committed_is_named(dataset: Dataset) -> None:
    design_map, cells = map_of(dataset, 2)
    cells[0].commit(Committed({0: 1.0}, Rule("fixed", 1.0), AlarmPolicy()))
    assert of_map(design_map).in_words == "2 cells"
    cells[0].commit(Committed({0: 1.0}, Rule("fixed", 1.0), AlarmPolicy(), by_person=True))
    assert of_map(design_map).in_words == "2 cells (1 with a threshold that somebody committed)"


def test_damaged_things_can_be_deleted(dataset: Dataset) -> None:
    run, (design_map, _) = ended_run(dataset), map_of(dataset, 1)
    (run.folder / "status.json").write_text("{")
    (design_map.folder / "state.json").write_text("{")
    (folder_of(dataset.digest) / "dataset.json").write_text("{")
    delete_dataset(dataset.digest, with_runs=True)
    assert list(run.folder.parent.iterdir()) == list(design_map.folder.parent.iterdir()) == []
    assert not folder_of(dataset.digest).exists()


def test_half_of_a_deletion_is_no_thing(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    run, other, (design_map, _) = ended_run(dataset), ended_run(dataset), map_of(dataset, 0)
    for each in (run, other):
        mark_alarm(each, Mark(at=f"2024-01-01 {each.id[-2:]}", kind="true"))
    # The process is killed after the rename.
    monkeypatch.setattr(disk.shutil, "rmtree", lambda *_, **__: None)
    delete_run(run)
    delete_map(design_map)
    assert list_runs() == [other] and list_maps() == [] and len(marks_of(other)) == 1
    delete_run(other)
    delete_dataset(dataset.digest)
    assert list_runs() == [] and list_datasets() == []
    left = [path.name for path in run.folder.parent.iterdir()]
    assert len(left) == 2 and all(name.startswith(DELETING) for name in left)
    with pytest.raises(RunError):
        open_dataset(dataset.digest)


def test_what_cannot_be_renamed_stays_whole(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ended_run(dataset)
    before = sorted(path.name for path in run.folder.iterdir())

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(disk.os, "rename", refused)
    with pytest.raises(RunError, match="cannot be written to: Permission denied"):
        delete_run(run)
    assert sorted(path.name for path in run.folder.iterdir()) == before and list_runs() == [run]


def test_a_folder_that_is_gone_is_no_error(tmp_path: Path) -> None:
    remove_folder(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
