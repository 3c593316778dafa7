"""What the plant has today, on the Compare page: added, judged on the same windows, deleted."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from rare_event.compare.today import today_row
from rare_event.config import parse_sensor_rule
from rare_event.errors import TableError
from rare_event.experiment.own_alarms import own_alarms
from rare_event.judge.same_rate import HINDSIGHT
from rare_event.store.alarm_lists import add_alarms, add_rule, damaged_alarms, delete_alarms, list_alarms
from rare_event.store.datasets import Dataset
from rare_event.store.runs import Run
from rare_event.text import plain
from tests.app.test_compare import PAGE, chart, table, words
from tests.app.test_pages import OpenPage, button
from tests.records import stored as record_in

Opened = Callable[..., AppTest]


@pytest.fixture
def opened_run(done_run: Run) -> Run:
    done_run.look()
    return done_run


def own_list(run: Run) -> bytes:
    committed = run.committed()
    listed = own_alarms(run.dataset().table(), run.scores("test"), committed.thresholds, committed.policy)
    return listed.assign(tag="**own**").to_csv(index=False).encode()


def today_of(app: AppTest) -> list[dict[str, object]]:
    return [row for row in chart(app)["rows"] if row["kind"] == "today"]


def uploader(app: AppTest) -> object:
    return next(each for each in app.file_uploader if "List of alarms" in each.label)


def test_nothing_is_shown_of_sealed_data(open_page: OpenPage, done_run: Run) -> None:
    add_rule(done_run.dataset().digest, parse_sensor_rule("s1 > 1"))
    app = open_page(PAGE, run=done_run.id)
    assert not app.exception and done_run.looks() == []
    assert "What you have today" not in words(app) and "s1 > 1" not in words(app)
    assert not app.file_uploader


def test_a_list_is_uploaded_judged_and_deleted(open_page: OpenPage, opened_run: Run) -> None:
    dataset = opened_run.dataset()
    app = open_page(PAGE, run=opened_run.id)
    assert not today_of(app) and "What you have today" not in words(app)
    before = table(app)
    uploader(app).upload("d*cs.csv", own_list(opened_run), "text/csv").run()  # type: ignore[attr-defined]
    assert not app.exception and list_alarms(dataset.digest) == []
    assert "in the period of the data" in words(app)
    button(app, "Add this list").click().run()
    assert not app.exception and not app.error

    (stored,) = list_alarms(dataset.digest)
    assert stored.name == "d*cs.csv"
    (row,) = today_of(app)
    summary = opened_run.evaluation()
    # The run's own alarms are judged as the run was.
    assert row["name"] == "Today: d*cs.csv" and row["caught"] == [summary.events["caught"]]
    assert row["rates"] == [f"{summary.false_alarms_per_day:.1f}"]
    assert (row["auc"], row["auc_shown"], row["low"]) == (None, "no AUC", None)
    assert chart(app)["rows"][0] == row, "it comes first"
    assert "These data cannot show whether" in words(app) and "“d*cs.csv” is better" in words(app)
    assert any(plain(HINDSIGHT) in str(caption.value) for caption in app.caption)
    assert "in the list are counted." in words(app) or "in the list is counted." in words(app)
    pd.testing.assert_frame_equal(table(app), before)
    assert len(opened_run.looks()) == 1

    button(app, "Delete").click().run()
    assert not app.exception and list_alarms(dataset.digest) == []
    assert not today_of(app) and "What you have today" not in words(app)


def test_a_rule_is_typed_in(open_page: OpenPage, opened_run: Run) -> None:
    app = open_page(PAGE, run=opened_run.id)
    sensor = opened_run.dataset().schema.sensors[0]
    for text, problem in (("", "The rule is empty"), ("nothing > 1", "has no sensor 'nothing'")):
        app.text_input(key="compare_rule").set_value(text)
        button(app, "Add this rule").click().run()
        assert not app.exception and any(problem in str(e.value).replace("\\", "") for e in app.error)
        assert list_alarms(opened_run.dataset().digest) == []
    app.text_input(key="compare_rule").set_value(f"{sensor} > 0 for 2 rows")
    button(app, "Add this rule").click().run()
    assert not app.exception and not app.error
    (row,) = today_of(app)
    assert row["name"] == f"Today: {sensor} > 0 for 2 rows"
    (stored,) = list_alarms(opened_run.dataset().digest)
    scores, config = opened_run.scores("test").once(), opened_run.config()
    found = []
    for lead in scores.lead_windows:
        app.segmented_control(key=f"compare_lead_{scores.lead:g}").set_value(lead).run()
        (row,) = today_of(app)
        policy = config.policy.with_lead(lead)
        expected = today_row(stored, opened_run.dataset().table(), scores, policy).today.judged.evaluation
        assert row["caught"] == [expected.caught] and row["rates"] == [f"{expected.rate:.1f}"]
        found.append((row["caught"], row["rates"]))
    assert found[0] != found[1], "another lead window is another judgement"
    assert not any("Suppression" in str(text.value) for text in app.markdown)


def test_a_rule_is_judged_without_suppression_and_says_so(opened_run: Run) -> None:
    rows, scores = opened_run.dataset().table(), opened_run.scores("test").once()
    rule = parse_sensor_rule(f"{rows.schema.sensors[0]} > 0 for 2 rows")
    stored = add_rule(opened_run.dataset().digest, rule)
    policy = opened_run.config().policy
    shelving = replace(policy, shelved=((0.0, float(scores.clock[len(scores) // 2]), ""),))
    without, row = (today_row(stored, rows, scores, each) for each in (policy, shelving))
    assert row.today.judged.evaluation == without.today.judged.evaluation
    said = "Suppression is not applied to this rule"
    assert sum(said in sentence for sentence in row.sentences("m")) == 1
    assert len(row.sentences("m")) == len(without.sentences("m")) + 1


def test_an_open_question_is_asked_before_anything_is_stored(open_page: OpenPage, opened_run: Run) -> None:
    app = open_page(PAGE, run=opened_run.id)
    text = b"start,tag\n03/02/2024 06:00,a\n05/04/2024 06:00,b\n"
    uploader(app).upload("log.csv", text, "text/csv").run()  # type: ignore[attr-defined]
    assert not app.exception and "Add this list" not in [each.label for each in app.button]
    (asked,) = [radio for radio in app.radio if "log" in radio.label]
    assert asked.value is None
    asked.set_value(asked.options[0]).run()
    assert not app.exception
    button(app, "Add this list").click().run()
    (stored,) = list_alarms(opened_run.dataset().digest)
    assert stored.reading.time_format is not None
    # Neither time lies in the data: nothing is counted, and that is said.
    assert "0 of the 2 alarms in the list are counted. Not counted: 2 before or after the data." in words(app)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"start,end\n2024-01-02,2024-01-01\n", "would end before it starts"),
        (b"tag\nHH\nLL\n", "no readable time column"),
        (b"time,state\n2024-01-02 00:00,ALM\n2024-01-02 00:10,RTN\n", "each alarm takes two lines"),
        (b"time\n2024-01-02 00:00Z\n2024-01-02 00:10Z\n", "have a time zone"),
    ],
)
def test_a_list_that_cannot_be_used_is_a_sentence(
    open_page: OpenPage, opened_run: Run, content: bytes, problem: str
) -> None:
    app = open_page(PAGE, run=opened_run.id)
    uploader(app).upload("log.csv", content, "text/csv").run()  # type: ignore[attr-defined]
    assert not app.exception
    assert any(problem in str(error.value).replace("\\", "") for error in app.error)
    assert "Add this list" not in [each.label for each in app.button]
    assert list_alarms(opened_run.dataset().digest) == []


def test_a_damaged_list_can_be_deleted_and_the_board_stays(open_page: OpenPage, opened_run: Run) -> None:
    digest = opened_run.dataset().digest
    stored = add_alarms(digest, "log.csv", own_list(opened_run))
    folder = next(opened_run.folder.parents[1].glob("datasets/*/alarms"))
    (folder / f"{stored.id}.zst").write_bytes(b"no archive")
    app = open_page(PAGE, run=opened_run.id)
    assert not app.exception
    (said,) = [str(error.value) for error in app.error]
    assert "missing or damaged" in said and said.count("log") == 1
    assert not today_of(app) and opened_run.id in table(app)["run"].tolist()
    button(app, "Delete").click().run()
    assert not app.exception and not app.error and not list(folder.iterdir())


def test_lists_are_kept_with_their_dataset(dataset: Dataset) -> None:
    rule = parse_sensor_rule("'a b' > 1 for 2 rows")
    first = add_rule(dataset.digest, rule)
    second = add_alarms(dataset.digest, "../evil.csv", b"start\n2024-01-01 00:00\n")
    assert list_alarms(dataset.digest) == [first, second] and first.rule == rule
    starts = second.alarms().listed.starts
    assert starts[0] == np.datetime64("2024-01-01") and len(second.alarms()) == 1
    assert list_alarms("0" * 64) == []
    with pytest.raises(TableError):
        add_alarms(dataset.digest, "log.csv", b"")
    assert len(list_alarms(dataset.digest)) == 2, "nothing is kept of what cannot be read"
    delete_alarms(first)
    delete_alarms(first)
    assert list_alarms(dataset.digest) == [second]


def test_a_record_written_by_hand_is_no_path(dataset: Dataset, workspace) -> None:
    stored = add_rule(dataset.digest, parse_sensor_rule("s > 1"))
    (record,) = workspace.glob("datasets/*/alarms/*.json")
    evil = record_in(record) | {"id": "../../evil"}
    record.write_text(json.dumps(evil))
    assert list_alarms(dataset.digest) == [] and "is damaged" in damaged_alarms(dataset.digest)[0]
    record.write_text("{half")
    assert list_alarms(dataset.digest) == [] and stored.rule is not None
    (said,) = damaged_alarms(dataset.digest)
    assert f"The record of the alarm list {stored.id} of dataset" in said and "evil" not in said
