"""The ledger as a table: events caught and missed, and false alarms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from rare_event.clock import TimeUnit
from rare_event.judge.unknown import Unknown
from rare_event.prepare.table import Table
from rare_event.store.exports import spreadsheet_safe
from rare_event.store.records import Committed, Part
from rare_event.store.runs import Run
from rare_event.ui.cache import ledger_of, table_of, time_unit_of, unknown_of

COLUMN_CONFIG = {
    "asset": st.column_config.TextColumn("machine"),
    "event": st.column_config.NumberColumn(
        "event", help="Number of the event in the file. The first event is 0."
    ),
    "caught": st.column_config.CheckboxColumn("caught"),
    "first_alarm": st.column_config.DatetimeColumn("first alarm", format="D MMM HH:mm", width="medium"),
    "lead": st.column_config.NumberColumn("lead (minutes)", format="%.1f"),
    "delay": st.column_config.NumberColumn("delay (minutes)", format="%.1f"),
    "peak": st.column_config.NumberColumn(
        "highest score",
        format="%.3g",
        help="Highest score in the lead window of the event, or during the false alarm.",
    ),
    "row": st.column_config.NumberColumn("at row"),
    "sensors": st.column_config.TextColumn(
        "top sensors", help="Sensors with the largest shares of the score.", width="large"
    ),
}
DURING_CONFIG = {
    "peak": st.column_config.NumberColumn(
        "highest score",
        format="%.3g",
        help="Highest score during the event, or during the false alarm.",
    ),
}
ALARMS_CONFIG = {
    "peak": st.column_config.NumberColumn(
        "highest score", format="%.3g", help="Highest score during the alarm."
    ),
}
COUNTED_CONFIG = {
    "first_alarm": st.column_config.NumberColumn("first alarm (row)", format="%.0f"),
    "lead": st.column_config.NumberColumn("lead (rows)", format="%.0f"),
    "delay": st.column_config.NumberColumn("delay (rows)", format="%.0f"),
}


def _key(run: Run, part: Part, committed: Committed) -> str:
    # A selection belongs to these lines only.
    return f"ledger_{part}_{run.id}_{hash((tuple(committed.thresholds.items()), committed.policy))}"


def _lines(run: Run, part: Part, committed: Committed) -> pd.DataFrame:
    lines = with_times(ledger_of(run.id, part, committed), table_of(run.dataset()), time_unit_of(run))
    unknown = unknown_of(run, part)
    return alarms_of(lines, unknown) if unknown else lines


def show_ledger(
    run: Run, part: Part, committed: Committed, on_selected: Callable[[int | None], None] | None = None
) -> None:
    """Show the ledger of a part, and let the user download it.

    Parameters
    ----------
    run, part, committed
        Of which the lines are.
    on_selected
        Called with the row of a line that is selected, or None; by default, lines cannot be selected.
    """
    unit, lines = time_unit_of(run), _lines(run, part, committed)
    key = _key(run, part, committed)

    def selected() -> None:
        rows = lines["row"].iloc[st.session_state[key]["selection"]["rows"]].dropna()
        if on_selected is not None:
            on_selected(None if rows.empty else int(rows.iloc[0]))

    config = COLUMN_CONFIG | (COUNTED_CONFIG if unit.reason else {})
    if unknown_of(run, part):
        config |= ALARMS_CONFIG
    elif run.config().shift == 0:
        config |= DURING_CONFIG
    listed = lines.drop(columns="fold")
    st.dataframe(
        listed,
        hide_index=True,
        placeholder="–",
        column_config={name: config[name] for name in listed if name in config},
        key=key,
        on_select="ignore" if on_selected is None else selected,
        selection_mode="single-row",
        alt=f"Ledger of the {part} data",
    )
    st.download_button(
        "Download the ledger",
        spreadsheet_safe(lines).to_csv(index=False),
        file_name=f"ledger-{part}-{run.id}.csv",
        mime="text/csv",
        key=f"ledger_download_{part}",
    )


def alarms_of(lines: pd.DataFrame, unknown: Unknown) -> pd.DataFrame:
    """Return the alarms of a ledger, without what only an event gives."""
    of_events = ["event", "caught", "lead", "delay", *([] if unknown.labelled else ["kind"])]
    return lines[lines["kind"] != "event"].drop(columns=of_events, errors="ignore")


def with_times(lines: pd.DataFrame, table: Table, unit: TimeUnit) -> pd.DataFrame:
    """Replace minutes on the clock by times if the table has times."""
    if table.start is None or unit.reason:
        return lines
    alarmed = lines["first_alarm"].notna()
    since = pd.to_timedelta(lines["first_alarm"].where(alarmed, 0.0), unit="min")
    return lines.assign(first_alarm=(pd.Timestamp(table.start) + since).where(alarmed, np.datetime64("NaT")))
