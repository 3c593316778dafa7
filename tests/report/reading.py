"""A report read back: its elements, its words, its charts."""

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

# What stands apart from what follows it.
CELLS = {"td", "th", "dt", "dd"}
VOID = {"meta", "img", "br", "link", "hr", "input"}


@dataclass
class Element:
    """An element with the text in it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""

    @property
    def classes(self) -> set[str]:
        return {*self.attributes.get("class", "").split()}


@dataclass
class Report(HTMLParser):
    """All elements of a report, in the order in which they end."""

    source: str
    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)
        self.close()
        assert not self.open, [element.tag for element in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        (self.elements if tag in VOID else self.open).append(element)

    def handle_endtag(self, tag: str) -> None:
        element = self.open.pop()
        assert element.tag == tag, f"</{tag}> ends <{element.tag}>"
        self.elements.append(element)
        if tag in CELLS:
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, tag: str, name: str = "") -> list[Element]:
        return [e for e in self.elements if e.tag == tag and (not name or name in e.classes)]

    @property
    def charts(self) -> list[dict[str, Any]]:
        specs = [e.text for e in self.all("script") if e.attributes.get("type") == "application/json"]
        return [json.loads(spec) for spec in specs]

    @property
    def titles(self) -> list[str]:
        return [chart["layout"]["title"]["text"] for chart in self.charts]

    @property
    def scripts(self) -> list[str]:
        return [e.text for e in self.all("script") if "type" not in e.attributes]

    @property
    def words(self) -> str:
        """What a person reads, without the charts."""
        kept = re.sub(r"<(script|style)\b.*?</\1>", "", self.source, flags=re.DOTALL)
        return " ".join(Report(kept).all("body")[0].text.split()) if kept != self.source else self._words

    @property
    def _words(self) -> str:
        return " ".join(self.all("body")[0].text.split())

    def section(self, title: str) -> str:
        """The words of a section, from its title to the next."""
        kept = re.sub(r"<(script|style)\b.*?</\1>", "", self.source, flags=re.DOTALL)
        (found,) = [e for e in Report(kept).all("section") if e.text.split("\n")[1].strip() == title]
        return " ".join(found.text.split())

    @property
    def measures(self) -> list[tuple[str, str, str]]:
        """Label, value and what is below of each figure."""
        labels = [e.text for e in self.elements if e.tag == "dt"][: len(self.all("dd", "value"))]
        values, below = ([e.text for e in self.all("dd", name)] for name in ("value", "below"))
        return list(zip(labels, values, below, strict=True))
