"""A model that detects events while they last: its pages speak of the delay, not of a lead."""

from rare_event.store.datasets import add_dataset
from tests.app.conftest import Deferred, finished
from tests.app.test_clock import shown
from tests.app.test_pages import OpenPage, explorer, metric
from tests.experiment.test_during import CONFIG, table_of


def test_pages_of_a_model_that_detects_during_events(open_page: OpenPage, executor: Deferred) -> None:
    table = table_of()
    dataset = add_dataset(table.frame.to_csv(index=False).encode(), "long events.csv")
    run = finished(dataset, CONFIG)
    run.look()
    for page in ("1_Data", "2_Train", "4_Evaluate", "5_Alarms", "6_Compare"):
        app = open_page(f"pages/{page}.py", run=run.id)
        assert not app.exception and not app.error, (page, app.exception, app.error)
    app = open_page("pages/4_Evaluate.py", run=run.id)
    assert metric(app, "Median delay").endswith((" min", " s"))
    said = " ".join(shown(app))
    assert (
        ("after they began" in said or "in their first row" in said)
        and "Median lead" not in said
        and "min before" not in said
    )
    assert "delay (minutes)" in said
    app = open_page("pages/3_Threshold.py", run=run.id)
    assert not app.exception and not app.error
    assert explorer(app)["words"]["lead"] == "Median delay (minutes)"
    assert "Lead window (minutes)" not in [field.label for field in app.number_input]
    app = open_page("pages/6_Compare.py", run=run.id)
    said = " ".join(shown(app))
    assert "Take one moment during an event" in said and "just before an event" not in said
    said = " ".join(shown(open_page("pages/2_Train.py", run=run.id)))
    assert "Detects events while they last, using a window of one row" in said and "ahead" not in said
