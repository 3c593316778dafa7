"""Models of a leaderboard, one row each, the best on top; tied models share a band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from rare_event.clock import MINUTES
from rare_event.judge.judgement import BUDGETS
from rare_event.judge.standing import Row
from rare_event.plots.marks import note
from rare_event.plots.palette import COLOURS, DISTINCT, Role, faint, plain, style, wrapped
from rare_event.text import plural

# Room for a name of two lines, and for three markers in a row.
ROW_HEIGHT = 44
HEIGHT_WITHOUT_ROWS = 240
CHANCE_AUC = 0.5
NO_MODELS = "There are no models to compare yet."
TIED = "statistically tied"
# Kinds differ in shape as well as in colour.
SYMBOLS: dict[Role, str] = {
    "run": "circle",
    "baseline": "square",
    "supervised": "diamond",
    "trivial": "triangle-up",
}
# One symbol for each budget; a row has one track for each.
BUDGET_SYMBOLS = ("circle", "square", "diamond")
TRACK = 0.27


def leaderboard_figure(board: Sequence[Row]) -> go.Figure:
    """Draw the mean AUC of each model with its 95 % interval; tied models share a band."""
    board = _best_first(board)
    figure = go.Figure()
    tied = _add_bands(figure, np.array([row.group for row in board], int))
    missing = (np.nan, np.nan)
    auc = np.array([row.judgement.mean_fold_auc for row in board], float)
    low, high = np.array([row.judgement.interval or missing for row in board], float).reshape(-1, 2).T
    add_chance_line(figure, len(board), np.concatenate([auc, low, high]))
    hover = [
        f"{plain(row.name)}<br>{auc_in_words(*figures)}, "
        f"{plural(row.judgement.n_events, 'event')}<br>{_ties(n)}"
        for row, *figures, n in zip(board, auc, low, high, tied, strict=True)
    ]
    for kind, symbol in SYMBOLS.items():
        mine = np.flatnonzero([row.kind == kind for row in board])
        add_intervals(figure, kind, symbol, mine, auc, low, high, hover)
    for number in np.flatnonzero(~np.isfinite(auc)):
        figure.add_annotation(text="no AUC", x=CHANCE_AUC, y=number, showarrow=False)
    style(
        figure,
        title="Test folds: mean AUC of each model",
        x="Mean AUC of the folds,<br>95 % interval",
        y="Model",
    )
    if not board:
        note(figure, NO_MODELS)
    name_rows(figure, [wrapped(row.name) for row in board])
    return figure


def budget_figure(board: Sequence[Row], lead: float) -> go.Figure:
    """Draw how many events each model catches at each budget of false alarms.

    Thresholds are those chosen on the validation data of each fold.
    """
    board = _best_first(board)
    figure = go.Figure()
    unit = board[0].judgement.time_unit if board else MINUTES
    for number, budget in enumerate(BUDGETS if board else ()):
        track = np.arange(len(board)) + TRACK * (number - (len(BUDGETS) - 1) / 2)
        caught = [row.judgement.count("past", budget, lead).caught for row in board]
        name = unit.alarms(f"{budget:g}")
        figure.add_scatter(
            x=caught,
            y=track,
            mode="markers",
            marker={"color": DISTINCT[number], "symbol": BUDGET_SYMBOLS[number], "size": 10},
            text=[plain(row.name) for row in board],
            name=name,
            hovertemplate=f"%{{text}}<br>%{{x}} caught at {name}<extra></extra>",
        )
    events = {row.judgement.n_events for row in board}
    where = f"at most {unit.count(f'{lead:g}')} ahead" if lead else "by an alarm during the event"
    known = f" (of {events.pop():,})" if len(events) == 1 else " (count)"
    style(
        figure,
        title="Test folds: events caught",
        x=f"Events caught{known} {where},<br>thresholds chosen on validation data",
        y="Model",
    )
    if not board:
        note(figure, NO_MODELS)
    name_rows(figure, [wrapped(row.name) for row in board])
    most = max((max(trace.x, default=0) for trace in figure.data), default=0) or 1
    # Markers at 0 are drawn whole, and ticks are whole counts.
    return figure.update_xaxes(range=[-0.04 * most, 1.06 * most], dtick=1 if most < 6 else None)


def add_intervals(
    figure: go.Figure,
    role: Role,
    symbol: str,
    rows: np.ndarray,
    value: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    hover: Sequence[str],
) -> None:
    """Draw points with their intervals, each in its row.

    Parameters
    ----------
    figure
        Changed in place.
    role, symbol
        Name and colour, and shape of the points.
    rows
        Which of the values to draw; also their place on the vertical axis.
    value, low, high
        Of all rows, shape (n_rows,); a missing one is not drawn.
    hover
        What is said of each row.
    """
    whole = rows[np.isfinite(low[rows]) & np.isfinite(high[rows])]
    if len(whole):
        figure.add_scatter(
            x=np.column_stack([low, high, np.full(len(low), np.nan)])[whole].ravel(),
            y=np.repeat(whole, 3),
            mode="lines",
            line={"color": COLOURS[role], "width": 2.5},
            name=role,
            legendgroup=role,
            showlegend=False,
            hoverinfo="skip",
        )
    known = rows[np.isfinite(value[rows])]
    if len(known):
        figure.add_scatter(
            x=value[known],
            y=known,
            mode="markers",
            marker={"color": COLOURS[role], "symbol": symbol, "size": 11},
            text=[hover[row] for row in known],
            name=role,
            legendgroup=role,
            hovertemplate="%{text}<extra></extra>",
        )


def add_chance_line(figure: go.Figure, n_rows: int, values: np.ndarray) -> None:
    """Draw the AUC of chance over all rows, and let the axis show it with all values."""
    shown = np.append(values[np.isfinite(values)], CHANCE_AUC)
    pad = max(0.05 * float(np.ptp(shown)), 0.02)
    figure.update_xaxes(range=[float(shown.min()) - pad, float(shown.max()) + pad])
    figure.add_scatter(
        x=[CHANCE_AUC, CHANCE_AUC],
        y=[-0.5, max(n_rows, 1) - 0.5],
        mode="lines",
        line={"color": COLOURS["chance"], "dash": "dot", "width": 2},
        name="chance",
        legendrank=2000,
        hoverinfo="skip",
    )


def name_rows(figure: go.Figure, names: Sequence[str], row_height: float = ROW_HEIGHT) -> None:
    """Name the rows from the top down, and make the figure as high as they ask.

    Parameters
    ----------
    figure
        Changed in place.
    names
        Safe to show; may repeat.
    row_height
        In pixels.
    """
    n_rows = len(names)
    figure.update_layout(height=HEIGHT_WITHOUT_ROWS + round(row_height * max(n_rows, 1)))
    # Names take half of a narrow page: the legend begins below them.
    figure.update_layout(legend={"xref": "container", "x": 0})
    figure.update_yaxes(
        tickvals=list(range(n_rows)),
        ticktext=list(names),
        range=[max(n_rows, 1) - 0.5, -0.5],
        showgrid=False,
        fixedrange=True,
    )


def auc_in_words(auc: float, low: float, high: float) -> str:
    """Put an AUC with its interval in words.

    Parameters
    ----------
    auc, low, high
        Any may be missing (not a number).

    Examples
    --------
    >>> auc_in_words(0.6543, 0.61, 0.7)
    'AUC 0.654 (0.610 to 0.700)'
    """
    interval = f" ({low:.3f} to {high:.3f})" if np.isfinite(low) and np.isfinite(high) else ""
    return f"AUC {auc:.3f}{interval}"


def _best_first(board: Sequence[Row]) -> list[Row]:
    def by_auc(row: Row) -> float:
        auc = row.judgement.mean_fold_auc
        return np.inf if auc is None else -auc

    return sorted(board, key=by_auc)


def _add_bands(figure: go.Figure, group: np.ndarray) -> np.ndarray:
    """Lay a band behind neighbouring rows of one group; return how many rows the group of each has."""
    first = np.flatnonzero(np.append(True, group[1:] != group[:-1]))[: len(group)]
    size = np.diff(np.append(first, len(group)))
    for number, at in enumerate(np.flatnonzero(size > 1)):
        figure.add_shape(
            type="rect",
            xref="x domain",
            x0=0,
            x1=1,
            y0=first[at] - 0.44,
            y1=first[at] + size[at] - 0.56,
            fillcolor=faint("other", 0.18),
            line_width=0,
            layer="below",
            name=TIED,
            legendgroup=TIED,
            showlegend=number == 0,
        )
    return np.repeat(size, size)


def _ties(n: int) -> str:
    return f"one of {n} {TIED} models" if n > 1 else "no ties"
