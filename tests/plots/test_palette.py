"""Colours that read on any page, and names from files that stay text."""

import numpy as np
import pytest

from rare_event.plots.palette import (
    COLOURS,
    DISTINCT,
    MODELS,
    OPACITY,
    distinct,
    faint,
    plain,
    short,
    without_shared,
    wrapped,
)


def luminance(colour):
    """Relative luminance of WCAG 2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.parametrize("role", COLOURS)
@pytest.mark.parametrize("page", ["#ffffff", "#0e1117"])
def test_every_colour_reads_on_either_page(role, page):
    low, high = sorted([luminance(COLOURS[role]), luminance(page)])

    assert (high + 0.05) / (low + 0.05) >= 3


@pytest.mark.parametrize("role", ["normal", "positive"])
@pytest.mark.parametrize("page", ["#ffffff", "#11181f"])
def test_a_mark_that_lets_others_through_still_reads(role, page):
    mixed = "#" + "".join(
        f"{round(OPACITY * int(COLOURS[role][i : i + 2], 16) + (1 - OPACITY) * int(page[i : i + 2], 16)):02x}"
        for i in (1, 3, 5)
    )
    low, high = sorted([luminance(mixed), luminance(page)])

    assert (high + 0.05) / (low + 0.05) >= 3
    assert mixed != COLOURS[role].lower(), "not opaque: many marks in one place are seen to be many"


@pytest.mark.parametrize("colour", MODELS)
@pytest.mark.parametrize("page", ["#ffffff", "#11181f"])
def test_the_colour_of_a_model_is_none_of_a_row_and_reads_on_either_page(colour, page):
    low, high = sorted([luminance(colour), luminance(page)])

    assert (high + 0.05) / (low + 0.05) >= 3
    assert colour not in {COLOURS[role] for role in ("normal", "positive", "threshold", "chance")}
    assert len(set(MODELS)) == len(MODELS)


@pytest.mark.parametrize(
    "together",
    [
        ("normal", "positive", "threshold", "event"),
        ("precision", "recall", "threshold"),
        ("train", "validation", "test", "event"),
        ("loss", "validation loss"),
        ("alarm", "false alarm", "event", "sensor", "threshold"),
        ("running", "event"),
        ("model", "chance"),
        ("optimistic split", "honest split", "chance"),
        ("normal", "positive", "threshold", "trailing threshold"),
        ("train", "validation", "test", "caught", "missed"),
        ("false alarm", "caught", "threshold"),
        ("normal", "change"),
    ],
)
def test_roles_of_one_figure_differ_in_colour(together):
    assert len({COLOURS[role] for role in together}) == len(together)


def test_a_faint_colour_is_the_same_colour():
    assert faint("positive", 0.5) == "rgba(213, 94, 0, 0.5)"


@pytest.mark.parametrize("name", ["<a href='javascript:alert(1)'>x</a>", "<br>" * 100, "$x$", "a\nb"])
def test_names_from_files_are_never_markup(name):
    shown = plain(name)

    assert not {"<", "\n", "$"} & set(shown)
    assert len(plain("x" * 1000)) <= 60
    assert not {"<", "\n", "$"} & set(wrapped(name).replace("<br>", "") + distinct([name])[0])


def test_colours_of_things_without_a_role_are_those_of_roles():
    assert set(DISTINCT) <= set(COLOURS.values())
    assert COLOURS["other"] not in DISTINCT


@pytest.mark.parametrize("name", ["", " ", "dense", "two words", "x" * 200, "many words " * 20])
def test_a_name_beside_a_row_has_at_most_two_short_lines(name):
    lines = wrapped(name, 20).split("<br>")

    assert len(lines) <= 2
    assert max(map(len, lines)) <= 20
    # A name that was cut off says so.
    assert lines[-1].endswith("…") == (len(name.split()) > 4 or len(name) > 40)


def test_names_that_look_alike_are_numbered():
    shown = distinct(["a" * 20 + "1" + "a" * 20, "a" * 20 + "2" + "a" * 20, "b"])

    assert shown[1] == shown[0] + " (2)"
    assert shown[2] == "b"
    assert len(shown[0]) <= 32


@pytest.mark.parametrize("most", [13, 14, 32])
def test_the_name_of_a_column_loses_its_middle(most):
    name = "Plant1.Unit3.Section7.Flow.FIC101.PV"

    shown = short(name, most)

    assert len(shown) == most
    assert name.startswith(shown.split("…")[0]) and name.endswith(shown.split("…")[1])
    assert short("x1", most) == "x1" and short("<b>", most) == "&lt;b&gt;"


def test_long_names_keep_what_tells_them_apart():
    names = [f"Line 4 / drying / felt roll {number:03d} / bearing temperature (degC)" for number in range(30)]
    shown = without_shared(names)

    assert len(set(shown.values())) == 30 and max(map(len, shown.values())) < 15
    assert all(label.strip("…") in name for name, label in shown.items())
    assert without_shared(["x1", "x2"]) == {"x1": "x1", "x2": "x2"}
    assert without_shared(names[:1]) == {names[0]: names[0]}
    nothing_shared = ["a" * 40, "b" * 40]
    assert list(without_shared(nothing_shared).values()) == nothing_shared
    # The shared end of one may begin within the shared start of another.
    overlapping = [
        "tank level tank level tank level tank",
        "tank level tank level tank level tank level tank",
    ]
    assert len(set(without_shared(overlapping).values())) == 2
