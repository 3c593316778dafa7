"""How a sensor behaves: frozen, saturated, in spikes, as a copy, at another level. One note each."""

import warnings

import numpy as np
import pandas as pd
import pytest

from rare_event.checks.check import check, outcomes
from rare_event.checks.findings import Finding
from rare_event.checks.measures import copies, levels, longest_still, share_of_mode, spikes, stuck_at
from rare_event.prepare.schema import Schema
from tests.naive import naive_longest_still, naive_spikes
from tests.prepare.examples import frame, raw_of, table_of

N = 2000


def noise(seed: int = 9, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(50, scale, N)


def slow(seed: int = 3) -> np.ndarray:
    steps = np.random.default_rng(seed).normal(size=N + 200)
    return np.convolve(steps, 0.95 ** np.arange(200))[200 : N + 200]


def with_rows(rows: slice | list[int], value: float, values: np.ndarray | None = None) -> np.ndarray:
    out = (noise() if values is None else values).copy()
    out[rows] = value
    return out


def notes(**columns: np.ndarray) -> dict[tuple[str, str | None], Finding]:
    found = check(table_of(raw_of(frame(N, **columns))))
    assert {f.grade for f in found} <= {"note"}
    return {(f.code, f.column): f for f in found}


CASES = {
    "nearly constant": ("RE303", with_rows(list(range(7, N, 20)), 31.5, np.full(N, -0.633)), "95.0%"),
    "frozen": ("RE307", with_rows(slice(600, 700), 50.25), "100 rows, from line 602 to line 701"),
    "saturated": ("RE309", np.minimum(noise(), 50.8), "highest value, 50.8, in 22.3%"),
    "spikes": (
        "RE310",
        with_rows([300, 900], 912.5),
        "2 values are far from both their neighbours; the first",
    ),
    "another level": ("RE312", np.linspace(0, 40, N) ** 2 + noise(), "first fifth"),
}


@pytest.mark.parametrize(("code", "values", "words"), CASES.values(), ids=CASES.keys())
def test_each_behaviour_is_one_note_with_its_numbers(code: str, values: np.ndarray, words: str) -> None:
    found = notes(x2=values)
    assert set(found) == {(code, "x2")}, found
    assert words in found[code, "x2"].what, found[code, "x2"].what
    assert found[code, "x2"].why and found[code, "x2"].fix.endswith(".")


INNOCENT = {
    "noise": noise(),
    "slow": slow(),
    "whole numbers": np.random.default_rng(2).poisson(3, N).astype(float),
    "steps of a set point": np.repeat(np.random.default_rng(5).normal(size=N // 40), 40),
    "heavy tails": np.random.default_rng(7).standard_t(4, N),
    "a slow wave": np.sin(np.arange(N) / 90),
    "rounded": np.round(noise(scale=4)),
}


@pytest.mark.parametrize("values", INNOCENT.values(), ids=INNOCENT.keys())
def test_an_ordinary_sensor_has_nothing_to_say(values: np.ndarray) -> None:
    codes = {code for code, column in notes(x2=values) if column == "x2"}
    assert codes <= {"RE313", "RE404"}, codes


def test_sensors_that_freeze_together_are_one_finding() -> None:
    frozen = {f"x{k}": with_rows(slice(600, 700), 50 + k / 99, noise(k + 20)) for k in range(2, 10)}
    found = notes(**frozen)
    assert set(found) == {("RE307", "x2")}
    assert "7 other sensors ('x3', 'x4', 'x5', 'x6', 'x7' and 2 more)" in found["RE307", "x2"].what


def test_a_copy_in_another_unit_is_named_with_its_original() -> None:
    found = notes(x2=noise(), x3=noise(4), x4=(noise() * -9 / 5 + 32).round(3), x5=noise() + noise(4) / 9)
    assert set(found) == {("RE311", "x4")}
    assert "'x2'" in found["RE311", "x4"].what and "-1.00000" in found["RE311", "x4"].what
    assert found["RE311", "x4"].action == "ignore"


def test_copies_are_those_of_the_full_correlation_matrix() -> None:
    rng = np.random.default_rng(0)
    columns = [rng.normal(size=300) for _ in range(12)]
    columns[5] = columns[2] * 3 - 1
    columns[8] = columns[2] + rng.normal(size=300) * 0.5
    columns[9] = np.where(np.arange(300) == 4, np.nan, columns[0])
    all_pairs = [
        (i, j)
        for i in range(12)
        for j in range(i + 1, 12)
        for both in [np.isfinite(columns[i]) & np.isfinite(columns[j])]
        if abs(np.corrcoef(columns[i][both], columns[j][both])[0, 1]) > 0.9999
    ]
    assert [pair[:2] for pair in copies(columns, 0.9999)] == all_pairs == [(0, 9), (2, 5)]


def test_the_fast_measures_are_the_obvious_ones() -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        values = rng.normal(size=200).round(rng.integers(0, 4))
        start, length = rng.integers(0, 150), rng.integers(0, 50)
        values[start : start + length] = 0.5
        values[rng.integers(0, 200, rng.integers(0, 3))] = 300
        assert longest_still(values) == naive_longest_still(values)
        np.testing.assert_array_equal(spikes(values), naive_spikes(values))
        mode, share = share_of_mode(values)
        if share > 0.5:
            assert share == max((values == v).mean() for v in values) and (values == mode).mean() == share


def test_a_limit_of_whole_numbers_is_none() -> None:
    counts = np.random.default_rng(2).poisson(0.4, 500).astype(float)
    assert (counts == 0).mean() > 0.5 and stuck_at(counts) == []
    assert [end for end, _ in stuck_at(np.maximum(np.random.default_rng(3).normal(size=500), -1))] == [-1.0]


def test_levels_of_short_files_and_of_several_machines_are_not_compared() -> None:
    ramp = np.linspace(0, 1, 400)
    assert levels(ramp, np.isfinite(ramp)) is None
    data = frame(N, x2=np.linspace(0, 40, N) ** 2 + noise(), machine=np.repeat(["A", "B"], N // 2))
    schema = Schema("y", "time", ("x1", "x2"), asset="machine")
    listed = {o.code: o for o in outcomes(table_of(raw_of(data), schema))}
    assert listed["RE312"].result == "not applicable" and "different machines" in listed["RE312"].reason
    alone = {o.code: o for o in outcomes(table_of(raw_of(data.drop(columns="machine"))))}
    assert alone["RE312"].result == "note"


def test_the_end_of_one_machine_is_never_compared_with_the_start_of_the_next() -> None:
    # Two machines of different level; the first ends, and the second begins, with 11 rows of one value.
    one, other = noise(1), noise(2) + 1000
    one[-11:] = other[:11] = 500.0
    # The spike is one of the first machine, far below the level of the second.
    one[700] = 912.5
    stacked = pd.concat([frame(N, x2=one, unit="press 1"), frame(N, x2=other, unit="press 2")])
    schema = Schema("y", "time", ("x1", "x2"), asset="unit")
    table = table_of(raw_of(stacked), schema)
    found = {f.code: f for f in check(table) if f.column == "x2"}
    assert not {"RE312", "RE307"} & set(found), found
    assert "to 912.5" in found["RE310"].what and "line 702" in found["RE310"].what
    told = {o.code: o for o in outcomes(table)}
    assert told["RE312"].result == "not applicable" and told["RE307"].result == "passed"
    # The same column of one machine would be frozen for 22 rows.
    assert longest_still(np.concatenate([one, other])) == (N - 11, N + 10)


def test_the_largest_number_for_a_missing_value_raises_no_warning() -> None:
    for least, most in ((1, 3), (0, 400)):  # alone, and as often as the others
        values = noise().astype(np.float64)
        values[least:most:2] = np.finfo(np.float64).max
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert len(spikes(values)) <= 1
