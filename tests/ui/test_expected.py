"""The columns that new rows need, as the Score page lists them."""

from dataclasses import replace

from rare_event.experiment.facts import Facts, SensorRange
from rare_event.prepare.schema import Schema
from rare_event.ui.score.expected import expected_columns

FLOW = SensorRange("flow", precise=False, low=0.0, high=99.0, p5=1.234567, median=2.0, p95=45_678.9)
EMPTY = SensorRange("spare", precise=False)
FACTS = Facts(2.0, {}, None, "", labelled=True, ranges=(FLOW, EMPTY), levels={}, normal=None, units={})


def test_each_column_has_its_content_and_its_usual_values() -> None:
    schema = Schema("stop", "at", ("flow", "spare"), ("grade",), ("remark",), asset="unit", also=("trip",))
    table = expected_columns(schema, replace(FACTS, categories={"grade": tuple("ABCDEFG")}))
    assert table["column"].tolist() == ["at", "unit", "flow", "spare", "grade"]
    assert table["content"].tolist() == ["time", "machine", "sensor", "sensor", "category"]
    assert table["usually from"].tolist()[2:4] == ["1.23", "–"]
    assert table["to"].tolist()[2:4] == ["45,679", "–"]
    assert table["values"].tolist()[-1] == "A, B, C, D, E, …"
    assert not {"stop", "trip", "remark"} & {*table["column"]}


def test_without_categories_there_is_no_column_of_values() -> None:
    assert "values" not in expected_columns(Schema(None, None, ("flow",)), FACTS)
