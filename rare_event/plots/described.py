"""What a figure shows, in words: its name for a reader who cannot see it."""

from __future__ import annotations

import html
import re
from typing import Any

import plotly.graph_objects as go


def described(figure: go.Figure) -> str:
    """Name a figure by its title, its axes and the things it shows.

    Examples
    --------
    >>> from rare_event.plots.palette import style
    >>> described(style(go.Figure(), title="Training", x="Epoch", y="Loss"))
    'Training. Horizontal axis: Epoch. Vertical axis: Loss.'
    """
    layout = figure.layout.to_plotly_json()
    sentences = [_text(layout["title"]["text"])]
    for letter, axis in (("x", "Horizontal axis"), ("y", "Vertical axis")):
        titles = [
            _text(value.get("title", {}).get("text") or "")
            for name, value in layout.items()
            if re.fullmatch(rf"{letter}axis\d*", name)
        ]
        if named := list(dict.fromkeys(filter(None, titles))):
            sentences.append(f"{axis}: {', '.join(named)}")
    shown = [_shown(trace) for trace in figure.data if trace.name and trace.showlegend is not False]
    if shown:
        sentences.append(f"Shows: {'; '.join(dict.fromkeys(shown))}")
    return "".join(f"{sentence.rstrip('.')}. " for sentence in sentences).strip()


def _shown(trace: Any) -> str:
    """Name what a trace shows, whole where the legend cuts it."""
    whole = tuple(trace.meta or ())[1:]
    return _text(whole[0] if whole and "…" in trace.name else trace.name)


def _text(markup: str) -> str:
    """Return the words of a text that Plotly reads as markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())
