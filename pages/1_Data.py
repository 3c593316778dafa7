"""Data: whether the file can be trusted."""

import streamlit as st

from rare_event.ui.data.choose import choose_data
from rare_event.ui.data.findings import show_findings
from rare_event.ui.data.look import show_sensors, show_time_line
from rare_event.ui.data.roles import show_schema
from rare_event.ui.data.size import show_balance
from rare_event.ui.frame import show_errors, start_page
from rare_event.ui.state import need_dataset

start_page("Data", "Can I trust this file?")

with show_errors():
    choose_data()

with show_errors():
    dataset = need_dataset()
    show_balance(dataset)
    show_findings(dataset)
    show_time_line(dataset)
    show_sensors(dataset)
    show_schema(dataset)
    st.page_link("pages/2_Train.py", label="Next: train a model", icon=":material/arrow_forward:")
