"""Numbers that stand for a missing value are found; measured values are not."""

import numpy as np
import pytest

from rare_event.checks.check import check
from rare_event.checks.fixes import fix
from rare_event.checks.sentinels import sentinels
from rare_event.prepare.schema import guess_schema
from tests.naive import naive_sentinels
from tests.prepare.examples import frame, raw_of, table_of

N = 2000
LARGEST = float(np.float32(3.4028235e38))


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(50, 4, N)


def holed(word: float, times: int = 20, values: np.ndarray | None = None) -> np.ndarray:
    out = (noise() if values is None else values).copy()
    out[np.random.default_rng(1).choice(N, times, replace=False)] = word
    return out


GUILTY = {
    "-9999": (holed(-9999), {-9999.0: 20}),
    "largest float": (holed(LARGEST, 16), {LARGEST: 16}),
    "-999": (holed(-999), {-999.0: 20}),
    "99999": (holed(99999), {99999.0: 20}),
    "zero in a far-away column": (holed(0, values=noise() + 300), {0.0: 20}),
    "a third of the rows": (holed(-9999, N // 3), {-9999.0: N // 3}),
    "two words": (np.where(np.arange(N) % 50 == 3, 32767, holed(-9999)), {-9999.0: 20, 32767.0: 40}),
    "beside a peak": (np.where(np.arange(N) == 7, 120.5, holed(-9999)), {-9999.0: 20}),
}
RAMPS = np.clip(50 + 200 * np.sin(np.arange(N) / 30), -80, 100)
BURSTS = np.random.default_rng(2).poisson(1, N) + 40 * (np.random.default_rng(3).random(N) ** 40)
INNOCENT = {
    "noise": noise(),
    "saturated": RAMPS,
    "clipped at a peak": np.minimum(noise(), 55),
    "whole numbers": np.round(noise()),
    "bursts": np.round(BURSTS),
    "two states": np.repeat([0.0, 1450.0], N // 2) + np.random.default_rng(4).normal(0, 9, N),
    "one peak": np.where(np.arange(N) == 7, 5000, noise()),
    "two peaks of one height": np.where(np.isin(np.arange(N), (7, 90)), 5000, noise()),
    "scaled zero of a stopped machine": holed(-579.413),
    "mostly zero": np.where(np.arange(N) % 3 == 0, noise(), 0),
    "constant": np.full(N, 7.0),
    "none": np.empty(0),
}


@pytest.mark.parametrize(("values", "words"), GUILTY.values(), ids=GUILTY.keys())
def test_a_far_number_repeated_to_the_last_digit_is_no_value(values, words) -> None:
    assert dict(sentinels(values)) == words == naive_sentinels(values)
    assert dict(sentinels(values.astype(np.float32))) == words


@pytest.mark.parametrize("values", INNOCENT.values(), ids=INNOCENT.keys())
def test_measured_values_stay(values) -> None:
    assert sentinels(values) == [] and naive_sentinels(values) == {}


def test_the_fast_rule_is_the_obvious_one() -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        values = rng.choice([rng.normal(0, 3, 300), rng.integers(-9, 9, 300), rng.lognormal(1, 1, 300)])
        word = rng.choice([-9999, -50, 0, 12, 100, 999.5])
        values = np.where(rng.random(300) < rng.choice([0.004, 0.02, 0.3]), word, values)
        assert dict(sentinels(values)) == naive_sentinels(values), word


def test_a_finding_names_column_number_and_line_and_offers_to_treat_it_as_missing() -> None:
    raw = raw_of(frame(N, x2=holed(-9999, values=noise(6)), x3=holed(0, values=noise(7) + 300)))
    found = {f.column: f for f in check(table_of(raw)) if f.code == "RE306"}
    assert set(found) == {"x2", "x3"}
    line = int(raw.index[np.flatnonzero(raw["x2"] == -9999)[0]])
    assert found["x2"].grade == "warning" and f"first in line {line}" in found["x2"].what
    assert found["x3"].grade == "note", "zero may be a machine at rest"
    after, schema = fix(raw, guess_schema(raw), found["x2"])
    left = check(table_of(after, schema))
    assert [f.code for f in left if f.column == "x2"] == ["RE304"], "the gaps are now said to be gaps"
    assert any(f.code == "RE306" and f.column == "x3" for f in left)
    assert len(after) == N
