"""A design-space map as it is read: the heat map, what picking its best is worth, the table."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from rare_event.clock import TimeUnit
from rare_event.compare.map_cells import Cell
from rare_event.compare.map_overview import Measure, Overview, by_chance, positive_in_words
from rare_event.config.labels import MODELS, REPRESENTATIONS
from rare_event.judge.judgement import BUDGETS
from rare_event.plots.design_map import map_figure
from rare_event.text import plain, plural
from rare_event.ui.charts import draw
from rare_event.ui.downloads import offer_downloads
from rare_event.ui.forms import choose_lead
from rare_event.ui.links import EVALUATE, link_to

SHOWN = ("model", "representation", "lookback", "shift", "AUC", "AUC from", "AUC to")
# For the screen; downloads keep the keys.
NAMES = {"model": MODELS, "representation": REPRESENTATIONS}
CAUGHT = ("caught", "caught from", "caught to")
MEASURES = {"auc": "mean fold AUC", "caught": "events caught"}


def show_map(seen: Overview) -> None:
    """Draw a map, say what its best is worth, and lay its cells out."""
    measure = _choose_measure(seen)
    st.markdown(f"**{plain(seen.sentence(measure))}**")
    draw(_figure(seen, measure), key="map_heat")
    st.caption(plain(_about(seen, measure)))
    _show_table(seen, measure)


def _choose_measure(seen: Overview) -> Measure:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        kind = st.segmented_control(
            "Compare by",
            list(MEASURES),
            default="auc",
            format_func=MEASURES.__getitem__,
            key="map_measure",
            required=True,
            persist_state="session",
        )
        if kind == "auc":
            return Measure()
        budget = st.segmented_control(
            f"False alarms {seen.time_unit.a_day}",
            BUDGETS,
            default=BUDGETS[1],
            format_func=lambda value: f"{value:g}",
            key="map_budget",
            required=True,
            persist_state="session",
        )
        lead = choose_lead("map_lead", seen.lead_windows, seen.time_unit)
    return Measure("caught", budget, lead)


def _figure(seen: Overview, measure: Measure) -> go.Figure:
    cells = pd.DataFrame([_cell(seen, cell, measure) for cell in seen.cells]).replace(NAMES)
    if measure.kind == "auc":
        title = f"Test folds: mean AUC of {plural(seen.n_compared, 'setting')}"
        return map_figure(cells, title=title, unit="mean fold AUC", chance=0.5, digits=2)
    title = f"Test folds: events caught at {seen.time_unit.alarms(f'{measure.budget:g}')}"
    return map_figure(cells, title=title, unit="events caught", chance=by_chance(seen, measure), digits=0)


def _cell(seen: Overview, cell: Cell, measure: Measure) -> dict[str, object]:
    value, low, high = measure.of(cell.figures) if cell.figures else (None, None, None)
    tied = measure.kind == "auc" and cell.number in seen.tied
    return {**cell.setting, "state": cell.state, "value": value, "low": low, "high": high, "level": tied}


def _about(seen: Overview, measure: Measure) -> str:
    windows = seen.windows
    about = ""
    if windows is not None:
        about = (
            f"All cells are judged on the same {len(windows):,} windows of the test folds, whatever "
            f"the shift; a window is positive if it is {positive_in_words(seen)} "
            f"({windows.n_positive:,} windows, {plural(len(windows.total_events), 'event')}). "
        )
    if measure.kind == "auc":
        about += "" if seen.best is None else f"Bold: {seen.marked}. Best: {seen.best.title}. "
    else:
        about += (
            "Thresholds are chosen on the test folds themselves, at the same false alarm rate for every "
            "cell: the figures are an upper bound. "
        )
    if seen.time_unit.reason:
        about += f"{seen.time_unit.why} "
    return f"{about}If you choose a setting here, these data can no longer judge it fairly."


def _show_table(seen: Overview, measure: Measure) -> None:
    st.header("All cells")
    st.caption(
        "To open a cell as a run, select its row, then choose “Open this cell”. Click a heading to sort."
    )
    frame = shown = seen.frame()
    counts: tuple[str, ...] = ()
    if measure.kind == "caught":
        counts = CAUGHT
        of_cells = [measure.of(cell.figures) if cell.figures else (None, None, None) for cell in seen.cells]
        shown = frame.assign(**pd.DataFrame(of_cells, columns=list(CAUGHT), dtype=float))
    value = counts[0] if counts else "AUC"
    ranked = shown.replace(NAMES).sort_values(value, ascending=False, kind="stable", ignore_index=True)
    unfinished = ("state", "message") if (frame["state"] != "done").any() else ()
    chosen = st.dataframe(
        ranked,
        hide_index=True,
        placeholder="–",
        column_order=[*SHOWN, *counts, "AP", "seconds", *unfinished],
        column_config=_column_config(measure, seen.time_unit),
        on_select="rerun",
        selection_mode="single-row",
        # A selection belongs to these rows in this order only.
        key=f"map_table_{seen.map_id}_{seen.n_compared}_{measure}",
        alt="All cells",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        selected = [ranked.iloc[row] for row in chosen["selection"]["rows"]]
        ready = bool(selected) and selected[0]["state"] == "done"
        run_id = selected[0]["run"] if ready else None
        link_to(EVALUATE, "Open this cell", "map_open", run=run_id, main=True, disabled=not ready)
        offer_downloads(frame, "the map", "design-space", "map")


def _column_config(measure: Measure, unit: TimeUnit) -> dict[str, Any]:
    column = st.column_config.NumberColumn
    at = f"at {unit.alarms(f'{measure.budget:g}')}"
    lower, upper = "Lower end of the 95% interval.", "Upper end of the 95% interval."
    return {
        "lookback": column(help="Rows in one window."),
        "shift": column(help="Rows before an event that were positive in training."),
        "AUC": column(format="%.3f", help="Mean of the folds' areas under the ROC curve; chance is 0.5."),
        "AUC from": column(format="%.3f", help=lower),
        "AUC to": column(format="%.3f", help=upper),
        "AP": column(format="%.3f", help="Average precision, all folds together."),
        "seconds": column("took", format="%.0f s"),
        CAUGHT[0]: column(format="%.0f", help=f"Events caught {at}."),
        CAUGHT[1]: column(format="%.0f", help=lower),
        CAUGHT[2]: column(format="%.0f", help=upper),
    }
