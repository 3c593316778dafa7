"""The parts of a report: sections of sentences, figures, tables, charts and lines of code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import plotly.graph_objects as go
from markupsafe import Markup, escape

# Rows of a table that is not divided between two pages.
MOST_ON_ONE_PAGE = 12
Look = Literal["text", "headline", "small", "warning"]
# What our own sentences use of Markdown: bold words, and escaped signs of names from files.
_MARKDOWN = re.compile(r"\\(?P<escaped>.)|(?P<bold>\*\*)|(?P<rest>[^\\*]+|.)", re.DOTALL)


@dataclass(frozen=True)
class Said:
    """A paragraph: text, or `Markup` that was made of it."""

    kind: ClassVar[str] = "said"
    text: str
    look: Look = "text"


@dataclass(frozen=True)
class Items:
    """Sentences, one below the other."""

    kind: ClassVar[str] = "items"
    texts: Sequence[str]


@dataclass(frozen=True)
class Measure:
    """A figure in large letters, with what is written below it."""

    label: str
    value: str
    below: str
    explanation: str


@dataclass(frozen=True)
class Measures:
    """A row of figures."""

    kind: ClassVar[str] = "measures"
    each: Sequence[Measure]


@dataclass(frozen=True)
class Grid:
    """A table of texts.

    Parameters
    ----------
    headings, rows
        Its cells.
    right
        Positions of the columns that are aligned to the right.
    wide
        Whether the last column has long texts and gets half of the width.
    """

    kind: ClassVar[str] = "grid"
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: frozenset[int] = frozenset()
    wide: bool = False

    @property
    def classes(self) -> str:
        """Whether it is printed on one page, and whether its last column is wide."""
        short = len(self.rows) <= MOST_ON_ONE_PAGE
        return " ".join(filter(None, ["short" * short, "wide" * self.wide]))


@dataclass(frozen=True)
class Pairs:
    """Names with their values, in two columns."""

    kind: ClassVar[str] = "pairs"
    each: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Chart:
    """A chart."""

    kind: ClassVar[str] = "chart"
    figure: go.Figure


@dataclass(frozen=True)
class Code:
    """Lines to copy."""

    kind: ClassVar[str] = "code"
    text: str


Block = Said | Items | Measures | Grid | Pairs | Chart | Code


@dataclass(frozen=True)
class Section:
    """A part of the report under its title."""

    title: str
    blocks: Sequence[Block]


def small(*sentences: str) -> list[Block]:
    """Write sentences in small letters, as one paragraph; none without any."""
    text = " ".join(filter(None, sentences))
    return [Said(text, "small")] if text else []


def items(texts: Iterable[str]) -> list[Block]:
    """Write sentences one below the other; none without any."""
    kept = [text for text in texts if text]
    return [Items(kept)] if kept else []


def from_markdown(text: str) -> Markup:
    r"""Convert one of our sentences to HTML: `**` makes bold, a backslash is dropped, the rest is text.

    Examples
    --------
    >>> print(from_markdown(r"**2 of 3** of x\_1 & <b>"))
    <strong>2 of 3</strong> of x_1 &amp; &lt;b&gt;
    """
    parts, bold = [], False
    for found in _MARKDOWN.finditer(text):
        if found["bold"]:
            parts.append(Markup("</strong>") if bold else Markup("<strong>"))
            bold = not bold
        else:
            parts.append(escape(found["escaped"] or found["rest"]))
    return Markup("").join([*parts, Markup("</strong>" if bold else "")])
