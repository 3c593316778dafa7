"""What a command stores is what it goes on with: the table just read is the table that is kept."""

from dataclasses import replace

import pandas as pd
import pytest

from rare_event.cli import reading
from rare_event.cli.parser import make_parser
from rare_event.store.datasets import Dataset, save_dataset
from tests.cli.test_commands import small_frame


@pytest.fixture
def stored(workspace, tmp_path):
    path = tmp_path / "small.csv"
    frame = small_frame().assign(time=pd.date_range("2024-01-01", periods=300, freq="2min"), grade="A")
    frame.loc[7, "a"] = None
    frame.loc[200:, "grade"] = "B"
    frame.to_csv(path, index=False, sep=";", decimal=",")

    def store(*options):
        return reading.stored(make_parser().parse_args(["run", str(path), *options]))

    return store


def same(found, expected) -> None:
    pd.testing.assert_frame_equal(found.frame, expected.frame, check_exact=True)
    assert found.name == expected.name and found.digest == expected.digest
    assert found.schema == expected.schema and found.remarks == expected.remarks
    assert found.notes == expected.notes and [*found.lines] == [*expected.lines]


@pytest.mark.parametrize("options", [(), ("--ignore", "b"), ("--label", "y", "--event", "1"), ("--no-time",)])
def test_the_table_is_the_one_that_reading_back_gives(stored, options) -> None:
    dataset, table = stored(*options)
    same(table, dataset.table())


def test_what_was_just_read_is_not_read_again(stored, monkeypatch) -> None:
    monkeypatch.setattr(Dataset, "table", lambda _: pytest.fail("it was read again"))
    assert stored("--label", "y")[1].n_rows == 300


def test_a_kept_reading_and_its_fixes_are_used_not_what_was_read_again(stored, capsys) -> None:
    dataset, _ = stored()
    roles = replace(dataset.schema, sensors=("a",), ignored=(*dataset.schema.ignored, "b"))
    fixed = save_dataset(dataset.with_schema(roles))
    for options in ((), ("--label", "y")):
        again, table = stored(*options)
        same(table, again.table())
        assert ("b" in table.frame) == bool(options)
    assert again != fixed and "read differently" in capsys.readouterr().err
