"""What a downloaded table holds is text where it was text, in every kind of column and in its header."""

import io

import pandas as pd
import pytest

from rare_event.store.exports import spreadsheet_safe

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\u200b=1", "\ufeff=1"]
FORMULAS += ["\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)"]


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("kind", ["object", "str", "category"])
def test_a_formula_is_text_in_a_cell_and_in_the_header(text: str, kind: str) -> None:
    frame = pd.DataFrame({text: pd.Series([text, "plain", None], dtype=kind), "value": [-1.5, 2.0, 3.0]})
    before = frame.copy()
    safe = spreadsheet_safe(frame)
    shown = f"'{text}".replace("\r", "\n")
    assert [*safe.columns] == [shown, "value"] and safe.iloc[:2, 0].tolist() == [shown, "plain"]
    assert safe["value"].tolist() == [-1.5, 2.0, 3.0] and safe.isna().iloc[2, 0]
    written = pd.read_csv(io.StringIO(safe.to_csv(index=False)), dtype=str)
    assert written.iloc[0].tolist() == [shown, "-1.5"]
    pd.testing.assert_frame_equal(frame, before)


def test_what_is_no_formula_is_left_as_it_is() -> None:
    times = pd.to_datetime(["2024-01-01", "2024-01-02"])
    frame = pd.DataFrame({"time": times, "name": ["a=b", "x - y"], "flag": [True, False]})
    assert spreadsheet_safe(frame).equals(frame)
