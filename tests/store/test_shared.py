"""Sharing a run is a copy that appears whole, is listed for everyone who signs in, and can be taken back."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from rare_event.config import KNNModel, Rule
from rare_event.errors import RunError
from rare_event.jobs.worker import execute
from rare_event.store import shared as sharing
from rare_event.store.archive import imported_from
from rare_event.store.check import damages_of
from rare_event.store.datasets import add_dataset, list_datasets
from rare_event.store.deleting import delete_dataset, delete_run, of_dataset, of_run
from rare_event.store.records import About
from rare_event.store.repair import SET_ASIDE, repair
from rare_event.store.runs import Run, create_run, list_runs
from rare_event.store.shared import (
    SharedRun,
    ask_to_share,
    copies_here,
    folder_of_shared,
    holds_rows,
    holds_scores,
    list_shared,
    shared_of,
    stop_sharing,
    take_copy,
)
from rare_event.store.users import workspace_of
from rare_event.store.workspace import workspace as working_in
from tests.small import PCA


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, small_csv: bytes) -> tuple[Path, str]:
    """A workspace with one finished run, to be copied, and its id."""
    folder = tmp_path_factory.mktemp("made")
    with working_in(folder):
        run = create_run(add_dataset(small_csv, "small.csv"), PCA)
        execute(run)
    return folder, run.id


@pytest.fixture
def ana(workspace: Path, made: tuple[Path, str]) -> Path:
    folder = workspace_of("https://a", "1")
    shutil.copytree(made[0], folder)
    return folder


@pytest.fixture
def ben(workspace: Path) -> Path:
    return workspace_of("https://a", "2")


@pytest.fixture
def run(ana: Path, made: tuple[Path, str]) -> Run:
    return Run(ana / "runs" / made[1])


def share(run: Run, by: str) -> SharedRun:
    ask_to_share(run)
    return sharing.share(run, by)


def listed(where: Path) -> tuple[list[str], list[str]]:
    with working_in(where):
        found, damaged = list_shared()
        return [shared.title for shared in found], damaged


def test_nothing_is_shared_until_somebody_says_so(run: Run, ana: Path, ben: Path, workspace: Path) -> None:
    assert listed(ana) == listed(ben) == listed(workspace) == ([], [])
    assert folder_of_shared(run) is None and shared_of(run) is None and not (workspace / "shared").exists()
    stop_sharing(run)


def test_a_copy_can_be_taken_without_the_data(run: Run, ana: Path, ben: Path, workspace: Path) -> None:
    run.describe(About("night shift", "the good one"))
    said = share(run, "ana@plant.example")
    assert listed(ana) == listed(ben) == (["night shift"], [])
    assert listed(workspace) == ([], []), "who has not signed in is shown nothing"
    assert shared_of(run) == said and said.by == "ana@plant.example" and said.dataset == "small.csv"
    with working_in(ben):
        assert copies_here() == set()
        taken = take_copy(said)
        assert taken.workspace == ben and [each.id for each in list_runs()] == [taken.id]
        assert list_datasets() == [] and not (taken.folder / "scores.parquet").exists()
        assert taken.about() == About("night shift", "the good one") and taken.config() == run.config()
        assert copies_here() == {said.sha256}
        origin = imported_from(taken)
        assert origin is not None and origin.manifest.run == run.id
    # One more copy changes nothing for whoever shared it.
    with working_in(ana):
        assert [each.id for each in list_runs()] == [run.id]


def test_it_is_a_copy_until_it_is_shared_again(run: Run, ben: Path) -> None:
    first = share(run, "Ana")
    run.describe(About("renamed"))
    assert listed(ben)[0] != ["renamed"]
    again = share(run, "Ana")
    assert listed(ben) == (["renamed"], []) and again.sha256 != first.sha256


def test_sharing_ends(run: Run, ben: Path) -> None:
    said = share(run, "Ana")
    with working_in(ben):
        taken = take_copy(said)
    stop_sharing(run)
    assert listed(ben) == ([], []) and shared_of(run) is None
    with working_in(ben):
        with pytest.raises(RunError, match="is not shared any more"):
            take_copy(said)
        assert [each.id for each in list_runs()] == [taken.id], "what was taken stays, nothing more came"


def test_whoever_stops_sharing_while_the_copy_is_written_is_heeded(run: Run, ben: Path, monkeypatch) -> None:
    said = share(run, "Ana")
    ask_to_share(run)
    sharing.share(run, "Ana")
    assert listed(ben) == ([said.title], [])
    ask_to_share(run)
    stop_sharing(run)
    with pytest.raises(RunError, match="not to be shared any more"):
        sharing.share(run, "Ana")
    assert listed(ben) == ([], [])
    replace_folder = sharing.replace_folder

    def stopped(*folders: Path) -> None:
        stop_sharing(run)
        replace_folder(*folders)

    ask_to_share(run)
    monkeypatch.setattr(sharing, "replace_folder", stopped)
    with pytest.raises(RunError, match="not to be shared any more"):
        sharing.share(run, "Ana")
    assert listed(ben) == ([], []) and list((ben.parent.parent / "shared").iterdir()) == []


def test_workers_that_share_a_run_at_once_leave_one_copy(run: Run, ben: Path) -> None:
    with ThreadPoolExecutor(3) as workers:
        shared = list(workers.map(lambda _: share(run, "Ana"), range(24)))
    assert listed(ben) == ([shared[0].title], []) and len(shared) == 24
    assert [path.name for path in (ben.parent.parent / "shared").iterdir()] == [shared[0].id]


@pytest.mark.parametrize("when", ["require_digest", "import_archive"])
@pytest.mark.parametrize("what", ["stopped", "shared again"])
def test_a_copy_is_taken_whole_whatever_its_owner_does_meanwhile(
    run: Run, ben: Path, monkeypatch, when: str, what: str
) -> None:
    said = share(run, "Ana")
    name = f"_{when}" if when == "require_digest" else when
    real, done = getattr(sharing, name), list[str]()

    def meanwhile(*given: object) -> object:
        if not done:
            done.append(what)
            # As where the bundle is opened too late.
            stop_sharing(run)
            if what == "shared again":
                run.describe(About("renamed"))
                share(run, "Ana")
        return real(*given)

    monkeypatch.setattr(sharing, name, meanwhile)
    with working_in(ben):
        taken = take_copy(said)
        assert [each.id for each in list_runs()] == [taken.id] and copies_here() == {said.sha256}
    assert not list(ben.glob(".writing-*")) and taken.about().name != "renamed"


@pytest.mark.parametrize("what", ["stopped", "shared again"])
def test_what_changes_before_it_is_copied_is_no_damage(run: Run, ben: Path, monkeypatch, what: str) -> None:
    said, copy, done = share(run, "Ana"), shutil.copyfile, list[str]()

    def meanwhile(*given: Path) -> Path:
        if not done:
            done.append(what)
            stop_sharing(run)
            if what == "shared again":
                run.describe(About("renamed"))
                share(run, "Ana")
        return copy(*given)

    monkeypatch.setattr(sharing.shutil, "copyfile", meanwhile)
    with working_in(ben):
        if what == "stopped":
            with pytest.raises(RunError, match="is not shared any more"):
                take_copy(said)
        else:
            assert take_copy(said).about().name == "renamed"
        assert len(list_runs()) == (what == "shared again")


def test_a_deleted_run_is_shared_no_longer_and_the_question_says_so(run: Run, ana: Path, ben: Path) -> None:
    with working_in(ana):
        assert "shared" not in of_run(run).in_words
        share(run, "Ana")
        assert of_run(run).in_words == "1 run shared with others"
        assert "1 run shared with others" in of_dataset(run.dataset().digest).in_words
        delete_run(run)
    assert listed(ben) == ([], [])


def test_a_deleted_dataset_takes_what_is_shared_of_it(run: Run, ana: Path, ben: Path) -> None:
    share(run, "Ana")
    with working_in(ana):
        delete_dataset(run.dataset().digest, with_runs=True)
    assert listed(ben) == ([], [])


def damage_bundle(folder: Path) -> None:
    content = (folder / "run.zip").read_bytes()
    (folder / "run.zip").write_bytes(content[:-20])


def garble_bundle(folder: Path) -> None:
    content = bytearray((folder / "run.zip").read_bytes())
    content[len(content) // 2] ^= 255
    (folder / "run.zip").write_bytes(bytes(content))


DAMAGES = {
    "cut": damage_bundle,
    "no bundle": lambda folder: (folder / "run.zip").unlink(),
    "no record": lambda folder: (folder / "shared.json").unlink(),
    "an empty record": lambda folder: (folder / "shared.json").write_text("{}"),
    "a garbled record": lambda folder: (folder / "shared.json").write_text(
        (folder / "shared.json").read_text().replace("small.csv", "other.csv")
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_copy_is_named_and_the_others_stay(run: Run, ben: Path, damage: str) -> None:
    said = share(run, "Ana")
    other = said.id.replace(said.owner, "f" * 24)
    folder = folder_of_shared(run)
    assert folder is not None
    shutil.copytree(folder, folder.with_name(other))
    DAMAGES[damage](folder.with_name(other))
    found, damaged = listed(ben)
    assert found == [said.title] and len(damaged) == 1
    assert "share the run again" in damaged[0] and str(folder.parent) not in damaged[0]


def test_a_garbled_bundle_is_refused_when_it_is_copied(run: Run, ben: Path) -> None:
    said, folder = share(run, "Ana"), folder_of_shared(run)
    assert folder is not None
    garble_bundle(folder)
    with working_in(ben), pytest.raises(RunError, match="is damaged, and cannot be copied"):
        take_copy(said)
    with working_in(ben):
        assert list_runs() == []


def test_a_disk_that_fills_leaves_what_was_shared(run: Run, ben: Path, monkeypatch) -> None:
    said = share(run, "Ana")
    run.describe(About("renamed"))

    def full(*_: object) -> None:
        raise RunError("The disk is full.")

    ask_to_share(run)
    monkeypatch.setattr(sharing, "write_text", full)
    with pytest.raises(RunError, match="disk is full"):
        sharing.share(run, "Ana")
    assert listed(ben) == ([said.title], [])
    assert [path.name for path in (ben.parent.parent / "shared").iterdir()] == [said.id], "no draft is left"


def test_what_cannot_be_shared(run: Run, ana: Path, ben: Path, workspace: Path, made) -> None:
    shutil.copytree(made[0] / "runs", workspace / "runs")
    shutil.copytree(made[0] / "datasets", workspace / "datasets")
    with pytest.raises(RunError, match="people who sign in"):
        share(Run(workspace / "runs" / run.id), "Ana")
    said = share(run, "Ana")
    with working_in(ben), pytest.raises(RunError, match="came in a bundle"):
        share(take_copy(said), "Ben")
    with working_in(ben), pytest.raises(RunError, match="not shared any more"):
        take_copy(replace(said, owner="../users/" + ana.name, run="20200101-000000-000000"))
    with working_in(ana):
        queued = create_run(run.dataset(), PCA)
        with pytest.raises(RunError):
            share(queued, "Ana")
    assert listed(ben) == ([said.title], [])


def test_models_that_consist_of_rows_are_told() -> None:
    assert not holds_rows(PCA)
    assert holds_rows(replace(PCA, model=KNNModel()))


def test_scores_that_go_with_a_run_are_told(run: Run, ben: Path) -> None:
    assert not holds_scores(run)
    committed = run.committed()
    run.commit(replace(committed, rule=Rule("trailing-quantile", 0.01)))
    assert holds_scores(run)


@pytest.mark.parametrize("damage", [*DAMAGES, "garbled"])
def test_the_doctor_finds_a_damaged_copy_and_sets_it_aside(
    run: Run, ben: Path, workspace: Path, damage: str
) -> None:
    said = share(run, "Ana")
    assert damages_of(workspace) == []
    folder = folder_of_shared(run)
    assert folder is not None
    DAMAGES.get(damage, garble_bundle)(folder)
    (found,) = damages_of(workspace)
    assert (found.kind, found.id) == ("shared run", said.id) and "share the run again" in found.what
    assert damages_of(run.workspace) == [], "the run itself is whole"
    done, left = repair(workspace, [found])
    assert left == [] and len(done) == 1 and f"shared/{said.id}: moved to {SET_ASIDE}/" in done[0]
    assert damages_of(workspace) == [] and listed(ben) == ([], [])
    share(run, "Ana")
    assert listed(ben) == ([said.title], [])
