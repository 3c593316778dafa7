"""The Data page: what its first screen holds, for files of every kind."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from rare_event.checks.check import CHECKS, outcomes
from rare_event.store.datasets import Dataset, add_dataset, list_datasets, open_dataset
from rare_event.ui.data.computed import part_of, time_line_of
from rare_event.ui.data.details import CHECKS_KEY, COLUMNS_KEY, ROWS_KEY
from rare_event.ui.data.look import VIEWS
from rare_event.ui.data.steps import DATES, DECIMAL, KEY
from tests.app.test_pages import button, link, texts, titles, unescaped
from tests.small import small_frame

OpenPage = Callable[..., AppTest]


def stored(data: pd.DataFrame, name: str = "small.csv") -> Dataset:
    return add_dataset(data.to_csv(index=False).encode(), name)


def chart(app: AppTest, title: str) -> Any:
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    (found,) = [spec for spec in specs if spec["layout"]["title"]["text"].startswith(title)]
    return found


def frame(app: AppTest, *columns: str) -> pd.DataFrame:
    """The one table with these columns."""
    (found,) = [each.value for each in app.dataframe if set(columns) <= set(each.value)]
    return found


def test_the_sample_on_one_screen(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    table = dataset.table()
    assert not app.exception and not app.error
    shown = unescaped(app)
    assert f"**{table.n_rows:,}** rows" in shown
    assert f"**{len(table.schema.sensors)}** sensors" in shown
    assert link(app, "Train").page == "Train"
    ranking = frame(app, "sensor", "AUC")
    assert set(ranking["sensor"]) == set(table.schema.sensors)
    assert abs(ranking["AUC"] - 0.5).is_monotonic_decreasing
    assert f"the AUCs of all {len(table.schema.sensors)} sensors would lie between" in shown
    first = ranking["sensor"][0]
    assert titles(app)[0].startswith("Running time")
    assert f"{first} over time" in titles(app)
    course = chart(app, next(title for title in titles(app) if title.endswith("before an event")))
    assert course["layout"]["title"]["text"].startswith("Size of jumps")
    assert course["layout"]["yaxis"]["title"]["text"] == f"Size of jumps in<br>{first}"
    assert len(app.dataframe) <= 2, "tables below are drawn when they are opened"
    app.session_state[ROWS_KEY] = app.session_state[COLUMNS_KEY] = True
    app.run()
    rows = next(each.value for each in app.dataframe if each.value.index.name == "line")
    assert rows.index[0] == 2 and list(rows) == list(dataset.raw())
    summary = frame(app, "missing", "min", "mean", "max").set_index("column")
    assert summary.loc[first, "max"] == pytest.approx(table.frame[first].max())
    assert summary.loc[table.schema.labels[0], "role"] == "label"
    assert set(summary["grade"]) <= {"good", "note", "warning", "problem"} and len(summary) == 35


def test_a_view_is_drawn_when_it_is_chosen_and_not_before(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    assert len(titles(app)) == 3
    app.segmented_control(key="data_view").set_value(VIEWS[2]).run()
    cells = chart(app, "Rank correlation")["data"][0]
    assert len(cells["y"]) == len(dataset.schema.sensors) or "bdata" in cells["y"]
    app.segmented_control(key="data_view").set_value(VIEWS[1]).run()
    names = [trace["name"] for trace in chart(app, frame(app, "AUC")["sensor"][0] + ": normal")["data"]]
    assert names[0].startswith("normal rows") and names[1].startswith("2 rows before an event")
    assert not any(title.startswith(("Over time", "Rank correlation")) for title in titles(app))
    assert not app.exception and not app.error


def test_the_sensors_drawn_below_each_other_can_be_changed(open_page: OpenPage, dataset: Dataset) -> None:
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    app.segmented_control(key="data_view").set_value(VIEWS[0]).run()
    chosen = app.multiselect(key=f"data_stacked_{dataset.version[:12]}")
    assert list(chosen.value) == list(frame(app, "AUC")["sensor"][:3])
    chosen.set_value(list(dataset.schema.sensors[-2:])).run()
    drawn = chart(app, "Over time")
    assert {trace["name"] for trace in drawn["data"]} == {*dataset.schema.sensors[-2:], "running", "event"}
    assert not app.exception


def test_a_file_without_a_clock_counts_rows_and_gives_no_days(open_page: OpenPage, executor: Any) -> None:
    dataset = stored(small_frame().drop(columns="time"))
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    assert not app.exception and not app.error
    assert "days" not in texts(app)
    assert "**600** rows" in unescaped(app)
    course = next(title for title in titles(app) if title.endswith("before an event"))
    assert chart(app, course)["layout"]["xaxis"]["title"]["text"] == "Rows to the event"
    assert len(frame(app, "AUC")) == 4


def test_a_running_time_of_hours_is_no_fraction_of_a_day(open_page: OpenPage, executor: Any) -> None:
    data = small_frame().iloc[:200]
    shown = unescaped(open_page("pages/1_Data.py", dataset=stored(data, "short.csv").digest))
    assert "h of running time" in shown and "days of running time" not in shown


def test_a_file_of_one_sensor_has_all_its_figures(open_page: OpenPage, executor: Any) -> None:
    dataset = stored(small_frame()[["time", "y", "s0"]])
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    assert "**1** sensor" in unescaped(app)
    assert "the AUC of the sensor would lie between" in unescaped(app)
    for view in VIEWS:
        app.segmented_control(key="data_view").set_value(view).run()
        assert not app.exception and not app.error, view
    assert frame(app, "AUC")["sensor"].tolist() == ["s0"]


def test_a_file_of_many_sensors_lists_its_strongest_pairs(open_page: OpenPage, executor: Any) -> None:
    data = small_frame(200)
    rng = np.random.default_rng(0)
    more = pd.DataFrame({f"m{i}": rng.normal(size=200).round(3) for i in range(80)})
    more["m1"] = -more["m0"]
    dataset = stored(pd.concat([data, more], axis=1))
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    app.segmented_control(key="data_view").set_value(VIEWS[2]).run()
    pairs = frame(app, "sensor", "other", "correlation")
    assert set(pairs.iloc[0, :2]) == {"m0", "m1"} and pairs["correlation"][0] == pytest.approx(-1)
    assert not any("Rank correlation" in title for title in titles(app))
    assert "84 sensors" in unescaped(app)


def test_long_names_are_short_on_the_figures_and_whole_in_the_table(
    open_page: OpenPage, executor: Any
) -> None:
    name = "Plant1.Unit3.Section7.Flow.<b>FIC101</b>.PV"
    dataset = stored(small_frame().rename(columns={"s0": name}))
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    app.segmented_control(key="data_view").set_value(VIEWS[0]).run()
    app.multiselect(key=f"data_stacked_{dataset.version[:12]}").set_value([name]).run()
    drawn = chart(app, "Over time")
    assert "Section7" not in drawn["layout"]["title"]["text"]
    assert name in set(frame(app, "AUC")["sensor"])
    assert "<b>" not in json.dumps([t["name"] for t in drawn["data"]])
    assert not app.exception


def test_a_column_is_left_out_and_comes_back(open_page: OpenPage, executor: Any) -> None:
    data = small_frame()
    data.loc[100:104, "s1"] = np.nan
    data.loc[200:204, "s2"] = np.nan
    dataset = stored(data)
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    assert "**2 warnings**" in unescaped(app)
    button(app, "Leave out").click().run()
    assert open_dataset(dataset.digest).schema.ignored == ("s1",)
    assert "1 left out: s1" in unescaped(app)
    button(app, "Undo the fix").click().run()
    assert open_dataset(dataset.digest).schema.ignored == ()
    button(app, "Fix all").click().run()
    assert not app.exception and not app.error
    assert {fix.column for fix in list_datasets()[0].fixes} == {"s1", "s2"}
    assert "No problems found in 6 columns." in unescaped(app)
    assert np.isfinite(open_dataset(dataset.digest).table().values).all()


def test_many_findings_are_drawn_when_they_are_asked_for(open_page: OpenPage, executor: Any) -> None:
    data = small_frame()
    for number in range(9):
        data[f"gap{number}"] = np.where(data.index == 100 + number, np.nan, data["s0"] + number)
    dataset = stored(data)
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    leave_out = [button.label for button in app.button].count("Leave out")
    app.toggle(key="data_all_findings").set_value(True).run()
    assert [button.label for button in app.button].count("Leave out") > leave_out
    assert all(f"**gap{number}**" in unescaped(app) for number in range(9))
    assert not app.exception


def test_every_check_is_listed_with_what_it_found(open_page: OpenPage, executor: Any) -> None:
    data = small_frame().drop(columns="time")
    data.loc[100:104, "s1"] = np.nan
    dataset = stored(data)
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    assert not [each for each in app.dataframe if "why it matters" in each.value], "not before it is opened"
    (finding,) = [each for each in app.markdown if "missing" in each.value and each.help]
    app.session_state[CHECKS_KEY] = True
    app.run()
    listed = frame(app, "code", "why it matters").set_index("code")
    assert not app.exception and set(listed.index) == {check.code for check in CHECKS}
    said = {outcome.code: outcome for outcome in outcomes(dataset.table())}
    assert listed["result"].to_dict() == {code: outcome.result for code, outcome in said.items()}
    assert {"warning", "passed", "not applicable"} <= set(listed["result"])
    assert all(listed.loc[code, "found"] == said[code].reason for code in said if not said[code].findings)
    assert listed.loc[listed["result"] == "not applicable", "found"].str.len().min() > 0
    assert (
        finding.help.replace("\\", "") in set(listed["why it matters"])
        and listed["why it matters"].str.len().min() > 0
    )


def test_notes_are_counted_and_drawn_when_they_are_asked_for(open_page: OpenPage, executor: Any) -> None:
    data = small_frame()
    data["quiet"] = np.where(data.index % 50 == 0, data["s0"], 1.5)
    dataset = stored(data)
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    assert "No problems found in 7 columns." in unescaped(app)
    assert "-badge[note]" not in unescaped(app)
    app.toggle(key="data_all_findings").set_value(True).run()
    assert ":blue-badge[note] **quiet**" in unescaped(app)
    assert not app.exception


def test_the_deciding_roles_are_corrected_in_place(open_page: OpenPage, executor: Any) -> None:
    data = small_frame().assign(other=lambda frame: np.where(frame.index % 40 == 39, "bad", "ok"))
    dataset = stored(data)
    key = dataset.version[:12]
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    assert app.selectbox(key=f"data_time_{key}").value == "time"
    assert app.selectbox(key=f"data_label_{key}").value == "y"
    assert app.multiselect(key=f"data_event_values_{key}").value == ["1"]
    app.selectbox(key=f"data_time_{key}").set_value("").run()
    assert open_dataset(dataset.digest).schema.time is None
    assert "days" not in texts(app) and not app.error

    without = open_dataset(dataset.digest)
    key = without.version[:12]
    assert app.selectbox(key=f"data_label_{key}").value == "y"
    app.multiselect(key=f"data_event_values_{key}").set_value(["0"]).run()
    assert open_dataset(dataset.digest).schema.event_values == ("0",)
    assert without.schema.sensors == open_dataset(dataset.digest).schema.sensors
    assert not app.exception and not app.error


def test_a_role_that_does_not_fit_is_a_sentence_and_nothing_changes(
    open_page: OpenPage, executor: Any
) -> None:
    dataset = stored(small_frame())
    key = dataset.version[:12]
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    app.selectbox(key=f"data_time_{key}").set_value("s0").run()
    assert len(app.error) == 1 and "s0" in app.error[0].value
    assert open_dataset(dataset.digest) == dataset
    assert any(title.startswith("Running time") for title in titles(app)), "the rest of the page stays"


def test_a_file_without_a_label_says_why_there_is_no_ranking(open_page: OpenPage, executor: Any) -> None:
    dataset = stored(small_frame())
    key = dataset.version[:12]
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    app.selectbox(key=f"data_label_{key}").set_value("").run()
    assert open_dataset(dataset.digest).schema.label is None
    assert not app.exception and not app.error
    assert any("no event" in info.value for info in app.info)
    assert not [each for each in app.dataframe if "AUC" in each.value]
    assert any(title.endswith("over time") for title in titles(app))
    for view in VIEWS:
        app.segmented_control(key="data_view").set_value(view).run()
        assert not app.exception and not app.error, view


def test_lines_and_dates_are_left_out_after_their_effect_is_said(open_page: OpenPage, executor: Any) -> None:
    data = small_frame()
    dataset = stored(data)
    quiet = int(np.flatnonzero(data["y"].rolling(12).sum() == 0)[40])
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    assert not app.number_input, "not before it is opened"
    app.session_state[KEY] = True
    app.run()

    first, last = app.number_input
    first.set_value(2)
    last.set_value(300).run()
    assert button(app, "Apply").disabled and "would lose" in unescaped(app)
    assert open_dataset(dataset.digest) == dataset
    first, last = app.number_input
    first.set_value(quiet)
    last.set_value(quiet + 4).run()
    assert "This removes 5 rows, changes no cells and loses no events." in unescaped(app)
    button(app, "Apply").click().run()
    left_out = open_dataset(dataset.digest)
    assert left_out.table().n_rows == len(data) - 5
    assert not set(left_out.table().lines) & set(range(quiet, quiet + 5))
    assert f"1. The file: leave out lines {quiet} to {quiet + 4}." in unescaped(app)

    app.segmented_control(key="data_step_kind").set_value(DATES).run()
    begin, end = app.text_input
    begin.set_value("one day")
    end.set_value("another").run()
    assert "Write a time such as" in unescaped(app)
    begin, end = app.text_input
    begin.set_value(str(data["time"][quiet + 4]))
    end.set_value(str(data["time"][quiet + 5])).run()
    assert "This removes 2 rows" in unescaped(app)
    button(app, "Apply").click().run()
    assert open_dataset(dataset.digest).table().n_rows == len(data) - 7
    button(app, "Undo the last of 2 fixes").click().run()
    assert open_dataset(dataset.digest) == left_out
    assert not app.exception and not app.error


def test_the_decimal_sign_of_a_column_is_chosen_where_few_cells_change(
    open_page: OpenPage, executor: Any
) -> None:
    data = small_frame().astype({"s3": "str"})
    data.loc[30:49, "s3"] = [f"{number},5" for number in range(1, 21)]
    dataset = stored(data)
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    app.session_state[KEY] = True
    app.run()
    app.segmented_control(key="data_step_kind").set_value(DECIMAL).run()
    (column,) = [box for box in app.selectbox if box.label == "Column"]
    assert column.options == ["s3"]
    column.set_value("s3").run()
    assert button(app, "Apply").disabled, "points would be read as thousands separators"
    assert "cells are not numbers (first: '" in unescaped(app)
    assert open_dataset(dataset.digest) == dataset and not app.exception and not app.error


def test_a_range_of_the_time_line_is_drawn_alone(open_page: OpenPage, dataset: Dataset) -> None:
    whole = time_line_of(dataset, None)
    span = (whole.when[100], whole.when[300])
    part = part_of(whole, span)
    assert part.rows == slice(100, 301)
    naive = [at for at in whole.events_when if span[0] <= at <= span[1]]
    assert list(part.events_when) == naive
    assert part_of(whole, None) is whole
    later = whole.when[-1] + np.timedelta64(1, "D")
    assert part_of(whole, (later, later)) is whole


def test_a_row_counter_is_named_and_not_ranked(open_page: OpenPage, executor: Any) -> None:
    dataset = stored(small_frame().assign(n=np.arange(600)))
    assert "n" in dataset.schema.sensors
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    assert set(frame(app, "AUC")["sensor"]) == {"s0", "s1", "s2", "s3"}
    assert "Not ranked, because it counts rows or time: n." in unescaped(app)
    assert "the AUCs of all 4 sensors would lie between" in unescaped(app) and not app.exception


def test_rows_that_run_backwards_are_not_ranked_by_what_comes_after_events(open_page: OpenPage) -> None:
    data = small_frame()
    app = open_page("pages/1_Data.py", dataset=stored(data.iloc[::-1]).digest)
    assert not app.exception
    assert any("not the rows before it" in info.value for info in app.info)
    assert not [each for each in app.dataframe if "AUC" in each.value]
    assert not [title for title in titles(app) if title.endswith("before an event")]
    app.segmented_control(key="data_view").set_value(VIEWS[1]).run()
    assert not [title for title in titles(app) if ": normal" in title]
    app = open_page("pages/1_Data.py", dataset=stored(data).digest)
    assert [title for title in titles(app) if title.endswith("before an event")]
