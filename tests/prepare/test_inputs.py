"""Other inputs for the same rows."""

from dataclasses import replace

import numpy as np
import pytest

from rare_event.config import Representation
from rare_event.prepare.inputs import (
    missing_only,
    readings,
    sensors_with_missing,
    without_categories,
    without_sensors,
)
from rare_event.prepare.prepared import prepare
from rare_event.prepare.table import read_table
from tests.small import PCA, small_frame

KINDS = ("level", "difference", "deviation", "forecast", "movement", "combined")


def with_gaps():
    """Values are missing in s1 on every 50th row from 7 on, and in s3 never."""
    frame = small_frame()
    frame.loc[7::50, "s1"] = np.nan
    return read_table(frame.assign(grade=np.where(frame.index % 2, "A", "B")).to_csv(index=False).encode())


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_left_is_what_a_file_without_the_sensors_gives(kind) -> None:
    table = read_table(small_frame().to_csv(index=False).encode())
    config = replace(PCA, representation=Representation(kind))
    left = without_sensors(prepare(table, config), ["s1", "s3"])
    file = read_table(small_frame().drop(columns=["s1", "s3"]).to_csv(index=False).encode())
    expected = prepare(file, config)
    assert left.derived.sensors == expected.derived.sensors == ("s0", "s2")
    np.testing.assert_array_equal(left.derived.values, expected.derived.values)
    np.testing.assert_array_equal(left.ends, expected.ends)


def test_windows_stay_the_same_where_a_sensor_with_gaps_is_left_out() -> None:
    table = with_gaps()
    whole = prepare(table, PCA)
    left = without_sensors(whole, ["s1"])
    np.testing.assert_array_equal(left.ends, whole.ends)
    file = read_table(small_frame().drop(columns="s1").to_csv(index=False).encode())
    assert len(prepare(file, PCA).ends) > len(left.ends), "the gaps were to cost windows"
    assert [list(fold.test) for fold in left.folds] == [list(fold.test) for fold in whole.folds]


@pytest.mark.parametrize("sensors", [["s9"], ["s0", "s1", "s2", "s3"]])
def test_unknown_sensors_or_all_of_them_are_refused(sensors) -> None:
    with pytest.raises(ValueError, match="not all"):
        without_sensors(prepare(with_gaps(), PCA), sensors)


@pytest.mark.parametrize(("kind", "n"), [("level", 1), ("movement", 3), ("combined", 3)])
def test_readings_are_one_frame_for_each(kind, n) -> None:
    prepared = prepare(with_gaps(), replace(PCA, representation=Representation(kind)))
    found = readings(prepared.derived, prepared.ends[:50])
    assert len(found) == n and all(list(each) == ["s0", "s1", "s2", "s3"] for each in found)
    values = prepared.derived.values[prepared.ends[:50]]
    np.testing.assert_array_equal(np.hstack(found), values)


def test_only_which_values_are_missing_is_left() -> None:
    table = with_gaps()
    whole = prepare(table, PCA)
    assert sensors_with_missing(table, whole.row) == ("s1",)
    left = missing_only(table, whole, lookback=1)
    np.testing.assert_array_equal(left.derived.values[:, 0], np.isnan(table.values[whole.row, 1]))
    # A window ends in every row, also where a value is missing.
    assert len(left.ends) == len(whole.row) > len(whole.ends)
    assert set(np.unique(left.derived.values)) == {0, 1} and left.derived.sensors == ("s1",)


def test_categories_are_left_out() -> None:
    config = replace(PCA, representation=Representation(one_hot=True))
    whole = prepare(with_gaps(), config)
    assert list(whole.derived.grades) == ["grade"]
    left = without_categories(whole)
    assert left.derived.grades == {}
    np.testing.assert_array_equal(left.derived.values, whole.derived.values)
