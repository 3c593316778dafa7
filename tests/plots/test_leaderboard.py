"""The rows of the chart of a leaderboard: its figures are the table's, its marks in their place."""

import re
from dataclasses import replace
from pathlib import Path
from typing import get_args, is_typeddict

import numpy as np
import pytest

from rare_event.clock import NO_TIME
from rare_event.config import AlarmPolicy
from rare_event.config.labels import TRIVIAL
from rare_event.judge.alarm_list import judge_alarms
from rare_event.judge.judgement import BUDGETS
from rare_event.judge.standing import Kind as Ranked
from rare_event.judge.standing import Row
from rare_event.plots import leaderboard
from rare_event.plots.leaderboard import MOST_ROWS, MOST_STEPS, Bracket, Kind, board_data
from rare_event.ui.compare import table
from tests.judge.test_chance import plant
from tests.plots.test_explorer import in_script
from tests.small import judgement_of

SCRIPT = (Path(leaderboard.__file__).parents[1] / "ui/compare/chart.js").read_text("utf-8")
HANDED = {
    name: value
    for name, value in vars(leaderboard).items()
    if is_typeddict(value) and value.__module__ == leaderboard.__name__
}


def row(name, kind, auc, interval, group, run="", **figures):
    judgement = judgement_of(auc, interval=interval, **figures)
    return Row(
        replace(judgement, interval=interval), name, kind, run=run, looks=1 if run else None, group=group
    )


# One has no interval, one no AUC.
BOARD = (
    row("PCA", "baseline", 0.66, (0.6, 0.7), 1, "a", caught=6),
    row("dense", "run", 0.65, (0.6, 0.7), 1, "b", caught=7, wider=9, rate=2.26),
    row("LSTM", "run", 0.5, (0.4, 0.6), 2, "c", caught=1),
    row(TRIVIAL["chance"], "trivial", 0.49, None, 3, caught=3),
    row("none", "run", None, None, 4, "d", caught=1),
)


def rows_of(board, lead=4.0, **more):
    return board_data(board, lead, **more)["rows"]


@pytest.mark.parametrize("name", HANDED)
def test_the_script_knows_exactly_what_it_is_handed(name):
    (typedef,) = re.findall(rf"@typedef {{object}} {name}\n((?: \* @property .*\n)+)", SCRIPT)
    known = {key: kind for kind, key in re.findall(r"@property {(.*)} (\w+)", typedef)}
    hints = {key: hint.__forward_arg__ for key, hint in HANDED[name].__annotations__.items()}
    assert known == {key: in_script(hint) for key, hint in hints.items()}


@pytest.mark.parametrize(("name", "literal"), [("Kind", Kind), ("Bracket", Bracket)])
def test_the_script_knows_every_kind_of_row(name, literal):
    (choices,) = re.findall(rf"@typedef {{(.*)}} {name} \*/", SCRIPT)
    assert set(get_args(Ranked)) == {*get_args(Kind)} - {"today"}
    assert choices == " | ".join(f'"{choice}"' for choice in get_args(literal))
    assert SCRIPT.startswith("// @ts-check\n")
    assert not re.search(r"@ts-(ignore|nocheck|expect-error)|\{any\}|\{\*\}|innerHTML", SCRIPT)


@pytest.mark.parametrize("lead", [4.0, 20.0])
def test_the_figures_are_those_of_the_table(lead):
    frame = table.frame_of(BOARD)
    for number, shown in enumerate(rows_of(BOARD, lead)):
        listed = frame.iloc[number]
        assert shown["name"] == listed["model"] and shown["run"] == listed["run"]
        assert shown["caught"] == [listed[f"caught at {each:g} a day, lead {lead:g} min"] for each in BUDGETS]
        assert shown["auc"] == BOARD[number].judgement.mean_fold_auc
        assert (shown["low"], shown["high"]) == (BOARD[number].judgement.interval or (None, None))
        if lead == 4.0:
            rates = [listed[f"actual false alarms, limit {each:g} a day"] for each in BUDGETS]
            assert shown["rates"] == [f"{rate:.1f}" for rate in rates]
    assert board_data(BOARD, lead)["most_caught"] == max(max(each["caught"]) for each in rows_of(BOARD, lead))


def test_what_is_not_known_is_not_drawn_as_a_figure():
    *_, chance, without = rows_of(BOARD)
    assert (chance["auc_shown"], chance["interval_shown"], chance["low"]) == ("0.490", "", None)
    assert (without["auc"], without["auc_shown"]) == (None, "no AUC")
    assert chance["looks"] == "–" and without["looks"] == "1"
    short = BOARD[0].judgement
    counts = tuple(replace(count, false_alarms_per_day=None) for count in short.counts)
    (alone,) = rows_of([replace(BOARD[0], judgement=replace(short, counts=counts))])
    assert alone["rates"] == ["–"] * 3 and "0.0" not in alone["rates"]
    assert [each["chance"] for each in rows_of(BOARD)] == [False, False, False, True, False]


