"""Data: whether the file can be trusted."""

import streamlit as st

from rare_event.ui.charts import load_charts
from rare_event.ui.data.choose import choose_data
from rare_event.ui.data.deciding import show_deciding_roles
from rare_event.ui.data.details import show_details
from rare_event.ui.data.findings import show_findings
from rare_event.ui.data.head import show_head
from rare_event.ui.data.look import show_sensors, show_time_line
from rare_event.ui.data.preview import show_preview
from rare_event.ui.data.roles import show_schema
from rare_event.ui.data.steps import show_steps
from rare_event.ui.data.upload import pending
from rare_event.ui.deleting import deletion_of_dataset, offer_to_delete
from rare_event.ui.frame import show_errors, start_page
from rare_event.ui.state import get_state, need_dataset

start_page("Data", "Can I trust this file?")

upload = pending()
if upload is not None or get_state().digest is None:
    with show_errors():
        choose_data()
        load_charts()
    if upload is None:
        st.stop()

if upload is not None:
    with show_errors():
        show_preview(upload)
    st.stop()

with show_errors():
    dataset = need_dataset()
    show_head(dataset)
    show_deciding_roles(dataset)
    show_findings(dataset)
    asset, span = show_time_line(dataset)
    show_sensors(dataset, asset, span)
    show_steps(dataset)
    show_details(dataset)
    show_schema(dataset)

# A dataset that cannot be shown can be deleted.
if get_state().digest is not None:
    with show_errors():
        offer_to_delete(deletion_of_dataset(need_dataset()), "Delete this dataset …")
