"""Models in the order of their worth, with those that are level, and what they catch."""

import numpy as np
import pandas as pd
import pytest

from rare_event.plots.leaderboard import budget_figure, leaderboard_figure
from tests.plots.examples import names, texts, trace

# Out of order; two models share a name, one has no interval, one no AUC.
BOARD = pd.DataFrame(
    [
        ("dense", "run", 0.5, 0.4, 0.6, 2, 78, 0, 1, 4),
        ("PCA", "baseline", 0.66, 0.6, 0.7, 1, 78, 3, 6, 13),
        ("dense", "run", 0.65, 0.6, 0.7, 1, 78, 4, 6, 12),
        ("age", "trivial", 0.49, np.nan, np.nan, 3, 78, 0, np.nan, 8),
        ("none", "run", np.nan, np.nan, np.nan, 4, 78, 0, 0, 0),
    ],
    columns=[
        "name",
        "kind",
        "mean_fold_auc",
        "auc_low",
        "auc_high",
        "group",
        "events",
        "caught_1_4",
        "caught_2_4",
        "caught_5_4",
    ],
)


def markers(figure, kind):
    """Return the points of a kind, not its intervals."""
    return next(t for t in figure.data if t.name == kind and t.mode == "markers")


def intervals(figure, kind):
    return next(t for t in figure.data if t.name == kind and t.mode == "lines")


def test_the_best_is_on_top_in_a_row_of_its_own():
    before = BOARD.copy()

    figure = leaderboard_figure(BOARD)

    assert list(figure.layout.yaxis.ticktext) == ["PCA", "dense", "dense", "age", "none"]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]
    assert list(markers(figure, "baseline").y) == [0]
    assert list(markers(figure, "run").x) == [0.65, 0.5]
    assert list(markers(figure, "run").y) == [1, 2]
    # What was handed in keeps its order.
    pd.testing.assert_frame_equal(BOARD, before)


def test_intervals_are_lines_where_there_are_any():
    figure = leaderboard_figure(BOARD)

    np.testing.assert_array_equal(intervals(figure, "run").x, [0.6, 0.7, np.nan, 0.4, 0.6, np.nan])
    np.testing.assert_array_equal(intervals(figure, "run").y, [1, 1, 1, 2, 2, 2])
    assert not any(t.name == "trivial" and t.mode == "lines" for t in figure.data)
    assert [t.name for t in figure.data if t.showlegend is not False] == [
        "chance",
        "run",
        "baseline",
        "trivial",
    ]


def test_level_models_share_a_band_and_say_so():
    figure = leaderboard_figure(BOARD)

    # Rows 0 and 1 are of group 1; all others are alone in theirs.
    (band,) = figure.layout.shapes
    assert (round(band.y0), round(band.y1)) == (0, 1)
    assert band.name == "cannot be told apart"
    assert band.showlegend
    assert "AUC 0.650 (0.600 to 0.700), 78 events" in markers(figure, "run").text[0]
    assert "one of 2 that cannot be told apart" in markers(figure, "run").text[0]
    assert "cannot be told apart" not in markers(figure, "run").text[1]
    assert "AUC 0.490, 78 events" in markers(figure, "trivial").text[0]


def test_bands_join_neighbours_only_and_are_one_legend_entry():
    board = pd.concat([BOARD[:1]] * 5, ignore_index=True).assign(
        group=[0, 0, 1, 0, 0], mean_fold_auc=[0.9, 0.8, 0.7, 0.6, 0.5]
    )

    first, second = leaderboard_figure(board).layout.shapes

    assert [round(y) for y in (first.y0, first.y1, second.y0, second.y1)] == [0, 1, 3, 4]
    assert (first.showlegend, second.showlegend) == (True, False)
    # A model between the two is in neither.
    assert first.y1 < 1.5 < 2.5 < second.y0


def test_a_model_without_an_auc_keeps_its_row_and_has_no_point():
    figure = leaderboard_figure(BOARD)

    assert texts(figure) == ["no AUC"]
    assert figure.layout.annotations[0].y == 4
    assert 4 not in markers(figure, "run").y


