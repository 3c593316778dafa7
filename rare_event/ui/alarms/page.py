"""Pieces of the Alarms page: which alarm, what moved, and what was like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
import streamlit as st

from rare_event.experiment.explain import Explanation
from rare_event.plots.alarm import shares_figure
from rare_event.store.marks import Mark
from rare_event.store.records import Part
from rare_event.store.runs import Run
from rare_event.store.seal import ever_opened, is_open
from rare_event.text import number, plain
from rare_event.ui.alarms.items import (
    Item,
    items_of,
    marks_of_items,
    time_in_words,
    when_in_words,
)
from rare_event.ui.cache import table_of, time_unit_of, unknown_of
from rare_event.ui.charts import draw
from rare_event.ui.frame import in_place
from rare_event.ui.links import EVALUATE, link_to
from rare_event.ui.live import once

PARTS: dict[Part, str] = {"validation": "Validation data", "test": "Test data"}
WANTED = "alarms_wanted"
SHOWN = ("All", "Caught events", "Missed events", "False alarms")
UP, DOWN = "up", "down"
LEAST_SAID = 0.01  # times the threshold
SENSORS_CONFIG = {
    "sensor": st.column_config.TextColumn("sensor", width=120),
    "share": st.column_config.NumberColumn(
        "share (%)",
        format="%.0f",
        width=70,
        help="How much of the deviation is in this sensor. The deviation is the distance from what the model "
        "expects, each sensor in units of its normal spread. All shares add up to 100%.",
    ),
    "reading": st.column_config.TextColumn("what the model reads", width="medium"),
    "moved": st.column_config.TextColumn(
        "moved",
        width=58,
        help="In the row with the highest score. Up: above what the model expects from the other sensors. "
        "Down: below it.",
    ),
    "observed": st.column_config.NumberColumn("was", format="%.3g", width=62),
    "corrected": st.column_config.NumberColumn(
        "expected", format="%.3g", width=70, help="The value that the model expects, given the other sensors."
    ),
}


@dataclass(frozen=True)
class Chosen:
    """The alarm that the page shows, and all of its part.

    Parameters
    ----------
    item, mark
        The alarm, and what was said of it.
    items, marks
        All alarms and events of the part, with their marks.
    """

    item: Item
    mark: Mark | None
    items: list[Item]
    marks: list[Mark | None]


def ask_for_alarm(run: Run, part: Part, row: int | None) -> None:
    """Have the page show the alarm or event with its highest score in this row when it is opened next."""
    st.session_state[WANTED] = (run.id, part, row)


def row_asked_for(run: Run) -> int | None:
    """Return the row of the alarm of a run that the page shall show next; None if none was asked for."""
    wanted = st.session_state.get(WANTED)
    row: int | None = wanted[2] if wanted and wanted[0] == run.id else None
    return row


@in_place
def choose_part(run: Run) -> Part:
    """Let the user choose the part of the data; test data only after they were opened."""
    if not is_open(run):
        said = "sealed again: the threshold has changed" if ever_opened(run) else "sealed"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                f"Alarms in the validation data. The test data are {said}. Open them on the Evaluate "
                "page to see their alarms.",
                width="stretch",
            )
            link_to(EVALUATE, "Go to Evaluate", "alarms_evaluate")
        return "validation"
    wanted = st.session_state.get(WANTED)
    if wanted and wanted[0] == run.id:
        st.session_state["alarms_part"] = wanted[1]
    part: Part = st.segmented_control(
        "Part of the data",
        list(PARTS),
        format_func=lambda part: PARTS[part],
        default="test",
        key="alarms_part",
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )
    return part


@in_place
def show_limits_of(run: Run, part: Part) -> None:
    """Say what of a part cannot be known: when its alarms were, and whether an event followed."""
    unit = time_unit_of(run)
    if unit.why:
        st.caption(unit.why)
    if unknown := unknown_of(run, part):
        st.info(f"{unknown.why} You can still see which sensors moved.")


@in_place
def choose_alarm(run: Run, part: Part) -> Chosen | None:
    """Let the user choose an alarm or event, one after the other by keys; None if there is none."""
    items = items_of(run, part)
    if not items:
        st.info(
            f"The {part} data hold no event, and the committed threshold raises no alarm there. Lower the "
            "threshold on the Threshold page to see alarms."
        )
        link_to("pages/3_Threshold.py", "Go to Threshold", "alarms_threshold")
        return None
    marks = marks_of_items(run, items)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        events = any(item.event is not None for item in items)
        shown = "All"
        if events:
            shown = st.selectbox("Show", SHOWN, key="alarms_shown", width=170, persist_state="session")
        places = [place for place, item in enumerate(items) if _is_shown(item, shown)]
        if not places:
            st.info(f"There is nothing to show under “{shown}”.")
            return None
        part_key = f"alarms_item_{run.id}_{part}"
        place = _place(run, part, items, part_key, places)
        now = places.index(place)
        _step_button("Previous", "Left", places, now - 1, part_key)
        _step_button("Next", "Right", places, now + 1, part_key)
        # A new key for each place, and a change counts while its place is shown: a poll that still carries an
        # earlier choice then cannot bring it back.
        key = f"{part_key}_{place}"

        def choose() -> None:
            if _last().get(part_key) == place:
                _go_to(st.session_state[key], part_key)

        st.selectbox(
            f"Alarm or event ({now + 1} of {len(places)})",
            places,
            index=now,
            format_func=lambda place: _name(run, items[place], marks[place]),
            key=key,
            on_change=choose,
        )
    return Chosen(items[place], marks[place], items, marks)


def _is_shown(item: Item, shown: str) -> bool:
    if shown == "False alarms":
        return item.event is None
    return shown == "All" or (item.event is not None and item.caught == (shown == "Caught events"))


def _place(run: Run, part: Part, items: Sequence[Item], part_key: str, places: Sequence[int]) -> int:
    """Return the alarm that another page asked for, the last one chosen, or the first that rang."""
    wanted = st.session_state.get(WANTED)
    if wanted and wanted[:2] == (run.id, part):
        del st.session_state[WANTED]
        asked = [place for place, item in enumerate(items) if item.row == wanted[2]]
        if asked:
            _go_to(asked[0], part_key)
    if _last().get(part_key) not in places:
        rang = [place for place in places if items[place].rang]
        _go_to((rang or list(places))[0], part_key)
    return _last()[part_key]


def _last() -> dict[str, int]:
    last: dict[str, int] = st.session_state.get("alarms_last", {})
    return last


def _go_to(place: int, part_key: str) -> None:
    st.session_state["alarms_last"] = {**_last(), part_key: place}


def _step_button(label: str, shortcut: str, places: Sequence[int], to: int, part_key: str) -> None:
    inside = 0 <= to < len(places)
    st.button(
        label,
        key=f"alarms_{label.lower()}",
        shortcut=shortcut,
        disabled=not inside,
        on_click=once(lambda: _go_to(places[to], part_key)),
    )


def _name(run: Run, item: Item, mark: Mark | None) -> str:
    table, unit = table_of(run.dataset()), time_unit_of(run)
    what = unit.false_alarms.removesuffix("s")
    if item.event is not None:
        what = f"event {item.event}, {'caught' if item.caught else 'missed'}"
    machine = f"{item.asset}, " if item.asset else ""
    return f"{machine}{time_in_words(item.begins, table, unit)} · {what}{f' · {mark.kind}' if mark else ''}"


@in_place
def show_sentence(run: Run, item: Item, explanation: Explanation | None) -> None:
    """Say in a sentence or two what rang, and which sensors moved."""
    table, unit = table_of(run.dataset()), time_unit_of(run)
    at = when_in_words(item.at, table, unit)
    when = partial(when_in_words, table=table, unit=unit, day=item.at)
    if item.event is None:
        words = f"Alarm {at}, not followed by an event within the lead window."
        if not unit.labelled:
            words = f"Alarm {at}."
    elif not item.caught:
        words = f"Event {item.event} {at} was missed."
    else:
        side = "after it began" if run.config().shift == 0 else "before it"
        span = f"{unit.span(item.lead)} {side}" if item.lead else "as it began"
        caught = f"was caught by an alarm {when(item.begins)}, {span}"
        words = f"Event {item.event} {at} {caught}."
        if item.since < item.begins:
            words += f" The alarm was already on {when(item.since)}."
    highest = "" if item.row is None else when(float(table.clock[item.row]))
    st.markdown(f"{plain(words)} {_moved_in_words(item, explanation, plain(highest))}")


def _moved_in_words(item: Item, explanation: Explanation | None, highest: str) -> str:
    if item.row is None:
        return "It has no score: too few rows of its stretch come before it."
    if explanation is None:
        return ""
    before = number(explanation.before, 2)
    if explanation.before < 1:
        return f"The highest score, {highest}, is {before} times the threshold, so no sensor is singled out."
    score = f"The score reached {before} times the threshold {highest}."
    if not explanation.moved:
        return f"{score} {plain(explanation.why_not)}"
    many, named = len(explanation.moved) > 1, list[str]()
    for each in explanation.moved:
        share = f" ({100 * each.share:.0f}%{'' if named else ' of the deviation'})"
        named.append(f"**{plain(each.sensor)}**{share if many else ''}")
    joined = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    if not explanation.below:
        return f"{score} {joined} moved most. {plain(explanation.why_not)}"
    after = number(explanation.after, 2) if explanation.after >= LEAST_SAID else f"less than {LEAST_SAID}"
    had = "had been as the other sensors suggest"
    return f"{score} If {joined} {had}, the score would have been {after} times the threshold."


@in_place
def show_sensors(explanation: Explanation) -> None:
    """Show the sensors that moved as bars, and as a table."""
    moved = explanation.moved
    if not moved:
        return
    figure = shares_figure(
        [each.sensor for each in moved],
        [each.share for each in moved],
        title="Sensors that moved",
        x="Share of the deviation (%)",
    )
    draw(figure, "alarms_shares")
    table = pd.DataFrame(
        {
            "sensor": [each.sensor for each in moved],
            "share": [100 * each.share for each in moved],
            "moved": [UP if each.observed > each.corrected else DOWN for each in moved],
            "observed": [each.observed for each in moved],
            "corrected": [each.corrected for each in moved],
        }
    )
    readings = list(dict.fromkeys(each.reading for each in moved))
    if len(readings) > 1:
        table["reading"] = [each.reading for each in moved]
    st.dataframe(table, hide_index=True, column_config=SENSORS_CONFIG, alt="Sensors that moved")
    reading = f"the {readings[0]}" if len(readings) == 1 else "what the model reads"
    st.caption(
        f"“Was” and “expected” are {reading}, in the unit of the sensor, in the row with the highest score. "
        f"The deviation is “was” minus “expected”, divided by the normal spread of {reading}."
    )


@in_place
def show_errors_of(explanation: Explanation) -> None:
    """Show the shares of the squared error in a drawer: they name more sensors than moved."""
    if not explanation.errors:
        return
    with st.expander("Shares of the squared error", expanded=not explanation.moved):
        st.caption(
            "The squared error of a sensor is also large when the model expects the wrong value for it "
            "because another sensor moved. So this chart may point to more sensors than actually moved."
        )
        sensors, shares = zip(*explanation.errors, strict=True)
        figure = shares_figure(
            sensors, shares, title="Largest squared errors", x="Share of the squared error (%)"
        )
        draw(figure, "alarms_errors")


def visible_parts(run: Run) -> list[Part]:
    """Return the parts whose alarms may be shown."""
    return ["validation", "test"] if is_open(run) else ["validation"]
