"""The map of rank correlations."""

import numpy as np
import pandas as pd

from rare_event.plots.correlation import correlation_figure
from tests.plots.examples import texts, trace


def test_cells_are_the_correlations_in_the_order_given():
    names = ["b", "<i>a</i>", "c" * 40]
    found = pd.DataFrame([[1, 0.5, np.nan], [0.5, 1, -1], [np.nan, -1, 1]], names, names, dtype=float)

    figure = correlation_figure(found)

    cells = trace(figure, "correlation")
    np.testing.assert_array_equal(cells.z, found.to_numpy())
    assert (cells.zmin, cells.zmax) == (-1, 1), "the same colour means the same correlation in every file"
    ticks = figure.layout.xaxis.ticktext
    assert ticks == figure.layout.yaxis.ticktext
    assert ticks[:2] == ("b", "&lt;i&gt;a&lt;/i&gt;")
    assert len(ticks[2]) < 40 and cells.text[0][2] == "c" * 40
    assert figure.layout.yaxis.autorange == "reversed"


def test_without_sensors_it_says_so():
    figure = correlation_figure(pd.DataFrame())

    assert texts(figure) == ["There are no sensors."]
    assert not figure.data
