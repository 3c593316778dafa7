"""Home: what this is, where you are, and the two ways to begin."""

import streamlit as st

from rare_event.store.unreadable import unreadable_datasets, unreadable_runs
from rare_event.ui.charts import load_charts
from rare_event.ui.damage import show_unreadable
from rare_event.ui.frame import show_errors, start_page
from rare_event.ui.home import ARTICLES, PURPOSE, recent_datasets, recent_runs, show_path, show_who_sees
from rare_event.ui.links import link_to
from rare_event.ui.sharing import show_shared
from rare_event.ui.state import SAMPLE

start_page("rare_event", "See a rare, expensive event coming, and know what the warning is worth.")

with show_errors():
    st.markdown(PURPOSE)
    with st.container(horizontal=True):
        link_to(
            "pages/1_Data.py",
            "Open the sample mill",
            "sample",
            dataset=SAMPLE,
            icon=":material/factory:",
            main=True,
        )
        link_to("pages/1_Data.py", "Upload a file", "upload", icon=":material/upload_file:")
    show_path()
    st.page_link("pages/Articles.py", label="The articles, step by step", icon=":material/menu_book:")
    st.caption(ARTICLES)
    show_unreadable(unreadable_datasets, unreadable_runs)
    recent_datasets()
    recent_runs()
    show_shared()
    show_who_sees()
    load_charts()
