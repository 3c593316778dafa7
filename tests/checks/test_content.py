"""What columns hold: counters in long files, rare values of categories."""

import numpy as np
import pandas as pd
import pytest

from rare_event.checks import content
from rare_event.checks.base import Sensor
from rare_event.checks.check import check
from rare_event.checks.content import counts_rows
from tests.prepare.examples import frame, raw_of, table_of

N = 3000


@pytest.mark.parametrize("order", ["as written", "shuffled", "some missing", "after a jump"])
def test_a_counter_of_a_long_file_is_found_without_sorting_the_others(monkeypatch, order) -> None:
    rng = np.random.default_rng(0)
    counter = np.arange(N) * 2.0
    values = {
        "as written": counter,
        "shuffled": rng.permutation(counter),
        "some missing": np.sort(rng.choice(counter * 1.0, int(N * 0.97), replace=False)),
        "after a jump": counter + np.where(np.arange(N) > N // 3, 1e6, 0),
    }[order]
    others = [rng.normal(size=N), rng.normal(size=N).round(1), np.cumsum(rng.random(N)), np.zeros(N)]
    for limit in (10, 100_000):
        monkeypatch.setattr(content, "LONG", limit)
        assert counts_rows(Sensor("x", values, np.isfinite(values)))
        assert not any(counts_rows(Sensor("x", other, np.isfinite(other))) for other in others)


def test_rare_values_of_a_category_are_named_with_their_number_and_line() -> None:
    grade = np.tile(["A", "B"], N // 2).astype(object)
    grade[[100, 900]] = "C"
    grade[2000] = "D"
    (finding,) = check(table_of(raw_of(frame(N, grade=grade))))
    assert (finding.code, finding.grade, finding.column) == ("RE404", "note", "grade")
    assert "'C' in 2 rows, first in line 102" in finding.what
    assert "'D' in 1 row, first in line 2002" in finding.what
    assert "'A'" not in finding.what and finding.action is None


def test_a_short_file_has_no_rare_values() -> None:
    assert check(table_of(raw_of(frame(grade=["A"] * 99 + ["B"])))) == []
    many = frame(N, batch=pd.Series(np.arange(N) // 100).astype(str) + "b")
    assert not [f for f in check(table_of(raw_of(many))) if f.code == "RE404"]
