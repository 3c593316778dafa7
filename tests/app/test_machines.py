"""The pages with a file of six machines."""

from collections.abc import Callable

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from rare_event.prepare.corrections import Corrections
from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.runs import list_runs
from tests.small import small_frame

OpenPage = Callable[..., AppTest]
MACHINES = [f"press {number}" for number in range(1, 7)]


def six_machines(clock: bool = True) -> pd.DataFrame:
    """Six machines over the same hours, one below the other."""
    frames = [small_frame(300).assign(press=name) for name in MACHINES]
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


def test_each_machine_can_be_scaled_by_itself(open_page: OpenPage, presses: Dataset) -> None:
    app = open_page("pages/2_Train.py", dataset=presses.digest)
    (each,) = (box for box in app.checkbox if box.label == "Scale each machine by itself")
    assert not each.value and "20" in each.help
    each.check().run()
    app.button(key="train_start").click().run()
    assert not app.exception and not app.error
    (run,) = list_runs(presses.digest)
    assert run.config().representation.per_asset


def test_one_machine_has_nothing_to_scale_by_itself(open_page: OpenPage) -> None:
    dataset = stored(small_frame(), Corrections(label=("y",), event=("1",)))
    app = open_page("pages/2_Train.py", dataset=dataset.digest)
    assert not app.exception and not any("machine" in box.label for box in app.checkbox)
