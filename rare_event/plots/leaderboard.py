"""Which model is best, and which cannot be told apart: one row for each, the best on top."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rare_event.plots.marks import note
from rare_event.plots.palette import COLOURS, DISTINCT, Role, faint, plain, style, wrapped

# Room for a name of two lines, and for three markers in a row.
ROW_HEIGHT = 44
HEIGHT_WITHOUT_ROWS = 240
CHANCE_AUC = 0.5
NO_MODELS = "There is no model to compare yet."
TIED = "cannot be told apart"
# Kinds differ in shape as well as in colour.
SYMBOLS: dict[Role, str] = {
    "run": "circle",
    "baseline": "square",
    "supervised": "diamond",
    "trivial": "triangle-up",
}
# False alarms a day, each with its symbol; they lie in this order within a row.
BUDGETS: dict[float, str] = {1: "circle", 2: "square", 5: "diamond"}
LANE = 0.27


def leaderboard_figure(board: pd.DataFrame) -> go.Figure:
    """Draw the mean AUC of each model with its 95 % interval; models that are level share a band.

    Parameters
    ----------
    board
        One row per model, with the columns ``name`` (may repeat), ``kind`` (run, baseline,
        supervised or trivial), ``mean_fold_auc``, ``auc_low``, ``auc_high`` (may be missing),
        ``group`` (models of one group cannot be told apart) and ``events``.
    """
    board = _best_first(board)
    figure = go.Figure()
    tied = _add_bands(figure, board["group"].to_numpy())
    auc, low, high = (board[c].to_numpy(float) for c in ("mean_fold_auc", "auc_low", "auc_high"))
    add_chance_line(figure, len(board), np.concatenate([auc, low, high]))
    hover = [
        f"{plain(name)}<br>{auc_in_words(*figures)}, {events:,} events<br>{_ties(n)}"
        for name, *figures, events, n in zip(
            board["name"], auc, low, high, board["events"], tied, strict=True
        )
    ]
    for kind in sorted(set(board["kind"]), key=list(SYMBOLS).index):
        mine = np.flatnonzero(board["kind"] == kind)
        add_intervals(figure, kind, SYMBOLS[kind], mine, auc, low, high, hover)
    for row in np.flatnonzero(~np.isfinite(auc)):
        figure.add_annotation(text="no AUC", x=CHANCE_AUC, y=row, showarrow=False)
    style(
        figure,
        title="Test folds: mean AUC of each model",
        x="Mean AUC of the folds,<br>95 % interval",
        y="Model",
    )
    if not len(board):
        note(figure, NO_MODELS)
    name_rows(figure, [wrapped(name) for name in board["name"]])
    return figure


def budget_figure(board: pd.DataFrame, lead: float) -> go.Figure:
    """Draw how many events each model catches at 1, 2 and 5 false alarms a day.

    Parameters
    ----------
    board
        As for `leaderboard_figure`, with the columns ``caught_1_4`` and so on: events caught with
        thresholds chosen on the past, at so many false alarms a day, by alarms in a lead window
        of so many minutes; optionally ``chance_1_4`` and so on: the most that chance would catch.
    lead
        Lead window in minutes.
    """
    board = _best_first(board)
    figure = go.Figure()
    rows = np.arange(len(board))
    budgets = [budget for budget in BUDGETS if f"caught_{budget:g}_{lead:g}" in board]
    for number, budget in enumerate(budgets):
        lane = rows + LANE * (number - (len(budgets) - 1) / 2)
        _add_chance_bars(figure, board, f"chance_{budget:g}_{lead:g}", lane)
        _add_caught(figure, board, budget, lead, lane, DISTINCT[number])
    events = board["events"].unique()
    known = f" (of {events[0]:,})" if len(events) == 1 else " (count)"
    style(
        figure,
        title=f"Test folds: caught within {lead:g} minutes",
        x=f"Events caught{known},<br>thresholds of the past",
        y="Model",
    )
    figure.update_layout(barmode="overlay")
    if not len(board) or not budgets:
        note(figure, f"Nothing was counted at a lead of {lead:g} minutes." if len(board) else NO_MODELS)
    name_rows(figure, [wrapped(name) for name in board["name"]])
    most = max((float(np.max(trace.x)) for trace in figure.data), default=1.0) or 1.0
    # Markers at 0 are whole, and no tick lies between two counts.
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
    """Draw the AUC of chance over all rows, and let the axis show it with all values.

    Parameters
    ----------
    figure
        Changed in place.
    n_rows
        Number of rows.
    values
        All that is drawn on the horizontal axis; may have missing values.
    """
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


def _best_first(board: pd.DataFrame) -> pd.DataFrame:
    return board.sort_values("mean_fold_auc", ascending=False, kind="stable", ignore_index=True)


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
    return f"one of {n} that {TIED}" if n > 1 else "apart from its neighbours"


def _add_chance_bars(figure: go.Figure, board: pd.DataFrame, column: str, lane: np.ndarray) -> None:
    most = board[column].to_numpy(float) if column in board else np.zeros(0)
    known = np.isfinite(most)
    if not known.any():
        return
    name = "chance, at most"
    figure.add_bar(
        orientation="h",
        x=most[known],
        y=lane[: len(most)][known],
        width=LANE,
        marker={"color": faint("chance", 0.3), "line": {"width": 0}},
        name=name,
        legendgroup=name,
        showlegend=all(trace.name != name for trace in figure.data),
        hovertemplate="chance catches at most %{x}<extra></extra>",
    )


def _add_caught(
    figure: go.Figure, board: pd.DataFrame, budget: float, lead: float, lane: np.ndarray, colour: str
) -> None:
    caught = board[f"caught_{budget:g}_{lead:g}"].to_numpy(float)
    known = np.flatnonzero(np.isfinite(caught))
    if not len(known):
        return
    name = f"{budget:g} false alarm{'' if budget == 1 else 's'} a day"
    figure.add_scatter(
        x=caught[known],
        y=lane[known],
        mode="markers",
        marker={"color": colour, "symbol": BUDGETS[budget], "size": 10},
        text=[plain(board["name"].iloc[row]) for row in known],
        name=name,
        hovertemplate=f"%{{text}}<br>%{{x}} events caught at {name}<extra></extra>",
    )
