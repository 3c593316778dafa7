"""Rank correlations of sensors, alike sensors next to each other."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from rare_event.prepare.correlation import (
    ALIKE,
    MOST_GROUPS,
    MOST_ROWS,
    MOST_SENSORS,
    correlations,
    sensor_groups,
    strongest_pairs,
)


def sensors(n_rows: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(2, n_rows))
    columns = {f"a{i}": base[0] + 0.1 * i * rng.normal(size=n_rows) for i in range(3)}
    columns |= {f"b{i}": -(base[1] ** 3) + 0.1 * i * rng.normal(size=n_rows) for i in range(3)}
    return pd.DataFrame(dict(sorted(columns.items(), key=lambda item: item[0][1])))


def test_without_holes_it_is_spearman() -> None:
    data = sensors(300)
    found = correlations(data)
    pd.testing.assert_frame_equal(found, data.corr("spearman").loc[found.index, found.columns])
    assert set(found) == set(data)


def test_with_holes_each_pair_uses_the_rows_that_both_have() -> None:
    data = sensors(300).mask(np.random.default_rng(1).random((300, 6)) < 0.2)
    found = correlations(data)
    # Ranks of a whole column, not of each pair: equal but for the few missing partners.
    expected = data.rank().corr("pearson").loc[found.index, found.columns]
    pd.testing.assert_frame_equal(found, expected)
    assert found.notna().all(axis=None)


def test_sensors_that_go_together_are_neighbours() -> None:
    order = [str(name)[0] for name in correlations(sensors(300))]
    assert order in (list("aaabbb"), list("bbbaaa"))
    assert [str(name)[0] for name in sensors(300)] == list("ababab")


def test_what_cannot_be_correlated_is_missing_and_never_an_error() -> None:
    data = pd.DataFrame({"a": np.arange(9.0), "still": 1.5, "empty": np.nan, "inf": np.inf})
    found = correlations(data)
    assert found.loc["a", "a"] == pytest.approx(1)
    assert found.drop(index="a").isna().all(axis=None)
    assert strongest_pairs(found, 5).empty
    assert correlations(data[["a"]]).shape == (1, 1)


def test_the_strongest_pairs_come_first_whatever_their_sign() -> None:
    found = pd.DataFrame(
        [[1, 0.2, -0.9], [0.2, 1, np.nan], [-0.9, np.nan, 1]], list("abc"), list("abc"), dtype=float
    )
    pairs = strongest_pairs(found, 5)
    assert pairs.values.tolist() == [["a", "c", -0.9], ["a", "b", 0.2]]
    assert len(strongest_pairs(found, 1)) == 1


def test_a_long_file_is_sampled_evenly() -> None:
    n_rows = 4 * MOST_ROWS
    late = np.r_[np.zeros(n_rows // 2), np.arange(n_rows // 2)]
    found = correlations(pd.DataFrame({"a": late, "b": -late}))
    assert found.loc["a", "b"] == pytest.approx(-1)


def strongest(readings: list[pd.DataFrame]) -> pd.DataFrame:
    """The strongest absolute correlation of each pair, one pair at a time."""
    return pd.DataFrame(
        {
            a: {
                b: max(abs(reading[a].corr(reading[b], method="spearman")) for reading in readings)
                for b in readings[0]
            }
            for a in readings[0]
        }
    )


def test_sensors_of_a_group_all_go_together_and_no_two_groups_could_be_one() -> None:
    rng = np.random.default_rng(0)
    for seed in range(5):
        readings = [sensors(200, seed), sensors(200, seed).diff().fillna(0) + rng.normal(size=(200, 6))]
        groups = sensor_groups(readings)
        assert sorted(name for group in groups for name in group) == sorted(map(str, readings[0]))
        found = strongest(readings)
        for group in groups:
            assert found.loc[[*group], [*group]].to_numpy().min() >= ALIKE
        for one, other in combinations(groups, 2):
            assert found.loc[[*one], [*other]].to_numpy().min() < ALIKE


def test_a_pair_counts_by_the_reading_in_which_it_goes_together_most() -> None:
    rng = np.random.default_rng(0)
    apart = pd.DataFrame(rng.normal(size=(200, 2)), columns=["a", "b"])
    alike = pd.DataFrame({"a": apart["a"], "b": -apart["a"]})
    assert sensor_groups([apart]) == [("a",), ("b",)]
    assert sensor_groups([apart, alike]) == sensor_groups([alike, apart]) == [("a", "b")]


def test_many_sensors_are_at_most_so_many_groups_and_none_is_lost() -> None:
    data = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 40))).rename(columns=str)
    data = data.assign(still=1.0, empty=np.nan)
    groups = sensor_groups([data])
    assert 1 < len(groups) <= MOST_GROUPS and ("still", "empty") in groups
    assert sorted(name for group in groups for name in group) == sorted(map(str, data))
    assert len(sensor_groups([data], most=2)) == 2
    assert sensor_groups([data[["still", "empty"]]]) == [("still", "empty")]
    assert sensor_groups([data[["3"]]]) == [("3",)]


def test_sensors_beyond_the_first_500_are_one_group_of_their_own() -> None:
    data = pd.DataFrame(np.random.default_rng(0).normal(size=(20, MOST_SENSORS + 3))).rename(columns=str)
    groups = sensor_groups([data])
    assert ("500", "501", "502") in groups and len(groups) <= MOST_GROUPS
    assert sum(map(len, groups)) == MOST_SENSORS + 3
