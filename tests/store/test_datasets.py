"""Uploads are stored once under their digest; corrections never touch what was stored."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rare_event.checks.findings import Finding, Fix
from rare_event.checks.fixes import apply_recipe
from rare_event.errors import RunError, TableError
from rare_event.prepare.table import Table, apply_schema, read_table
from rare_event.read.raw import read_raw
from rare_event.read.source import Files
from rare_event.store.datasets import (
    Dataset,
    _roles,
    add_dataset,
    list_datasets,
    open_dataset,
    save_dataset,
)
from rare_event.store.originals import original
from rare_event.store.preview import preview
from rare_event.store.serial import dump_kept, to_plain
from tests.records import as_older_version
from tests.small import small_frame

IGNORE_S1 = Finding("note", "s1", "It is of no use.", "Ignore it.", "ignore")


def same(a: Table, b: Table) -> bool:
    return a.frame.equals(b.frame) and a.schema == b.schema and a.digest == b.digest


def steps(table: Table) -> np.ndarray:
    assert table.time is not None
    return np.diff(table.time)


@pytest.fixture
def dataset(workspace, upload) -> Dataset:
    return add_dataset(upload, "mill.csv")


def test_what_was_stored_is_what_was_uploaded(dataset, upload, workspace) -> None:
    assert dataset.digest == hashlib.sha256(upload).hexdigest()
    assert (dataset.name, dataset.n_rows, dataset.fixes) == ("mill.csv", 400, ())
    assert same(dataset.table(), read_table(upload))
    assert dataset.table().name == "mill.csv"
    folder = workspace / "datasets" / dataset.digest
    assert sorted(path.name for path in folder.iterdir()) == [
        "dataset.json",
        "digests.json",
        "original.zst",
        "raw.parquet",
    ]
    assert open_dataset(dataset.digest) == dataset


def test_a_path_and_its_bytes_are_the_same_dataset(dataset, upload, tmp_path) -> None:
    path = tmp_path / "other name.csv"
    path.write_bytes(upload)
    assert add_dataset(path, path.name) == dataset  # the name of the first upload stays
    assert len(list_datasets()) == 1


def test_an_upload_again_keeps_schema_and_fixes(dataset, upload) -> None:
    changed = dataset.with_schema(replace(dataset.schema, sensors=("s0", "s2"), ignored=("s1", "s3")))
    save_dataset(changed)
    assert add_dataset(upload, "again.csv") == changed != dataset
    assert open_dataset(dataset.digest).table().schema.sensors == ("s0", "s2")


def test_a_schema_that_does_not_fit_is_refused_and_nothing_stored(dataset) -> None:
    with pytest.raises(TableError):
        dataset.with_schema(replace(dataset.schema, sensors=("s0", "absent")))
    with pytest.raises(TableError):
        dataset.with_schema(replace(dataset.schema, event_values=("2",)))
    assert open_dataset(dataset.digest) == dataset


def test_fixes_are_stored_and_made_again_on_reading(workspace) -> None:
    rng = np.random.default_rng(1)
    time = pd.date_range("2024-01-01", periods=100, freq="2min").to_numpy().copy()
    time[[10, 11]] = time[[11, 10]]
    data = pd.DataFrame({"time": time, "y": np.arange(100) % 25 == 24, "s1": rng.normal(size=100)})
    upload = data.assign(s2=rng.normal(size=100)).to_csv(index=False).encode()
    dataset = add_dataset(upload, "f.csv")
    sort = Finding("problem", "time", "Time runs backwards.", "Sort the rows by time.", "sort-time")
    fixed = dataset.with_fix(sort).with_fix(IGNORE_S1)
    assert fixed.fixes == (sort.remedy, IGNORE_S1.remedy) and fixed.schema.ignored == ("s1",)
    save_dataset(fixed)
    again = open_dataset(dataset.digest)
    assert again == fixed
    table = again.table()
    assert (steps(table) > np.timedelta64(0)).all() and table.schema.sensors == ("s2",)
    assert (np.diff(again.raw()["time"].astype("datetime64[ns]")) > np.timedelta64(0)).all()
    # The upload itself is as it was: without the fixes time still runs backwards.
    assert (steps(dataset.table()) < np.timedelta64(0)).sum() == 1
    assert dataset.fixes == () and dataset.schema.sensors == ("s1", "s2")


def test_the_version_names_the_table(dataset) -> None:
    versions = {
        dataset.version,
        dataset.with_fix(IGNORE_S1).version,
        dataset.with_schema(replace(dataset.schema, categories=(), ignored=("grade",))).version,
        replace(dataset, digest="0" * 64).version,
    }
    assert len(versions) == 4
    # With one label, one event value and no asset it is the version that runs of before have noted.
    names = ("label", "time", "sensors", "categories", "ignored", "time_format")
    old = {name: getattr(dataset.schema, name) for name in names} | {"event_value": "1"}
    recipe = json.dumps([dataset.digest, old, []], sort_keys=True)
    assert dataset.version == hashlib.sha256(recipe.encode()).hexdigest()
    assert replace(dataset, schema=replace(dataset.schema, asset="line")).version not in versions
    assert replace(dataset, name="other.csv").version == dataset.version
    assert open_dataset(dataset.digest).version == dataset.version


def test_a_record_survives_json(dataset) -> None:
    fixed = dataset.with_fix(IGNORE_S1)
    again = open_dataset(save_dataset(fixed).digest)
    assert again == fixed and isinstance(again.schema.sensors, tuple)


def test_a_record_of_one_event_value_is_still_read(dataset, workspace) -> None:
    path = workspace / "datasets" / dataset.digest / "dataset.json"
    as_older_version(path.parent)
    record = json.loads(path.read_text())
    for name in ("event_values", "also", "left_out_values", "normal_values", "blank"):
        del record["schema"][name]
    path.write_text(json.dumps(record | {"schema": record["schema"] | {"event_value": "0"}}))
    assert open_dataset(dataset.digest).schema == replace(dataset.schema, event_values=("0",))
    path.write_text(json.dumps(record | {"schema": record["schema"] | {"event_worth": "0"}}))
    with pytest.raises(RunError):
        open_dataset(dataset.digest)


def test_datasets_are_listed_the_latest_first(dataset, upload, workspace) -> None:
    second = add_dataset(upload.replace(b"thick", b"heavy"), "second.csv")
    assert second.digest != dataset.digest
    for one, time in ((dataset, "2024-01-01T00:00:00+00:00"), (second, "2024-01-02T00:00:00+00:00")):
        save_dataset(replace(one, added=time))
    assert [found.name for found in list_datasets()] == ["second.csv", "mill.csv"]
    (workspace / "datasets" / second.digest / "dataset.json").write_text("{")
    assert [found.name for found in list_datasets()] == ["mill.csv"]


def test_an_empty_workspace_has_no_datasets(workspace) -> None:
    assert list_datasets() == []


@pytest.mark.parametrize("upload", [b"", b"a,b,c\n", b"PK\x03\x04zip", b"a,b\n1,2\n"])
def test_a_file_that_is_no_table_is_not_stored(workspace, upload) -> None:
    with pytest.raises(TableError):
        add_dataset(upload, "bad.csv")
    assert list(workspace.iterdir()) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "/tmp/x", "<b>x</b>", "=1+1", "a\nb", ""])
def test_the_name_of_an_upload_is_never_a_path(workspace, upload, name) -> None:
    dataset = add_dataset(upload, name)
    assert open_dataset(dataset.digest).name == name
    files = [path for path in workspace.rglob("*") if path.is_file()]
    assert {path.parent for path in files} == {workspace / "datasets" / dataset.digest}


@pytest.mark.parametrize(
    "digest", ["", "..", "../" + "a" * 61, "a" * 63, "a" * 65, "A" * 64, "a" * 64 + "\n", "/etc/passwd", "\0"]
)
def test_what_is_no_digest_never_becomes_a_path(workspace, digest) -> None:
    (workspace / "dataset.json").write_text("{}")
    with pytest.raises(RunError, match="This link names no dataset. Open one from the home page"):
        open_dataset(digest)


def test_a_dataset_that_is_not_there_is_a_sentence(workspace) -> None:
    with pytest.raises(RunError, match="missing or damaged"):
        open_dataset("a" * 64)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[1]",
        b"null",
        b'"text"',
        b"{}",
        b'{"schema": {}, "fixes": []}',
        b'{"schema": 1, "fixes": []}',
    ],
)
def test_a_damaged_record_is_a_sentence(dataset, workspace, content) -> None:
    (workspace / "datasets" / dataset.digest / "dataset.json").write_bytes(content)
    with pytest.raises(RunError, match="damaged"):
        open_dataset(dataset.digest)


@pytest.mark.parametrize("where", ["dataset", "schema", "fixes"])
def test_a_record_of_a_newer_version_is_a_sentence(dataset, workspace, where) -> None:
    record = to_plain(dataset.with_fix(IGNORE_S1))
    target = {"dataset": record, "schema": record["schema"], "fixes": record["fixes"][0]}[where]
    target["later"] = 1
    path = workspace / "datasets" / dataset.digest / "dataset.json"
    path.write_text(dump_kept(record, dict[str, Any]))
    with pytest.raises(RunError, match="record of dataset .* was written by a newer version"):
        open_dataset(dataset.digest)
    as_older_version(path.parent)
    with pytest.raises(
        RunError,
        match="record of dataset .* cannot be read: the file is missing or damaged. Upload the file again",
    ):
        open_dataset(dataset.digest)


@pytest.mark.parametrize("content", [None, b"", b"PAR1", b"PAR1" * 100])
def test_damaged_data_are_a_sentence(dataset, workspace, content) -> None:
    path = workspace / "datasets" / dataset.digest / "raw.parquet"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    for read in (dataset.table, dataset.raw):
        with pytest.raises(
            RunError,
            match="stored file of mill.csv cannot be read: the file is missing or damaged. Upload the file",
        ):
            read()


FILL_S2 = Finding("problem", "s2", "Values are missing.", "Fill them forward.", "forward-fill")


def test_a_fix_that_destroys_is_not_recorded_and_an_old_record_of_one_still_opens(workspace) -> None:
    rng = np.random.default_rng(2)
    times = pd.Series(np.repeat(pd.date_range("2024-01-01", periods=50, freq="min"), 2))
    data = pd.DataFrame({"time": times, "y": np.arange(100) % 25 == 24, "s1": rng.normal(size=100)})
    dataset = add_dataset(data.assign(s2=rng.normal(size=100)).to_csv(index=False).encode(), "f.csv")
    drop = Finding("warning", "time", "50 rows repeat.", "Keep one of each.", "drop-rows")
    with pytest.raises(TableError, match="50 of 100 rows"):
        dataset.with_fix(drop)
    assert open_dataset(dataset.digest).fixes == ()
    old = replace(dataset, fixes=(drop, IGNORE_S1), schema=dataset.with_fix(IGNORE_S1).schema)
    assert old.table().n_rows == 50
    assert old.without_last_fix().fixes == (drop,)
    assert old.without_last_fix().without_last_fix().table().n_rows == 100


def test_undoing_a_fix_keeps_the_roles_that_were_chosen(dataset) -> None:
    mine = replace(dataset.schema, sensors=("s0", "s1", "s2"), categories=(), ignored=("s3", "grade"))
    fixed = dataset.with_schema(mine).with_fix(IGNORE_S1)
    undone = fixed.without_last_fix()
    assert undone.fixes == () and set(undone.schema.sensors) == {"s0", "s1", "s2"}
    assert set(undone.schema.ignored) == {"s3", "grade"}
    # Without roles of one's own it is the dataset of before, with its version.
    assert dataset.with_fix(IGNORE_S1).without_last_fix() == dataset != fixed


def test_a_fix_keeps_a_role_that_was_set_after_an_earlier_fix(dataset) -> None:
    first = dataset.with_fix(IGNORE_S1)
    assert first.schema.ignored == ("s1",) and "s3" in first.schema.sensors
    # The analyst takes s1 back, and ignores s3 and the grade.
    mine = replace(first.schema, sensors=("s0", "s1", "s2"), categories=(), ignored=("s3", "grade"))
    second = first.with_schema(mine).with_fix(FILL_S2)
    assert second.fixes == (IGNORE_S1.remedy, FILL_S2.remedy) and second.schema == mine
    save_dataset(second)
    again = open_dataset(dataset.digest)
    assert again.schema == mine and again.table().schema.sensors == ("s0", "s1", "s2")
    # Another fix that changes roles changes its own column only.
    third = again.with_fix(Finding("note", "s0", "It is of no use.", "Ignore it.", "ignore"))
    assert third.schema.sensors == ("s1", "s2") and third.schema.ignored == ("s3", "grade", "s0")


def spoil(path, content) -> None:
    """Replace a file, or remove it."""
    path.unlink()
    if content is not None:
        path.write_bytes(content)


@pytest.mark.parametrize("damage", [None, b"", b"PAR1", b"PAR1" * 100])
def test_data_that_were_lost_are_stored_anew(dataset, upload, workspace, damage) -> None:
    path = workspace / "datasets" / dataset.digest / "raw.parquet"
    spoil(path, damage)
    with pytest.raises(RunError):
        open_dataset(dataset.digest).table()
    again = add_dataset(upload, "again.csv")
    assert (again.digest, again.n_rows) == (dataset.digest, 400)
    assert same(again.table(), read_table(upload)) and len(list_datasets()) == 1


@pytest.mark.parametrize("damage", [None, b"", b"{", b"[1]", b"{}", b'{"schema": {}, "fixes": []}'])
def test_a_record_that_was_damaged_is_stored_anew(dataset, upload, workspace, damage) -> None:
    path = workspace / "datasets" / dataset.digest / "dataset.json"
    spoil(path, damage)
    with pytest.raises(RunError):
        open_dataset(dataset.digest)
    again = add_dataset(upload, "again.csv")
    assert (again.name, again.fixes, again.schema) == ("again.csv", (), dataset.schema)
    assert open_dataset(dataset.digest) == again and same(again.table(), read_table(upload))
    # What is whole is kept, name and all.
    assert add_dataset(upload, "third.csv").name == "again.csv"


def test_fixes_of_an_earlier_version_still_open_and_make_the_same_table(dataset, workspace) -> None:
    fixed = dataset.with_fix(IGNORE_S1).with_fix(FILL_S2)
    record = to_plain(fixed)
    keys = ("grade", "column", "what", "fix", "action")
    record["fixes"] = [{key: getattr(f, key) for key in keys} for f in (IGNORE_S1, FILL_S2)]
    as_older_version(workspace / "datasets" / dataset.digest)
    (workspace / "datasets" / dataset.digest / "dataset.json").write_text(json.dumps(record))
    old = open_dataset(dataset.digest)
    assert [f.column for f in old.fixes] == ["s1", "s2"] and old.fixes != fixed.fixes
    pd.testing.assert_frame_equal(old.table().frame, fixed.table().frame)
    # The version of the table is that of before: maps and runs on it stay comparable.
    plain = json.dumps([dataset.digest, _roles(old.schema), record["fixes"]], sort_keys=True)
    assert old.version == hashlib.sha256(plain.encode()).hexdigest() != fixed.version
    assert open_dataset(save_dataset(old).digest).version == old.version
    assert old.without_last_fix().fixes == (IGNORE_S1,)


def test_a_new_file_of_the_same_form_gets_the_same_fixes(workspace) -> None:
    data = small_frame()
    first = data["s2"].index[5]
    data.loc[first : first + 2, "s2"] = np.nan
    dataset = add_dataset(data.iloc[::-1].to_csv(index=False).encode(), "first.csv")
    time = str(dataset.schema.time)
    for step in (Fix("sort-time", time), Fix("forward-fill", "s2"), Fix("ignore", "s1")):
        dataset = dataset.with_fix(step)
    dataset = dataset.with_fix(Fix("leave-out-lines", None, (2.0, 5.0)))
    save_dataset(dataset)
    recipe = open_dataset(dataset.digest).recipe
    assert recipe.schema == dataset.schema and recipe.reading == dataset.reading
    later = data.assign(s0=data["s0"] + 1).drop(columns=dataset.schema.label)
    new = read_raw(later.iloc[::-1].to_csv(index=False).encode(), name="new.csv").frame
    table = apply_schema(apply_recipe(new, recipe), recipe.schema, name="new", digest="", events_needed=False)
    assert (steps(table) >= np.timedelta64(0)).all() and "s1" not in table.frame
    filled = table.frame["s2"].to_numpy()
    assert np.isfinite(filled).all() and filled[5] == filled[4] == np.float32(data["s2"].iloc[4])
    assert table.n_rows == len(data), "ranges of lines concern the file that they were named in"
    assert dataset.table().n_rows == len(data) - 4


def test_several_files_are_one_dataset_that_can_be_read_again(workspace) -> None:
    whole = small_frame().to_csv(index=False).encode()
    header, *lines = whole.splitlines(keepends=True)
    parts = header + b"".join(lines[:300]), header + b"".join(lines[300:])
    files = Files(parts, ("A.csv", "B.csv"))
    dataset = add_dataset(files, files.name)
    assert dataset.name == "A.csv, B.csv" and dataset.files == ("A.csv", "B.csv") and dataset.n_rows == 600
    table = open_dataset(dataset.digest).table()
    assert table.values.tolist() == read_table(whole).values.tolist()
    assert table.line(300) == "2 of B.csv" and any(found.fact == "files joined" for found in table.remarks)
    with original(dataset) as again:
        assert isinstance(again, Files) and preview(again, dataset.name).digest == dataset.digest
    assert add_dataset(files, files.name) == dataset
    assert add_dataset(parts[0], "A.csv").digest != dataset.digest
