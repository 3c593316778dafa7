import numpy as np
import pandas as pd
import pytest

from rare_event.read.times import parse_times, time_formats

MIDNIGHT = "1999-05-01 00:00"

TIMES = {
    "iso": (["1999-05-01 00:00", "1999-05-01 00:02"], None),
    "iso T, zone": (["1999-05-01T02:00:00+02:00", "1999-05-01T00:02:00Z"], None),
    "iso fraction": (["1999-05-01 00:00:00.000", "1999-05-01 00:00:00.250"], None),
    "iso date": (["1999-05-01", "1999-05-02"], None),
    "month first": (["5/1/99 0:00", "5/13/99 0:02"], "%m/%d/%y %H:%M"),
    "day first": (["1/5/1999 0:00", "13/5/1999 0:02"], "%d/%m/%Y %H:%M"),
    "month first by order": (["5/1/99 0:00", "5/2/99 0:00", "5/3/99 0:00"], "%m/%d/%y %H:%M"),
    "day first by order": (["1/5/99 0:00", "2/5/99 0:00", "3/5/99 0:00"], "%d/%m/%y %H:%M"),
    "day first by steps": (["01.05.1999 00:00", "02.05.1999 00:00", "12.05.1999 00:00"], "%d.%m.%Y %H:%M"),
    "one day": (["01.05.1999 00:00", "01.05.1999 00:01"], "%d.%m.%Y %H:%M"),
    "half day": (["5/1/1999 12:00:00 AM", "5/1/1999 12:01:00 PM"], "%m/%d/%Y %I:%M:%S %p"),
    "slashes": (["1999/05/01 00:00", "1999/05/13 00:00"], "%Y/%m/%d %H:%M"),
    "epoch s": ([925516800, 925516920], "epoch s"),
    "epoch ms": ([925516800000.0, 925516920000.0], "epoch ms"),
}


@pytest.mark.parametrize(("values", "expected"), TIMES.values(), ids=TIMES.keys())
@pytest.mark.filterwarnings("error")
def test_time_formats(values: list[object], expected: str | None) -> None:
    column = pd.Series(values)
    found = time_formats(column)[0]
    times = parse_times(column, found)
    if "Y/" in (expected or ""):
        assert found in (None, expected)  # whether pandas takes it for ISO is its affair
    else:
        assert found == expected
    assert times.dtype == "datetime64[ns]" and times.notna().all() and times.is_monotonic_increasing
    assert times[0] == pd.Timestamp(MIDNIGHT)


def test_no_times() -> None:
    for values in (["a", "b"], ["1.5", "2.5"], [1.0, 2.0], ["08:30", "08:31"], [np.nan, np.nan]):
        assert time_formats(pd.Series(values)) == []
    times = parse_times(pd.Series(["1999-05-01", "soon", None, "9999-01-01"]), None)
    assert times.isna().tolist() == [False, True, True, True]
