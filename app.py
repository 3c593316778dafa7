"""Home: what this is, where you are, and the two ways to begin."""

import streamlit as st

from rare_event.ui.cache import open_sample
from rare_event.ui.frame import show_errors, start_page
from rare_event.ui.home import PURPOSE, recent_datasets, recent_runs, show_path
from rare_event.ui.state import update_state

start_page("rare_event", "See a rare, expensive event coming, and know what the warning is worth.")

with show_errors():
    st.markdown(PURPOSE)
    with st.container(horizontal=True):
        if st.button("Open the sample mill", type="primary", key="home_sample", icon=":material/factory:"):
            update_state(digest=open_sample().digest, run_id=None)
            st.switch_page("pages/1_Data.py")
        if st.button("Upload a file", key="home_upload", icon=":material/upload_file:"):
            st.switch_page("pages/1_Data.py")
    show_path()
    st.page_link("pages/Articles.py", label="The articles, step by step", icon=":material/menu_book:")
    recent_datasets()
    recent_runs()
