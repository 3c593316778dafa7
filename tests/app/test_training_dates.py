"""The Train page: a split by time trains between two times, where the file has any."""

from datetime import datetime

import numpy as np
import pandas as pd

from rare_event.store.datasets import Dataset, add_dataset
from rare_event.store.runs import list_runs
from tests.app.conftest import Deferred
from tests.app.test_pages import OpenPage, button, unescaped
from tests.small import small_frame
from tests.test_clock import clockless

UNTIL = "2024-01-01 10:00"


def stored(frame: pd.DataFrame) -> Dataset:
    return add_dataset(frame.to_csv(index=False).encode(), "dates.csv")


def test_the_training_ends_at_a_time(open_page: OpenPage, executor: Deferred) -> None:
    dataset = stored(small_frame())
    app = open_page("pages/2_Train.py", dataset=dataset.digest)
    assert "train_0_dates" not in [box.key for box in app.checkbox], "several periods have no such dates"
    app.selectbox(key="train_0_split").select("chronological").run()
    assert not app.datetime_input, "asked before it was wanted"
    app.selectbox(key="train_0_model").select("pca").run()
    app.checkbox(key="train_0_dates").check().run()
    app.datetime_input(key="train_0_train_until").set_value(datetime.fromisoformat(UNTIL)).run()
    assert not app.exception and not app.error
    app.toggle(key="train_baselines").set_value(False).run()
    button(app, "Train").click().run()
    (run,) = list_runs()
    assert (run.config().split.train_from, run.config().split.train_until) == (None, UNTIL)
    executor.run_all()
    app.run()
    assert f"trained until {UNTIL}" in unescaped(app)
    validation = dataset.table().when[run.scores("validation").row]
    assert validation.min() >= np.datetime64(UNTIL) and not app.exception


def test_times_that_train_on_nothing_are_refused(open_page: OpenPage, executor: Deferred) -> None:
    app = open_page("pages/2_Train.py", dataset=stored(small_frame()).digest)
    app.selectbox(key="train_0_split").select("chronological").run()
    app.checkbox(key="train_0_dates").check().run()
    for name, time in (("until", UNTIL), ("from", "2024-01-01 12:00")):
        app.datetime_input(key=f"train_0_train_{name}").set_value(datetime.fromisoformat(time)).run()
    assert "start that is before the end" in unescaped(app)
    app.datetime_input(key="train_0_train_from").set_value(datetime.fromisoformat("2024-01-01 09:58")).run()
    assert "before the second" not in unescaped(app) and not app.exception


def test_a_file_without_times_has_no_training_dates(open_page: OpenPage, executor: Deferred) -> None:
    app = open_page("pages/2_Train.py", dataset=stored(clockless()).digest)
    app.selectbox(key="train_0_split").select("chronological").run()
    assert "train_0_dates" not in [box.key for box in app.checkbox] and not app.exception
