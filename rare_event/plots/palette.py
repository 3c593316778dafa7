"""Colours, names and the common style of all figures.

The colours are Okabe and Ito's (2008), safe for colour-blind readers. Only those with a contrast
of at least 3 on a white and on a dark page are used; their orange is darkened until it has it.
There are fewer such colours than roles: two roles share one only where no figure shows both.
"""

from __future__ import annotations

import html
import os
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import plotly.graph_objects as go

BLUE = "#0072B2"
VERMILION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
DARK_ORANGE = "#D07C00"
VIOLET = "#7A5FD0"
GREY = "#808080"

Role = Literal[
    "normal",
    "positive",
    "event",
    "threshold",
    "precision",
    "recall",
    "train",
    "validation",
    "test",
    "loss",
    "validation loss",
    "alarm",
    "false alarm",
    "chance",
    "curve",
    "sensor",
    "running",
    "caught",
    "missed",
    "trailing threshold",
    "model",
    "optimistic split",
    "honest split",
    "other",
    "change",
]

# Each role is drawn in this colour and named by its key.
COLOURS: dict[Role, str] = {
    "normal": BLUE,
    "positive": VERMILION,
    "event": PURPLE,
    "threshold": GREY,
    "precision": GREEN,
    "recall": DARK_ORANGE,
    "train": BLUE,
    "validation": DARK_ORANGE,
    "test": GREEN,
    "loss": BLUE,
    "validation loss": DARK_ORANGE,
    "alarm": GREEN,
    "false alarm": DARK_ORANGE,
    "chance": GREY,
    "curve": GREEN,
    "sensor": BLUE,
    "running": BLUE,
    "caught": PURPLE,
    "missed": VERMILION,
    "trailing threshold": GREEN,
    "model": GREEN,
    "optimistic split": VERMILION,
    "honest split": BLUE,
    "other": GREY,
    "change": GREY,
}

# Models of one figure: blue and vermilion are for rows. They differ in dash as well.
MODELS = (GREEN, VIOLET, DARK_ORANGE, PURPLE)
# Of other things without a role of their own. Vermilion and dark orange are too close for that: beyond
# these four, what is drawn must differ in dash, shape or pattern too.
DISTINCT = (BLUE, VERMILION, GREEN, PURPLE)

# Blue and vermilion marks keep a contrast of 3 with it, and many in one place are still seen to be many.
OPACITY = 0.9
TRANSPARENT = "rgba(0, 0, 0, 0)"
# Mid-grey with little alpha: reads as a line on either page and stays behind the data.
GRID = "rgba(128, 128, 128, 0.25)"
LONGEST_NAME = 60
LONGEST_COLUMN = 32
# A legend entry as wide as a telephone's screen, with a figure behind the name.
LONGEST_IN_LEGEND = 32


