import numpy as np
import pandas as pd

from rare_event.checks.check import check
from rare_event.checks.fixes import effect_of, fix
from rare_event.prepare.schema import Schema, guess_schema
from tests.prepare.examples import REPEATED, frame, raw_of, table_of, with_values


def test_forward_fill_takes_the_value_before_and_leaves_the_rest() -> None:
    raw = raw_of(frame(x2=with_values({7: np.nan, 8: np.inf})))
    finding = next(f for f in check(table_of(raw)) if f.action == "forward-fill")
    mended, schema = fix(raw, guess_schema(raw), finding)
    assert (
        mended["x2"].iloc[7] == mended["x2"].iloc[8] == raw["x2"].iloc[6]
        and mended["x2"].iloc[9] == raw["x2"].iloc[9]
    )
    assert len(mended) == 100 and schema == guess_schema(raw)


def test_a_text_among_numbers_becomes_a_sensor() -> None:
    raw = raw_of(frame(x2=["1.5", "2.5", "3.5"] * 5 + ["n.a. 3"] + ["2.5", "1.5"] * 42))
    (finding,) = check(table_of(raw))
    mended, schema = fix(raw, guess_schema(raw), finding)
    assert schema.sensors == ("x1", "x2") and schema.ignored == ()
    assert mended["x2"].iloc[15] == 3.5 and np.isnan(raw["x2"].iloc[15])


def test_of_rows_with_one_time_the_event_stays() -> None:
    raw = raw_of(REPEATED)
    (finding,) = check(table_of(raw))
    mended, schema = fix(raw, guess_schema(raw), finding)
    assert len(mended) == 99 and 11 not in mended.index and mended.index[-1] == 101
    assert table_of(mended, schema).label.sum() == 3  # row 10 is the event, row 9 is dropped
    assert mended["x1"].iloc[8] == raw["x1"].iloc[8] and mended["x1"].iloc[9] == raw["x1"].iloc[10]


def test_sorting_keeps_rows_together() -> None:
    raw = raw_of(frame().iloc[::-1])
    schema = guess_schema(raw)
    mended, _ = fix(raw, schema, check(table_of(raw))[0])
    np.testing.assert_array_equal(mended["x1"], raw["x1"][::-1])
    assert table_of(mended, schema).label.tolist() == frame()["y"].tolist()


def test_a_value_is_never_carried_from_one_machine_to_another() -> None:
    # Rows of two machines alternate; the second has no value before its first row.
    other_values = with_values({0: np.nan, 50: np.nan}) + 900
    one, other = frame(100, x2=with_values({7: np.nan})), frame(100, x2=other_values)
    both = pd.concat([one.assign(unit="press 1"), other.assign(unit="press 2")])
    raw = raw_of(both.sort_values("time", kind="stable"))
    schema = Schema("y", "time", ("x1", "x2"), asset="unit")
    finding = next(f for f in check(table_of(raw, schema)) if f.action == "forward-fill")
    assert "changes 2 cells" in finding.fix and effect_of(raw, schema, finding).filled == 2
    mended, _ = fix(raw, schema, finding)
    for unit, alone in (("press 1", one), ("press 2", other)):
        mine = mended[mended["unit"] == unit]["x2"].to_numpy()
        np.testing.assert_allclose(mine, alone["x2"].ffill())
    assert mended["unit"].tolist() == raw["unit"].tolist() and mended["x2"].isna().sum() == 1
    # A value that only another machine has before is not offered.
    only = raw_of(
        pd.concat([frame(100, unit="a", x2=1.5), frame(100, unit="b", x2=with_values({0: np.nan}))])
    )
    left = [f for f in check(table_of(only, schema)) if f.column == "x2" and "missing" in f.what]
    assert [(f.action, f.fix) for f in left] == [
        ("ignore", "Complete the values in the file, or leave out the column.")
    ]
