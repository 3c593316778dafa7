"""Fixes are steps of a recipe: their effect is known before they are applied, and bounded."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rare_event.checks.check import check
from rare_event.checks.effects import Effect
from rare_event.checks.findings import Finding, Fix
from rare_event.checks.fixes import Recipe, apply_recipe, effect_of, fix, fix_again
from rare_event.errors import TableError
from rare_event.prepare.schema import guess_schema
from rare_event.read.table import AS_FOUND
from tests.prepare.examples import frame, raw_of, table_of, with_values


def holed(times: int, n: int = 400, word: float = -9999) -> pd.DataFrame:
    return frame(n, x2=with_values(dict.fromkeys(range(20, 20 + times), word), n))


def changed(raw: pd.DataFrame, after: pd.DataFrame) -> Effect:
    """The effect of a fix, by comparing its two tables cell by cell."""
    both = raw.index.intersection(after.index)
    old, new = raw.loc[both].astype(str), after.loc[both].astype(str)
    events = [np.diff(np.asarray(t["y"] == 1, int), prepend=0) == 1 for t in (raw, after)]
    return Effect(
        len(raw),
        removed=len(raw) - len(after),
        filled=int((old != new).to_numpy().sum()),
        lost=int(events[0].sum() - events[1].sum()),
        moved=int((after.index != raw.index).sum()) if len(after) == len(raw) else 0,
    )


STEPS = {
    "sort": (frame(400).iloc[::-1], Fix("sort-time", "time")),
    "sentinel": (holed(12), Fix("missing-value", "x2", (-9999.0,))),
    "lines": (frame(400), Fix("leave-out-lines", None, (3.0, 5.0, 90.0, 99.0))),
    "dates": (frame(400), Fix("leave-out-dates", None, ("2020-01-01 00:20", "2020-01-01 00:30"))),
    "fill": (frame(400, x2=with_values({7: np.nan, 8: np.nan}, 400)), Fix("forward-fill", "x2")),
    "first rows": (frame(400, x2=with_values({0: np.nan}, 400)), Fix("drop-rows", "x2")),
    "ignore": (holed(3), Fix("ignore", "x2")),
}


@pytest.mark.parametrize(("data", "step"), STEPS.values(), ids=STEPS.keys())
def test_what_a_fix_would_change_is_known_before(data: pd.DataFrame, step: Fix) -> None:
    raw = raw_of(data)
    before, schema = raw.copy(), guess_schema(raw)
    effect = effect_of(raw, schema, step)
    pd.testing.assert_frame_equal(raw, before)
    assert effect.refused is None
    after, _ = fix(raw, schema, step)
    slow = changed(raw, after)
    assert replace(effect, most=slow.most) == slow
    pd.testing.assert_frame_equal(raw, before)


def test_numbers_that_are_clearly_no_values_may_be_more_than_a_twentieth() -> None:
    raw = raw_of(holed(120))
    (finding,) = [f for f in check(table_of(raw)) if f.code == "RE306"]
    assert finding.remedy == Fix("missing-value", "x2", (-9999.0,))
    assert "120 rows" in finding.what and "30.0%" in finding.fix
    after, _ = fix(raw, guess_schema(raw), finding)
    assert after["x2"].isna().sum() == 120 and after["x2"].min() > -10
    # A measured value, however often it stands there, keeps the bound.
    data = frame(400, x2=np.round(np.random.default_rng(0).normal(size=400)) + 0.5)
    raw = raw_of(data)
    with pytest.raises(TableError, match="would exceed the 5% that a fix may change"):
        fix(raw, guess_schema(raw), Fix("missing-value", "x2", (0.5,)))


def test_rows_with_an_event_are_not_left_out() -> None:
    raw = raw_of(frame(400))
    schema = guess_schema(raw)
    for step in (
        Fix("leave-out-lines", None, (10.0, 14.0)),
        Fix("leave-out-dates", None, ("2020-01-01 00:08", "2020-01-01 00:12")),
    ):
        assert effect_of(raw, schema, step).lost == 1
        with pytest.raises(TableError, match="The file is not changed. Dropping the rows would lose 1 event"):
            fix(raw, schema, step)
        assert len(fix_again(raw, schema, step)[0]) == 395


def test_another_decimal_sign_is_read_and_bounded() -> None:
    texts = ["980,5"] * 395 + ["1.000,5"] * 3 + ["1.250"] * 2
    raw = pd.DataFrame({"y": [0, 1] * 200, "x1": np.arange(400) * 0.7, "x2": texts}, index=range(2, 402))
    schema = guess_schema(raw)
    step = Fix("decimal", "x2", (",",))
    assert effect_of(raw, schema, step).filled == 5
    after, moved = fix(raw, schema, step)
    assert after["x2"].iloc[[0, 396, 399]].tolist() == [980.5, 1000.5, 1250.0]
    assert "x2" in moved.sensors
    many = raw.assign(x2=["1.250,5"] * 300 + ["1,5"] * 100)
    # All cells, as the analyst says on purpose.
    effect = effect_of(many, guess_schema(many), step)
    # As text, 1,5 is 1.5 already.
    assert effect.filled == 300 and effect.refused is None and "300 cells (75.0%)" in effect.in_words
    after, moved = fix(many, guess_schema(many), step)
    assert after["x2"].iloc[[0, 399]].tolist() == [1250.5, 1.5] and "x2" in moved.sensors
    # But a point that does not group three digits is no thousands separator, and a word no number.
    for wrong in ("0.25", "12.5", "stopped"):
        few, much = (raw.assign(x2=[wrong] * n + ["1,5"] * (400 - n)) for n in (20, 21))
        assert effect_of(few, guess_schema(few), step).filled == 20
        with pytest.raises(TableError, match=f"21 of 400 cells are not numbers .first: '{wrong}' in line 2"):
            fix(much, guess_schema(much), step)
    gaps = raw.assign(x2=["n/a"] * 200 + ["1.250,5"] * 200)
    assert effect_of(gaps, guess_schema(gaps), step).filled == 200


def test_a_recipe_does_to_a_second_file_what_it_did_to_the_first() -> None:
    raw = raw_of(holed(9))
    schema = guess_schema(raw)
    steps = (
        Fix("missing-value", "x2", (-9999.0,)),
        Fix("forward-fill", "x2"),
        Fix("leave-out-lines", None, (2.0, 4.0)),
        Fix("ignore", "absent"),
        Finding("note", "x1", "As an earlier version stored it.", "Ignore it.", "ignore"),
    )
    second = raw_of(holed(4).assign(x1=1.25))
    out = apply_recipe(second, Recipe(AS_FOUND, schema, steps))
    assert len(out) == 400 and out["x2"].min() > -10 and out["x2"].notna().all()
    assert (out["x2"].iloc[20:24] == second["x2"].iloc[19]).all()
    pd.testing.assert_series_equal(out["x1"], second["x1"])
    with pytest.raises(ValueError, match="no one-click fix"):
        effect_of(raw, schema, Finding("note", "x1", "It is odd.", "Look."))


def test_each_step_is_a_sentence() -> None:
    words = [step.in_words for _, step in STEPS.values()]
    assert "Column 'x2': treat -9999 as missing." in words
    assert "The file: leave out lines 3 to 5 and others." in words
    assert len(set(words)) == len(words) and all(sentence.endswith(".") for sentence in words)
    first = Finding("note", "x1", "It begins late.", "Drop these first rows.", "drop-rows", "RE304")
    assert first.step_in_words == "Column 'x1': drop the first rows, where it has no value."
    again = Finding("warning", "time", "Times repeat.", "Keep one row for each time.", "drop-rows", "RE105")
    assert again.step_in_words == "Column 'time': keep one row for each time."
    assert not Finding("note", "x1", "It is odd.", "Look.").step_in_words
    sign = Fix("decimal", "x1", (",",)).in_words
    assert sign == "Column 'x1': read numbers with the decimal mark ','."
