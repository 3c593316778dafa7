"""Values as source: evaluated, they are the values again, however long and however odd their texts are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rare_event.checks.findings import Fix
from rare_event.code.lines import script
from rare_event.code.literal import WIDTH, Call, Name, literal
from rare_event.config import AlarmPolicy, Costs, Rule
from rare_event.prepare.schema import Schema

PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
NESTED = st.recursive(
    PLAIN,
    lambda each: (
        st.lists(each, max_size=9).map(tuple)
        | st.lists(each, max_size=9)
        | st.dictionaries(st.integers() | st.text(max_size=30), each, max_size=5)
    ),
    max_leaves=30,
)


@given(NESTED, st.integers(0, 40))
def test_plain_values_come_back(value: object, indent: int) -> None:
    assert eval(literal(value, indent)) == value  # noqa: S307


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=60, unique=True), st.text())
def test_settings_come_back(names: list[str], text: str) -> None:
    names = [name for name in names if name not in ("y", text)] or ["x"]
    for value in (Schema("y", None, tuple(names)), Fix("decimal", text, (1.5, text))):
        assert eval(literal(value)) == value  # noqa: S307


def test_defaults_are_left_out_and_what_differs_stays() -> None:
    assert literal(Rule("cost", costs=Costs(event=70.0))) == 'Rule(kind="cost", costs=Costs(event=70.0))'
    assert literal(AlarmPolicy()) == "AlarmPolicy()"
    call = Call("f", (Name("x"), "it's", 'a "b"'), {"y": (1,)})
    assert literal(call) == """f(x, "it's", 'a "b"', y=(1,))"""


@pytest.mark.parametrize("extra", range(4))
def test_a_line_is_broken_where_it_would_be_too_long(extra: int) -> None:
    names = ("a" * 40, "b" * (WIDTH - 49 + extra))
    lines = literal(names).splitlines()
    assert (len(lines) == 1) == (extra < 2) and max(map(len, lines)) <= WIDTH
    assert eval("\n".join(lines)) == names  # noqa: S307


def test_only_names_that_are_used_are_imported() -> None:
    code = script('table = read_table("Rule.csv")', "costs = Costs()\nscored = 1")
    assert code.startswith("from rare_event import read_table\nfrom rare_event.config import Costs\n")
    assert "import Rule" not in code and "score," not in code
