"""The Data page: what the label means can be corrected."""

from collections.abc import Callable
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from rare_event.prepare.corrections import Corrections
from rare_event.store.datasets import Dataset, add_dataset, open_dataset
from tests.app.conftest import open_drawer
from tests.small import small_frame

ROLES = "Roles of all columns"
OpenPage = Callable[..., AppTest]


def below(app: AppTest) -> list[Any]:
    """The choices among the roles of all columns, where rows can also be left out."""
    return [each for each in app.multiselect if str(each.key).startswith(("data_events_", "data_left_out_"))]


def with_states() -> Dataset:
    """A file whose label holds Normal, Attack and twice "A ttack"; the last are left out."""
    data = small_frame()
    state = np.where(data["y"] == 1, "Attack", "Normal").astype(object)
    state[[200, 300]] = "A ttack"
    upload = data.assign(y=state).to_csv(index=False).encode()
    return add_dataset(upload, "states.csv", Corrections(event=("Attack",), leave_out=("A ttack",)))


def test_the_values_that_mean_an_event_can_be_chosen(open_page: OpenPage) -> None:
    dataset = with_states()
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    assert not app.exception and not below(app)
    open_drawer(app, ROLES)
    events, left_out = below(app)
    assert events.label == "Values that mark an event" and events.value == ["Attack"]
    assert left_out.value == ["A ttack"] and "Attack" not in left_out.options
    events.set_value(["A ttack", "Attack"]).run()
    app.button(key="data_apply_roles").click().run()
    assert not app.exception and not app.error
    schema = open_dataset(dataset.digest).schema
    assert set(schema.event_values) == {"Attack", "A ttack"} and schema.left_out_values == ()
    assert open_dataset(dataset.digest).table().label.sum() == 12


def test_no_value_for_an_event_is_a_sentence_and_changes_nothing(open_page: OpenPage) -> None:
    dataset = with_states()
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    below(open_drawer(app, ROLES))[0].set_value([]).run()
    app.button(key="data_apply_roles").click().run()
    assert not app.exception and len(app.error) == 1
    assert open_dataset(dataset.digest) == dataset


def test_a_file_without_a_label_says_so(open_page: OpenPage) -> None:
    upload = small_frame().drop(columns="y").to_csv(index=False).encode()
    dataset = add_dataset(upload, "f.csv", Corrections(no_label=True))
    app = open_page("pages/1_Data.py", dataset=dataset.digest)
    open_drawer(app, ROLES)
    assert not app.exception and not app.error and not app.multiselect
    assert any("trained but not tested on events" in info.value for info in app.info)
