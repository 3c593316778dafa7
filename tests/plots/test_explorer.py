"""What the explorer is handed: the same keys and types on both sides."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints, is_typeddict

import numpy as np
import pytest

from rare_event.bench.data import synthetic_scores
from rare_event.config import AlarmPolicy, Costs
from rare_event.config.labels import RECONSTRUCTION
from rare_event.judge.explorer import event_levels, explorer_columns
from rare_event.judge.scores import Scores
from rare_event.plots import explorer, explorer_payload, load
from rare_event.plots.explorer import MOST_POINTS, event_times, explorer_data, long_data
from rare_event.plots.explorer_payload import Long, OverTime, Sent

SCRIPT = (Path(explorer.__file__).parents[1] / "ui/threshold_explorer/explorer.js").read_text("utf-8")
HANDED = {
    name: value
    for name, value in (vars(explorer_payload) | vars(load)).items()
    if is_typeddict(value) and value.__module__ in (explorer_payload.__name__, load.__name__)
}
IN_SCRIPT = {"float": "number", "int": "number", "str": "string", "bool": "boolean"}


def in_script(hint: str) -> str:
    """The type as JSDoc writes it."""
    if hint.endswith(" | None"):
        return f"{in_script(hint.removesuffix(' | None'))} | null"
    if listed := re.fullmatch(r"list\[(.*)\]", hint):
        entry = in_script(listed.group(1))
        return f"({entry})[]" if "|" in entry else f"{entry}[]"
    if choices := re.fullmatch(r"Literal\[(.*)\]", hint):
        return choices.group(1).replace(", ", " | ").replace("'", '"')
    return IN_SCRIPT.get(hint, hint)


@pytest.mark.parametrize("name", HANDED)
def test_the_script_knows_exactly_what_it_is_handed(name: str) -> None:
    (typedef,) = re.findall(rf"@typedef {{object}} {name}\n((?: \* @property .*\n)+)", SCRIPT)
    known = {key: kind for kind, key in re.findall(r"@property {(.*)} (\w+)", typedef)}
    hints = {key: hint.__forward_arg__ for key, hint in HANDED[name].__annotations__.items()}
    assert known == {key: in_script(hint) for key, hint in hints.items()}


def test_the_script_is_checked_against_them() -> None:
    assert SCRIPT.startswith("// @ts-check\n")
    assert "@param {{ data: Sent, " in SCRIPT
    assert not re.search(r"@ts-(ignore|nocheck|expect-error)|\{any\}|\{\*\}", SCRIPT)


def handed_over(
    scores: Scores, start: np.datetime64 | None = None, around: int | None = None
) -> dict[str, Any]:
    policy = AlarmPolicy(lead=60.0)
    columns = explorer_columns(scores, policy, (1.0,))
    sent = explorer_data(
        long_data(columns, scores, start, around),
        scores,
        event_levels(scores, policy),
        1.0,
        part="Validation",
        label=RECONSTRUCTION,
        costs=Costs(),
    )
    return {**sent, **json.loads(sent["long"])}


def over_time(scores: Scores, start: np.datetime64 | None = None, around: int | None = None) -> OverTime:
    drawn: OverTime = handed_over(scores, start, around)["over_time"]
    return drawn


def test_what_is_drawn_over_time_are_windows_of_their_class_and_their_extremes() -> None:
    scores = synthetic_scores(60_000)
    drawn = over_time(scores, np.datetime64("1999-05-01T00:02"))
    for name, points in (("normal", drawn["normal"]), ("positive", drawn["positive"])):
        mine = scores.y_true == (name == "positive")
        windows = {
            (round(float(time), 2), float(f"{score:.5g}"))
            for time, score in zip(scores.clock[mine], scores.y_score[mine], strict=True)
        }
        found = list(zip(points["time"], points["score"], strict=True))
        assert set(found) <= windows and len(set(found)) == len(found) <= MOST_POINTS
        assert points["time"] == sorted(points["time"])
        # A peak that would not be drawn is an alarm that nobody sees.
        assert max(points["score"]) == float(f"{scores.y_score[mine].max():.5g}")
        assert min(points["score"]) == float(f"{scores.y_score[mine].min():.5g}")
    assert drawn["start"] == 925_516_920_000.0


@pytest.mark.parametrize("row", [0, 700, 4_999])
def test_around_a_row_all_windows_near_it_are_drawn_and_no_others(row: int) -> None:
    scores = synthetic_scores(5_000)
    drawn, every = over_time(scores, around=row), over_time(scores)
    step = float(np.median(np.diff(scores.clock)))
    middle, reach = scores.clock[scores.row == row][0], max(60.0, 30 * step)
    near = [float(round(time, 2)) for time in scores.clock if abs(time - middle) <= reach]
    assert sorted([*drawn["normal"]["time"], *drawn["positive"]["time"]]) == pytest.approx(near)
    assert drawn["ends"] == [middle - reach, middle + reach] and not drawn["whole"] and every["whole"]
    kept = [time if abs(time - middle) <= reach else None for time in every["events"] if time is not None]
    assert drawn["events"] == kept and None in kept


def test_around_a_row_that_was_not_scored_all_is_drawn() -> None:
    scores = synthetic_scores(5_000)
    assert over_time(scores, around=5_000_000) == over_time(scores)


def test_events_are_drawn_where_they_begin() -> None:
    scores = synthetic_scores(20_000)
    drawn = over_time(scores)
    assert drawn["start"] is None
    begin = [
        scores.clock[i] + scores.to_event[i]
        for i in (int(np.flatnonzero(scores.event == event)[0]) for event in scores.total_events)
    ]
    assert drawn["events"] == pytest.approx(begin)
    assert drawn["ends"] == pytest.approx([scores.clock[0], max(scores.clock[-1], *begin)])
    # An event that no window sees has no place, and the others keep theirs.
    first = scores.total_events[0]
    unseen = replace(scores, event=np.where(scores.event == first, -1, scores.event))
    times = event_times(unseen)
    assert np.isnan(times[0]) and times[1:] == pytest.approx(begin[1:])
    assert over_time(unseen)["events"][0] is None


def test_what_is_handed_over_has_these_keys_at_every_depth() -> None:
    data = handed_over(synthetic_scores(5_000))

    def agree(found: object, wanted: object) -> None:
        if is_typeddict(wanted):
            hints = get_type_hints(wanted)
            assert isinstance(found, dict) and found.keys() == hints.keys()
            for key, hint in hints.items():
                agree(found[key], hint)

    agree(json.loads(data["long"]), Long)
    agree({key: found for key, found in data.items() if key not in Long.__annotations__}, Sent)
    assert (data["score"], data["unit"]) == (RECONSTRUCTION.name, RECONSTRUCTION.unit)
    assert "`Threshold on the ${data.score} (${data.unit})`" in SCRIPT and '"Threshold"' not in SCRIPT
    lengths = {len(values) for values in dict[str, Any](data["columns"]).values()}
    assert len(lengths) == 1 and np.all(np.diff(data["columns"]["threshold"]) > 0)
    assert not any(np.isnan(value) for value in data["columns"]["median_lead"] if value is not None)
