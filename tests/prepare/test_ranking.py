"""Sensors ranked by how much they change before events."""

import statistics

import numpy as np
import pandas as pd
import pytest

from rare_event.errors import TableError
from rare_event.prepare.ranking import FEWEST_TRAILING, MOST_DRAWN, TRAILING, rank_sensors
from rare_event.prepare.stretches import stretches
from rare_event.prepare.table import read_table


def plant(
    n_rows: int, n_sensors: int, n_events: int, seed: int
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Sensors that follow themselves and know nothing of the events."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n_rows, n_sensors))
    for row in range(1, n_rows):
        noise[row] += 0.9 * noise[row - 1]
    label = np.zeros(n_rows, np.int8)
    label[rng.choice(np.arange(20, n_rows, 3), n_events, replace=False)] = 1
    stretch = stretches(np.arange(n_rows, dtype=float), label)
    return pd.DataFrame(noise, columns=[f"s{i}" for i in range(n_sensors)]), label, stretch


def naive_share(values: list[float], label: list[int], stretch: list[int], shift: int, measure: str) -> float:
    """Compare all pairs of a row before an event and a normal row, one by one."""
    n = len(values)
    measured: dict[int, float] = {}
    for row in range(n):
        before = [values[i] for i in range(max(0, row - TRAILING), row) if stretch[i] == stretch[row]]
        if measure == "jump" and before:
            measured[row] = abs(values[row] - before[-1])
        known = [value for value in before if value == value]
        if measure == "level" and len(known) >= FEWEST_TRAILING:
            measured[row] = values[row] - statistics.median(known)
    events = [row for row in range(n) if label[row] == 1]
    positive = {
        row
        for event in events
        for row in range(max(0, event - shift), event)
        if stretch[row] == stretch[event] and label[row] == 0
    }
    normal = [row for row in range(n) if label[row] == 0 and row not in positive]
    wins = total = 0.0
    for row in positive:
        for other in normal:
            one, two = measured.get(row, np.nan), measured.get(other, np.nan)
            if one == one and two == two:
                total += 1
                wins += (one > two) + (one == two) / 2
    return wins / total


@pytest.mark.parametrize("shift", [1, 2, 5])
def test_the_shares_are_those_of_all_pairs(shift: int) -> None:
    sensors, label, stretch = plant(300, 3, 8, seed=shift)
    sensors = sensors.round(1)
    sensors.iloc[50:60, 1] = np.nan
    ranking = rank_sensors(sensors, label, stretch, shift)
    assert ranking.n_sensors == len(ranking.changes) == 3
    for change in ranking.changes:
        of = (sensors[change.sensor].tolist(), label.tolist(), stretch.tolist(), shift)
        assert change.jump == pytest.approx(naive_share(*of, "jump"))
        assert change.level == pytest.approx(naive_share(*of, "level"))
        assert change.auc == getattr(change, change.measure)
        assert change.low < change.auc < change.high
    strengths = [change.strength for change in ranking.changes]
    assert strengths == sorted(strengths, reverse=True)


@pytest.mark.parametrize(
    ("effect", "measure", "words"),
    [
        (lambda values, rows: values + 8 * np.isin(np.arange(len(values)), rows), "level", "is higher"),
        (lambda values, rows: values - 8 * np.isin(np.arange(len(values)), rows), "level", "is lower"),
    ],
)
def test_a_sensor_that_moves_before_events_comes_first(effect, measure: str, words: str) -> None:
    sensors, label, stretch = plant(2000, 6, 25, seed=3)
    before = np.flatnonzero(label)[:, None] - np.array([1, 2, 3, 4])
    sensors["s4"] = effect(sensors["s4"].to_numpy(), before.ravel())
    first, *others = rank_sensors(sensors, label, stretch, 4).changes
    assert (first.sensor, first.measure, first.in_words) == ("s4", measure, words)
    assert first.low > 0.5 or first.high < 0.5
    assert all(other.strength < 0.2 for other in others)


def test_unsteady_and_calm_sensors_are_told_from_higher_ones() -> None:
    sensors, label, stretch = plant(3000, 6, 40, seed=4)
    rng = np.random.default_rng(4)
    before = (np.flatnonzero(label)[:, None] - np.arange(1, 5)).ravel()
    sensors.loc[before, "s1"] += 12 * rng.choice([-1, 1], len(before))
    sensors.loc[before, "s2"] = 0.0
    words = {
        change.sensor: change.in_words for change in rank_sensors(sensors, label, stretch, 4).changes[:2]
    }
    assert words == {"s1": "jumps more", "s2": "is calmer"}


def test_unrelated_sensors_exclude_chance_no_more_often_than_they_should() -> None:
    excluded, beyond, n_sensors = 0, 0, 0
    for seed in range(12):
        sensors, label, stretch = plant(1500, 20, 30, seed=seed)
        ranking = rank_sensors(sensors, label, stretch, 2)
        excluded += sum(not change.low <= 0.5 <= change.high for change in ranking.changes)
        beyond += ranking.changes[0].strength > ranking.chance
        n_sensors += 20
    assert excluded <= 0.07 * n_sensors
    assert beyond <= 3, "the best of all goes beyond chance in one file of twenty"


def test_the_best_of_many_by_chance_grows_with_their_number() -> None:
    sensors, label, stretch = plant(1500, 20, 30, seed=1)
    many = rank_sensors(sensors, label, stretch, 2)
    few = rank_sensors(sensors[["s0"]], label, stretch, 2)
    assert 0 < few.chance < many.chance < 0.5


def test_many_events_are_thinned_only_in_the_draws_of_chance() -> None:
    sensors, label, stretch = plant(6000, 2, 1200, seed=5)
    assert label.sum() * 2 * 200 > MOST_DRAWN
    ranking = rank_sensors(sensors, label, stretch, 2)
    assert ranking.n_events > 1000
    # About two standard errors of a share over as many events, no more and no less.
    assert 0.5 < ranking.chance / (2 * 0.29 / np.sqrt(ranking.n_events)) < 2.5


def test_event_rows_themselves_are_compared_without_a_shift() -> None:
    sensors, label, stretch = plant(1000, 3, 5, seed=6)
    label = np.convolve(label, np.ones(20, int))[:1000].clip(max=1).astype(np.int8)
    stretch = stretches(np.arange(1000.0), label)
    sensors["s2"] += 9 * label
    ranking = rank_sensors(sensors, label, stretch, 0)
    assert ranking.changes[0].sensor == "s2"
    assert ranking.n_events <= 5


def test_one_event_has_no_interval() -> None:
    sensors, label, stretch = plant(200, 2, 1, seed=0)
    for change in rank_sensors(sensors, label, stretch, 2).changes:
        assert np.isnan(change.low) and np.isnan(change.high)
        assert np.isfinite(change.auc)


def test_a_sensor_without_values_is_left_out_but_counted() -> None:
    sensors, label, stretch = plant(200, 2, 4, seed=0)
    ranking = rank_sensors(sensors.assign(empty=np.nan), label, stretch, 2)
    assert ranking.n_sensors == 3
    assert [change.sensor for change in ranking.changes if change.sensor == "empty"] == []


def test_a_file_without_events_says_why_there_is_no_ranking() -> None:
    sensors, label, stretch = plant(200, 2, 1, seed=0)
    with pytest.raises(TableError, match="no event"):
        rank_sensors(sensors, np.zeros_like(label), stretch, 2)
    with pytest.raises(TableError, match="No sensor has values"):
        rank_sensors(sensors.assign(s0=np.nan, s1=np.nan), label, stretch, 2)
    with pytest.raises(TableError, match="no rows before events"):
        rank_sensors(sensors, (np.arange(200) < 3).astype(np.int8), np.arange(200), 2)


@pytest.mark.mill
@pytest.mark.parametrize("shift", [2, 5])
def test_the_mills_first_five(mill_csv, shift: int) -> None:
    table = read_table(mill_csv)
    sensors = table.frame[list(table.schema.sensors)]
    ranking = rank_sensors(sensors, table.label, stretches(table.clock, table.label), shift)
    first = [change.sensor for change in ranking.changes[:5]]
    assert {"x15", "x48", "x5"} <= set(first)
    assert ranking.n_sensors == 59
    assert ranking.changes[0].strength > ranking.chance > ranking.changes[20].strength
