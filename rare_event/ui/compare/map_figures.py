"""A design-space map as it is read: the heat map, what picking its best is worth, the table."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
import streamlit as st

from rare_event.compare.map_overview import Measure, Overview, by_chance
from rare_event.config.labels import MODELS, REPRESENTATIONS
from rare_event.judge.judgement import BUDGETS
from rare_event.plots.design_map import map_figure
from rare_event.store.exports import spreadsheet_safe
from rare_event.text import plain, plural
from rare_event.ui.forms import choose_lead
from rare_event.ui.state import update_state

SHOWN = ("model", "representation", "lookback", "shift", "mean_fold_auc", "auc_low", "auc_high")
MEASURES = {"auc": "mean fold AUC", "caught": "events caught"}


def show_map(seen: Overview) -> None:
    """Draw a map, say what its best is worth, and lay its cells out."""
    measure = _choose_measure(seen)
    st.markdown(f"**{plain(seen.sentence(measure))}**")
    frame = seen.frame().replace({"model": MODELS, "representation": REPRESENTATIONS})
    st.plotly_chart(_figure(seen, frame, measure), key="map_heat")
    st.caption(plain(_about(seen, measure)))
    _show_table(seen, frame, measure)


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
            "False alarms a day",
            BUDGETS,
            default=BUDGETS[1],
            format_func=lambda value: f"{value:g}",
            key="map_budget",
            required=True,
            persist_state="session",
        )
        lead = choose_lead("map_lead", seen.lead_windows)
    return Measure("caught", budget, lead)


def _figure(seen: Overview, frame: pd.DataFrame, measure: Measure) -> Any:
    value, low, high = _columns(measure)
    cells = frame[["model", "representation", "lookback", "shift", "state"]].assign(
        value=frame[value].astype(float),
        low=frame[low].astype(float),
        high=frame[high].astype(float),
        level=[measure.kind == "auc" and number in seen.level for number in frame["cell"]],
    )
    if measure.kind == "auc":
        title = f"Test folds: mean AUC of {plural(seen.n_compared, 'setting')}"
        return map_figure(cells, title=title, unit="mean fold AUC", chance=0.5, digits=2)
    title = f"Test folds: events caught at {measure.budget:g} false alarms a day"
    return map_figure(cells, title=title, unit="events caught", chance=by_chance(seen, measure), digits=0)


def _columns(measure: Measure) -> tuple[str, str, str]:
    if measure.kind == "auc":
        return "mean_fold_auc", "auc_low", "auc_high"
    at = f"{measure.budget:g}_{measure.lead:g}"
    return f"caught_{at}", f"caught_low_{at}", f"caught_high_{at}"


def _about(seen: Overview, measure: Measure) -> str:
    windows = seen.windows
    told = ""
    if windows is not None:
        told = (
            f"All cells are judged on the same {len(windows):,} windows of the test folds, under one label "
            f"whatever their shift: positive within {seen.lead:g} minutes before an event "
            f"({windows.n_positive:,} windows, {plural(len(windows.total_events), 'event')}). "
        )
    if measure.kind == "auc" and seen.best is not None:
        told += (
            f"Bold: {len(seen.level)} of {seen.n_compared} that cannot be told apart from the best, "
            f"{seen.best.title}. "
        )
    else:
        told += (
            "Thresholds are read on the test folds themselves, so that all pay the same false alarms: an "
            "upper bound. "
        )
    return f"{told}Whoever chooses a setting here has used these data up for judging it."


def _show_table(seen: Overview, frame: pd.DataFrame, measure: Measure) -> None:
    st.subheader("All cells")
    st.caption("Select a row to open that cell as a run; a click on a heading sorts.")
    value, low, high = _columns(measure)
    ranked = frame.sort_values(value, ascending=False, kind="stable").reset_index(drop=True)
    failed, unfinished = (frame["state"] != "done").any(), ("state", "message")
    counts = () if measure.kind == "auc" else (value, low, high)
    chosen = st.dataframe(
        ranked,
        hide_index=True,
        placeholder="–",
        column_order=[*SHOWN, *counts, "average_precision", "seconds", *(unfinished if failed else ())],
        column_config=_column_config(measure),
        on_select="rerun",
        selection_mode="single-row",
        # A selection belongs to these rows in this order only.
        key=f"map_table_{seen.map_id}_{seen.n_compared}_{value}",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        selected = [ranked.iloc[row] for row in chosen["selection"]["rows"]]
        ready = bool(selected) and selected[0]["state"] == "done"
        if st.button("Open this cell", type="primary", key="map_open", disabled=not ready):
            update_state(run_id=selected[0]["run"])
            st.switch_page("pages/4_Evaluate.py")
        st.download_button(
            "Download the map (CSV)",
            str(spreadsheet_safe(frame).to_csv(index=False)),
            "design-space.csv",
            "text/csv",
            key="map_csv",
            on_click="ignore",
        )
        st.download_button(
            "Download the map (Parquet)",
            _parquet(frame),
            "design-space.parquet",
            "application/vnd.apache.parquet",
            key="map_parquet",
            on_click="ignore",
        )


def _column_config(measure: Measure) -> dict[str, Any]:
    column = st.column_config.NumberColumn
    config: dict[str, Any] = {
        "lookback": column("lookback", help="Rows in one window."),
        "shift": column("shift", help="Rows before an event that were positive in training."),
        "mean_fold_auc": column(
            "AUC", format="%.3f", help="Mean of the folds' areas under the ROC curve; chance is 0.5."
        ),
        "auc_low": column("AUC from", format="%.3f", help="Lower end of the 95 % interval."),
        "auc_high": column("AUC to", format="%.3f", help="Upper end of the 95 % interval."),
        "average_precision": column("AP", format="%.3f", help="Average precision, all folds together."),
        "seconds": column("took", format="%.0f s"),
    }
    if measure.kind == "caught":
        value, low, high = _columns(measure)
        at = f"at {measure.budget:g} false alarms a day"
        config |= {
            value: column("caught", format="%.0f", help=f"Events caught {at}."),
            low: column("caught from", format="%.0f", help="Lower end of the 95 % interval."),
            high: column("caught to", format="%.0f", help="Upper end of the 95 % interval."),
        }
    return config


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()