def test_the_axis_shows_chance_and_every_interval():
    far = BOARD[1:3].assign(mean_fold_auc=[0.8, 0.9], auc_low=0.75, auc_high=0.95)

    figure = leaderboard_figure(far)

    low, high = figure.layout.xaxis.range
    assert low < 0.5
    assert high > 0.95
    assert set(trace(figure, "chance").x) == {0.5}
    # 0.5 and all intervals fill the axis.
    assert high - low < 0.6


def test_an_unknown_kind_is_not_drawn_as_another():
    with pytest.raises(ValueError, match="guess"):
        leaderboard_figure(BOARD.assign(kind="guess"))


@pytest.mark.parametrize("draw", [leaderboard_figure, lambda board: budget_figure(board, 4.0)])
def test_height_grows_with_the_rows(draw):
    few, many = draw(BOARD), draw(pd.concat([BOARD] * 6))

    assert many.layout.height - few.layout.height >= 25 * 30
    assert len(many.layout.yaxis.ticktext) == 30


@pytest.mark.parametrize("draw", [leaderboard_figure, lambda board: budget_figure(board, 4.0)])
def test_names_are_text_and_cut_beside_the_row_but_not_on_it(draw):
    named = BOARD[:1].assign(name="<b>%{y}</b> " + "a long name " * 4)

    figure = draw(named)

    (label,) = figure.layout.yaxis.ticktext
    assert label.replace("<br>", "").count("<") == 0
    assert label.count("<br>") == 1
    said = [text for t in figure.data if t.text for text in t.text]
    assert said and all("&lt;b&gt;" in text and "<b>" not in text for text in said)
    assert all("%{y}</b>" not in (t.hovertemplate or "") for t in figure.data)


@pytest.mark.parametrize("draw", [leaderboard_figure, lambda board: budget_figure(board, 4.0)])
def test_no_models(draw):
    assert texts(draw(BOARD[:0])) == ["There is no model to compare yet."]


def test_events_caught_at_each_budget_lie_in_their_lane():
    figure = budget_figure(BOARD, 4.0)

    one, two, five = (trace(figure, f"{n} false alarm") for n in (1, 2, 5))
    # In the order of the leaderboard.
    assert list(one.x) == [3, 4, 0, 0, 0]
    assert list(two.x) == [6, 6, 1, 0]
    assert list(five.x) == [13, 12, 4, 8, 0]
    assert one.y[0] < two.y[0] == 0 < five.y[0] < 0.5
    assert one.name == "1 false alarm a day"
    assert len({t.marker.symbol for t in (one, two, five)}) == 3
    assert "of 78" in figure.layout.xaxis.title.text
    # The count that is missing is not drawn as 0.
    np.testing.assert_allclose(np.asarray(two.y, float), [0, 1, 2, 4])
    assert not any(name.startswith("chance") for name in names(figure))


def test_what_chance_catches_is_a_bar_in_the_same_lane():
    figure = budget_figure(BOARD.assign(chance_1_4=1, chance_2_4=2, chance_5_4=np.nan), 4.0)

    first, second = (t for t in figure.data if t.type == "bar")
    assert set(first.x) == {1}
    assert set(second.x) == {2}
    np.testing.assert_array_equal(first.y, trace(figure, "1 false alarm a day").y)
    assert [first.showlegend, second.showlegend] == [True, False]


def test_models_tried_on_different_events_have_no_common_number():
    assert "of 78" not in budget_figure(BOARD.assign(events=range(5)), 4.0).layout.xaxis.title.text


def test_a_lead_that_was_not_counted_says_so():
    assert texts(budget_figure(BOARD, 20.0)) == ["Nothing was counted at a lead of 20 minutes."]


def test_few_events_are_counted_in_whole_ones():
    none = BOARD.assign(caught_1_4=0, caught_2_4=0, caught_5_4=0)

    figure = budget_figure(none, 4.0)

    assert figure.layout.xaxis.dtick == 1
    low, high = figure.layout.xaxis.range
    assert low < 0 < high
    assert budget_figure(BOARD, 4.0).layout.xaxis.dtick is None
