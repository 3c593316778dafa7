"""Whose workspace a thread works in, and that nobody works in somebody else's by accident."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from rare_event.errors import RareEventError, RunError
from rare_event.store import workspace as rooms
from rare_event.store.datasets import add_dataset, list_datasets, open_dataset
from rare_event.store.runs import create_run, list_runs, open_run
from rare_event.store.users import note_user, owner_of, user_of, user_workspaces, workspace_of
from rare_event.store.workspace import home, resolve_by, root
from rare_event.store.workspace import workspace as working_in
from tests.small import PCA


@pytest.fixture(autouse=True)
def resolvers():
    before = list(rooms._resolvers)
    rooms._resolvers.clear()
    yield
    rooms._resolvers[:] = before


def test_a_workspace_is_worked_in_for_a_while_and_in_one_thread(workspace) -> None:
    with working_in(workspace / "one"):
        assert home() == workspace / "one" and root() == workspace
        with working_in(workspace / "two"):
            assert home() == workspace / "two"
        assert home() == workspace / "one"
        with ThreadPoolExecutor(1) as other:
            assert other.submit(home).result() == workspace, "another thread works in nobody's workspace"
    assert home() == workspace
    with suppress(ZeroDivisionError), working_in(workspace / "one"):
        raise ZeroDivisionError
    assert home() == workspace


def test_the_app_says_whose_workspace_it_is_and_a_job_overrules_it(workspace) -> None:
    answers = [workspace / "ana", None]
    resolve_by(lambda: answers[0])
    assert home() == workspace / "ana" and root() == workspace
    with working_in(workspace / "job"):
        assert home() == workspace / "job"
    answers[0] = None
    assert home() == workspace
    resolve_by(lambda: workspace / "ben")
    assert home() == workspace / "ben", "only the last one is asked"


def test_where_nobody_is_signed_in_there_is_no_workspace(workspace) -> None:
    def refuse() -> Path:
        raise RareEventError("Sign in.")

    resolve_by(refuse)
    for read in (home, list_datasets, list_runs, lambda: open_dataset("0" * 64)):
        with pytest.raises(RareEventError, match="Sign in"):
            read()
    assert list(workspace.iterdir()) == [], "nothing falls back to the workspace of all"


def test_two_threads_keep_apart(workspace, small_csv) -> None:
    def keep(name: str) -> list[str]:
        with working_in(workspace / name):
            dataset = add_dataset(small_csv, f"{name}.csv")
            for _ in range(5):
                create_run(dataset, PCA)
            return [f"{run.dataset().name} {run.workspace.name}" for run in list_runs()]

    with ThreadPoolExecutor(2) as both:
        found = dict(zip(("ana", "ben"), both.map(keep, ("ana", "ben")), strict=True))
    assert found == {name: [f"{name}.csv {name}"] * 5 for name in ("ana", "ben")}
    assert list_runs() == [] and list_datasets() == []


def test_each_identity_has_a_folder_that_names_it(workspace) -> None:
    pairs = [
        ("https://a", "1"),
        ("https://a", "2"),
        ("https://b", "1"),
        ("https://a1", ""),
        ("https://", "a1"),
    ]
    folders = {workspace_of(*pair) for pair in pairs}
    assert len(folders) == len(pairs) and workspace_of("https://a", "1") in folders
    for folder in folders:
        assert folder.parent == workspace / "users" and len(folder.name) == 24
        assert owner_of(folder) == folder.name
    # No part of a subject becomes a path.
    assert workspace_of("https://a", "../../etc").parent == workspace / "users"
    assert owner_of(workspace) == owner_of(workspace / "users" / "else") == ""
    assert owner_of(workspace / "runs" / folder.name) == ""


def test_the_record_of_a_person_follows_the_sign_in(workspace) -> None:
    folder = workspace_of("https://a", "1")
    with pytest.raises(RunError, match="is missing"):
        user_of(folder)
    first = note_user(folder, "Ana", "ana@plant.example")
    written = (folder / "user.json").stat().st_mtime_ns
    assert note_user(folder, "Ana", "ana@plant.example") == first == user_of(folder)
    assert (folder / "user.json").stat().st_mtime_ns == written, "nothing was written again"
    renamed = note_user(folder, "Ana B.", "ana@plant.example")
    assert renamed.since == first.since and user_of(folder).in_words == "Ana B., ana@plant.example"
    (folder / "user.json").write_text("{}")
    with pytest.raises(RunError):
        user_of(folder)
    assert note_user(folder, "", "").in_words == "no name"


def test_only_folders_of_people_are_workspaces(workspace) -> None:
    ana, ben = sorted(workspace_of("https://a", subject) for subject in ("1", "2"))
    for folder in (ana, ben, workspace / "users" / ".writing-1", workspace / "users" / "README"):
        folder.mkdir(parents=True)
    (workspace / "users" / ("a" * 24)).write_text("a file")
    assert user_workspaces() == [ana, ben] and user_workspaces(ana) == []


@pytest.mark.parametrize(
    "odd", ["../users/{ana}/runs/{run}", "../../users/{ana}/runs/{run}", "{run}/.", "{run}"]
)
def test_a_run_of_another_person_does_not_exist(workspace, small_csv, odd) -> None:
    ana, ben = (workspace_of("https://a", subject) for subject in ("1", "2"))
    with working_in(ana):
        run = create_run(add_dataset(small_csv, "small.csv"), PCA)
    asked = odd.format(ana=ana.name, run=run.id)
    for elsewhere in (ben, workspace):
        with working_in(elsewhere):
            for wanted in (asked, "20200101-000000-000000"):
                with pytest.raises(RunError) as refused:
                    open_run(wanted)
                assert str(refused.value) == (
                    f"There is no run {wanted[:40]!r} in this workspace. Open one from the home page."
                )
            with pytest.raises(RunError):
                open_dataset(f"../users/{ana.name}/datasets/{run.dataset().digest}")
            assert list_runs() == [] and list_datasets() == []
    with working_in(ana):
        assert open_run(run.id) == run and run.workspace == ana
