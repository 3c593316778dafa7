"""A rule on one sensor: its grammar, and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rare_event.config import SensorRule, parse_sensor_rule
from rare_event.errors import ConfigError

NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(str.strip)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("x12 > 4.1 for 3 rows", SensorRule("x12", ">", 4.1, 3)),
        ("x12>4.1", SensorRule("x12", ">", 4.1)),
        ("  x12  <=  -2e3  for  1  row ", SensorRule("x12", "<=", -2000.0)),
        ('"Flow pump 3 (m3/h)" >= 1.5', SensorRule("Flow pump 3 (m3/h)", ">=", 1.5)),
        ("'Flow' < .5", SensorRule("Flow", "<", 0.5)),
        ('"a ""b"" > 2" < 1.', SensorRule('a "b" > 2', "<", 1.0)),
        ("'it''s' > 0", SensorRule("it's", ">", 0.0)),
        ("for > 1 for 2 rows", SensorRule("for", ">", 1.0, 2)),
        ("ΔT_1.max > +3", SensorRule("ΔT_1.max", ">", 3.0)),
    ],
)
def test_rules_are_read(text, rule) -> None:
    assert parse_sensor_rule(text) == rule
    assert parse_sensor_rule(rule.in_words) == rule


@given(NAMES, st.sampled_from([">", ">=", "<", "<="]), NUMBERS, st.integers(1, 10_000))
def test_what_is_written_is_read_again(name, sign, limit, rows) -> None:
    rule = SensorRule(name, sign, limit, rows)
    assert parse_sensor_rule(rule.in_words) == rule


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The rule is empty"),
        ("x12", "is not valid"),
        ("x12 >", "is not valid"),
        ("> 4", "is not valid"),
        ("x12 = 4", "is not valid"),
        ("x12 == 4", "is not valid"),
        ("x12 => 4", "is not valid"),
        ("x12 >> 4", "is not valid"),
        ("flow pump > 4", "put it in quotes"),
        ("'flow pump > 4", "is not valid"),
        ("x12 > 4 for", "is not valid"),
        ("x12 > 4 for 3", "is not valid"),
        ("x12 > 4 for -3 rows", "is not valid"),
        ("x12 > 4 for 1.5 rows", "is not valid"),
        ("x12 > 4 and x3 < 2", "has more than one condition"),
        ("x12 > 4 or x3 < 2", "has more than one condition"),
        ("1 < x12 < 4", "is not valid"),
        ("x12 > 4,1", "decimal point"),
        ("x12 > high", "is not a number"),
        ("x12 > nan", "is not a number"),
        ("x12 > inf", "is not a number"),
        ("x12 > 1e999", "finite number"),
        ("x12 > 0x10", "is not a number"),
        ("x12 > 1_000", "is not a number"),
        ("x12 > 4 for 0 rows", "choose 1 to 10,000"),
        ("x12 > 4 for 10001 rows", "choose 1 to 10,000"),
        ('"  " > 4', "names no sensor"),
    ],
)
def test_what_is_no_rule_is_a_sentence(text, words) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_sensor_rule(text)
    assert words in str(refused.value) and str(refused.value).endswith(".")


@given(st.text(max_size=40))
def test_any_text_is_a_rule_or_a_sentence(text) -> None:
    try:
        rule = parse_sensor_rule(text)
    except ConfigError:
        return
    assert parse_sensor_rule(rule.in_words) == rule
