"""The results of a new file: figures, scores over time, alarms, drift, and what the alarms were worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from rare_event.clock import TimeUnit
from rare_event.judge.kept import Bound, Check
from rare_event.plots.scored import scored_figure
from rare_event.store.bundle import FACTS
from rare_event.store.runs import Run
from rare_event.store.scored import ALARMS_CSV, LEDGER_CSV, SCORES_CSV, SCORES_PARQUET, WATCH_CSV
from rare_event.store.scorings import Scoring
from rare_event.text import capital, number, plain, plural
from rare_event.ui.charts import draw
from rare_event.ui.frame import in_place
from rare_event.ui.metrics import show_metrics
from rare_event.ui.promise import say_kept

FILES = {
    SCORES_PARQUET: ("Scores (Parquet)", "application/vnd.apache.parquet"),
    SCORES_CSV: ("Scores (CSV)", "text/csv"),
    ALARMS_CSV: ("Alarms (CSV)", "text/csv"),
    WATCH_CSV: ("Watch alarms (CSV)", "text/csv"),
    LEDGER_CSV: ("Ledger (CSV)", "text/csv"),
}
ORDER = ("machine", "start", "end", "ended", "reached_warning", "peak", "peak_at", "rows", "sensors")
MOMENT = "D MMM YYYY HH:mm"


@in_place
def show_figures(run: Run, scoring: Scoring) -> None:
    """Show how many rows have a score, and how many alarms there are."""
    figures = scoring.summary()
    unit = _unit(run, figures)
    _say_stale(run, figures)
    if "worth" in figures:
        st.markdown(f"**{plain(capital(figures['worth']['what']))}**")
    # Files that an older version scored have none.
    if promise := figures.get("promise"):
        bounds = promise["check"]
        say_kept(Check(Bound(**bounds["alarms"]), Bound(**bounds["events"])))
        st.caption(plain(promise["what"]))
    rows, scored = figures["rows"], figures["scored"]
    rate = figures["alarms_per_day"]
    shown = [
        (f"Rows scored of {rows:,}", f"{scored:,}", "Rows of the file with a score."),
        (
            "Alarms",
            f"{figures['alarms']:,}",
            _still_on(figures["alarms_still_on"]),
        ),
        (
            f"Alarms {unit.per_day}",
            "–" if rate is None else number(rate),
            unit.reword("Per day of running time.") if rate is not None else _too_short(unit),
        ),
        (
            unit.reword("Running time"),
            capital(unit.total(figures["days"])),
            "Rows with a score." if unit.reason else "Time covered by the rows with a score.",
        ),
    ]
    show_metrics(shown)
    if said := figures.get("suppressed"):
        st.caption(plain(said))
    if figures["unscored"]:
        st.caption(
            plain("Rows without an alarm decision. " + " ".join(one["what"] for one in figures["unscored"]))
        )


def _still_on(alarms: int) -> str:
    if not alarms:
        return "No alarm is still on in the last row."
    return f"{alarms:,} of them {'is' if alarms == 1 else 'are'} still on in the last row."


def _unit(run: Run, figures: Mapping[str, Any]) -> TimeUnit:
    return replace(FACTS.read(run).time_unit, labelled="worth" in figures)


def _too_short(unit: TimeUnit) -> str:
    return f"There {'are too few rows' if unit.reason else 'is too little running time'} for a rate."


def _say_stale(run: Run, figures: Mapping[str, Any]) -> None:
    """Say so where the run has another threshold by now."""
    committed = run.committed()
    if committed.last != figures["threshold"]:
        st.warning(
            f"This file was scored at a threshold of {number(figures['threshold'], 4)}. Another one has "
            "been committed since. Upload the file again to score it at the new threshold."
        )
        return
    watch = figures.get("watch")
    if (committed.watch and committed.watch.last) != (watch and watch["threshold"]):
        at = f"at a watch level of {number(watch['threshold'], 4)}" if watch else "without a watch level"
        st.warning(
            f"This file was scored {at}. The watch level has changed since. Upload the file again to "
            "score it with the present settings."
        )


@in_place
def show_scores(run: Run, scoring: Scoring) -> None:
    """Draw the scores over time with the threshold and the alarms, and list the alarms."""
    figures, committed = scoring.summary(), run.committed()
    alarms, trailing = scoring.alarms(), scoring.trailing
    figure = scored_figure(
        scoring.windows(),
        scoring.frame(),
        alarms,
        name=scoring.name,
        threshold=figures["threshold"],
        trailing=trailing,
        score=run.config().score_label(len(committed.thresholds)),
        labelled="worth" in figures,
    )
    draw(figure, key="score_over_time")
    _offer_files(scoring)
    st.header(plural(len(alarms), "alarm"))
    _list(alarms, trailing, "score_alarms", "Alarms in the new file")
    watch = scoring.watch()
    if watch is not None:
        st.header(f"{plural(len(watch), 'alarm')} at the watch level")
        reached = figures["watch"]["reached_warning"]
        if len(watch):
            st.caption(f"{f'{reached:,}' if reached else 'None'} of them reached the warning level.")
        _list(watch, trailing, "score_watch_alarms", "Alarms at the watch level in the new file")


def _list(alarms: pd.DataFrame, trailing: bool, key: str, title: str) -> None:
    if alarms.empty:
        st.caption("No score reached the threshold long enough for an alarm.")
        return
    st.dataframe(
        alarms,
        hide_index=True,
        key=key,
        column_order=[name for name in ORDER if name in alarms],
        alt=title,
        placeholder="–",
        column_config=_columns(alarms, trailing),
    )


def _columns(alarms: pd.DataFrame, trailing: bool) -> dict[str, Any]:
    config: dict[str, Any] = {
        "rows": st.column_config.NumberColumn("rows in alarm"),
        "peak": st.column_config.NumberColumn(
            "peak" if trailing else "peak score",
            format="%.4g",
            help="Highest score of the alarm, as a multiple of the quantile."
            if trailing
            else "Highest score of the alarm.",
        ),
        "sensors": st.column_config.TextColumn(
            "top sensors", help="The sensors with the largest shares of the peak score.", width="large"
        ),
        "ended": st.column_config.TextColumn("why it ended"),
    }
    named = {"start": "start", "end": "end", "peak_at": "peak at", "reached_warning": "reached warning level"}
    for name, label in named.items():
        if name not in alarms:
            continue
        timed = pd.api.types.is_datetime64_any_dtype(alarms[name])
        config[name] = (
            st.column_config.DatetimeColumn(label, format=MOMENT)
            if timed
            else st.column_config.NumberColumn(f"{label} (row)")
        )
    return config


@in_place
def show_drift(scoring: Scoring) -> None:
    """Say how far the scores and the sensors have moved since training."""
    drift = scoring.summary()["drift"]
    st.header("Drift since training")
    st.markdown(plain(drift["scores"]["what"]))
    for one in drift["sensors"]:
        st.markdown(f"- {plain(one['what'])}")
    if not drift["sensors"]:
        st.caption("No sensor is far from its training level in most rows.")


@in_place
def _offer_files(scoring: Scoring) -> None:
    """Offer the files of the results: the bytes that the command line writes."""
    with st.container(horizontal=True):
        for name, (label, kind) in FILES.items():
            if (content := scoring.file(name)) is not None:
                st.download_button(
                    label,
                    content,
                    name,
                    kind,
                    key=f"score_file_{name.replace('.', '_')}",
                    icon=":material/download:",
                    on_click="ignore",
                )
