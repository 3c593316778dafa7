"""A sensor whose level changes at a stop for good is named; noise, spikes and short trips are not."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from rare_event.prepare.drift import Change, level_changes, without_reference
from rare_event.prepare.stretches import minutes, stretches

N, STOP = 2000, 100


def plant(long_stop=1200):
    """2,000 two-minute rows with a stop of 20 minutes every 100, and one of 600 minutes."""
    gap = np.full(N, 2.0)
    gap[STOP::STOP] = 20.0
    if long_stop is not None:
        gap[long_stop] = 600.0
    clock = np.cumsum(gap) - gap[0]
    return clock, stretches(clock, np.zeros(N, np.int8))


def noise(n_sensors, seed=0):
    return np.random.default_rng(seed).normal(size=(N, n_sensors))


def changes(values, share=0.5, long_stop=1200):
    clock, stretch = plant(long_stop)
    names = tuple(f"x{i + 1}" for i in range(values.shape[1]))
    return level_changes(values, clock, stretch, np.arange(int(share * N)), names)


def test_a_level_that_changes_at_a_stop_by_hand() -> None:
    # A tenth of 2,000 rows counts as a day. Before, every other row is 1 and 3: mean 2, standard
    # deviation 1. From the stop at row 1400 on all are 13: 11 sigma up.
    values = np.where(np.arange(N) < 1400, np.tile([1.0, 3.0], N // 2), 13.0)[:, None]
    clock, _ = plant(None)
    (found,) = changes(values, long_stop=None)
    assert found == Change(1400, clock[1400], 20.0, "x1", 11.0, None)
    assert found.in_words("1 May") == "Since 1 May: x1 is 11 standard deviations from its training level"
    # Down is as far as up; as little as 4.9 sigma is not.
    (down,) = changes(4 - values, long_stop=None)
    assert down.sigma == -11.0 and down.in_words("1 May") == found.in_words("1 May")
    assert changes(np.where(values > 3, values - 6.1, values)) == []


def test_a_level_that_ends_says_how_long_it_held() -> None:
    values = noise(2)
    values[1200:1700, 1] += 20
    clock, _ = plant(None)
    (found,) = changes(values, long_stop=None)
    assert (found.sensor, found.row, found.until) == ("x2", 1200, clock[1700])
    # 500 rows of 2 minutes and 5 stops of 18 minutes more: 1,090 minutes.
    told = "3 May, for 0.8 days: x2 was 20 standard deviations from its training level"
    assert found.in_words("3 May") == told
    # Back where it was, it is no change; further on to another level it is a second one.
    values[1700:, 1] -= 30
    second, first = changes(values, long_stop=None)
    assert first == found and (second.row, second.until) == (1700, None)
    assert second.sigma == pytest.approx(-30, abs=1.5)


def test_the_furthest_comes_first() -> None:
    values = noise(4)
    values[1400:, 0] += 8
    values[1500:, 2] -= 30
    values[1300:, 3] += 15
    found = changes(values, long_stop=None)
    assert [change.sensor for change in found] == ["x3", "x4", "x1"]
    assert [change.row for change in found] == [1500, 1300, 1400]
    assert all(abs(change.sigma) >= 5 for change in found)


def test_a_change_within_a_day_of_a_long_stop_is_placed_there() -> None:
    values = noise(1)
    values[1330:] += 10
    (found,) = changes(values)
    assert (found.row, found.stop) == (1200, 600.0)
    assert changes(values, long_stop=None)[0].row == 1300
    # Further than a day from it, it is not.
    values[1330:1600] -= 10
    assert changes(values)[0].row == 1600


def test_what_comes_and_goes_is_no_change() -> None:
    values = noise(5)
    values[1200:1320, 0] += 30  # back within a day
    values[::50, 1] += 500  # spikes
    values[1300:, 2] += np.linspace(0, 10, 700)  # a slow rise, at no stop
    values[1300:1600:2, 3] += 40  # every other row
    values[1200:, 4] += 4  # not far enough
    assert changes(values) == []


def test_what_the_training_has_seen_is_no_change() -> None:
    values = noise(1)
    values[500:] += 20
    # Half of the reference rows are on either level: a standard deviation of 10.
    assert changes(values) == []
    assert len(changes(values, share=0.25)) == 1


def test_a_sensor_that_stood_still_is_infinitely_far() -> None:
    values = np.full((N, 2), 0.1, np.float32)
    values[1400:, 1] = 0.2
    (found,) = changes(values, long_stop=None)
    assert (found.sensor, found.row, found.sigma) == ("x2", 1400, np.inf)
    assert found.in_words("1 May") == "Since 1 May: x2 is far from its training level"


def test_missing_and_infinite_values_are_passed_over() -> None:
    values = noise(4)
    values[1400:, 0] += 10
    clean = changes(values[:, :1])
    values[np.random.default_rng(1).random((N, 4)) < 0.3] = np.nan
    values[::7, :2] = np.inf
    values[:, 2] = np.nan
    values[1000:, 3] = -np.inf
    (found,) = changes(values)
    assert found.row == clean[0].row and found.sigma == pytest.approx(clean[0].sigma, rel=0.1)
    assert changes(np.full((N, 3), np.nan)) == []


def test_nothing_to_compare_finds_nothing() -> None:
    values = noise(2)
    clock, stretch = plant()
    assert level_changes(values, clock, np.zeros(N, int), np.arange(1000), ("a", "b")) == []
    assert level_changes(values, clock, stretch, np.arange(0), ("a", "b")) == []
    for n in (0, 1, 2, 5):
        assert level_changes(values[:n], clock[:n], np.arange(n), np.arange(n), ("a", "b")) == []
    assert level_changes(values[:, :0], clock, stretch, np.arange(1000), ()) == []


@pytest.mark.parametrize("memory", [0.0, 0.9, 0.99, 0.999, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_noise_of_any_memory_has_no_changes(seed, memory) -> None:
    values = lfilter([1.0], [1.0, -memory], noise(30, seed), axis=0)
    assert changes(values, share=0.64) == []
    values[1400:] += 12 * values[:1280].std(axis=0)
    # A sensor may have wandered towards where it was; most stay out.
    assert len({change.sensor for change in changes(values, share=0.64)}) >= 20


def walk(values, starts, day, reference, sigmas=5.0):
    """Look at each stop: rows of the steps found, one for each run of stops that see one."""
    mean, deviation = values[reference].mean(), values[reference].std()
    steps = []
    for start in starts:
        before = [values[i] for i in range(max(0, start - day), start)]
        after = [values[i] for i in range(start, min(len(values), start + day))]
        steps.append((np.median(after) - np.median(before)) / deviation)
    rows: list[int] = []
    group: list[int] = []
    for stop, step in enumerate(steps):
        if abs(step) < sigmas:
            continue
        if group and (step * steps[group[-1]] < 0 or starts[stop] - starts[group[-1]] > day):
            rows.append(starts[max(group, key=lambda i: abs(steps[i]))])
            group = []
        group.append(stop)
    if group:
        rows.append(starts[max(group, key=lambda i: abs(steps[i]))])
    found = []
    bounds = [0, *rows, len(values)]
    for earlier, begin, end in zip(bounds, bounds[1:], bounds[2:], strict=False):
        z = (values[begin:end] - mean) / deviation
        moved = abs(np.median(z) - np.median((values[earlier:begin] - mean) / deviation))
        out = sum(abs(one) >= sigmas and one * np.median(z) > 0 for one in z)
        if end - begin >= day and moved >= sigmas and out >= 0.8 * len(z):
            found.append((int(begin), None if end == len(values) else int(end)))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_the_same_as_walking_from_stop_to_stop(seed) -> None:
    # Levels change at random stops by much or by nothing; a day is 40 rows, of which all are looked at.
    rng = np.random.default_rng(seed)
    n, n_sensors = 400, 6
    starts = np.sort(rng.choice(np.arange(5, n - 5), 12, replace=False))
    stretch = np.searchsorted(starts, np.arange(n), side="right")
    clock = 2.0 * np.arange(n) + 30.0 * stretch
    level = rng.choice([0.0, 0.0, 40.0, -25.0], (13, n_sensors))
    level[stretch[:80]] = 0.0
    values = rng.normal(size=(n, n_sensors)) + level[stretch]
    names = [f"s{i}" for i in range(n_sensors)]
    reference = np.arange(80)
    found = level_changes(values, clock, stretch, reference, names)
    expected = {
        (name, row, end)
        for sensor, name in enumerate(names)
        for row, end in walk(values[:, sensor], starts, 40, reference)
    }
    row_at: dict[float | None, int | None] = dict(zip(clock.tolist(), range(n), strict=True))
    told = {(change.sensor, change.row, row_at.get(change.until)) for change in found}
    assert told == expected
    assert len(found) == len(told) > 0


@pytest.mark.mill
def test_the_mill_changed_at_its_longest_stop(mill_table) -> None:
    clock, label = minutes(mill_table.time, mill_table.n_rows), mill_table.label
    stretch, sensors = stretches(clock, label), mill_table.schema.sensors
    reference = np.flatnonzero(label[: int(0.64 * len(label))] == 0)
    (found,) = level_changes(mill_table.values, clock, stretch, reference, sensors)
    assert (found.sensor, found.row, found.stop, found.until) == ("x19", 11_503, 834.0, None)
    assert str(mill_table.time[found.row])[:16] == "1999-05-18T18:16"
    assert found.in_words("18 May") == "Since 18 May: x19 is 31 standard deviations from its training level"
    # Having seen the new level, the training finds nothing new.
    assert level_changes(mill_table.values, clock, stretch, np.flatnonzero(label == 0), sensors) == []
    # Of less training more is new, but still a handful of the 59 sensors and 128 stops.
    early = reference[reference < 0.4 * len(label)]
    few = level_changes(mill_table.values, clock, stretch, early, sensors)
    assert few[0].sensor == "x19" and len(few) <= 3


def test_each_asset_is_compared_with_itself() -> None:
    # The two machines lie 100 apart, and only the second one changes; its own change is as if it were alone.
    clock, stretch = plant(None)
    first, second = noise(2, 1), noise(2, 2) + 100
    second[1400:, 1] -= 12
    both = np.concatenate([first, second])
    asset = np.repeat([0, 1], N)
    reference = np.concatenate([np.arange(N // 2), N + np.arange(N // 2)])
    clocks, stretched = np.tile(clock, 2), np.concatenate([stretch, stretch + stretch[-1] + 1])
    names = ("x1", "x2")

    def found(rows):
        return level_changes(both, clocks, stretched, rows, names, asset=asset, assets=("press 1", "press 2"))

    (alone,) = level_changes(second, clock, stretch, np.arange(N // 2), names)
    (change,) = found(reference)
    assert change == replace(alone, row=alone.row + N, asset="press 2")
    words = "Since 1 May: x2 of 'press 2' is 12 standard deviations from its training level"
    assert change.in_words("1 May") == words
    # Read as one machine, the step from one to the other counts, and so does their distance.
    assert level_changes(both, clocks, stretched, reference, names) != [change]
    # A machine without reference rows is named, not judged by those of the other.
    assert found(np.arange(N // 2)) == [] and found(N + np.arange(N // 2)) == [change]
    assert without_reference(np.arange(N // 2), asset, ("press 1", "press 2")) == ["press 2"]
    assert without_reference(reference, asset, ("press 1", "press 2")) == []
