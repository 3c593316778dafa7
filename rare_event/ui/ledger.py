"""The ledger as a table: events caught and missed, and false alarms."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from rare_event.clock import TimeUnit
from rare_event.report.lines import marked_in_words, readable
from rare_event.store.exports import spreadsheet_safe
from rare_event.store.records import Committed, Part
from rare_event.store.runs import Run
from rare_event.ui.cache import ledger_of, table_of, time_unit_of, unknown_of
from rare_event.ui.marks import marks_of_lines
from rare_event.ui.place import in_place

COLUMN_CONFIG = {
    "asset": st.column_config.TextColumn("machine"),
    "event": st.column_config.NumberColumn("event", help="Number of the event in the file, counted from 0."),
    "caught": st.column_config.CheckboxColumn("caught"),
    "first_alarm": st.column_config.DatetimeColumn("first alarm", format="D MMM HH:mm", width="medium"),
    "lead": st.column_config.NumberColumn("lead (minutes)", format="%.1f"),
    "delay": st.column_config.NumberColumn("delay (minutes)", format="%.1f"),
    "ended": st.column_config.TextColumn(
        "why it ended", help="Why the false alarm, or the alarm that caught the event, ended."
    ),
    "peak": st.column_config.NumberColumn(
        "highest score",
        format="%.3g",
        help="Highest score in the lead window of the event, or during the false alarm.",
    ),
    "row": st.column_config.NumberColumn("at row"),
    "mark": st.column_config.TextColumn("mark", help="Mark given on the Alarms page."),
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
    "ended": st.column_config.TextColumn("why it ended", help="Why the alarm ended."),
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
    lines = ledger_of(run.id, part, committed)
    marks = marks_of_lines(run, part, committed, lines)
    return readable(lines, marks, table_of(run.dataset()), time_unit_of(run), unknown_of(run, part))


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
    _show_marked(lines, unit)
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


@in_place
def _show_marked(lines: pd.DataFrame, unit: TimeUnit) -> None:
    """Say how many of the false alarms people know."""
    if said := marked_in_words(lines, unit):
        st.caption(said)
