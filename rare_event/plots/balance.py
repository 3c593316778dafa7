"""How rare events are."""

from __future__ import annotations

import plotly.graph_objects as go

from rare_event.plots.palette import COLOURS, Role, style
from rare_event.text import plural


def balance_figure(n_normal: int, n_event: int) -> go.Figure:
    """Draw the class balance as one bar of all rows, with the ratio in words."""
    n_rows = n_normal + n_event
    figure = go.Figure()
    classes: tuple[tuple[Role, int], ...] = (("event", n_event), ("normal", n_normal))
    for role, n in classes:
        share = 100 * n / max(n_rows, 1)
        figure.add_bar(
            orientation="h",
            x=[share],
            y=["all rows"],
            # An outline keeps events visible where their share is less than a pixel.
            marker={"color": COLOURS[role], "line": {"color": COLOURS[role], "width": 2 if n else 0}},
            name=f"{role}: {plural(n, 'row')}, {_percent(share)}",
            hovertemplate=f"{role}: {plural(n, 'row')}, {_percent(share)}<extra></extra>",
        )
    style(figure, title=f"Class balance: {_in_words(n_normal, n_event)}", x="Share of the rows (%)", y="Rows")
    figure.update_layout(barmode="stack", height=200, legend_traceorder="normal")
    figure.update_xaxes(range=[-0.5, 100.5], showgrid=False)
    return figure.update_yaxes(fixedrange=True, showgrid=False)


def _percent(share: float) -> str:
    return f"{share:.2g}%" if 0 < share < 1 else f"{share:.1f}%"


def _in_words(n_normal: int, n_event: int) -> str:
    if not n_event:
        return "no event rows" if n_normal else "no rows"
    if n_event > n_normal:
        return f"{n_event:,} of {n_normal + n_event:,} rows are event rows"
    return f"1 row in {(n_normal + n_event) / n_event:,.0f} is an event row"
