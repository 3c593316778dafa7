"""The name that a screen reader says for a figure."""

import pytest

from rare_event.plots.described import described
from tests.plots.test_every_figure import PARTS, figures_of


@pytest.mark.parametrize("case", [*PARTS, "tables", "frames"])
def test_a_description_has_the_title_and_the_axes_and_no_markup(case):
    for figure in figures_of(case):
        words = described(figure)
        assert words.startswith(figure.layout.title.text.split("<")[0].split("&")[0].rstrip("."))
        assert "Horizontal axis: " in words and "Vertical axis: " in words
        assert not {"<", "\n"} & set(words) and "&#" not in words and ".." not in words


def test_a_name_from_a_file_is_said_as_it_is_written():
    figure = figures_of("ordinary")[0]
    figure.update_layout(title_text="a &amp; b<br>&lt;c&gt;").update_traces(name="x &#36;1")

    assert described(figure).startswith("a & b <c>. Horizontal axis: ")
    assert described(figure).endswith("Shows: x $1.")
