"""The Data page takes a second file, of the times of events, before anything is stored."""

from streamlit.testing.v1 import AppTest

from rare_event.store.datasets import list_datasets
from tests.app.conftest import open_drawer
from tests.app.test_pages import button
from tests.app.test_preview import stored, use
from tests.small import small_frame

FRAME = small_frame()
DATA = FRAME.drop(columns="y").to_csv(index=False).encode()
TIMES = FRAME.time[FRAME.y == 1]
EVENTS = TIMES.to_frame("when").to_csv(index=False).encode()
AMBIGUOUS = TIMES.dt.strftime("%m/%d/%Y %H:%M").to_frame("when").to_csv(index=False).encode()


def give_events(app: AppTest, content: bytes, name: str = "trips.csv") -> AppTest:
    (uploader,) = [each for each in app.file_uploader if "times of events" in each.label]
    uploader.upload(name, content, "text/csv").run()
    assert not app.exception
    return app


def badges(app: AppTest) -> str:
    return " ".join(each.value for each in app.markdown if "-badge[" in each.value).replace("\\", "")


def test_events_answer_the_question_of_the_label_and_are_stored(upload, workspace) -> None:
    app = upload(DATA)
    assert len(app.radio) == 1 and button(app, "Use this file").disabled
    give_events(app, EVENTS)
    assert not app.radio and not app.error and not list_datasets()
    assert "trips.csv names 10 events, which mark 10 rows" in badges(app)
    use(app)
    assert stored().events == "trips.csv" and (stored().table().label == FRAME.y).all()
    assert stored().name == "mill.csv with trips.csv" and not list((workspace / "uploads").iterdir())


def test_day_and_month_of_events_are_asked_in_place(upload) -> None:
    app = give_events(upload(DATA), AMBIGUOUS)
    (radio,) = app.radio
    assert "trips.csv" in radio.label.replace("\\", "") and button(app, "Use this file").disabled
    month_first = next(option for option in radio.proto.options if option.startswith("month"))
    radio.set_value(month_first).run()
    assert (use(app), (stored().table().label == FRAME.y).all())[1]


def test_events_that_do_not_fit_are_refused_and_can_be_removed(upload, workspace) -> None:
    app = give_events(upload(FRAME.to_csv(index=False).encode()), b"when\n2031-01-01 10:00\n")
    (error,) = app.error
    assert "No event of trips" in error.value and button(app, "Use this file").disabled
    button(app, "Remove it").click().run()
    assert not app.exception and not app.error and not button(app, "Use this file").disabled
    use(app)
    assert stored().schema.label == "y" and not stored().events
    assert not list((workspace / "uploads").iterdir())


def test_a_stored_dataset_with_events_is_read_differently_with_them(upload) -> None:
    app = use(give_events(upload(FRAME.to_csv(index=False).encode()), EVENTS))
    first = stored()
    assert first.schema.label == "event" and "y" in first.schema.ignored
    button(app, "Read it differently").click().run()
    assert not app.exception and not app.error and "names 10 events" in badges(app)
    open_drawer(app, "Correct how the file is read")
    assert not [each for each in app.multiselect if each.label == "Label"]
    (ignore,) = [each for each in app.multiselect if each.label == "Columns to ignore"]
    ignore.set_value(["s1"])
    button(app, "Read it again").click().run()
    use(app)
    again = stored()
    assert again.digest == first.digest and "s1" in again.schema.ignored
    assert (again.table().label == FRAME.y).all() and again.name == first.name
