import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from rare_event.read.values import first_intruder, text_of, texts_of, to_float32, to_numbers


@given(st.one_of(st.integers(-1000, 1000), st.booleans()))
def test_one_text_for_each_value(value: int | bool) -> None:
    assert text_of(value) == text_of(str(value)) == text_of(f" {value} ") == text_of(text_of(value))
    if not isinstance(value, bool):
        assert text_of(value) == text_of(float(value)) == text_of(f"{value}.0")
        assert text_of(value) != text_of(value + 1)


def test_texts_keep_missing_values() -> None:
    assert texts_of(pd.Series([1.0, np.nan, 2.5])).isna().tolist() == [False, True, False]


def test_numbers_among_texts() -> None:
    texts = pd.Series(["1,5", " 2,25 ", "1.234", None, "NA", "abc"])
    numbers = to_numbers(texts)
    assert numbers[:2].tolist() == [1.5, 2.25] and numbers[2:].isna().all()  # 1.234 could be thousands
    assert first_intruder(texts) == 2
    assert to_numbers(pd.Series(["1,234", "2,345"])).isna().all()
    assert first_intruder(pd.Series(["1", "NA", None])) is None


def test_float32_only_where_nothing_is_lost() -> None:
    noise = np.random.default_rng(0).normal(size=1000)
    assert to_float32(noise).dtype == np.float32
    assert to_float32(noise + 1e6).dtype == np.float64  # a spacing of 0.06 would be seen
    assert to_float32(1.6e9 + np.arange(1000.0)).dtype == np.float64  # clocks keep each second
    assert to_float32(np.array([0.0, 1.0, np.nan])).dtype == np.float32
    assert to_float32(np.array([np.nan, np.inf])).dtype == np.float32
    assert to_float32(np.array([0.0, 1e300])).dtype == np.float64  # not infinite
