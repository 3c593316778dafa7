"""The commands `list` and `delete`: what is in a workspace, and what goes."""

import json
from pathlib import Path

import pytest

from rare_event.cli.parser import BAD_INPUT, main
from rare_event.config import DesignSpace
from rare_event.store.datasets import Dataset, add_dataset, list_datasets
from rare_event.store.maps import MapState, create_map, list_maps
from rare_event.store.originals import folder_of
from rare_event.store.records import About, Purpose
from rare_event.store.runs import Run, create_run, list_runs, mark
from rare_event.store.users import note_user, workspace_of
from rare_event.store.workspace import scratch_home
from rare_event.store.workspace import workspace as working_in
from tests.small import PCA


@pytest.fixture
def dataset(workspace: Path, small_csv: bytes) -> Dataset:
    return add_dataset(small_csv, "mill\x1b[2J.csv")


def ended_run(dataset: Dataset, purpose: Purpose | None = None) -> Run:
    run = create_run(dataset, PCA, purpose or Purpose())
    mark(run, "cancelled")
    return run


def test_an_empty_workspace_lists_nothing(workspace: Path, capsys) -> None:
    assert main(["list"]) == 0
    assert capsys.readouterr() == ("datasets: none\nruns: none\nmaps: none\n", "")
    assert main(["list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"datasets": [], "runs": [], "maps": []}
    assert list(workspace.iterdir()) == []


def test_all_there_is_is_listed_as_text_no_terminal_obeys(dataset: Dataset, capsys) -> None:
    run, design_map = ended_run(dataset), create_map(dataset, DesignSpace())
    run.describe(About("night\nshift \x1b]0;x\x07"))
    baseline = ended_run(dataset, Purpose("baseline", run.id))
    cell = ended_run(dataset, Purpose("cell", design_map.id))
    design_map.write_cells({3: cell})
    assert main(["list"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and "\x1b" not in out and "\x07" not in out
    assert f"{dataset.digest[:12]}  600 rows, 2 runs, 1 map  mill\ufffd[2J.csv\n" in out
    assert f"{run.id}  cancelled    night\ufffdshift " in out
    assert f"{design_map.id}  queued       1 of 54 cells" in out and "(baseline)" in out
    assert cell.id not in out and len(out.splitlines()) == 7
    assert main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in found["runs"]] == [baseline.id, run.id]
    assert found["runs"][1]["dataset_id"] == found["maps"][0]["dataset_id"] == dataset.digest
    assert found["datasets"][0]["runs"] == 2 and found["maps"][0]["cells"] == 54


def test_what_cannot_be_read_is_counted(dataset: Dataset, capsys) -> None:
    run, other = ended_run(dataset), ended_run(dataset)
    (run.folder / "status.json").write_text("[")
    assert main(["list"]) == 0
    out, err = capsys.readouterr()
    assert other.id in out and run.id not in out
    assert err == "rare_event: 1 entry of the workspace cannot be read. `doctor` says which and why.\n"


def test_runs_are_deleted_all_or_none(dataset: Dataset, capsys) -> None:
    first, second, third = (ended_run(dataset) for _ in range(3))
    mark(second, "queued")
    for other, why in ((second.id, "has not ended. Cancel it first"), ("../datasets", "There is no run")):
        assert main(["delete", "run", first.id, other]) == BAD_INPUT
        out, err = capsys.readouterr()
        assert out == "" and why in err and len(list_runs()) == 3
    assert main(["delete", "run", first.id, third.id, first.id]) == 0
    assert capsys.readouterr().out == f"deleted run {first.id}\ndeleted run {third.id}\n"
    assert list_runs() == [second] and list_datasets() == [dataset]


def test_a_map_goes_with_its_cells(dataset: Dataset, capsys) -> None:
    design_map = create_map(dataset, DesignSpace())
    design_map.write_cells({0: ended_run(dataset, Purpose("cell", design_map.id))})
    assert main(["delete", "map", design_map.id]) == BAD_INPUT
    assert f"Map {design_map.id} has not ended" in capsys.readouterr().err and list_maps() == [design_map]
    design_map.write_state(MapState("cancelled"))
    assert main(["delete", "map", design_map.id]) == 0
    assert capsys.readouterr().out == f"deleted map {design_map.id} with 1 cell\n"
    assert list_maps() == [] and list_runs(role=None) == []


def test_a_dataset_with_runs_needs_the_option(dataset: Dataset, capsys) -> None:
    runs = [ended_run(dataset) for _ in range(2)]
    digest = dataset.digest
    assert main(["delete", "dataset", digest[:12]]) == BAD_INPUT
    err = capsys.readouterr().err
    assert "has 2 runs, which cannot be used without it. Add --with-runs to delete them too." in err
    assert list_datasets() == [dataset] and len(list_runs()) == 2
    assert main(["delete", "dataset", digest[:12], "--with-runs"]) == 0
    assert capsys.readouterr().out == "deleted dataset mill\ufffd[2J.csv with 2 runs\n"
    assert list_datasets() == [] and not any(run.folder.exists() for run in runs)


@pytest.mark.parametrize("given", ["", "abc", "0" * 64, "../../etc", "*"])
def test_an_id_that_names_no_dataset_is_a_sentence(dataset: Dataset, capsys, given: str) -> None:
    assert main(["delete", "dataset", given, "--with-runs"]) == BAD_INPUT
    out, err = capsys.readouterr()
    assert out == "" and "There is no dataset" in err and "Traceback" not in err
    assert list_datasets() == [dataset]


def test_ids_that_begin_alike_are_not_guessed(dataset: Dataset, capsys) -> None:
    twin = dataset.digest[:8] + "0" * 56
    (folder_of(dataset.digest).parent / twin).mkdir()
    assert main(["delete", "dataset", dataset.digest[:8]]) == BAD_INPUT
    assert "The ids of 2 datasets begin with" in capsys.readouterr().err and list_datasets() == [dataset]
    assert main(["delete", "dataset", twin]) == 0
    assert capsys.readouterr().out == f"deleted dataset {twin[:12]}\n" and list_datasets() == [dataset]


def test_the_option_of_datasets_is_refused_for_runs(dataset: Dataset, capsys) -> None:
    run = ended_run(dataset)
    assert main(["delete", "run", run.id, "--with-runs"]) == BAD_INPUT
    assert "--with-runs belongs to `delete dataset`" in capsys.readouterr().err and list_runs() == [run]


def test_people_who_sign_in_are_listed_with_the_way_to_their_workspaces(
    workspace: Path, small_csv: bytes, capsys
) -> None:
    assert main(["list"]) == 0
    assert "people" not in capsys.readouterr().out
    ana, ben = (workspace_of("https://id.example", subject) for subject in ("1", "2"))
    note_user(ana, "Ana \x1b[31m", "ana@plant.example")
    note_user(ben, "Ben", "")
    (ben / "user.json").write_text("{")
    with working_in(ana):
        dataset = add_dataset(small_csv, "anas.csv")
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert "people who sign in: 2." in out and "set RARE_EVENT_HOME" in out and "\x1b" not in out
    assert f"{ana}  Ana " in out and "ana@plant.example" in out and f"The record of user {ben.name}" in out
    assert "anas.csv" not in out and dataset.digest[:6] not in out, "each workspace is listed by itself"
    assert main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["datasets"] == [] and {each["workspace"] for each in found["people"]} == {str(ana), str(ben)}
    assert [bool(each.get("problem")) for each in sorted(found["people"], key=lambda each: each["name"])] == [
        True,
        False,
    ]
    with scratch_home(ana):
        assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert "anas.csv" in out and "people" not in out
