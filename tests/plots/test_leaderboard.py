"""Models in the order of their worth, with those that are level, and what they catch."""

from dataclasses import replace

import numpy as np
import pytest

from rare_event.clock import NO_TIME
from rare_event.judge.standing import Row
from rare_event.plots.leaderboard import budget_figure, leaderboard_figure
from tests.plots.examples import names, texts, trace
from tests.small import judgement_of


def row(name, kind, auc, interval, group, n_events=78, **caught):
    judgement = judgement_of(auc, interval=interval, **caught)
    return Row(replace(judgement, interval=interval, n_events=n_events), name, kind, group=group)


# Out of order; two models share a name, one has no interval, one no AUC.
BOARD = (
    row("dense", "run", 0.5, (0.4, 0.6), 2, caught=1),
    row("PCA", "baseline", 0.66, (0.6, 0.7), 1, caught=6),
    row("dense", "run", 0.65, (0.6, 0.7), 1, caught=7),
    row("age", "trivial", 0.49, None, 3, caught=3),
    row("none", "run", None, None, 4, caught=1),
)


def markers(figure, kind):
    """Return the points of a kind, not its intervals."""
    return next(t for t in figure.data if t.name == kind and t.mode == "markers")


def intervals(figure, kind):
    return next(t for t in figure.data if t.name == kind and t.mode == "lines")


def test_the_best_is_on_top_in_a_row_of_its_own():
    figure = leaderboard_figure(BOARD)

    assert list(figure.layout.yaxis.ticktext) == ["PCA", "dense", "dense", "age", "none"]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]
    assert list(markers(figure, "baseline").y) == [0]
    assert list(markers(figure, "run").x) == [0.65, 0.5]
    assert list(markers(figure, "run").y) == [1, 2]


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


def test_tied_models_share_a_band_and_say_so():
    figure = leaderboard_figure(BOARD)

    # Rows 0 and 1 are of group 1; all others are alone in theirs.
    (band,) = figure.layout.shapes
    assert (round(band.y0), round(band.y1)) == (0, 1)
    assert band.name == "statistically tied"
    assert band.showlegend
    assert "AUC 0.650 (0.600 to 0.700), 78 events" in markers(figure, "run").text[0]
    assert "one of 2 statistically tied models" in markers(figure, "run").text[0]
    assert "statistically tied" not in markers(figure, "run").text[1]
    assert "AUC 0.490, 78 events" in markers(figure, "trivial").text[0]


def test_bands_join_neighbours_only_and_are_one_legend_entry():
    aucs, groups = (0.9, 0.8, 0.7, 0.6, 0.5), (0, 0, 1, 0, 0)
    board = [row("dense", "run", auc, None, group) for auc, group in zip(aucs, groups, strict=True)]

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
    far = [row("dense", "run", auc, (0.75, 0.95), 1) for auc in (0.8, 0.9)]

    figure = leaderboard_figure(far)

    low, high = figure.layout.xaxis.range
    assert low < 0.5
    assert high > 0.95
    assert set(trace(figure, "chance").x) == {0.5}
    # 0.5 and all intervals fill the axis.
    assert high - low < 0.6


@pytest.mark.parametrize("draw", [leaderboard_figure, lambda board: budget_figure(board, 4.0)])
def test_height_grows_with_the_rows(draw):
    few, many = draw(BOARD), draw(BOARD * 6)

    assert many.layout.height - few.layout.height >= 25 * 30
    assert len(many.layout.yaxis.ticktext) == 30


@pytest.mark.parametrize("draw", [leaderboard_figure, lambda board: budget_figure(board, 4.0)])
def test_names_are_text_and_cut_beside_the_row_but_not_on_it(draw):
    figure = draw([replace(BOARD[0], name="<b>%{y}</b> " + "a long name " * 4)])

    (label,) = figure.layout.yaxis.ticktext
    assert label.replace("<br>", "").count("<") == 0
    assert label.count("<br>") == 1
    said = [text for t in figure.data if t.text for text in t.text]
    assert said and all("&lt;b&gt;" in text and "<b>" not in text for text in said)
    assert all("%{y}</b>" not in (t.hovertemplate or "") for t in figure.data)


@pytest.mark.parametrize("draw", [leaderboard_figure, lambda board: budget_figure(board, 4.0)])
def test_no_models(draw):
    assert texts(draw(BOARD[:0])) == ["There are no models to compare yet."]


def test_events_caught_at_each_budget_lie_on_their_track():
    figure = budget_figure(BOARD, 4.0)

    one, two, five = (trace(figure, f"{n} false alarm") for n in (1, 2, 5))
    # In the order of the leaderboard.
    assert list(one.x) == [5, 6, 0, 2, 0]
    assert list(two.x) == [6, 7, 1, 3, 1]
    assert list(five.x) == [10, 11, 5, 7, 5]
    assert one.y[0] < two.y[0] == 0 < five.y[0] < 0.5
    assert one.name == "1 false alarm a day"
    assert len({t.marker.symbol for t in (one, two, five)}) == 3
    assert "of 78" in figure.layout.xaxis.title.text
    assert not any(name.startswith("chance") for name in names(figure))


def test_a_file_without_a_clock_has_no_minutes_and_no_days():
    unit = NO_TIME
    board = [replace(each, judgement=replace(each.judgement, time_unit=unit)) for each in BOARD]
    figure = budget_figure(board, 4.0)
    assert "(of 78) at most 4 rows ahead," in figure.layout.xaxis.title.text
    assert names(figure)[0] == "1 false alarm per 1,000 rows"


def test_events_caught_while_they_last_have_no_lead():
    judged = [each.judgement for each in BOARD]
    counts = [tuple(replace(c, lead=0.0) for c in each.counts if c.lead == 4) for each in judged]
    during = [
        replace(each, lead_windows=(0.0, 0.0), counts=c) for each, c in zip(judged, counts, strict=True)
    ]
    board = [replace(each, judgement=own) for each, own in zip(BOARD, during, strict=True)]
    title = budget_figure(board, 0.0).layout.xaxis.title.text
    assert "(of 78) by an alarm during the event," in title and "0 minutes" not in title


def test_models_tried_on_different_events_have_no_common_number():
    board = [row("dense", "run", 0.6, None, 1, n_events=n) for n in range(5)]
    assert "of 78" not in budget_figure(board, 4.0).layout.xaxis.title.text


def test_a_lead_that_was_not_counted_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="7 minutes"):
        budget_figure(BOARD, 7.0)


def test_few_events_are_counted_in_whole_ones():
    figure = budget_figure([row("dense", "run", 0.6, None, 1, caught=1)], 4.0)

    assert figure.layout.xaxis.dtick == 1
    low, high = figure.layout.xaxis.range
    assert low < 0 < high
    assert budget_figure(BOARD, 4.0).layout.xaxis.dtick is None