def faint(role: Role, alpha: float) -> str:
    """Give the colour of a role with some transparency.

    Parameters
    ----------
    role
        What is drawn.
    alpha
        0 (invisible) to 1 (opaque).

    Examples
    --------
    >>> faint("normal", 0.25)
    'rgba(0, 114, 178, 0.25)'
    """
    red, green, blue = (int(COLOURS[role][i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {alpha:g})"


def plain(name: str, most: int = LONGEST_NAME) -> str:
    """Make a name from a file safe to show: Plotly reads tags and line breaks in its texts.

    Examples
    --------
    >>> plain("<b>x1</b>")
    '&lt;b&gt;x1&lt;/b&gt;'
    """
    words = " ".join(str(name).split())
    short = words if len(words) <= most else words[: most - 1] + "…"
    # A dollar sign at either end would make Plotly look for mathematics.
    return html.escape(short, quote=False).replace("$", "&#36;")


def short(name: str, most: int = LONGEST_COLUMN) -> str:
    """Make the name of a column safe to show; a long one loses its middle: tags differ at their ends.

    Examples
    --------
    >>> short("Plant1.Unit3.FIC101.PV", 13)
    'Plant1…101.PV'
    """
    words = " ".join(str(name).split())
    if len(words) > most:
        words = words[: most // 2] + "…" + words[len(words) - (most - 1 - most // 2) :]
    return plain(words)


def without_shared(names: Sequence[str]) -> dict[str, str]:
    """Leave out the words with which all of several long names begin or end: the rest tells them apart.

    Parameters
    ----------
    names
        Of columns, each once. If the longest fits into a legend, all stay as they are.

    Examples
    --------
    >>> without_shared([f"Line 4, drying section, felt roll {number}, temperature" for number in (31, 32)])
    {'Line 4, drying section, felt roll 31, temperature': '…roll 31…', \
'Line 4, drying section, felt roll 32, temperature': '…roll 32…'}
    """
    if len(names) < 2 or max(map(len, names)) <= LONGEST_COLUMN:
        return {name: name for name in names}
    # One word more says what it is of.
    start = re.sub(r"(\w+\W+)?\w*$", "", os.path.commonprefix(list(names)))
    ends = [name[len(start) :][::-1] for name in names]
    end = re.sub(r"\w*$", "", os.path.commonprefix(ends))
    return {
        name: ("…" if start else "") + name[len(start) : len(name) - len(end)] + ("…" if end else "")
        for name in names
    }


def wrapped(name: str, width: int = 24) -> str:
    """Make a name safe to show next to a row: at most two lines, the rest cut off.

    Examples
    --------
    >>> wrapped("robust differences, five largest errors", 20)
    'robust differences,<br>five largest errors'
    """
    lines = textwrap.wrap(str(name), width)
    if len(lines) > 2:
        lines = [lines[0], lines[1][: width - 1] + "…"]
    return "<br>".join(map(plain, lines))


def distinct(names: Iterable[str], most: int = LONGEST_IN_LEGEND) -> list[str]:
    """Make names safe to show in a legend; number those that would look the same.

    Examples
    --------
    >>> distinct(["dense", "LSTM", "dense"])
    ['dense', 'LSTM', 'dense (2)']
    """
    seen: Counter[str] = Counter()
    shown = []
    for name in (short(name, most) for name in names):
        seen[name] += 1
        shown.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return shown


def style(
    figure: go.Figure,
    *,
    title: str,
    x: str,
    y: str | None = None,
    height: int = 360,
    hovermode: Literal["closest", "x unified"] = "closest",
) -> go.Figure:
    """Apply the common style to a figure.

    Parameters
    ----------
    figure
        Changed in place.
    title
        In sentence case; names the part of the data.
    x, y
        Axis titles, with units; None for `y` keeps the titles of several vertical axes.
    height
        Of the figure, in pixels.
    hovermode
        ``closest`` for markers, ``x unified`` for curves that are read together.

    Returns
    -------
    plotly.graph_objects.Figure
        The same figure.
    """
    # One by one: merging them takes Plotly ten times as long, on each page a good part of its time.
    for name, value in _layout(title, height, hovermode).items():
        figure.layout[name] = value
    common = {"gridcolor": GRID, "zeroline": False, "linecolor": GRID, "automargin": True}
    for axis in figure.select_xaxes():
        _style_axis(axis, x, common)
    for axis in figure.select_yaxes():
        _style_axis(axis, y, common)
    return figure


def _layout(title: str, height: int, hovermode: str | bool) -> Mapping[str, Any]:
    """Return what all figures share of their layout."""
    return {
        "title": {
            "text": title,
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "top",
            "pad": {"t": 12, "l": 4},
        },
        "height": height,
        "margin": {"l": 64, "r": 24, "t": 48, "b": 88},
        # Against the container, so that the legend stays clear of title and axis at any height.
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
            "itemsizing": "constant",
        },
        "hovermode": hovermode,
        "uirevision": title,
        "paper_bgcolor": TRANSPARENT,
        "plot_bgcolor": TRANSPARENT,
    }


def _style_axis(
    axis: go.layout.XAxis | go.layout.YAxis, title: str | None, common: Mapping[str, Any]
) -> None:
    if title is not None:
        axis.title.text = title
    for name, value in common.items():
        axis[name] = value
