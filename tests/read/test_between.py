"""Between the blocks of a file that is read something can be done, such as ending it."""

import pandas as pd
import pytest

from rare_event.errors import Cancelled
from rare_event.prepare.corrections import NO_CORRECTIONS
from rare_event.prepare.join import read_files
from rare_event.read import encoding, parquet
from rare_event.read.between import between_blocks
from rare_event.read.raw import read_raw
from rare_event.read.source import Files


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Three files of 100 rows, a CSV with several blocks and two Parquet files with four each."""
    monkeypatch.setattr(encoding, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(parquet, "BATCH_ROWS", 25)
    paths = []
    for number, name in enumerate(("a.csv", "b.parquet", "c.parquet")):
        time = pd.Timestamp("2024-01-01") + pd.to_timedelta(
            2 * (100 * number + pd.RangeIndex(100)), unit="min"
        )
        frame = pd.DataFrame({"time": time, "x1": range(100), "x2": 0.5})
        paths.append(tmp_path / name)
        if name.endswith("csv"):
            frame.to_csv(paths[-1], index=False)
        else:
            frame.to_parquet(paths[-1], index=False)
    return Files(tuple(paths), ("a.csv", "b.parquet", "c.parquet"))


def test_each_block_is_told_and_the_columns_are_the_same(files) -> None:
    alone = read_raw(files.parts[1], name="b.parquet").frame
    told: list[int] = []
    with between_blocks(lambda: told.append(1)):
        again = read_raw(files.parts[1], name="b.parquet").frame
        assert len(told) == 4
        read_raw(files.parts[0], name="a.csv")
    assert len(told) > 4 + 2
    pd.testing.assert_frame_equal(alone, again, check_exact=True)
    before = len(told)
    read_raw(files.parts[1], name="b.parquet")
    assert len(told) == before, "what is read later is not told"


def test_what_is_raised_ends_the_reading_of_several_files(files) -> None:
    told: list[int] = []

    def cancel() -> None:
        told.append(1)
        if len(told) >= 3:
            raise Cancelled("stop")

    with pytest.raises(Cancelled, match="stop"), between_blocks(cancel):
        read_files(files, files.name, NO_CORRECTIONS)
    # Two files are read at once; each ends with the next block, and the third is not begun.
    assert 3 <= len(told) <= 5
    assert len(read_files(files, files.name, NO_CORRECTIONS).frame) == 300


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_files_read_at_once_are_joined_as_one_after_the_other(files, order, monkeypatch) -> None:
    some = Files(tuple(files.parts[i] for i in order), tuple(files.names[i] for i in order))
    found = read_files(some, some.name, NO_CORRECTIONS).frame
    one_by_one = [read_raw(part, name=name).frame for part, name in zip(some.parts, some.names, strict=True)]
    naive = pd.concat(
        [frame.assign(time=pd.to_datetime(frame["time"])) for frame in one_by_one], ignore_index=True
    ).sort_values("time", ignore_index=True)
    for column in ("x1", "x2"):
        assert found[column].to_numpy(float).tolist() == naive[column].to_numpy(float).tolist()
    assert found["time"].to_numpy().astype("datetime64[s]").tolist() == (
        naive["time"].to_numpy().astype("datetime64[s]").tolist()
    )
    assert not found.index.has_duplicates


def test_the_first_file_that_cannot_be_read_is_named(files, tmp_path) -> None:
    broken = []
    for name in ("d.parquet", "e.parquet"):
        broken.append(tmp_path / name)
        broken[-1].write_bytes(b"PAR1 half of it")
    some = Files((files.parts[0], *broken), ("a.csv", "d.parquet", "e.parquet"))
    with pytest.raises(Exception, match="d.parquet is a damaged") as refused:
        read_files(some, some.name, NO_CORRECTIONS)
    assert "e.parquet" not in str(refused.value)
