"""A preview stores nothing; what is stored is what it showed; earlier runs keep their reading."""

from dataclasses import replace

import pytest

from rare_event.errors import RunError, TableError
from rare_event.prepare import join as joining
from rare_event.prepare.corrections import NO_CORRECTIONS, Corrections, OpenQuestion
from rare_event.prepare.table import read_table
from rare_event.read.source import Files
from rare_event.read.table import Reading
from rare_event.store import preview as previews
from rare_event.store.datasets import add_dataset, list_datasets, open_dataset, save_dataset, store
from rare_event.store.originals import original
from rare_event.store.preview import examples, first_lines, preview
from tests.prepare.test_corrections import DECIMAL, FILE

OTHER = Corrections(Reading(time=("also at",)), label=("state",), event=("bad",))


def test_a_preview_stores_nothing_and_shows_what_would_be_stored(workspace) -> None:
    seen = preview(FILE, "mill.csv", OTHER)
    assert not workspace.exists() or not list(workspace.iterdir())
    stored = store(seen, FILE)
    assert seen.table is not None and stored.table().frame.equals(seen.table.frame)
    assert stored.schema == seen.schema == read_table(FILE, said=OTHER).schema
    assert not seen.refused and not seen.questions


def test_a_file_that_cannot_be_used_is_a_sentence_and_is_not_stored(workspace) -> None:
    for content in (b"", b"x1,x2\n1,2\n3,4\n5,6\n"):
        seen = preview(content, "bad.csv")
        assert (seen.refused or seen.questions) and seen.table is None
        with pytest.raises(TableError):
            store(seen, content)
    assert not list_datasets()


def test_nothing_is_stored_while_a_question_is_open(workspace, monkeypatch) -> None:
    raw = joining.read_raw(FILE, name="f")
    monkeypatch.setattr(joining, "read_raw", lambda *_, **__: replace(raw, questions=(DECIMAL,)))
    seen = preview(FILE, "mill.csv")
    assert seen.questions == (DECIMAL,) and seen.table is None and not seen.refused
    with pytest.raises(OpenQuestion, match="x1") as caught:
        add_dataset(FILE, "mill.csv")
    assert "--decimal" in caught.value.on_command_line and "--" not in str(caught.value)
    assert not list_datasets()


def test_how_the_file_is_read_is_asked_before_what_its_columns_mean(workspace, monkeypatch) -> None:
    raw = joining.read_raw(FILE, name="f")
    label = replace(DECIMAL, about="label", column=None)

    def open_label(*_: object) -> None:
        raise OpenQuestion([label])

    monkeypatch.setattr(previews, "roles", open_label)
    assert preview(FILE, "mill.csv").questions == (label,)
    monkeypatch.setattr(joining, "read_raw", lambda *_, **__: replace(raw, questions=(DECIMAL,)))
    assert preview(FILE, "mill.csv").questions == (DECIMAL,)


def test_what_is_complete_reads_the_same_and_asks_nothing(workspace) -> None:
    complete = preview(FILE, "mill.csv", OTHER).complete
    again = preview(FILE, "mill.csv", complete)
    assert again.complete == complete and not again.questions
    assert again.table is not None and again.table.frame.equals(read_table(FILE, said=OTHER).frame)


def test_other_corrections_replace_the_first_reading_and_no_word_keeps_it(workspace) -> None:
    first = add_dataset(FILE, "mill.csv")
    second = add_dataset(FILE, "mill.csv", OTHER)
    assert second.digest == first.digest and second.version != first.version
    assert open_dataset(first.digest) == second and len(list_datasets()) == 1
    assert second.schema.label == "state"
    assert add_dataset(FILE, "mill.csv") == second
    assert add_dataset(FILE, "mill.csv", OTHER) == second


def test_an_earlier_run_keeps_the_reading_it_was_trained_on(workspace, monkeypatch) -> None:
    first = add_dataset(FILE, "mill.csv")
    before = first.table().frame
    read_raw = joining.read_raw

    def differently(*args, **how):
        raw = read_raw(*args, **how)
        return replace(
            raw, frame=raw.frame.assign(x1=raw.frame.x1 * 1000), reading=replace(raw.reading, decimal=",")
        )

    monkeypatch.setattr(joining, "read_raw", differently)
    second = add_dataset(FILE, "mill.csv", Corrections(Reading(decimal=",")))
    assert first.table().frame.equals(before)
    assert not second.table().frame.equals(before)
    assert second.version != first.version


def test_fixes_of_the_first_reading_are_not_carried_over(workspace) -> None:
    from rare_event.checks.findings import Finding

    first = add_dataset(FILE, "mill.csv")
    save_dataset(first.with_fix(Finding("note", "x2", "It is odd.", "Ignore it.", "ignore")))
    assert add_dataset(FILE, "mill.csv").fixes
    assert not add_dataset(FILE, "mill.csv", OTHER).fixes


def test_the_upload_can_be_read_again_byte_by_byte(workspace) -> None:
    dataset = add_dataset(FILE, "mill.csv")
    with original(dataset) as path:
        assert not isinstance(path, Files) and path.read_bytes() == FILE
        assert preview(path, dataset.name).digest == dataset.digest
    assert not path.exists()


def test_a_dataset_without_its_upload_says_what_to_do(workspace) -> None:
    dataset = add_dataset(FILE, "mill.csv")
    (workspace / "datasets" / dataset.digest / "original.zst").unlink()
    with pytest.raises(RunError, match="Upload the file again"), original(dataset):
        pass


def test_a_record_cannot_name_another_file(workspace) -> None:
    dataset = save_dataset(replace(add_dataset(FILE, "mill.csv"), stored="../../secret.parquet"))
    with pytest.raises(RunError, match="damaged"):
        dataset.table()


def test_examples_show_cells_before_and_after(workspace) -> None:
    seen = preview(FILE, "mill.csv", OTHER)
    (first, second) = examples(seen, "also at")
    assert (first.line, first.written, first.read) == (2, "2026-02-01 00:00", "2026-02-01 00:00:00")
    assert second.line == 3
    assert [example.read for example in examples(seen, "state")] == ["event", "normal"]


def test_the_first_lines_are_cut_and_never_a_traceback() -> None:
    assert first_lines(FILE)[0] == "at,also at,y,state,x1,x2"
    assert all(len(line) <= 200 for line in first_lines(b"x" * 5000))
    assert first_lines(b"") == []
    assert preview(FILE, "f", NO_CORRECTIONS).said == NO_CORRECTIONS
