"""The report of a judged run: one HTML file, made when its button is pressed."""

from __future__ import annotations

import streamlit as st

from rare_event.errors import RareEventError
from rare_event.logs import log
from rare_event.report.document import Said, Section
from rare_event.report.page import render, report_html
from rare_event.store.runs import Run
from rare_event.store.workspace import workspace

LABEL = "Download the report"
HELP = (
    "One HTML file for the shift meeting: verdict, promise, data, model, ledger and limits. It prints on A4 "
    "and needs no internet connection. While the test data are sealed, it shows validation figures only."
)


def offer_report(run: Run) -> None:
    """Offer the report as a download; it neither opens the test data nor counts as a look."""
    st.download_button(
        LABEL,
        lambda: report_or_reason(run),
        f"report-{run.id}.html",
        "text/html",
        key="evaluate_report",
        help=HELP,
        icon=":material/description:",
        on_click="ignore",
    )


def report_or_reason(run: Run) -> str:
    """Return the report, or a page that only says why there is none: a download cannot show an error."""
    try:
        # Streamlit makes a download in a thread that serves no page.
        with workspace(run.workspace):
            return report_html(run)
    except RareEventError as error:
        log("no-report", error=type(error).__name__)
        said = [Section("The report cannot be written", [Said(str(error), "warning")])]
        return render(said, title=f"Run {run.id}", facts=[])
