"""What was counted, with its intervals."""

import pytest

from rare_event.experiment.trained import Counted


def test_intervals_of_counts_are_exact() -> None:
    # 0 of 3: 1 - 0.025^(1/3). No alarm in 2 days: -log(0.025) / 2.
    assert Counted(0, 3, 0, 2.0).share == pytest.approx((0.0, 0.7076), abs=1e-4)
    assert Counted(0, 3, 0, 2.0).rate == pytest.approx((0.0, 3.6889 / 2), abs=1e-4)
    assert Counted(0, 0, 0, 0.0).share == (0.0, 1.0) and Counted(0, 0, 0, 0.0).rate[1] == float("inf")
