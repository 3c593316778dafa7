"""The pages with a file of six machines."""

from collections.abc import Callable

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from rare_event.prepare.corrections import Corrections
from rare_event.store.datasets import Dataset, add_dataset, list_datasets
from rare_event.store.runs import list_runs
from tests.app.conftest import open_drawer
from tests.app.test_pages import button
from tests.small import small_frame

OpenPage = Callable[..., AppTest]
MACHINES = [f"press {number}" for number in range(1, 7)]


def six_machines(clock: bool = True) -> pd.DataFrame:
    """Six machines over nearly the same hours, one below the other; their events come at other times."""
    frames = [small_frame(400)[8 * n : 8 * n + 300].assign(press=name) for n, name in enumerate(MACHINES)]
    for number, frame in enumerate(frames):
        frame[["s0", "s1"]] += 100 * number
    stacked = pd.concat(frames, ignore_index=True)
    return stacked if clock else stacked.drop(columns="time")


def stored(frame: pd.DataFrame, said: Corrections | None = None) -> Dataset:
    said = said or Corrections(assets="press", label=("y",), event=("1",))
    return add_dataset(frame.to_csv(index=False).encode(), "presses.csv", said)


@pytest.fixture
def presses(executor) -> Dataset:
    return stored(six_machines())


def looked_at(open_page: OpenPage, frame: pd.DataFrame) -> AppTest:
    """The preview of a file that nothing was said of."""
    app = open_page("pages/1_Data.py")
    app.file_uploader[0].upload("presses.csv", frame.to_csv(index=False).encode(), "text/csv").run()
    assert not app.exception
    return app


@pytest.mark.parametrize("mixed", [False, True], ids=["stacked", "mixed"])
def test_which_column_names_the_machine_is_asked(open_page: OpenPage, mixed: bool) -> None:
    frame = six_machines().assign(site="A")
    app = looked_at(open_page, frame.sort_values("time", kind="stable") if mixed else frame)
    (asked,) = app.radio
    assert "Which column names the machine?" in asked.label and asked.value is None
    assert [option.split("\\")[0] for option in asked.proto.options] == ["'press'", "None"]
    assert button(app, "Use this file").disabled and not app.error
    asked.set_value(asked.proto.options[0]).run()
    button(app, "Use this file").click().run()
    assert not app.exception and not app.error
    (dataset,) = list_datasets()
    table = dataset.table()
    assert table.assets == tuple(MACHINES) and table.schema.asset == "press"
    assert table.frame["press"].iloc[:300].eq("press 1").all() and not table.time_unit.reason


def test_the_file_may_hold_one_machine_all_the_same(open_page: OpenPage) -> None:
    app = looked_at(open_page, six_machines())
    app.radio[0].set_value(app.radio[0].proto.options[-1]).run()
    button(app, "Use this file").click().run()
    assert not app.exception
    (dataset,) = list_datasets()
    assert dataset.schema.asset is None
    # What is wrong with that is still said.
    assert any("'press' names 6 machines" in str(frame.value) for frame in app.dataframe) or any(
        "press" in element.value for element in [*app.error, *app.markdown]
    )


def test_a_file_of_one_machine_is_not_asked_about(open_page: OpenPage) -> None:
    frame = small_frame().assign(grade=lambda f: f["time"].dt.day.map({1: "A"}).fillna("B"))
    app = looked_at(open_page, frame)
    assert not app.radio and not button(app, "Use this file").disabled


def test_each_machine_can_be_scaled_by_itself(open_page: OpenPage, presses: Dataset) -> None:
    app = open_drawer(open_page("pages/2_Train.py", dataset=presses.digest), "Expert settings")
    (each,) = (box for box in app.checkbox if box.label == "Scale each machine separately")
    assert not each.value and "20" in each.help
    each.check().run()
    # In six periods, one validation part of these few events has none, which the page says as an error.
    app.selectbox(key="train_0_split").select("chronological").run()
    app.button(key="train_start").click().run()
    assert not app.exception and not app.error
    (run,) = list_runs(presses.digest)
    assert run.config().representation.per_asset


def test_one_machine_has_nothing_to_scale_by_itself(open_page: OpenPage) -> None:
    dataset = stored(small_frame(), Corrections(label=("y",), event=("1",)))
    app = open_drawer(open_page("pages/2_Train.py", dataset=dataset.digest), "Expert settings")
    assert not app.exception and app.checkbox and not any("machine" in box.label for box in app.checkbox)
