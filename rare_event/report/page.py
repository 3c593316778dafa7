"""The report as one HTML file that loads nothing: text and charts of a run, and what draws them."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.io.json import to_json_plotly
from plotly.offline import get_plotlyjs

import rare_event
from rare_event.compare.titles import name_of_run
from rare_event.plots.described import described
from rare_event.report.document import Section
from rare_event.report.judged import open_judged
from rare_event.report.made_of import made_of
from rare_event.report.worth import worth
from rare_event.store.runs import Run
from rare_event.store.workspace import write_text
from rare_event.text import moment

FOLDER = Path(__file__).parent
FONT = {"family": "system-ui, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif", "size": 12, "color": "#222"}
# Titles of two lines would lie on the numbers of their axis.
TEMPLATE = {"layout": {axis: {"title": {"standoff": 8}} for axis in ("xaxis", "yaxis")}}
# In a script, these end it, or begin a comment in which it does not end.
IN_SCRIPTS = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def report_html(run: Run) -> str:
    """Write the report of a finished run; its test figures only where its test data are open.

    Raises
    ------
    RareEventError
        If the run is not done, or one of its files is damaged.
    """
    judged = open_judged(run)
    dataset, about = run.dataset(), run.about()
    return render(
        [*worth(judged), *made_of(judged)],
        title=name_of_run(run),
        facts=[
            f"Data: {dataset.name}",
            f"Run {run.id}",
            f"Report of {moment(datetime.now(UTC).isoformat())}",
        ],
        note=about.note,
    )


def write_report(run: Run, path: Path) -> Path:
    """Write the report to a file, once all of it is known.

    Raises
    ------
    RareEventError
        As `report_html`, or if the file cannot be written; nothing is written then.
    """
    return write_text(path, report_html(run))


def render(sections: list[Section], *, title: str, facts: list[str], note: str = "") -> str:
    """Lay sections out as an HTML document.

    Parameters
    ----------
    sections
        In their order.
    title, facts, note
        The heading, what stands below it, and what a person wrote of the run.
    """
    scripts = [_script_text(get_plotlyjs()), _script_text((FOLDER / "report.js").read_text("utf-8"))]
    return (
        _environment()
        .get_template("report.html")
        .render(
            sections=sections,
            title=title,
            facts=facts,
            note=note,
            version=rare_event.__version__,
            policy=_policy(scripts),
            style=Markup((FOLDER / "report.css").read_text("utf-8")),
            scripts=[Markup(script) for script in scripts],
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"spec": _spec, "described": described, "height": _height}
    return environment


def _policy(scripts: list[str]) -> str:
    """Write the policy by which a browser loads nothing and runs these scripts only."""
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{each}'" for each in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _script_text(script: str) -> str:
    """Return a script of ours or Plotly's as a browser reads it between its tags."""
    script = script.replace("\r\n", "\n").replace("\r", "\n")
    lower = script.lower()
    if "</script" in lower or "<!--" in lower:
        raise ValueError("This script ends its own element.")
    return script


def _spec(figure: go.Figure) -> Markup:
    """Write a figure as JSON that no name in it can end."""
    plain: dict[str, Any] = figure.to_dict()
    layout = plain["layout"] | {"font": FONT, "template": TEMPLATE, "autosize": True}
    text = to_json_plotly({"data": plain["data"], "layout": layout})
    for sign, written in IN_SCRIPTS.items():
        text = text.replace(sign, written)
    return Markup(text)


def _height(figure: go.Figure) -> int:
    return int(figure.layout.height)
