"""Write `docs/api.md` from the package's public names and their docstrings: `python -m docs.make_api`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpydoc.docscrape import NumpyDocString

import rare_event

PAGE = Path(__file__).with_name("api.md")
HEAD = """# The Python interface

Made by `python -m docs.make_api` from the docstrings; do not edit it here. Every name is imported
from `rare_event`, for example `from rare_event import read_table`. The settings of the other models are
in `rare_event.config`.
"""
GROUPS = {
    "prepare": "Data",
    "read": "How files are read",
    "checks": "Checks",
    "config": "Settings",
    "experiment": "Training",
    "estimator": "scikit-learn",
    "judge": "Judging",
    "store": "Runs and bundles",
    "errors": "Errors",
}


def api_page() -> str:
    """Return the page."""
    parts = [HEAD]
    for room, title in GROUPS.items():
        parts.append(f"## {title}\n")
        for name in sorted(rare_event.__all__, key=str.lower):
            if rare_event._HOMES[name].split(".")[0] == room:
                parts.append("\n".join(_entry(name, getattr(rare_event, name))))
    return "\n".join(parts)


def _entry(name: str, thing: Any) -> Iterator[str]:
    yield f"### {name}\n"
    if isinstance(thing, dict):
        yield f"The settings to start from, by name: {', '.join(f'`{key}`' for key in thing)}.\n"
        return
    if not (isinstance(thing, type) and issubclass(thing, Exception)):
        yield f"```text\n{name}{_signature(thing)}\n```\n"
    yield from _described(thing)
    if isinstance(thing, type):
        yield from _members(thing)


def _signature(thing: Any) -> str:
    """Names and defaults; types are told by the docstring where they are not plain."""
    whole = inspect.signature(thing)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in whole.parameters.values()]
    text = str(whole.replace(parameters=bare, return_annotation=inspect.Signature.empty))
    return re.sub(r"<function (\w+) at 0x[0-9a-f]+>", r"\1", text).replace("<factory>", "...")


def _described(thing: Any) -> Iterator[str]:
    text = NumpyDocString(inspect.getdoc(thing) or "")
    for part in ("Summary", "Extended Summary"):
        # Blank lines divide paragraphs.
        if words := "\n".join(text[part]).strip():
            yield words.replace("``", "`") + "\n"
    for part in ("Parameters", "Returns", "Raises"):
        if text[part]:
            yield f"**{part}**\n"
            for entry in text[part]:
                label = ": ".join(word for word in (entry.name, entry.type) if word)
                yield f"- `{label}`" + (f": {words}" if (words := _one_line(entry.desc)) else "")
            yield ""


def _members(thing: type) -> Iterator[str]:
    lines = []
    for name, member in vars(thing).items():
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if name.startswith("_") or not inspect.isfunction(function):
            continue
        summary = _one_line(NumpyDocString(inspect.getdoc(function) or "")["Summary"])
        lines.append(f"- `{name}{'' if isinstance(member, property) else '()'}`: {summary}")
    if lines:
        yield "**Members**\n"
        yield from lines
        yield ""


def _one_line(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines if line.strip()).replace("``", "`")


if __name__ == "__main__":
    PAGE.write_text(api_page(), encoding="utf-8")
