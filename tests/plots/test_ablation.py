"""What the AUC loses without each group of inputs."""

import numpy as np
import pandas as pd

from rare_event.plots.ablation import ablation_figure
from tests.plots.examples import names, texts, trace

ROWS = pd.DataFrame(
    {
        "name": ["x15, x48 and x5", "x1", "x2 & co"],
        "fall": [0.08, 0.01, -0.03],
        "low": [0.03, -0.01, -0.05],
        "high": [0.12, 0.03, -0.01],
        "seen": [True, False, True],
    }
)


def test_bars_with_their_intervals_from_the_top_down_in_the_order_given():
    figure = ablation_figure(ROWS)

    seen, unseen = trace(figure, "difference seen"), trace(figure, "no difference can be seen")
    assert (list(seen.x), list(seen.y)) == ([0.08, -0.03], [0, 2])
    assert (list(unseen.x), list(unseen.y)) == ([0.01], [1])
    np.testing.assert_allclose(seen.error_x.array, [0.04, 0.02])
    np.testing.assert_allclose(seen.error_x.arrayminus, [0.05, 0.02])
    assert seen.marker.color != unseen.marker.color
    assert figure.layout.yaxis.ticktext[0] == "x15, x48 and x5" and figure.layout.yaxis.range[0] > 2
    assert "95% interval" in figure.layout.xaxis.title.text


def test_names_are_no_markup_and_what_is_not_there_is_not_named():
    figure = ablation_figure(ROWS[2:])
    assert (
        "&amp;" in figure.layout.yaxis.ticktext[0]
        and "&amp;" in trace(figure, "difference seen").customdata[0]
    )
    assert names(figure) == ["difference seen"]


def test_nothing_left_out():
    assert texts(ablation_figure(ROWS[:0])) == ["Nothing was left out."]
