import numpy as np

from rare_event.checks.check import check
from rare_event.checks.fixes import fix
from rare_event.prepare.schema import guess_schema
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
