"""An upload is looked at before it is stored: what is ambiguous is asked, and nothing typed is lost."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from rare_event.prepare.schema import Schema
from rare_event.read.table import AS_FOUND, RawTable, Reading
from rare_event.read.times import EPOCHS
from rare_event.store.datasets import Dataset, list_datasets
from rare_event.ui.data.preview import time_format as time_format_in_words
from tests.app.conftest import open_drawer
from tests.app.test_pages import OpenPage, button
from tests.prepare.test_corrections import FILE

CORRECT = "Correct how the file is read"
AMBIGUOUS = b"time,temp,y\n" + b"".join(
    b'2026-01-01 00:%02d,"%d,000",%d\n' % (i, 80 + i, i % 9 == 0) for i in range(60)
)


def use(app: AppTest, words: str = "Use this file") -> AppTest:
    button(app, words).click().run()
    assert not app.exception
    return app


def stored() -> Dataset:
    (dataset,) = list_datasets()
    return dataset


def test_nothing_is_stored_before_the_file_is_used(upload, workspace) -> None:
    app = upload(FILE)
    assert not list_datasets() and not app.error and not app.radio
    assert "Preview of mill" in app.header[0].value
    assert not (workspace / "datasets").exists()
    use(app)
    assert stored().name == "mill.csv" and not app.error
    assert not list((workspace / "uploads").iterdir())


def test_the_bytes_of_an_upload_are_not_in_the_session(upload) -> None:
    app = upload(FILE)
    held = repr(app.session_state)
    assert "2026-01-01 00:49" not in held and "data_pending" in held


def cells_read(app):
    (found,) = [each.value for each in app.dataframe if "read as" in each.value]
    assert found.value_counts("column").le(2).all()
    return found.drop_duplicates("column").set_index("column")


@pytest.mark.parametrize(("answer", "value"), [(0, 80.0), (1, 80_000.0)])
def test_an_ambiguous_number_is_asked_and_the_answer_is_stored(upload, answer, value) -> None:
    app = upload(AMBIGUOUS)
    (radio,) = app.radio
    assert "80,000" in radio.label.replace("\\", "") and radio.value is None
    assert button(app, "Use this file").disabled and not list_datasets()
    assert cells_read(app).loc["temp", "read as"] == "not decided"
    radio.set_value(radio.proto.options[answer]).run()
    assert float(cells_read(app).loc["temp", "read as"]) == value
    assert not app.exception and not list_datasets()
    assert app.radio[0].value is not None  # an answer can be changed
    use(app)
    assert stored().raw()["temp"].iloc[0] == value


def test_a_changed_answer_counts_and_the_first_does_not(upload) -> None:
    app = upload(AMBIGUOUS)
    app.radio[0].set_value(app.radio[0].proto.options[0]).run()
    app.radio[0].set_value(app.radio[0].proto.options[1]).run()
    use(app)
    assert stored().raw()["temp"].iloc[0] == 80_000.0


def test_a_refusal_is_a_sentence_and_the_reading_can_be_corrected(upload) -> None:
    app = upload(b"comment\n\n" + FILE)
    if not app.error:  # lines above the header are found
        use(app)
        assert stored().reading.header == 3
        return
    assert button(app, "Use this file").disabled and not list_datasets()


def test_a_correction_is_kept_when_the_file_is_refused_with_it(upload) -> None:
    app = open_drawer(upload(FILE), CORRECT)
    app.multiselect(key=key_of(app, "multiselect", "label")).set_value(["x1"])
    button(app, "Read it again").click().run()
    assert not app.exception and len(app.error) == 1
    assert button(app, "Use this file").disabled
    assert app.multiselect(key=key_of(app, "multiselect", "label")).value == ["x1"]
    app.multiselect(key=key_of(app, "multiselect", "label")).set_value(["state"])
    button(app, "Read it again").click().run()
    for _ in app.radio:
        app.radio[0].set_value(app.radio[0].proto.options[0]).run()
    use(app)
    assert stored().schema.label == "state"


def test_cancel_stores_nothing_and_forgets_the_file(upload, workspace) -> None:
    app = upload(FILE)
    button(app, "Cancel").click().run()
    assert not app.exception and not list_datasets()
    assert not list((workspace / "uploads").iterdir())
    assert not [b for b in app.button if b.label == "Use this file"]


def test_a_stored_dataset_can_be_read_differently(upload) -> None:
    app = use(upload(FILE))
    first = stored()
    button(app, "Read it differently").click().run()
    assert not app.exception and not app.error
    open_drawer(app, CORRECT)
    app.multiselect(key=key_of(app, "multiselect", "ignore")).set_value(["x1"])
    button(app, "Read it again").click().run()
    use(app)
    assert "x1" in stored().schema.ignored and "x1" in first.schema.sensors
    assert stored().digest == first.digest


def test_the_same_file_again_opens_what_is_stored(upload) -> None:
    use(upload(FILE))
    app = upload(FILE, "again.csv")
    assert stored().name == "mill.csv"
    assert not [b for b in app.button if b.label == "Use this file"]


def key_of(app: AppTest, kind: str, name: str) -> str:
    (key,) = [each.key for each in app.get(kind) if f"data_correct_{name}_" in (each.key or "")]
    return str(key)


def two(first: str, second: str) -> list[tuple[str, bytes, str]]:
    return [("a.csv", first.encode(), "text/csv"), ("b.csv", second.encode(), "text/csv")]


def rows_of_day(day: int, separator: str = ",", value: str = '"80,000"') -> str:
    lines = [
        separator.join([f"2026-01-0{day} 00:{i:02d}", value.replace("80", str(80 + i)), str(int(i % 9 == 0))])
        for i in range(40)
    ]
    return "\n".join([separator.join(["time", "temp", "y"]), *lines, ""])


@pytest.fixture
def upload_two(open_page: OpenPage) -> Callable[..., AppTest]:
    def uploaded(first: str, second: str) -> AppTest:
        app = open_page("pages/1_Data.py")
        app.file_uploader[0].set_value(two(first, second)).run()
        assert not app.exception
        return app

    return uploaded


def test_one_answer_applies_to_several_files_before_they_are_stored(upload_two, workspace) -> None:
    app = upload_two(rows_of_day(2), rows_of_day(1))
    assert "a.csv, b.csv" in app.header[0].value.replace("\\", "")
    (radio,) = app.radio
    assert button(app, "Use these files").disabled and not list_datasets()
    radio.set_value(radio.proto.options[1]).run()
    use(app, "Use these files")
    dataset = stored()
    assert dataset.files == ("a.csv", "b.csv") and dataset.n_rows == 80
    assert (dataset.raw()["temp"] >= 80_000).all()
    assert dataset.raw()["time"].is_monotonic_increasing
    assert not list((workspace / "uploads").iterdir())

    # Both are read differently together, and the other answer replaces the first.
    button(app, "Read it differently").click().run()
    assert not app.exception and not app.error
    open_drawer(app, CORRECT)
    app.selectbox(key=key_of(app, "selectbox", "decimal")).set_value(",")
    app.selectbox(key=key_of(app, "selectbox", "thousands")).set_value("")
    button(app, "Read it again").click().run()
    use(app, "Use these files")
    assert (stored().raw()["temp"] < 200).all() and stored().n_rows == 80
    assert stored().digest == dataset.digest


def test_a_file_that_is_read_in_another_way_is_named(upload_two) -> None:
    app = upload_two(rows_of_day(1, value="80.5"), rows_of_day(2, ";", "80,5"))
    said = " ".join(each.value for each in app.markdown).replace("\\", "")
    assert "b.csv differs from a.csv in its separator and decimal mark" in said
    assert not app.radio
    use(app, "Use these files")
    assert stored().raw()["temp"].max() == 119.5


def test_files_that_do_not_fit_show_the_first_and_can_be_corrected(upload_two) -> None:
    app = upload_two(rows_of_day(1, value="80.5"), rows_of_day(1, value="90.5"))
    assert "different values" in app.error[0].value and button(app, "Use these files").disabled
    assert cells_read(app).loc["temp", "read as"] == "80.5"
    app.selectbox(key=key_of(app, "selectbox", "assets")).set_value("file")
    button(app, "Read it again").click().run()
    assert not app.error
    use(app, "Use these files")
    assert stored().schema.asset == "file" and stored().n_rows == 80
    button(app, "Read it differently").click().run()
    assert not app.error and not button(app, "Use these files").disabled


def test_the_format_of_the_times_is_said_in_words() -> None:
    def said(
        time_format: str | None, time: Any, lines: Any = (2, 3), reading: Reading = AS_FOUND
    ) -> str | None:
        frame = pd.DataFrame({"at": time}, index=pd.Index(lines))
        return time_format_in_words(
            Schema("y", "at", ("x1",), time_format=time_format), RawTable(frame, reading)
        )

    texts, times = ["2024-01-01 00:00"] * 2, pd.date_range("2024-01-01", periods=2)
    assert said(None, texts, reading=Reading(encoding="utf-8")) == "year first (ISO 8601)"
    assert said(None, times) == "stored as times"
    assert said(None, times, ("2 of a.csv", "2 of b.csv")) == "differs by file"
    workbook = Reading(member="Data")
    assert said(None, texts, reading=workbook) == "stored as times, or text with the year first"
    assert said("epoch ms", [1.7e12, 1.8e12]) == "milliseconds since 1970"
    assert said("%d.%m.%Y", ["01.02.2024"] * 2, reading=workbook) == "day.month.year"
    assert all(said(name, [1.0, 2.0]) != name for name in EPOCHS if name)
