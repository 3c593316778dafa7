"""Evaluate: what the alarm will be worth."""

import streamlit as st

from rare_event.code.show import code_of_test
from rare_event.ui.code import show_code
from rare_event.ui.details import show_details
from rare_event.ui.evaluate import (
    show_baselines,
    show_errors_over_time,
    show_machines,
    show_test_ledger,
    show_verdict,
)
from rare_event.ui.frame import show_errors, start_page
from rare_event.ui.promise import show_kept, show_promised
from rare_event.ui.report import offer_report
from rare_event.ui.seal import break_seal
from rare_event.ui.state import need_judged_run
from rare_event.ui.threshold import show_context
from rare_event.ui.watch import show_watch

start_page("Evaluate", "What will it be worth? Judged on test data.")

with show_errors():
    run = need_judged_run()
    with st.container(horizontal=True, vertical_alignment="center"):
        show_context(run)
        offer_report(run)
    if break_seal(run):
        show_verdict(run)
        show_watch(run)
        show_kept(run)
        show_baselines(run)
        show_errors_over_time(run)
        show_promised(run)
        show_test_ledger(run)
        show_machines(run)
        show_code("evaluate_code", lambda: code_of_test(run))
        show_details(run)