def test_brackets_join_tied_neighbours_only():
    groups = (1, 1, 1, 2, 1, 1)
    board = [replace(BOARD[0], run=str(at), group=group) for at, group in enumerate(groups)]
    shown = rows_of(board)
    assert [each["bracket"] for each in shown] == ["first", "middle", "last", "none", "first", "last"]
    assert shown[0]["tie"] == "statistically tied with 2 others"
    assert shown[4]["tie"] == "statistically tied with 1 other"
    assert shown[3]["tie"] == "not tied with any other model shown"
    (alone,) = rows_of(board[:1])
    assert alone["bracket"] == "none" and not alone["folded"]


def test_a_better_model_can_be_used_and_a_worse_one_is_not_offered():
    shown = rows_of(BOARD, own="b")
    assert [each["own"] for each in shown] == [False, True, False, False, False]
    assert [each["better"] for each in shown] == [True, False, False, False, False]
    # Without a run of one's own any model can be used, but what needs no model is none.
    assert [each["better"] for each in rows_of(BOARD)] == [True, True, True, False, True]
    assert not any(each["own"] for each in rows_of(BOARD, own="elsewhere"))


@pytest.mark.parametrize("place", [0, 5, MOST_ROWS - 1, MOST_ROWS, 39])
def test_of_many_models_the_best_and_the_own_run_are_in_sight(place):
    board = [replace(BOARD[0], run=str(at)) for at in range(40)]
    shown = rows_of(board, own=str(place))
    visible = [each["run"] for each in shown if not each["folded"]]
    assert len(visible) == MOST_ROWS
    assert "0" in visible and str(place) in visible
    # No model is lost, and the order stays.
    assert [each["run"] for each in shown] == [str(at) for at in range(40)]
    assert not any(each["folded"] for each in rows_of(board[:MOST_ROWS]))


def test_the_axis_shows_chance_and_every_interval():
    far = [row("dense", "run", auc, (0.75, 0.95), 1) for auc in (0.8, 0.9)]
    for board in (far, BOARD, BOARD[-1:]):
        axis = board_data(board, 4.0)["axis"]
        ends = [end for each in board for end in each.judgement.interval or ()]
        assert axis["low"] < min(0.5, *ends, 0.5) and axis["high"] > max(0.5, *ends, 0.5)
        assert axis["chance"] == 0.5
        assert all(axis["low"] <= tick <= axis["high"] for tick in axis["ticks"])
        assert len(axis["ticks"]) <= MOST_STEPS + 1
    # 0.5 and all intervals fill the axis.
    axis = board_data(far, 4.0)["axis"]
    assert axis["high"] - axis["low"] < 0.6


def test_headings_say_how_thresholds_are_chosen_in_the_unit_of_the_file():
    headings = board_data(BOARD, 4.0)["headings"]
    assert headings["caught"] == "Events caught (of 78)"
    assert headings["rates"] == "Actual false alarms a day"
    assert "at most 4 min before the event" in headings["about"]
    assert "to allow 1, 2 or 5 false alarms a day" in headings["about"]
    board = [replace(each, judgement=replace(each.judgement, time_unit=NO_TIME)) for each in BOARD]
    headings = board_data(board, 4.0)["headings"]
    assert headings["rates"] == "Actual false alarms per 1,000 rows"
    assert "4 rows before" in headings["about"]
    assert "day" not in headings["about"] and "minutes" not in headings["about"]


def test_events_caught_while_they_last_have_no_lead():
    judged = [each.judgement for each in BOARD]
    counts = [tuple(replace(c, lead=0.0) for c in each.counts if c.lead == 4) for each in judged]
    board = [
        replace(each, judgement=replace(each.judgement, lead_windows=(0.0, 0.0), counts=own))
        for each, own in zip(BOARD, counts, strict=True)
    ]
    about = board_data(board, 0.0)["headings"]["about"]
    assert "by an alarm during the event" in about and "0 min" not in about


def test_a_lead_that_was_not_counted_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="7 minutes"):
        board_data(BOARD, 7.0)


def test_what_the_plant_has_today_has_one_figure_and_no_auc():
    scores = plant(3, 900)
    alarmed = np.random.default_rng(0).random(len(scores)) < 0.1
    judged = judge_alarms(scores, alarmed, AlarmPolicy(), offsets=5)
    # Two lists may have the same name.
    shown = rows_of(BOARD, own="b", today=[("DCS", judged), ("DCS", judged)])
    assert [each["name"] for each in shown[:2]] == ["Today: DCS"] * 2
    first = shown[0]
    assert first["caught"] == [judged.evaluation.caught] and len(first["rates"]) == 1
    assert (first["kind"], first["auc"], first["low"], first["auc_shown"]) == ("today", None, None, "no AUC")
    assert (
        f"{judged.evaluation.caught} caught at its own rate of false alarms, 95% interval" in first["about"]
    )
    assert not (first["own"] or first["better"] or first["folded"] or first["run"])
    # Nothing changes for the models, and the bars share one scale.
    assert shown[2:] == rows_of(BOARD, own="b")
    most = board_data(BOARD, 4.0, today=[("DCS", judged)])["most_caught"]
    assert most == max(judged.evaluation.caught, board_data(BOARD, 4.0)["most_caught"])
