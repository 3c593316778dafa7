"""The parts of a report: text stays text."""

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from rare_event.plots.palette import style
from rare_event.report.document import (
    Block,
    Chart,
    Code,
    Grid,
    Items,
    Measure,
    Measures,
    Pairs,
    Said,
    Section,
    from_markdown,
    items,
    small,
)
from rare_event.report.page import render
from rare_event.text import plain
from tests.report.reading import Report

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><b onmouseover="alert(1)">',
    "<!-- ",
    "{{ 7 * 7 }}{% raw %}",
    "\u2028' + alert(1) + '",
    "</title></style></textarea>",
    "&lt;b&gt; $x$ https://example.com/",
)


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("", ""),
        ("**2 of 3 events**, *so*", "<strong>2 of 3 events</strong>, *so*"),
        ("a **bold", "a <strong>bold</strong>"),
        (r"x\_1\*\*y", "x_1**y"),
        ("a\\", "a\\"),
        ("<b>&", "&lt;b&gt;&amp;"),
        (r"\<b\>", "&lt;b&gt;"),
    ],
)
def test_our_markdown_becomes_html(markdown: str, html: str) -> None:
    assert from_markdown(markdown) == html


@given(st.text())
def test_a_name_that_was_escaped_for_a_page_comes_out_as_it_was(name: str) -> None:
    assert from_markdown(plain(name)) == escape(name)
    assert "<" not in from_markdown(name).replace("<strong>", "").replace("</strong>", "")


def test_nothing_to_say_makes_no_block() -> None:
    assert small() == small("", "") == items([""]) == []
    assert small("a", "", "b") == [Said("a b", "small")] and items(["a", ""]) == [Items(["a"])]


def test_a_long_table_may_be_divided() -> None:
    assert Grid(["a"], [["1"]] * 12).classes == "short" and Grid(["a"], [["1"]] * 13).classes == ""
    assert Grid(["a"], [["1"]], wide=True).classes == "short wide"


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_becomes_an_element_wherever_it_stands(name: str) -> None:
    figure = style(go.Figure(go.Scatter(x=[1], y=[2], name=name, text=[name])), title=name, x=name, y=name)
    blocks: list[Block] = [
        Said(name),
        Said(from_markdown(plain(name)), "headline"),
        Items([name]),
        Measures([Measure(name, name, name, name)]),
        Grid([name], [[name]], frozenset({0})),
        Pairs([(name, name)]),
        Chart(figure),
        Code(name),
    ]
    report = Report(render([Section(name, blocks)], title=name, facts=[name], note=name))
    harmless = Report(render([Section("a", blocks[:0])], title="a", facts=["a"], note="a"))
    # Of each block, in the order in which they end.
    of_blocks = ("p p", "li ul", "dt dd dd dd div dl", "th tr thead td tr tbody table div")
    expected = " ".join([*of_blocks, "dt dd div dl", "div script figure", "pre"]).split()
    tags = [element.tag for element in report.elements]
    assert sorted(tags) == sorted([element.tag for element in harmless.elements] + expected)
    assert len(report.scripts) == 2 and report.charts[0]["data"][0]["name"] == name
    assert report.all("pre")[0].text.strip() == name.strip()
    assert {*report.all("td")[0].attributes} == {"class"}
    assert [e.attributes for e in report.all("h1") + report.all("h2")] == [{}, {}]
