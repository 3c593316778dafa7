"""When an axis is logarithmic."""

import numpy as np

from rare_event.plots.scales import log_axis, long_tailed


def test_long_tails():
    assert long_tailed(np.array([1.0, 1.0, 21.0]))
    assert not long_tailed(np.array([1.0, 1.0, 20.0]))
    # Zero has no place on a logarithmic axis.
    assert not long_tailed(np.array([0.0, 1.0, 1.0, 100.0]))
    assert not long_tailed(np.zeros(0))
    assert long_tailed(np.array([1.0, 1.0, np.nan]), largest=30.0)


def test_labels_of_a_short_axis_are_spelt_out_and_those_of_a_long_one_left_to_plotly():
    assert log_axis(1.5)["dtick"] == "D2"
    assert log_axis(8.0)["dtick"] is None
